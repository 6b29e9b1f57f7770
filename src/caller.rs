//! Who runs what, and what may go wrong on the way: changes of user, of settings and of transaction that always end
//! with the function that made them.

use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_sys};

use crate::error::{Error, Position, ServerError};
use crate::trust;

/// The settings of everything that is not a user's own statement. Nothing that a user made can shadow a name, and the
/// server prints one thing in one way, whatever the session says.
const PINNED: [(&str, &str); 12] = [
    ("search_path", "pg_catalog, pg_temp"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
    // Compiling a query of the catalogs takes longer than running it.
    ("jit", "off"),
    // A plan for any list of relations would read them all.
    ("plan_cache_mode", "force_custom_plan"),
];

/// Runs `work` with the settings in force, and puts every setting back that `work` or `settings` changed: also
/// search_path, role and session authorization. An error takes the settings back by itself.
pub fn with_settings<T>(
    settings: &[(&str, &str)],
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    // SAFETY: the nest level is left in every case: here, or by the abort of the (sub)transaction on an error.
    let level = unsafe { pg_sys::NewGUCNestLevel() };
    for (name, value) in settings {
        set(name, value);
    }
    let result = work();
    // SAFETY: the level is the one opened above; false means that nothing changed within it is kept.
    unsafe { pg_sys::AtEOXact_GUC(false, level) };
    result
}

fn set(name: &str, value: &str) {
    let (name, value) = (c_string(name), c_string(value));
    // SAFETY: both strings live through the call, and the server copies what it keeps. The action SAVE belongs to the
    // nest level of `with_settings`.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            if pg_sys::superuser() { pg_sys::GucContext::PGC_SUSET } else { pg_sys::GucContext::PGC_USERSET },
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// A text for the server, which ends texts at a NUL: nothing that came from it can hold one.
pub fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "")).expect("no NUL is left")
}

/// Runs `work` under settings of this program's own, so that no user's setting changes what it means.
pub fn pinned<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    with_settings(&PINNED, work)
}

/// Runs `work` on the product's own tables, with the rights of the extension's owner: whoever may EXECUTE a function
/// needs no right on the tables behind it. Only statements that are written in this program may run here.
pub fn as_extension_owner<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    as_extension_owner_bare(|| pinned(work))
}

/// As `as_extension_owner`, under the session's settings.
pub fn as_extension_owner_bare<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: a read of the system catalogs within a transaction.
    let owner = unsafe {
        let oid = pg_sys::get_namespace_oid(c"nself".as_ptr(), false);
        schema_owner(oid)
    };
    as_user(owner, pg_sys::SECURITY_LOCAL_USERID_CHANGE, work)
}

/// Runs `work` as the owner of what it touches, in a security-restricted operation: expressions of that owner run with
/// no more rights than the owner's, and nothing of the session can be changed by them. No code runs that the owner does
/// not trust, and no policy: the owner's own tables have none for it here, and to read another's under a policy is an
/// error.
pub fn as_owner<T>(owner: pg_sys::Oid, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    const CONTEXT: u32 = pg_sys::SECURITY_LOCAL_USERID_CHANGE
        | pg_sys::SECURITY_RESTRICTED_OPERATION
        | pg_sys::SECURITY_NOFORCE_RLS;
    with_settings(&[("row_security", "off")], || {
        trust::with_rights_of(owner, || as_user(owner, CONTEXT, work))
    })
}

/// Runs `work` with the rights of a role, out of which it cannot get: SET ROLE and the like are refused by the server.
pub fn locked_in<T>(role: pg_sys::Oid, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    as_user(role, pg_sys::SECURITY_LOCAL_USERID_CHANGE, work)
}

/// Whether the session can take another role than the one whose rights are in force: it logged in as another one, or says
/// that it is one, and RESET ROLE or RESET SESSION AUTHORIZATION would go back to that.
pub fn is_behind_a_role() -> bool {
    // SAFETY: plain reads of this backend's own state.
    unsafe {
        let role = pg_sys::GetUserId();
        role != pg_sys::GetSessionUserId() || role != pg_sys::GetAuthenticatedUserId()
    }
}

/// Whose rights are in force, where they are lent: nobody with these rights need have asked for what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lent {
    /// By a function that is SECURITY DEFINER.
    Function,
    /// By a security-restricted operation: what the server evaluates as the owner of a table, say for autovacuum.
    Operation,
}

/// Whether the rights in force are lent.
pub fn lent() -> Option<Lent> {
    let (mut user, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: a plain read of this backend's own state.
    unsafe { pg_sys::GetUserIdAndSecContext(&mut user, &mut context) };
    if context as u32 & pg_sys::SECURITY_RESTRICTED_OPERATION != 0 {
        Some(Lent::Operation)
    } else if context as u32 & pg_sys::SECURITY_LOCAL_USERID_CHANGE != 0 {
        Some(Lent::Function)
    } else {
        None
    }
}

/// Whether the role whose rights are in force may act for another one.
pub fn may_act_for(role: pg_sys::Oid) -> bool {
    // SAFETY: a question about roles and their memberships, within a transaction.
    unsafe { pg_sys::has_privs_of_role(pg_sys::GetUserId(), role) }
}

fn as_user<T>(user: pg_sys::Oid, context: u32, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let (mut before, mut flags) = (pg_sys::InvalidOid, 0);
    // SAFETY: the user is set back below; on an error the abort of the (sub)transaction does it.
    unsafe {
        pg_sys::GetUserIdAndSecContext(&mut before, &mut flags);
        pg_sys::SetUserIdAndSecContext(user, flags | context as i32);
    }
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::SetUserIdAndSecContext(before, flags) };
    result
}

fn schema_owner(schema: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: the cache entry is released before the value, which was copied, is used.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::NAMESPACEOID as i32,
            pg_sys::Datum::from(schema),
        );
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_namespace>();
        let owner = (*form).nspowner;
        pg_sys::ReleaseSysCache(tuple);
        owner
    }
}

/// What the server tells while it makes an error, and what pgrx does not hand on: every SQLSTATE, also one that a user
/// made up, and where in which query the error stands.
#[derive(Default)]
struct Noted {
    code: i32,
    position: Option<Position>,
}

thread_local! {
    static NOTED: RefCell<Noted> = RefCell::default();
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
    NOTED.set(Noted { code, position });
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
    // SAFETY: the callback lives in this frame, and the stack is set back before the frame ends, in either case.
    let before = unsafe { pg_sys::error_context_stack };
    let mut callback = pg_sys::ErrorContextCallback {
        previous: before,
        callback: Some(note_error),
        arg: std::ptr::null_mut(),
    };
    // SAFETY: as above.
    unsafe { pg_sys::error_context_stack = &mut callback };
    let result =
        PgTryBuilder::new(AssertUnwindSafe(work)).catch_others(|caught| Err(of_server(caught))).execute();
    // SAFETY: as above.
    unsafe { pg_sys::error_context_stack = before };
    result
}

fn of_server(caught: CaughtError) -> Error {
    let (report, noted) = match caught {
        CaughtError::PostgresError(report) => (report, NOTED.take()),
        // One of this program's own, which the server has not seen yet.
        CaughtError::ErrorReport(report) => {
            let code = report.sql_error_code() as i32;
            (report, Noted { code, position: None })
        }
        // A bug of this program is not for anyone to handle.
        panic @ CaughtError::RustPanic { .. } => panic.rethrow(),
    };
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

/// As `subtransaction`, for `work` that only reads: it is rolled back in any case, which lets go of the locks that it took.
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
pub fn look<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
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

/// The name of the role whose rights are in force, and that of the role that logged in.
pub fn roles() -> (String, String) {
    // SAFETY: both roles exist as long as the session runs; the names are copied.
    unsafe { (role_name(pg_sys::GetUserId()), role_name(pg_sys::GetSessionUserId())) }
}

/// The role that initdb makes: the server itself.
pub const FIRST_ROLE: u32 = 10;

/// The name of a role; of one that is gone, its number.
pub fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: the server returns a text of its own, in the current memory context, or with true nothing.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            return role.to_u32().to_string();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}
