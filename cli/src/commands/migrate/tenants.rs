//! `nself db migrate up --all-tenants`: each tenant in a transaction of its own, so that one that fails does not stop the
//! others, and no transaction holds the locks of all.

use serde_json::value::{RawValue, to_raw_value};

use super::files::{self, Listing};
use super::{is_json, open};
use crate::args::{Global, Up};
use crate::commands::hasura::told;
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::tenants as text;
use crate::rows::{MigrationStep, Tenant, TenantStep};
use crate::server::{Call, Server};

pub fn up(global: &Global, up: &Up) -> Result<Outcome, Error> {
    let files = files::of(&up.folder)?.ok_or_else(files::none)?;
    let mut server = open(global)?;
    if !up.dry_run {
        server.refuse_unsaid_production()?;
    }
    let mut session = server.begin()?;
    let ship = if up.dry_run { files::ship_if_allowed } else { files::ship };
    ship(&mut session, Some(&files), Listing::Sql)?;
    // Arguments that make no sense, and a list that is empty, are refused before anything runs.
    let planned = session.rows::<TenantStep>("Planning", &plan(up))?;
    if up.dry_run {
        session.undo()?;
        print(global, &planned.raw, &planned.items, true);
        return Ok(Outcome::Done);
    }
    let tenants = session.rows::<Tenant>("Asking", &Call::to("nself_tenant_status"))?.items;
    session.keep()?;
    let mut steps = Vec::new();
    // How many there are still to watch, of the first that have something to do.
    let mut watched = up.canary.unwrap_or(0);
    let mut stopped = false;
    for tenant in &tenants {
        let Some(first) = planned.items.iter().find(|step| step.tenant == tenant.tenant) else { continue };
        if stopped {
            steps.push(TenantStep { status: "not run".to_owned(), ..first.without_migration(None) });
            continue;
        }
        match one(&mut server, up, &tenant.tenant) {
            Ok(ran) => {
                steps.extend(ran.into_iter().map(|step| TenantStep::of(tenant, step)));
                watched -= i32::from(watched > 0);
            }
            Err(Error::Database(error)) if error.as_db_error().is_some() => {
                let detail = Error::Database(error).to_string();
                let failed = first.without_migration(Some(detail));
                steps.push(TenantStep { status: "failed".to_owned(), ..failed });
                stopped = watched > 0;
            }
            Err(error) => return Err(error),
        }
    }
    let raw: Vec<_> =
        steps.iter().map(|step| to_raw_value(step).expect("plain values are always JSON")).collect();
    print(global, &raw, &steps, false);
    if steps.iter().any(|step| step.status == "applied") {
        told::of_change(global, &mut server, up.skip_metadata);
    }
    let failed = steps.iter().filter(|step| step.status == "failed").count();
    match failed {
        0 => Ok(Outcome::Done),
        failed => Err(Error::TenantsFailed { failed, of: tenants.len() }),
    }
}

fn plan(up: &Up) -> Call {
    Call::to("nself_tenant_up")
        .with("target", "text", up.to.clone())
        .with("max_count", "int4", up.limit())
        .with("dry_run", "bool", Some(true))
        .with("canary", "int4", up.canary)
}

fn one(server: &mut Server, up: &Up, tenant: &str) -> Result<Vec<MigrationStep>, Error> {
    let mut session = server.begin()?;
    session.limit_waits()?;
    let call = Call::to("nself_migrate_up")
        .with("target", "text", up.to.clone())
        .with("max_count", "int4", up.limit())
        .with("tenant", "text", Some(tenant.to_owned()));
    let steps = session.rows::<MigrationStep>(&format!("Applying migrations to {tenant}"), &call)?;
    session.keep()?;
    Ok(steps.items)
}

fn print(global: &Global, raw: &[Box<RawValue>], steps: &[TenantStep], dry_run: bool) {
    if is_json(global) {
        output::json_rows(raw);
    } else {
        output::text(&text::ran(steps, dry_run));
    }
}
