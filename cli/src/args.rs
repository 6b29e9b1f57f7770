//! The command line: names, flags and help texts. Kept apart from what the commands do, so that the help can be read
//! and changed as one text.

pub mod fleet;
pub mod hasura;
mod install;
mod serve;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use install::{Completions, Man};
pub use serve::Serve;

/// What the server wants to hear before it reverts a migration in production.
pub const DESTROY_PRODUCTION: &str = "yes-destroy-production";

const CONNECTION_HELP: &str = "\
The database is named by --database-url, else DATABASE_URL, else POSTGRES_HOST, _PORT, _USER, _PASSWORD
and _DB, else PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLMODE. Each is read from the first
that has it: the environment, then in the current folder .env.secrets, .env.NAME of the environment
NAME (--env or ENV; .env.local where none is named), and .env.
A database may know what it is for (ALTER DATABASE app SET nself.env = 'prod'). Then another --env is
refused, and nothing is applied to prod without --env prod.

Exit codes:
  questions   0 nothing found, 1 found what was looked for, 2 could not run
              self-heal run: 1 is drift; diff: 1 is drift, with --fail-on-drift
              verify-checksums: 1 is a file that is not what was applied, or with --rollback a down part
              that is missing, fails, or leaves another schema
              lint: 1 is a migration that fails, or a hazard of --fail-on
              status --check-conflicts: 1 is a conflict
              repair: 1 is a problem; with --confirm, one that is left for a person, or that a mend failed for
              tenants list, drift: 1 is drift, with --fail-on-drift
              fleet status, drift: the worst of all; 1 is drift
  heals       0 healed, 1 something is left, with --fail-on-left-over, 2 failed or cancelled
  migrations  0 success, 1 failed and the database is unchanged, 2 invalid arguments
              (up, down, run, rollback, adopt, baseline, ground, reset-checksum,
              tenants add, remove; renumber, journal rebase: there 1 says that no file is changed)
              up --all-tenants: 1 is a tenant that failed; the others are kept
              fleet up: the worst of all
  serve       0 ended by SIGTERM or Ctrl-C, 2 could not start
  completions, man: 0 written, 2 could not be written
  db hasura   0 done, or nothing found, 1 a difference, a problem or inconsistent metadata, 2 could not run
Where a migration is marked to run without a transaction, 1 says that a part may be applied.
That Hasura could not be told of a migration or a heal is a warning, and changes no exit code.

With --format json, errors and notes are lines of JSON on stderr.";

/// Keeps a live PostgreSQL schema equal to its migrations, without ever dropping data.
#[derive(Parser)]
#[command(name = "nself", version, arg_required_else_help = true, after_help = CONNECTION_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Args)]
pub struct Global {
    /// The database, as postgres://user@host:port/name; visible to others in the list of processes
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// The environment this run is for: local, dev, staging or prod [default: ENV, if it is a plain name]
    #[arg(long, global = true, value_name = "NAME", value_parser = env_name)]
    pub env: Option<String>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    pub json: bool,
    /// Say nothing on stderr but errors and warnings
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on stderr what the server is asked, and how long it takes
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

impl Global {
    /// What --env says, or else ENV. A shell may have a path there, which names no environment.
    pub fn env(&self) -> Option<String> {
        let of_process = || std::env::var("ENV").ok().filter(|name| is_env_name(name));
        self.env.clone().or_else(of_process)
    }

    /// Whether --env names several, which only fleet takes.
    pub fn is_of_fleet(&self) -> bool {
        self.env.as_ref().is_some_and(|env| env.contains(','))
    }

    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    pub fn is_json(&self) -> bool {
        self.format() == Format::Json
    }
}

/// A name that a file can have: .env.NAME.
fn is_env_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn env_name(name: &str) -> Result<String, String> {
    match name.split(',').all(is_env_name) {
        true => Ok(name.to_owned()),
        false => Err("an environment has letters, digits, - and _ in its name".to_owned()),
    }
}

/// Whether a command line asks for JSON, though it may be wrong in other places.
pub fn wants_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    arguments.iter().any(|argument| argument == "--format=json" || argument == "--json")
        || arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// How results are printed on stdout.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// Annotations of GitHub Actions, of lint alone
    Github,
    /// A SARIF log, of lint alone
    Sarif,
    /// One self-contained file, of diff alone
    Html,
    /// A comment of a pull request, of diff alone
    Markdown,
}

#[derive(Subcommand)]
pub enum Command {
    /// Find and heal schema drift
    #[command(subcommand)]
    SelfHeal(SelfHeal),
    /// Work on the database
    #[command(subcommand)]
    Db(Db),
    /// Keep the schemas of many tenants at the same migrations
    #[command(subcommand)]
    Tenants(Tenants),
    /// Run or roll back migrations
    #[command(subcommand)]
    Migrate(MigrateShort),
    /// Answer Hasura's actions and triggers over HTTP, until a signal ends it
    Serve(Serve),
    /// Ask or migrate several environments: --env a,b,c, each with a file .env.NAME
    #[command(subcommand)]
    Fleet(fleet::Fleet),
    /// Print what makes a shell complete these commands
    Completions(Completions),
    /// Write the manual pages of these commands
    Man(Man),
}

#[derive(Subcommand)]
pub enum SelfHeal {
    /// Tell whether self-heal is on, when it ran last and what it found
    Status,
    /// Show what would be healed, and heal it with --confirm
    Run(HealRun),
    /// List the last runs
    History(HealHistory),
    /// Leave a difference as it is, for a time or for good
    Allow(HealAllow),
    /// Switch self-heal on for this database, and in the environment file of this folder, if there is one
    Enable,
    /// Switch self-heal off for this database, and in the environment file of this folder, if there is one
    Disable,
}

#[derive(Args)]
pub struct HealRun {
    /// Heal what can be healed without losing data
    #[arg(long, visible_alias = "yes")]
    pub confirm: bool,
    /// Heal in the background, while others are at work; Ctrl-C cancels it, and what is done stays done
    #[arg(long, requires = "confirm", conflicts_with = "dry_run")]
    pub online: bool,
    /// Only show what would be done (the default)
    #[arg(long, conflicts_with = "confirm")]
    pub dry_run: bool,
    /// Exit with code 1 when something is left that could not be healed
    #[arg(long, requires = "confirm")]
    pub fail_on_left_over: bool,
    /// The missing object IDENTITY was not renamed: create it, though another one looks like it (repeatable)
    #[arg(long, value_name = "IDENTITY")]
    pub not_renamed: Vec<String>,
    /// Do not tell Hasura (nself.hasura_endpoint) to read the schema anew
    #[arg(long)]
    pub skip_metadata: bool,
    #[command(flatten)]
    pub tenants: OfTenants,
}

/// Whose schemas are meant, if not all.
#[derive(Args)]
pub struct OfTenants {
    /// The schema of this tenant alone
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// The schemas of all tenants, and nothing else
    #[arg(long, conflicts_with = "tenant")]
    pub all_tenants: bool,
}

impl OfTenants {
    pub fn any(&self) -> bool {
        self.tenant.is_some() || self.all_tenants
    }
}

#[derive(Args)]
pub struct HealAllow {
    /// The object as diff prints it, such as np_users.beta_flag; * stands for any characters
    pub identity: String,
    /// Why it is left as it is
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Until when [default: for good]
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
}

#[derive(Args)]
pub struct HealHistory {
    /// How many runs to list
    #[arg(long, value_name = "N")]
    pub limit: Option<i32>,
}

#[derive(Subcommand)]
pub enum Db {
    /// Apply, revert and check migrations
    #[command(subcommand)]
    Migrate(Migrate),
    /// Keep Hasura's metadata right: on its server, in the folder, and with the database
    #[command(subcommand)]
    Hasura(hasura::Hasura),
}

#[derive(Subcommand)]
pub enum Migrate {
    /// Apply pending migrations: all or none, unless one is marked to run without a transaction
    Up(Up),
    /// Revert applied migrations
    Down(Down),
    /// List migrations and what became of them
    Status(Status),
    /// Check that applied migrations are still what the folder says
    VerifyChecksums(Verify),
    /// Say that an edit of an applied migration is to stay, and why
    ResetChecksum(ResetChecksum),
    /// Find what does not go together in folder, ledger, jobs and other tools' lists, and mend it with --confirm
    Repair(Repair),
    /// Give a migration that is not applied another number, in its folder
    Renumber(Renumber),
    /// Mend the journal of a Drizzle folder
    #[command(subcommand)]
    Journal(Journal),
    /// Show where the live schema differs from the migrations
    Diff(Diff),
    /// Rehearse pending migrations in a shadow database, and tell what they would do to those who work here
    Lint(Lint),
    /// Join a database that another tool has migrated: believe its list of applied migrations
    Adopt(Adopt),
    /// Join a database that has no such list: what is there is what the migrations gave
    Baseline(Baseline),
    /// Make what a platform brings, in an empty database without it: for CI, or on a laptop
    Ground(Ground),
}

#[derive(Subcommand)]
pub enum Tenants {
    /// List the tenants and how far each of them is
    List,
    /// Take a schema for a tenant's; its first migration makes it, if it is not there
    Add(TenantAdd),
    /// Take a tenant out of the list; its schema stays with all that is in it
    Remove {
        /// The name of the tenant
        name: String,
    },
    /// Show where the schemas of tenants differ from their migrations: what differs alike is one line
    Drift(TenantDrift),
}

#[derive(Args)]
pub struct TenantAdd {
    /// What the tenant is called
    pub name: String,
    /// Its schema [default: one of that name]
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
}

#[derive(Args)]
pub struct TenantDrift {
    /// This tenant alone
    pub name: Option<String>,
    /// Exit with code 1 when there is drift
    #[arg(long)]
    pub fail_on_drift: bool,
}

#[derive(Subcommand)]
pub enum MigrateShort {
    /// Apply pending migrations: the same as db migrate up
    Run(Up),
    /// Revert the last migration: the same as db migrate down --steps 1
    Rollback(Down),
}

/// Where the migrations are.
#[derive(Args)]
pub struct Folder {
    /// The migrations folder [default: the first of migrations, backend/migrations, nself/migrations, drizzle]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    pub folder: Folder,
    /// Also try each down part in a shadow database: up, down, up again
    #[arg(long, conflicts_with = "tenant")]
    pub rollback: bool,
    /// The tenant to look at
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
}

#[derive(Args)]
pub struct Up {
    #[command(flatten)]
    pub folder: Folder,
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Apply at most N migrations [default: all]
    #[arg(value_name = "N", conflicts_with = "count")]
    pub number: Option<i32>,
    /// The same as N
    #[arg(long, value_name = "N")]
    pub count: Option<i32>,
    /// Show what would be applied and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The tenant to migrate
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Apply also what comes before an applied migration, after it
    #[arg(long, conflicts_with = "all_tenants")]
    pub out_of_order: bool,
    /// Migrate all tenants, each in a transaction of its own; one that fails does not stop the others
    #[arg(long, conflicts_with = "tenant")]
    pub all_tenants: bool,
    /// Stop when one of the first N tenants that have something to do fails
    #[arg(long, value_name = "N", requires = "all_tenants")]
    pub canary: Option<i32>,
    /// Do not tell Hasura (nself.hasura_endpoint) to read the schema anew
    #[arg(long)]
    pub skip_metadata: bool,
}

impl Up {
    /// How many migrations at most, by whichever way it was said.
    pub fn limit(&self) -> Option<i32> {
        self.number.or(self.count)
    }
}

/// The names of the hazards that a rehearsal tells.
pub const HAZARDS: [&str; 10] = [
    "blocks-reads",
    "blocks-writes",
    "rewrites-table",
    "scans-under-lock",
    "deletes-data",
    "breaks-running-code",
    "drops-used-index",
    "fk-without-index",
    "no-transaction-needed",
    "not-reversible",
];

#[derive(Args)]
pub struct Lint {
    #[command(flatten)]
    pub folder: Folder,
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Rehearse at most N migrations
    #[arg(long, value_name = "N")]
    pub count: Option<i32>,
    /// The tenant to rehearse for
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Exit with code 1 when one of these hazards is found and its file does not accept it
    #[arg(long, value_name = "HAZARD", value_delimiter = ',', value_parser = HAZARDS)]
    pub fail_on: Vec<String>,
}

#[derive(Args)]
pub struct Down {
    #[command(flatten)]
    pub folder: Folder,
    /// Revert everything after this version
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Revert N migrations [default: one]
    #[arg(value_name = "N", conflicts_with_all = ["steps", "to"])]
    pub number: Option<i32>,
    /// The same as N
    #[arg(long, visible_alias = "count", value_name = "N")]
    pub steps: Option<i32>,
    /// Show what would be reverted and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Needed in production
    #[arg(long, value_name = DESTROY_PRODUCTION, value_parser = [DESTROY_PRODUCTION], hide_possible_values = true)]
    pub confirm: Option<String>,
    /// The tenant to migrate
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Do not tell Hasura (nself.hasura_endpoint) to read the schema anew
    #[arg(long)]
    pub skip_metadata: bool,
}

#[derive(Args)]
pub struct Status {
    #[command(flatten)]
    pub folder: Folder,
    /// The tenant to look at
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Look for what does not go together in the folder, as after a merge; exit with code 1 when there is something
    #[arg(long, conflicts_with = "tenant")]
    pub check_conflicts: bool,
}

#[derive(Args)]
pub struct ResetChecksum {
    #[command(flatten)]
    pub folder: Folder,
    /// The migration whose file was edited
    #[arg(long, value_name = "VERSION")]
    pub migration: String,
    /// Why the edit may stay: the ledger keeps it, with who and when, beside the SQL that ran
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The tenant whose ledger is meant
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
}

#[derive(Args)]
pub struct Repair {
    #[command(flatten)]
    pub folder: Folder,
    /// Mend what can be mended; otherwise only show it
    #[arg(long, visible_alias = "yes")]
    pub confirm: bool,
}

#[derive(Args)]
pub struct Renumber {
    /// The migration's file in the folder, such as 0003_add_documents.sql
    pub file: PathBuf,
    /// The new number
    #[arg(long, value_name = "N")]
    pub to: String,
    #[command(flatten)]
    pub folder: Folder,
    /// Show what would be renamed and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Subcommand)]
pub enum Journal {
    /// Put the migrations of one merged branch behind those of the other: numbers, journal and snapshots
    Rebase(Rebase),
}

#[derive(Args)]
pub struct Rebase {
    #[command(flatten)]
    pub folder: Folder,
    /// Show what would be changed and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args)]
pub struct Adopt {
    #[command(flatten)]
    pub folder: Folder,
    /// The tool, such as drizzle, hasura or prisma, or its table [default: the only one that has a list here]
    #[arg(long, value_name = "TOOL")]
    pub from: Option<String>,
    /// Write down that these migrations are applied; otherwise nothing is changed
    #[arg(long)]
    pub confirm: bool,
}

#[derive(Args)]
pub struct Baseline {
    /// The last migration that has run there
    pub version: String,
    #[command(flatten)]
    pub folder: Folder,
    /// Write it down; otherwise only show what would be expected as it is there
    #[arg(long)]
    pub confirm: bool,
}

#[derive(Args)]
pub struct Ground {
    /// The platform for which the migrations were written: hasura, neon or supabase
    pub platform: String,
    /// Make it; otherwise only show what would be made
    #[arg(long)]
    pub confirm: bool,
}

#[derive(Args)]
pub struct Diff {
    #[command(flatten)]
    pub folder: Folder,
    /// What the live schema is compared with
    #[arg(long, value_enum, default_value_t = Against::Journal, conflicts_with_all = ["tenant", "all_tenants"])]
    pub against: Against,
    #[command(flatten)]
    pub tenants: OfTenants,
    /// Exit with code 1 when there is drift, or the folder is not what was applied
    #[arg(long)]
    pub fail_on_drift: bool,
}

/// What the live schema is compared with.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Against {
    /// All migrations of the folder, pending ones too
    Journal,
    /// The migrations that this database has applied
    Applied,
}

impl Against {
    /// The word the server knows it by.
    pub fn word(self) -> &'static str {
        match self {
            Against::Journal => "journal",
            Against::Applied => "applied",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
