//! Every way in which nself_heal fails, each as one sentence with the object in it, and the one place where SQLSTATEs
//! and hints are given.

#![allow(unsafe_code)]

mod code;
mod of_core;
mod server;

use nself_heal_core::{formats, graphql, migrations, rewrite, tenants};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode, PgSqlErrorCode::*, pg_sys};

pub use server::{Place, Position, ServerError};

/// Says something that has a code and a hint: a warning, a line in the log, or an error that is not this program's.
pub fn say(level: PgLogLevel, code: PgSqlErrorCode, message: String, hint: &str) {
    ErrorReport::new(code, message, "nself_heal").set_hint(hint).report(level);
}

/// Whose rights are in force, where they are lent: nobody with these rights need have asked for what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lent {
    /// By a function that is SECURITY DEFINER.
    Function,
    /// By a security-restricted operation: what the server evaluates as the owner of a table, say for autovacuum.
    Operation,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Folder(#[from] formats::Error),
    #[error(transparent)]
    Migrations(#[from] migrations::Error),
    #[error(transparent)]
    Rewrite(#[from] rewrite::Error),
    #[error(transparent)]
    Tenants(#[from] tenants::Error),
    #[error(transparent)]
    Graphql(#[from] graphql::Error),
    #[error("{}", source.message)]
    ApiInUse { source: ServerError },
    #[error("cannot read the migrations folder {path:?}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("the migrations folder {path:?} is not an absolute path")]
    RelativeFolder { path: String },
    #[error("no migrations folder is given")]
    NoFolder,
    #[error("only a role with the rights of pg_read_server_files may read the migrations folder {path:?}")]
    MayNotReadFiles { path: String },
    #[error("the link {path:?} leads out of the migrations folder")]
    LinkLeavesFolder { path: String },
    #[error(transparent)]
    BadFolder(nself_folder::Error),
    #[error("the files are not given as a list")]
    NoFileList,
    #[error("file {index} of the list is not {{\"path\": …, \"content\": …}}: {reason}")]
    BadFileList { index: usize, reason: String },
    #[error("migration {version} ({path}) does not run in one transaction")]
    NoTransaction { version: String, path: String },
    #[error("migration {version} was begun by role {role:?}, and {now:?} cannot go on with it")]
    OtherRole { version: String, role: String, now: String },
    #[error("another session has gone on with migration {version}")]
    Overtaken { version: String },
    #[error(
        "statement {statement} of migration {version} would make index {index}, and one is left from what it said before"
    )]
    IndexLeft { version: String, statement: usize, index: String },
    #[error("statement {statement} of migration {version} would pass over index {index}, which is INVALID")]
    IndexInvalid { version: String, statement: usize, index: String },
    #[error("this is a production database: nself_migrate_down() destroys what its migrations made")]
    Production,
    #[error("database {database} is {env}, and this is asked for {claimed}")]
    OtherEnvironment { database: String, env: String, claimed: String },
    #[error("line {line} of {path}: {what}")]
    Refused { path: String, line: usize, what: String, hint: &'static str },
    #[error("line {line} of {path}: {}", source.message)]
    NotSql { path: String, line: usize, source: ServerError },
    #[error("migration {version} failed at statement {statement}, line {line} of {path}: {}", source.message)]
    MigrationFailed { version: String, statement: usize, line: usize, path: String, source: ServerError },
    #[error("migration {version} failed at statement {statement} of {of}, line {line} of {path}: {}", source.message)]
    StatementFailed {
        version: String,
        statement: usize,
        of: usize,
        /// How many of its statements are committed.
        done: usize,
        line: usize,
        path: String,
        /// Whether it ran in a transaction, so that nothing is left of it.
        undone: bool,
        source: ServerError,
    },
    #[error("migration {version} ({path}) failed in the checks that were deferred to its end: {}", source.message)]
    DeferredCheckFailed { version: String, path: String, source: ServerError },
    #[error("the schema of tenant {tenant:?} belongs to {owner}, whom {role} does not trust")]
    TenantOfOther { tenant: String, owner: String, role: String },
    #[error("something in the catalogs of this database is not UTF-8, so it cannot be read")]
    NotUtf8,
    #[error("a migration cannot run migrations or a heal itself")]
    Nested,
    #[error("{command} is refused {}", match lent {
        Lent::Function => "in a SECURITY DEFINER function, which lends its owner's rights",
        Lent::Operation => "in a security-restricted operation, which evaluates something with a table owner's rights",
    })]
    LentRights { command: &'static str, lent: Lent },
    #[error("{says}")]
    NotTrusted { says: String },
    #[error("{what} would be left to the end of the transaction, which has other rights than the migration")]
    LeftForTheEnd { what: String },
    #[error(
        "migration {version} was loaded by {loader}, whom {role} does not trust: it is not applied by itself"
    )]
    LoadedByAnother { version: String, loader: String, role: String },
    #[error("another session is running migrations or a heal in this database{}", match holder {
        Some(holder) => format!(": {holder}"),
        None => String::new(),
    })]
    Busy { holder: Option<String> },
    #[error("another session has run migrations since this transaction began")]
    Stale,
    #[error("{tenant:?} cannot be the schema of a tenant: {reason}")]
    BadTenant { tenant: String, reason: &'static str },
    #[error("no migration has been applied in this database, so there is no schema to compare it with")]
    NothingApplied,
    #[error("cannot compare against {0:?}")]
    UnknownAgainst(String),
    #[error("the expected schema is not known yet, and a standby cannot work it out")]
    Standby { call: &'static str },
    #[error("this is a standby: run {command} on the primary")]
    OnStandby { command: String },
    #[error("{object} is locked by another session")]
    Locked { object: String },
    #[error("the schema of this database changed each time while it was read")]
    SchemaMoves,
    #[error("the background worker ended before it began")]
    NotStarted,
    #[error(
        "migration {version} takes another role and has a statement that refuses a transaction: a job cannot run both as role {role:?}, which may not log in"
    )]
    JobWithoutLogin { version: String, role: String },
    #[error(
        "statement {statement} of migration {version} commits by itself, and was begun before: what it did then is not known here"
    )]
    BegunBefore { version: String, statement: usize },
    #[error("{function} was not told which job")]
    WhichJob { function: &'static str },
    #[error("job {job} of the same kind, {kind}, has not ended yet")]
    SecondJob { kind: &'static str, job: i64 },
    #[error("there is no job {job}")]
    NoSuchJob { job: i64 },
    #[error("pending migrations could not be applied: job {job} {reason}")]
    NotMigrated { job: i64, reason: String },
    #[error("the migrations changed while the heal was under way")]
    PlanOutdated,
    #[error("no background worker is free to {purpose}")]
    NoWorker { purpose: &'static str },
    #[error("the {what} of the expected schema ended without an answer")]
    WorkerLost { what: &'static str },
    #[error("migration {version} was applied by role {role:?}, which is gone")]
    RoleGone { version: String, role: String },
    #[error("cannot make the shadow database: {}", .0.message)]
    ShadowFailed(ServerError),
    #[error("migration {version}{}: {}{}", match pending {
        Some(_) => ", which is pending, cannot run after what is applied",
        None => " cannot be replayed",
    }, match (statement, pending) {
        (Some(number), Some(place)) => format!("statement {number}, {place}: "),
        (Some(number), None) => format!("statement {number}: "),
        (None, Some(place)) => format!("{}: ", place.path),
        (None, None) => String::new(),
    }, source.message)]
    ReplayFailed {
        version: String,
        statement: Option<usize>,
        /// Where it stands, if the migration is pending.
        pending: Option<Place>,
        source: ServerError,
    },
    #[error("what stood here before the first migration cannot be made in the shadow database: {}", .0.message)]
    GroundFailed(ServerError),
    #[error("nothing stood in this database before its first migration")]
    NoGround,
    #[error("nself_ground_platform() was not told which platform")]
    WhichPlatform,
    #[error("there is no ready-made ground of a platform {platform:?}")]
    UnknownPlatform { platform: String },
    #[error(
        "a migration has been applied here, so what {platform} brings cannot be made before the first one"
    )]
    PlatformTooLate { platform: &'static str },
    #[error("what {platform} brings is here: {what}")]
    PlatformHere { platform: &'static str, what: String },
    #[error("what {platform} brings cannot be made: {}", source.message)]
    PlatformFailed { platform: &'static str, ddl: String, source: ServerError },
    #[error("{command} of {table} is refused: nself_heal alone writes there")]
    OwnTable { command: &'static str, table: String },
    #[error("{}", match tool {
        Some(tool) => format!("{tool} has no list of applied migrations here"),
        None => "no other tool has a list of applied migrations here".to_owned(),
    })]
    NoTracker { tool: Option<String>, found: Vec<String>, misfits: Vec<String> },
    #[error("the list of {tool}, {table}, cannot be read: {source}")]
    BadTracker { tool: &'static str, table: String, source: ServerError },
    #[error("there is no tool {tool:?} whose list of applied migrations could be read")]
    UnknownTracker { tool: String },
    #[error("several tools have a list of applied migrations here: {}", found.join(", "))]
    SeveralTrackers { found: Vec<String> },
    #[error("{tool} has applied {count} of these migrations here already, says {table}")]
    NotAdopted { tool: &'static str, table: String, count: usize },
    #[error("{tool} has {what} here, says {table}, and the ledger does not know of it")]
    AheadOfLedger { tool: &'static str, what: String, table: String },
    #[error("migration {version} could not be written into the list of {tool}: {reason}")]
    NotMirrored { version: String, tool: &'static str, reason: String },
    #[error("nself_baseline() was not told which migration")]
    WhichVersion,
    #[error("nself_allow() was not told which drift")]
    WhichDrift,
    #[error("nself_allow() was not told the reason")]
    WhichReason,
    #[error("nself_allow() was told an end that is past")]
    AlreadyExpired,
    #[error("nself_ground_forget() was not told which objects")]
    WhichObjects,
    #[error("nothing of what stood here before the first migration matches {pattern}")]
    NotInGround { pattern: String },
    #[error("a replay does not call {function}: {why}")]
    ReachesOutside { function: String, why: &'static str },
    #[error("a replay does not make the domain {domain} as it is: its check or its default calls {function}")]
    DomainCalls { domain: String, function: String },
    #[error("the answer of query {query} is not what was expected: {reason}")]
    BadAnswer { query: &'static str, reason: String },
    #[error("the heal did not close the drift of {stuck}")]
    NotClosed { stuck: String },
    #[error("a heal does not run what does more than add: {sql}")]
    NotAdditive { sql: String },
    #[error("{says}")]
    MemberAltered { says: String },
    #[error("role {role:?} is gone")]
    NoSuchRole { role: String },
    #[error("max_events must be at least 1, not {0}")]
    BadLimit(i32),
    #[error("{function} needs level {level}, and role {role} has {}", held.map_or("none".to_owned(), |held| format!("level {held}")))]
    NoLevel { function: &'static str, level: &'static str, role: String, held: Option<&'static str> },
    #[error("{function} was not told which role")]
    WhichRole { function: &'static str },
    #[error("{function} was not told which level")]
    WhichLevel { function: &'static str },
    #[error("there is no role {role:?}")]
    UnknownRole { role: String },
    #[error("there is no level {level:?}")]
    UnknownLevel { level: String },
    #[error("level {level} is not for PUBLIC")]
    PublicAbove { level: &'static str },
    #[error("nself.{0}() is for the scripts of the extension nself_heal alone")]
    OnlyInScript(&'static str),
    #[error("{}", .0.message)]
    Server(ServerError),
}

impl Error {
    fn code(&self) -> PgSqlErrorCode {
        match self {
            Self::Folder(error) => of_core::folder(error),
            Self::Migrations(error) => of_core::migrations(error),
            Self::Rewrite(error) => of_core::rewrite(error),
            Self::Tenants(error) => of_core::tenants(error),
            Self::Graphql(error) => of_core::graphql(error),
            Self::ApiInUse { source } => source.code(),
            Self::NotUtf8 => ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
            Self::Unreadable { .. } => ERRCODE_IO_ERROR,
            Self::BadFolder(nself_folder::Error::FileName(_)) => ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
            Self::BadFolder(_) => ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::RelativeFolder { .. }
            | Self::NoFolder
            | Self::LinkLeavesFolder { .. }
            | Self::BadTenant { .. } => ERRCODE_INVALID_NAME,
            Self::MayNotReadFiles { .. } | Self::DomainCalls { .. } | Self::TenantOfOther { .. } => {
                ERRCODE_INSUFFICIENT_PRIVILEGE
            }
            Self::NoFileList
            | Self::BadFileList { .. }
            | Self::UnknownAgainst(_)
            | Self::BadLimit(_)
            | Self::OtherEnvironment { .. }
            | Self::AlreadyExpired => ERRCODE_INVALID_PARAMETER_VALUE,
            Self::IndexLeft { .. }
            | Self::IndexInvalid { .. }
            | Self::Production
            | Self::Nested
            | Self::NothingApplied
            | Self::NoGround
            | Self::NotAdopted { .. }
            | Self::AheadOfLedger { .. }
            | Self::OnlyInScript(_)
            | Self::JobWithoutLogin { .. }
            | Self::BegunBefore { .. }
            | Self::NotMirrored { .. }
            | Self::PlatformTooLate { .. }
            | Self::RoleGone { .. } => ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            Self::NoTransaction { .. } => ERRCODE_ACTIVE_SQL_TRANSACTION,
            Self::OtherRole { .. }
            | Self::LentRights { .. }
            | Self::NotTrusted { .. }
            | Self::LeftForTheEnd { .. }
            | Self::LoadedByAnother { .. }
            | Self::OwnTable { .. }
            | Self::NoLevel { .. } => ERRCODE_INSUFFICIENT_PRIVILEGE,
            Self::WhichRole { .. }
            | Self::WhichLevel { .. }
            | Self::WhichVersion
            | Self::WhichObjects
            | Self::WhichPlatform
            | Self::WhichDrift
            | Self::WhichReason => ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::UnknownRole { .. } | Self::NotInGround { .. } | Self::NoTracker { .. } => {
                ERRCODE_UNDEFINED_OBJECT
            }
            Self::UnknownTracker { .. }
            | Self::SeveralTrackers { .. }
            | Self::UnknownPlatform { .. }
            | Self::UnknownLevel { .. } => ERRCODE_INVALID_PARAMETER_VALUE,
            Self::PlatformHere { .. } => ERRCODE_DUPLICATE_OBJECT,
            Self::PublicAbove { .. } => ERRCODE_INVALID_GRANT_OPERATION,
            Self::Refused { .. } | Self::ReachesOutside { .. } => ERRCODE_FEATURE_NOT_SUPPORTED,
            Self::Busy { .. } | Self::Locked { .. } => ERRCODE_LOCK_NOT_AVAILABLE,
            Self::Stale | Self::SchemaMoves | Self::PlanOutdated | Self::Overtaken { .. } => {
                ERRCODE_T_R_SERIALIZATION_FAILURE
            }
            Self::Standby { .. } | Self::OnStandby { .. } => ERRCODE_READ_ONLY_SQL_TRANSACTION,
            Self::SecondJob { .. } => ERRCODE_OBJECT_IN_USE,
            Self::NoSuchJob { .. } => ERRCODE_UNDEFINED_OBJECT,
            Self::WhichJob { .. } => ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::NotStarted | Self::NotMigrated { .. } => ERRCODE_INTERNAL_ERROR,
            Self::NoWorker { .. } => ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
            Self::NoSuchRole { .. } => ERRCODE_UNDEFINED_OBJECT,
            Self::WorkerLost { .. }
            | Self::BadAnswer { .. }
            | Self::NotClosed { .. }
            | Self::NotAdditive { .. }
            | Self::MemberAltered { .. } => ERRCODE_INTERNAL_ERROR,
            Self::MigrationFailed { source, .. }
            | Self::StatementFailed { source, .. }
            | Self::DeferredCheckFailed { source, .. }
            | Self::ReplayFailed { source, .. }
            | Self::NotSql { source, .. }
            | Self::BadTracker { source, .. }
            | Self::PlatformFailed { source, .. }
            | Self::GroundFailed(source)
            | Self::ShadowFailed(source)
            | Self::Server(source) => source.code(),
        }
    }

    /// The error as whoever may only look may read it. What the server says of a migration can hold a part of its SQL.
    pub fn without_sql(mut self) -> Self {
        if let Self::MigrationFailed { source, .. }
        | Self::StatementFailed { source, .. }
        | Self::DeferredCheckFailed { source, .. }
        | Self::ReplayFailed { source, .. }
        | Self::NotSql { source, .. } = &mut self
        {
            source.message =
                format!("SQLSTATE {}; the server's words are for level migrate", source.sqlstate());
            (source.detail, source.hint) = (None, None);
        }
        self
    }

    /// The server's own error, where this is one in other words.
    pub fn server_error(&self) -> Option<&ServerError> {
        match self {
            Self::MigrationFailed { source, .. }
            | Self::StatementFailed { source, .. }
            | Self::DeferredCheckFailed { source, .. }
            | Self::ReplayFailed { source, .. }
            | Self::NotSql { source, .. }
            | Self::BadTracker { source, .. }
            | Self::PlatformFailed { source, .. }
            | Self::GroundFailed(source)
            | Self::ShadowFailed(source)
            | Self::Server(source) => Some(source),
            _ => None,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Migrations(error) => error.detail(),
            Self::NoTracker { misfits, .. } if !misfits.is_empty() => {
                Some(format!("Empty, or of a form that is not known: {}.", misfits.join(", ")))
            }
            Self::MigrationFailed { source, .. } | Self::DeferredCheckFailed { source, .. } => {
                Some(source.detail_and("The database is as it was before."))
            }
            Self::StatementFailed { statement, done, undone, source, .. } => {
                let is_first = *statement == done + 1;
                let before = match done {
                    0 if !is_first => "No statement is applied".to_owned(),
                    0 => "No statement is before it".to_owned(),
                    1 if !is_first => "The first statement is applied and stays".to_owned(),
                    _ if !is_first => format!("The first {done} statements are applied and stay"),
                    1 => "The statement before it is applied and stays".to_owned(),
                    _ => "The statements before it are applied and stay".to_owned(),
                };
                let own = match undone {
                    true if !is_first => "nothing of its transaction is",
                    true => "nothing of this one is",
                    false => "what this one has left is taken up when the migration goes on",
                };
                Some(source.detail_and(&format!("{before}; {own}.")))
            }
            Self::ReplayFailed { source, .. } => Some(
                source.detail_and("The replay ran in an empty shadow database; this one was not touched."),
            ),
            Self::PlatformFailed { ddl, source, .. } => {
                Some(source.detail_and(&format!("It failed at: {ddl}. The database is as it was before.")))
            }
            Self::NotSql { source, .. }
            | Self::GroundFailed(source)
            | Self::ShadowFailed(source)
            | Self::ApiInUse { source }
            | Self::Server(source) => {
                source.detail.clone()
            }
            Self::TenantOfOther { .. } => Some("It comes first in the search_path, so what its owner puts there could run with the rights of whoever applies the migrations.".to_owned()),
            Self::Production => Some("The setting nself.env says prod.".to_owned()),
            Self::OtherEnvironment { .. } => Some("Its setting nself.env says so.".to_owned()),
            Self::DomainCalls { .. } => Some(
                "It would be called with the rights of whoever writes to a column of this domain.".to_owned(),
            ),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Folder(error) => return error.hint(),
            Self::Migrations(error) => return error.hint(),
            Self::Rewrite(error) => return error.hint(),
            Self::Tenants(error) => return error.hint(),
            Self::Graphql(error) => error.hint(),
            Self::ApiInUse { .. } => "Drop or change first what depends on it, and make it again afterwards: nself_heal never drops it along.",
            Self::Unreadable { .. } => "The path is one of the database server's machine, and its operating system user reads it. A client sends its own folder with nself_journal_put(), as the program nself does.",
            Self::RelativeFolder { .. } => "Give the whole path, from / on.",
            Self::NoFolder => "Call nself_journal_load('/path/to/migrations'), or set nself.migrations_dir.",
            Self::MayNotReadFiles { .. } => "GRANT pg_read_server_files TO the role, or send the files with nself_journal_put(), as the program nself does.",
            Self::LinkLeavesFolder { .. } => "Put the file itself into the folder: what lies elsewhere on the server is not read.",
            Self::BadFolder(error) => error.hint()?,
            Self::NoFileList | Self::BadFileList { .. } => r#"Send [{"path": "0001_init.sql", "content": "…"}, …]; bytes that are not UTF-8 go as "content_base64"."#,
            Self::ReachesOutside { .. } => "A replay leaves it out where a query calls it. Write it as a statement of its own: SELECT or PERFORM.",
            Self::NoTransaction { .. } => "Call nself_migrate_up_start(): it runs such a migration in the background, each of its transactions and statements on its own. To apply only those before it, call nself_migrate_up() with target =>.",
            Self::OtherRole { .. } => "A migration is replayed as one role: go on as the one that began it.",
            Self::Overtaken { .. } => "nself_migrate_status() tells how far it came.",
            Self::IndexLeft { index, .. } => return Some(format!("See whether it is of use. If not, remove it with DROP INDEX CONCURRENTLY {index} and go on: nself_heal drops no index.")),
            Self::IndexInvalid { index, .. } => return Some(format!("Rebuild it with REINDEX INDEX CONCURRENTLY {index}, or remove it with DROP INDEX CONCURRENTLY {index}, and go on.")),
            Self::StatementFailed { source, .. } => return Some(server::of_platform(source).or_else(|| source.hint.clone()).unwrap_or_else(|| "Remove the cause, or correct this statement or those after it and load the folder again. Then nself_migrate_up_start() goes on from here.".to_owned())),
            Self::NoLevel { role, level, .. } => return Some(format!(
                "Whoever has level admin can give it: SELECT nself_grant_access({}, '{level}');",
                nself_heal_core::quote::literal(role)
            )),
            Self::WhichRole { .. } | Self::UnknownRole { .. } => "Give the name of a role as it is, without quotes, or public for everybody.",
            Self::WhichLevel { .. } | Self::UnknownLevel { .. } => "Levels are look, heal, migrate and admin; each includes those before it.",
            Self::PublicAbove { .. } => "Give it to a role that has those as members who need it; only look can be given to PUBLIC.",
            Self::OnlyInScript("reset_access") => "Use nself_revoke_access().",
            Self::OnlyInScript(_) => "To have all objects as they were installed, create them as the script does.",
            Self::OtherEnvironment { .. } => "Connect to the database that is meant, or correct what is asked for.",
            Self::Production => "To do it all the same, add confirm => 'yes-destroy-production'.",
            Self::Refused { hint, .. } => hint,
            Self::Busy { .. } => "Wait for it to end, or raise lock_timeout.",
            Self::SecondJob { .. } => "Wait for it, see nself_job(), or stop it with nself_job_cancel().",
            Self::BegunBefore { .. } => "Call nself_migrate_up_start() once it may run again.",
            Self::JobWithoutLogin { .. } => "From PostgreSQL 17 on it can. Until then leave SET ROLE out of the migration, or ALTER ROLE … LOGIN.",
            Self::NoSuchJob { .. } | Self::WhichJob { .. } => "SELECT job, state FROM nself.jobs lists them.",
            Self::NotStarted => "The server's log tells why.",
            Self::NotMigrated { .. } => "SELECT * FROM nself.jobs tells more.",
            Self::PlanOutdated => "Run it again: it then heals towards what the migrations say now.",
            Self::Stale => "This transaction cannot see what they did: end it and repeat, or use the isolation level READ COMMITTED.",
            Self::Nested => "Call it from outside a migration.",
            Self::LentRights { lent: Lent::Function, .. } => "Call it yourself, as a role that has the rights for it: nself_grant_access() gives them.",
            Self::LentRights { lent: Lent::Operation, .. } => "Call it yourself, and not from an index, a check or a view.",
            Self::LeftForTheEnd { .. } => "Close the cursor and let the check run in the migration, or apply it as a role that has logged in itself.",
            Self::LoadedByAnother { .. } => "Read it, and apply it with nself_migrate_up(), or load it yourself.",
            Self::NotTrusted { .. } => "docs/security.md tells whose code may run with whose rights.",
            Self::NothingApplied => "Load the migrations folder with nself_journal_load(), then call nself_migrate_up(); nself_adopt(), if another tool has applied migrations here.",
            Self::UnknownAgainst(_) => "Say 'applied' for the applied migrations, or 'journal' for all that the journal holds.",
            Self::Locked { .. } => "Try again when the other session has ended its transaction.",
            Self::SchemaMoves => "Try again when fewer others change it. In REPEATABLE READ and SERIALIZABLE, begin a new transaction.",
            Self::Standby { call } => return Some(format!("Call {call} on the primary once: the expected schema is kept there and comes here by replication.")),
            Self::OnStandby { .. } => "What it changes there comes here by replication.",
            Self::NoWorker { .. } => "Raise max_worker_processes, or try again when other workers have ended.",
            Self::WorkerLost { .. } => "The server's log tells why.",
            Self::TenantOfOther { owner, .. } => return Some(format!("SET ROLE {} and repeat, or give the schema to a role that is trusted with ALTER SCHEMA ... OWNER TO.", nself_heal_core::quote::ident(owner))),
            Self::NotUtf8 => "Only a database of encoding SQL_ASCII can hold that. Look for a name, a comment or a default with such bytes, and write it as UTF-8.",
            Self::DomainCalls { .. } => "Write the call into a function of your own, and let the domain call that.",
            Self::RoleGone { .. } => "Create the role again, and repeat. The replay never runs as a stronger role instead.",
            Self::NoGround => "nself_ground() lists what stood here, after the first migration has been applied.",
            Self::OwnTable { .. } => "Its functions write there for those who have a level: see nself_access().",
            Self::NoTracker { found, .. } if !found.is_empty() => return Some(format!("Here are those of {}.", found.join(", "))),
            Self::BadTracker { .. } => "Somebody has edited it, or you may not read it. Name another one with source =>, or call nself_baseline().",
            Self::NoTracker { .. } => "nself_baseline() takes what is here for what the migrations gave.",
            Self::UnknownTracker { .. } => return Some(format!("Known are {}.", tracker_names().join(", "))),
            Self::SeveralTrackers { .. } => "Say which with source =>, by the name of the tool or of its table.",
            Self::NotAdopted { .. } => "nself_adopt() shows what it says of each migration, nself_adopt(confirm => true) takes it for true: these do not run again.",
            Self::AheadOfLedger { .. } => "nself_adopt() shows it, nself_adopt(confirm => true) takes it for true. Of what the journal does not have, load the file first.",
            Self::NotMirrored { .. } => "Nothing of it was applied. Without nself.mirror_tracker it is not written there, and the tool will run it again.",
            Self::WhichVersion => "Give the version of the last migration that has run here: nself_migrate_status() lists them.",
            Self::WhichDrift => "Give the identity as nself_drift() says it, or a pattern: * stands for any characters.",
            Self::WhichReason => "Say why, for who reads nself_ignored() later.",
            Self::AlreadyExpired => "Give a later one, or none to allow it for good.",
            Self::WhichObjects | Self::NotInGround { .. } => "nself_ground() lists what stood here. In a pattern * stands for any characters.",
            Self::ReplayFailed { source, .. } => return Some(match &source.hint {
                Some(hint) => hint.clone(),
                None if source.code() == ERRCODE_INSUFFICIENT_PRIVILEGE => "In this database the role has the right from outside the migrations. Put the GRANT into a migration that comes before.".to_owned(),
                None if source.code() == ERRCODE_UNDEFINED_OBJECT => "If it is a role: statements like CREATE ROLE reach outside the database and are left out of a replay, so the role must still be there.".to_owned(),
                None if matches!(self, Self::ReplayFailed { pending: Some(_), .. }) => "Correct its file, or see by nself_migrate_up() whether it runs here: a replay has no rows, and its database another name.".to_owned(),
                None => "A replay has no rows, no files and no other databases, and its own has another name. If what is here is what the migrations gave, nself_baseline() says so, and they are not replayed any more.".to_owned(),
            }),
            Self::MigrationFailed { source, .. } => return source.in_a_transaction().map(str::to_owned).or_else(|| server::of_platform(source)).or_else(|| source.hint.clone()),
            Self::WhichPlatform | Self::UnknownPlatform { .. } => return Some(format!("Known are {}.", nself_heal_core::platforms::names())),
            Self::PlatformTooLate { .. } => "Make it in a new database, and apply the migrations there.",
            Self::PlatformHere { .. } => "Nothing is to be made: when the first migration is applied, what stands here is kept as the ground.",
            Self::PlatformFailed { ddl, source, .. } if source.code() == ERRCODE_INSUFFICIENT_PRIVILEGE && nself_heal_core::platforms::role_made(ddl).is_some() => "Roles are of the whole server. Call it as a role with CREATEROLE, or let one make them: those that are there are left as they are.",
            Self::PlatformFailed { source, .. } => return source.hint.clone(),
            Self::NotSql { source, .. } => return source.hint.clone().or_else(|| Some("Nothing has run: the file is read before anything is applied.".to_owned())),
            Self::DeferredCheckFailed { source, .. }
            | Self::GroundFailed(source)
            | Self::ShadowFailed(source)
            | Self::Server(source) => return source.hint.clone(),
            Self::BadTenant { .. } | Self::BadLimit(_) | Self::BadAnswer { .. } | Self::NotClosed { .. } | Self::NotAdditive { .. } | Self::MemberAltered { .. } | Self::NoSuchRole { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        if let Some(source) = error.server_error()
            && PgSqlErrorCode::from(source.code) as i32 != source.code
        {
            code::set_of_next_error(source.code);
        }
        let mut report = ErrorReport::new(error.code(), error.to_string(), "");
        if let Some(detail) = error.detail() {
            report = report.set_detail(detail);
        }
        if let Some(hint) = error.hint() {
            report = report.set_hint(hint);
        }
        report
    }
}

fn tracker_names() -> Vec<&'static str> {
    let names: std::collections::BTreeSet<&str> =
        nself_heal_core::trackers::TRACKERS.iter().map(|tracker| tracker.tool).collect();
    names.into_iter().collect()
}

/// What a background worker tells of an error: all that its caller would say.
impl From<Error> for ServerError {
    fn from(error: Error) -> Self {
        if let Error::Server(source) = error {
            return source;
        }
        Self {
            code: error.code() as i32,
            message: error.to_string(),
            detail: error.detail(),
            hint: error.hint(),
            position: None,
        }
    }
}

impl From<pgrx::spi::Error> for Error {
    fn from(error: pgrx::spi::Error) -> Self {
        Self::Server(ServerError {
            code: pg_sys::errcodes::PgSqlErrorCode::ERRCODE_INTERNAL_ERROR as i32,
            message: error.to_string(),
            detail: None,
            hint: None,
            position: None,
        })
    }
}
