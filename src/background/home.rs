//! Where this database is at home, see `nself_heal_core::home`: the worker does nothing in a copy.

use nself_heal_core::home::{self, Away, Home};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::{place, spi};

/// Why this database is not at home here, if it is not. Not on a standby.
pub fn away() -> Result<Option<Away>, Error> {
    let homes: Vec<Home> = as_extension_owner(|| {
        spi::read_json(
            "home",
            "SELECT coalesce(json_agg(json_build_object('system_identifier', system_identifier, 'database_oid', \
                    database_oid::bigint, 'target_timeline', target_timeline, 'database', database) \
                    ORDER BY set_at DESC), '[]')::text FROM nself.home",
            &[],
        )
    })?;
    Ok(home::away(&homes, &place::here()))
}

/// From now on this database is at home here, and nowhere else.
pub fn settle() -> Result<(), Error> {
    let here = place::here();
    as_extension_owner(|| {
        // Two who say so at the same time would leave a row each, as a restore does.
        spi::write("LOCK TABLE nself.home IN SHARE ROW EXCLUSIVE MODE", &[])?;
        spi::write("DELETE FROM nself.home", &[])?;
        spi::write(
            "INSERT INTO nself.home (system_identifier, database_oid, target_timeline, database) \
             VALUES ($1, $2, $3, current_database())",
            &[
                here.system_identifier.into(),
                pg_sys::Oid::from(here.database_oid).into(),
                i64::from(here.target_timeline()).into(),
            ],
        )
    })
}

/// Called by the extension's own script: this is where it was made.
#[pg_extern(sql = false)]
fn nself_settle() -> Result<(), ErrorReport> {
    Ok(settle()?)
}
