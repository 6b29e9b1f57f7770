//! The guard: DDL outside a migration, in a schema that migrations have to do with, is warned of or refused.

use std::cell::Cell;

use nself_heal_core::graphql::SCHEMA;
use pgrx::prelude::*;

use crate::capture::objects::Touched;
use crate::capture::{Event, this_statement};
use crate::error::say;
use crate::expected;
use crate::server::transaction::subtransaction;
use crate::settings::{self, Guard};

const HINT: &str = "Write a migration and apply it with nself_migrate_up(), or nself_migrate_up_start(). A superuser may SET nself.guard = off.";

/// Warns of a command, or ends it with an error, if the guard says so. It is told of what was dropped, then of the rest,
/// when both are done and can be undone by the error. Of a command that commits in the middle it is told before.
pub fn look_at(tag: &str, touched: &[Touched], event: Event) {
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
        return;
    }
    let warned = match event {
        Event::Begin(_) => {
            WARNED_BEFORE.set(this_statement());
            false
        }
        // Such a command is alone in what the client sent.
        _ if WARNED_BEFORE.get() == this_statement() => true,
        Event::Drop => WARNED.replace(true),
        Event::End(_) => WARNED.replace(false),
    };
    if !warned {
        say(PgLogLevel::WARNING, PgSqlErrorCode::ERRCODE_WARNING, says, HINT);
    }
}

thread_local! {
    /// Whether what this command dropped was warned of: then that is enough.
    static WARNED: Cell<bool> = const { Cell::new(false) };
    /// The statement that was warned of before it began.
    static WARNED_BEFORE: Cell<i64> = const { Cell::new(0) };
}

/// What cannot be found out, say because the extension is not whole, is no reason to stop anybody.
fn is_managed(schema: &str) -> bool {
    if matches!(schema, "nself" | SCHEMA) || schema.starts_with("pg_temp") {
        return false;
    }
    subtransaction(|| expected::is_managed(schema)).unwrap_or_else(|error| {
        log!("nself_heal could not find out whether schema {schema} is managed: {error}");
        false
    })
}
