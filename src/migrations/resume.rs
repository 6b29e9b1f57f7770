//! Statements that the server runs at top level only, such as CREATE INDEX CONCURRENTLY. Such a statement cannot share a
//! transaction with its row in the ledger, so the ledger says that it was begun, and what it is about. If no row says that
//! it ended, because it failed or the server was stopped, what it is about tells what is left to do.

use pgrx::pg_sys;

use crate::error::Error;
use crate::server::parser::{self, relation_of, text};
use crate::server::session::{c_string, with_pinned_settings};
use crate::server::spi;

/// A statement that was begun before, and may have ended.
pub struct Begun<'a> {
    /// What the ledger says that it is about.
    pub about: &'a str,
    /// Whether it still reads as it did then.
    pub is_same: bool,
}

/// What is to be done about a statement.
pub enum Left {
    /// This is to run.
    Run { sql: String, about: String },
    /// It has done what it was to do.
    Nothing,
    /// The index of this name is INVALID, and the statement would not mind.
    Invalid(String),
    /// The index of this name was made by another statement.
    Other(String),
}

/// What is left to do of a statement, which may have been begun before. Names are looked up as the statement would.
pub fn left(sql: &str, begun: Option<&Begun<'_>>) -> Result<Left, Error> {
    let whole = |about: String| Left::Run { sql: sql.to_owned(), about };
    let about_this = |about: &str| begun.is_some_and(|begun| begun.about == about);
    let is_same = begun.is_some_and(|begun| begun.is_same);
    Ok(match about(sql) {
        About::NewIndex { table, name, if_not_exists } => {
            let Some(table) = table else { return Ok(whole(String::new())) };
            // SAFETY: looks into the catalogs.
            let schema = unsafe { pg_sys::get_rel_namespace(table) };
            let identity = identity(schema, &name)?;
            match validity(&identity, table)? {
                // What stands in its way is not its own, if anything does, and will not be taken for it.
                Some(_) if about_this(&identity) && !is_same => Left::Other(identity),
                Some(true) if about_this(&identity) => Left::Nothing,
                Some(false) if about_this(&identity) => {
                    Left::Run { sql: format!("REINDEX INDEX CONCURRENTLY {identity}"), about: identity }
                }
                Some(false) if if_not_exists => Left::Invalid(identity),
                Some(_) => whole(String::new()),
                None => whole(identity),
            }
        }
        // A name without a schema may by now be found in another one: that index is not the one that was to go.
        About::OldIndex(index) => {
            let identity = index.map(identity_of).transpose()?.unwrap_or_default();
            match begun {
                Some(begun) if is_same && begun.about != identity && is_gone(begun.about)? => Left::Nothing,
                _ => whole(identity),
            }
        }
        About::Partition { parent: Some(parent), child: Some(child) } => {
            let identity = identity_of(child)?;
            match pending_detach(parent, child)? {
                Some(true) if about_this(&identity) => Left::Run {
                    sql: format!("ALTER TABLE {} DETACH PARTITION {identity} FINALIZE", identity_of(parent)?),
                    about: identity,
                },
                None if about_this(&identity) && is_same => Left::Nothing,
                Some(_) => whole(identity),
                None => whole(String::new()),
            }
        }
        About::Partition { .. } | About::Nothing => whole(String::new()),
    })
}

/// What a statement makes or takes away. None: there is no object of that name.
enum About {
    NewIndex { table: Option<pg_sys::Oid>, name: String, if_not_exists: bool },
    OldIndex(Option<pg_sys::Oid>),
    Partition { parent: Option<pg_sys::Oid>, child: Option<pg_sys::Oid> },
    Nothing,
}

fn about(sql: &str) -> About {
    use pg_sys::NodeTag::*;
    let Some(node) = parser::only_statement(sql) else { return About::Nothing };
    // SAFETY: a tag tells the type that a node is cast to. An index without a name was refused when the migration was read.
    unsafe {
        match (*node).type_ {
            T_IndexStmt => {
                let index = &*node.cast::<pg_sys::IndexStmt>();
                About::NewIndex {
                    table: relation_of(index.relation),
                    name: text(index.idxname),
                    if_not_exists: index.if_not_exists,
                }
            }
            T_DropStmt => {
                let names = (*node.cast::<pg_sys::DropStmt>()).objects;
                let name = pgrx::PgList::<pg_sys::List>::from_pg(names).get_ptr(0);
                About::OldIndex(name.and_then(|name| relation_of(pg_sys::makeRangeVarFromNameList(name))))
            }
            T_AlterTableStmt => {
                let alter = &*node.cast::<pg_sys::AlterTableStmt>();
                let command = pgrx::PgList::<pg_sys::AlterTableCmd>::from_pg(alter.cmds).get_ptr(0);
                match command {
                    Some(command) => About::Partition {
                        parent: relation_of(alter.relation),
                        child: relation_of((*(*command).def.cast::<pg_sys::PartitionCmd>()).name),
                    },
                    None => About::Nothing,
                }
            }
            _ => About::Nothing,
        }
    }
}

/// The name of a relation with its schema, quoted where it has to be, whatever the session says.
fn identity(schema: pg_sys::Oid, name: &str) -> Result<String, Error> {
    let name = c_string(name);
    // SAFETY: a look into the catalogs; both texts live through the call, and the answer is copied.
    with_pinned_settings(|| unsafe {
        let schema = pg_sys::get_namespace_name(schema);
        Ok(text(pg_sys::quote_qualified_identifier(schema, name.as_ptr())))
    })
}

fn identity_of(relation: pg_sys::Oid) -> Result<String, Error> {
    // SAFETY: a look into the catalogs; the name is copied.
    let (schema, name) =
        unsafe { (pg_sys::get_rel_namespace(relation), text(pg_sys::get_rel_name(relation))) };
    identity(schema, &name)
}

/// Whether there is no relation of this name any more, if one is named.
fn is_gone(identity: &str) -> Result<bool, Error> {
    let gone = "SELECT $1 <> '' AND to_regclass($1) IS NULL";
    Ok(with_pinned_settings(|| spi::read_one(gone, &[identity.into()]))? == Some(true))
}

/// Whether the index of this name on this table is valid, if there is one.
fn validity(index: &str, table: pg_sys::Oid) -> Result<Option<bool>, Error> {
    with_pinned_settings(|| {
        spi::read_one(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1) AND indrelid = $2",
            &[index.into(), table.into()],
        )
    })
}

/// Whether the partition is on its way out, if it is one of this table.
fn pending_detach(parent: pg_sys::Oid, child: pg_sys::Oid) -> Result<Option<bool>, Error> {
    with_pinned_settings(|| {
        spi::read_one(
            "SELECT inhdetachpending FROM pg_inherits WHERE inhparent = $1 AND inhrelid = $2",
            &[parent.into(), child.into()],
        )
    })
}
