//! Tenants: the list of them, and what is done to all.

use nself_heal_core::access::Level;
use nself_heal_core::tenants::Standing;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::catalog::access::{self, ask};
use crate::drift::tenants as drift;
use crate::migrations::tenants::{self, Added, TenantRan};
use crate::migrations::up::UpRequest;

#[pg_extern]
fn nself_tenant_add(
    name: default!(Option<&str>, "NULL"),
    schema: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<'static, (name!(name, String), name!(schema, String), name!(note, String))>,
    ErrorReport,
> {
    ask(Level::Migrate, "nself_tenant_add()")?;
    let Added { name, schema, note } = tenants::add(name, schema)?;
    Ok(TableIterator::once((name, schema, note)))
}

#[pg_extern]
fn nself_tenant_remove(name: default!(Option<&str>, "NULL")) -> Result<String, ErrorReport> {
    ask(Level::Migrate, "nself_tenant_remove()")?;
    Ok(tenants::remove(name)?)
}

#[pg_extern]
fn nself_tenant_status() -> Result<
    TableIterator<
        'static,
        (
            name!(tenant, String),
            name!(schema, String),
            name!(state, &'static str),
            name!(applied, i64),
            name!(pending, i64),
            name!(last_version, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_tenant_status()")?;
    let rows = tenants::standings()?.into_iter().map(|(tenant, standing)| {
        let Standing { state, applied, pending, last } = standing;
        (tenant.name, tenant.schema, state, applied as i64, pending as i64, last)
    });
    Ok(TableIterator::new(rows.collect::<Vec<_>>()))
}

#[pg_extern]
fn nself_tenant_up(
    target: default!(Option<&str>, "NULL"),
    max_count: default!(Option<i32>, "NULL"),
    dry_run: default!(Option<bool>, "false"),
    canary: default!(Option<i32>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(tenant, String),
            name!(schema, String),
            name!(version, Option<String>),
            name!(name, Option<String>),
            name!(status, &'static str),
            name!(duration_ms, Option<i64>),
            name!(detail, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let dry_run = dry_run.unwrap_or(false);
    match dry_run {
        true => ask(Level::Look, "nself_tenant_up(dry_run => true)")?,
        false => ask(Level::Migrate, "nself_tenant_up()")?,
    }
    let sees_sql = access::sees_sql()?;
    let request =
        UpRequest { target, max_count, dry_run, tenant: None, by_itself: false, out_of_order: false };
    let rows = tenants::up(&request, canary)?.into_iter().map(move |row| {
        let TenantRan { tenant, schema, ran, status, detail } = row;
        let (version, name, duration_ms) = match ran {
            Some(ran) => (Some(ran.version), Some(ran.name), ran.duration_ms),
            None => (None, None, None),
        };
        // What failed may quote the SQL of a migration.
        let detail = detail.filter(|_| sees_sql || status != "failed");
        (tenant, schema, version, name, status, duration_ms, detail)
    });
    Ok(TableIterator::new(rows.collect::<Vec<_>>()))
}

#[pg_extern]
fn nself_tenant_drift(
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(kind, &'static str),
            name!(object_type, String),
            name!(identity, String),
            name!(expected, Option<String>),
            name!(actual, Option<String>),
            name!(count, i64),
            name!(tenants, Vec<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_tenant_drift()")?;
    let lines = drift::matrix(tenant)?.into_iter().map(|(of, tenants)| {
        (of.kind, of.object_type, of.identity, of.expected, of.actual, tenants.len() as i64, tenants)
    });
    Ok(TableIterator::new(lines.collect::<Vec<_>>()))
}
