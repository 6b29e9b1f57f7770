//! Background workers: how they are started, as whom they connect, and how they obey signals.

use std::ffi::{CStr, c_char, c_int};
use std::time::{Duration, Instant};

use pgrx::pg_sys;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::server::session::c_string;
use crate::server::{spi, transaction};

/// A worker that was started.
pub struct Handle(*mut pg_sys::BackgroundWorkerHandle);

impl Handle {
    pub fn raw(&self) -> *mut pg_sys::BackgroundWorkerHandle {
        self.0
    }

    /// Waits until the worker has ended.
    pub fn wait(self) {
        // SAFETY: the handle is that of a worker which was told to notify this process, and nobody uses it any more.
        unsafe {
            pg_sys::WaitForBackgroundWorkerShutdown(self.0);
        }
    }

    /// Waits until the worker has begun, and returns its process.
    pub fn pid(&self) -> Result<i32, Error> {
        let mut pid = 0;
        // SAFETY: the handle is that of a worker which was told to notify this process.
        let status = unsafe { pg_sys::WaitForBackgroundWorkerStartup(self.0, &mut pid) };
        if status == pg_sys::BgwHandleStatus::BGWH_STARTED { Ok(pid) } else { Err(Error::NotStarted) }
    }

    /// Whether the worker has ended, or never began.
    pub fn has_ended(&self) -> bool {
        matches!(
            self.status().0,
            pg_sys::BgwHandleStatus::BGWH_STOPPED | pg_sys::BgwHandleStatus::BGWH_POSTMASTER_DIED
        )
    }

    /// The worker's process, if it runs now.
    pub fn running(&self) -> Option<i32> {
        let (status, pid) = self.status();
        (status == pg_sys::BgwHandleStatus::BGWH_STARTED).then_some(pid)
    }

    /// Ends the worker as soon as it can.
    pub fn end(&self) {
        // SAFETY: the handle is that of a worker.
        unsafe { pg_sys::TerminateBackgroundWorker(self.0) };
    }

    fn status(&self) -> (pg_sys::BgwHandleStatus::Type, i32) {
        let mut pid = 0;
        // SAFETY: the handle is that of a worker.
        (unsafe { pg_sys::GetBackgroundWorkerPid(self.0, &mut pid) }, pid)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the server made it for `start`, and nobody uses it any more.
        unsafe { pg_sys::pfree(self.0.cast()) };
    }
}

/// What a worker is to do.
pub struct WorkerSpec<'a> {
    /// Shown in pg_stat_activity.
    pub title: &'a str,
    /// Exported by this library.
    pub function: &'a str,
    pub argument: usize,
    /// At most 127 bytes; `extra` reads it in the worker.
    pub extra: &'a str,
    /// For whoever is told that there is no place for it.
    pub purpose: &'static str,
    /// How long after its end by a crash or an error the server starts it again, if at all.
    pub returns_after: Option<Duration>,
}

impl WorkerSpec<'_> {
    fn registration(&self) -> pg_sys::BackgroundWorker {
        let mut worker = pg_sys::BackgroundWorker {
            bgw_flags: (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32,
            bgw_start_time: pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished,
            bgw_restart_time: self
                .returns_after
                .map_or(pg_sys::BGW_NEVER_RESTART, |after| after.as_secs() as i32),
            bgw_main_arg: pg_sys::Datum::from(self.argument),
            ..Default::default()
        };
        fill(&mut worker.bgw_name, self.title);
        fill(&mut worker.bgw_type, self.title);
        fill(&mut worker.bgw_library_name, "nself_heal");
        fill(&mut worker.bgw_function_name, self.function);
        fill(&mut worker.bgw_extra, self.extra);
        worker
    }

    /// Lets the server start it when it starts itself. Only while the server loads its libraries.
    pub fn start_with_server(&self) {
        // SAFETY: the struct is complete, and the server copies it.
        unsafe { pg_sys::RegisterBackgroundWorker(&mut self.registration()) };
    }

    /// Starts it now. This process is told when it has begun and when it has ended.
    pub fn start(&self) -> Result<Handle, Error> {
        let mut worker = self.registration();
        let mut handle = std::ptr::null_mut();
        // SAFETY: as above. The handle may be wanted after this transaction.
        let started = unsafe {
            worker.bgw_notify_pid = pg_sys::MyProcPid;
            let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
            let started = pg_sys::RegisterDynamicBackgroundWorker(&mut worker, &mut handle);
            pg_sys::MemoryContextSwitchTo(context);
            started
        };
        if started { Ok(Handle(handle)) } else { Err(Error::NoWorker { purpose: self.purpose }) }
    }
}

/// Copies a text that fits, with the zero at its end that the field already holds.
fn fill(field: &mut [c_char], text: &str) {
    debug_assert!(text.len() < field.len());
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from as c_char;
    }
}

/// The `extra` of this worker's `WorkerSpec`.
pub fn extra() -> String {
    // SAFETY: MyBgworkerEntry is set in every background worker; the text ends with a zero within the field.
    unsafe { CStr::from_ptr((*pg_sys::MyBgworkerEntry).bgw_extra.as_ptr()).to_string_lossy().into_owned() }
}

unsafe extern "C-unwind" {
    /// The server's handler that ends a process at its next safe place. All are declared here, because the handler
    /// itself is wanted, not a call of it that is guarded against errors.
    fn die(signal: c_int);
    /// The server's handler that notes the wish to end and wakes the process.
    fn SignalHandlerForShutdownRequest(signal: c_int);
    /// The server's handler that notes the wish to read the configuration again and wakes the process.
    fn SignalHandlerForConfigReload(signal: c_int);
    fn _exit(code: c_int) -> !;
}

/// Lets this worker end for good, also by an error: it came back after a crash of the server, and if the database that
/// it worked for is gone by now, it would come back for ever.
pub fn try_once() {
    // SAFETY: the callback is run last of all, when the process has let go of everything that is shared.
    unsafe { pg_sys::on_proc_exit(Some(end_well), pg_sys::Datum::from(0)) };
}

unsafe extern "C-unwind" fn end_well(_code: c_int, _arg: pg_sys::Datum) {
    // SAFETY: it ends the process.
    unsafe { _exit(0) }
}

/// Settings of the database or the role are for users' sessions. Where they would stop a worker, its own hold.
pub fn take_own_settings() {
    const OWN: [(&CStr, &CStr); 4] = [
        // A replica that is down must not hold up a database that lives for a second.
        (c"synchronous_commit", c"local"),
        (c"default_transaction_read_only", c"off"),
        (c"lock_timeout", c"0"),
        // A setting of the role itself would have it begin as another one.
        (c"role", c"none"),
    ];
    for (name, value) in OWN {
        set_as(name, value, pg_sys::GucSource::PGC_S_OVERRIDE);
    }
}

/// Changes a setting for the rest of this worker's life. Only outside a transaction, the end of which would undo it.
pub fn set(name: &str, value: &str) {
    set_as(&c_string(name), &c_string(value), pg_sys::GucSource::PGC_S_SESSION);
}

fn set_as(name: &CStr, value: &CStr, source: pg_sys::GucSource::Type) {
    // SAFETY: both texts live through the call; the server copies what it keeps.
    unsafe {
        pg_sys::SetConfigOption(name.as_ptr(), value.as_ptr(), pg_sys::GucContext::PGC_SUSET, source);
    }
}

/// Lets the usual signals end this worker, also within a statement, and SIGHUP be seen by `reload`. One that came before
/// was lost, so the first `reload` reads the configuration in any case.
pub fn obey_signals() {
    // SAFETY: the handler is the server's own, made for this; the flag is what it sets.
    unsafe {
        handle(pg_sys::SIGHUP as i32, SignalHandlerForConfigReload);
        std::ptr::addr_of_mut!(pg_sys::ConfigReloadPending).write_volatile(1);
    }
    on_sigterm(die);
}

/// Reads the configuration again if a signal said so. Returns whether it did.
pub fn reload() -> bool {
    // SAFETY: the flag is set by a signal handler of this process; the server reads its own files.
    unsafe {
        let pending = std::ptr::addr_of_mut!(pg_sys::ConfigReloadPending);
        if pending.read_volatile() == 0 {
            return false;
        }
        pending.write_volatile(0);
        pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
    }
    true
}

/// Sleeps until the time is over or somebody wakes this process. A signal to end, ends it here.
pub fn sleep(time: Duration) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX).min(i64::from(i32::MAX));
    // SAFETY: the latch is this process's own.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, time, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// Sleeps for that long, whoever wakes this process meanwhile.
pub fn pause(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        sleep(left);
    }
}

/// How long to pause before what did not get its locks in time is tried again.
pub const WAITS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// Stays for a moment, at the end of a worker that has written down how its work ended. Who reads what is written and looks
/// for the process that wrote it, does the one just before the other: without this, a row from before the end and no
/// process would look like an interruption.
pub fn linger() {
    show_idle("has done its work");
    pause(Duration::from_millis(100));
}

/// Shows in pg_stat_activity what this worker does.
pub fn show(doing: &str) {
    show_as(pg_sys::BackendState::STATE_RUNNING, doing);
}

/// Shows there that it waits.
pub fn show_idle(waiting: &str) {
    show_as(pg_sys::BackendState::STATE_IDLE, waiting);
}

fn show_as(state: pg_sys::BackendState::Type, text: &str) {
    let text = c_string(text);
    // SAFETY: the server copies the text.
    unsafe { pg_sys::pgstat_report_activity(state, text.as_ptr()) };
}

/// Lets a signal to end be seen by `is_to_end` alone: this worker has something to tidy up first.
pub fn note_signals() {
    on_sigterm(SignalHandlerForShutdownRequest);
}

/// Whether a signal to end has come.
pub fn is_to_end() -> bool {
    // SAFETY: a plain read of a flag that a signal handler of this process sets.
    unsafe { std::ptr::addr_of!(pg_sys::ShutdownRequestPending).read_volatile() != 0 }
}

fn on_sigterm(handler: unsafe extern "C-unwind" fn(c_int)) {
    // SAFETY: the handler is one of the server's own, made for this.
    unsafe {
        handle(pg_sys::SIGTERM as i32, handler);
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

unsafe fn handle(signal: c_int, handler: unsafe extern "C-unwind" fn(c_int)) {
    // SAFETY: the caller gives a handler that is made for the signal.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(signal, Some(handler));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(signal, Some(handler));
    }
}

/// The role that a worker does its work as: the one whose rights were in force when it was asked for, never the login
/// behind that one.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct WorkerRole {
    pub oid: u32,
    /// Whether the worker can connect as that role. If not, it connects as the server itself and is confined to the role's
    /// rights.
    pub connects: bool,
}

impl WorkerRole {
    /// The role of this name.
    pub fn of(name: &str) -> Result<Self, Error> {
        let found: Option<String> = spi::read_one(
            "SELECT pg_catalog.json_build_object('oid', oid::pg_catalog.int8, 'connects', rolcanlogin)::text \
               FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name",
            &[name.into()],
        )?;
        let found = found.ok_or_else(|| Error::NoSuchRole { role: name.to_owned() })?;
        let role: Self = serde_json::from_str(&found)
            .map_err(|error| Error::BadAnswer { query: "role", reason: error.to_string() })?;
        Ok(Self { connects: role.connects || BYPASS_LOGIN != 0, ..role })
    }

    /// Connects this worker to a database. From now on it has the rights of the role alone.
    pub fn connect(self, database: pg_sys::Oid, flags: u32) {
        let role = pg_sys::Oid::from(self.oid);
        let (connects_as, flags) = match self.connects {
            true => (role, flags | BYPASS_LOGIN),
            false => (pg_sys::InvalidOid, flags),
        };
        // SAFETY: it is called once in a worker, before anything that needs a database.
        unsafe { pg_sys::BackgroundWorkerInitializeConnectionByOid(database, connects_as, flags) };
        if !self.connects {
            transaction::confine(role);
        }
        take_own_settings();
    }
}

/// Lets a worker connect as a role that may not log in, where the server can.
#[cfg(any(feature = "pg15", feature = "pg16"))]
const BYPASS_LOGIN: u32 = 0;
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
const BYPASS_LOGIN: u32 = pg_sys::BGWORKER_BYPASS_ROLELOGINCHECK;
