//! Maintenance in a rehearsal: VACUUM, REINDEX, CLUSTER, LOCK. What can run in a transaction and stays inside the shadow runs
//! there and is measured. Of the rest, what the server's manual says is told: what it locks, and whether it writes tables anew.

use std::ffi::CStr;

use nself_heal_core::hazard::{LockMode, Upkeep};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgList, PgLogLevel, pg_sys};

use crate::error::Error;
use crate::expected::shadow::watch;
use crate::server::parser::relation_of;
use crate::server::session::with_pinned_settings;
use crate::server::spi;

/// Whether a statement that changes no schema is run, where its locks are to be measured. One that names nothing that is there
/// runs, too: it fails as it would here.
///
/// # Safety
/// `node` is a utility statement.
pub unsafe fn is_measured(node: *mut pg_sys::Node) -> bool {
    use pg_sys::NodeTag::*;
    use pg_sys::ReindexObjectType::*;
    if !watch::is_on() {
        return false;
    }
    // SAFETY: the tag tells the type that the node is cast to; the names come from the parser.
    unsafe {
        match (*node).type_ {
            T_ReindexStmt => {
                let reindex = &*node.cast::<pg_sys::ReindexStmt>();
                matches!(reindex.kind, REINDEX_OBJECT_INDEX | REINDEX_OBJECT_TABLE)
                    && !says(reindex.params, b"concurrently")
                    && is_users(reindex.relation, b"rmit")
            }
            // Through a view, a lock may be one of catalogs that all databases share.
            T_LockStmt => PgList::<pg_sys::RangeVar>::from_pg((*node.cast::<pg_sys::LockStmt>()).relations)
                .iter_ptr()
                .all(|name| is_users(name, b"rp")),
            _ => false,
        }
    }
}

/// Notes what the manual says of a statement that is passed over.
///
/// # Safety
/// `node` is a utility statement.
pub unsafe fn note(node: *mut pg_sys::Node) {
    if !watch::is_on() {
        return;
    }
    // SAFETY: as the caller promises.
    if let Err(error) = unsafe { note_of(node) } {
        ErrorReport::from(error).report(PgLogLevel::ERROR);
    }
}

unsafe fn note_of(node: *mut pg_sys::Node) -> Result<(), Error> {
    use pg_sys::NodeTag::*;
    use pg_sys::ReindexObjectType::*;
    // SAFETY: the tag tells the type that the node is cast to; the names come from the parser.
    unsafe {
        match (*node).type_ {
            T_VacuumStmt => {
                let vacuum = &*node.cast::<pg_sys::VacuumStmt>();
                let does = match says(vacuum.options, b"full") {
                    true => Upkeep::Rewrites,
                    false => Upkeep::Locks(LockMode::ShareUpdateExclusive),
                };
                let named = PgList::<pg_sys::VacuumRelation>::from_pg(vacuum.rels);
                if named.is_empty() {
                    note_all(TABLES, None, does)?;
                }
                for name in named.iter_ptr() {
                    note_all(OF_TABLE, relation_of((*name).relation), does)?;
                }
            }
            T_ReindexStmt => {
                let reindex = &*node.cast::<pg_sys::ReindexStmt>();
                let does = match says(reindex.params, b"concurrently") {
                    true => Upkeep::Locks(LockMode::ShareUpdateExclusive),
                    false => Upkeep::Reindexes,
                };
                match reindex.kind {
                    REINDEX_OBJECT_INDEX | REINDEX_OBJECT_TABLE => {
                        note_all(OF_TABLE, relation_of(reindex.relation), does)?;
                    }
                    REINDEX_OBJECT_SCHEMA => {
                        note_all(OF_SCHEMA, Some(pg_sys::get_namespace_oid(reindex.name, false)), does)?;
                    }
                    REINDEX_OBJECT_DATABASE => note_all(TABLES, None, does)?,
                    // Of the server's own tables.
                    _ => {}
                }
            }
            T_ClusterStmt => {
                let name = (*node.cast::<pg_sys::ClusterStmt>()).relation;
                match name.is_null() {
                    true => note_all(CLUSTERED, None, Upkeep::Rewrites)?,
                    false => note_all(OF_TABLE, relation_of(name), Upkeep::Rewrites)?,
                }
            }
            T_LockStmt => {
                let lock = &*node.cast::<pg_sys::LockStmt>();
                let mode = LockMode::numbered(lock.mode as u32);
                for name in PgList::<pg_sys::RangeVar>::from_pg(lock.relations).iter_ptr() {
                    if let (Some(relation), Some(mode)) = (relation_of(name), mode) {
                        watch::by_manual(relation, Upkeep::Locks(mode));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

const TABLES: &str = "r.relkind IN ('r', 'm')";
const OF_SCHEMA: &str = "r.relkind IN ('r', 'm') AND r.relnamespace = $1";
const CLUSTERED: &str = "EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisclustered)";
/// Of a table, or of an index's table, with its partitions.
const OF_TABLE: &str = "r.relkind IN ('r', 'm') AND r.oid IN (SELECT coalesce(i.indrelid, t.relid) \
     FROM (SELECT $1 AS relid UNION SELECT relid FROM pg_partition_tree($1)) t \
     LEFT JOIN pg_index i ON i.indexrelid = t.relid)";

fn note_all(which: &str, of: Option<pg_sys::Oid>, does: Upkeep) -> Result<(), Error> {
    let query = format!(
        "SELECT array_agg(r.oid) FROM pg_class r WHERE r.oid >= 16384 AND $1::oid IS NOT DISTINCT FROM $1 AND {which}"
    );
    let found: Option<Vec<pg_sys::Oid>> = with_pinned_settings(|| spi::read_one(&query, &[of.into()]))?;
    found.unwrap_or_default().into_iter().for_each(|relation| watch::by_manual(relation, does));
    Ok(())
}

/// Whether a name is of a user's relation of one of these kinds, or of nothing.
unsafe fn is_users(name: *mut pg_sys::RangeVar, kinds: &[u8]) -> bool {
    // SAFETY: the name comes from the parser; looks into the catalogs.
    unsafe { relation_of(name) }.is_none_or(|oid| {
        oid.to_u32() >= pg_sys::FirstNormalObjectId
            && kinds.contains(&(unsafe { pg_sys::get_rel_relkind(oid) } as u8))
    })
}

/// Whether an option is given, and not as off.
unsafe fn says(options: *mut pg_sys::List, name: &[u8]) -> bool {
    // SAFETY: a list of DefElem with names of their own.
    unsafe {
        PgList::<pg_sys::DefElem>::from_pg(options).iter_ptr().any(|option| {
            CStr::from_ptr((*option).defname).to_bytes() == name && pg_sys::defGetBoolean(option)
        })
    }
}
