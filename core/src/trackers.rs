//! The lists of applied migrations that other tools keep: how each is found and read, which migrations of the journal its
//! rows speak of, and how a row is written as the tool itself would.

mod believe;
mod known;
mod mirror;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use believe::{Belief, BeliefState, Candidate, InLedger, TrackerRow, believe};
pub use known::TRACKERS;
pub use mirror::{MirrorRow, mirror_row};

/// A tool, and the table in which it keeps its list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Tracker {
    /// The name by which people call the tool.
    pub tool: &'static str,
    /// The schema of its table; nothing where the tool can be told another one.
    pub schema: Option<&'static str>,
    pub table: &'static str,
    /// Columns that its table has.
    pub columns: &'static [&'static str],
    /// Columns of other tools' tables of the same name, which its own has not.
    pub without: &'static [&'static str],
    /// Reads its rows, the oldest first, as the fields of `TrackerRow`; `{table}` stands for the table.
    #[serde(skip)]
    pub query: &'static str,
    /// Whether its last row stands for all migrations up to that one.
    #[serde(skip)]
    pub is_last_only: bool,
    /// Write a row for a migration that was applied, and take it back. Nothing where it is not known how the tool does it.
    #[serde(skip)]
    pub mirror: Option<Mirror>,
}

/// Statements with `{table}` for the table and `$1` for a `MirrorRow` as jsonb, which tell the number of rows written: one,
/// if all is well.
#[derive(Debug, PartialEq, Eq)]
pub struct Mirror {
    pub applied: &'static str,
    pub undone: &'static str,
}
