//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Damages the schemas of corpora, and lets pg_dump judge what drift says and what a heal does.
///
/// The server is named by PGHOST, PGPORT and PGUSER (a superuser); pg_dump and psql are taken from PG_BIN, else from
/// PATH. Exit codes: 0 all targets met, 1 a target missed, 2 could not run.
#[derive(Parser, Debug)]
#[command(name = "fidelity")]
pub struct Args {
    /// A folder of migrations or one SQL file (repeatable); a file of the same name ending in .roles is run before
    #[arg(long, value_name = "[NAME=]PATH")]
    pub corpus: Vec<String>,
    /// A list of pairs of schemas, in JSON (repeatable)
    #[arg(long, value_name = "FILE")]
    pub pairs: Vec<PathBuf>,
    /// 1 no false drift, 2 drift names what changed, 3 heal is exact, 4 heal is harmless, 5 storms, 6 pairs
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,3,4,5,6",
          value_parser = clap::value_parser!(u8).range(1..=6))]
    pub properties: Vec<u8>,
    /// What chance starts with
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many storms a corpus
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub storms: usize,
    /// Only so many mutations of each kind, and only so many pairs of each list
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// How many rows a table
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub rows: usize,
    /// How many cases at a time
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub jobs: usize,
    /// Where the figures are written
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// The command that is named in the document
    #[arg(long, value_name = "TEXT", default_value = "make fidelity")]
    pub command: String,
    /// Only mutations of kinds whose name has this in it (repeatable)
    #[arg(long, value_name = "TEXT")]
    pub kind: Vec<String>,
    /// Only this case, and everything about it: a mutation's number, `storm N`, a pair's name, or SQL
    #[arg(long, value_name = "CASE")]
    pub only: Option<String>,
    /// Only list the mutations
    #[arg(long)]
    pub list: bool,
}

impl Args {
    pub fn asks_for(&self, property: u8) -> bool {
        self.properties.contains(&property)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }
}
