//! Who may call what: the levels, and the rights that each of them gives. Plain data. The server asks for a level before
//! each function does its work, gives the rights of a level together, and counts rights that no level gives.

use serde::Serialize;

/// What a role may do. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// See the state of the schema, of the migrations, of jobs and of heals. Changes nothing.
    Look,
    /// Close drift.
    Heal,
    /// Decide what the journal holds, and run it.
    Migrate,
    /// Switch the heal of the database, allow drift, and say who has which level.
    Admin,
}

impl Level {
    pub const ALL: [Level; 4] = [Level::Look, Level::Heal, Level::Migrate, Level::Admin];

    pub fn word(self) -> &'static str {
        match self {
            Level::Look => "look",
            Level::Heal => "heal",
            Level::Migrate => "migrate",
            Level::Admin => "admin",
        }
    }

    /// The function in schema nself that is the key of this level: a role that may EXECUTE it has the level.
    pub fn key(self) -> &'static str {
        match self {
            Level::Look => "may_look",
            Level::Heal => "may_heal",
            Level::Migrate => "may_migrate",
            Level::Admin => "may_admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// The level at a place in the order, from 0.
    pub fn at(place: usize) -> Option<Self> {
        Self::ALL.get(place).copied()
    }

    pub fn place(self) -> usize {
        self as usize
    }
}

/// What a right is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// A function of the extension in its own schema, wherever that is, under each of its signatures.
    Function,
    /// A function of the extension in schema nself.
    Key,
    /// The schema nself, or nself_api.
    Schema,
    /// A table or view in schema nself.
    Relation,
    /// A column of one.
    Column,
    /// A function in schema nself_api, where that is.
    ApiFunction,
    /// A row type in schema nself_api.
    ApiRelation,
}

/// One right that a level gives, and every level above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Right {
    /// The place of the level in the order.
    pub level: usize,
    pub on: On,
    pub name: &'static str,
    pub column: Option<&'static str>,
    pub privilege: &'static str,
}

/// The functions that a user calls, with the lowest level that may call them. Where arguments decide (`confirm`,
/// `dry_run`), this is the level of the call that changes nothing.
const FUNCTIONS: [(&str, Level); 48] = [
    ("nself_access", Level::Look),
    ("nself_access_level", Level::Look),
    ("nself_adopt", Level::Look),
    ("nself_servable", Level::Look),
    ("nself_baseline", Level::Look),
    ("nself_drift", Level::Look),
    ("nself_environment", Level::Look),
    ("nself_drift_not_compared", Level::Look),
    ("nself_ground", Level::Look),
    ("nself_ground_platform", Level::Look),
    ("nself_heal", Level::Look),
    ("nself_heal_history", Level::Look),
    ("nself_heal_status", Level::Look),
    ("nself_heal_steps", Level::Look),
    ("nself_ignored", Level::Look),
    ("nself_replay_left_out", Level::Look),
    ("nself_job", Level::Look),
    ("nself_journal_rebase", Level::Look),
    ("nself_migrate_conflicts", Level::Look),
    ("nself_migrate_down", Level::Look),
    ("nself_migrate_rehearse", Level::Look),
    ("nself_migrate_renumber", Level::Look),
    ("nself_migrate_repair", Level::Look),
    ("nself_migrate_status", Level::Look),
    ("nself_migrate_up", Level::Look),
    ("nself_migrate_verify", Level::Look),
    ("nself_tenant_drift", Level::Look),
    ("nself_tenant_status", Level::Look),
    ("nself_tenant_up", Level::Look),
    ("nself_heal_start", Level::Heal),
    ("nself_job_cancel", Level::Heal),
    ("nself_journal_load", Level::Migrate),
    ("nself_journal_put", Level::Migrate),
    ("nself_journal_needs", Level::Look),
    ("nself_journal_unchanged", Level::Look),
    ("nself_migrate_up_start", Level::Migrate),
    ("nself_tenant_add", Level::Migrate),
    ("nself_tenant_remove", Level::Migrate),
    ("nself_tenant_up_start", Level::Migrate),
    ("nself_allow", Level::Admin),
    ("nself_api_install", Level::Admin),
    ("nself_api_uninstall", Level::Admin),
    ("nself_migrate_reset_checksum", Level::Admin),
    ("nself_grant_access", Level::Admin),
    ("nself_ground_forget", Level::Admin),
    ("nself_heal_disable", Level::Admin),
    ("nself_heal_enable", Level::Admin),
    ("nself_revoke_access", Level::Admin),
];

/// Tables and views that a level reads in full.
const READ: [(&str, Level); 13] = [
    ("allowed_drift", Level::Look),
    ("ddl_log", Level::Look),
    ("heal_events", Level::Look),
    ("heal_steps", Level::Look),
    ("heal_switch", Level::Look),
    ("home", Level::Look),
    ("jobs", Level::Look),
    ("tenants", Level::Look),
    ("applied", Level::Migrate),
    ("evidence", Level::Migrate),
    ("job_log", Level::Migrate),
    ("journal", Level::Migrate),
    ("ledger", Level::Migrate),
];

/// Tables and views that hold SQL as it was written, which may hold a password: `look` reads these columns alone.
const READ_IN_PART: [(&str, &[&str]); 3] = [
    (
        "journal",
        &[
            "version",
            "seq",
            "name",
            "path",
            "layout",
            "down_path",
            "checksum",
            "down_checksum",
            "breakpoints",
            "up_line",
            "down_line",
            "in_transaction",
            "down_in_transaction",
            "loaded_at",
            "loaded_by",
        ],
    ),
    ("ledger", &LEDGER),
    ("applied", &LEDGER),
];

const LEDGER: [&str; 17] = [
    "id",
    "version",
    "name",
    "path",
    "direction",
    "tenant",
    "breakpoints",
    "checksum",
    "logged_in_as",
    "applied_by",
    "applied_at",
    "duration_ms",
    "in_transaction",
    "statements_done",
    "statement_begun",
    "reason",
    "place",
];

/// The one table that a user writes.
const WRITTEN: (&str, Level, [&str; 3]) = ("allowed_drift", Level::Admin, ["DELETE", "INSERT", "UPDATE"]);

/// A right on a whole object.
pub fn right(level: Level, on: On, name: &'static str, privilege: &'static str) -> Right {
    Right { level: level.place(), on, name, column: None, privilege }
}

/// All rights that levels give on what is the extension's.
pub fn rights() -> Vec<Right> {
    let (written, writer, writes) = WRITTEN;
    let mut all = vec![right(Level::Look, On::Schema, "nself", "USAGE")];
    all.extend(Level::ALL.map(|level| right(level, On::Key, level.key(), "EXECUTE")));
    all.extend(FUNCTIONS.map(|(name, level)| right(level, On::Function, name, "EXECUTE")));
    all.extend(READ.map(|(name, level)| right(level, On::Relation, name, "SELECT")));
    all.extend(writes.map(|privilege| right(writer, On::Relation, written, privilege)));
    for (name, columns) in READ_IN_PART {
        all.extend(
            columns.iter().map(|column| Right {
                column: Some(column),
                ..right(Level::Look, On::Column, name, "SELECT")
            }),
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn levels_are_ordered_and_known_by_their_words() {
        assert!(Level::ALL.is_sorted());
        for (place, level) in Level::ALL.into_iter().enumerate() {
            assert_eq!(Level::parse(level.word()), Some(level));
            assert_eq!((level.place(), Level::at(place)), (place, Some(level)));
        }
        assert_eq!(Level::ALL.map(Level::word), ["look", "heal", "migrate", "admin"]);
        for word in ["", "Look", "look ", "owner"] {
            assert_eq!(Level::parse(word), None);
        }
        assert_eq!(Level::at(4), None);
    }

    #[test]
    fn no_right_is_given_twice() {
        let all = rights();
        let of: BTreeSet<_> = all.iter().map(|right| (right.name, right.column, right.privilege)).collect();
        assert_eq!(of.len(), all.len());
    }

    #[test]
    fn look_sees_no_sql_and_writes_nothing() {
        let look: Vec<Right> =
            rights().into_iter().filter(|right| right.level == Level::Look.place()).collect();
        let secret = ["up_sql", "down_sql", "snapshot", "sql", "settings"];
        assert!(!look.iter().any(|right| right.column.is_some_and(|column| secret.contains(&column))));
        let whole = |name| look.iter().any(|right| right.on == On::Relation && right.name == name);
        assert!(!["journal", "ledger", "applied", "expected_state", "job_log"].into_iter().any(whole));
        assert!(whole("jobs"));
        assert!(look.iter().all(|right| ["SELECT", "USAGE", "EXECUTE"].contains(&right.privilege)));
    }
}
