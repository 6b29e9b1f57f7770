//! What the journal and the ledger say of one migration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::script::{Direction, Script};
use crate::formats::{Migration, is_repeatable};

impl Migration {
    pub fn up(&self) -> Script<'_> {
        Script {
            version: &self.version,
            path: &self.path,
            sql: &self.up_sql,
            first_line: self.up_line,
            breakpoints: self.breakpoints,
            direction: Direction::Up,
            in_transaction: self.in_transaction,
        }
    }

    /// It runs in the transaction of its caller, whatever its mark says.
    pub fn down(&self) -> Option<Script<'_>> {
        Some(Script {
            version: &self.version,
            path: self.down_path.as_deref().unwrap_or(&self.path),
            sql: self.down_sql.as_deref()?,
            first_line: self.down_line,
            breakpoints: self.breakpoints,
            direction: Direction::Down,
            in_transaction: true,
        })
    }
}

/// A migration that is applied now, with all that a replay of it needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Applied {
    pub version: String,
    pub name: String,
    pub path: String,
    pub tenant: Option<String>,
    pub sql: String,
    pub breakpoints: bool,
    pub in_transaction: bool,
    /// How many statements have run of a migration that runs statement by statement; none: all of it has.
    pub statements_done: Option<usize>,
    /// The next statement was begun at top level, and may have ended. This says what it is about.
    pub statement_begun: Option<String>,
    pub checksum: String,
    /// The role as which the session logged in.
    pub logged_in_as: String,
    /// The role whose rights were in force.
    pub applied_by: String,
    pub settings: BTreeMap<String, String>,
    pub rights: Rights,
    #[serde(default)]
    pub applied_at: Option<String>,
    #[serde(default)]
    pub duration_ms: i64,
    /// Whose word it is that it was applied, if this program did not run it: another tool's, or that of a baseline.
    #[serde(default)]
    pub adopted: Option<String>,
    /// The other tool into whose list it was written, too.
    #[serde(default)]
    pub mirrored: Option<String>,
    /// The row of the ledger that has the evidence of what it did, if there is one. Only where a replay is to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_row: Option<i64>,
    /// The file that counts as what was applied, since somebody has reset the checksum. What ran stays in `sql`.
    #[serde(default, skip_serializing)]
    pub reset: Option<Reset>,
    /// That its file is gone for good.
    #[serde(default, skip_serializing)]
    pub retired: Option<Retired>,
}

/// That somebody has said so of an applied migration whose file is gone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Retired {
    pub by: String,
    pub at: String,
}

/// That the checksum of an applied migration was reset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reset {
    /// The file as it was then.
    pub sql: String,
    pub checksum: String,
    pub reason: String,
    pub by: String,
    pub at: String,
}

impl Applied {
    /// Whether this is an earlier run of what runs again whenever its file has changed.
    pub fn is_outdated_by(&self, entry: &Migration) -> bool {
        is_repeatable(&entry.version) && self.statements_done.is_none() && self.checksum != entry.checksum
    }

    /// The checksum of the file that counts as what was applied.
    pub fn accepted_checksum(&self) -> &str {
        self.reset.as_ref().map_or(&self.checksum, |reset| &reset.checksum)
    }

    /// The SQL of that file.
    pub fn accepted_sql(&self) -> &str {
        self.reset.as_ref().map_or(&self.sql, |reset| &reset.sql)
    }

    pub fn script(&self) -> Script<'_> {
        Script {
            version: &self.version,
            path: &self.path,
            sql: &self.sql,
            first_line: 1,
            breakpoints: self.breakpoints,
            direction: Direction::Up,
            in_transaction: self.in_transaction,
        }
    }

    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// What a role could do where migrations begin, in a database without anything of a user's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rights {
    /// Whether it had the rights of the database's owner.
    pub owns_database: bool,
    pub creates_schemas: bool,
    pub creates_in_public: bool,
}
