//! Joining a database that lives already: another tool's list of applied migrations is found, read and believed, or
//! somebody says that what is here is what the migrations gave. The ledger then has rows of migrations that this program
//! did not run.

use std::collections::BTreeSet;

use nself_heal_core::formats::Migration;
use nself_heal_core::ground::Made;
use nself_heal_core::migrations::{Direction, choose_baseline};
use nself_heal_core::trackers::{Belief, BeliefState, Candidate, TRACKERS, TrackerRow};

use crate::error::Error;
use crate::migrations::elsewhere::{self, Elsewhere};
use crate::migrations::ledger::{self, Session};
use crate::migrations::lock::SchemaLock;
use crate::migrations::script::split;
use crate::migrations::status::status;
use crate::migrations::trackers::{self, Found, candidates, find};
use crate::migrations::{created, ground, journal};
use crate::server::session::as_extension_owner;
use crate::server::spi;

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
    adopt_in_turn(source, confirm)
}

/// The same for who holds the schema lock, unless this is a dry run.
pub fn adopt_in_turn(source: Option<&str>, confirm: bool) -> Result<Adoption, Error> {
    let journal = candidates()?;
    if journal.is_empty() {
        return Err(nself_heal_core::migrations::Error::EmptyJournal.into());
    }
    let found = choose(source)?;
    let tables: Vec<String> = found.iter().map(|found| found.table.clone()).collect();
    let adoption = beliefs(found, &journal)?;
    if confirm {
        write_down(&adoption)?;
        note_lists(&adoption, &tables)?;
    }
    Ok(adoption)
}

fn beliefs(found: Vec<Found>, journal: &[Candidate]) -> Result<Adoption, Error> {
    let tracker = found.first().expect("one list was chosen").tracker;
    let rows: Vec<TrackerRow> = found.into_iter().flat_map(|found| found.rows).collect();
    Ok(Adoption { tool: tracker.tool, beliefs: trackers::beliefs(tracker, &rows, journal)? })
}

fn write_down(adoption: &Adoption) -> Result<(), Error> {
    let direction = |belief: &Belief| match belief.state {
        BeliefState::Adopted => Some(Direction::Up),
        BeliefState::Undone => Some(Direction::Down),
        _ => None,
    };
    let news: Vec<(&Belief, Direction)> =
        adoption.beliefs.iter().filter_map(|belief| Some((belief, direction(belief)?))).collect();
    if news.is_empty() {
        return Ok(());
    }
    let journal = journal::entries()?;
    let entry = |belief: &Belief| journal.iter().find(|entry| entry.version == belief.version);
    let session = Session::now(None)?;
    let mut made = Made::default();
    for (belief, direction) in &news {
        if let (Direction::Up, Some(entry)) = (direction, entry(belief)) {
            created::note(&mut made, &split(&entry.up())?);
        }
    }
    ground::keep_around(&session, &made)?;
    for (belief, direction) in news {
        if let Some(entry) = entry(belief) {
            ledger::adopt(&session, entry, direction, adoption.tool, belief.applied_at.clone())?;
        }
    }
    Ok(())
}

/// Remembers which lists are believed, so that it is noticed what the tool does from now on.
fn note_lists(adoption: &Adoption, tables: &[String]) -> Result<(), Error> {
    let unknown = adoption.beliefs.iter().filter(|belief| belief.state == BeliefState::Unknown);
    let unknown: Vec<&str> = unknown.map(|belief| belief.name.as_str()).collect();
    as_extension_owner(|| {
        spi::write(
            "INSERT INTO nself.adopted_list (relation, tool, unknown) SELECT r, $2, $3 FROM unnest($1) r \
             ON CONFLICT (relation) DO UPDATE \
               SET (tool, unknown, adopted_by, adopted_at) = ROW (excluded.tool, excluded.unknown, DEFAULT, DEFAULT)",
            &[tables.to_vec().into(), adoption.tool.into(), unknown.into()],
        )
    })
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
                true => Error::NoTracker {
                    tool: Some(source.to_owned()),
                    found: names,
                    misfits: trackers::misfits()?,
                },
                false => Error::UnknownTracker { tool: source.to_owned() },
            });
        }
    }
    found.retain(|found| !found.rows.is_empty());
    let tools: BTreeSet<&str> = found.iter().map(|found| found.tracker.tool).collect();
    // Hasura keeps one list in two tables.
    let is_one = tools.len() == 1 && (found.len() == 1 || tools.contains("hasura"));
    match found.len() {
        0 if !unreadable.is_empty() => {
            let (Found { tracker, table, .. }, source) = unreadable.remove(0);
            Err(Error::BadTracker { tool: tracker.tool, table, source: source.into() })
        }
        0 => Err(Error::NoTracker {
            tool: source.map(str::to_owned),
            found: Vec::new(),
            misfits: trackers::misfits()?,
        }),
        _ if is_one => Ok(found),
        _ => Err(Error::SeveralTrackers { found: found.iter().map(Found::name).collect() }),
    }
}

/// Fails if another tool says that it has applied what is to run here, as if for the first time.
pub fn refuse_unadopted(chosen: &[&Migration]) -> Result<(), Error> {
    if chosen.is_empty() {
        return Ok(());
    }
    for other in by_others()? {
        let count = chosen.iter().filter(|entry| other.applied.contains(&entry.version)).count();
        if count > 0 {
            return Err(Error::NotAdopted { tool: other.tool, table: other.table, count });
        }
        if !other.undone.is_empty() {
            return Err(other.into_error());
        }
    }
    Ok(())
}

/// What other tools did here that the ledger does not know: in a database in which nothing is applied yet, what they applied,
/// by all lists that the caller can read; in another one, all since their lists were adopted.
pub fn by_others() -> Result<Vec<Elsewhere>, Error> {
    let has_ledger = "SELECT EXISTS (SELECT FROM nself.applied WHERE tenant IS NULL)";
    if as_extension_owner(|| spi::read_one::<bool>(has_ledger, &[]))? == Some(true) {
        return elsewhere::since_adopted();
    }
    let journal = candidates()?;
    // Anybody can make a table of such a name, and nobody must keep migrations from running by one that cannot be read.
    let lists = find()?.0.into_iter().filter(|found| !found.rows.is_empty());
    lists
        .map(|found| {
            let table = found.table.clone();
            let Adoption { tool, beliefs } = beliefs(vec![found], &journal)?;
            let is_news = |belief: &Belief| {
                belief.state == BeliefState::Adopted && !elsewhere::is_withdrawn(&journal, &belief.version)
            };
            let adopted = beliefs.into_iter().filter(is_news);
            let applied = adopted.map(|belief| belief.version).collect();
            Ok(Elsewhere { tool, table, applied, ..Elsewhere::default() })
        })
        .collect()
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
        ledger::adopt(&session, entry, Direction::Up, "baseline", None)?;
    }
    ground::keep_as_baseline(&session, &plan.version)
}
