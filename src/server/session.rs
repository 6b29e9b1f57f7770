//! Roles and settings of the session: changes of both that always end with the function that made them.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use crate::error::{Error, Lent};
use crate::server::cache::{Row, look_up};

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
    // Values tell more than a plan for any saves.
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
pub fn with_pinned_settings<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    with_settings(&PINNED, work)
}

/// Runs `work` on the product's own tables, with the rights of the extension's owner: whoever may EXECUTE a function
/// needs no right on the tables behind it. Only statements that are written in this program may run here.
pub fn as_extension_owner<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    as_extension_owner_bare(|| with_pinned_settings(work))
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

pub fn as_user<T>(
    user: pg_sys::Oid,
    context: u32,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
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

/// Who owns a schema, if it is there.
pub fn owner_of_schema(name: &str) -> Option<pg_sys::Oid> {
    let name = c_string(name);
    // SAFETY: a look into the catalogs; with true it returns InvalidOid for a schema that is not there.
    let schema = unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) };
    (schema != pg_sys::InvalidOid).then(|| schema_owner(schema))
}

fn schema_owner(schema: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: the form is that of pg_namespace.
    let owner = |row: Row| unsafe { row.form::<pg_sys::FormData_pg_namespace>().nspowner };
    look_up(pg_sys::SysCacheIdentifier::NAMESPACEOID, schema, owner).unwrap_or(pg_sys::InvalidOid)
}

/// A role by its name. Who stands for the owner of the database, as of the schema public, is that owner.
pub fn role(name: &str) -> Result<pg_sys::Oid, Error> {
    if name == "pg_database_owner" {
        return Ok(database_owner());
    }
    let text = c_string(name);
    // SAFETY: a look into the catalogs; with true it returns InvalidOid for a role that is not there.
    match unsafe { pg_sys::get_role_oid(text.as_ptr(), true) } {
        pg_sys::InvalidOid => Err(Error::NoSuchRole { role: name.to_owned() }),
        role => Ok(role),
    }
}

/// Who owns this database.
pub fn database_owner() -> pg_sys::Oid {
    // SAFETY: a plain read of this backend's own state.
    let database = unsafe { pg_sys::MyDatabaseId };
    // SAFETY: the form is that of pg_database.
    let owner = |row: Row| unsafe { row.form::<pg_sys::FormData_pg_database>().datdba };
    look_up(pg_sys::SysCacheIdentifier::DATABASEOID, database, owner).unwrap_or(pg_sys::InvalidOid)
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
