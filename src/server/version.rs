//! The version of the extension in this database, beside that of the library: between the installation of a package and
//! `ALTER EXTENSION nself_heal UPDATE` they differ.

use std::cell::Cell;

use pgrx::{PgLogLevel, PgSqlErrorCode};

use crate::error::{Error, say};
use crate::server::session::with_pinned_settings;
use crate::server::spi;

/// The version of the library.
pub const LIBRARY: &str = env!("CARGO_PKG_VERSION");

/// The version of the extension here; nothing in a database without it.
pub fn installed() -> Result<Option<String>, Error> {
    with_pinned_settings(|| {
        spi::read_one("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'nself_heal'", &[])
    })
}

thread_local! {
    static IS_LOOKED_AT: Cell<bool> = const { Cell::new(false) };
}

/// Warns, once in a session, where the two differ: what fails then would not say why.
pub fn warn_of_another() -> Result<(), Error> {
    if IS_LOOKED_AT.replace(true) {
        return Ok(());
    }
    if let Some(here) = installed()?.filter(|here| here != LIBRARY) {
        let message =
            format!("this database has nself_heal {here}, and the library of this server is {LIBRARY}");
        let hint = format!(
            "What one of them lacks fails, and no worker heals this database, until they are the same: ALTER EXTENSION nself_heal UPDATE TO '{LIBRARY}'. If the database has the later one, install its package."
        );
        say(PgLogLevel::WARNING, PgSqlErrorCode::ERRCODE_WARNING, message, &hint);
    }
    Ok(())
}
