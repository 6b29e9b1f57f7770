//! Who has the lock that a statement of this process waits for in vain. When the server gives up at lock_timeout, it forgets what
//! it waited for, and whoever waited behind this process gets the lock at once: who has it then need not have been in the way.
//! So it is asked while the statement waits. The one moment at which the server lets a library look is when it reports a wait
//! to its log (log_lock_waits), which it does after it has looked for a deadlock. A shorter deadlock_timeout brings that moment
//! before the end of lock_timeout.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char};

use pgrx::direct_function_call;
use pgrx::prelude::*;

use crate::error::{Error, ServerError};
use crate::server::session::role_name;
use crate::server::transaction::try_read;

/// What of a statement is shown, in characters, as in nself.jobs.
const SHOWN: usize = 200;

thread_local! {
    static IS_WATCHING: Cell<bool> = const { Cell::new(false) };
    /// Whether the log has such reports anyway.
    static IS_LOGGED: Cell<bool> = const { Cell::new(false) };
    static IN_THE_WAY: RefCell<Vec<i32>> = const { RefCell::new(Vec::new()) };
    static IS_INSTALLED: Cell<bool> = const { Cell::new(false) };
    /// The hook that was there before.
    static BEFORE: Cell<pg_sys::emit_log_hook_type> = const { Cell::new(None) };
}

/// Runs a statement. Where it fails because of lock_timeout, the detail of the error says who was in its way, as far as
/// pg_stat_activity shows it to `role`.
pub fn watched<T>(role: pg_sys::Oid, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: a plain read of a setting.
    if unsafe { pg_sys::LockTimeout } <= 0 || IS_WATCHING.get() {
        return work();
    }
    let result = {
        let _watch = Watch::begin();
        work()
    };
    match result {
        Err(Error::Server(error)) if error.code() == PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE => {
            Err(Error::Server(with_blockers(error, role)))
        }
        result => result,
    }
}

fn with_blockers(error: ServerError, role: pg_sys::Oid) -> ServerError {
    let pids = IN_THE_WAY.take();
    // SAFETY: the statement has ended in the wait for a lock, so it holds nothing that a look into the catalogs needs.
    match try_read(|| Ok(unsafe { text(&pids, role) })) {
        Ok(Some(who)) => {
            let detail = error.detail_and(&format!("It waited for a lock of {who}"));
            ServerError { detail: Some(detail), ..error }
        }
        _ => error,
    }
}

/// While it lives, waits for locks are reported to `on_log`.
struct Watch {
    deadlock_timeout: (i32, i32),
    log_lock_waits: bool,
}

impl Watch {
    fn begin() -> Self {
        install();
        IN_THE_WAY.take();
        IS_WATCHING.set(true);
        // SAFETY: settings are variables of this process, and these two may have any value at any time.
        unsafe {
            let (before, limit) = (pg_sys::DeadlockTimeout, pg_sys::LockTimeout);
            let now = before.min((limit / 2).max(1));
            let log_lock_waits = pg_sys::log_lock_waits;
            IS_LOGGED.set(log_lock_waits);
            pg_sys::DeadlockTimeout = now;
            pg_sys::log_lock_waits = true;
            Self { deadlock_timeout: (before, now), log_lock_waits }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        IS_WATCHING.set(false);
        let (before, now) = self.deadlock_timeout;
        // SAFETY: as above. What the statement itself has set stays.
        unsafe {
            if pg_sys::DeadlockTimeout == now {
                pg_sys::DeadlockTimeout = before;
            }
            if pg_sys::log_lock_waits {
                pg_sys::log_lock_waits = self.log_lock_waits;
            }
        }
    }
}

/// Once in a process: another library may put its own hook before this one.
fn install() {
    if IS_INSTALLED.replace(true) {
        return;
    }
    // SAFETY: a process of one thread.
    unsafe {
        BEFORE.set(pg_sys::emit_log_hook);
        pg_sys::emit_log_hook = Some(on_log);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_log(report: *mut pg_sys::ErrorData) {
    // SAFETY: the server hands over what it is about to say, and takes it back as it is. It reports a wait when it holds none
    // of its own short locks, so others' locks can be looked at.
    unsafe {
        if IS_WATCHING.get() && is_of_a_wait(&*report) {
            if !(*pg_sys::MyProc).waitLock.is_null() {
                let pids: Option<Vec<i32>> =
                    direct_function_call(pg_sys::pg_blocking_pids, &[pg_sys::MyProcPid.into_datum()]);
                IN_THE_WAY.set(pids.unwrap_or_default());
            }
            if !IS_LOGGED.get() {
                (*report).output_to_server = false;
                (*report).output_to_client = false;
                return;
            }
        }
        if let Some(before) = BEFORE.get() {
            before(report);
        }
    }
}

/// # Safety
/// Of a report that the server has made.
unsafe fn is_of_a_wait(report: &pg_sys::ErrorData) -> bool {
    // SAFETY: the name of a function is a text of the program.
    report.elevel == PgLogLevel::LOG as i32
        && !report.funcname.is_null()
        && unsafe { CStr::from_ptr(report.funcname) } == c"ProcSleep"
}

/// `process 7 (ann, psql): SELECT 1`, of each, as nself.jobs says it.
///
/// # Safety
/// Within a transaction.
unsafe fn text(pids: &[i32], role: pg_sys::Oid) -> Option<String> {
    if pids.is_empty() {
        return None;
    }
    // SAFETY: what the server keeps of other processes is copied when it is asked for first.
    let said = unsafe {
        pg_sys::pgstat_clear_backend_activity_snapshot();
        (1..=pg_sys::pgstat_fetch_stat_numbackends()).filter_map(|place| {
            let local = entry(place).as_ref()?;
            let process = &local.backendStatus;
            pids.contains(&process.st_procpid).then(|| (process.st_procpid, of_process(process, role)))
        })
    };
    let mut said: Vec<(i32, String)> = said.collect();
    said.sort();
    let said: Vec<String> = said.into_iter().map(|(_, said)| said).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// # Safety
/// Of a place that the server has counted.
unsafe fn entry(place: i32) -> *mut pg_sys::LocalPgBackendStatus {
    // SAFETY: the entry stays until the next question.
    #[cfg(feature = "pg15")]
    return unsafe { pg_sys::pgstat_fetch_stat_local_beentry(place) };
    #[cfg(not(feature = "pg15"))]
    return unsafe { pg_sys::pgstat_get_local_beentry_by_index(place) };
}

/// # Safety
/// Within a transaction, of an entry that the server has copied.
unsafe fn of_process(process: &pg_sys::PgBackendStatus, role: pg_sys::Oid) -> String {
    let pid = process.st_procpid;
    // Processes of the server itself have no role.
    let user = (process.st_userid != pg_sys::InvalidOid).then(|| role_name(process.st_userid));
    // SAFETY: questions about roles; the texts are of the copy.
    let (application, statement) = unsafe {
        let may_see = pg_sys::has_privs_of_role(role, pg_sys::Oid::from(pg_sys::ROLE_PG_READ_ALL_STATS))
            || pg_sys::has_privs_of_role(role, process.st_userid);
        match may_see {
            true => (
                copy(process.st_appname),
                // It may end within a character.
                copy(pg_sys::pgstat_clip_activity(process.st_activity_raw)),
            ),
            false => (String::new(), "<insufficient privilege>".to_owned()),
        }
    };
    let who: Vec<String> =
        user.into_iter().chain([application]).filter(|word: &String| !word.is_empty()).collect();
    let statement: String =
        statement.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
    let statement = if statement.is_empty() { statement } else { format!(": {statement}") };
    format!("process {pid} ({}){statement}", who.join(", "))
}

/// # Safety
/// Of a text of the server's, or none.
unsafe fn copy(text: *const c_char) -> String {
    match text.is_null() {
        true => String::new(),
        // SAFETY: it ends with a zero.
        false => unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned(),
    }
}
