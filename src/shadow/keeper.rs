//! The keeper: the worker that makes a shadow database, waits until the backend that wanted it lets go, and drops it.
//! That way nothing that happens to the backend leaves a database behind: an error, a cancel, a kill. If the whole
//! server crashes, its postmaster starts the keeper again, which finds no backend and drops what is there.

use nself_heal_core::quote;
use pgrx::prelude::*;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::worker::{obey_signals, shadow_name};
use crate::caller::{c_string, pinned};
use crate::error::{Error, ServerError};
use crate::spi;

#[derive(Serialize, Deserialize)]
pub enum Request {
    Make { options: String },
    HandTo { role: String },
}

const PREFIX: &str = "nself_shadow_";

/// The name of the shadow of a database for a backend.
pub fn name(database: pg_sys::Oid, pid: i32) -> String {
    format!("{PREFIX}{}_{pid}", database.to_u32())
}

/// The database that a shadow's name was made for.
fn database_of(shadow: &str) -> Option<pg_sys::Oid> {
    let (oid, _) = shadow.strip_prefix(PREFIX)?.split_once('_')?;
    oid.parse::<u32>().ok().map(pg_sys::Oid::from)
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_shadow_keeper(handle: pg_sys::Datum) {
    obey_signals();
    let name = shadow_name();
    let channel = Channel::attach(handle.value() as pg_sys::dsm_handle);
    let Some(database) = database_of(&name) else { return };
    // The keeper works beside the live database, as the server itself: the caller need not have the right to make
    // databases, and never gets it.
    // SAFETY: it is called once, before anything that needs a database.
    unsafe {
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, pg_sys::InvalidOid, 0);
        // A replica that is down must not hold up a database that lives for a second.
        pg_sys::SetConfigOption(
            c"synchronous_commit".as_ptr(),
            c"local".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_OVERRIDE,
        );
    }
    if let Some(channel) = &channel {
        serve(channel, &name);
    }
    // Whoever let go, and for whatever reason: the shadow is not needed any more.
    if let Err(error) = utility(&drop_statement(&name)) {
        warning!("the shadow database {name} is left behind: {}", error.message);
    }
}

/// Answers requests until the backend lets go.
fn serve(channel: &Channel, name: &str) {
    while let Ok(request) = channel.receive::<Request>("backend") {
        let answer = match request {
            Request::Make { options } => make(name, &options),
            Request::HandTo { role } => {
                utility(&format!("ALTER DATABASE {} OWNER TO {}", quote::ident(name), quote::ident(&role)))
            }
        };
        if channel.send(&answer, "backend").is_err() {
            return;
        }
    }
}

fn make(name: &str, options: &str) -> Result<(), ServerError> {
    for left_over in left_overs()? {
        utility(&drop_statement(&left_over))?;
    }
    utility(&drop_statement(name))?;
    utility(&format!(
        "CREATE DATABASE {} TEMPLATE template0 ALLOW_CONNECTIONS false CONNECTION LIMIT 8 {options}",
        quote::ident(name)
    ))
}

fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote::ident(name))
}

/// The shadows of backends that are no more: the server was stopped while they were there.
fn left_overs() -> Result<Vec<String>, ServerError> {
    in_transaction(|| {
        // Pinned: what the database's owner put into its search_path must not run as the server.
        let names: Option<Vec<String>> = pinned(|| {
            spi::read_here(
                "SELECT array_agg(datname::text) FROM pg_database \
                  WHERE datname ~ ('^' || $1 || '[0-9]+_[0-9]+$') \
                    AND NOT EXISTS (SELECT FROM pg_stat_activity a \
                                     WHERE a.pid::text = substring(datname FROM '[0-9]+$'))",
                &[PREFIX.into()],
            )
        })?;
        Ok(names.unwrap_or_default())
    })
}

/// Runs a statement that manages its own transaction, as the server does with a client's.
fn utility(statement: &str) -> Result<(), ServerError> {
    in_transaction(|| {
        let text = c_string(statement);
        // SAFETY: the statement is one of this file, so the list has one RawStmt; the receiver drops what comes.
        unsafe {
            let list = pg_sys::pg_parse_query(text.as_ptr());
            let raw = pgrx::PgList::<pg_sys::RawStmt>::from_pg(list).get_ptr(0).expect("one statement");
            let mut planned = PgBox::<pg_sys::PlannedStmt>::alloc_node(pg_sys::NodeTag::T_PlannedStmt);
            planned.commandType = pg_sys::CmdType::CMD_UTILITY;
            planned.canSetTag = true;
            planned.utilityStmt = (*raw).stmt;
            planned.stmt_location = (*raw).stmt_location;
            planned.stmt_len = (*raw).stmt_len;
            pg_sys::ProcessUtility(
                planned.as_ptr(),
                text.as_ptr(),
                false,
                pg_sys::ProcessUtilityContext::PROCESS_UTILITY_TOPLEVEL,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestNone),
                std::ptr::null_mut(),
            );
        }
        Ok(())
    })
}

/// Runs `work` in a transaction of its own. After an error the worker is as it was before.
fn in_transaction<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, ServerError> {
    super::replayer::in_transaction(work).map_err(|error| match error {
        Error::Server(error) => error,
        other => ServerError {
            code: PgSqlErrorCode::ERRCODE_INTERNAL_ERROR as i32,
            message: other.to_string(),
            detail: None,
            hint: None,
            position: None,
        },
    })
}
