//! With whose rights code runs in a replay. The rule is that of `server::trust`: with the rights of a role no code runs that
//! a role which it does not trust can change. A heal refuses such code. A replay cannot do without it, since its migrations
//! ran it here. So it runs there with the rights of its owner: a trigger that somebody makes in the shadow alone, for a
//! stronger role to set off, does no more than who made it, and reads no more. No heal relies on this: what comes of such
//! code is blocked, whatever way it takes (`drift::rights::block_for_authors`).
//!
//! Functions change to their owner when they are called (`before_call`). A query that writes to a table of such an owner, or
//! reads a view of theirs, evaluates what they wrote: once the server has checked what the query may touch, it runs with
//! their rights. Settings that such code changes are set back at its end, or it could decide where later names lead.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_int;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::server::outside::{self, is_servers_own};
use crate::server::session::{lent, role_name, with_pinned_settings};
use crate::server::transaction::in_transaction;
use crate::server::{parser, spi, trust};

type Address = unsafe extern "C-unwind" fn(pg_sys::FunctionCallInfo) -> pg_sys::Datum;

thread_local! {
    /// Who replays here. A migration may take another role.
    static REPLAYS: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::InvalidOid) };
    /// Where the functions are whose address was changed, by the place of the server's note on the call. A function may
    /// change its language while it is called, and each note goes with one language.
    static ADDRESSES: RefCell<HashMap<usize, Address>> = RefCell::default();
    /// The owner whose code runs now, or has failed; InvalidOid for nobody.
    static OWNER: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::InvalidOid) };
    static NEXT_RUN: Cell<pg_sys::ExecutorRun_hook_type> = const { Cell::new(None) };
    static NEXT_FINISH: Cell<pg_sys::ExecutorFinish_hook_type> = const { Cell::new(None) };
}

/// From now on this process runs code with the rights of its owner, where `role`, which replays, does not trust that one.
///
/// # Safety
/// This is a process of one thread.
pub unsafe fn install(role: pg_sys::Oid) {
    REPLAYS.set(role);
    // SAFETY: the hooks are called in this thread, and call those that were there before.
    unsafe {
        NEXT_RUN.set(pg_sys::ExecutorRun_hook);
        NEXT_FINISH.set(pg_sys::ExecutorFinish_hook);
        pg_sys::ExecutorRun_hook = Some(run);
        pg_sys::ExecutorFinish_hook = Some(finish);
    }
}

/// Forgets whose code ran last.
pub fn begin() {
    OWNER.set(pg_sys::InvalidOid);
}

/// What is to be put back after such code.
#[derive(Clone, Copy)]
#[repr(C)]
struct Before {
    role: pg_sys::Oid,
    context: c_int,
    /// The level of settings that was opened; 0 for none.
    level: c_int,
    /// InvalidOid for none.
    owner: pg_sys::Oid,
}

/// Gives way to the rights of `owner`. An error takes all of it back, as the end of any transaction does.
fn change_to(owner: pg_sys::Oid) -> Before {
    let (mut role, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: plain reads and writes of this backend's own state.
    let level = unsafe {
        pg_sys::GetUserIdAndSecContext(&mut role, &mut context);
        pg_sys::SetUserIdAndSecContext(owner, context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as c_int);
        pg_sys::NewGUCNestLevel()
    };
    Before { role, context, level, owner: OWNER.replace(owner) }
}

#[pg_guard]
unsafe extern "C-unwind" fn change_back(before: Before) {
    if before.level > 0 {
        // SAFETY: the level is the one that was opened; false means that nothing changed within it is kept.
        unsafe {
            pg_sys::AtEOXact_GUC(false, before.level);
            pg_sys::SetUserIdAndSecContext(before.role, before.context);
        }
        OWNER.set(before.owner);
    }
}

const NOTHING: Before = Before { role: pg_sys::InvalidOid, context: 0, level: 0, owner: pg_sys::InvalidOid };

/// With whose rights a function is to run, if not with those that are in force.
fn owner_of(function: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: a plain read of this backend's own state.
    let role = unsafe { pg_sys::GetUserId() };
    trust::owner_of_function(function, role)
}

/// Whether the server has to ask here before it calls a function. What is prepared with one role's rights may run with
/// another's, so it is asked for whoever replays, too.
pub fn is_of_other(function: pg_sys::Oid) -> bool {
    // SAFETY: a plain read of this backend's own state.
    let roles = [unsafe { pg_sys::GetUserId() }, REPLAYS.get()];
    trust::writer(function).is_some_and(|owner| !roles.into_iter().all(|role| trust::trusts(role, owner)))
}

/// Puts `as_its_owner` in the place of a function that is about to be called, or back, as the rights in force ask.
///
/// # Safety
/// The server is about to call the address that stands there.
pub unsafe fn before_call(function: *mut pg_sys::FmgrInfo) {
    // SAFETY: see above.
    unsafe {
        let place = function as usize;
        let address = match (*function).fn_addr {
            Some(address) if address as usize != as_its_owner as *const () as usize => {
                ADDRESSES.with_borrow_mut(|all| all.insert(place, address));
                address
            }
            _ => ADDRESSES.with_borrow(|all| all[&place]),
        };
        (*function).fn_addr = Some(if is_of_other((*function).fn_oid) { as_its_owner } else { address });
    }
}

/// A function, and what is to be put back after it.
#[derive(Clone, Copy)]
#[repr(C)]
struct Call {
    address: Address,
    before: Before,
}

/// Stands for a function that does not run with the rights in force. It has no guard, and nothing to tidy up: an error
/// passes over it as the server made it.
unsafe extern "C-unwind" fn as_its_owner(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the function is called as it would have been.
    unsafe {
        let Call { address, before } = prepare_call(call);
        let result = address(call);
        change_back(before);
        result
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn prepare_call(call: pg_sys::FunctionCallInfo) -> Call {
    // SAFETY: the server hands over a call.
    let (place, function) = unsafe { ((*call).flinfo as usize, (*(*call).flinfo).fn_oid) };
    let address = ADDRESSES.with_borrow(|all| all[&place]);
    // A function that is SECURITY DEFINER has its owner's rights already: only its settings are to be set back.
    // SAFETY: a plain read of this backend's own state.
    let owner = owner_of(function).unwrap_or_else(|| unsafe { pg_sys::GetUserId() });
    Call { address, before: change_to(owner) }
}

unsafe extern "C-unwind" {
    // The server's own, and not calls of them that are guarded, see `as_its_owner`.
    fn standard_ExecutorRun(
        query: *mut pg_sys::QueryDesc,
        direction: pg_sys::ScanDirection::Type,
        count: u64,
        #[cfg(not(feature = "pg18"))] once: bool,
    );
    fn standard_ExecutorFinish(query: *mut pg_sys::QueryDesc);
    /// A table with all that inherits from it.
    fn find_all_inheritors(
        table: pg_sys::Oid,
        lock: pg_sys::LOCKMODE,
        parents: *mut *mut pg_sys::List,
    ) -> *mut pg_sys::List;
}

unsafe extern "C-unwind" fn run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    #[cfg(not(feature = "pg18"))] once: bool,
) {
    // SAFETY: as the server calls it.
    unsafe {
        let before = prepare_query(query);
        let next = NEXT_RUN.get().unwrap_or(standard_ExecutorRun);
        next(
            query,
            direction,
            count,
            #[cfg(not(feature = "pg18"))]
            once,
        );
        change_back(before);
    }
}

unsafe extern "C-unwind" fn finish(query: *mut pg_sys::QueryDesc) {
    // SAFETY: as the server calls it.
    unsafe {
        let before = prepare_query(query);
        let next = NEXT_FINISH.get().unwrap_or(standard_ExecutorFinish);
        next(query);
        change_back(before);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn prepare_query(query: *mut pg_sys::QueryDesc) -> Before {
    // SAFETY: the server hands over a query that it has started: what it may touch has been checked.
    unsafe {
        let planned = (*query).plannedstmt;
        #[cfg(feature = "pg15")]
        let permissions = std::ptr::null_mut();
        #[cfg(not(feature = "pg15"))]
        let permissions = (*planned).permInfos;
        let role = pg_sys::GetUserId();
        let touched = trust::touched((*planned).rtable, permissions);
        match touched.iter().find_map(|&(relation, is_written)| owner_of_code(relation, is_written, role)) {
            None => NOTHING,
            // CREATE TABLE AS makes its table when it begins to run: that belongs to whoever asks. Functions change to
            // their owners by themselves.
            Some(_) if makes_a_table(query) => change_to(role),
            Some(owner) => change_to(owner),
        }
    }
}

/// Whether a query puts what it reads into a table that it makes.
unsafe fn makes_a_table(query: *mut pg_sys::QueryDesc) -> bool {
    // SAFETY: a query has somebody who receives its rows, or nobody.
    unsafe { !(*query).dest.is_null() && (*(*query).dest).mydest == pg_sys::CommandDest::DestIntoRel }
}

/// Who wrote what a query evaluates if it touches a relation, if `role` does not trust them.
unsafe fn owner_of_code(relation: pg_sys::Oid, is_written: bool, role: pg_sys::Oid) -> Option<pg_sys::Oid> {
    let owner = trust::owner_of_relation(relation, is_written, role);
    // SAFETY: a look into the catalogs, in a transaction.
    unsafe {
        if owner.is_some()
            || !is_written
            || pg_sys::get_rel_relkind(relation) as u8 != pg_sys::RELKIND_PARTITIONED_TABLE
        {
            return owner;
        }
        let no_lock = pg_sys::NoLock as pg_sys::LOCKMODE;
        let all = find_all_inheritors(relation, no_lock, std::ptr::null_mut());
        pgrx::PgList::<std::ffi::c_void>::from_pg(all)
            .iter_oid()
            .find_map(|partition| trust::owner_of_relation(partition, true, role))
    }
}

/// Opens a level of settings around an ALTER TABLE of a relation whose owner is not trusted: it may evaluate what that one
/// wrote. Returns 0 for any other statement.
///
/// # Safety
/// `node` is a utility statement.
pub unsafe fn settings_level(node: *mut pg_sys::Node) -> c_int {
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        if (*node).type_ != pg_sys::NodeTag::T_AlterTableStmt {
            return 0;
        }
        let relation = parser::relation_of((*node.cast::<pg_sys::AlterTableStmt>()).relation);
        let role = pg_sys::GetUserId();
        match relation.and_then(|relation| owner_of_code(relation, true, role)) {
            Some(_) => pg_sys::NewGUCNestLevel(),
            None => 0,
        }
    }
}

/// The check and the default of a domain are evaluated with the rights of whoever writes to a column of it. They are made of
/// the server's functions and of others; those change to their owner. Of the server's own that do something, only these are
/// let in.
const HARMLESS: [&str; 13] = [
    "clock_timestamp",
    "currval_oid",
    "drandom",
    "drandom_normal",
    "gen_random_uuid",
    "lastval",
    "nextval_oid",
    "timeofday",
    "uuidv7",
    "uuidv7_interval",
    "int4random",
    "int8random",
    "numeric_random",
];

/// An error if a domain that was made or altered now, and not by a superuser, does more than that.
///
/// # Safety
/// `node` is a utility statement that has run.
pub unsafe fn check_domain(node: *mut pg_sys::Node) -> Result<(), Error> {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        let names = match (*node).type_ {
            T_CreateDomainStmt => (*node.cast::<pg_sys::CreateDomainStmt>()).domainname,
            T_AlterDomainStmt => (*node.cast::<pg_sys::AlterDomainStmt>()).typeName,
            _ => return Ok(()),
        };
        if pg_sys::superuser() {
            return Ok(());
        }
        pg_sys::CommandCounterIncrement();
        let name = pg_sys::makeTypeNameFromNameList(names);
        let domain = pg_sys::LookupTypeNameOid(std::ptr::null_mut(), name, true);
        for function in functions_of_domain(domain)? {
            if pg_sys::func_volatile(function) as u8 == b'v' && !is_harmless(function) {
                return Err(Error::DomainCalls {
                    domain: parser::text(pg_sys::format_type_be(domain)),
                    function: outside::name(function),
                });
            }
        }
        Ok(())
    }
}

/// The server's own functions that a domain calls.
fn functions_of_domain(domain: pg_sys::Oid) -> Result<Vec<pg_sys::Oid>, Error> {
    let found: Option<Vec<pg_sys::Oid>> = with_pinned_settings(|| {
        spi::read_one(
            "SELECT array_agg(DISTINCT m[1]::oid) \
               FROM (SELECT conbin::text FROM pg_constraint WHERE contypid = $1 \
                     UNION ALL SELECT typdefaultbin::text FROM pg_type WHERE oid = $1) AS tree(text), \
                    regexp_matches(tree.text, ':(?:op)?funcid (\\d+)', 'g') AS m",
            &[domain.into()],
        )
    })?;
    Ok(found.unwrap_or_default().into_iter().filter(|function| is_servers_own(*function)).collect())
}

fn is_harmless(function: pg_sys::Oid) -> bool {
    outside::symbol(function).is_some_and(|symbol| HARMLESS.contains(&symbol.as_str()))
}

/// An error where code that runs with lent rights leaves a query to the end of the transaction, when others are in force.
///
/// # Safety
/// `node` is a utility statement.
pub unsafe fn refuse_held_cursor(node: *mut pg_sys::Node) {
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        if (*node).type_ == pg_sys::NodeTag::T_DeclareCursorStmt
            && (*node.cast::<pg_sys::DeclareCursorStmt>()).options as u32 & pg_sys::CURSOR_OPT_HOLD != 0
            && lent().is_some()
        {
            let cursor = parser::text((*node.cast::<pg_sys::DeclareCursorStmt>()).portalname);
            let error = Error::LeftForTheEnd { what: format!("the cursor {cursor:?} WITH HOLD") };
            ErrorReport::from(error).report(PgLogLevel::ERROR);
        }
    }
}

/// Whose code failed last and with whose rights it ran, as a sentence, if it was such code. For a worker, outside a
/// transaction.
pub fn what_failed() -> Option<String> {
    let owner = Some(OWNER.replace(pg_sys::InvalidOid)).filter(|owner| *owner != pg_sys::InvalidOid)?;
    let owner = in_transaction(|| Ok(role_name(owner))).ok()?;
    Some(format!("What failed is code that {owner} can change. A replay runs it with the rights of {owner}."))
}
