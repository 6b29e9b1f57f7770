//! Rehearses the pending migrations: what each of their statements would do here.

use nself_heal_core::formats::Migration;
use nself_heal_core::hazard::{Allowed, Hazard, Measured, judge, judge_migration};
use pgrx::notice;

use crate::catalog::access::sees_sql;
use crate::error::{Error, Place};
use crate::expected::shadow::rehearse::{Failed, Ran, Run, Trial};
use crate::expected::{self, From, chain};
use crate::migrations::execute::line_of_error;
use crate::migrations::ledger::{self, Applied, Session};
use crate::migrations::script::split;
use crate::migrations::status::Pending;
use crate::migrations::tenant::refuse_strangers;
use crate::migrations::up::{self, UpRequest};
use crate::rehearsal::here;

/// What became of a statement in the rehearsal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ran,
    /// Something of it reaches outside the shadow.
    LeftOut,
    Failed,
    NotRun,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::LeftOut => "left out",
            Self::Failed => "failed",
            Self::NotRun => "not run",
        }
    }
}

/// One statement, or what there is to say of its migration as a whole.
pub struct Rehearsed {
    pub version: String,
    pub name: String,
    pub path: String,
    /// Nothing of what is said of the migration.
    pub statement: Option<usize>,
    pub line: Option<usize>,
    pub sql: Option<String>,
    pub status: Status,
    pub measured: Measured,
    /// Whether it runs outside a transaction here.
    pub leaves_transaction: bool,
    pub hazards: Vec<Hazard>,
    pub note: Option<String>,
}

/// A migration that is to be rehearsed.
pub(super) enum Chosen {
    Readable(Box<Pending>, Box<Run>),
    /// Its file is no SQL, or holds what no migration can. With the line, and what is said of it.
    Unreadable(Box<Migration>, usize, String),
}

impl Chosen {
    pub(super) fn entry(&self) -> &Migration {
        match self {
            Self::Readable(pending, _) => &pending.entry,
            Self::Unreadable(entry, ..) => entry,
        }
    }
}

/// The pending migrations, in order, and what came of each in a shadow: nothing of those that were not run.
pub(super) struct Tried {
    pub chosen: Vec<Chosen>,
    pub rans: Vec<Option<Ran>>,
    pub sees_sql: bool,
}

/// Runs in a shadow what `up` would apply.
pub(super) fn try_pending(request: &UpRequest<'_>, trial: Trial) -> Result<Tried, Error> {
    let chosen = up::choose_unread(request)?;
    let sees_sql = sees_sql()?;
    if chosen.is_empty() {
        return Ok(Tried { chosen: Vec::new(), rans: Vec::new(), sees_sql });
    }
    refuse_strangers(request.tenant)?;
    let session = Session::now(request.tenant)?;
    let read = |entry| read(entry, &session, request.tenant, sees_sql, trial.clone());
    let chosen: Vec<Chosen> = chosen.into_iter().map(read).collect::<Result<_, _>>()?;
    let runs = readable(&chosen);
    let mut rans = match runs.is_empty() {
        true => Vec::new(),
        false => expected::rehearse(From::Applied, &runs)?,
    };
    rans.resize_with(chosen.len(), || None);
    Ok(Tried { chosen, rans, sees_sql })
}

/// Rehearses what `up` would apply, and changes nothing here.
pub fn rehearse(request: &UpRequest<'_>) -> Result<Vec<Rehearsed>, Error> {
    let Tried { chosen, rans, sees_sql } = try_pending(request, Trial::Measure)?;
    if chosen.is_empty() {
        notice!("nothing is pending: there is nothing to rehearse");
        return Ok(Vec::new());
    }
    let measured = rans.iter().flatten().flat_map(|ran| &ran.statements);
    let live = here::read(measured)?;
    let mut rows = Vec::new();
    for (chosen, ran) in chosen.iter().zip(&rans) {
        let mut of_migration = statements(chosen, ran.as_ref());
        let mut hazards: Vec<Vec<Hazard>> =
            of_migration.iter().map(|row| judge(&row.measured, &live, row.leaves_transaction)).collect();
        let entry = chosen.entry();
        let (own, unclear) = judge_migration(entry.down_sql.is_some(), &entry.up_sql, &mut hazards);
        for (row, hazards) in of_migration.iter_mut().zip(hazards) {
            row.hazards = hazards;
            row.sql = row.sql.take().filter(|_| sees_sql);
        }
        let note = note_of_migration(chosen, ran.as_ref(), &unclear, sees_sql);
        if let Some(row) = of_migration.iter_mut().find(|row| row.status == Status::Failed) {
            row.note = row.note.take().or(note.failed);
        } else if note.failed.is_some() {
            of_migration.push(whole(entry, Status::Failed, Vec::new(), note.failed));
        }
        if !own.is_empty() || note.marks.is_some() || of_migration.is_empty() {
            let status = match (chosen, ran) {
                (Chosen::Unreadable(..), _) => Status::Failed,
                (_, Some(ran)) if ran.failed.is_none() => Status::Ran,
                (_, Some(_)) => Status::Failed,
                (_, None) => Status::NotRun,
            };
            of_migration.push(whole(entry, status, own, note.marks));
        }
        rows.extend(of_migration);
    }
    Ok(rows)
}

/// The migrations that can run: what comes after a file that cannot be read would not be applied.
fn readable(chosen: &[Chosen]) -> Vec<Run> {
    let run = |chosen: &Chosen| match chosen {
        Chosen::Readable(_, run) => Some(run.as_ref().clone()),
        Chosen::Unreadable(..) => None,
    };
    chosen.iter().map_while(run).collect()
}

/// Reads a pending migration, without an error where that is one of its file.
fn read(
    entry: Migration,
    session: &Session,
    tenant: Option<&str>,
    sees_sql: bool,
    trial: Trial,
) -> Result<Chosen, Error> {
    let error = match split(&entry.up()) {
        Ok(statements) => {
            let pending = Pending { entry, statements };
            let run = run(&pending, session, tenant, trial)?;
            return Ok(Chosen::Readable(Box::new(pending), Box::new(run)));
        }
        Err(error) => error,
    };
    match &error {
        Error::NotSql { line, .. } | Error::Refused { line, .. } => {
            let line = *line;
            Ok(Chosen::Unreadable(Box::new(entry), line, words(error, sees_sql)))
        }
        _ => Err(error),
    }
}

/// What is said of an error, as the caller may read it.
fn words(error: Error, sees_sql: bool) -> String {
    if sees_sql { error.to_string() } else { error.without_sql().to_string() }
}

/// A row of each statement that is to run; of a file that cannot be read one that says why.
fn statements(chosen: &Chosen, ran: Option<&Ran>) -> Vec<Rehearsed> {
    match chosen {
        Chosen::Readable(pending, run) => (run.begin..pending.statements.len())
            .map(|index| statement(pending, index, ran, run.begin))
            .collect(),
        Chosen::Unreadable(entry, line, words) => {
            let row = whole(entry, Status::Failed, Vec::new(), Some(words.clone()));
            vec![Rehearsed { line: Some(*line), ..row }]
        }
    }
}

/// A pending migration as the caller would apply it now.
fn run(pending: &Pending, session: &Session, tenant: Option<&str>, trial: Trial) -> Result<Run, Error> {
    let entry = &pending.entry;
    let applied = chain::asker(session, entry)?.would_apply(entry);
    let last = ledger::last(&entry.version, tenant)?.filter(|last| !last.is_outdated_by(entry));
    let begin = last.and_then(|last| last.statements_done).unwrap_or(0);
    let migration = Applied { tenant: tenant.map(str::to_owned), ..applied };
    Ok(Run { migration, begin, trial })
}

fn statement(pending: &Pending, index: usize, ran: Option<&Ran>, begin: usize) -> Rehearsed {
    let of = &pending.statements[index];
    let number = index + 1;
    let measured = ran.and_then(|ran| ran.statements.get(index - begin)).cloned();
    let is_failed =
        ran.and_then(|ran| ran.failed.as_ref()).and_then(|failed| failed.statement) == Some(number);
    let left_out: Vec<String> = ran
        .iter()
        .flat_map(|ran| &ran.left_out)
        .filter(|left| left.statement as usize == number)
        .map(|left| format!("{} is left out in a rehearsal: {}", left.what, left.reason.as_str()))
        .collect();
    let passed_over: Vec<String> = ran
        .iter()
        .flat_map(|ran| &ran.passed_over)
        .filter(|(at, _)| *at == number)
        .map(|(_, command)| command.clone())
        .collect();
    let is_other_form = ran.is_some_and(|ran| ran.other_form.contains(&number));
    let status = match &measured {
        _ if is_failed => Status::Failed,
        None => Status::NotRun,
        Some(_) if left_out.is_empty() && passed_over.is_empty() => Status::Ran,
        Some(_) => Status::LeftOut,
    };
    let mut measured = measured.unwrap_or_default();
    let mut notes: Vec<String> = left_out;
    for command in &passed_over {
        notes.push(match measured.by_manual.is_empty() {
            true => format!("{command} is left out in a rehearsal, so its locks are not measured"),
            false => format!("{command} is left out in a rehearsal, so its locks are not measured: they are those of the manual"),
        });
    }
    if is_other_form {
        (measured.locks, measured.held, measured.locked_indexes) = Default::default();
        (measured.rewritten, measured.scanned) = Default::default();
        notes.push("it runs outside a transaction: its locks cannot be measured in a rehearsal".to_owned());
    }
    // REINDEX and CLUSTER only do so for some tables.
    let leaves_transaction = of.refuses_transaction && (is_other_form || !passed_over.is_empty());
    Rehearsed {
        version: pending.entry.version.clone(),
        name: pending.entry.name.clone(),
        path: pending.entry.path.clone(),
        statement: Some(number),
        line: Some(of.line),
        sql: Some(of.sql.clone()),
        status,
        measured,
        leaves_transaction,
        hazards: Vec::new(),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

fn whole(entry: &Migration, status: Status, hazards: Vec<Hazard>, note: Option<String>) -> Rehearsed {
    Rehearsed {
        version: entry.version.clone(),
        name: entry.name.clone(),
        path: entry.path.clone(),
        statement: None,
        line: None,
        sql: None,
        status,
        measured: Measured::default(),
        leaves_transaction: false,
        hazards,
        note,
    }
}

struct Notes {
    failed: Option<String>,
    marks: Option<String>,
}

fn note_of_migration(chosen: &Chosen, ran: Option<&Ran>, unclear: &[Allowed], sees_sql: bool) -> Notes {
    let Migration { path, up_line, .. } = chosen.entry();
    let failed = match chosen {
        Chosen::Readable(..) => why_failed(chosen, ran, sees_sql),
        // Its row says so.
        Chosen::Unreadable(..) => None,
    };
    let marks: Vec<String> = unclear
        .iter()
        .filter_map(|mark| match mark {
            Allowed::Unclear { line, mark } => Some(format!(
                "{mark:?} in line {} of {path} allows nothing: it is not -- nself:allow HAZARD because REASON",
                line + up_line - 1
            )),
            Allowed::Yes(..) => None,
        })
        .collect();
    Notes { failed, marks: (!marks.is_empty()).then(|| marks.join("; ")) }
}

/// Why a migration could not run, if it could not.
pub(super) fn why_failed(chosen: &Chosen, ran: Option<&Ran>, sees_sql: bool) -> Option<String> {
    match (chosen, ran.and_then(|ran| ran.failed.as_ref())) {
        (Chosen::Readable(pending, run), Some(failed)) => Some(said(pending, run, failed, sees_sql)),
        (Chosen::Readable(..), None) => None,
        (Chosen::Unreadable(_, _, words), _) => Some(words.clone()),
    }
}

/// The server's words, with the place in the file.
fn said(pending: &Pending, run: &Run, failed: &Failed, sees_sql: bool) -> String {
    let statement = failed.statement.and_then(|number| pending.statements.get(number.checked_sub(1)?));
    let line = statement.map_or(pending.entry.up_line, |statement| line_of_error(statement, &failed.error));
    let error = Error::ReplayFailed {
        version: run.migration.version.clone(),
        statement: failed.statement,
        pending: Some(Place { path: pending.entry.path.clone(), line }),
        source: failed.error.clone(),
    };
    words(error, sees_sql)
}
