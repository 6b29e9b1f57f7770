//! Heal: by hand and by itself, and its history.

use std::time::Instant;

use nself_heal_core::access::Level;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::background::switch;
use crate::catalog::access::{ask, warn_of_owners};
use crate::drift::compare::{self, Asked};
use crate::heal::{history, in_transaction};
use crate::migrations::elsewhere;
use crate::migrations::lock::SchemaLock;

#[pg_extern]
fn nself_heal(
    confirm: default!(Option<bool>, "false"),
    not_renamed: default!(Option<Vec<String>>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
    all_tenants: default!(Option<bool>, "false"),
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
    let asked = Asked {
        not_renamed: not_renamed.unwrap_or_default().into_iter().collect(),
        tenant: tenant.map(str::to_owned),
        all_tenants: all_tenants.unwrap_or(false),
    };
    let _turn = if confirm { Some(SchemaLock::take(c"nself_heal(true)")?) } else { None };
    if confirm {
        elsewhere::refuse_heal()?;
    }
    let (expected, comparison) = compare::compare_asked(&asked)?;
    let drift_items = compare::items(&comparison.steps);
    warn_of_owners(&comparison.steps);
    let outcomes = in_transaction::run(&expected, comparison, confirm, asked.not_renamed)?;
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
            name!(note, Option<String>),
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
        status.note,
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
