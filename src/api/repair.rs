//! Repair.

use nself_heal_core::access::Level;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::catalog::access::ask;
use crate::migrations::tenants;
use crate::repair;

#[pg_extern]
fn nself_migrate_repair(
    confirm: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(problem, &'static str),
            name!(version, Option<String>),
            name!(tenant, Option<String>),
            name!(detail, String),
            name!(mend, Option<String>),
            name!(status, &'static str),
            name!(hint, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let confirm = confirm.unwrap_or(false);
    match confirm {
        true => ask(Level::Admin, "nself_migrate_repair(confirm => true)")?,
        false => ask(Level::Look, "nself_migrate_repair()")?,
    }
    let tenants = tenants::all()?;
    // As the list of tenants calls it.
    let name = |schema: String| {
        let named = tenants.iter().find(|tenant| tenant.schema == schema);
        named.map_or(schema, |tenant| tenant.name.clone())
    };
    let rows = repair::repair(confirm)?.into_iter().map(|row| {
        let finding = row.finding;
        let tenant = finding.tenant.map(name);
        (finding.problem.as_str(), finding.version, tenant, finding.detail, row.mend, row.status, row.hint)
    });
    Ok(TableIterator::new(rows.collect::<Vec<_>>()))
}
