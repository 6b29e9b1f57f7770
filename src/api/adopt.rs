//! Joining a database that lives already.

use std::collections::BTreeSet;
use std::str::FromStr;

use nself_heal_core::access::Level;
use nself_heal_core::trackers::Belief;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::catalog::access::ask;
use crate::drift::compare;
use crate::error::Error;
use crate::expected::chain::Against;
use crate::migrations::adopt::{self, Adoption};
use crate::migrations::ground::{self, GroundObject};
use crate::migrations::lock::SchemaLock;
use crate::migrations::platform;

fn moment(text: &str) -> Option<TimestampWithTimeZone> {
    TimestampWithTimeZone::from_str(text).ok()
}

#[pg_extern]
fn nself_adopt(
    source: default!(Option<&str>, "NULL"),
    confirm: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(state, &'static str),
            name!(source, &'static str),
            name!(applied_at, Option<TimestampWithTimeZone>),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let confirm = confirm.unwrap_or(false);
    match confirm {
        true => ask(Level::Migrate, "nself_adopt(confirm => true)")?,
        false => ask(Level::Look, "nself_adopt()")?,
    }
    let Adoption { tool, beliefs } = adopt::adopt(source, confirm)?;
    Ok(TableIterator::new(beliefs.into_iter().map(move |belief| {
        let Belief { version, name, state, applied_at, note } = belief;
        (version, name, state.as_str(), tool, applied_at.as_deref().and_then(moment), note)
    })))
}

type BaselineRow = (String, String, String, Option<String>, Option<String>);

#[pg_extern]
fn nself_baseline(
    version: default!(Option<&str>, "NULL"),
    confirm: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(kind, String),
            name!(object_type, String),
            name!(identity, String),
            name!(expected, Option<String>),
            name!(actual, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let confirm = confirm.unwrap_or(false);
    match confirm {
        true => ask(Level::Admin, "nself_baseline(confirm => true)")?,
        false => ask(Level::Look, "nself_baseline()")?,
    }
    let version = version.ok_or(Error::WhichVersion)?;
    let _turn = match confirm {
        true => Some(SchemaLock::take(c"nself_baseline()")?),
        false => None,
    };
    let plan = adopt::plan_baseline(version)?;
    let adopted = plan.adopted.iter().map(|entry| -> BaselineRow {
        (
            "migration".to_owned(),
            "migration".to_owned(),
            entry.version.clone(),
            None,
            Some("counts as applied".to_owned()),
        )
    });
    let mut rows: Vec<BaselineRow> = adopted.collect();
    rows.extend(swallowed(plan.covers)?);
    if confirm {
        adopt::baseline(&plan)?;
    }
    Ok(TableIterator::new(rows))
}

/// What is here and is not what the first so many migrations give.
fn swallowed(covers: usize) -> Result<Vec<BaselineRow>, Error> {
    let compared = match compare::compare(Against::JournalTo(covers), BTreeSet::new()) {
        Ok((_, compared)) => compared,
        // That is why people take what is here.
        Err(error @ (Error::ReplayFailed { .. } | Error::GroundFailed(_) | Error::RoleGone { .. })) => {
            let row = (
                "not compared".to_owned(),
                "schema".to_owned(),
                String::new(),
                None,
                Some(error.to_string()),
            );
            return Ok(vec![row]);
        }
        Err(error) => return Err(error),
    };
    let steps = compared.steps.into_iter().filter(|step| step.part_of.is_none());
    Ok(steps
        .map(|step| {
            (
                step.kind.as_str().to_owned(),
                step.object_type.to_owned(),
                step.identity,
                step.expected,
                step.actual,
            )
        })
        .collect())
}

#[pg_extern]
fn nself_ground() -> Result<
    TableIterator<
        'static,
        (
            name!(object_type, String),
            name!(identity, String),
            name!(definition, Option<String>),
            name!(kept_at, Option<TimestampWithTimeZone>),
            name!(forgotten_by, Option<String>),
            name!(forgotten_at, Option<TimestampWithTimeZone>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_ground()")?;
    let Some(ground) = ground::read()? else { return Ok(TableIterator::new([])) };
    let rows: Vec<_> = ground
        .objects()
        .into_iter()
        .map(|GroundObject { object, definition, forgotten }| {
            let (by, at) = forgotten.unzip();
            let at = at.as_deref().and_then(moment);
            (object.object_type, object.identity, definition, moment(&ground.kept_at), by, at)
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_ground_forget(
    pattern: default!(Option<&str>, "NULL"),
) -> Result<TableIterator<'static, (name!(object_type, String), name!(identity, String))>, ErrorReport> {
    ask(Level::Admin, "nself_ground_forget()")?;
    let pattern = pattern.ok_or(Error::WhichObjects)?;
    let gone = ground::forget(pattern)?;
    Ok(TableIterator::new(gone.into_iter().map(|object| (object.object_type, object.identity))))
}

#[pg_extern]
fn nself_ground_platform(
    platform: default!(Option<&str>, "NULL"),
    confirm: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (name!(step, i32), name!(ddl, String), name!(status, &'static str), name!(detail, Option<String>)),
    >,
    ErrorReport,
> {
    let confirm = confirm.unwrap_or(false);
    match confirm {
        true => ask(Level::Migrate, "nself_ground_platform(confirm => true)")?,
        false => ask(Level::Look, "nself_ground_platform()")?,
    }
    let made = platform::make(platform.ok_or(Error::WhichPlatform)?, confirm)?;
    let rows = made.into_iter().zip(1..).map(|(of, step)| (step, of.ddl, of.status, of.detail));
    Ok(TableIterator::new(rows.collect::<Vec<_>>()))
}
