//! Background workers: how they are started, how they obey signals, and how they run transactions and statements.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int};
use std::time::{Duration, Instant};

use pgrx::{PgBox, pg_sys};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::migrations::roles;
use crate::server::session::{c_string, catch, locked_in};
use crate::server::spi;

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
        let mut pid = 0;
        // SAFETY: the handle is that of a worker.
        let status = unsafe { pg_sys::GetBackgroundWorkerPid(self.0, &mut pid) };
        matches!(
            status,
            pg_sys::BgwHandleStatus::BGWH_STOPPED | pg_sys::BgwHandleStatus::BGWH_POSTMASTER_DIED
        )
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the server made it for `start`, and nobody uses it any more.
        unsafe { pg_sys::pfree(self.0.cast()) };
    }
}

/// What a worker is to do.
pub struct Work<'a> {
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

impl Work<'_> {
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

/// The `extra` of this worker's `Work`.
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
    const OWN: [(&CStr, &CStr); 3] = [
        // A replica that is down must not hold up a database that lives for a second.
        (c"synchronous_commit", c"local"),
        (c"default_transaction_read_only", c"off"),
        (c"lock_timeout", c"0"),
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
            CONFINED.set(Some(role));
        }
        take_own_settings();
    }
}

/// Lets a worker connect as a role that may not log in, where the server can.
#[cfg(any(feature = "pg15", feature = "pg16"))]
const BYPASS_LOGIN: u32 = 0;
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
const BYPASS_LOGIN: u32 = pg_sys::BGWORKER_BYPASS_ROLELOGINCHECK;

thread_local! {
    /// The role whose rights this worker has, where it could not connect as that role.
    static CONFINED: Cell<Option<pg_sys::Oid>> = const { Cell::new(None) };
}

/// Whether this worker could not connect as the role whose rights it has.
pub fn is_confined() -> bool {
    CONFINED.get().is_some()
}

/// Whether statements that make transactions of their own can be confined, too. The server asserts that no transaction
/// begins confined, although nothing in it depends on that: one that was built with assertions would end.
pub fn can_confine_statements() -> bool {
    // SAFETY: the server knows this setting; the text is its own.
    unsafe {
        let value = pg_sys::GetConfigOption(c"debug_assertions".as_ptr(), true, false);
        !value.is_null() && CStr::from_ptr(value) == c"off"
    }
}

/// Runs `work` with the rights that this worker has. What was deferred to the end of the transaction runs with them, too.
fn in_bounds<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let Some(role) = CONFINED.get() else { return work() };
    locked_in(role, || {
        let value = work()?;
        spi::write("SET CONSTRAINTS ALL IMMEDIATE", &[])?;
        roles::refuse_left(&[])?;
        Ok(value)
    })
}

/// Runs `work` in a transaction of its own, with a snapshot. After an error the worker is as it was before.
pub fn in_transaction<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let result = catch(|| {
        // SAFETY: a worker outside a transaction starts one and either commits it here or aborts it below.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            hold_extension();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let value = in_bounds(work)?;
        // SAFETY: as above.
        unsafe {
            if pg_sys::ActiveSnapshotSet() {
                pg_sys::PopActiveSnapshot();
            }
            pg_sys::CommitTransactionCommand();
        }
        Ok(value)
    });
    if result.is_err() {
        // SAFETY: the transaction that failed is the one started above.
        unsafe { pg_sys::AbortCurrentTransaction() };
    }
    result
}

/// Lets whoever drops the extension wait for the end of this transaction before it locks anything. It locks table by table
/// otherwise, so that each could come to wait for the other.
///
/// # Safety
/// In a transaction.
unsafe fn hold_extension() {
    // SAFETY: the name is a text; the transaction lets go of the lock.
    unsafe {
        if pg_sys::MyDatabaseId == pg_sys::InvalidOid {
            return;
        }
        let extension = pg_sys::get_extension_oid(c"nself_heal".as_ptr(), true);
        if extension != pg_sys::InvalidOid {
            let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
            pg_sys::LockDatabaseObject(pg_sys::ExtensionRelationId, extension, 0, lock);
        }
    }
}

/// Runs a utility statement that may make transactions of its own, as the server does with a client's. After an error the
/// worker is as it was before.
pub fn utility(statement: &str) -> Result<(), Error> {
    let Some(role) = CONFINED.get() else { return run_utility(statement) };
    // SAFETY: the session's own user is set back below, in either case: an error ends the transactions of the statement,
    // which goes back to what was in force when they began.
    unsafe {
        pg_sys::SetUserIdAndSecContext(role, pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32);
        let result = run_utility(statement);
        pg_sys::SetUserIdAndSecContext(pg_sys::GetSessionUserId(), 0);
        result
    }
}

fn run_utility(statement: &str) -> Result<(), Error> {
    let text = c_string(statement);
    // SAFETY: what is parsed has to outlive the transactions that the statement makes, so it is kept in a memory context
    // of its own.
    let parsed = unsafe {
        pg_sys::AllocSetContextCreateExtended(
            pg_sys::TopMemoryContext,
            c"nself_heal statement".as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        )
    };
    let result = catch(|| {
        // SAFETY: the pattern of exec_simple_query in postgres.c, for one utility statement that returns no rows. An error
        // is taken care of below.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::MemoryContextSwitchTo(parsed);
            run_in_portal(&text);
            pg_sys::CommitTransactionCommand();
        }
        Ok(())
    });
    // SAFETY: the transaction that failed is the one started above, or one that the statement made. Nothing of what was
    // parsed is used any more.
    unsafe {
        if result.is_err() {
            pg_sys::AbortCurrentTransaction();
        }
        pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        pg_sys::MemoryContextDelete(parsed);
    }
    result
}

/// # Safety
/// In a transaction, at top level; the text is one utility statement and outlives the call.
unsafe fn run_in_portal(text: &CStr) {
    // SAFETY: the list has one RawStmt; the receiver drops what comes.
    unsafe {
        let list = pg_sys::pg_parse_query(text.as_ptr());
        let raw = pgrx::PgList::<pg_sys::RawStmt>::from_pg(list).get_ptr(0).expect("one statement");
        let mut planned = PgBox::<pg_sys::PlannedStmt>::alloc_node(pg_sys::NodeTag::T_PlannedStmt);
        planned.commandType = pg_sys::CmdType::CMD_UTILITY;
        planned.canSetTag = true;
        planned.utilityStmt = (*raw).stmt;
        planned.stmt_location = (*raw).stmt_location;
        planned.stmt_len = (*raw).stmt_len;
        let mut statements = pgrx::PgList::<pg_sys::PlannedStmt>::new();
        statements.push(planned.into_pg());
        let portal = pg_sys::CreatePortal(c"".as_ptr(), true, true);
        (*portal).visible = false;
        pg_sys::PortalDefineQuery(
            portal,
            std::ptr::null(),
            text.as_ptr(),
            pg_sys::CreateCommandTag((*raw).stmt),
            statements.into_pg(),
            std::ptr::null_mut(),
        );
        pg_sys::PortalStart(portal, std::ptr::null_mut(), 0, std::ptr::null_mut());
        let receiver = pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestNone);
        pg_sys::PortalRun(
            portal,
            std::ffi::c_long::MAX,
            true,
            #[cfg(not(feature = "pg18"))]
            true,
            receiver,
            receiver,
            std::ptr::null_mut(),
        );
        pg_sys::PortalDrop(portal, false);
    }
}
