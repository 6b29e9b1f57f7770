//! Rehearses the pending migrations: what each of their statements would do here.

use nself_heal_core::hazard::{Allowed, Hazard, Measured, judge, judge_migration};
use pgrx::notice;

use crate::catalog::access::sees_sql;
use crate::error::{Error, Place};
use crate::expected::shadow::rehearse::{Failed, Ran, Run, Trial};
use crate::expected::{self, From, chain};
use crate::migrations::execute::line_of_error;
use crate::migrations::ledger::{self, Applied, Session};
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
    /// Whether locks and reads were measured as they would be here.
    pub is_measured: bool,
    pub hazards: Vec<Hazard>,
    pub note: Option<String>,
}

/// Rehearses what `up` would apply, and changes nothing here.
pub fn rehearse(request: &UpRequest<'_>) -> Result<Vec<Rehearsed>, Error> {
    let chosen = up::choose(request)?;
    if chosen.is_empty() {
        notice!("nothing is pending: there is nothing to rehearse");
        return Ok(Vec::new());
    }
    refuse_strangers(request.tenant)?;
    let session = Session::now(request.tenant)?;
    let runs: Vec<Run> =
        chosen.iter().map(|pending| run(pending, &session, request.tenant)).collect::<Result<_, _>>()?;
    let rans = expected::rehearse(From::Applied, &runs)?;
    let measured = rans.iter().flatten().flat_map(|ran| &ran.statements);
    let live = here::read(measured)?;
    let sees_sql = sees_sql()?;
    let mut rows = Vec::new();
    for ((pending, run), ran) in chosen.iter().zip(&runs).zip(&rans) {
        let mut of_migration: Vec<Rehearsed> = (run.begin..pending.statements.len())
            .map(|index| statement(pending, index, ran.as_ref(), run.begin))
            .collect();
        let mut hazards: Vec<Vec<Hazard>> = of_migration
            .iter()
            .map(|row| judge(&row.measured, &live, !row.is_measured && row.status != Status::NotRun))
            .collect();
        let (own, unclear) =
            judge_migration(pending.entry.down_sql.is_some(), &pending.entry.up_sql, &mut hazards);
        for (row, hazards) in of_migration.iter_mut().zip(hazards) {
            row.hazards = hazards;
            row.sql = row.sql.take().filter(|_| sees_sql);
        }
        let failed = ran.as_ref().and_then(|ran| ran.failed.as_ref());
        let note = note_of_migration(pending, run, failed, &unclear)?;
        if let Some(row) = of_migration.iter_mut().find(|row| row.status == Status::Failed) {
            row.note = note.failed;
        } else if note.failed.is_some() {
            of_migration.push(whole(pending, Status::Failed, Vec::new(), note.failed));
        }
        if !own.is_empty() || note.marks.is_some() || of_migration.is_empty() {
            let status = match ran {
                Some(ran) if ran.failed.is_none() => Status::Ran,
                Some(_) => Status::Failed,
                None => Status::NotRun,
            };
            of_migration.push(whole(pending, status, own, note.marks));
        }
        rows.extend(of_migration);
    }
    Ok(rows)
}

/// A pending migration as the caller would apply it now.
fn run(pending: &Pending, session: &Session, tenant: Option<&str>) -> Result<Run, Error> {
    let entry = &pending.entry;
    let applied = chain::asker(session, entry)?.would_apply(entry);
    let last = ledger::last(&entry.version, tenant)?.filter(|last| !last.is_outdated_by(entry));
    let begin = last.and_then(|last| last.statements_done).unwrap_or(0);
    let migration = Applied { tenant: tenant.map(str::to_owned), ..applied };
    Ok(Run { migration, begin, trial: Trial::Measure })
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
        .map(|(_, command)| format!("{command} is passed over in a rehearsal, so its locks are not measured"))
        .collect();
    let status = match &measured {
        _ if is_failed => Status::Failed,
        None => Status::NotRun,
        Some(_) if left_out.is_empty() => Status::Ran,
        Some(_) => Status::LeftOut,
    };
    let mut measured = measured.unwrap_or_default();
    let mut notes: Vec<String> = left_out.into_iter().chain(passed_over).collect();
    if of.refuses_transaction && status != Status::NotRun {
        // What ran was the form that can run in a transaction: it locks more.
        (measured.locks, measured.held) = Default::default();
        (measured.rewritten, measured.scanned) = Default::default();
        notes.push("it runs outside a transaction: its locks cannot be measured in a rehearsal".to_owned());
    }
    Rehearsed {
        version: pending.entry.version.clone(),
        name: pending.entry.name.clone(),
        path: pending.entry.path.clone(),
        statement: Some(number),
        line: Some(of.line),
        sql: Some(of.sql.clone()),
        status,
        measured,
        is_measured: !of.refuses_transaction,
        hazards: Vec::new(),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

fn whole(pending: &Pending, status: Status, hazards: Vec<Hazard>, note: Option<String>) -> Rehearsed {
    Rehearsed {
        version: pending.entry.version.clone(),
        name: pending.entry.name.clone(),
        path: pending.entry.path.clone(),
        statement: None,
        line: None,
        sql: None,
        status,
        measured: Measured::default(),
        is_measured: true,
        hazards,
        note,
    }
}

struct Notes {
    failed: Option<String>,
    marks: Option<String>,
}

fn note_of_migration(
    pending: &Pending,
    run: &Run,
    failed: Option<&Failed>,
    unclear: &[Allowed],
) -> Result<Notes, Error> {
    let path = &pending.entry.path;
    let failed = failed.map(|failed| said(pending, run, failed)).transpose()?;
    let marks: Vec<String> = unclear
        .iter()
        .filter_map(|mark| match mark {
            Allowed::Unclear { line, mark } => Some(format!(
                "{mark:?} in line {} of {path} allows nothing: it is not -- nself:allow HAZARD because REASON",
                line + pending.entry.up_line - 1
            )),
            Allowed::Yes(..) => None,
        })
        .collect();
    Ok(Notes { failed, marks: (!marks.is_empty()).then(|| marks.join("; ")) })
}

/// The server's words, with the place in the file.
fn said(pending: &Pending, run: &Run, failed: &Failed) -> Result<String, Error> {
    let statement = failed.statement.and_then(|number| pending.statements.get(number.checked_sub(1)?));
    let line = statement.map_or(pending.entry.up_line, |statement| line_of_error(statement, &failed.error));
    let error = Error::ReplayFailed {
        version: run.migration.version.clone(),
        statement: failed.statement,
        pending: Some(Place { path: pending.entry.path.clone(), line }),
        source: failed.error.clone(),
    };
    Ok(if sees_sql()? { error.to_string() } else { error.without_sql().to_string() })
}
