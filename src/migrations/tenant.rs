//! The schema of a tenant.

use nself_heal_core::graphql::SCHEMA;
use nself_heal_core::{quote, tenants};
use pgrx::pg_sys;

use crate::error::Error;
use crate::server::session::{self, as_extension_owner, with_settings};
use crate::server::trust::trusts;
use crate::server::{own_ddl, spi};

/// What the server would cut off could be another tenant's name, and what it reads as something else in a search_path
/// would be. The schemas of the server and of this product are nobody's.
pub fn check_tenant(tenant: Option<&str>) -> Result<(), Error> {
    let bad = |tenant: &str, reason| Err(Error::BadTenant { tenant: tenant.to_owned(), reason });
    match tenant {
        Some("") => bad("", "it is empty"),
        Some(own @ ("nself" | SCHEMA)) => bad(own, "it is a schema of nself_heal itself"),
        Some("$user") => bad("$user", "the server reads it as the name of the session's role"),
        Some(own) if own == "information_schema" || own.starts_with("pg_") => {
            bad(own, "schemas of that name are the server's own")
        }
        Some(long) if long.len() >= pg_sys::NAMEDATALEN as usize => bad(long, "it is longer than 63 bytes"),
        _ => Ok(()),
    }
}

/// An error if the schema is there and belongs to somebody whom the role in force does not trust. It comes first in the
/// search_path, so functions in it could stand for those that migrations name without a schema.
pub fn refuse_strangers(tenant: Option<&str>) -> Result<(), Error> {
    let Some(owner) = tenant.and_then(session::owner_of_schema) else { return Ok(()) };
    // SAFETY: a plain read of this backend's own state.
    let role = unsafe { pg_sys::GetUserId() };
    if trusts(role, owner) {
        return Ok(());
    }
    Err(Error::TenantOfOther {
        tenant: tenant.unwrap_or_default().to_owned(),
        owner: session::role_name(owner),
        role: session::role_name(role),
    })
}

/// An error if migrations are applied in the schema of a tenant that is not there any more: later ones would run in an empty
/// one, which they were not written for.
pub fn refuse_gone(tenant: Option<&str>) -> Result<(), Error> {
    let Some(schema) = tenant.filter(|tenant| session::owner_of_schema(tenant).is_none()) else {
        return Ok(());
    };
    let has_some = "SELECT EXISTS (SELECT FROM nself.applied WHERE tenant = $1)";
    if as_extension_owner(|| spi::read_one::<bool>(has_some, &[schema.into()]))? == Some(true) {
        return Err(tenants::Error::SchemaGone { schema: schema.to_owned() }.into());
    }
    Ok(())
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
