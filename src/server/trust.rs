//! Whose code may run with whose rights. The one rule, which docs/security.md tells: a role trusts superusers, itself, roles
//! that may become it anyway, and groups that have no other members. With its rights no code runs that a role which it does
//! not trust can change.
//!
//! The rule is kept twice. Before a step or a look at rows, the catalogs tell what its expressions refer to, all the way,
//! and who owns it (`refusal`). While something is evaluated, the server asks at each function that it is about to call
//! (`Region`): so the body of a function, the trigger of an event, or what somebody has put in the place of a function a
//! moment ago cannot call what the catalogs did not tell of.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use nself_heal_core::model::Address;
use nself_heal_core::plan::{Kind, Runs, Step};
use pgrx::prelude::*;
use serde::Deserialize;

use crate::error::Error;
use crate::server::cache::{Row, look_up};
use crate::server::session::{self, as_user, database_owner, with_pinned_settings, with_settings};
use crate::server::{outside, spi};

/// Whether code that `other` can change may run with the rights of `role`.
pub fn trusts(role: pg_sys::Oid, other: pg_sys::Oid) -> bool {
    // SAFETY: questions about roles and their memberships, within a transaction.
    unsafe {
        let other = real(other);
        other == role
            || pg_sys::superuser_arg(other)
            || pg_sys::has_privs_of_role(other, role)
            || may_become(other, role)
            // Who may give a role to others may take it.
            || pg_sys::is_admin_of_role(other, role)
            || is_group_of(role, other)
    }
}

/// Whether a role is a group that may not log in, and all members of it are trusted by `role`. One without members is none:
/// nobody knows who was one.
fn is_group_of(role: pg_sys::Oid, group: pg_sys::Oid) -> bool {
    // Before 16 whoever may create roles can join any group, and leave it again. No such role gets a superuser's rights.
    // SAFETY: a question about a role, within a transaction.
    let joined_by_others = cfg!(feature = "pg15") && unsafe { pg_sys::superuser_arg(role) };
    if joined_by_others || may_log_in(group) {
        return false;
    }
    let members = members(group);
    // The server lets no role be a member of itself, by whatever way, so this comes to an end.
    !members.is_empty() && members.into_iter().all(|member| trusts(role, member))
}

fn may_log_in(role: pg_sys::Oid) -> bool {
    // SAFETY: the form is that of pg_authid.
    let may = |row: Row| unsafe { row.form::<pg_sys::FormData_pg_authid>().rolcanlogin };
    look_up(pg_sys::SysCacheIdentifier::AUTHOID, role, may).unwrap_or(true)
}

/// The members of a role, also those that may only pass it on.
fn members(group: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    /// The place of the column member in pg_auth_members.
    #[cfg(feature = "pg15")]
    const MEMBER: pg_sys::AttrNumber = 2;
    #[cfg(not(feature = "pg15"))]
    const MEMBER: pg_sys::AttrNumber = 3;
    let cache = pg_sys::SysCacheIdentifier::AUTHMEMROLEMEM as i32;
    let none = pg_sys::Datum::from(0);
    // SAFETY: the list is released when its values have been copied; the column is never NULL.
    unsafe {
        let list = pg_sys::SearchSysCacheList(cache, 1, group.into(), none, none);
        let entries = (*list).members.as_slice((*list).n_members as usize);
        let member = |entry: &*mut pg_sys::CatCTup| {
            let mut is_null = false;
            let value = pg_sys::SysCacheGetAttr(cache, &mut (**entry).tuple, MEMBER, &mut is_null);
            pg_sys::Oid::from_datum(value, is_null)
        };
        let found = entries.iter().filter_map(member).collect();
        pg_sys::ReleaseCatCacheList(list);
        found
    }
}

/// Whether a role may SET ROLE to another one.
pub fn may_become(member: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    // SAFETY: a question about roles and their memberships, within a transaction.
    unsafe {
        #[cfg(feature = "pg15")]
        return pg_sys::is_member_of_role(member, role);
        #[cfg(not(feature = "pg15"))]
        return pg_sys::member_can_set_role(member, role);
    }
}

/// Who owns the schema public is said to be the owner of the database: that is somebody.
fn real(role: pg_sys::Oid) -> pg_sys::Oid {
    match role.to_u32() {
        pg_sys::ROLE_PG_DATABASE_OWNER => database_owner(),
        _ => role,
    }
}

/// What the catalogs say of an object that an expression refers to.
#[derive(Deserialize)]
struct Code {
    object: String,
    owner: u32,
    schema_owner: Option<u32>,
}

/// Why a step may not be taken, or looked into, with the rights of `role`, if so.
pub fn refusal(runs: &Runs, role: pg_sys::Oid, role_name: &str) -> Result<Option<String>, Error> {
    for written in &runs.written_by {
        let writer = session::role(&written.role)?;
        if !trusts(role, writer) {
            return Ok(Some(format!(
                "it would do what {} may have written for {}, with the rights of {role_name}",
                written.role, written.what
            )));
        }
    }
    if runs.refers_to.is_empty() {
        return Ok(None);
    }
    let changed =
        runs.changed.as_ref().map(|code| not_as_expected(&format!("{} {}", code.object_type, code.identity)));
    let asked: Vec<_> = runs
        .refers_to
        .iter()
        .map(|Address { object_type, identity }| {
            serde_json::json!({ "object_type": object_type, "identity": identity })
        })
        .collect();
    // The catalogs are open to everybody, and the query evaluates nothing but functions of the server.
    let found: Vec<Code> = with_pinned_settings(|| {
        spi::read_json("trust", sql!("trust"), &[pgrx::Json(serde_json::Value::Array(asked)).into()])
    })?;
    for code in found {
        let can_change = [Some(code.owner), code.schema_owner].into_iter().flatten().map(pg_sys::Oid::from);
        if let Some(other) = can_change.into_iter().find(|other| !trusts(role, *other)) {
            return Ok(Some(would_run(&code.object, other, role_name)));
        }
    }
    Ok(changed)
}

/// `object` is a type and an identity, of which people need the second alone where it is a function.
fn short(object: &str) -> &str {
    let of_types = ["function ", "procedure ", "aggregate "];
    of_types.iter().find_map(|of_type| object.strip_prefix(of_type)).unwrap_or(object)
}

fn not_as_expected(object: &str) -> String {
    format!("it would run {}, which is not as expected", short(object))
}

fn would_run(object: &str, other: pg_sys::Oid, role_name: &str) -> String {
    let other = session::role_name(real(other));
    format!("it would run {}, which {other} can change, with the rights of {role_name}", short(object))
}

/// What may run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Region {
    /// No code of a user's: what is done here is to read and to parse.
    Nothing,
    /// What this role trusts.
    With(pg_sys::Oid),
    /// What the role trusts whose rights are in force when it is to run.
    InForce,
}

thread_local! {
    static REGION: Cell<Option<Region>> = const { Cell::new(None) };
    /// Functions that somebody has changed: they are not run, whoever owns them.
    static CHANGED: RefCell<Rc<BTreeSet<u32>>> = RefCell::default();
    /// Why something was not run last.
    static REFUSED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`, in which no code of a user's runs: to call some is an error.
pub fn nothing_runs<T>(work: impl FnOnce() -> T) -> T {
    within(Region::Nothing, work)
}

/// Runs `work`, in which only code runs that this role trusts.
pub fn with_rights_of<T>(role: pg_sys::Oid, work: impl FnOnce() -> T) -> T {
    within(Region::With(role), work)
}

/// Runs `work`, in which only code runs that the role trusts whose rights are in force then. For what the server runs with
/// the rights of one role after the other.
pub fn with_rights_in_force<T>(work: impl FnOnce() -> T) -> T {
    within(Region::InForce, work)
}

fn within<T>(region: Region, work: impl FnOnce() -> T) -> T {
    struct Within(Option<Region>);
    impl Drop for Within {
        fn drop(&mut self) {
            REGION.set(self.0);
        }
    }
    install();
    let _within = Within(REGION.replace(Some(region)));
    work()
}

/// Runs `work` as the owner of what it touches, in a security-restricted operation: expressions of that owner run with
/// no more rights than the owner's, and nothing of the session can be changed by them. No code runs that the owner does
/// not trust, and no policy: the owner's own tables have none for it here, and to read another's under a policy is an
/// error.
pub fn as_owner<T>(owner: pg_sys::Oid, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    const CONTEXT: u32 = pg_sys::SECURITY_LOCAL_USERID_CHANGE
        | pg_sys::SECURITY_RESTRICTED_OPERATION
        | pg_sys::SECURITY_NOFORCE_RLS;
    with_settings(&[("row_security", "off")], || with_rights_of(owner, || as_user(owner, CONTEXT, work)))
}

/// The functions that somebody has changed, by these steps. One that no migration gives is not among them: only what a
/// database has of its own calls it, such as an event trigger.
pub fn changed(steps: &[Step]) -> Result<BTreeSet<u32>, Error> {
    let is_code = |step: &&Step| {
        step.kind == Kind::Changed && matches!(step.object_type, "function" | "procedure" | "aggregate")
    };
    let names: Vec<&str> = steps.iter().filter(is_code).map(|step| step.identity.as_str()).collect();
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found: Option<Vec<pg_sys::Oid>> = with_pinned_settings(|| {
        let query =
            "SELECT array_agg(f::oid) FROM unnest($1) n CROSS JOIN to_regprocedure(n) f WHERE f IS NOT NULL";
        spi::read_one(query, &[names.into()])
    })?;
    Ok(found.unwrap_or_default().into_iter().map(pg_sys::Oid::to_u32).collect())
}

/// Runs `work`, in which none of these functions runs where something is evaluated with somebody's rights.
pub fn without<T>(functions: BTreeSet<u32>, work: impl FnOnce() -> T) -> T {
    struct Without(Rc<BTreeSet<u32>>);
    impl Drop for Without {
        fn drop(&mut self) {
            CHANGED.set(self.0.clone());
        }
    }
    let _without = Without(CHANGED.replace(Rc::new(functions)));
    work()
}

/// Runs `work`, in which no function runs that somebody has changed, by these steps.
pub fn without_changed<T>(steps: &[Step], work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    without(changed(steps)?, work)
}

/// Why the last thing that failed here was not run, if that is what it failed for.
pub fn refused() -> Option<String> {
    REFUSED.take()
}

/// Whether something was not run since `forget_refused`.
pub fn has_refused() -> bool {
    REFUSED.with_borrow(Option::is_some)
}

/// Forgets what was refused before.
pub fn forget_refused() {
    REFUSED.set(None);
}

/// Lets the server ask here before it calls a function. It asks at each one that is not built in, when it prepares the
/// call, also of operators, casts, types, triggers, and before it puts the body of an SQL function in the place of a call.
fn install() {
    thread_local! {
        static INSTALLED: Cell<bool> = const { Cell::new(false) };
    }
    if INSTALLED.replace(true) {
        return;
    }
    // SAFETY: this process has one thread, and the functions are there as long as it is. What was asked before goes on
    // being asked.
    unsafe {
        ASKED_BEFORE.set(pg_sys::needs_fmgr_hook);
        CALLED_BEFORE.set(pg_sys::fmgr_hook);
        pg_sys::needs_fmgr_hook = Some(before_function);
        pg_sys::fmgr_hook = Some(around_function);
        LOOKED_BEFORE.set(pg_sys::object_access_hook);
        pg_sys::object_access_hook = Some(at_access);
        CHECKED_BEFORE.set(pg_sys::ExecutorCheckPerms_hook);
        pg_sys::ExecutorCheckPerms_hook = Some(before_query);
    }
}

thread_local! {
    static LOOKED_BEFORE: Cell<pg_sys::object_access_hook_type> = const { Cell::new(None) };
    static CHECKED_BEFORE: Cell<pg_sys::ExecutorCheckPerms_hook_type> = const { Cell::new(None) };
    static ASKED_BEFORE: Cell<pg_sys::needs_fmgr_hook_type> = const { Cell::new(None) };
    static CALLED_BEFORE: Cell<pg_sys::fmgr_hook_type> = const { Cell::new(None) };
}

#[pg_guard]
unsafe extern "C-unwind" fn before_function(function: pg_sys::Oid) -> bool {
    check(function);
    // SAFETY: as the server calls it.
    ASKED_BEFORE.get().is_some_and(|asked| unsafe { asked(function) })
}

/// The server does not ask before it calls a function that changes its user or its settings, but around the call.
#[pg_guard]
unsafe extern "C-unwind" fn around_function(
    event: pg_sys::FmgrHookEventType::Type,
    called: *mut pg_sys::FmgrInfo,
    private: *mut pg_sys::Datum,
) {
    if event == pg_sys::FmgrHookEventType::FHET_START {
        // SAFETY: the server hands over what it is about to call.
        check(unsafe { (*called).fn_oid });
    }
    if let Some(before) = CALLED_BEFORE.get() {
        // SAFETY: as the server calls it.
        unsafe { before(event, called, private) }
    }
}

/// What is code without being a function (the check of a domain, a default, a rule) is made of the server's functions
/// alone, which are not looked up. Of those none is run that reaches outside the database.
#[pg_guard]
unsafe extern "C-unwind" fn at_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    part: std::ffi::c_int,
    argument: *mut std::ffi::c_void,
) {
    if access == pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE
        && role_of_region().is_some()
        && outside::reaches_outside(object)
    {
        refuse(format!("it would run {}, which reaches outside the database", name(object)));
    }
    if let Some(before) = LOOKED_BEFORE.get() {
        // SAFETY: as the server calls it.
        unsafe { before(access, class, object, part, argument) }
    }
}

/// Who decides what happens when a relation is read or written, if `role` does not trust them. A view is the code of its
/// owner, who also decides where a foreign table reads, and by which policies a table is read. Whoever owns a table decides
/// what happens when it is written to.
pub fn owner_of_relation(relation: pg_sys::Oid, is_written: bool, role: pg_sys::Oid) -> Option<pg_sys::Oid> {
    let Relation { kind, owner, has_policies } = relation_of(relation)?;
    let is_code = matches!(kind, pg_sys::RELKIND_VIEW | pg_sys::RELKIND_FOREIGN_TABLE)
        // SAFETY: a question about a role, within a transaction.
        || has_policies && unsafe { !pg_sys::has_bypassrls_privilege(role) };
    ((is_written || is_code) && !trusts(role, owner)).then_some(owner)
}

fn check_relation(relation: pg_sys::Oid, is_written: bool) {
    let Some(role) = role_of_region() else { return };
    if let Some(owner) = owner_of_relation(relation, is_written, role) {
        // SAFETY: the relation is there; the texts are the server's, in the current memory context.
        let object = unsafe {
            let address = pg_sys::ObjectAddress {
                classId: pg_sys::RelationRelationId,
                objectId: relation,
                objectSubId: 0,
            };
            let identity = pg_sys::getObjectIdentity(&address, false);
            let of_type = pg_sys::getObjectTypeDescription(&address, false);
            let text = |text| std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned();
            format!("{} {}", text(of_type), text(identity))
        };
        refuse(would_run(&object, owner, &session::role_name(role)));
    }
}

const WRITES: u32 = pg_sys::ACL_INSERT | pg_sys::ACL_UPDATE | pg_sys::ACL_DELETE;

/// The relations that a query touches, views and children among them, and whether it writes to them.
///
/// # Safety
/// A list of range table entries and, since 16, a list of what is asked for of each relation.
pub unsafe fn touched(
    relations: *mut pg_sys::List,
    #[cfg_attr(feature = "pg15", expect(unused_variables, reason = "15 says it in the entries"))]
    permissions: *mut pg_sys::List,
) -> Vec<(pg_sys::Oid, bool)> {
    let mut touched = Vec::new();
    // SAFETY: see above.
    unsafe {
        for entry in pgrx::PgList::<pg_sys::RangeTblEntry>::from_pg(relations).iter_ptr() {
            if (*entry).relid != pg_sys::InvalidOid {
                #[cfg(feature = "pg15")]
                touched.push(((*entry).relid, (*entry).requiredPerms & WRITES != 0));
                #[cfg(not(feature = "pg15"))]
                touched.push(((*entry).relid, false));
            }
        }
        #[cfg(not(feature = "pg15"))]
        for asked in pgrx::PgList::<pg_sys::RTEPermissionInfo>::from_pg(permissions).iter_ptr() {
            touched.push(((*asked).relid, (*asked).requiredPerms & pg_sys::AclMode::from(WRITES) != 0));
        }
    }
    touched
}

/// Called with the relations of each query, also of those in the bodies of functions.
#[cfg(feature = "pg15")]
#[pg_guard]
unsafe extern "C-unwind" fn before_query(relations: *mut pg_sys::List, raises: bool) -> bool {
    // SAFETY: as the server calls it.
    unsafe {
        for (relation, is_written) in touched(relations, std::ptr::null_mut()) {
            check_relation(relation, is_written);
        }
        CHECKED_BEFORE.get().is_none_or(|before| before(relations, raises))
    }
}

/// Called with the relations of each query, also of those in the bodies of functions.
#[cfg(not(feature = "pg15"))]
#[pg_guard]
unsafe extern "C-unwind" fn before_query(
    relations: *mut pg_sys::List,
    permissions: *mut pg_sys::List,
    raises: bool,
) -> bool {
    // SAFETY: as the server calls it.
    unsafe {
        for (relation, is_written) in touched(relations, permissions) {
            check_relation(relation, is_written);
        }
        CHECKED_BEFORE.get().is_none_or(|before| before(relations, permissions, raises))
    }
}

struct Relation {
    kind: u8,
    owner: pg_sys::Oid,
    has_policies: bool,
}

fn relation_of(oid: pg_sys::Oid) -> Option<Relation> {
    look_up(pg_sys::SysCacheIdentifier::RELOID, oid, |row| {
        // SAFETY: the form is that of pg_class.
        let form = unsafe { row.form::<pg_sys::FormData_pg_class>() };
        Relation { kind: form.relkind as u8, owner: form.relowner, has_policies: form.relrowsecurity }
    })
}

/// With whose rights something is evaluated now, if it is.
fn role_of_region() -> Option<pg_sys::Oid> {
    match REGION.get()? {
        Region::Nothing => None,
        Region::With(role) => Some(role),
        // SAFETY: a plain read of this backend's own state.
        Region::InForce => Some(unsafe { pg_sys::GetUserId() }),
    }
}

/// Raises the error of what is not run.
fn refuse(says: String) {
    REFUSED.set(Some(says.clone()));
    pg_sys::panic::ErrorReport::from(Error::NotTrusted { says }).report(PgLogLevel::ERROR);
}

/// The owner of a function, if the owner can have written it: code in C is always a superuser's, and the owner cannot
/// replace it by code of that language.
pub fn writer(function: pg_sys::Oid) -> Option<pg_sys::Oid> {
    look_up(pg_sys::SysCacheIdentifier::PROCOID, function, |row| {
        // SAFETY: the form is that of pg_proc.
        let form = unsafe { row.form::<pg_sys::FormData_pg_proc>() };
        (!matches!(form.prolang.to_u32(), outside::INTERNAL | outside::C)).then_some(form.proowner)
    })?
}

/// The owner of a function, if `role` does not trust that one.
pub fn owner_of_function(function: pg_sys::Oid, role: pg_sys::Oid) -> Option<pg_sys::Oid> {
    writer(function).filter(|owner| !trusts(role, *owner))
}

/// Why a function may not run with the rights of `role`, if so.
pub fn why_not(function: pg_sys::Oid, role: pg_sys::Oid) -> Option<String> {
    let owner = writer(function)?;
    if !trusts(role, owner) {
        return Some(would_run(&name(function), owner, &session::role_name(role)));
    }
    let is_changed = CHANGED.with_borrow(|changed| changed.contains(&function.to_u32()));
    is_changed.then(|| not_as_expected(&name(function)))
}

/// An error unless this function may run now.
fn check(function: pg_sys::Oid) {
    if REGION.get().is_none() {
        return;
    }
    if writer(function).is_none() {
        return;
    }
    let refused = match role_of_region() {
        None if function.to_u32() < pg_sys::FirstNormalObjectId => None,
        None => Some(format!("it would run {}", name(function))),
        Some(role) => why_not(function, role),
    };
    if let Some(says) = refused {
        refuse(says);
    }
}

/// The name of a function with its schema and its arguments.
fn name(function: pg_sys::Oid) -> String {
    // SAFETY: a look into the catalogs; the text is the server's, in the current memory context, and copied.
    unsafe {
        std::ffi::CStr::from_ptr(pg_sys::format_procedure_qualified(function)).to_string_lossy().into_owned()
    }
}
