//! `nself tenants`: the list of tenants, how far each is, and how their schemas differ from their migrations.

use super::{is_json, open};
use crate::args::{Global, TenantAdd, TenantDrift, Tenants};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::tenants as text;
use crate::rows::{Tenant, TenantAdded, TenantDifference};
use crate::server::Call;

/// Runs one of the commands of `nself tenants`.
pub fn run(global: &Global, command: &Tenants) -> Result<Outcome, Error> {
    match command {
        Tenants::List => list(global),
        Tenants::Add(tenant) => add(global, tenant),
        Tenants::Remove { name } => remove(global, name),
        Tenants::Drift(drift) => self::drift(global, drift),
    }
}

fn list(global: &Global) -> Result<Outcome, Error> {
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let rows = session.rows::<Tenant>("Asking", &Call::to("nself_tenant_status"))?;
    session.undo()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&text::list(&rows.items));
    }
    Ok(Outcome::Done)
}

fn add(global: &Global, TenantAdd { name, schema }: &TenantAdd) -> Result<Outcome, Error> {
    let call = Call::to("nself_tenant_add").with("name", "text", Some(name.clone())).with(
        "schema",
        "text",
        schema.clone(),
    );
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let rows = session.rows::<TenantAdded>("Adding the tenant", &call)?;
    session.keep()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        rows.items.iter().for_each(|added| output::text(&text::added(added)));
    }
    Ok(Outcome::Done)
}

fn remove(global: &Global, name: &str) -> Result<Outcome, Error> {
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let call = Call::to("nself_tenant_remove").with("name", "text", Some(name.to_owned()));
    let schema: String = session.value(&call)?;
    session.keep()?;
    if is_json(global) {
        output::json(&serde_json::json!({ "name": name, "schema": schema }));
    } else {
        output::text(&format!("Tenant {name} is out of the list. Its schema is {schema}.\n"));
    }
    Ok(Outcome::Done)
}

fn drift(global: &Global, drift: &TenantDrift) -> Result<Outcome, Error> {
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let call = Call::to("nself_tenant_drift").with("tenant", "text", drift.name.clone());
    let rows = session
        .rows::<TenantDifference>("Comparing the schemas of the tenants with their migrations", &call)?;
    // What it took to work out is kept.
    session.keep()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&text::drift(&rows.items));
    }
    Ok(if drift.fail_on_drift && !rows.items.is_empty() { Outcome::Found } else { Outcome::Done })
}
