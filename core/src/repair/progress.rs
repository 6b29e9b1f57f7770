//! Migrations that stopped between two statements, or within one that runs at top level.

use super::{Act, Finding, Problem};
use crate::migrations::{Applied, Status};

/// What the catalogs say of the statement that comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It was not begun.
    NotBegun,
    /// It was begun, and nothing of it is here.
    Nothing,
    /// It was begun, and has done what it was to do.
    Ended,
    /// It has left something half made, which this statement brings to its end.
    HalfMade { rest: String },
    /// An index of this name is INVALID, and the statement would pass over it.
    Invalid { index: String },
    /// An index of this name is left from what the statement said before.
    Other { index: String },
    /// The statement commits by itself: what it had done is not known.
    Unknown,
    /// It could not be told.
    Unread { why: String },
}

/// What is wrong with a migration that has run in part, and that no job goes on with. `of`: how many statements it has.
pub fn partial(status: &Status, next: &Next, of: usize) -> Option<Finding> {
    let (applied, entry) = status.ledger.as_ref().zip(status.journal.as_ref())?;
    let Applied { version, statements_done: Some(done), .. } = applied else { return None };
    let number = done + 1;
    let far = format!("{} is applied up to statement {done} of {of}", entry.path);
    let goes_on = |what: &str| format!("nself_migrate_up_start() {what}.");
    let (detail, hint) = match next {
        Next::Ended => {
            let is_last = number >= of;
            let end = match is_last {
                true => ", and with it the migration".to_owned(),
                false => String::new(),
            };
            return Some(Finding::mend(
                Problem::Partial,
                version,
                format!("{far}. Statement {number} was begun, and has done what it was to do"),
                format!("Writes down that statement {number} has ended{end}. Nothing runs"),
                Act::EndStatement { is_last },
            ));
        }
        Next::NotBegun => (far, goes_on(&format!("goes on with statement {number}"))),
        Next::Nothing => (
            format!("{far}. Statement {number} was begun, and nothing of it is here"),
            goes_on(&format!("begins statement {number} again, and goes on")),
        ),
        Next::HalfMade { rest } => (
            format!("{far}. Statement {number} was begun, and is half done"),
            goes_on(&format!("brings it to its end ({rest}), and goes on")),
        ),
        Next::Invalid { index } => (
            format!("{far}. Statement {number} would pass over index {index}, which is INVALID"),
            format!(
                "Drop the index, or let REINDEX INDEX CONCURRENTLY {index} finish it. Then {}",
                goes_on("goes on")
            ),
        ),
        Next::Other { index } => (
            format!("{far}. Index {index} is left from what statement {number} said before"),
            format!("Drop index {index}. Then {}", goes_on("goes on")),
        ),
        Next::Unknown => (
            format!(
                "{far}. Statement {number} commits by itself and broke off: what it had done is not known"
            ),
            format!("See what it has done. Then {}", goes_on(&format!("begins statement {number} again"))),
        ),
        Next::Unread { why } => {
            (format!("{far}. What is left of statement {number} cannot be told: {why}"), goes_on("goes on"))
        }
    };
    Some(Finding::manual(Problem::Partial, version, detail, hint))
}
