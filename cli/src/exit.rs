//! What the exit code says. Scripts rely on these numbers, so they are chosen here and nowhere else:
//!
//! - self-heal: 0 no drift or healed, 1 drift found by a dry run, 2 could not run
//! - migrate: 0 success, 1 failed and the database is unchanged (but for migrations that run without a transaction), 2
//!   invalid arguments

use std::process::ExitCode;

use crate::args::Command;
use crate::error::Error;

/// A self-heal that could not run, failed or was cancelled.
pub const SELF_HEAL_FAILED: u8 = 2;
/// The same of a migration.
pub const MIGRATE_FAILED: u8 = 1;

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
    ExitCode::from(failure_number(matches!(command, Command::SelfHeal(_)), error.is_usage()))
}

fn failure_number(self_heal: bool, usage: bool) -> u8 {
    match self_heal {
        true => SELF_HEAL_FAILED,
        false if usage => 2,
        false => MIGRATE_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::failure_number;

    #[test]
    fn self_heal_fails_with_two_and_migrate_only_for_its_arguments() {
        assert_eq!(failure_number(true, false), 2);
        assert_eq!(failure_number(true, true), 2);
        assert_eq!(failure_number(false, false), 1);
        assert_eq!(failure_number(false, true), 2);
    }
}
