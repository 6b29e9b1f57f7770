//! Rehearsals of pending migrations.

use nself_heal_core::access::Level;
use nself_heal_core::hazard::{Hazard, Measured};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::catalog::access::ask;
use crate::migrations::tenants::schema_of;
use crate::migrations::up::UpRequest;
use crate::rehearsal::servable::{self, Seen};
use crate::rehearsal::{self, Rehearsed};

#[pg_extern]
fn nself_migrate_rehearse(
    target: default!(Option<&str>, "NULL"),
    max_count: default!(Option<i32>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(statement, Option<i32>),
            name!(line, Option<i32>),
            name!(sql, Option<String>),
            name!(status, &'static str),
            name!(locks, Option<String>),
            name!(rewrites, Option<String>),
            name!(scans, Option<String>),
            name!(changes, Option<String>),
            name!(hazards, Option<String>),
            name!(note, Option<String>),
            name!(path, String),
            name!(found, JsonB),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_migrate_rehearse()")?;
    let tenant = schema_of(tenant)?;
    let tenant = tenant.as_deref();
    let request =
        UpRequest { target, max_count, dry_run: true, tenant, by_itself: false, out_of_order: false };
    let rows: Vec<_> = rehearsal::rehearse(&request)?.into_iter().map(row).collect();
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_servable(
    pending: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(state, &'static str),
            name!(version, Option<String>),
            name!(name, Option<String>),
            name!(path, Option<String>),
            name!(note, Option<String>),
            name!(schema, Option<JsonB>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_servable()")?;
    let mut seen = vec![servable::here()?];
    if pending.unwrap_or(false) {
        seen.extend(servable::after_pending()?);
    }
    let rows: Vec<_> = seen
        .into_iter()
        .map(|Seen { state, migration, note, schema }| {
            let (version, name, path) = match migration {
                Some((version, name, path)) => (Some(version), Some(name), Some(path)),
                None => (None, None, None),
            };
            (state, version, name, path, note, schema.map(JsonB))
        })
        .collect();
    Ok(TableIterator::new(rows))
}

type Row = (
    String,
    String,
    Option<i32>,
    Option<i32>,
    Option<String>,
    &'static str,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    JsonB,
);

fn row(of: Rehearsed) -> Row {
    let Rehearsed {
        version,
        name,
        path,
        statement,
        line,
        sql,
        status,
        measured,
        leaves_transaction: _,
        hazards,
        note,
    } = of;
    let Measured { locks, locked_indexes, by_manual, rewritten, scanned, changes, .. } = measured;
    let locks = (locks.iter().map(|(relation, mode)| format!("{} on {relation}", mode.as_str())))
        .chain(locked_indexes.keys().map(|index| format!("ACCESS EXCLUSIVE on index {index}")))
        .chain(
            by_manual.iter().map(|(table, does)| format!("{} on {table}, as the manual says", does.locks())),
        )
        .collect();
    (
        version,
        name,
        statement.map(|number| number as i32),
        line.map(|line| line as i32),
        sql,
        status.as_str(),
        lines(locks),
        lines(rewritten),
        lines(scanned),
        lines(changes),
        lines(hazards.iter().map(sentence).collect()),
        note,
        path,
        JsonB(hazards.iter().map(found).collect()),
    )
}

/// One a line; nothing if there is none.
fn lines(of: Vec<String>) -> Option<String> {
    (!of.is_empty()).then(|| of.join("\n"))
}

fn sentence(hazard: &Hazard) -> String {
    let Hazard { name, object: _, sentence, gentler, allowed } = hazard;
    match allowed {
        Some(why) => format!("{} (allowed because {why}): {sentence}", name.as_str()),
        None => format!("{}: {sentence} {gentler}", name.as_str()),
    }
}

fn found(hazard: &Hazard) -> serde_json::Value {
    let Hazard { name, object, sentence, gentler, allowed } = hazard;
    serde_json::json!({
        "hazard": name.as_str(),
        "object": object,
        "sentence": sentence,
        "gentler": gentler,
        "allowed": allowed,
    })
}
