//! The server's own parser: a text as statements, and what a statement names.

use std::ffi::{CStr, c_char};

use pgrx::pg_sys;

use crate::server::session::c_string;

/// The statements of a text, which live as long as the current memory context. What is no SQL is the server's error.
pub fn statements(sql: &str) -> Vec<*mut pg_sys::RawStmt> {
    let sql = c_string(sql);
    // SAFETY: the parser works on a text that ends with a NUL, and returns a list of RawStmt in the current memory context.
    unsafe {
        pgrx::PgList::<pg_sys::RawStmt>::from_pg(pg_sys::pg_parse_query(sql.as_ptr())).iter_ptr().collect()
    }
}

/// The statement of a text that holds one.
pub fn only_statement(sql: &str) -> Option<*mut pg_sys::Node> {
    match statements(sql).as_slice() {
        // SAFETY: it comes from the parser.
        [only] => Some(unsafe { (**only).stmt }),
        _ => None,
    }
}

/// What the server calls the statements of a text: `CREATE INDEX`.
pub fn tags(sql: &str) -> Vec<String> {
    // SAFETY: the parser made it; the names are the server's own.
    statements(sql).into_iter().map(|raw| unsafe { tag((*raw).stmt) }).collect()
}

/// What the server calls a statement.
///
/// # Safety
/// It comes from the parser.
pub unsafe fn tag(statement: *mut pg_sys::Node) -> String {
    // SAFETY: see above.
    unsafe { text(pg_sys::GetCommandTagName(pg_sys::CreateCommandTag(statement))) }
}

/// Whether a text is one statement that can end its transaction while it runs: CALL, or DO.
pub fn can_commit(sql: &str) -> bool {
    use pg_sys::NodeTag::{T_CallStmt, T_DoStmt};
    // SAFETY: it comes from the parser, and a node says its type.
    only_statement(sql)
        .is_some_and(|statement| matches!(unsafe { (*statement).type_ }, T_CallStmt | T_DoStmt))
}

/// The relation of a name, if it is there. No lock is taken.
///
/// # Safety
/// The name comes from the parser.
pub unsafe fn relation_of(name: *mut pg_sys::RangeVar) -> Option<pg_sys::Oid> {
    let (no_lock, missing_ok) = (pg_sys::NoLock as pg_sys::LOCKMODE, pg_sys::RVROption::RVR_MISSING_OK);
    // SAFETY: a look into the catalogs.
    let oid =
        unsafe { pg_sys::RangeVarGetRelidExtended(name, no_lock, missing_ok, None, std::ptr::null_mut()) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// The partition that an ALTER TABLE detaches CONCURRENTLY.
///
/// # Safety
/// It comes from the parser.
pub unsafe fn concurrent_detach(alter: *mut pg_sys::AlterTableStmt) -> Option<*mut pg_sys::PartitionCmd> {
    // SAFETY: the commands of an ALTER TABLE are a list of AlterTableCmd; the definition of DETACH PARTITION is a
    // PartitionCmd.
    unsafe {
        pgrx::PgList::<pg_sys::AlterTableCmd>::from_pg((*alter).cmds).iter_ptr().find_map(|command| {
            let partition = (*command).def.cast::<pg_sys::PartitionCmd>();
            let detaches = (*command).subtype == pg_sys::AlterTableType::AT_DetachPartition;
            (detaches && (*partition).concurrent).then_some(partition)
        })
    }
}

/// A text of the server, copied; empty if there is none.
///
/// # Safety
/// It ends with a NUL, if it is there.
pub unsafe fn text(of_server: *const c_char) -> String {
    if of_server.is_null() {
        return String::new();
    }
    // SAFETY: see above.
    unsafe { CStr::from_ptr(of_server) }.to_string_lossy().into_owned()
}
