//! Schema nself_api.

use nself_heal_core::access::Level;
use nself_heal_core::graphql::changes::Change;
use pgrx::prelude::*;

use crate::api::{ErrorReport, Rows};
use crate::catalog::access::ask;
use crate::migrations::graphql;

#[pg_extern]
fn nself_api_install() -> Result<
    TableIterator<
        'static,
        (name!(done, &'static str), name!(object_type, &'static str), name!(identity, String)),
    >,
    ErrorReport,
> {
    ask(Level::Admin, "nself_api_install()")?;
    rows(graphql::install()?)
}

#[pg_extern]
fn nself_api_uninstall() -> Result<
    TableIterator<
        'static,
        (name!(done, &'static str), name!(object_type, &'static str), name!(identity, String)),
    >,
    ErrorReport,
> {
    ask(Level::Admin, "nself_api_uninstall()")?;
    rows(graphql::uninstall()?)
}

fn rows(changes: Vec<Change>) -> Rows<(&'static str, &'static str, String)> {
    Ok(TableIterator::new(
        changes.into_iter().map(|change| (change.done.word(), change.object_type, change.identity)),
    ))
}
