//! A visit of a worker to a database: it looks whether the database wants to be healed without being asked, closes the
//! drift, writes down what it did, and goes.

use std::time::{Duration, Instant};

use nself_heal_core::migrations;
use nself_heal_core::schedule::Finding;
use pgrx::prelude::*;

use crate::background::finding::Slip;
use crate::background::home;
use crate::background::job::{self, Asker, Task};
use crate::background::switch::Switch;
use crate::drift::compare::Asked;
use crate::error::Error;
use crate::expected::chain::Against;
use crate::expected::shadow::database;
use crate::heal::{notify, online, steps};
use crate::migrations::{evidence, journal, ledger, status};
use crate::server::session::as_extension_owner;
use crate::server::spi;
use crate::server::transaction::in_transaction;
use crate::server::version;
use crate::server::worker::{self, Handle, WorkerSpec};
use crate::{expected, settings};

/// What the history calls its runs.
const TRIGGER: &str = "worker";

/// Sends a visitor to a database.
pub fn start(database: pg_sys::Oid) -> Result<(Handle, Slip), Error> {
    let slip = Slip::new();
    let argument = slip.handle() as usize;
    let handle = WorkerSpec {
        title: "nself_heal worker",
        function: "nself_heal_visitor",
        argument,
        extra: &database.to_u32().to_string(),
        purpose: "look at it",
        returns_after: None,
    }
    .start()?;
    Ok((handle, slip))
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_visitor(handle: pg_sys::Datum) {
    worker::obey_signals();
    let Some(slip) = Slip::attach(handle.value() as pg_sys::dsm_handle) else { return };
    let Ok(database) = worker::extra().parse::<u32>() else { return };
    // SAFETY: it is called once, before anything that needs a database. As the server itself: each step of a heal then
    // runs as the owner of what it touches.
    unsafe {
        pg_sys::BackgroundWorkerInitializeConnectionByOid(pg_sys::Oid::from(database), pg_sys::InvalidOid, 0);
    }
    worker::take_own_settings();
    // It stays for one look only.
    worker::set("nself.shadow_keep_from", "-1");
    match look() {
        Ok(finding) => slip.write(finding),
        Err(error) => warning!("nself_heal could not heal this database: {error}"),
    }
}

fn look() -> Result<Finding, Error> {
    worker::show("looks whether there is something to do");
    if let Some(finding) = in_transaction(nothing_to_do)? {
        return Ok(finding);
    }
    database::drop_left_overs()?;
    // A lock on the log is no reason not to heal.
    if let Err(error) = in_transaction(|| steps::limited(forget_old_ddl)) {
        debug1!("nself_heal could not forget old DDL: {error}");
    }
    worker::reload();
    if !in_transaction(Switch::read)?.enabled {
        return Ok(Finding::Disabled);
    }
    // Before anything is read or begun: also what was under way in the original is not taken up in a copy.
    if in_transaction(home::away)?.is_some() {
        return Ok(Finding::Copy);
    }
    if is_in_use()? {
        return Ok(Finding::PutOff);
    }
    let trouble = load_journal().and_then(|()| migrate()).err().map(|error| error.without_sql().to_string());
    worker::show("works out the schema that the migrations give");
    let report = match in_transaction(work_out) {
        Err(error) => online::not_compared(TRIGGER, Instant::now(), trouble, error.without_sql())?,
        // That can have taken long enough for somebody to begin.
        Ok(()) if is_in_use()? => return Ok(Finding::PutOff),
        Ok(()) => online::heal(TRIGGER, &Asked::default(), trouble, &mut |_| Ok(()))?,
    };
    in_transaction(|| notify::report(&report))?;
    worker::linger();
    Ok(if report.trouble.is_none() { Finding::Looked } else { Finding::Failed })
}

/// Why this worker has no business in this database, if so.
fn nothing_to_do() -> Result<Option<Finding>, Error> {
    Ok(match version::installed()?.as_deref() {
        None => Some(Finding::NoExtension),
        Some(version::LIBRARY) => None,
        Some(_) => Some(Finding::OtherVersion),
    })
}

/// Whether somebody is changing the schema, so that it is left in peace.
fn is_in_use() -> Result<bool, Error> {
    let who: Option<String> = in_transaction(|| as_extension_owner(|| spi::read_one(sql!("in_use"), &[])))?;
    if let Some(who) = &who {
        debug1!("nself_heal leaves this database in peace: {who}");
    }
    Ok(who.is_some())
}

fn work_out() -> Result<(), Error> {
    match expected::of(Against::Applied) {
        Ok(_) | Err(Error::NothingApplied) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads the folder on the server, if there is one.
fn load_journal() -> Result<(), Error> {
    let Some(folder) = settings::migrations_dir() else { return Ok(()) };
    worker::show("reads the migrations folder");
    in_transaction(|| journal::put(&journal::read_folder(&folder)?).map(drop))
}

fn forget_old_ddl() -> Result<(), Error> {
    settings::ddl_log_keep().map_or(Ok(()), evidence::forget_ddl)
}

/// Applies pending migrations, if this is asked for: in a job of the role that applied the last one, or that owns the
/// database if there is none.
fn migrate() -> Result<(), Error> {
    if !settings::migrate_on_start() {
        return Ok(());
    }
    let job = in_transaction(|| {
        if !status::status(None)?.iter().any(migrations::Status::is_pending) {
            return Ok(None);
        }
        let asker = match ledger::applied()?.pop() {
            Some(last) => {
                Asker { logged_in_as: last.logged_in_as, run_by: last.applied_by, settings: last.settings }
            }
            None => {
                let owner: Option<String> = spi::read_one(
                    "SELECT pg_catalog.pg_get_userbyid(datdba)::text FROM pg_catalog.pg_database \
                      WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()",
                    &[],
                )?;
                let owner = owner.unwrap_or_default();
                Asker { logged_in_as: owner.clone(), run_by: owner, ..Asker::caller()? }
            }
        };
        job::start(
            &Task::MigrateUp {
                target: None,
                max_count: None,
                tenant: None,
                out_of_order: false,
                by_itself: true,
            },
            &asker,
        )
        .map(Some)
    })?;
    let Some(number) = job else { return Ok(()) };
    worker::show("waits for the job that applies pending migrations");
    loop {
        worker::pause(Duration::from_millis(100));
        let job = in_transaction(|| job::read(number))?;
        match job.state.as_str() {
            "waiting" | "running" => {}
            "done" => return Ok(()),
            _ => {
                let code = job.sqlstate.map(|code| format!(" with SQLSTATE {code}")).unwrap_or_default();
                return Err(Error::NotMigrated { job: number, reason: format!("{}{code}", job.state) });
            }
        }
    }
}
