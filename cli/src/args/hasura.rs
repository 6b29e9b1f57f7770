//! The arguments of `nself db hasura`. The admin secret is none of them: others see the list of processes.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};

use super::Folder;

const HASURA_HELP: &str = "\
The server is named by --endpoint, else HASURA_GRAPHQL_ENDPOINT, else endpoint in config.yaml, else the
setting nself.hasura_endpoint of the database. The admin secret is HASURA_GRAPHQL_ADMIN_SECRET, else that
of config.yaml. Variables are read from the environment, .env.secrets, .env.NAME and .env.

Exit codes: 0 done, or nothing found; 1 a difference, a problem or inconsistent metadata; 2 could not
run, or was refused.";

#[derive(Subcommand)]
pub enum Hasura {
    /// Compare, check and move the metadata between a server and its version 3 folder
    #[command(subcommand)]
    Metadata(Metadata),
    /// Keep the metadata of a server and a git checkout together
    #[command(subcommand)]
    Git(Git),
    /// Open the console: by hasura console, if that is installed
    Console(Console),
}

/// Which project, and which server.
#[derive(Args)]
pub struct OfHasura {
    /// The folder with config.yaml [default: the first of ., hasura, backend/hasura, nself/hasura that has one]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// The address of the Hasura server
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// How long the server may take to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = RangedU64ValueParser::<u64>::new().range(1..=3_600))]
    pub timeout: u64,
}

#[derive(Subcommand)]
#[command(after_help = HASURA_HELP)]
pub enum Metadata {
    /// Make the server's metadata what the folder says, after showing what changes
    Apply(Apply),
    /// Make the folder what the server says: files of which nothing changed stay as they are
    Export(Export),
    /// Let the server read the schema of its sources anew, and list what is inconsistent
    Reload(Reload),
    /// Show what an apply would change
    Diff(OfHasura),
    /// Ask the database whether all that the folder speaks of is there, also after pending migrations
    Validate(Validate),
    /// Find what is wrong or unwise in the folder by itself
    Lint(Lint),
}

#[derive(Args)]
pub struct Apply {
    #[command(flatten)]
    pub of: OfHasura,
    /// Only show what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask before objects are removed from the server's metadata
    #[arg(long)]
    pub yes: bool,
    /// Apply it also if the server finds objects inconsistent, and list those
    #[arg(long)]
    pub allow_inconsistent: bool,
}

#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    pub of: OfHasura,
    /// Only show which files would change
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args)]
pub struct Reload {
    #[command(flatten)]
    pub of: OfHasura,
    /// Only this source (repeatable) [default: all]
    #[arg(long, value_name = "NAME")]
    pub source: Vec<String>,
    /// Also ask remote schemas again
    #[arg(long)]
    pub remote_schemas: bool,
}

#[derive(Args)]
pub struct Validate {
    /// The folder with config.yaml [default: the first of ., hasura, backend/hasura, nself/hasura that has one]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// The source whose database this is [default: the only one of PostgreSQL, else the one called default]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    #[command(flatten)]
    pub folder: Folder,
    /// Only look at the database as it is now, and rehearse no pending migrations
    #[arg(long)]
    pub no_pending: bool,
}

#[derive(Args)]
pub struct Lint {
    /// The folder with config.yaml [default: the first of ., hasura, backend/hasura, nself/hasura that has one]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Exit with code 1 also for warnings
    #[arg(long)]
    pub fail_on_warning: bool,
}

#[derive(Subcommand)]
#[command(after_help = HASURA_HELP)]
pub enum Git {
    /// Tell whether the server, the folder and the last commit say the same
    Status(OfHasura),
    /// Export into the folder, unless it has changes that are not committed
    Pull(Pull),
    /// Apply what is committed
    Push(Push),
}

#[derive(Args)]
pub struct Pull {
    #[command(flatten)]
    pub of: OfHasura,
    /// Also over changes that are not committed
    #[arg(long)]
    pub force: bool,
}

#[derive(Args)]
pub struct Push {
    #[command(flatten)]
    pub of: OfHasura,
    /// Leave out of account that the folder has changes that are not committed: they are not applied
    #[arg(long)]
    pub ignore_uncommitted: bool,
    /// Do not ask before objects are removed from the server's metadata
    #[arg(long)]
    pub yes: bool,
    /// Apply it also if the server finds objects inconsistent, and list those
    #[arg(long)]
    pub allow_inconsistent: bool,
}

#[derive(Args)]
#[command(after_help = HASURA_HELP)]
pub struct Console {
    #[command(flatten)]
    pub of: OfHasura,
    /// The port of the console on this machine
    #[arg(long, value_name = "PORT", default_value_t = 9695)]
    pub port: u16,
}
