//! The lists of applied migrations that other tools keep: how each is found and read, and which migrations of the journal
//! its rows speak of.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::formats::{Migration, compare_versions};
use crate::migrations::{State, Status};

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
}

const fn tracker(
    tool: &'static str,
    schema: Option<&'static str>,
    table: &'static str,
    columns: &'static [&'static str],
    query: &'static str,
) -> Tracker {
    Tracker { tool, schema, table, columns, without: &[], query, is_last_only: false }
}

/// All that are known.
pub static TRACKERS: &[Tracker] = &[
    tracker(
        "drizzle",
        None,
        "__drizzle_migrations",
        &["id", "hash", "created_at"],
        "SELECT hash FROM {table} ORDER BY created_at, id",
    ),
    tracker(
        "hasura",
        Some("hdb_catalog"),
        "schema_migrations",
        &["version", "dirty"],
        "SELECT version::text, CASE WHEN dirty THEN 'dirty' END AS trouble FROM {table} ORDER BY version",
    ),
    tracker(
        "hasura",
        Some("hdb_catalog"),
        "hdb_version",
        &["cli_state"],
        "SELECT m.key AS version, CASE WHEN m.value = 'true' THEN 'dirty' END AS trouble \
           FROM {table}, jsonb_each(CASE jsonb_typeof(cli_state -> 'migrations') WHEN 'object' THEN cli_state -> 'migrations' END) s, \
                jsonb_each(s.value) m ORDER BY m.key::numeric",
    ),
    tracker(
        "prisma",
        None,
        "_prisma_migrations",
        &["migration_name", "checksum", "finished_at", "rolled_back_at"],
        "SELECT migration_name AS name, checksum AS hash, finished_at::text AS applied_at, \
                CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled back' WHEN finished_at IS NULL THEN 'failed' END AS trouble \
           FROM {table} ORDER BY started_at",
    ),
    tracker(
        "supabase",
        Some("supabase_migrations"),
        "schema_migrations",
        &["version", "statements"],
        "SELECT version FROM {table} ORDER BY version",
    ),
    Tracker {
        is_last_only: true,
        ..tracker(
            "golang-migrate",
            None,
            "schema_migrations",
            &["version", "dirty"],
            "SELECT version::text, CASE WHEN dirty THEN 'dirty' END AS trouble FROM {table} ORDER BY version",
        )
    },
    Tracker {
        without: &["dirty", "statements"],
        // Rails and others keep the same table.
        ..tracker(
            "dbmate",
            None,
            "schema_migrations",
            &["version"],
            "SELECT version::text FROM {table} ORDER BY version",
        )
    },
    tracker(
        "goose",
        None,
        "goose_db_version",
        &["id", "version_id", "is_applied", "tstamp"],
        "SELECT version_id::text AS version, tstamp::text AS applied_at, \
                CASE WHEN NOT is_applied THEN 'rolled back' END AS trouble \
           FROM (SELECT DISTINCT ON (version_id) * FROM {table} WHERE version_id > 0 ORDER BY version_id, id DESC) v \
          ORDER BY version_id",
    ),
    tracker(
        "sqlx",
        None,
        "_sqlx_migrations",
        &["version", "success", "installed_on", "checksum"],
        "SELECT version::text, installed_on::text AS applied_at, CASE WHEN NOT success THEN 'failed' END AS trouble, \
                encode(checksum, 'hex') AS sha384 \
           FROM {table} ORDER BY version",
    ),
    tracker(
        "diesel",
        None,
        "__diesel_schema_migrations",
        &["version", "run_on"],
        "SELECT version, run_on::text AS applied_at FROM {table} ORDER BY version",
    ),
    tracker(
        "flyway",
        None,
        "flyway_schema_history",
        &["installed_rank", "version", "type", "success", "installed_on"],
        "SELECT version, installed_on::text AS applied_at, CASE WHEN NOT success THEN 'failed' END AS trouble \
           FROM {table} WHERE version IS NOT NULL AND type LIKE '%SQL%' ORDER BY installed_rank",
    ),
    tracker(
        "refinery",
        None,
        "refinery_schema_history",
        &["version", "name", "applied_on", "checksum"],
        // It writes times as texts, which may be of no form that the server reads.
        "SELECT version::text FROM {table} ORDER BY version",
    ),
    tracker(
        "node-pg-migrate",
        None,
        "pgmigrations",
        &["id", "name", "run_on"],
        "SELECT name, run_on::text AS applied_at FROM {table} ORDER BY run_on, id",
    ),
    tracker(
        "graphile-migrate",
        Some("graphile_migrate"),
        "migrations",
        &["hash", "previous_hash", "filename", "date"],
        "SELECT filename AS name, date::text AS applied_at FROM {table} ORDER BY filename",
    ),
    tracker(
        "knex",
        None,
        "knex_migrations",
        &["id", "name", "batch", "migration_time"],
        "SELECT name, migration_time::text AS applied_at FROM {table} ORDER BY id",
    ),
];

/// A row of another tool's list. What the tool does not write down is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TrackerRow {
    pub version: Option<String>,
    /// The name of the file or folder.
    pub name: Option<String>,
    /// The SHA-256 of the file.
    pub hash: Option<String>,
    /// The SHA-384 of the file.
    pub sha384: Option<String>,
    pub applied_at: Option<String>,
    /// Why the tool itself does not take it for applied.
    pub trouble: Option<String>,
}

impl TrackerRow {
    /// What the tool calls the migration.
    fn called(&self) -> &str {
        [&self.name, &self.version, &self.hash].into_iter().flatten().next().map_or("", String::as_str)
    }

    fn is_of(&self, entry: &Migration) -> bool {
        if let Some(name) = &self.name {
            return is_name_of(name, entry);
        }
        match (&self.version, &self.hash) {
            (Some(version), _) => compare_versions(version, &entry.version) == Ordering::Equal,
            (None, Some(hash)) => hash.eq_ignore_ascii_case(&entry.checksum),
            (None, None) => false,
        }
    }
}

/// Whether a tool means this migration by a name: its path, with or without what it ends with, or one of its segments.
fn is_name_of(name: &str, entry: &Migration) -> bool {
    let plain = |text: &str| {
        let text = text.rsplit_once('/').map_or(text, |(_, last)| last);
        ["up.sql", "sql", "js", "ts"]
            .iter()
            .find_map(|ending| text.strip_suffix(ending)?.strip_suffix('.'))
            .unwrap_or(text)
            .to_owned()
    };
    let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_file_in_folder = ["migration", "up"].contains(&plain(&entry.path).as_str());
    let own = if is_file_in_folder { plain(folder) } else { plain(&entry.path) };
    plain(name) == own
}

/// What is to be believed of one migration, or of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    /// Of the migration in the journal; of a row that no migration is known of, what the tool calls it.
    pub version: String,
    pub name: String,
    pub state: BeliefState,
    pub applied_at: Option<String>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeliefState {
    /// The tool says that it was applied, and nothing speaks against it.
    Adopted,
    /// The ledger has it already.
    Known,
    /// The tool does not say so.
    Pending,
    /// The tool says that it failed, or was taken back.
    NotApplied,
    /// There is no such migration in the journal.
    Unknown,
}

impl BeliefState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Known => "applied",
            Self::Pending => "pending",
            Self::NotApplied => "not applied",
            Self::Unknown => "unknown",
        }
    }
}

/// What the rows of a tool's list say of the migrations of the journal, in the journal's order, then the rows that are of
/// none of them. `sha384` gives the hash of a file's text.
pub fn believe(
    tracker: &Tracker,
    rows: &[TrackerRow],
    journal: &[Status],
    sha384: impl Fn(&Migration) -> Option<String>,
) -> Vec<Belief> {
    let entries: Vec<(&Status, &Migration)> =
        journal.iter().filter_map(|status| Some((status, status.journal.as_ref()?))).collect();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    // The last word on a migration counts: it can have failed before.
    let row_of = |entry: &Migration| rows.iter().rposition(|row| row.is_of(entry));
    let last = entries.iter().rposition(|(_, entry)| row_of(entry).is_some());
    let mut beliefs: Vec<Belief> = entries
        .iter()
        .enumerate()
        .map(|(place, (status, entry))| {
            let own = row_of(entry);
            used.extend(rows.iter().enumerate().filter(|(_, row)| row.is_of(entry)).map(|(n, _)| n));
            // A tool that keeps its last version alone means those before it, too.
            let row = match (own, tracker.is_last_only, last) {
                (None, true, Some(last)) if place < last => Some(TrackerRow::default()),
                (own, ..) => own.map(|own| rows[own].clone()),
            };
            let is_before = last.is_some_and(|last| place < last);
            belief(tracker, status, entry, row, is_before, &sha384)
        })
        .collect();
    let unknown = rows.iter().enumerate().filter(|(n, _)| !used.contains(n)).map(|(_, row)| Belief {
        version: row.version.clone().unwrap_or_default(),
        name: row.called().to_owned(),
        state: BeliefState::Unknown,
        applied_at: row.applied_at.clone(),
        note: Some(match (&row.name, &row.version) {
            (None, None) => format!(
                "no migration of the journal has this hash: its file was changed or removed after {} applied it",
                tracker.tool
            ),
            _ => "there is no such migration in the journal".to_owned(),
        }),
    });
    beliefs.extend(unknown);
    beliefs
}

fn belief(
    tracker: &Tracker,
    status: &Status,
    entry: &Migration,
    row: Option<TrackerRow>,
    is_before: bool,
    sha384: impl Fn(&Migration) -> Option<String>,
) -> Belief {
    let belief = |state, applied_at, note| Belief {
        version: entry.version.clone(),
        name: entry.name.clone(),
        state,
        applied_at,
        note,
    };
    if status.ledger.is_some() && status.state != State::Partial {
        return belief(BeliefState::Known, None, None);
    }
    let Some(row) = row else {
        let skipped =
            format!("later ones are applied, and this one is not: {} passes over it for ever", tracker.tool);
        let note = (is_before && tracker.tool == "drizzle").then_some(skipped);
        return belief(BeliefState::Pending, None, note);
    };
    if let Some(trouble) = row.trouble {
        let note = format!("{} says: {trouble}", tracker.tool);
        return belief(BeliefState::NotApplied, row.applied_at, Some(note));
    }
    let differs = |theirs: &Option<String>, ours: Option<String>| {
        theirs.as_ref().zip(ours).is_some_and(|(theirs, ours)| !theirs.eq_ignore_ascii_case(&ours))
    };
    let is_other = differs(&row.hash, Some(entry.checksum.clone())) || differs(&row.sha384, sha384(entry));
    let note = is_other.then(|| format!("its file is not what {} applied", tracker.tool));
    belief(BeliefState::Adopted, row.applied_at, note)
}
