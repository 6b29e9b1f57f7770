//! The replayer: the worker that connects to the shadow as the role that applied some migrations, and runs them again,
//! each in a transaction of its own. The last one reads what came out.

use pgrx::prelude::*;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::{hook, worker};
use crate::caller::{c_string, with_settings};
use crate::error::{Error, ServerError};
use crate::ledger::Applied;
use crate::{catalog, migrate, run};
use nself_heal_core::model::Catalog;

#[derive(Serialize, Deserialize)]
pub struct Request {
    pub database: String,
    /// All applied by one role, in order.
    pub migrations: Vec<Applied>,
    /// Whether to read the catalogs afterwards.
    pub read: bool,
}

#[derive(Serialize, Deserialize)]
pub struct Answer {
    pub catalog: Option<Catalog>,
    pub skipped: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub struct Failed {
    pub version: String,
    pub error: ServerError,
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_shadow_replayer(handle: pg_sys::Datum) {
    worker::obey_signals();
    let Some(channel) = Channel::attach(handle.value() as pg_sys::dsm_handle) else { return };
    let Ok(request) = channel.receive::<Request>("backend") else { return };
    let Some(first) = request.migrations.first() else { return };
    connect(&request.database, &first.logged_in_as);
    let answer = replay(&request);
    // If nobody listens any more, nobody is to be told.
    let _ = channel.send(&answer, "backend");
}

fn connect(database: &str, role: &str) {
    let (database, role) = (c_string(database), c_string(role));
    // SAFETY: it is called once, before anything that needs a database. The shadow lets nobody else in, hence the flag.
    unsafe {
        pg_sys::BackgroundWorkerInitializeConnection(
            database.as_ptr(),
            role.as_ptr(),
            pg_sys::BGWORKER_BYPASS_ALLOWCONN,
        );
    }
    worker::take_own_settings();
}

fn replay(request: &Request) -> Result<Answer, Failed> {
    hook::install();
    for migration in &request.migrations {
        worker::in_transaction(|| apply(migration)).map_err(|error| failed(migration, error))?;
    }
    let catalog = match (request.read, request.migrations.last()) {
        (true, Some(last)) => Some(
            worker::in_transaction(catalog::read_with_dependencies).map_err(|error| failed(last, error))?,
        ),
        _ => None,
    };
    Ok(Answer { catalog, skipped: hook::skipped() })
}

fn apply(migration: &Applied) -> Result<(), Error> {
    let mut settings = migration.settings();
    if migration.applied_by != migration.logged_in_as {
        settings.insert(0, ("role", &migration.applied_by));
    }
    with_settings(&settings, || migrate::make_tenant(migration.tenant.as_deref()))?;
    run::run(&migration.script(), &settings)
}

fn failed(migration: &Applied, error: Error) -> Failed {
    let error = match error {
        Error::MigrationFailed { statement, source, .. } => {
            ServerError { message: format!("statement {statement}: {}", source.message), ..source }
        }
        other => other.into(),
    };
    Failed { version: migration.version.clone(), error }
}
