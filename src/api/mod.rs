//! The SQL functions: arguments in, rows out. Every argument has a default and may be NULL, so that a function is
//! never skipped for the sake of one.

mod access;
mod beside_drift;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Instant;

use nself_heal_core::access::Level;
use nself_heal_core::secrets;
use pgrx::JsonB;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::background::job::{self, Asker, Task};
use crate::background::switch;
use crate::capture::culprit;
use crate::catalog::access::{ask, of_caller, warn_of_owners};
use crate::drift::{compare, not_compared};
use crate::error::Error;
use crate::expected::chain::Against;
use crate::heal::{history, in_transaction};
use crate::migrations::down::{self, DownRequest};
use crate::migrations::journal;
use crate::migrations::lock::SchemaLock;
use crate::migrations::status::{self, State};
use crate::migrations::up::{self, UpRequest};
use crate::settings;

type Rows<T> = Result<TableIterator<'static, T>, ErrorReport>;

#[pg_extern]
fn nself_journal_load(
    dir: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, Option<String>),
            name!(name, String),
            name!(state, String),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Migrate, "nself_journal_load()")?;
    let dir = dir.map(Into::into).or_else(settings::migrations_dir).ok_or(Error::NoFolder)?;
    loaded(journal::put(&journal::read_folder(&dir)?)?)
}

#[pg_extern]
fn nself_journal_put(
    files: default!(Option<JsonB>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, Option<String>),
            name!(name, String),
            name!(state, String),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Migrate, "nself_journal_put()")?;
    let files = files.unwrap_or(JsonB(serde_json::Value::Null));
    loaded(journal::put(&journal::sent_files(files)?)?)
}

fn loaded(rows: Vec<journal::Loaded>) -> Rows<(Option<String>, String, String, Option<String>)> {
    Ok(TableIterator::new(rows.into_iter().map(|row| (row.version, row.name, row.state, row.note))))
}

#[pg_extern]
fn nself_migrate_status(
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(state, &'static str),
            name!(applied_at, Option<TimestampWithTimeZone>),
            name!(applied_by, Option<String>),
            name!(duration_ms, Option<i64>),
            name!(checksum, String),
            name!(note, Option<String>),
            name!(in_transaction, bool),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_migrate_status()")?;
    let rows: Vec<_> = status::status(tenant)?
        .into_iter()
        .map(|status| {
            let checksum = match (&status.journal, &status.ledger) {
                (Some(entry), _) => entry.checksum.clone(),
                (None, Some(applied)) => applied.checksum.clone(),
                (None, None) => String::new(),
            };
            let ledger = status.ledger.as_ref();
            let in_transaction = match (&status.journal, ledger) {
                (Some(entry), _) => entry.in_transaction,
                (None, applied) => applied.is_none_or(|applied| applied.in_transaction),
            };
            let is_partial = ledger.is_some_and(|applied| applied.statements_done.is_some());
            let note = |text: &str| Some(text.to_owned());
            let (state, note) = match status.state {
                State::Pending => ("pending", None),
                State::Partial => {
                    ("partial", ledger.zip(status.journal.as_ref()).map(|(l, j)| status::progress(l, j)))
                }
                State::Applied => ("applied", None),
                State::Cosmetic => ("cosmetic", note("edited in comments, white space or line ends alone")),
                State::Edited if is_partial => ("edited", note("applied in part, and that part is edited")),
                State::Edited => ("edited", note("the file is not what was applied")),
                State::Missing if is_partial => ("missing", note("applied in part, but not in the journal")),
                State::Missing => ("missing", note("applied, but not in the journal")),
            };
            (
                status.version.clone(),
                status.name.clone(),
                state,
                ledger
                    .and_then(|applied| applied.applied_at.as_deref())
                    .and_then(|at| TimestampWithTimeZone::from_str(at).ok()),
                ledger.map(|applied| applied.applied_by.clone()),
                ledger.map(|applied| applied.duration_ms),
                checksum,
                note,
                in_transaction,
            )
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_migrate_up(
    target: default!(Option<&str>, "NULL"),
    max_count: default!(Option<i32>, "NULL"),
    dry_run: default!(Option<bool>, "false"),
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(status, &'static str),
            name!(duration_ms, Option<i64>),
            name!(sql, String),
        ),
    >,
    ErrorReport,
> {
    let dry_run = dry_run.unwrap_or(false);
    match dry_run {
        true => ask(Level::Look, "nself_migrate_up(dry_run => true)")?,
        false => ask(Level::Migrate, "nself_migrate_up()")?,
    }
    ran(up::up(&UpRequest { target, max_count, dry_run, tenant, by_itself: false })?)
}

#[pg_extern]
fn nself_migrate_down(
    target: default!(Option<&str>, "NULL"),
    steps: default!(Option<i32>, "NULL"),
    dry_run: default!(Option<bool>, "false"),
    confirm: default!(Option<&str>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(status, &'static str),
            name!(duration_ms, Option<i64>),
            name!(sql, String),
        ),
    >,
    ErrorReport,
> {
    let dry_run = dry_run.unwrap_or(false);
    match dry_run {
        true => ask(Level::Look, "nself_migrate_down(dry_run => true)")?,
        false => ask(Level::Migrate, "nself_migrate_down()")?,
    }
    ran(down::down(&DownRequest { target, steps, dry_run, confirm, tenant })?)
}

/// Who may only look sees no password that a migration holds.
fn ran(rows: Vec<up::Ran>) -> Rows<(String, String, &'static str, Option<i64>, String)> {
    let sees_all = of_caller()? >= Some(Level::Migrate);
    Ok(TableIterator::new(rows.into_iter().map(move |row| {
        let sql = if sees_all { row.sql } else { secrets::hide(&row.sql).into_owned() };
        (row.version, row.name, row.status, row.duration_ms, sql)
    })))
}

#[pg_extern]
fn nself_migrate_verify() -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(status, &'static str),
            name!(expected, String),
            name!(actual, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_migrate_verify()")?;
    let rows: Vec<_> = status::status(None)?
        .into_iter()
        .filter_map(|status| {
            let verdict = match status.state {
                State::Pending => return None,
                State::Partial => "partial",
                State::Applied => "ok",
                State::Cosmetic => "cosmetic",
                State::Edited => "mismatch",
                State::Missing => "missing",
            };
            let applied = status.ledger?;
            Some((
                status.version,
                status.name,
                verdict,
                applied.checksum,
                status.journal.map(|entry| entry.checksum),
            ))
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_drift(
    against: default!(Option<&str>, "'applied'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(kind, &'static str),
            name!(object_type, &'static str),
            name!(identity, String),
            name!(expected, Option<String>),
            name!(actual, Option<String>),
            name!(remedy, String),
            name!(safety, &'static str),
            name!(reason, Option<String>),
            name!(changed_by, Option<String>),
            name!(changed_at, Option<TimestampWithTimeZone>),
            name!(command, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_drift()")?;
    let (_, comparison) = compare::compare(Against::parse(against.unwrap_or("applied"))?, BTreeSet::new())?;
    if let Some(line) = not_compared::not_compared_line(&comparison.not_compared) {
        notice!("not compared: {line}. See nself_drift_not_compared()");
    }
    let found: Vec<_> = in_transaction::preview(&comparison)?
        .into_iter()
        .filter(|found| found.step.part_of.is_none())
        .collect();
    let culprits = culprit::of_each(found.iter().map(|found| &found.step))?;
    let rows: Vec<_> = found
        .into_iter()
        .zip(culprits)
        .map(|(found, culprit)| {
            let (safety, reason, step) = (found.status.safety(), found.detail, found.step);
            let (changed_by, changed_at, command) = culprit::parts(culprit);
            (
                step.kind.as_str(),
                step.object_type,
                step.identity,
                step.expected,
                step.actual,
                step.remedy,
                safety,
                reason,
                changed_by,
                changed_at,
                command,
            )
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_heal(
    confirm: default!(Option<bool>, "false"),
    not_renamed: default!(Option<Vec<String>>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(step, i32),
            name!(object_type, &'static str),
            name!(identity, String),
            name!(ddl, String),
            name!(status, &'static str),
            name!(detail, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let began = Instant::now();
    let confirm = confirm.unwrap_or(false);
    match confirm {
        true => ask(Level::Heal, "nself_heal(true)")?,
        false => ask(Level::Look, "nself_heal()")?,
    }
    let not_renamed: BTreeSet<String> = not_renamed.unwrap_or_default().into_iter().collect();
    let _turn = if confirm { Some(SchemaLock::take(c"nself_heal(true)")?) } else { None };
    let (expected, comparison) = compare::compare(Against::Applied, not_renamed.clone())?;
    let drift_items = compare::items(&comparison.steps);
    warn_of_owners(&comparison.steps);
    let outcomes = in_transaction::run(&expected, comparison, confirm, not_renamed)?;
    if let Some(mut run) = history::Run::begin("call", drift_items, confirm, began)? {
        run.add(&outcomes)?;
        run.end(None, None)?;
    }
    let rows: Vec<_> = outcomes
        .into_iter()
        .zip(1..)
        .map(|(outcome, number)| {
            let step = outcome.step;
            (number, step.object_type, step.identity, step.remedy, outcome.status.as_str(), outcome.detail)
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_heal_start(not_renamed: default!(Option<Vec<String>>, "NULL")) -> Result<i64, ErrorReport> {
    ask(Level::Heal, "nself_heal_start()")?;
    let not_renamed = not_renamed.unwrap_or_default().into_iter().collect();
    Ok(job::start(&Task::Heal { not_renamed }, &Asker::caller()?)?)
}

#[pg_extern]
fn nself_migrate_up_start(
    target: default!(Option<&str>, "NULL"),
    max_count: default!(Option<i32>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
) -> Result<i64, ErrorReport> {
    ask(Level::Migrate, "nself_migrate_up_start()")?;
    Ok(job::start(&Task::MigrateUp { target, max_count, tenant, by_itself: false }, &Asker::caller()?)?)
}

#[pg_extern]
fn nself_job(
    job: default!(Option<i64>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(kind, String),
            name!(state, String),
            name!(step, Option<i32>),
            name!(steps, Option<i32>),
            name!(statement, Option<String>),
            name!(wait_event_type, Option<String>),
            name!(wait_event, Option<String>),
            name!(error, Option<String>),
            name!(sqlstate, Option<String>),
            name!(hint, Option<String>),
            name!(created_at, Option<TimestampWithTimeZone>),
            name!(started_at, Option<TimestampWithTimeZone>),
            name!(ended_at, Option<TimestampWithTimeZone>),
            name!(event, Option<i64>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_job()")?;
    let job = job::read(job.ok_or(Error::WhichJob { function: "nself_job()" })?)?;
    Ok(TableIterator::once((
        job.kind,
        job.state,
        job.step,
        job.steps,
        job.statement,
        job.wait_event_type,
        job.wait_event,
        job.error,
        job.sqlstate,
        job.hint,
        job.created_at,
        job.started_at,
        job.ended_at,
        job.event,
    )))
}

#[pg_extern]
fn nself_job_cancel(job: default!(Option<i64>, "NULL")) -> Result<bool, ErrorReport> {
    ask(Level::Heal, "nself_job_cancel()")?;
    Ok(job::cancel(job.ok_or(Error::WhichJob { function: "nself_job_cancel()" })?)?)
}

#[pg_extern]
fn nself_heal_status() -> Result<
    TableIterator<
        'static,
        (
            name!(enabled, bool),
            name!(auto_run, bool),
            name!(last_run_at, Option<TimestampWithTimeZone>),
            name!(last_outcome, Option<String>),
            name!(drift_items, Option<i32>),
            name!(expected_state_age, Option<Interval>),
            name!(enabled_by, String),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_heal_status()")?;
    let status = switch::status()?;
    let (at, outcome, items) = match status.last {
        Some(event) => (Some(event.at), Some(event.outcome), Some(event.drift_items)),
        None => (None, None, None),
    };
    Ok(TableIterator::once((
        status.switch.enabled,
        status.auto_run,
        at,
        outcome,
        items,
        status.expected_state_age,
        status.switch.source,
    )))
}

#[pg_extern]
fn nself_heal_history(
    max_events: default!(Option<i32>, "10"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(event, i64),
            name!(at, TimestampWithTimeZone),
            name!(trigger, String),
            name!(drift_items, i32),
            name!(applied, i32),
            name!(blocked, i32),
            name!(manual, i32),
            name!(confirmed, bool),
            name!(outcome, String),
            name!(duration_ms, i64),
            name!(detail, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_heal_history()")?;
    let rows: Vec<_> = history::events(max_events.unwrap_or(10))?
        .into_iter()
        .map(|e| {
            (
                e.event,
                e.at,
                e.trigger,
                e.drift_items,
                e.applied,
                e.blocked,
                e.manual,
                e.confirmed,
                e.outcome,
                e.duration_ms,
                e.detail,
            )
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_heal_steps(
    event: default!(Option<i64>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(step, i32),
            name!(object_type, String),
            name!(identity, String),
            name!(ddl, String),
            name!(status, String),
            name!(detail, Option<String>),
            name!(changed_by, Option<String>),
            name!(changed_at, Option<TimestampWithTimeZone>),
            name!(command, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_heal_steps()")?;
    let rows: Vec<_> = history::steps(event)?
        .into_iter()
        .map(|s| {
            (
                s.step,
                s.object_type,
                s.identity,
                s.ddl,
                s.status,
                s.detail,
                s.changed_by,
                s.changed_at,
                s.command,
            )
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_heal_enable() -> Result<(), ErrorReport> {
    ask(Level::Admin, "nself_heal_enable()")?;
    Ok(switch::switch(true)?)
}

#[pg_extern]
fn nself_heal_disable() -> Result<(), ErrorReport> {
    ask(Level::Admin, "nself_heal_disable()")?;
    Ok(switch::switch(false)?)
}
