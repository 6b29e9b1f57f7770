//! Who may call what: the SQL functions.

use nself_heal_core::access::Level;
use pgrx::prelude::*;

use crate::api::ErrorReport;
use crate::catalog::access;

#[pg_extern]
fn nself_grant_access(
    role: default!(Option<&str>, "NULL"),
    level: default!(Option<&str>, "NULL"),
) -> Result<(), ErrorReport> {
    Ok(access::grant(role, level)?)
}

#[pg_extern]
fn nself_revoke_access(
    role: default!(Option<&str>, "NULL"),
    level: default!(Option<&str>, "NULL"),
) -> Result<(), ErrorReport> {
    Ok(access::revoke(role, level)?)
}

/// It asks for no level: it tells a role its own.
#[pg_extern]
fn nself_access_level() -> Result<Option<String>, ErrorReport> {
    Ok(access::of_caller()?.map(|level| level.word().to_owned()))
}

#[pg_extern]
fn nself_access() -> Result<
    TableIterator<
        'static,
        (
            name!(role, String),
            name!(level, Option<String>),
            name!(through, String),
            name!(granted_by, Option<String>),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    access::ask(Level::Look, "nself_access()")?;
    let rows = access::list()?.into_iter();
    Ok(TableIterator::new(rows.map(|row| (row.role, row.level, row.through, row.granted_by, row.note))))
}
