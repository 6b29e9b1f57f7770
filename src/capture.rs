//! Notes DDL in nself.ddl_log, so that drift can be told with its culprit. It runs in the middle of users' commands: it
//! never makes one fail, and never waits for a lock.

mod objects;

use std::cell::{Cell, RefCell};
use std::ffi::CStr;

use nself_heal_core::secrets;
use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;

use crate::caller::{as_extension_owner_bare, roles, subtransaction};
use crate::error::Error;
use crate::{settings, spi};

/// How much of a command is kept, in bytes.
const KEPT: usize = 10_000;

thread_local! {
    static OWN: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work`, whose DDL is this program's own: a migration or a heal, which have books of their own.
pub fn own<T>(work: impl FnOnce() -> T) -> T {
    struct Within;
    impl Drop for Within {
        fn drop(&mut self) {
            OWN.set(OWN.get() - 1);
        }
    }
    OWN.set(OWN.get() + 1);
    let _within = Within;
    work()
}

/// For the server: how the function below is called.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_nself_note_ddl() -> &'static pg_sys::Pg_finfo_record {
    &pg_sys::Pg_finfo_record { api_version: 1 }
}

/// The function of the event triggers.
///
/// # Safety
/// Only the server calls it.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn nself_note_ddl(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    let nothing = pg_sys::Datum::from(0);
    // SAFETY: an event trigger is called with a context that says so; the texts live through the call. The rest are plain
    // reads of this backend's state.
    let (event, tag) = unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return nothing;
        }
        if !settings::capture_ddl()
            || OWN.get() > 0
            || pg_sys::creating_extension
            || pg_sys::IsBinaryUpgrade
            || pg_sys::XactReadOnly
        {
            return nothing;
        }
        let data = context.cast::<pg_sys::EventTriggerData>();
        (CStr::from_ptr((*data).event), CStr::from_ptr(pg_sys::GetCommandTagName((*data).tag)))
    };
    let event = match event.to_bytes() {
        b"table_rewrite" => {
            REWRITTEN.set(this_statement());
            return nothing;
        }
        b"sql_drop" => Event::Drop,
        _ => Event::End,
    };
    if let Err(error) = subtransaction(|| note(event, &tag.to_string_lossy())) {
        log!("nself_heal could not note a DDL in nself.ddl_log: {error}");
    }
    nothing
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    End,
    Drop,
}

thread_local! {
    /// The statement that was last seen to write a table anew.
    static REWRITTEN: Cell<i64> = const { Cell::new(0) };
}

/// When the statement that the client sent began.
fn this_statement() -> i64 {
    // SAFETY: a plain read of this backend's state.
    unsafe { pg_sys::GetCurrentStatementStartTimestamp() }
}

fn note(event: Event, tag: &str) -> Result<(), Error> {
    const INSERT: &str = "INSERT INTO nself.ddl_log VALUES (pg_catalog.clock_timestamp(), $1, $2, \
        pg_catalog.inet_client_addr(), pg_catalog.current_setting('application_name'), $3, $4, $5, $6, $7)";
    let (run_by, logged_in_as) = roles();
    let (dropped, rewrote) = (event == Event::Drop, REWRITTEN.get() == this_statement());
    as_extension_owner_bare(|| {
        let objects = if dropped { objects::dropped()? } else { objects::altered()? };
        if objects.is_empty() {
            return Ok(());
        }
        if !lock() {
            log!("nself_heal did not note a DDL ({tag}): nself.ddl_log is locked, or gone");
            return Ok(());
        }
        let arguments: [DatumWithOid; 7] = [
            logged_in_as.into(),
            run_by.into(),
            tag.into(),
            command().into(),
            objects.into(),
            dropped.into(),
            rewrote.into(),
        ];
        spi::with_prepared(
            "ddl log",
            || INSERT.to_owned(),
            &arguments,
            |client, insert| {
                client.update(insert, None, &arguments)?;
                Ok(())
            },
        )
    })
}

/// Where DDL is noted, if that is there.
pub fn log() -> Option<pg_sys::Oid> {
    // SAFETY: looks into the catalogs; with true a schema that is not there has no number, and nothing in it has one.
    let table = unsafe {
        pg_sys::get_relname_relid(c"ddl_log".as_ptr(), pg_sys::get_namespace_oid(c"nself".as_ptr(), true))
    };
    (table != pg_sys::InvalidOid).then_some(table)
}

/// Takes the lock that an INSERT takes, if it is to be had at once.
fn lock() -> bool {
    let lock = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
    // SAFETY: the lock is let go of at the end of the transaction.
    log().is_some_and(|table| unsafe { pg_sys::ConditionalLockRelationOid(table, lock) })
}

thread_local! {
    /// What was kept of the last command that the client sent, and when that began: it may hold many statements.
    static COMMAND: RefCell<(i64, Option<String>)> = const { RefCell::new((0, None)) };
}

/// What the client sent, without secrets, and not all of it if it is long.
fn command() -> Option<String> {
    let now = this_statement();
    if COMMAND.with_borrow(|(then, _)| *then != now) {
        COMMAND.set((now, kept_of_command()));
    }
    COMMAND.with_borrow(|(_, kept)| kept.clone())
}

fn kept_of_command() -> Option<String> {
    // SAFETY: the text lives as long as the command that the client sent.
    let text = unsafe {
        let text = pg_sys::debug_query_string;
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy())
    }?;
    let end = text.floor_char_boundary(KEPT);
    let mut kept = secrets::hide(&text[..end]).into_owned();
    if end < text.len() {
        kept.push('…');
    }
    Some(kept)
}
