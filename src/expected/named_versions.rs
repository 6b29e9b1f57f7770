//! The versions of extensions that migrations name. Where none does, a version is the server's default of the day, which its
//! packages move: nobody compares it then. So the catalogs do not tell what was named; the migrations do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::CStr;

use pgrx::{PgList, pg_sys};

use crate::error::Error;
use crate::expected::chain::{self, Against};
use crate::migrations::ledger::Applied;
use crate::migrations::script::split;
use crate::server::parser;

/// Versions by the names of their extensions.
pub type Versions = BTreeMap<String, String>;

thread_local! {
    /// Those of the last chain, by its hash.
    static LAST: RefCell<Option<(String, Versions)>> = const { RefCell::new(None) };
}

/// What the migrations of a chain, which has this hash, name at last. What they make by code (DO) is not seen.
pub fn of(against: Against, hash: &str) -> Result<Versions, Error> {
    let known = LAST
        .with_borrow(|last| last.as_ref().filter(|(of, _)| of == hash).map(|(_, versions)| versions.clone()));
    if let Some(versions) = known {
        return Ok(versions);
    }
    let chain = chain::chain(against)?;
    // Of those that are there something may have been named, or not.
    let stood_here = chain.ground.iter().flat_map(|ground| &ground.extensions);
    let mut named: BTreeMap<String, Option<String>> =
        stood_here.map(|extension| (extension.name.clone(), None)).collect();
    for migration in &chain.migrations {
        if migration.sql.to_ascii_lowercase().contains("extension") {
            read(migration, &mut named)?;
        }
    }
    let versions: Versions = named.into_iter().filter_map(|(name, version)| Some((name, version?))).collect();
    LAST.set(Some((hash.to_owned(), versions.clone())));
    Ok(versions)
}

fn read(migration: &Applied, named: &mut BTreeMap<String, Option<String>>) -> Result<(), Error> {
    let statements = split(&migration.script())?;
    let done = migration.statements_done.unwrap_or(statements.len());
    for statement in statements.iter().take(done) {
        if let Some(node) = parser::only_statement(&statement.sql) {
            // SAFETY: it comes from the parser.
            unsafe { note(node, named) };
        }
    }
    Ok(())
}

/// # Safety
/// `node` is a statement of the parser.
unsafe fn note(node: *mut pg_sys::Node, named: &mut BTreeMap<String, Option<String>>) {
    use pg_sys::NodeTag::{T_AlterExtensionStmt, T_CreateExtensionStmt, T_DropStmt};
    // SAFETY: a node says its type, and these have the fields of theirs.
    unsafe {
        match (*node).type_ {
            T_CreateExtensionStmt => {
                let create = node.cast::<pg_sys::CreateExtensionStmt>();
                let name = parser::text((*create).extname);
                if !((*create).if_not_exists && named.contains_key(&name)) {
                    named.insert(name, version((*create).options));
                }
            }
            T_AlterExtensionStmt => {
                let alter = node.cast::<pg_sys::AlterExtensionStmt>();
                named.insert(parser::text((*alter).extname), version((*alter).options));
            }
            T_DropStmt => {
                let drop = node.cast::<pg_sys::DropStmt>();
                if (*drop).removeType == pg_sys::ObjectType::OBJECT_EXTENSION {
                    for name in PgList::<pg_sys::String>::from_pg((*drop).objects).iter_ptr() {
                        named.remove(&parser::text((*name).sval));
                    }
                }
            }
            _ => {}
        }
    }
}

/// # Safety
/// Of the options of a statement on an extension.
unsafe fn version(options: *mut pg_sys::List) -> Option<String> {
    // SAFETY: options are DefElem; the grammar gives a version as a text.
    unsafe {
        let options = PgList::<pg_sys::DefElem>::from_pg(options);
        let version =
            options.iter_ptr().find(|option| CStr::from_ptr((**option).defname) == c"new_version")?;
        Some(parser::text(pg_sys::defGetString(version)))
    }
}
