//! The replayer: the worker that connects to the shadow as the role that applied some migrations, and runs them again,
//! each in a transaction of its own. The last one reads what came out.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::{hook, worker};
use crate::caller::{c_string, pinned, with_settings};
use crate::error::{Error, ServerError};
use crate::ledger::Applied;
use crate::outline::{self, Outline};
use crate::spi::at_one_moment;
use crate::{catalog, migrate, run};
use nself_heal_core::digest::Digests;
use nself_heal_core::model::{Catalog, NotCompared};

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
    pub read: Option<Read>,
    pub skipped: Vec<String>,
}

/// What the last migration left.
#[derive(Serialize, Deserialize)]
pub struct Read {
    pub catalog: Catalog,
    pub digests: Digests,
    /// By object type.
    pub not_compared: BTreeMap<String, NotCompared>,
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
    let read = match (request.read, request.migrations.last()) {
        (true, Some(last)) => Some(worker::in_transaction(read).map_err(|error| failed(last, error))?),
        _ => None,
    };
    Ok(Answer { read, skipped: hook::skipped() })
}

fn read() -> Result<Read, Error> {
    pinned(|| {
        at_one_moment(|| {
            let Outline { digested, not_compared } = outline::fresh()?;
            let catalog = catalog::read_with_dependencies()?;
            Ok(Read { catalog, digests: digested.digests, not_compared })
        })
    })
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
