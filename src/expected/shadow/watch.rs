//! What a statement of a rehearsal does, as the server's hooks tell it: what it drops, what it truncates, from which tables
//! it would delete rows, and what of it a replay passes over. In an empty database there are no rows that could be counted.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int};

use nself_heal_core::hazard::Upkeep;
use pgrx::prelude::*;

/// What the hooks saw since they were asked last.
#[derive(Default)]
pub struct Seen {
    /// Columns of relations, by the number of the relation.
    pub dropped_columns: Vec<(u32, String)>,
    pub truncated: Vec<u32>,
    pub deleted_from: Vec<u32>,
    /// Commands that a replay passes over, as they change no schema.
    pub passed_over: Vec<String>,
    /// What these do to tables, as the manual says, by the number of the table.
    pub by_manual: Vec<(u32, Upkeep)>,
    /// Whether something ran in another form than it would here.
    pub other_form: bool,
}

thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
    static NEXT: Cell<pg_sys::ExecutorStart_hook_type> = const { Cell::new(None) };
}

/// From now on this process watches.
pub fn begin() {
    SEEN.set(Some(Seen::default()));
    // SAFETY: this is a process of one thread, and the hook is called in it. The setting is that of the server's statistics,
    // without which nobody counts how often a table is read.
    unsafe {
        NEXT.set(pg_sys::ExecutorStart_hook);
        pg_sys::ExecutorStart_hook = Some(start);
        pg_sys::SetConfigOption(
            c"track_counts".as_ptr(),
            c"on".as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_OVERRIDE,
        );
    }
}

/// Whether this process watches.
pub fn is_on() -> bool {
    SEEN.with_borrow(Option::is_some)
}

/// What was seen since the last call.
pub fn take() -> Seen {
    SEEN.with_borrow_mut(|seen| seen.as_mut().map(std::mem::take)).unwrap_or_default()
}

fn note(change: impl FnOnce(&mut Seen)) {
    SEEN.with_borrow_mut(|seen| {
        if let Some(seen) = seen {
            change(seen);
        }
    });
}

/// Notes a command that is passed over.
pub fn passed_over(command: &CStr) {
    note(|seen| seen.passed_over.push(command.to_string_lossy().into_owned()));
}

/// Notes what a command that is passed over does to a table, as the manual says.
pub fn by_manual(table: pg_sys::Oid, does: Upkeep) {
    note(|seen| seen.by_manual.push((table.to_u32(), does)));
}

/// Notes that something runs in another form than it would here.
pub fn other_form() {
    note(|seen| seen.other_form = true);
}

/// Notes what the server is about to do with an object.
///
/// # Safety
/// The server says it, in a transaction.
pub unsafe fn accessed(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    part: c_int,
) {
    use pg_sys::ObjectAccessType::{OAT_DROP, OAT_TRUNCATE};
    if class != pg_sys::RelationRelationId {
        return;
    }
    match access {
        OAT_TRUNCATE => note(|seen| seen.truncated.push(object.to_u32())),
        OAT_DROP if part > 0 => {
            // SAFETY: a look into the catalogs; the name is the server's own copy, or nothing.
            let name = unsafe {
                let name = pg_sys::get_attname(object, part as pg_sys::AttrNumber, true);
                (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
            };
            if let Some(name) = name {
                note(|seen| seen.dropped_columns.push((object.to_u32(), name)));
            }
        }
        _ => {}
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn start(query: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: the server hands over a query that it has planned; the results of a plan are numbers of its tables, from 1.
    unsafe {
        let plan = &*(*query).plannedstmt;
        if plan.commandType == pg_sys::CmdType::CMD_DELETE {
            let tables = pgrx::PgList::<pg_sys::RangeTblEntry>::from_pg(plan.rtable);
            let results = pgrx::PgList::<()>::from_pg(plan.resultRelations);
            for place in 0..results.len() {
                let number = pg_sys::list_nth_int(plan.resultRelations, place as c_int);
                if let Some(table) = tables.get_ptr(number as usize - 1) {
                    note(|seen| seen.deleted_from.push((*table).relid.to_u32()));
                }
            }
        }
        match NEXT.get() {
            Some(next) => next(query, flags),
            None => pg_sys::standard_ExecutorStart(query, flags),
        }
    }
}
