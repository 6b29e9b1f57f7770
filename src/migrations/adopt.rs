//! Joining a database that lives already: another tool's list of applied migrations is found, read and believed, or
//! somebody says that what is here is what the migrations gave. The ledger then has rows of migrations that this program
//! did not run.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::formats::Migration;
use nself_heal_core::ground::Made;
use nself_heal_core::migrations::{Status, choose_baseline};
use nself_heal_core::trackers::{Belief, BeliefState, TRACKERS, Tracker, TrackerRow, believe};
use pgrx::Json;
use serde::Serialize;

use crate::error::Error;
use crate::migrations::ledger::{self, Session};
use crate::migrations::lock::SchemaLock;
use crate::migrations::script::split;
use crate::migrations::status::status;
use crate::migrations::{created, ground};
use crate::server::session::{as_extension_owner, with_pinned_settings};
use crate::server::spi::{self, with_snapshot};
use crate::server::transaction::undone;
use crate::server::trust;

/// Another tool's list, as it was found here.
struct Found {
    tracker: &'static Tracker,
    /// Its table, quoted.
    table: String,
    rows: Vec<TrackerRow>,
}

/// What a tool's list says of the migrations of the journal.
pub struct Adoption {
    pub tool: &'static str,
    pub beliefs: Vec<Belief>,
}

/// Reads another tool's list, and with `confirm` writes into the ledger what it says. `source` names the tool, or its table.
pub fn adopt(source: Option<&str>, confirm: bool) -> Result<Adoption, Error> {
    let _turn = match confirm {
        true => Some(SchemaLock::take(c"nself_adopt()")?),
        false => None,
    };
    let all = status(None)?;
    if all.iter().all(|status| status.journal.is_none()) {
        return Err(nself_heal_core::migrations::Error::EmptyJournal.into());
    }
    let adoption = beliefs(choose(source)?, &all)?;
    if confirm {
        write_down(&adoption, &all)?;
    }
    Ok(adoption)
}

fn beliefs(found: Vec<Found>, all: &[Status]) -> Result<Adoption, Error> {
    let tracker = found.first().expect("one list was chosen").tracker;
    let rows: Vec<TrackerRow> = found.into_iter().flat_map(|found| found.rows).collect();
    let hashes = match rows.iter().any(|row| row.sha384.is_some()) {
        true => sha384()?,
        false => BTreeMap::new(),
    };
    let beliefs = believe(tracker, &rows, all, |entry| hashes.get(&entry.version).cloned());
    Ok(Adoption { tool: tracker.tool, beliefs })
}

fn write_down(adoption: &Adoption, all: &[Status]) -> Result<(), Error> {
    let session = Session::now(None)?;
    let adopted = adoption.beliefs.iter().filter(|belief| belief.state == BeliefState::Adopted);
    let entries: Vec<_> = adopted
        .filter_map(|belief| {
            let status = all.iter().find(|status| status.version == belief.version)?;
            Some((belief, status.journal.as_ref()?))
        })
        .collect();
    if entries.is_empty() {
        return Ok(());
    }
    let mut made = Made::default();
    for (_, entry) in &entries {
        created::note(&mut made, &split(&entry.up())?);
    }
    ground::keep_around(&session, &made)?;
    for (belief, entry) in entries {
        ledger::adopt(&session, entry, adoption.tool, belief.applied_at.clone())?;
    }
    Ok(())
}

/// The list that `source` names, or the only one that there is.
fn choose(source: Option<&str>) -> Result<Vec<Found>, Error> {
    let (mut found, mut unreadable) = find()?;
    if let Some(source) = source {
        let is_known = TRACKERS.iter().any(|tracker| tracker.tool == source);
        let names: Vec<String> = found.iter().map(Found::name).collect();
        let is_meant = |found: &Found| found.tracker.tool == source || found.table == source;
        found.retain(is_meant);
        unreadable.retain(|(found, _)| is_meant(found));
        if found.is_empty() && unreadable.is_empty() {
            return Err(match is_known || source.contains('.') {
                true => Error::NoTracker { tool: Some(source.to_owned()), found: names },
                false => Error::UnknownTracker { tool: source.to_owned() },
            });
        }
    }
    found.retain(|found| !found.rows.is_empty());
    let tools: BTreeSet<&str> = found.iter().map(|found| found.tracker.tool).collect();
    // Hasura keeps one list in two tables.
    let is_one = tools.len() == 1 && (found.len() == 1 || tools.contains("hasura"));
    match found.len() {
        0 if !unreadable.is_empty() => Err(unreadable.remove(0).1),
        0 => Err(Error::NoTracker { tool: source.map(str::to_owned), found: Vec::new() }),
        _ if is_one => Ok(found),
        _ => Err(Error::SeveralTrackers { found: found.iter().map(Found::name).collect() }),
    }
}

impl Found {
    fn name(&self) -> String {
        format!("{} ({})", self.tracker.tool, self.table)
    }
}

/// All lists of other tools here, with their rows, and those that cannot be read.
fn find() -> Result<(Vec<Found>, Vec<(Found, Error)>), Error> {
    #[derive(Serialize)]
    struct Known {
        place: usize,
        #[serde(flatten)]
        tracker: &'static Tracker,
    }
    let known: Vec<Known> =
        TRACKERS.iter().enumerate().map(|(place, tracker)| Known { place, tracker }).collect();
    with_pinned_settings(|| {
        with_snapshot(|| {
            let tables: Vec<(usize, String)> =
                spi::read_json("trackers", sql!("trackers"), &[Json(serde_json::json!(known)).into()])?;
            let (mut found, mut unreadable) = (Vec::new(), Vec::new());
            for (place, table) in tables {
                let tracker = &TRACKERS[place];
                match undone(|| rows(tracker, &table)) {
                    Ok(rows) => found.push(Found { tracker, table, rows }),
                    Err(error) => unreadable.push((Found { tracker, table, rows: Vec::new() }, error)),
                }
            }
            Ok((found, unreadable))
        })
    })
}

/// Reads as the caller, and runs nothing of whoever owns the table.
fn rows(tracker: &Tracker, table: &str) -> Result<Vec<TrackerRow>, Error> {
    let query = tracker.query.replace("{table}", table);
    trust::nothing_runs(|| {
        spi::read_json(
            "tracker",
            &format!("SELECT coalesce(json_agg(row_to_json(r)), '[]')::text FROM ({query}) r"),
            &[],
        )
    })
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

/// Fails if another tool says that it has applied migrations which are to run here as if for the first time.
pub fn refuse_unadopted(all: &[Status]) -> Result<(), Error> {
    if all.iter().any(|status| status.ledger.is_some()) {
        return Ok(());
    }
    // Anybody can make a table of such a name, and nobody must keep migrations from running by one that cannot be read.
    for found in find()?.0 {
        if found.rows.is_empty() {
            continue;
        }
        let table = found.table.clone();
        let Adoption { tool, beliefs } = beliefs(vec![found], all)?;
        let count = beliefs.iter().filter(|belief| belief.state == BeliefState::Adopted).count();
        if count > 0 {
            return Err(Error::NotAdopted { tool, table, count });
        }
    }
    Ok(())
}

/// What a baseline at a migration would be.
pub struct Baseline {
    /// Of the migration, as the journal has it.
    pub version: String,
    /// The migrations that the ledger lacks, and that count as applied with it.
    pub adopted: Vec<Migration>,
    /// How many migrations of the journal it covers.
    pub covers: usize,
}

pub fn plan_baseline(version: &str) -> Result<Baseline, Error> {
    let all = status(None)?;
    let (adopted, covers) = choose_baseline(&all, version)?;
    Ok(Baseline {
        version: all[covers - 1].version.clone(),
        adopted: adopted.into_iter().cloned().collect(),
        covers,
    })
}

/// Takes what is here for what the migrations up to this one gave. The caller holds the schema lock.
pub fn baseline(plan: &Baseline) -> Result<(), Error> {
    let session = Session::now(None)?;
    for entry in &plan.adopted {
        ledger::adopt(&session, entry, "baseline", None)?;
    }
    ground::keep_as_baseline(&session, &plan.version)
}
