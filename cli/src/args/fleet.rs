//! Of `nself fleet`: the same command for several environments.

use clap::{Args, Subcommand};

use super::{Against, Folder};

#[derive(Subcommand)]
pub enum Fleet {
    /// Tell for each environment which migrations are applied and pending
    Status(FleetOf),
    /// Tell for each environment where the live schema differs from the migrations
    Drift(FleetDrift),
    /// Apply pending migrations in each environment, as `nself db migrate up` does in one
    Up(FleetUp),
}

#[derive(Args)]
pub struct FleetOf {
    #[command(flatten)]
    pub folder: Folder,
    /// How many environments are worked on at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
}

#[derive(Args)]
pub struct FleetDrift {
    #[command(flatten)]
    pub of: FleetOf,
    /// What the live schemas are compared with
    #[arg(long, value_enum, default_value_t = Against::Applied)]
    pub against: Against,
}

#[derive(Args)]
pub struct FleetUp {
    #[command(flatten)]
    pub of: FleetOf,
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Apply at most N migrations [default: all]
    #[arg(value_name = "N")]
    pub number: Option<i32>,
    /// Show what would be applied and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not tell Hasura (nself.hasura_endpoint) to read the schema anew
    #[arg(long)]
    pub skip_metadata: bool,
}

impl Fleet {
    pub fn of(&self) -> &FleetOf {
        match self {
            Self::Status(of) => of,
            Self::Drift(drift) => &drift.of,
            Self::Up(up) => &up.of,
        }
    }
}
