//! A database in which the extension is not updated yet lacks what later versions made.

use std::borrow::Cow;

use pgrx::pg_sys;

/// The table of what nself_api_install() has made. None where there is no such table, as in a shadow.
pub fn api_table() -> Option<pg_sys::Oid> {
    // SAFETY: a look into the catalogs; with true it returns InvalidOid for what is not there.
    let table = unsafe {
        let schema = pg_sys::get_namespace_oid(c"nself".as_ptr(), true);
        pg_sys::get_relname_relid(c"installed_api".as_ptr(), schema)
    };
    (table != pg_sys::InvalidOid).then_some(table)
}

/// A query for this database: where that table is not there yet, nothing is in it.
pub fn as_here(query: &str) -> Cow<'_, str> {
    match api_table() {
        Some(_) => query.into(),
        None => query.replace("nself.installed_api", "(SELECT * FROM nself.installed WHERE false)").into(),
    }
}
