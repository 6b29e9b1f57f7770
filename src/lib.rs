//! The server side of nself_heal: everything here talks to PostgreSQL, and nothing here decides what a schema is or how
//! two schemas differ. That is the crate `nself_heal_core`.
//!
//! Each room uses only those below it: api, background, repair, rehearsal and heal, drift and capture, expected, migrations, catalog, settings,
//! server, error. `scripts/rooms` checks this.

/// The text of a file in sql/, by its name without the ending.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"))
    };
}

mod api;
mod background;
mod capture;
mod catalog;
mod drift;
mod error;
mod expected;
mod heal;
mod migrations;
mod rehearsal;
mod repair;
mod server;
mod settings;

use pgrx::prelude::*;

::pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/schema.sql", name = "schema", bootstrap);
extension_sql_file!("../sql/access.sql", name = "access", requires = ["schema"]);
extension_sql_file!("../sql/capture.sql", name = "capture", requires = ["schema"]);
extension_sql_file!("../sql/worker.sql", name = "worker", requires = ["schema"]);
extension_sql_file!("../sql/grants.sql", name = "grants", finalize);

/// Called by the server when the library is loaded.
#[allow(unsafe_code)]
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::define();
    // SAFETY: plain reads of the server's state. A server that is being upgraded is not to be looked at.
    let with_server =
        unsafe { pg_sys::process_shared_preload_libraries_in_progress && !pg_sys::IsBinaryUpgrade };
    if with_server {
        background::register();
    }
}

#[cfg(feature = "pg_test")]
mod tests;
