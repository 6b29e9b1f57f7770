//! The schema of a tenant.

use nself_heal_core::quote;
use pgrx::pg_sys;

use crate::error::Error;
use crate::server::session::with_settings;
use crate::server::{own_ddl, spi};

/// What the server would cut off could be another tenant's name, and what it reads as something else in a search_path
/// would be. The schemas of the server and of this product are nobody's.
pub fn check_tenant(tenant: Option<&str>) -> Result<(), Error> {
    let bad = |tenant: &str, reason| Err(Error::BadTenant { tenant: tenant.to_owned(), reason });
    match tenant {
        Some("") => bad("", "it is empty"),
        Some("nself") => bad("nself", "it is the schema of nself_heal itself"),
        Some("$user") => bad("$user", "the server reads it as the name of the session's role"),
        Some(own) if own == "information_schema" || own.starts_with("pg_") => {
            bad(own, "schemas of that name are the server's own")
        }
        Some(long) if long.len() >= pg_sys::NAMEDATALEN as usize => bad(long, "it is longer than 63 bytes"),
        _ => Ok(()),
    }
}

/// A tenant is a schema of its own, first in the search_path of its migrations.
pub fn make_tenant(tenant: Option<&str>) -> Result<(), Error> {
    let Some(tenant) = tenant else { return Ok(()) };
    let exists: Option<bool> = spi::read_one(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name)",
        &[tenant.into()],
    )?;
    if exists == Some(true) {
        return Ok(());
    }
    let statement = format!("CREATE SCHEMA {}", quote::ident(tenant));
    with_settings(&[], || own_ddl::run(|| spi::write(&statement, &[])))
}
