//! Starting and ending the background workers of a shadow.

use std::ffi::{CStr, c_char, c_int};

use pgrx::pg_sys;

use super::channel::Channel;
use crate::caller::catch;
use crate::error::Error;

#[derive(Clone, Copy)]
pub enum Role {
    /// Comes back after a crash of the server, to remove what it kept.
    Keeper,
    Replayer,
}

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
            pg_sys::pfree(self.0.cast());
        }
    }
}

/// After a crash of the server its postmaster starts a keeper again after this many seconds.
const KEEPER_RETURNS_AFTER: i32 = 1;

/// Starts a worker at the other end of the channel. `shadow` is the name of the shadow database.
pub fn start(role: Role, channel: &Channel, shadow: &str) -> Result<Handle, Error> {
    let (title, function, restart) = match role {
        Role::Keeper => ("nself_heal shadow keeper", "nself_heal_shadow_keeper", KEEPER_RETURNS_AFTER),
        Role::Replayer => ("nself_heal replay", "nself_heal_shadow_replayer", pg_sys::BGW_NEVER_RESTART),
    };
    let mut worker = pg_sys::BackgroundWorker {
        bgw_flags: (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32,
        bgw_start_time: pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished,
        bgw_restart_time: restart,
        bgw_main_arg: pg_sys::Datum::from(channel.handle() as usize),
        // SAFETY: a plain read of this backend's own state.
        bgw_notify_pid: unsafe { pg_sys::MyProcPid },
        ..Default::default()
    };
    fill(&mut worker.bgw_name, title);
    fill(&mut worker.bgw_type, title);
    fill(&mut worker.bgw_library_name, "nself_heal");
    fill(&mut worker.bgw_function_name, function);
    fill(&mut worker.bgw_extra, shadow);
    let mut handle = std::ptr::null_mut();
    // SAFETY: the struct is complete, and the server copies it. The handle may be wanted after this transaction.
    let started = unsafe {
        let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        let started = pg_sys::RegisterDynamicBackgroundWorker(&mut worker, &mut handle);
        pg_sys::MemoryContextSwitchTo(context);
        started
    };
    if started { Ok(Handle(handle)) } else { Err(Error::NoWorker) }
}

/// Copies a text that fits, with the zero at its end that the field already holds.
fn fill(field: &mut [c_char], text: &str) {
    debug_assert!(text.len() < field.len());
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from as c_char;
    }
}

/// What was given to `start` as `shadow`, in the worker.
pub fn shadow_name() -> String {
    // SAFETY: MyBgworkerEntry is set in every background worker; the text ends with a zero within the field.
    unsafe { CStr::from_ptr((*pg_sys::MyBgworkerEntry).bgw_extra.as_ptr()).to_string_lossy().into_owned() }
}

unsafe extern "C-unwind" {
    /// The server's handler that ends a process at its next safe place. Both are declared here, because the handler
    /// itself is wanted, not a call of it that is guarded against errors.
    fn die(signal: c_int);
    /// The server's handler that notes the wish to end and wakes the process.
    fn SignalHandlerForShutdownRequest(signal: c_int);
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
        // SAFETY: both texts are static.
        unsafe {
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
    }
}

/// Lets the usual signals end this worker, also within a statement.
pub fn obey_signals() {
    on_sigterm(die);
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
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(pg_sys::SIGTERM as i32, Some(handler));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(pg_sys::SIGTERM as i32, Some(handler));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// Runs `work` in a transaction of its own, with a snapshot. After an error the worker is as it was before.
pub fn in_transaction<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let result = catch(|| {
        // SAFETY: a worker outside a transaction starts one and either commits it here or aborts it below.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let value = work()?;
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
