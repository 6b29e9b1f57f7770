//! What a migrations folder holds, whichever tool's layout it is kept in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::checksum::sha256_hex;

/// A file of a migrations folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the folder, with `/` between its segments.
    pub path: String,
    pub content: Content,
}

/// What is known of what a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Bytes(Vec<u8>),
    /// The SHA-256 of its bytes alone, as 64 lower-case hexadecimal digits: enough for a snapshot.
    Sha256(String),
}

impl File {
    /// The SHA-256 of its bytes, as 64 lower-case hexadecimal digits.
    pub fn sha256(&self) -> String {
        match &self.content {
            Content::Bytes(bytes) => sha256_hex(bytes),
            Content::Sha256(sha256) => sha256.clone(),
        }
    }
}

/// A migrations folder that has been read.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    pub layout: Layout,
    /// In the order in which they apply.
    pub migrations: Vec<Migration>,
    /// The files that are no part of any migration, ordered by path.
    pub ignored: Vec<Ignored>,
}

/// How a folder arranges its migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Drizzle 0.x: `meta/_journal.json` names the files and their order.
    Drizzle,
    /// Drizzle 1.x: `VERSION_name/migration.sql`, with `snapshot.json` beside it.
    DrizzleFolders,
    /// `VERSION_name.sql` or `VERSION_name.up.sql`, with `VERSION_name.down.sql`.
    Pairs,
    /// `VERSION_name.sql` with `-- UP` and `-- DOWN` lines inside, or those of goose or dbmate.
    Sections,
    /// Hasura's and Diesel's `VERSION_name/up.sql`, with `down.sql` beside it.
    Folders,
}

impl Layout {
    /// The name under which the layout is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drizzle => "drizzle",
            Self::DrizzleFolders => "drizzle-v1",
            Self::Pairs => "pairs",
            Self::Sections => "sections",
            Self::Folders => "folders",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// One step of a schema's history, as its folder says and as a row of the journal: the fields are the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Migration {
    /// As written, with its leading zeros and dashes; [`compare_versions`](super::compare_versions) orders versions.
    pub version: String,
    /// What follows the version, possibly nothing.
    pub name: String,
    /// Of the file with the up part.
    pub path: String,
    /// Without a byte order mark, otherwise as written.
    pub up_sql: String,
    /// The undoing part; if it is there and blank, its author says that there is nothing to undo.
    pub down_sql: Option<String>,
    /// Of the file with the down part: the up part's own file if the layout is [`Layout::Sections`].
    pub down_path: Option<String>,
    /// Of the raw bytes of the file at `path`.
    pub checksum: String,
    /// Of the raw bytes of the file at `down_path`.
    pub down_checksum: Option<String>,
    /// What Drizzle says the schema is after this migration. Only a folder that was sent whole has it at hand: it can be long.
    pub snapshot: Option<serde_json::Value>,
    /// Of the raw bytes of the file with the snapshot.
    pub snapshot_sha256: Option<String>,
    /// Whether Drizzle's breakpoint marks in the SQL count.
    pub breakpoints: bool,
    /// The line of the file on which `up_sql` starts, from 1.
    pub up_line: usize,
    /// The line of the file on which `down_sql` starts, from 1.
    pub down_line: usize,
    /// Whether the up part runs in one transaction. If not, it runs statement by statement.
    pub in_transaction: bool,
    /// The same for the down part.
    pub down_in_transaction: bool,
    /// When the file was made, in milliseconds since 1970, as Drizzle's journal says: Drizzle 0.x goes by it.
    pub generated_at: Option<i64>,
    /// The role with whose rights it was put into the journal last; empty before that.
    pub loaded_by: String,
}

/// A file that is no part of any migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    pub path: String,
    /// A short sentence for the one who wonders why the file was not applied.
    pub reason: String,
}
