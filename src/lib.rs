//! The server side of nself_heal: everything here talks to PostgreSQL, and nothing here decides what a schema is or how
//! two schemas differ. That is the crate `nself_heal_core`.

mod allowed;
mod api;
mod caller;
mod capture;
mod catalog;
mod chain;
mod culprit;
mod digest;
mod error;
mod expected;
mod guard;
mod heal;
mod history;
mod journal;
mod ledger;
mod meaning;
mod migrate;
mod outline;
mod report;
mod run;
mod settings;
mod shadow;
mod spi;
mod statement;
#[allow(dead_code, reason = "the executor of jobs is its caller")]
mod stepwise;
mod top_level;
mod turn;

use pgrx::prelude::*;

::pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/schema.sql", name = "schema", bootstrap);
extension_sql_file!("../sql/capture.sql", name = "capture", requires = ["schema"]);
extension_sql_file!("../sql/grants.sql", name = "grants", finalize);

/// Called by the server when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::define();
}

#[cfg(any(test, feature = "pg_test"))]
mod tests;

/// What `cargo pgrx test` asks for.
#[cfg(test)]
pub mod pg_test {
    pub fn setup(_options: Vec<&str>) {}

    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec!["max_worker_processes = 16"]
    }
}
