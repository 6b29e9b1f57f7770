//! Jobs.

use nself_heal_core::access::Level;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::background::job::{self, Asker, Task};
use crate::catalog::access::{ask, sees_sql};
use crate::error::Error;
use crate::expected::chain::{self, Against};
use crate::migrations::tenants::{self, schema_of};

#[pg_extern]
fn nself_heal_start(
    not_renamed: default!(Option<Vec<String>>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
    all_tenants: default!(Option<bool>, "false"),
) -> Result<i64, ErrorReport> {
    ask(Level::Heal, "nself_heal_start()")?;
    // Without a migration it fails now, as nself_heal() does, and not in the job.
    chain::hash_of(Against::Applied)?;
    let not_renamed = not_renamed.unwrap_or_default().into_iter().collect();
    let all_tenants = all_tenants.unwrap_or(false);
    tenants::asked_for(tenant, all_tenants)?;
    Ok(job::start(&Task::Heal { not_renamed, tenant, all_tenants }, &Asker::caller()?)?)
}

#[pg_extern]
fn nself_migrate_up_start(
    target: default!(Option<&str>, "NULL"),
    max_count: default!(Option<i32>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
    out_of_order: default!(Option<bool>, "false"),
) -> Result<i64, ErrorReport> {
    ask(Level::Migrate, "nself_migrate_up_start()")?;
    let tenant = schema_of(tenant)?;
    let tenant = tenant.as_deref();
    let out_of_order = out_of_order.unwrap_or(false);
    Ok(job::start(
        &Task::MigrateUp { target, max_count, tenant, out_of_order, by_itself: false },
        &Asker::caller()?,
    )?)
}

#[pg_extern]
fn nself_tenant_up_start(
    target: default!(Option<&str>, "NULL"),
    max_count: default!(Option<i32>, "NULL"),
    canary: default!(Option<i32>, "NULL"),
) -> Result<i64, ErrorReport> {
    ask(Level::Migrate, "nself_tenant_up_start()")?;
    tenants::canary(canary)?;
    tenants::some()?;
    Ok(job::start(&Task::TenantUp { target, max_count, canary }, &Asker::caller()?)?)
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
            name!(blocked_by, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_job()")?;
    let Some(number) = job.map_or_else(job::latest, |job| Ok(Some(job)))? else {
        return Ok(TableIterator::empty());
    };
    let mut job = job::read(number)?;
    let blocked_by = match job.wait_event_type.as_deref() {
        Some("Lock") => job::blocked_by(number)?,
        _ => None,
    };
    // The statements of a heal are of the schema, which anybody can read; those of migrations are not. So says nself.jobs.
    if job.kind != "heal" && !sees_sql()? {
        (job.statement, job.error, job.hint) = (None, None, None);
    }
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
        blocked_by,
    )))
}

#[pg_extern]
fn nself_job_cancel(job: default!(Option<i64>, "NULL")) -> Result<bool, ErrorReport> {
    ask(Level::Heal, "nself_job_cancel()")?;
    Ok(job::cancel(job.ok_or(Error::WhichJob { function: "nself_job_cancel()" })?)?)
}
