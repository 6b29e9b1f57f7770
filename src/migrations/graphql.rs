//! Makes and drops schema nself_api: what is made, and what stands in the way, core::graphql says.

use nself_heal_core::graphql::changes::{self, Change, Live};
use nself_heal_core::graphql::{Error as OfApi, MARK};
use pgrx::PgSqlErrorCode::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST;
use pgrx::pg_sys;

use crate::catalog::{access, own_objects};
use crate::error::Error;
use crate::migrations::lock::SchemaLock;
use crate::server::session::{self, with_pinned_settings, with_settings};
use crate::server::transaction::subtransaction;
use crate::server::trust::{self, as_owner};
use crate::server::{own_ddl, spi};

/// Makes the schema this version's, and returns what was done. All belongs to the owner of the extension: who calls a
/// function runs its owner's code.
pub fn install() -> Result<Vec<Change>, Error> {
    let _lock = lock(c"nself_api_install()", "nself_api_install()")?;
    let live = read()?;
    if !live.exists && !may_create_schema()? {
        let (role, _) = session::roles();
        return Err(OfApi::MayNotCreate { role }.into());
    }
    let (known, _) = own_objects::known_of_api()?;
    let changes = changes::install(&live, &known, &own_objects::schema()?)?;
    run(&changes, || {
        own_objects::note_api(&changes::noted(&changes, &known))?;
        access::give_api()
    })?;
    Ok(changes)
}

/// Drops the schema with what was made in it, if nobody has put anything else there, and nothing else depends on it.
pub fn uninstall() -> Result<Vec<Change>, Error> {
    let _lock = lock(c"nself_api_uninstall()", "nself_api_uninstall()")?;
    let (known, others) = own_objects::known_of_api()?;
    let changes = changes::uninstall(&read()?, &known, others)?;
    run(&changes, own_objects::forget_api)?;
    Ok(changes)
}

/// A replay has no such function: a migration that calls one could not be replayed.
fn lock(command: &std::ffi::CStr, function: &'static str) -> Result<SchemaLock, Error> {
    match SchemaLock::take(command) {
        Err(Error::Nested) => Err(OfApi::InMigration { function }.into()),
        other => other,
    }
}

fn read() -> Result<Live, Error> {
    with_pinned_settings(|| spi::read_json("graphql", sql!("graphql"), &[MARK.into()]))
}

fn may_create_schema() -> Result<bool, Error> {
    let query = "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')";
    Ok(spi::read_one(query, &[])?.unwrap_or(false))
}

/// Runs the statements as the owner of the extension, and then the rest: all of it or nothing. No event trigger runs that this
/// role does not trust.
fn run(changes: &[Change], then: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let owner = session::owner_of_schema("nself").unwrap_or(pg_sys::InvalidOid);
    // That a schema of this name is there already is no news.
    let settings = [("client_min_messages", "warning")];
    let statements = || as_owner(owner, || changes.iter().try_for_each(change));
    trust::forget_refused();
    let done = subtransaction(|| {
        own_ddl::run(|| with_pinned_settings(|| with_settings(&settings, statements)))?;
        then()
    });
    match (done, trust::refused()) {
        (Err(Error::Server(_)), Some(says)) => Err(Error::NotTrusted { says }),
        (Err(Error::Server(source)), None) if source.code() == ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST => {
            Err(Error::ApiInUse { source })
        }
        (done, _) => done,
    }
}

fn change(change: &Change) -> Result<(), Error> {
    if let Some(table) = &change.without_rows {
        spi::write(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"), &[])?;
        if spi::read_one::<bool>(&format!("SELECT EXISTS (SELECT FROM {table})"), &[])? == Some(true) {
            return Err(OfApi::HasRows { table: change.identity.clone() }.into());
        }
    }
    change.sql.iter().try_for_each(|sql| spi::write(sql, &[]))
}
