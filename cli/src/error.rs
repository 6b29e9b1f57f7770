//! Everything that can stop a command, one sentence each, with the object in it. What a person can do about it is the
//! hint; what the server said beside its message is passed on as it came.

use std::path::PathBuf;

use nself_hasura::metadata::ApiError;
use nself_hasura::metadata::project::CONVENTION;
use postgres::error::DbError;

use crate::rows::Job;

/// Why a command could not run, or was undone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no database is named")]
    NoDatabase,
    #[error("{}", causes(.0))]
    ConnectionString(#[source] postgres::Error),
    #[error("{name} is \"{value}\", which is not {expected}")]
    Setting { name: &'static str, value: String, expected: &'static str },
    #[error("the value of {variable} in {} cannot be read: is a quote missing?", .path.display())]
    EnvFile { path: PathBuf, variable: String },
    #[error("{}: {message}", .path.display())]
    Certificates { path: PathBuf, message: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("cannot connect to {to}: {}", causes(.source))]
    Connect { to: String, source: postgres::Error },
    #[error("{}", causes(.0))]
    Database(#[from] postgres::Error),
    /// As above, but said of a statement in a migration and not of how this program was called.
    #[error("{}", causes(.0))]
    Migration(postgres::Error),
    #[error("{}", end_of(*.number, .job))]
    Job { number: i64, job: Box<Job> },
    #[error("{failed} of {of} tenants failed; the others are kept")]
    TenantsFailed { failed: usize, of: usize },
    #[error("the extension nself_heal is not installed in database \"{0}\"")]
    NoExtension(String),
    #[error("{function} returned a row that this nself does not understand: {source}")]
    Row { function: &'static str, source: serde_json::Error },
    #[error("no migrations folder was found in {}", .parent.display())]
    NoFolder { parent: PathBuf, looked_for: &'static [&'static str] },
    #[error(transparent)]
    Folder(#[from] nself_folder::Error),
    #[error(transparent)]
    Serve(#[from] nself_hasura::Error),
    #[error("{}: {source}", .dir.display())]
    Metadata { dir: PathBuf, source: nself_hasura::metadata::Error },
    #[error(transparent)]
    Hasura(#[from] nself_hasura::metadata::ApiError),
    #[error("no Hasura project was found in {}", .parent.display())]
    NoHasuraProject { parent: PathBuf },
    #[error("{} is no Hasura project: there is no config.yaml of version 3", .0.display())]
    NotHasuraProject(PathBuf),
    #[error("no Hasura server is named")]
    NoHasura,
    #[error("{} would be removed from the server's metadata, and there is no terminal to ask on", .0.join(", "))]
    UnconfirmedRemoval(Vec<String>),
    #[error("nothing was applied: the answer was not yes")]
    RemovalDeclined,
    #[error("nothing was applied: meanwhile the server has more that would be removed: {}", .0.join(", "))]
    MoreRemoved(Vec<String>),
    #[error("the metadata has no source {0:?} of PostgreSQL")]
    NoSource(String),
    #[error("several sources are of PostgreSQL: {}", .0.join(", "))]
    ManySources(Vec<String>),
    #[error("{} has changes that are not committed: {}", .dir.display(), .paths.join(", "))]
    Uncommitted { dir: PathBuf, paths: Vec<String> },
    #[error("{} is not in a git checkout with a commit: {message}", .dir.display())]
    NoCheckout { dir: PathBuf, message: String },
    #[error("{program} could not be started: {source}")]
    Program { program: &'static str, source: std::io::Error },
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("no environments are named")]
    NoFleet,
    #[error("several environments are named, and this command is for one")]
    ManyEnvironments,
    #[error("a database is named, and fleet is for several")]
    OneDatabase,
    #[error("there is no file .env.{env} here")]
    NoEnvironment { env: String },
    #[error("the environments {one} and {other} lead to the same database")]
    SameDatabase { one: String, other: String },
    #[error("only lint has the formats github and sarif")]
    FormatOfLint,
    #[error("only diff has the formats html and markdown")]
    FormatOfDiff,
    #[error("another nself is changing the folder: {} is locked", .path.display())]
    BeingRewritten { path: PathBuf },
    #[error("{} is in the way: it is not overwritten", .path.display())]
    InTheWay { path: PathBuf },
    #[error(
        "the server would have the file {path:?} changed, which is not a plain path inside the migrations folder"
    )]
    LeavesFolder { path: String },
    #[error("reverting migrations needs a confirmation, and there is no terminal to ask on")]
    Unconfirmed,
    #[error("the database is for production, and this run is not said to be for it")]
    UnsaidProduction,
    #[error("nothing was reverted: the answer was not {0}")]
    Declined(&'static str),
    #[error("nothing was reverted: other migrations than the ones you were asked about would have been")]
    PlanChanged,
}

impl Error {
    /// Whether the command was called wrongly, as opposed to having failed.
    pub fn is_usage(&self) -> bool {
        match self {
            Error::ConnectionString(_)
            | Error::Setting { .. }
            | Error::Folder(nself_folder::Error::NotFolder(_))
            | Error::NoFolder { .. }
            | Error::UnsaidProduction
            | Error::NoFleet
            | Error::ManyEnvironments
            | Error::OneDatabase
            | Error::NoEnvironment { .. }
            | Error::SameDatabase { .. }
            | Error::FormatOfLint
            | Error::FormatOfDiff
            | Error::NoHasuraProject { .. }
            | Error::NotHasuraProject(_)
            | Error::NoHasura
            | Error::NoSource(_)
            | Error::ManySources(_)
            | Error::UnconfirmedRemoval(_)
            | Error::Unconfirmed => true,
            // The server says so of a version that does not exist, or a count of 0.
            Error::Database(error) => {
                error.code() == Some(&postgres::error::SqlState::INVALID_PARAMETER_VALUE)
            }
            _ => false,
        }
    }

    /// More about what happened.
    pub fn detail(&self) -> Option<String> {
        match self {
            Error::NoFolder { looked_for, .. } => Some(format!("Looked for {}.", looked_for.join(", "))),
            Error::Job { .. } => Some("What was done before stays done.".to_owned()),
            Error::NoHasuraProject { .. } => {
                Some(format!("Looked for config.yaml in {}.", CONVENTION.join(", ")))
            }
            Error::Hasura(ApiError::Refused { path, code, objects, .. }) => {
                let place = format!("Code {code}, at {path} of the request.");
                let objects = objects.iter().map(ToString::to_string);
                Some(std::iter::once(place).chain(objects).collect::<Vec<_>>().join("\n"))
            }
            _ => self.answer()?.detail().map(str::to_owned),
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::NoDatabase => {
                "Set --database-url, DATABASE_URL, POSTGRES_HOST and the like, or PGHOST and the like."
            }
            Error::NoExtension(_) => "CREATE EXTENSION nself_heal;",
            Error::NoFolder { .. } => "Name the folder with --dir.",
            Error::Folder(error) => error.hint()?,
            Error::Serve(error) => error.hint()?,
            Error::Metadata { source, .. } => source.hint()?,
            Error::Hasura(error) => error.hint()?,
            Error::NoHasuraProject { .. } | Error::NotHasuraProject(_) => {
                "Name the folder that has config.yaml with --project."
            }
            Error::NoHasura => {
                "Set --endpoint, HASURA_GRAPHQL_ENDPOINT, endpoint in config.yaml, or nself.hasura_endpoint in the database."
            }
            Error::UnconfirmedRemoval(_) => "Pass --yes, or export first: nself db hasura metadata export.",
            Error::MoreRemoved(_) => "See nself db hasura metadata diff.",
            Error::NoSource(_) | Error::ManySources(_) => {
                "Name the source whose database this is with --source."
            }
            Error::Uncommitted { .. } => "Commit or stash them first.",
            Error::Unconfirmed => "Pass --yes, or see what would be reverted with --dry-run.",
            Error::UnsaidProduction => "Say --env prod, or see what would be applied with --dry-run.",
            Error::NoFleet => "Say --env a,b,c: each has a file .env.NAME that says where its database is.",
            Error::ManyEnvironments => "Use nself fleet, or name one environment.",
            Error::OneDatabase => {
                "Leave --database-url out: the files of the environments say where each database is."
            }
            Error::NoEnvironment { .. } => "Write where its database is into that file.",
            Error::SameDatabase { .. } => {
                "What .env.secrets and .env say holds for all environments: say in .env.NAME where each database is."
            }
            Error::FormatOfLint | Error::FormatOfDiff => "Use --format text or --format json.",
            Error::TenantsFailed { .. } => {
                "Remove the causes and run the command again: those that are up to date are passed over."
            }
            Error::PlanChanged => "Look again with --dry-run.",
            Error::Job { job, .. } if job.state == "failed" => return job.hint.clone(),
            Error::Job { .. } => "Run the command again for the rest.",
            _ if self.is_without_level() => {
                "Whoever has level admin can give this role one: SELECT nself_grant_access('role', 'level');"
            }
            _ => return self.answer()?.hint().map(str::to_owned),
        };
        Some(hint.to_owned())
    }

    /// Whether the server refused a call of the extension to a role that may EXECUTE nothing there.
    fn is_without_level(&self) -> bool {
        self.answer().is_some_and(|answer| {
            answer.code() == &postgres::error::SqlState::INSUFFICIENT_PRIVILEGE
                && answer.hint().is_none()
                && answer.message().starts_with("permission denied for function nself_")
        })
    }

    /// The code of the server's error.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Error::Job { job, .. } => job.sqlstate.as_deref(),
            _ => self.answer().map(|answer| answer.code().code()),
        }
    }

    /// What the server said, when it was the server that said no.
    pub fn answer(&self) -> Option<&DbError> {
        match self {
            Error::Database(error) | Error::Migration(error) | Error::Connect { source: error, .. } => {
                error.as_db_error()
            }
            _ => None,
        }
    }
}

/// How a job ended that is not done.
fn end_of(number: i64, job: &Job) -> String {
    match (job.state.as_str(), &job.error) {
        ("cancelled", _) => format!("job {number} was cancelled"),
        ("interrupted", _) => format!("job {number} was interrupted: the server ended its process"),
        (_, Some(error)) => error.clone(),
        (_, None) => format!("job {number} failed"),
    }
}

/// The server's own message, or else the client's with what caused it: `error connecting to server` alone helps nobody.
fn causes(error: &postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        return answer.message().to_owned();
    }
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    // A cause may already be part of what its effect says.
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}
