//! What the exit code says. Scripts rely on these numbers, so they are chosen here and nowhere else:
//!
//! - what only looks (self-heal, and of migrate `status`, `diff`, `verify-checksums`, `lint` and `repair`): 0 nothing found, 1 it found what it
//!   looks for, such as drift, 2 could not run
//! - `completions`, `man`: 0 written, 2 could not be written
//! - `db hasura`: 0 done, or nothing found, 1 found a difference, a problem or inconsistent metadata, 2 could not run
//! - `serve`: 0 a signal ended it, 2 could not start
//! - what changes migrations: 0 success, 1 failed and the database is unchanged (but for migrations that run without a
//!   transaction), 2 invalid arguments

use std::process::ExitCode;

use crate::args::fleet::Fleet;
use crate::args::{Command, Db, Migrate, Tenants};
use crate::error::Error;

/// A self-heal or a question that could not run, failed or was cancelled.
pub const SELF_HEAL_FAILED: u8 = 2;
/// The same of what changes migrations.
pub const MIGRATE_FAILED: u8 = 1;
/// Arguments that make no sense, whatever the command.
const USAGE: u8 = 2;

/// How a command that could run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or nothing to do.
    Done,
    /// It looked, and found what it was asked to find: drift, or checksums that do not match.
    Found,
    /// A part of the work failed.
    Failed,
}

/// The exit code of a command that could run.
pub fn outcome(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Done => 0,
        Outcome::Found => 1,
        Outcome::Failed => 2,
    })
}

/// The exit code of a command that could not run, or was undone.
pub fn failure(command: &Command, error: &Error) -> ExitCode {
    ExitCode::from(failure_number(command, error.is_usage()))
}

/// The exit code of a command that was called wrongly.
pub fn usage() -> ExitCode {
    ExitCode::from(USAGE)
}

fn failure_number(command: &Command, usage: bool) -> u8 {
    match command {
        _ if usage => USAGE,
        Command::SelfHeal(_)
        | Command::Serve(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Tenants(Tenants::List | Tenants::Drift(_))
        | Command::Fleet(Fleet::Status(_) | Fleet::Drift(_))
        | Command::Db(Db::Hasura(_))
        | Command::Db(Db::Migrate(
            Migrate::Status(_)
            | Migrate::Diff(_)
            | Migrate::VerifyChecksums(_)
            | Migrate::Lint(_)
            | Migrate::Repair(_),
        )) => SELF_HEAL_FAILED,
        Command::Db(Db::Migrate(
            Migrate::Up(_)
            | Migrate::Down(_)
            | Migrate::ResetChecksum(_)
            | Migrate::Renumber(_)
            | Migrate::Journal(_)
            | Migrate::Adopt(_)
            | Migrate::Baseline(_)
            | Migrate::Ground(_),
        ))
        | Command::Tenants(Tenants::Add(_) | Tenants::Remove { .. })
        | Command::Fleet(Fleet::Up(_))
        | Command::Migrate(_) => MIGRATE_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::failure_number;
    use crate::args::Cli;

    fn failed(line: &str) -> u8 {
        let cli = Cli::parse_from(["nself"].into_iter().chain(line.split_whitespace()));
        assert_eq!(failure_number(&cli.command, true), 2, "{line}");
        failure_number(&cli.command, false)
    }

    #[test]
    fn a_failure_is_never_taken_for_what_a_command_looks_for() {
        for line in [
            "self-heal run",
            "self-heal status",
            "db migrate diff",
            "db migrate status",
            "db migrate verify-checksums",
            "db migrate lint --fail-on deletes-data,blocks-reads",
            "db migrate status --check-conflicts",
            "db migrate repair",
            "db migrate repair --confirm",
            "tenants list",
            "tenants drift",
            "db hasura metadata diff",
            "db hasura metadata apply --yes",
            "db hasura git push",
            "serve",
        ] {
            assert_eq!(failed(line), 2, "{line}");
        }
    }

    #[test]
    fn what_changes_migrations_fails_with_one() {
        for line in [
            "db migrate up",
            "db migrate down",
            "migrate run",
            "db migrate adopt",
            "db migrate baseline 1",
            "db migrate ground neon",
            "db migrate renumber 2_x.sql --to 3",
            "db migrate journal rebase",
            "db migrate reset-checksum --migration 1 --reason typo",
            "tenants add acme",
            "tenants remove acme",
        ] {
            assert_eq!(failed(line), 1, "{line}");
        }
    }
}
