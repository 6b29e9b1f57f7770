//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures the product on schemas that it makes itself.
///
/// The server is named by PGHOST, PGPORT and PGUSER (a superuser) and must be on this machine; its programs are taken
/// from PG_BIN, else from PATH. Exit codes: 0 measured, 1 a target missed (with --check), 2 could not run.
#[derive(Parser, Debug)]
#[command(name = "bench", args_override_self = true)]
pub struct Args {
    /// How many tables: 100, 1000 or 10000
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = size)]
    pub size: usize,
    /// How often each is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = rounds)]
    pub rounds: usize,
    /// Only these; their figures are printed, and not kept
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub parts: Vec<Part>,
    /// A real project's migrations folder (repeatable)
    #[arg(long, value_name = "NAME=FOLDER")]
    pub corpus: Vec<String>,
    /// Where scripts/bench-peers installs other tools
    #[arg(long, value_name = "FOLDER")]
    pub peers: Option<PathBuf>,
    /// How many seconds each of them may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub peer_timeout: u64,
    /// The command nself, for calls over HTTP
    #[arg(long, value_name = "FILE")]
    pub nself: Option<PathBuf>,
    /// Where the figures of all sizes are kept
    #[arg(long, value_name = "FILE")]
    pub results: Option<PathBuf>,
    /// The document whose tables are written
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// The command that is named there
    #[arg(long, value_name = "TEXT", default_value = "make bench")]
    pub command: String,
    /// Which state of the source is measured
    #[arg(long, value_name = "TEXT")]
    pub revision: Option<String>,
    /// Exits with 1 where a target is missed
    #[arg(long)]
    pub check: bool,
    /// Only makes the databases and leaves them there
    #[arg(long)]
    pub setup_only: bool,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Drift and heal of a large schema
    Drift,
    /// Other tools
    Peers,
    /// Many calls, cancels, and a load of DDL
    Lasting,
    /// Chains of migrations
    Chains,
    /// Real projects
    Corpora,
    /// Actions over HTTP, 500 a second
    Calls,
    /// Two thousand tenants in one database
    Tenants,
}

impl Args {
    pub fn asks_for(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ (100 | 1000 | 10_000)) => Ok(size),
        _ => Err("there are 100, 1000 and 10000".to_owned()),
    }
}

fn rounds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds @ 1..) => Ok(rounds),
        _ => Err("at least 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Args, Part};

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_said_last_counts() {
        let args = Args::parse_from(["bench", "--size", "100", "--size", "10000", "--parts", "drift"]);
        assert_eq!(args.size, 10_000);
        assert!(args.asks_for(Part::Drift) && !args.asks_for(Part::Peers));
    }
}
