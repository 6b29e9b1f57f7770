//! The lists of applied migrations that other tools keep in this database, found and read.

use std::collections::BTreeMap;

use nself_heal_core::trackers::{Belief, Candidate, TRACKERS, Tracker, TrackerRow, believe};
use pgrx::Json;
use serde::Serialize;

use crate::error::Error;
use crate::server::session::{as_extension_owner, with_pinned_settings};
use crate::server::spi::{self, with_snapshot};
use crate::server::transaction::undone;
use crate::server::trust;

/// Another tool's list, as it was found here.
pub struct Found {
    pub tracker: &'static Tracker,
    /// Its table, quoted.
    pub table: String,
    pub rows: Vec<TrackerRow>,
}

impl Found {
    pub fn name(&self) -> String {
        format!("{} ({})", self.tracker.tool, self.table)
    }
}

/// All lists of other tools here, with their rows, and those that cannot be read.
pub fn find() -> Result<(Vec<Found>, Vec<(Found, Error)>), Error> {
    with_pinned_settings(|| {
        with_snapshot(|| {
            let (mut found, mut unreadable) = (Vec::new(), Vec::new());
            for (tracker, table) in tables()? {
                match undone(|| rows(tracker, &table)) {
                    Ok(rows) => found.push(Found { tracker, table, rows }),
                    Err(error) => unreadable.push((Found { tracker, table, rows: Vec::new() }, error)),
                }
            }
            Ok((found, unreadable))
        })
    })
}

/// The tables that are such lists.
pub fn tables() -> Result<Vec<(&'static Tracker, String)>, Error> {
    #[derive(Serialize)]
    struct Known {
        place: usize,
        #[serde(flatten)]
        tracker: &'static Tracker,
    }
    let known: Vec<Known> =
        TRACKERS.iter().enumerate().map(|(place, tracker)| Known { place, tracker }).collect();
    let tables: Vec<(usize, String)> = with_pinned_settings(|| {
        spi::read_json("trackers", sql!("trackers"), &[Json(serde_json::json!(known)).into()])
    })?;
    Ok(tables.into_iter().map(|(place, table)| (&TRACKERS[place], table)).collect())
}

/// The tables that have the name of such a list: where none is known, they are of a form that this program does not know.
pub fn misfits() -> Result<Vec<String>, Error> {
    with_pinned_settings(|| {
        spi::read_json(
            "tracker_misfits",
            sql!("tracker_misfits"),
            &[Json(serde_json::json!(TRACKERS)).into()],
        )
    })
}

/// Reads with the rights in force, and runs nothing of whoever owns the table, nor of who has made others inherit from it.
fn rows(tracker: &Tracker, table: &str) -> Result<Vec<TrackerRow>, Error> {
    let query = tracker.query.replace("{table}", &format!("ONLY {table}"));
    trust::nothing_runs(|| {
        spi::read_json(
            "tracker",
            &format!("SELECT coalesce(json_agg(row_to_json(r)), '[]')::text FROM ({query}) r"),
            &[],
        )
    })
}

/// The migrations of the journal in their order, with what the ledger has of each.
pub fn candidates() -> Result<Vec<Candidate>, Error> {
    as_extension_owner(|| spi::read_json("candidates", sql!("candidates"), &[]))
}

/// What lists of one tool say of them.
pub fn beliefs(tracker: &Tracker, rows: &[TrackerRow], journal: &[Candidate]) -> Result<Vec<Belief>, Error> {
    let hashes = match rows.iter().any(|row| row.sha384.is_some()) {
        true => sha384()?,
        false => BTreeMap::new(),
    };
    Ok(believe(tracker, rows, journal, |version| hashes.get(version).cloned()))
}

/// The SHA-384 of the files whose whole text the journal has, by version.
fn sha384() -> Result<BTreeMap<String, String>, Error> {
    as_extension_owner(|| {
        spi::read_json(
            "sha384",
            "SELECT coalesce(json_object_agg(version, encode(sha384(convert_to(up_sql, 'UTF8')), 'hex')), '{}')::text \
               FROM nself.journal WHERE encode(sha256(convert_to(up_sql, 'UTF8')), 'hex') = checksum",
            &[],
        )
    })
}
