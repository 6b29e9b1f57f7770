//! The keeper: the worker that makes a shadow database, waits until the backend that wanted it lets go, and drops it. A
//! backend may also leave it with the keeper for a while.
//! That way nothing that happens to the backend leaves a database behind: an error, a cancel, a kill. If the whole
//! server crashes, its postmaster starts the keeper again, which finds no backend and drops what is there.

use std::ffi::c_int;
use std::time::{Duration, Instant};

use nself_heal_core::quote;
use pgrx::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ServerError};
use crate::server::cache::{Row, look_up};
use crate::server::channel::Channel;
use crate::server::session::c_string;
use crate::server::transaction;
use crate::server::worker::{self, WorkerSpec};

#[derive(Serialize, Deserialize)]
pub enum Request {
    /// Makes the shadow with these options, empty or with what another shadow holds, and drops what earlier ones left behind.
    Make { template: Option<String>, options: String, left_overs: Vec<String> },
    /// Gives it to this owner, and lets a role create schemas in it, or not.
    HandTo { owner: String, role: String, creates_schemas: bool },
    /// Keeps it for a while, in which nothing may be asked.
    Keep,
    /// It is to be used again.
    Use,
}

/// How long a shadow is kept that nobody uses.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// What the name of every shadow begins with.
pub const PREFIX: &str = "nself_shadow_";

/// The name of a shadow of a database for a backend. Its number keeps it apart from the one before, whose keeper may
/// still be at work when the backend was cancelled and asks again.
pub fn name(database: pg_sys::Oid, pid: i32, number: u32) -> String {
    format!("{PREFIX}{}_{pid}_{number}", database.to_u32())
}

/// The database that a shadow's name was made for.
fn database_of(shadow: &str) -> Option<pg_sys::Oid> {
    let (oid, _) = shadow.strip_prefix(PREFIX)?.split_once('_')?;
    oid.parse::<u32>().ok().map(pg_sys::Oid::from)
}

/// A keeper of the shadow `name`, at the other end of the channel. After a crash of the server it comes back, to remove
/// what it kept.
pub fn work<'a>(channel: &Channel, name: &'a str) -> WorkerSpec<'a> {
    WorkerSpec {
        title: "nself_heal shadow keeper",
        function: "nself_heal_shadow_keeper",
        argument: channel.handle() as usize,
        extra: name,
        purpose: "work out the expected schema",
        returns_after: Some(Duration::from_secs(1)),
    }
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_shadow_keeper(handle: pg_sys::Datum) {
    // The end of the server, or of the database that the backend works in, must not keep the shadow from being dropped.
    worker::note_signals();
    let name = worker::extra();
    let Some(database) = database_of(&name) else { return };
    let channel = Channel::attach(handle.value() as pg_sys::dsm_handle);
    if channel.is_none() {
        worker::try_once();
    }
    // The keeper works as the server itself: the caller need not have the right to make databases, and never gets it.
    // Nothing that users put into the live database runs here: there is no query, only utility statements of this file.
    // SAFETY: it is called once, before anything that needs a database.
    unsafe { pg_sys::BackgroundWorkerInitializeConnectionByOid(database, pg_sys::InvalidOid, 0) };
    worker::take_own_settings();
    if let Some(channel) = &channel {
        serve(channel, &name);
    }
    // Whoever let go, and for whatever reason: the shadow is not needed any more.
    drop_or_warn(&name);
}

/// Answers requests until the backend lets go, this worker is told to end, or what it keeps is not asked for.
fn serve(channel: &Channel, name: &str) {
    let mut until = None;
    while let Ok(request) = channel.receive_unless::<Request>("backend", until, worker::is_to_end) {
        until = matches!(request, Request::Keep).then(|| Instant::now() + KEPT_FOR);
        let answer = match request {
            Request::Keep | Request::Use => Ok(()),
            Request::Make { template, options, left_overs } => {
                make(name, template.as_deref().unwrap_or("template0"), &options, &left_overs)
            }
            Request::HandTo { owner, role, creates_schemas } => hand_to(name, &owner, &role, creates_schemas),
        };
        let answer = answer.map_err(ServerError::from);
        if channel.send(&answer, "backend").is_err() {
            return;
        }
    }
}

/// The backend that a shadow of this name was made for.
pub fn maker(name: &str) -> Option<c_int> {
    name.rsplit('_').nth(1)?.parse().ok()
}

fn make(name: &str, template: &str, options: &str, left_overs: &[String]) -> Result<(), Error> {
    for left_over in left_overs {
        drop_or_warn(left_over);
    }
    drop_shadow(name)?;
    transaction::utility(&format!(
        "CREATE DATABASE {} TEMPLATE {} ALLOW_CONNECTIONS false CONNECTION LIMIT 8 {options}",
        quote::ident(name),
        quote::ident(template)
    ))
}

/// Lets nobody in, and ends the sessions of whom the last owner let in: they must not see what the next one does.
fn close(name: &str) -> Result<(), Error> {
    transaction::utility(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", quote::ident(name)))?;
    transaction::in_transaction(|| {
        let (mut sessions, mut prepared) = (0, 0);
        // SAFETY: the name is a text. The server waits for the sessions that it was told to end.
        unsafe {
            let database = pg_sys::get_database_oid(c_string(name).as_ptr(), false);
            pg_sys::TerminateOtherDBBackends(database);
            match pg_sys::CountOtherDBBackends(database, &mut sessions, &mut prepared) {
                true => Err(Error::WorkerLost { what: "shadow, in which others are," }),
                false => Ok(()),
            }
        }
    })
}

fn hand_to(plain: &str, owner: &str, role: &str, creates_schemas: bool) -> Result<(), Error> {
    let (name, owner, role) = (quote::ident(plain), quote::ident(owner), quote::ident(role));
    transaction::utility(&format!("ALTER DATABASE {name} OWNER TO {owner}"))?;
    close(plain)?;
    transaction::utility(&match creates_schemas {
        true => format!("GRANT CREATE ON DATABASE {name} TO {role}"),
        false => format!("REVOKE CREATE ON DATABASE {name} FROM {role}"),
    })
}

fn is_template(name: &str) -> bool {
    // SAFETY: the name is a text; with true it returns InvalidOid for what is not there.
    let database = unsafe { pg_sys::get_database_oid(c_string(name).as_ptr(), true) };
    // SAFETY: the form is that of pg_database.
    let is_template = |row: Row| unsafe { row.form::<pg_sys::FormData_pg_database>().datistemplate };
    look_up(pg_sys::SysCacheIdentifier::DATABASEOID, database, is_template) == Some(true)
}

/// Drops a shadow that nobody needs. What is the matter with one that stays is no matter of who asks.
pub fn drop_or_warn(name: &str) {
    if let Err(error) = drop_shadow(name) {
        warning!("the shadow database {name} is left behind: {error}");
    }
}

/// Drops a shadow. Who owned it may have made it a template, which the server does not drop.
fn drop_shadow(name: &str) -> Result<(), Error> {
    if transaction::in_transaction(|| Ok(is_template(name)))? {
        transaction::utility(&format!("ALTER DATABASE {} IS_TEMPLATE false", quote::ident(name)))?;
    }
    transaction::utility(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote::ident(name)))
}
