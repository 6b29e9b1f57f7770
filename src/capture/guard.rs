//! The guard: DDL outside a migration, in a schema that migrations have to do with, is warned of or refused.

use std::cell::Cell;

use pgrx::prelude::*;

use super::objects::Touched;
use crate::caller::subtransaction;
use crate::error::say;
use crate::expected;
use crate::settings::{self, Guard};

const HINT: &str = "Write a migration and apply it with nself_migrate_up(), or nself_migrate_up_start(). A superuser may SET nself.guard = off.";

/// Warns of a command, or ends it with an error, if the guard says so.
/// `drops` says that it is told of what was dropped; of the rest it is told afterwards.
pub fn look_at(tag: &str, touched: &[Touched], drops: bool) {
    let guard = settings::guard();
    // They change rows, and no schema.
    if guard == Guard::Off || matches!(tag, "REFRESH MATERIALIZED VIEW" | "REINDEX") {
        return;
    }
    let Some(object) = touched.iter().find(|touched| touched.schema.as_deref().is_some_and(is_managed))
    else {
        return;
    };
    let schema = object.schema.as_deref().unwrap_or_default();
    let name = ["comment ", "grant "]
        .into_iter()
        .find_map(|what| object.name.strip_prefix(what))
        .unwrap_or(&object.name);
    let says =
        format!("{tag} touches {name} outside a migration, and schema {schema} is managed by migrations");
    if guard == Guard::Block {
        say(PgLogLevel::ERROR, PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, says, HINT);
    } else if !WARNED.replace(drops) {
        say(PgLogLevel::WARNING, PgSqlErrorCode::ERRCODE_WARNING, says, HINT);
    }
}

thread_local! {
    /// Whether what this command dropped was warned of: then that is enough.
    static WARNED: Cell<bool> = const { Cell::new(false) };
}

/// What cannot be found out, say because the extension is not whole, is no reason to stop anybody.
fn is_managed(schema: &str) -> bool {
    if schema == "nself" || schema.starts_with("pg_temp") {
        return false;
    }
    subtransaction(|| expected::is_managed(schema)).unwrap_or_else(|error| {
        log!("nself_heal could not find out whether schema {schema} is managed: {error}");
        false
    })
}
