//! Transactions and subtransactions: what may go wrong within one, and what a worker runs in one of its own.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_sys};

use crate::error::{Error, Position, ServerError};
use crate::server::parser;
use crate::server::session::{c_string, locked_in};
use crate::server::{left_for_end, spi};

/// What the server tells while it makes an error, and what pgrx does not hand on: every SQLSTATE, also one that a user
/// made up, and where in which query the error stands.
#[derive(Default)]
struct LastError {
    code: i32,
    position: Option<Position>,
}

thread_local! {
    static LAST_ERROR: RefCell<LastError> = RefCell::default();
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn note_error(_arg: *mut std::ffi::c_void) {
    // SAFETY: the server calls this while it makes an error, which is when these may be asked.
    let (code, inner, outer) =
        unsafe { (pg_sys::geterrcode(), pg_sys::getinternalerrposition(), pg_sys::geterrposition()) };
    let position = |query, at| usize::try_from(at).ok().filter(|&at| at > 0).map(|at| Position { query, at });
    // SAFETY: as above.
    let position =
        if inner > 0 { position(unsafe { internal_query() }, inner) } else { position(None, outer) };
    LAST_ERROR.set(LastError { code, position });
}

/// The query that an internal position counts in.
///
/// # Safety
/// Only while the server makes an error.
unsafe fn internal_query() -> Option<String> {
    // SAFETY: the copy is made outside the context that the server keeps for errors, and freed once it has been read.
    unsafe {
        let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        let error = pg_sys::CopyErrorData();
        pg_sys::MemoryContextSwitchTo(context);
        let query = (*error).internalquery;
        let query = (!query.is_null()).then(|| CStr::from_ptr(query).to_string_lossy().into_owned());
        pg_sys::FreeErrorData(error);
        query
    }
}

/// Runs `work` and hands an error of the server to the caller. This is no savepoint: after an error the caller can only
/// say it in other words and fail, or roll back a subtransaction.
pub fn catch<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    /// Sets the stack back at the end of the frame in which the callback lives, also when a panic passes it.
    struct Stack(*mut pg_sys::ErrorContextCallback);
    impl Drop for Stack {
        fn drop(&mut self) {
            // SAFETY: what is set back outlives this frame.
            unsafe { pg_sys::error_context_stack = self.0 };
        }
    }
    // SAFETY: a plain read of this backend's own state.
    let before = unsafe { pg_sys::error_context_stack };
    let _stack = Stack(before);
    let mut callback = pg_sys::ErrorContextCallback {
        previous: before,
        callback: Some(note_error),
        arg: std::ptr::null_mut(),
    };
    // SAFETY: the callback lives as long as this frame.
    unsafe { pg_sys::error_context_stack = &mut callback };
    PgTryBuilder::new(AssertUnwindSafe(work)).catch_others(|caught| Err(of_server(caught))).execute()
}

/// How pgrx begins what it says of a text that is not UTF-8. It ends with a panic.
const NOT_UTF8: &str = "datums converted to &str should be valid UTF-8";

fn of_server(caught: CaughtError) -> Error {
    let (report, noted) = match caught {
        CaughtError::PostgresError(report) => (report, LAST_ERROR.take()),
        // One of this program's own, which the server has not seen yet. So is a panic: who handles it takes back what was
        // begun, which the server does not do for a subtransaction that nobody ended.
        CaughtError::ErrorReport(report) | CaughtError::RustPanic { ereport: report, .. } => {
            let code = report.sql_error_code() as i32;
            (report, LastError { code, position: None })
        }
    };
    if report.message().starts_with(NOT_UTF8) {
        return Error::NotUtf8;
    }
    Error::Server(ServerError {
        code: noted.code,
        message: report.message().to_owned(),
        detail: report.detail().map(str::to_owned),
        hint: report.hint().map(str::to_owned),
        position: noted.position,
    })
}

/// Runs `work` in a subtransaction of its own: an error undoes what `work` did, and is handed to the caller, who can go
/// on. This is what PL/pgSQL does for a block with EXCEPTION. A wish to stop is not handed on: it stops.
pub fn subtransaction<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    part(work, true)
}

/// As `subtransaction`, for `work` that only reads, or tries something out: it is rolled back in any case, which lets go of
/// the locks that it took.
pub fn undone<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    part(work, false)
}

fn part<T>(work: impl FnOnce() -> Result<T, Error>, is_kept: bool) -> Result<T, Error> {
    // SAFETY: the pattern of exec_stmt_block in pl_exec.c: begin; then either release or roll back, and in both cases
    // restore the memory context and the resource owner that were current.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        // The release is inside: what is deferred until then may fail, too.
        let result = catch(|| {
            let value = work()?;
            if is_kept {
                pg_sys::ReleaseCurrentSubTransaction();
            }
            Ok(value)
        });
        if result.is_err() || !is_kept {
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        stop_if_asked(&result);
        result
    }
}

/// As `subtransaction`, for `work` that changes nothing and runs no SQL: there is nothing to undo then but what it holds.
/// A subtransaction takes the longer, the more its transaction has made.
pub fn try_read<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: what `work` holds belongs to an owner of its own, which hands it on or lets it go; locks that are not
    // counted there are let go of as in AbortSubTransaction. The memory context and the owner are restored.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        let own = pg_sys::ResourceOwnerCreate(owner, c"nself_heal looks".as_ptr());
        pg_sys::CurrentResourceOwner = own;
        let result = catch(work);
        pg_sys::MemoryContextSwitchTo(context);
        if result.is_err() {
            pg_sys::LWLockReleaseAll();
        }
        use pg_sys::ResourceReleasePhase as Phase;
        for phase in [
            Phase::RESOURCE_RELEASE_BEFORE_LOCKS,
            Phase::RESOURCE_RELEASE_LOCKS,
            Phase::RESOURCE_RELEASE_AFTER_LOCKS,
        ] {
            pg_sys::ResourceOwnerRelease(own, phase, result.is_ok(), false);
        }
        pg_sys::CurrentResourceOwner = owner;
        pg_sys::ResourceOwnerDelete(own);
        stop_if_asked(&result);
        result
    }
}

/// Goes on with an error that is a wish to stop.
fn stop_if_asked<T>(result: &Result<T, Error>) {
    if let Err(Error::Server(error)) = result
        && error.is_cancel()
    {
        pgrx::pg_sys::panic::ErrorReport::from(Error::Server(error.clone())).report(pgrx::PgLogLevel::ERROR);
        unreachable!("an error does not return");
    }
}

thread_local! {
    /// The role whose rights this worker has, where it could not connect as that role.
    static CONFINED: Cell<Option<pg_sys::Oid>> = const { Cell::new(None) };
}

/// Confines this worker to the rights of a role, as which it could not connect.
pub fn confine(role: pg_sys::Oid) {
    CONFINED.set(Some(role));
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
        left_for_end::refuse_left(&[])?;
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
        let raw = *parser::statements(&text.to_string_lossy()).first().expect("one statement");
        // What a CALL names is looked up, which takes a snapshot.
        let needs_snapshot = pg_sys::analyze_requires_snapshot(raw);
        if needs_snapshot {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let none = std::ptr::null_mut();
        let analyzed =
            pg_sys::pg_analyze_and_rewrite_fixedparams(raw, text.as_ptr(), std::ptr::null(), 0, none);
        let statements = pg_sys::pg_plan_queries(analyzed, text.as_ptr(), 0, std::ptr::null_mut());
        if needs_snapshot {
            pg_sys::PopActiveSnapshot();
        }
        let portal = pg_sys::CreatePortal(c"".as_ptr(), true, true);
        (*portal).visible = false;
        pg_sys::PortalDefineQuery(
            portal,
            std::ptr::null(),
            text.as_ptr(),
            pg_sys::CreateCommandTag((*raw).stmt),
            statements,
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
