//! What can be wrong with a migrations folder, in the words its owner reads.

use super::migration::Layout;

/// Why a folder cannot be read. Nothing of a folder is applied unless all of it can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("there are no migrations among the {looked_at} files of the folder")]
    NoMigrations { looked_at: usize },
    #[error("of the file {path:?} only the hash was sent")]
    NotSent { path: String },
    #[error("the folder mixes two layouts: {a_path:?} is of layout {a}, {b_path:?} of layout {b}")]
    MixedLayouts { a: Layout, a_path: String, b: Layout, b_path: String },
    #[error("the folder holds migrations in two places: {first:?} and {second:?}")]
    SeveralFolders { first: String, second: String },
    #[error("version {version} is there twice: {first:?} and {second:?}")]
    DuplicateVersion { version: String, first: String, second: String },
    #[error("the journal names {tag:?}, but there is no file {path:?}")]
    MissingFile { tag: String, path: String },
    #[error("{path:?} says the folder is for dialect {found:?}, not for PostgreSQL")]
    Dialect { path: String, found: String },
    #[error("{path:?} is not UTF-8: its first bad byte is at offset {offset}")]
    NotUtf8 { path: String, offset: usize },
    #[error("{path:?} has a NUL byte at offset {offset}, which no SQL can have")]
    NulByte { path: String, offset: usize },
    #[error("the path {path:?} is not a plain path inside the migrations folder")]
    PathLeavesFolder { path: String },
    #[error("the path {path:?} is there twice")]
    DuplicatePath { path: String },
    #[error("{path:?} is not a Drizzle journal: {reason}")]
    BadJournal { path: String, reason: String },
    #[error("{path:?} is not a Drizzle snapshot: {reason}")]
    BadSnapshot { path: String, reason: String },
    #[error("line {line} of {path:?}: {reason}")]
    BadSections { path: String, line: usize, reason: &'static str },
    #[error("line {line} of {path:?} begins a down part with another tool's mark {mark:?}")]
    ForeignSections { path: String, line: usize, mark: String },
    #[error("line {line} of {path:?} includes another file: {include:?}")]
    Includes { path: String, line: usize, include: String },
    #[error(
        "line {line} of {path:?} says that the migration runs without a transaction, but statements come before it"
    )]
    MisplacedMark { path: String, line: usize },
    #[error("line {line} of {path:?} depends on {what}")]
    BadDependency { path: String, line: usize, what: String },
    #[error("line {line} of {path:?} is no mark that is known: {mark:?}")]
    UnknownMark { path: String, line: usize, mark: String },
}

impl Error {
    /// What to do about it, where more can be said than the message says.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoMigrations { .. } => {
                "A migration is VERSION_name.sql, VERSION_name.up.sql, VERSION_name/up.sql, \
                 VERSION_name/migration.sql or a file named by Drizzle's meta/_journal.json."
            }
            Self::NotSent { .. } => {
                "Send its content: nself_journal_needs() tells of which files that is needed."
            }
            Self::MixedLayouts { .. } => {
                "Keep one layout in a folder, or point to the folder that has only one."
            }
            Self::SeveralFolders { .. } => "Point to the one folder that is to be applied.",
            Self::DuplicateVersion { .. } => {
                "Give one of them a version of its own; leading zeros and dashes do not tell versions apart."
            }
            Self::MissingFile { .. } => "Restore the file, or take its entry out of meta/_journal.json.",
            Self::Dialect { .. } => "Point to the folder of the project's PostgreSQL schema.",
            Self::NotUtf8 { .. } => "Save the file as UTF-8.",
            Self::NulByte { .. } => "Files saved as UTF-16 have NUL bytes; save the file as UTF-8.",
            Self::PathLeavesFolder { .. } => {
                "Paths are relative to the folder, with / between segments and without . and .. segments."
            }
            Self::BadJournal { .. } => "Restore meta/_journal.json as drizzle-kit wrote it.",
            Self::BadSnapshot { .. } => "Restore the snapshot as drizzle-kit wrote it, or delete it.",
            Self::BadSections { .. } => "A file has one line -- UP, then at most one line -- DOWN.",
            Self::MisplacedMark { .. } => {
                "Put the line -- nself:no-transaction before the first statement of the file or of its part."
            }
            Self::UnknownMark { .. } => "The mark is written -- nself:no-transaction.",
            Self::Includes { .. } => {
                "Put that file's text in the place of the line: graphile-migrate does so when it commits a migration."
            }
            Self::ForeignSections { .. } => "Mark the parts with lines -- UP and -- DOWN instead.",
            Self::BadDependency { .. } => {
                "Name a migration that comes before, by its file. Where versions or the journal give the order, this line \
                 cannot change it: another number can."
            }
            Self::DuplicatePath { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
