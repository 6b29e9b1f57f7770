//! Why a migrations folder is not rewritten as asked, in the words of who asked.

use crate::formats;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there is no migration {path:?} in the folder")]
    NoSuchFile { path: String },
    #[error("{path} is applied as migration {number}: it keeps its name")]
    Applied { path: String, number: String },
    #[error("{number:?} cannot be the number of {path}")]
    BadNumber { number: String, path: String },
    #[error("the number {number} is taken by {by}")]
    Taken { number: String, by: String },
    #[error("the number {number} is taken: {name} is applied under it")]
    TakenInLedger { number: String, name: String },
    #[error("{path} would come before migration {last}, which is applied")]
    Behind { path: String, last: String },
    #[error("the folder has no journal of Drizzle's: there is nothing to rebase")]
    NoJournal,
    #[error("the journal names {tag:?}, but there is no file {path:?}")]
    Lost { tag: String, path: String },
    #[error("of the snapshot {path} nobody knows what it changed: it follows {id}, which is not there")]
    NoBase { path: String, id: String },
    #[error("{first} and {second} both change {at}, each in its own way")]
    Differ { first: String, second: String, at: String },
    #[error(transparent)]
    Folder(#[from] formats::Error),
}

impl Error {
    /// What to do about it, where more can be said than the message says.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoSuchFile { .. } => "Give its path within the folder, such as 0003_add_documents.sql.",
            Self::Applied { .. } => {
                "Give another migration another number, or write a new one for what is to change."
            }
            Self::BadNumber { .. } => {
                "A number is digits, as the other migrations of the folder have it. What runs again when it changes has none."
            }
            Self::Taken { .. } | Self::TakenInLedger { .. } | Self::Behind { .. } => {
                "Give a number that comes after all others."
            }
            Self::NoJournal => {
                "In other folders the names alone give the order: nself_migrate_renumber() tells what changes one."
            }
            Self::Lost { .. } => "Restore the file, or take its entry out of meta/_journal.json.",
            Self::NoBase { .. } => {
                "Restore that snapshot, or generate this migration again with drizzle-kit on top of the others."
            }
            Self::Differ { .. } => {
                "Generate the later migration again with drizzle-kit on top of the other one: which of the two is meant is for a person to say."
            }
            Self::Folder(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }
}
