//! What other processes tell the launcher, over shared memory: that there is news in some database. Without
//! shared_preload_libraries there is no launcher, and nothing to tell.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use pgrx::prelude::*;
use pgrx::{PgAtomic, pg_shmem_init};

/// The process of the launcher, zero while there is none.
// SAFETY: no other library uses that name.
static LAUNCHER: PgAtomic<AtomicI32> = unsafe { PgAtomic::new(c"nself_heal launcher") };
/// How often there was news.
// SAFETY: as above.
static NEWS: PgAtomic<AtomicU32> = unsafe { PgAtomic::new(c"nself_heal news") };

thread_local! {
    /// Inherited from the process that loaded the library with the server.
    static IS_THERE: Cell<bool> = const { Cell::new(false) };
}

/// Only while the server loads its libraries.
#[allow(
    unexpected_cfgs,
    reason = "the macro asks for versions of the server that this program does not know"
)]
pub fn define() {
    pg_shmem_init!(LAUNCHER);
    pg_shmem_init!(NEWS);
    IS_THERE.set(true);
}

/// In the launcher.
pub fn enter() {
    // SAFETY: a plain read of this process's own state; the callback is run when it ends.
    unsafe {
        LAUNCHER.get().store(pg_sys::MyProcPid, Ordering::Relaxed);
        pg_sys::before_shmem_exit(Some(leave), pg_sys::Datum::from(0));
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn leave(_code: i32, _arg: pg_sys::Datum) {
    LAUNCHER.get().store(0, Ordering::Relaxed);
}

/// How often there was news, in the launcher.
pub fn news() -> u32 {
    NEWS.get().load(Ordering::Relaxed)
}

/// Why there is no launcher, if there is none.
pub fn why_no_launcher() -> Option<&'static str> {
    if !IS_THERE.get() {
        return Some("shared_preload_libraries does not name nself_heal, so there is no worker");
    }
    let is_at_work = LAUNCHER.get().load(Ordering::Relaxed) != 0;
    (!is_at_work).then_some("the worker has ended, and the server starts it again in a moment")
}

thread_local! {
    /// Whether the launcher is to be told when this transaction has committed, if this process asked to be told of that.
    static TO_TELL: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Tells the launcher, once this transaction has committed, that this database is worth a look.
pub fn tell() {
    if !IS_THERE.get() {
        return;
    }
    if TO_TELL.replace(Some(true)).is_none() {
        // SAFETY: the function is there as long as the process is.
        unsafe { pg_sys::RegisterXactCallback(Some(at_end), std::ptr::null_mut()) };
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_end(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent as Event;
    let ends =
        matches!(event, Event::XACT_EVENT_COMMIT | Event::XACT_EVENT_ABORT | Event::XACT_EVENT_PREPARE);
    if !ends || TO_TELL.replace(Some(false)) != Some(true) || event != Event::XACT_EVENT_COMMIT {
        return;
    }
    NEWS.get().fetch_add(1, Ordering::Relaxed);
    // SAFETY: a process that is gone has no entry; the latch of one that just ended is nobody's.
    unsafe {
        let launcher = pg_sys::BackendPidGetProc(LAUNCHER.get().load(Ordering::Relaxed));
        if !launcher.is_null() {
            pg_sys::SetLatch(&raw mut (*launcher).procLatch);
        }
    }
}

/// Called by the extension's own script: the extension was made in this database.
#[pg_extern(sql = false)]
fn nself_wake() {
    tell();
}
