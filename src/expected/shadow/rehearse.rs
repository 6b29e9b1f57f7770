//! Runs migrations in the shadow and measures, statement by statement, what each of them does there: locks, new files, reads
//! of whole tables, and what it changes in the schema.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::diff::{Change, Object, diff, owner_changes};
use nself_heal_core::digest::Digests;
use nself_heal_core::hazard::{Gone, LockMode, Measured, changes, departures, gone};
use nself_heal_core::model::Catalog;
use nself_heal_core::pieces::{Pieces, join};
use nself_heal_core::quote;
use nself_heal_core::repair::Effect;
use pgrx::pg_sys;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::{self, Wanted, digest, servable};
use crate::error::{Error, ServerError};
use crate::expected::shadow::heard::heard_here;
use crate::expected::shadow::left_out::{self, LeftOut};
use crate::expected::shadow::{owners_rights, watch};
use crate::migrations::ledger::Applied;
use crate::migrations::script::{end_of_transaction, split};
use crate::migrations::{execute, tenant};
use crate::server::session::{with_pinned_settings, with_settings};
use crate::server::spi::{self, with_snapshot};
use crate::server::transaction::{in_transaction, undone};

/// One migration to be rehearsed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Run {
    pub migration: Applied,
    /// How many statements of it have run already.
    pub begin: usize,
    pub trial: Trial,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trial {
    /// Each of its statements is measured.
    Measure,
    /// After it, its down part is tried, if it has one, and then its up part once more.
    RollBack { down: Option<String> },
    /// It is told what it changes.
    Tell,
    /// It is told what a program such as Hasura can serve before it and after it.
    See,
}

/// What a run did.
#[derive(Serialize, Deserialize)]
pub struct Ran {
    /// Of each statement that ran, in order.
    pub statements: Vec<Measured>,
    /// Commands that a replay passes over, by the number of the statement from 1.
    pub passed_over: Vec<(usize, String)>,
    /// The numbers of the statements that ran in another form than they would here: it locks more.
    pub other_form: Vec<usize>,
    pub left_out: Vec<LeftOut>,
    pub failed: Option<Failed>,
    /// What became of the down part.
    pub rollback: Option<Rollback>,
    /// What the migration changed, if that is to be told.
    pub effects: Vec<Effect>,
    /// What can be served before and after it, if that is to be told.
    pub seen: Option<(Value, Value)>,
}

/// What became of a down part.
#[derive(Clone, Serialize, Deserialize)]
pub enum Rollback {
    /// The down part failed.
    Failed(Failed),
    /// It did not leave the schema from before the up part: how.
    Departs(Vec<String>),
    /// The up part failed the second time.
    FailedAgain(Failed),
    /// The second time the up part gave another schema: how that is not like the first one.
    DepartsAgain(Vec<String>),
    Done,
    /// The down part is good. The up part has transactions of its own, so it was not run a second time.
    NotAgain,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Failed {
    /// The number of the statement, from 1, if one failed.
    pub statement: Option<usize>,
    pub error: ServerError,
}

/// Does the runs in order. One whose migration could not be applied ends it: those after it are not run.
pub fn rehearse(runs: &[Run]) -> Result<Vec<Option<Ran>>, Error> {
    watch::begin();
    let mut schema = in_transaction(Schema::read)?;
    let mut all: Vec<Option<Ran>> = Vec::new();
    for run in runs {
        let ran = run_one(run, &mut schema)?;
        let ends = ran.failed.is_some();
        all.push(Some(ran));
        if ends {
            break;
        }
    }
    all.resize_with(runs.len(), || None);
    Ok(all)
}

fn run_one(run: &Run, schema: &mut Schema) -> Result<Ran, Error> {
    owners_rights::begin();
    let before = schema.clone();
    let mut meter = (run.trial == Trial::Measure).then(|| Meter::new(schema));
    let see = || in_transaction(servable::read);
    let seen_before = (run.trial == Trial::See).then(see).transpose()?;
    let result = apply(run, meter.as_mut());
    let (mut statements, passed_over, other_form) =
        meter.map(|meter| (meter.statements, meter.passed_over, meter.other_form)).unwrap_or_default();
    let (mut rollback, mut failure, mut effects, mut seen) = (None, None, Vec::new(), None);
    match (result, &run.trial) {
        (Err(error), _) => failure = Some(failed(error)),
        (Ok(()), Trial::Measure) => {
            in_transaction(|| schema.advance(|_, _| Ok(())))?;
            in_transaction(|| conclude(&before, &mut statements))?;
        }
        (Ok(()), Trial::Tell) => {
            effects = in_transaction(|| schema.advance(|from, to| Ok(Effect::all(&all_changes(from, to)))))?;
        }
        (Ok(()), Trial::See) => seen = seen_before.zip(Some(see()?)),
        (Ok(()), Trial::RollBack { down }) => {
            in_transaction(|| schema.advance(|_, _| Ok(())))?;
            if let Some(down) = down {
                rollback = Some(roll_back(run, down, &before, schema)?);
            }
        }
    }
    Ok(Ran {
        statements,
        passed_over,
        other_form,
        left_out: left_out::take(),
        failed: failure,
        rollback,
        effects,
        seen,
    })
}

/// Tries the down part of a migration that has run. What it did is undone, so that what comes next finds what the migration
/// gave, whatever the down part leaves.
fn roll_back(run: &Run, down: &str, before: &Schema, after: &Schema) -> Result<Rollback, Error> {
    // A down part runs in the transaction of its caller.
    let down = Applied { sql: down.to_owned(), in_transaction: true, ..run.migration.clone() };
    let settings = run.migration.settings();
    let part = |migration: &Applied| {
        let script = migration.script();
        let statements = split(&script)?;
        execute::run_statements(&script, &statements, &settings)
    };
    let trial = |migrations: &[&Applied], goal: &Schema| {
        let tried = in_transaction(|| {
            let mut departures = Vec::new();
            undone(|| {
                migrations.iter().try_for_each(|migration| part(migration))?;
                departures = goal.clone().advance(|from, to| Ok(departures_of(from, to)))?;
                Ok(())
            })?;
            Ok(departures)
        });
        tried.map_err(failed)
    };
    let departures = match trial(&[&down], before) {
        Err(failed) => return Ok(Rollback::Failed(failed)),
        Ok(departures) => departures,
    };
    if !departures.is_empty() {
        return Ok(Rollback::Departs(departures));
    }
    if !run.migration.in_transaction {
        return Ok(Rollback::NotAgain);
    }
    Ok(match trial(&[&down, &run.migration], after) {
        Err(failed) => Rollback::FailedAgain(failed),
        Ok(departures) if departures.is_empty() => Rollback::Done,
        Ok(departures) => Rollback::DepartsAgain(departures),
    })
}

fn departures_of(from: &Catalog, to: &Catalog) -> Vec<String> {
    departures(&all_changes(from, to))
}

fn apply(run: &Run, mut meter: Option<&mut Meter<'_>>) -> Result<(), Error> {
    let Run { migration, begin, .. } = run;
    let settings = migration.settings();
    let script = migration.script();
    let statements = in_transaction(|| {
        with_settings(&settings, || tenant::make_tenant(migration.tenant.as_deref()))?;
        split(&script)
    })?;
    let mut begin = *begin;
    while begin < statements.len() {
        let end = match migration.in_transaction {
            true => statements.len(),
            false => end_of_transaction(&statements, begin),
        };
        in_transaction(|| {
            if let Some(meter) = &mut meter {
                meter.begin_transaction()?;
            }
            let mut ran = |index: usize| match &mut meter {
                Some(meter) => meter.ran(index),
                None => Ok(()),
            };
            execute::run_watched(&script, &statements, begin..end, &settings, &mut ran)
        })?;
        begin = end;
    }
    Ok(())
}

fn failed(error: Error) -> Failed {
    let (statement, error) = match error {
        Error::MigrationFailed { statement, source, .. } => (Some(statement), source),
        other => (None, other.into()),
    };
    let error = heard_here(error);
    Failed { statement, error }
}

/// What a program misses counts as it is at the end of the migration: a function that was dropped to be made anew is there
/// again, a column that was dropped and made anew may have another type. It is told of the last statement that touched it.
/// In the same way a foreign key may get its index later in the migration.
fn conclude(start: &Schema, statements: &mut [Measured]) -> Result<(), Error> {
    let lasting = start.clone().advance(|before, after| Ok(gone(&all_changes(before, after))))?;
    let keys: Vec<String> = with_pinned_settings(|| {
        spi::read_json("keys_without_index", sql!("rehearsal/keys_without_index"), &[])
    })?;
    let mut told: Vec<Vec<Gone>> = vec![Vec::new(); statements.len()];
    for gone in lasting {
        let touched = |of: &Measured| of.gone.iter().any(|other| other.of == gone.of);
        let last = statements.iter().rposition(touched).or(statements.len().checked_sub(1));
        if let Some(last) = last {
            told[last].push(gone);
        }
    }
    for (statement, told) in statements.iter_mut().zip(told) {
        statement.gone = told;
        statement.keys_without_index.retain(|key| keys.contains(key));
    }
    Ok(())
}

fn all_changes<'a>(before: &'a Catalog, after: &'a Catalog) -> Vec<Change<'a>> {
    let mut all = diff(before, after);
    all.extend(owner_changes(before, after));
    all
}

/// The schema of the shadow.
#[derive(Clone)]
struct Schema {
    pieces: Pieces,
    digests: Digests,
}

impl Schema {
    fn read() -> Result<Self, Error> {
        with_pinned_settings(|| {
            with_snapshot(|| {
                let digests = digest::read()?.digests;
                Ok(Self { pieces: Pieces::of(catalog::read(&Wanted::ALL)?), digests })
            })
        })
    }

    /// Reads what is not as it was, gives `look` what differs as it was and as it is, and is the schema of now.
    fn advance<T: Default>(
        &mut self,
        look: impl FnOnce(&Catalog, &Catalog) -> Result<T, Error>,
    ) -> Result<T, Error> {
        with_pinned_settings(|| {
            with_snapshot(|| {
                let digested = digest::read()?;
                let differing = digested.differing(&self.digests);
                if differing.nothing() {
                    return Ok(T::default());
                }
                let near = differing.with_neighbours([&self.digests, &digested.digests]);
                let before = self.pieces.only(&near);
                let fresh = catalog::read(&digested.wanted(&differing))?;
                let same = before.relations.iter().filter(|(name, _)| !differing.relations.contains(*name));
                let same = same.map(|(_, piece)| piece.clone());
                let same_rest = (!differing.rest).then(|| before.rest.clone());
                let after = join(same.chain(same_rest).chain([fresh.clone()]));
                let found = look(&join(before.into_catalogs()), &after)?;
                self.pieces = std::mem::take(&mut self.pieces).but_for(&differing, Pieces::of(fresh));
                self.digests = digested.digests;
                Ok(found)
            })
        })
    }
}

/// What this process holds at a moment.
#[derive(Clone, Default, Deserialize)]
struct Taken {
    relations: BTreeMap<u32, Relation>,
    locks: Vec<(u32, LockMode)>,
}

#[derive(Clone, Deserialize)]
struct Relation {
    identity: String,
    /// As in pg_class.
    kind: char,
    file: u32,
    scans: i64,
    /// Of an index.
    table: Option<u32>,
}

impl Relation {
    fn is_table(&self) -> bool {
        matches!(self.kind, 'r' | 'p' | 'm' | 'f')
    }

    fn is_index(&self) -> bool {
        matches!(self.kind, 'i' | 'I')
    }
}

impl Taken {
    fn now() -> Result<Self, Error> {
        with_pinned_settings(|| spi::read_json("taken", sql!("rehearsal/taken"), &[]))
    }

    /// The strongest lock on each relation.
    fn strongest(&self) -> BTreeMap<u32, LockMode> {
        let mut strongest = BTreeMap::new();
        for (relation, mode) in &self.locks {
            let of = strongest.entry(*relation).or_insert(*mode);
            *of = (*of).max(*mode);
        }
        strongest
    }
}

/// Measures the statements of one migration.
struct Meter<'a> {
    schema: &'a mut Schema,
    /// The relations that stood there before the migration.
    stood: Option<BTreeMap<u32, Relation>>,
    last: Taken,
    statements: Vec<Measured>,
    passed_over: Vec<(usize, String)>,
    other_form: Vec<usize>,
}

impl<'a> Meter<'a> {
    fn new(schema: &'a mut Schema) -> Self {
        let (statements, passed_over, other_form) = Default::default();
        Self { schema, stood: None, last: Taken::default(), statements, passed_over, other_form }
    }

    fn begin_transaction(&mut self) -> Result<(), Error> {
        self.last = Taken::now()?;
        if self.stood.is_none() {
            self.stood = Some(self.last.relations.clone());
        }
        watch::take();
        Ok(())
    }

    /// After a statement.
    fn ran(&mut self, index: usize) -> Result<(), Error> {
        let seen = watch::take();
        let now = Taken::now()?;
        let mut measured = self.between(&now, &seen);
        // To print a schema locks what it speaks of: the transaction is not to keep these locks.
        let schema = &mut *self.schema;
        let (said, gone, keys) = undone(|| {
            schema.advance(|before, after| {
                let all = all_changes(before, after);
                let made_key = |change: &Change<'_>| match change {
                    Change::Extra(Object::Constraint(key)) if key.references.is_some() => {
                        Some(key.identity.clone())
                    }
                    _ => None,
                };
                let dropped: Vec<&String> =
                    measured.dropped_columns.iter().chain(&measured.dropped_tables).collect();
                Ok((changes(&all, &dropped), gone(&all), all.iter().filter_map(made_key).collect::<Vec<_>>()))
            })
        })?;
        measured.changes = said;
        measured.gone = gone;
        measured.keys_without_index = keys;
        if seen.other_form {
            self.other_form.push(index + 1);
        }
        self.passed_over.extend(seen.passed_over.into_iter().map(|command| (index + 1, command)));
        self.statements.push(measured);
        self.last = now;
        Ok(())
    }

    /// What came between the last statement and now, as far as it is about what stood there.
    fn between(&self, now: &Taken, seen: &watch::Seen) -> Measured {
        let none = BTreeMap::new();
        let stood = self.stood.as_ref().unwrap_or(&none);
        let (before, after) = (self.last.strongest(), now.strongest());
        let mut measured = Measured::default();
        for (number, mode) in &after {
            let Some(relation) = stood.get(number).filter(|_| *mode != LockMode::AccessShare) else {
                continue;
            };
            if let Some(table) = relation.table {
                let of_table = after.get(&table).copied();
                let is_new = before.get(number).is_none_or(|had| had < mode);
                if is_new
                    && mode.blocks_reads()
                    && !of_table.is_some_and(LockMode::blocks_reads)
                    && let Some(table) = stood.get(&table)
                {
                    measured.locked_indexes.insert(relation.identity.clone(), table.identity.clone());
                }
                continue;
            }
            measured.held.insert(relation.identity.clone(), *mode);
            if before.get(number).is_none_or(|had| had < mode) {
                measured.locks.insert(relation.identity.clone(), *mode);
            }
        }
        let still: BTreeSet<&str> = now.relations.values().map(|of| of.identity.as_str()).collect();
        for (number, relation) in stood {
            let name = || relation.identity.clone();
            let Some(was) = self.last.relations.get(number) else { continue };
            match now.relations.get(number) {
                Some(is) if relation.is_table() => {
                    let is_rewritten = is.file != was.file;
                    if is_rewritten {
                        measured.rewritten.push(name());
                    }
                    if is.scans > was.scans && !is_rewritten {
                        measured.scanned.push(name());
                    }
                }
                Some(_) => {}
                None if relation.is_table() => measured.dropped_tables.push(name()),
                // An index that was made anew has its name again, and that of a dropped table is not told apart from it.
                None if relation.is_index()
                    && !still.contains(relation.identity.as_str())
                    && relation.table.is_some_and(|table| now.relations.contains_key(&table)) =>
                {
                    measured.dropped_indexes.push(name());
                }
                None => {}
            }
        }
        let names = |numbers: &[u32]| -> Vec<String> {
            let names: BTreeSet<String> =
                numbers.iter().filter_map(|number| Some(stood.get(number)?.identity.clone())).collect();
            names.into_iter().collect()
        };
        for (number, does) in &seen.by_manual {
            if let Some(relation) = stood.get(number) {
                measured.by_manual.insert(relation.identity.clone(), *does);
            }
        }
        measured.truncated = names(&seen.truncated);
        measured.deleted_from = names(&seen.deleted_from);
        let of_table = |(number, column): &(u32, String)| {
            let table = stood.get(number).filter(|of| of.is_table())?;
            Some(format!("{}.{}", table.identity, column_name(column)))
        };
        measured.dropped_columns = seen.dropped_columns.iter().filter_map(of_table).collect();
        measured
    }
}

/// The name of a column as the server writes it, in quotation marks only where it needs them.
fn column_name(name: &str) -> String {
    let Ok(text) = std::ffi::CString::new(name) else { return quote::ident(name) };
    // SAFETY: the server returns the text itself, or a copy in the current memory context.
    unsafe {
        std::ffi::CStr::from_ptr(pg_sys::quote_identifier(text.as_ptr())).to_string_lossy().into_owned()
    }
}
