//! The replayer: the worker that connects to the shadow as the role that applied some migrations, and runs them again,
//! each in a transaction of its own, or each of its statements, as it was applied. The last one reads what came out.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde::{Deserialize, Serialize};

use crate::catalog::outline::{self, Outline};
use crate::catalog::{self, Wanted};
use crate::error::{Error, ServerError};
use crate::expected::shadow::heard::heard_here;
use crate::expected::shadow::left_out::{self, LeftOut};
use crate::expected::shadow::rehearse::{self, Ran, Run};
use crate::expected::shadow::{ground, hook, owners_rights};
use crate::migrations::ledger::Applied;
use crate::migrations::script::{end_of_transaction, split};
use crate::migrations::{execute, tenant};
use crate::server::channel::Channel;
use crate::server::parser;
use crate::server::session::{FIRST_ROLE, locked_in, role_name, with_pinned_settings, with_settings};
use crate::server::spi::{self, with_snapshot};
use crate::server::transaction;
use crate::server::worker::{self, WorkerRole, WorkerSpec};
use nself_heal_core::digest::{Differing, Digests};
use nself_heal_core::model::{Catalog, NotCompared};
use nself_heal_core::quote;

#[derive(Serialize, Deserialize)]
pub struct Request {
    pub database: u32,
    /// The role to work as.
    pub role: WorkerRole,
    pub task: Task,
}

#[derive(Serialize, Deserialize)]
pub enum Task {
    /// Makes what stood in the live database before the first migration.
    Ground(Box<Catalog>),
    /// Replays migrations of this role, in order.
    Migrations { migrations: Vec<Applied>, read: Reading },
    /// Runs migrations of this role, in order, and tells what they do.
    Rehearse(Vec<Run>),
}

/// What is to be read afterwards.
#[derive(Serialize, Deserialize)]
pub enum Reading {
    Nothing,
    Whole,
    /// What is not as it was when these digests were taken.
    Since(Digests),
}

#[derive(Serialize, Deserialize)]
pub struct Answer {
    pub read: Option<Read>,
    pub left_out: Vec<LeftOut>,
}

/// What the last migration left.
#[derive(Serialize, Deserialize)]
pub struct Read {
    /// All of it, or what is in `differing`.
    pub catalog: Catalog,
    pub digests: Digests,
    /// By object type.
    pub not_compared: BTreeMap<String, NotCompared>,
    pub differing: Option<Differing>,
    /// All of it, to check the rest by.
    #[cfg(debug_assertions)]
    pub whole: Catalog,
}

#[derive(Serialize, Deserialize)]
pub struct Failed {
    /// Nothing where no migration ran.
    pub version: Option<String>,
    /// Its number, if a statement failed.
    pub statement: Option<usize>,
    pub error: ServerError,
    /// What the migrations before it gave.
    pub before: Option<Box<Read>>,
    pub left_out: Vec<LeftOut>,
}

/// A replayer at the other end of the channel.
pub fn work(channel: &Channel) -> WorkerSpec<'static> {
    WorkerSpec {
        title: "nself_heal replay",
        function: "nself_heal_shadow_replayer",
        argument: channel.handle() as usize,
        extra: "",
        purpose: "work out the expected schema",
        returns_after: None,
    }
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_shadow_replayer(handle: pg_sys::Datum) {
    worker::obey_signals();
    let Some(channel) = Channel::attach(handle.value() as pg_sys::dsm_handle) else { return };
    let Ok(request) = channel.receive::<Request>("backend") else { return };
    // The shadow lets nobody else in, hence the flag.
    request.role.connect(pg_sys::Oid::from(request.database), pg_sys::BGWORKER_BYPASS_ALLOWCONN);
    let role = pg_sys::Oid::from(request.role.oid);
    hook::install(role);
    // If nobody listens any more, nobody is to be told.
    let _ = match &request.task {
        Task::Ground(ground) => channel.send(&ground::make(ground).map_err(ServerError::from), "backend"),
        Task::Migrations { migrations, read } => channel.send(&replay(role, migrations, read), "backend"),
        Task::Rehearse(runs) => {
            channel.send(&rehearse_with_rights(role, runs).map_err(ServerError::from), "backend")
        }
    };
}

/// As `replay` does it, with what the role could create in schema public.
fn rehearse_with_rights(role: pg_sys::Oid, runs: &[Run]) -> Result<Vec<Option<Ran>>, Error> {
    let lent = runs.first().is_some_and(|first| first.migration.rights.creates_in_public)
        && in_public(role, "GRANT", "TO", false)?;
    let rehearsed = rehearse::rehearse(runs)?;
    if lent {
        in_public(role, "REVOKE", "FROM", true)?;
    }
    Ok(rehearsed)
}

fn replay(role: pg_sys::Oid, migrations: &[Applied], read: &Reading) -> Result<Answer, Failed> {
    let (first, last) = (migrations.first(), migrations.last());
    // What it could create in schema public by a right that no migration gave it has to be lent to it here.
    let lent = first.is_some_and(|first| first.rights.creates_in_public)
        && in_public(role, "GRANT", "TO", false).map_err(|error| failed(first, error))?;
    for migration in migrations {
        if let Err(error) = apply(migration) {
            let failed = failed(Some(migration), error);
            let before = transaction::in_transaction(|| read_what(None)).ok().map(Box::new);
            return Err(Failed { before, left_out: left_out::take(), ..failed });
        }
    }
    if lent {
        in_public(role, "REVOKE", "FROM", true).map_err(|error| failed(last, error))?;
    }
    let since = match read {
        Reading::Nothing => return Ok(Answer { read: None, left_out: left_out::take() }),
        Reading::Whole => None,
        Reading::Since(digests) => Some(digests),
    };
    let read = transaction::in_transaction(|| read_what(since));
    Ok(Answer { read: Some(read.map_err(|error| failed(last, error))?), left_out: left_out::take() })
}

/// Changes, as the server itself, whether a role can create in schema public, if it `can` or cannot yet. Returns whether it
/// did. No event trigger sees this, as it is no command.
fn in_public(role: pg_sys::Oid, verb: &str, preposition: &str, can: bool) -> Result<bool, Error> {
    transaction::in_transaction(|| {
        let found = with_pinned_settings(|| {
            spi::read_one(
                "SELECT has_schema_privilege($1, to_regnamespace('public'), 'CREATE')",
                &[role.into()],
            )
        })?;
        if found != Some(can) {
            return Ok(false);
        }
        let change =
            format!("{verb} CREATE ON SCHEMA public {preposition} {}", quote::ident(&role_name(role)));
        let statement = parser::only_statement(&change).expect("one statement");
        locked_in(pg_sys::Oid::from(FIRST_ROLE), || {
            // SAFETY: the statement is a GRANT or REVOKE.
            unsafe { pg_sys::ExecuteGrantStmt(statement.cast()) };
            Ok(true)
        })
    })
}

fn read_what(since: Option<&Digests>) -> Result<Read, Error> {
    with_pinned_settings(|| {
        with_snapshot(|| {
            let Outline { digested, not_compared, own: _ } = outline::fresh()?;
            let differing = since.map(|since| digested.differing(since));
            let wanted = match &differing {
                None => Wanted::ALL,
                Some(differing) => digested.wanted(differing),
            };
            Ok(Read {
                catalog: catalog::read_with_dependencies(&wanted)?,
                not_compared,
                differing,
                #[cfg(debug_assertions)]
                whole: catalog::read_with_dependencies(&Wanted::ALL)?,
                digests: digested.digests,
            })
        })
    })
}

fn apply(migration: &Applied) -> Result<(), Error> {
    owners_rights::begin();
    let settings = migration.settings();
    let tenant = || with_settings(&settings, || tenant::make_tenant(migration.tenant.as_deref()));
    let script = migration.script();
    if migration.in_transaction {
        return transaction::in_transaction(|| {
            tenant()?;
            execute::run(&script, &settings)
        });
    }
    let statements = transaction::in_transaction(|| {
        tenant()?;
        split(&script)
    })?;
    // The others have not run, or nobody knows: what was begun counts when it has ended.
    let done = migration.statements_done.unwrap_or(statements.len()).min(statements.len());
    let mut begin = 0;
    while begin < done {
        let end = end_of_transaction(&statements, begin).min(done);
        transaction::in_transaction(|| {
            execute::run_transaction(&script, &statements, begin..end, &settings)
        })?;
        begin = end;
    }
    Ok(())
}

fn failed(migration: Option<&Applied>, error: Error) -> Failed {
    let (statement, error) = match error {
        Error::MigrationFailed { statement, source, .. } => (Some(statement), source),
        other => (None, other.into()),
    };
    let error = heard_here(error);
    let version = migration.map(|migration| migration.version.clone());
    Failed { version, statement, error, before: None, left_out: Vec::new() }
}
