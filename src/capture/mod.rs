//! Notes DDL in nself.ddl_log, so that drift can be told with its culprit. It runs in the middle of users' commands: it
//! never makes one fail, and never waits for a lock. Commands are noted in memory as they end, and written down together
//! when the transaction does: writing needs a subtransaction, and many of those in one transaction slow the server down.

#![allow(unsafe_code)]

mod actions;
mod command;
pub mod culprit;
mod guard;
mod objects;

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_void};
use std::rc::Rc;

use pgrx::datum::{TimestampWithTimeZone, clock_timestamp};
use pgrx::prelude::*;

use crate::error::Error;
use crate::server::own_ddl::{self, Does};
use crate::server::session::{as_extension_owner_bare, roles};
use crate::server::spi;
use crate::server::transaction::{subtransaction, try_read};
use crate::settings::{self, Guard};
use objects::Touches;

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
    let (event, tag, statement) = unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return nothing;
        }
        if own_ddl::is_running() && !own_ddl::is_collecting()
            || !own_ddl::is_running() && !settings::capture_ddl() && settings::guard() == Guard::Off
            || pg_sys::creating_extension
            || pg_sys::IsBinaryUpgrade
            || pg_sys::XactReadOnly
        {
            return nothing;
        }
        let data = context.cast::<pg_sys::EventTriggerData>();
        (
            CStr::from_ptr((*data).event),
            CStr::from_ptr(pg_sys::GetCommandTagName((*data).tag)),
            (*data).parsetree,
        )
    };
    let event = match event.to_bytes() {
        b"table_rewrite" => {
            REWRITTEN.set(this_statement());
            return nothing;
        }
        b"sql_drop" => Event::Drop,
        b"ddl_command_start" if own_ddl::is_running() || settings::guard() == Guard::Off => return nothing,
        b"ddl_command_start" => Event::Begin(statement),
        _ => Event::End(statement),
    };
    let tag = tag.to_string_lossy();
    let Touches { objects: touched, actions, renamed } = match try_read(|| Ok(event.touched(&tag))) {
        Ok(touches) => touches,
        Err(error) => {
            log!("nself_heal could not see what a DDL command did: {error}");
            return nothing;
        }
    };
    if own_ddl::is_running() {
        own_ddl::note(touched.into_iter().map(|touched| touched.name), event.does());
        return nothing;
    }
    guard::look_at(&tag, &touched, event);
    if matches!(event, Event::Begin(_)) {
        return nothing;
    }
    if settings::capture_ddl() && !touched.is_empty() {
        note(&event, statement, &tag, Touches { objects: touched, actions, renamed });
    }
    if NOTED.with_borrow(Vec::len) >= AT_ONCE {
        write_down();
    }
    nothing
}

#[derive(Clone, Copy)]
enum Event {
    /// Of this statement, and only of one that commits in the middle.
    Begin(*const pg_sys::Node),
    /// Of this statement.
    End(*const pg_sys::Node),
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

/// A command of this transaction that is still to be written down.
struct DdlCommand {
    /// It is forgotten with that.
    subtransaction: pg_sys::SubTransactionId,
    at: TimestampWithTimeZone,
    logged_in_as: String,
    run_by: String,
    application_name: String,
    tag: String,
    command: Option<Rc<str>>,
    objects: Vec<String>,
    actions: Vec<String>,
    dropped: bool,
    rewrote: bool,
}

/// How many are written down at once: each time takes a number of a transaction.
const AT_ONCE: usize = 1000;

thread_local! {
    static NOTED: RefCell<Vec<DdlCommand>> = const { RefCell::new(Vec::new()) };
}

impl Event {
    fn does(&self) -> Does {
        use pg_sys::NodeTag::{T_AlterObjectSchemaStmt, T_RenameStmt};
        let statement = match self {
            Event::Drop => return Does::Drop,
            Event::Begin(statement) | Event::End(statement) => *statement,
        };
        // SAFETY: it is what the event trigger was called for.
        match unsafe { statement.as_ref() }.map(|node| node.type_) {
            Some(T_RenameStmt | T_AlterObjectSchemaStmt) => Does::Rename,
            _ => Does::Alter,
        }
    }

    fn touched(&self, tag: &str) -> Touches {
        match self {
            Event::Drop => objects::dropped().into(),
            // SAFETY: it is what the event trigger was called for.
            Event::Begin(statement) => {
                unsafe { objects::of_committing(*statement) }.into_iter().collect::<Vec<_>>().into()
            }
            // SAFETY: as above.
            Event::End(statement) => unsafe { objects::altered(*statement, tag) },
        }
    }
}

fn note(event: &Event, statement: *const pg_sys::Node, tag: &str, touches: Touches) {
    let Touches { objects, mut actions, renamed } = touches;
    actions.extend(renamed.iter().map(|name| format!("renamed {name}")));
    let (run_by, logged_in_as) = roles();
    listen();
    // SAFETY: plain reads of this backend's state; the name is copied.
    let (subtransaction, application_name) = unsafe {
        let name = CStr::from_ptr(pg_sys::application_name).to_string_lossy().into_owned();
        (pg_sys::GetCurrentSubTransactionId(), name)
    };
    NOTED.with_borrow_mut(|noted| {
        noted.push(DdlCommand {
            subtransaction,
            at: clock_timestamp(),
            logged_in_as,
            run_by,
            application_name,
            tag: tag.to_owned(),
            command: command::of(statement, tag),
            objects: objects.into_iter().map(|touched| touched.name).chain(renamed).collect(),
            actions,
            dropped: matches!(event, Event::Drop),
            rewrote: REWRITTEN.get() == this_statement(),
        });
    });
}

/// Writes down what this transaction has noted so far. A command that is rolled back was never said.
pub fn write_down() {
    let noted = NOTED.take();
    if noted.is_empty() {
        return;
    }
    match subtransaction(|| insert(&noted)) {
        Ok(true) => {}
        Ok(false) => {
            log!("nself_heal did not note {} DDL commands: nself.ddl_log is locked, or gone", noted.len())
        }
        Err(error) => {
            log!("nself_heal could not note {} DDL commands in nself.ddl_log: {error}", noted.len())
        }
    }
}

/// False where the log cannot be had at once.
fn insert(noted: &[DdlCommand]) -> Result<bool, Error> {
    // One statement for all, because each one costs as much as several rows. All names in full, and no operators: it runs
    // under whatever search_path the user has.
    const INSERT: &str = "INSERT INTO nself.ddl_log (at, logged_in_as, run_by, client_addr, application_name, tag, command, \
                                                     objects, actions, dropped, rewrote) \
        SELECT n.at, n.logged_in_as, n.run_by, pg_catalog.inet_client_addr(), n.application_name, n.tag, n.command, \
               n.objects::pg_catalog.text[], n.actions::pg_catalog.text[], n.dropped, n.rewrote \
          FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), \
                          pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8), \
                          pg_catalog.unnest($9), pg_catalog.unnest($10)) \
               n(at, logged_in_as, run_by, application_name, tag, command, objects, actions, dropped, rewrote)";
    let texts = |of: fn(&DdlCommand) -> &str| noted.iter().map(of).collect::<Vec<_>>();
    let rows = [
        noted.iter().map(|one| one.at).collect::<Vec<_>>().into(),
        texts(|one| &one.logged_in_as).into(),
        texts(|one| &one.run_by).into(),
        texts(|one| &one.application_name).into(),
        texts(|one| &one.tag).into(),
        noted.iter().map(|one| one.command.as_deref()).collect::<Vec<_>>().into(),
        noted.iter().map(|one| array(&one.objects)).collect::<Vec<_>>().into(),
        noted.iter().map(|one| array(&one.actions)).collect::<Vec<_>>().into(),
        noted.iter().map(|one| one.dropped).collect::<Vec<_>>().into(),
        noted.iter().map(|one| one.rewrote).collect::<Vec<_>>().into(),
    ];
    as_extension_owner_bare(|| {
        if !lock() {
            return Ok(false);
        }
        spi::with_snapshot(|| {
            spi::with_prepared(
                "ddl log",
                || INSERT.to_owned(),
                &rows,
                |client, insert| {
                    client.update(insert, None, &rows)?;
                    Ok(true)
                },
            )
        })
    })
}

/// An array as the server reads it: one of arrays would have to be of arrays of one length.
fn array(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

/// Asks the server to tell of the ends of transactions.
fn listen() {
    thread_local! {
        static LISTENS: Cell<bool> = const { Cell::new(false) };
    }
    if !LISTENS.replace(true) {
        // SAFETY: both functions are there as long as the process is.
        unsafe {
            pg_sys::RegisterXactCallback(Some(at_end), std::ptr::null_mut());
            pg_sys::RegisterSubXactCallback(Some(at_end_of_part), std::ptr::null_mut());
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_end(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent as Event;
    match event {
        Event::XACT_EVENT_PRE_COMMIT | Event::XACT_EVENT_PRE_PREPARE => write_down(),
        _ => drop(NOTED.take()),
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_end_of_part(
    event: pg_sys::SubXactEvent::Type,
    part: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        // What began within that part has a larger number.
        NOTED.with_borrow_mut(|noted| noted.retain(|one| one.subtransaction < part));
    }
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
