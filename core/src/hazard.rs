//! Hazards: what a statement does to those who work in the live database. They are decided from what a rehearsal measured
//! in the shadow, and from what is in the live database. Nothing is guessed from the text of a statement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod allow;
mod judge;
mod words;

pub use allow::{Allowed, allowed};
pub use judge::{judge, judge_migration};
pub use words::{changes, departures, gone};

/// A lock mode of a table, from the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LockMode {
    #[serde(rename = "AccessShareLock")]
    AccessShare,
    #[serde(rename = "RowShareLock")]
    RowShare,
    #[serde(rename = "RowExclusiveLock")]
    RowExclusive,
    #[serde(rename = "ShareUpdateExclusiveLock")]
    ShareUpdateExclusive,
    #[serde(rename = "ShareLock")]
    Share,
    #[serde(rename = "ShareRowExclusiveLock")]
    ShareRowExclusive,
    #[serde(rename = "ExclusiveLock")]
    Exclusive,
    #[serde(rename = "AccessExclusiveLock")]
    AccessExclusive,
}

impl LockMode {
    /// What SQL calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// The mode that has this number in the server.
    pub fn numbered(number: u32) -> Option<Self> {
        const ALL: [LockMode; 8] = [
            LockMode::AccessShare,
            LockMode::RowShare,
            LockMode::RowExclusive,
            LockMode::ShareUpdateExclusive,
            LockMode::Share,
            LockMode::ShareRowExclusive,
            LockMode::Exclusive,
            LockMode::AccessExclusive,
        ];
        ALL.get((number as usize).checked_sub(1)?).copied()
    }

    /// Whether INSERT, UPDATE and DELETE of other sessions wait for it.
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }

    /// Whether SELECT of other sessions waits for it.
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }
}

/// What a maintenance statement does to a table, as the server's manual says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Upkeep {
    /// It locks it, and no more.
    Locks(LockMode),
    /// It makes its indexes anew, one after the other, under SHARE of the table and ACCESS EXCLUSIVE of the index.
    Reindexes,
    /// It writes it anew under ACCESS EXCLUSIVE, as VACUUM FULL does.
    Rewrites,
}

impl Upkeep {
    /// The locks that it takes.
    pub fn locks(self) -> String {
        match self {
            Self::Locks(mode) => mode.as_str().to_owned(),
            Self::Reindexes => "SHARE, and ACCESS EXCLUSIVE of its indexes,".to_owned(),
            Self::Rewrites => LockMode::AccessExclusive.as_str().to_owned(),
        }
    }
}

/// What a statement of a migration did in the shadow to what stood there before the migration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The strongest lock that the statement took on each table, view or sequence, where the transaction had no such strong
    /// one before. By identity.
    pub locks: BTreeMap<String, LockMode>,
    /// The locks that the transaction holds after it, likewise.
    pub held: BTreeMap<String, LockMode>,
    /// The indexes of which the statement took ACCESS EXCLUSIVE, while it holds less of their tables: each with its table.
    pub locked_indexes: BTreeMap<String, String>,
    /// What it does to tables, where it was not run: as the manual says.
    pub by_manual: BTreeMap<String, Upkeep>,
    /// Tables and indexes that have new files.
    pub rewritten: Vec<String>,
    /// Tables that were read from the first row to the last.
    pub scanned: Vec<String>,
    pub truncated: Vec<String>,
    /// Tables of which rows were to be deleted.
    pub deleted_from: Vec<String>,
    /// Columns that were dropped, each as `schema.table.column`.
    pub dropped_columns: Vec<String>,
    /// Tables and materialized views that were dropped.
    pub dropped_tables: Vec<String>,
    pub dropped_indexes: Vec<String>,
    /// What the statement changed in the schema, in the words of drift.
    pub changes: Vec<String>,
    /// What a program may name or rely on, and what became of it.
    pub gone: Vec<Gone>,
    /// Foreign keys that it made and whose columns begin no index.
    pub keys_without_index: Vec<String>,
}

/// Something that a running program may name or rely on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// The type and the identity.
    pub object: String,
    /// The identity; of a default and of NOT NULL that of the column.
    pub of: String,
    /// What became of it, as the end of a sentence about it.
    pub became: String,
}

/// What is known of a table of the live database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Here {
    /// Of the table with its indexes.
    pub bytes: u64,
    /// An estimate of the server's; none: it was never analyzed.
    pub rows: Option<f64>,
    pub has_rows: bool,
    /// Rows that were written since the server counts.
    pub writes: u64,
    /// For how many seconds the server has counted, if it says so.
    pub seconds: Option<f64>,
    /// Columns that hold NULL alone, as far as the statistics know.
    #[serde(default)]
    pub null_columns: Vec<String>,
    /// How often queries used it, if it is an index.
    pub index_scans: u64,
}

/// What is known of the live database: what is not in it is not there.
pub type Live = BTreeMap<String, Here>;

/// The names of the hazards. A name is part of the interface: `nself:allow` and `--fail-on` say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    BlocksReads,
    BlocksWrites,
    RewritesTable,
    ScansUnderLock,
    DeletesData,
    BreaksRunningCode,
    DropsUsedIndex,
    FkWithoutIndex,
    NoTransactionNeeded,
    NotReversible,
}

impl Name {
    pub const ALL: [Self; 10] = [
        Self::BlocksReads,
        Self::BlocksWrites,
        Self::RewritesTable,
        Self::ScansUnderLock,
        Self::DeletesData,
        Self::BreaksRunningCode,
        Self::DropsUsedIndex,
        Self::FkWithoutIndex,
        Self::NoTransactionNeeded,
        Self::NotReversible,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::BlocksReads => "blocks-reads",
            Self::BlocksWrites => "blocks-writes",
            Self::RewritesTable => "rewrites-table",
            Self::ScansUnderLock => "scans-under-lock",
            Self::DeletesData => "deletes-data",
            Self::BreaksRunningCode => "breaks-running-code",
            Self::DropsUsedIndex => "drops-used-index",
            Self::FkWithoutIndex => "fk-without-index",
            Self::NoTransactionNeeded => "no-transaction-needed",
            Self::NotReversible => "not-reversible",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == word)
    }
}

/// One hazard of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    pub name: Name,
    /// The identity of what it is about; empty if that is the migration.
    pub object: String,
    /// What happens.
    pub sentence: String,
    /// What to do instead.
    pub gentler: &'static str,
    /// Why it is accepted, if the file says so.
    pub allowed: Option<String>,
}

#[cfg(test)]
mod tests;
