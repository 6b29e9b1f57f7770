//! Why migrations are not applied or undone as asked, in the words of who asked.

/// A migration that was changed after it was applied, with its checksums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub version: String,
    pub applied: String,
    pub now: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the journal is empty")]
    EmptyJournal,
    #[error("there is no migration {version} in the journal")]
    NoSuchMigration { version: String },
    #[error("migration {version} is already applied")]
    AlreadyApplied { version: String },
    #[error("migration {version} is not applied")]
    NotApplied { version: String },
    #[error("{name} must be at least 1, not {value}")]
    TooFew { name: &'static str, value: i32 },
    #[error("target and {name} cannot be given together")]
    TargetAndCount { name: &'static str },
    #[error("{} to be {verb}, but {} {state}", were(*.count), only(*.available))]
    TooMany { count: usize, available: usize, verb: &'static str, state: &'static str },
    /// `departed` has all that are edited or missing.
    #[error("the journal is not what was applied: {departed}")]
    Edited { departed: String, edited: Vec<Edit> },
    #[error("migration {version} is applied up to statement {done}, and what ran of it was changed since")]
    EditedPart { version: String, done: usize },
    #[error("migration {version} comes before {last}, which is already applied")]
    OutOfOrder { version: String, last: String },
    #[error(
        "migration {version} comes before {last}, which is applied: what is here now is not what {version} gave"
    )]
    BehindLedger { version: String, last: String },
    #[error("migration {version} has no down part")]
    NoDown { version: String },
    #[error("{function} was not told which migration")]
    WhichMigration { function: &'static str },
    #[error("{function} was not told the reason")]
    WhichReason { function: &'static str },
    #[error("migration {version} is applied, and not in the journal: there is no file that could count")]
    NoFile { version: String },
    #[error("migration {version} runs again when its file changes: its checksum needs no reset")]
    RunsAgain { version: String },
    #[error("migration {version} is applied only in part, and goes on with its file as it is")]
    AppliedInPart { version: String },
    #[error("the file of migration {version} is what was applied: there is nothing to reset")]
    NotEdited { version: String },
}

fn were(count: usize) -> String {
    if count == 1 { "1 migration was".to_owned() } else { format!("{count} migrations were") }
}

fn only(available: usize) -> String {
    match available {
        0 => "none is".to_owned(),
        1 => "only 1 is".to_owned(),
        more => format!("only {more} are"),
    }
}

impl Error {
    /// What belongs to it and is too long for the message.
    pub fn detail(&self) -> Option<String> {
        let Self::Edited { edited, .. } = self else { return None };
        let line = |edit: &Edit| match edit.applied == edit.now {
            false => {
                format!("The checksum of {} was {}, and is now {}.", edit.version, edit.applied, edit.now)
            }
            true => format!(
                "The SQL of {} in the ledger is not that of its checksum {}: somebody has edited the row.",
                edit.version, edit.now
            ),
        };
        Some(edited.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// What to do about it, where more can be said than the message says.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::EmptyJournal => {
                "Load a migrations folder with nself_journal_load() or nself_journal_put()."
            }
            Self::NoSuchMigration { .. } => "nself_migrate_status() lists what there is.",
            Self::AlreadyApplied { .. } => "To go back to it, call nself_migrate_down().",
            Self::NotApplied { .. } | Self::TooMany { .. } => {
                "nself_migrate_status() tells which migrations are applied."
            }
            Self::Edited { .. } => {
                "Put each edited file back as it was and write a new migration for the change. If an edit is to stay, \
                 nself_migrate_reset_checksum() says so, with the reason. If files were renamed, nself_migrate_repair() tells the \
                 ledger."
            }
            Self::EditedPart { .. } => {
                "Put the statements that ran back as they were, and the mark with them. Those that have not run may \
                 change."
            }
            Self::OutOfOrder { .. } => {
                "Give it a version of its own that comes last, or undo the later ones first with nself_migrate_down(). If it \
                 does not depend on their order, nself_migrate_up(out_of_order => true) applies it now."
            }
            Self::BehindLedger { .. } => "Name the last migration that is applied, or a later one.",
            Self::NoDown { .. } => "Write the down part, load the folder again, and repeat.",
            Self::WhichMigration { .. } => "nself_migrate_status() lists the migrations and their states.",
            Self::WhichReason { .. } => "Say why the edit may stay: the ledger keeps it, with who and when.",
            Self::NoFile { .. } => "Put the file back and load the folder.",
            Self::AppliedInPart { .. } => "Let it come to its end with nself_migrate_up_start() first.",
            Self::NotEdited { .. } => "nself_migrate_verify() tells which migrations were edited.",
            Self::TooFew { .. } | Self::TargetAndCount { .. } | Self::RunsAgain { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
