//! Drift, and what belongs to its answer and is none: what is not compared, what is ignored, and what the replay left out.

use std::collections::BTreeSet;

use nself_heal_core::access::Level;
use nself_heal_core::tenants::Error as OfTenants;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::capture::culprit;
use crate::catalog::access::ask;
use crate::drift::compare::{self, Asked, Comparison};
use crate::drift::{allow, ignored, not_compared};
use crate::error::Error;
use crate::expected;
use crate::expected::chain::Against;
use crate::heal::in_transaction;

#[pg_extern]
fn nself_drift(
    against: default!(Option<&str>, "'applied'"),
    tenant: default!(Option<&str>, "NULL"),
    all_tenants: default!(Option<bool>, "false"),
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
    let against = Against::parse(against.unwrap_or("applied"))?;
    let asked = Asked {
        tenant: tenant.map(str::to_owned),
        all_tenants: all_tenants.unwrap_or(false),
        ..Asked::default()
    };
    let of_tenants = asked.tenant.is_some() || asked.all_tenants;
    let (_, comparison) = match against {
        Against::Applied => compare::compare_asked(&asked)?,
        _ if of_tenants => return Err(Error::from(OfTenants::PendingOfTenant).into()),
        _ => compare::compare(against, BTreeSet::new())?,
    };
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
fn nself_drift_not_compared(
    against: default!(Option<&str>, "'applied'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(object_type, String),
            name!(live, i64),
            name!(expected, i64),
            name!(names, Option<Vec<String>>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_drift_not_compared()")?;
    let (expected, Comparison { not_compared, .. }) =
        compare::compare(Against::parse(against.unwrap_or("applied"))?, BTreeSet::new())?;
    let all = not_compared.into_iter().chain(not_compared::column_order(&expected)?);
    Ok(TableIterator::new(all.map(|kind| {
        let names = (!kind.names.is_empty()).then_some(kind.names);
        (kind.object_type, kind.live as i64, kind.expected as i64, names)
    })))
}

#[pg_extern]
fn nself_replay_left_out(
    against: default!(Option<&str>, "'applied'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, Option<String>),
            name!(statement, Option<i32>),
            name!(what, String),
            name!(reason, String),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_replay_left_out()")?;
    let (left_out, unmade) = expected::left_out(Against::parse(against.unwrap_or("applied"))?)?;
    // What stood here before the first migration belongs to none.
    let unmade = unmade.into_iter().map(|of| {
        (None, None, of.object.to_string(), format!("the shadow database cannot have it: {}", of.reason))
    });
    let left_out = left_out
        .into_iter()
        .map(|row| (Some(row.version), Some(row.statement as i32), row.what, row.reason.as_str().to_owned()));
    Ok(TableIterator::new(unmade.chain(left_out)))
}

#[pg_extern]
fn nself_ignored(
    against: default!(Option<&str>, "'applied'"),
    rules: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(source, &'static str),
            name!(pattern, String),
            name!(kind, Option<&'static str>),
            name!(object_type, Option<String>),
            name!(identity, Option<String>),
            name!(reason, String),
            name!(owner, Option<String>),
            name!(expires, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_ignored()")?;
    let against = Against::parse(against.unwrap_or("applied"))?;
    let rows: Vec<_> = ignored::ignored(against, rules.unwrap_or_default())?
        .into_iter()
        .map(|row| {
            (
                row.source,
                row.pattern,
                row.kind,
                row.object_type,
                row.identity,
                row.reason,
                row.owner,
                row.expires,
            )
        })
        .collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_allow(
    identity: default!(Option<&str>, "NULL"),
    reason: default!(Option<&str>, "NULL"),
    expires: default!(Option<TimestampWithTimeZone>, "NULL"),
) -> Result<
    TableIterator<'static, (name!(kind, &'static str), name!(object_type, String), name!(identity, String))>,
    ErrorReport,
> {
    ask(Level::Admin, "nself_allow()")?;
    let allowed = allow::allow(identity, reason, expires)?;
    if allowed.is_empty() {
        warning!(
            "{:?} is allowed from now on, and matches nothing that differs now: see the identities in nself_drift()",
            identity.unwrap_or_default().trim()
        );
    }
    Ok(TableIterator::new(allowed.into_iter().map(|one| (one.kind, one.object_type, one.identity))))
}
