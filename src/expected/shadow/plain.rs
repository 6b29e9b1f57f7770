//! What a replay runs in place of a statement that the server runs at top level only: the form without CONCURRENTLY, or
//! nothing, where the schema stays as it is.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;

use crate::error::Error;
use crate::server::parser::{concurrent_detach, relation_of};
use crate::server::session::with_pinned_settings;
use crate::server::spi;

unsafe extern "C-unwind" {
    /// The constraint that a table has because it is a partition, as a list of conditions.
    fn RelationGetPartitionQual(relation: pg_sys::Relation) -> *mut pg_sys::List;
}

/// Whether a utility statement changes nothing that a schema holds. CLUSTER of one table says by which index. A background
/// process cannot LISTEN, and nobody listens in a shadow. Nobody else is there to be locked out, and through a view a lock
/// may be one of catalogs that all databases share.
///
/// # Safety
/// `node` is a utility statement.
pub unsafe fn changes_no_schema(node: *mut pg_sys::Node) -> bool {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_VacuumStmt => (*node.cast::<pg_sys::VacuumStmt>()).is_vacuumcmd,
            T_ReindexStmt | T_LockStmt | T_NotifyStmt | T_ListenStmt | T_UnlistenStmt => true,
            T_ClusterStmt => {
                let table = (*node.cast::<pg_sys::ClusterStmt>()).relation;
                table.is_null() || is_partitioned(table)
            }
            _ => false,
        }
    }
}

unsafe fn is_partitioned(table: *mut pg_sys::RangeVar) -> bool {
    // SAFETY: the name comes from the parser; looks into the catalogs.
    unsafe { relation_of(table) }
        .is_some_and(|oid| unsafe { pg_sys::get_rel_relkind(oid) } as u8 == pg_sys::RELKIND_PARTITIONED_TABLE)
}

/// The statement, or a copy of it that does not say CONCURRENTLY.
///
/// # Safety
/// `planned` is a planned utility statement.
pub unsafe fn form(planned: *mut pg_sys::PlannedStmt) -> *mut pg_sys::PlannedStmt {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag tells the type that the node is cast to, and a copy has the type of what was copied. The statement
    // itself may belong to a plan that is kept, and stays as it is.
    unsafe {
        let copy = || pg_sys::copyObjectImpl(planned.cast()).cast::<pg_sys::PlannedStmt>();
        let node = (*planned).utilityStmt;
        match (*node).type_ {
            T_IndexStmt if (*node.cast::<pg_sys::IndexStmt>()).concurrent => {
                let plain = copy();
                (*(*plain).utilityStmt.cast::<pg_sys::IndexStmt>()).concurrent = false;
                plain
            }
            T_DropStmt if (*node.cast::<pg_sys::DropStmt>()).concurrent => {
                let plain = copy();
                (*(*plain).utilityStmt.cast::<pg_sys::DropStmt>()).concurrent = false;
                plain
            }
            T_AlterTableStmt => {
                let Some(partition) = concurrent_detach(node.cast()) else { return planned };
                if let Err(error) = keep_constraint((*partition).name) {
                    ErrorReport::from(error).report(pgrx::PgLogLevel::ERROR);
                }
                let plain = copy();
                if let Some(partition) = concurrent_detach((*plain).utilityStmt.cast()) {
                    (*partition).concurrent = false;
                }
                plain
            }
            _ => planned,
        }
    }
}

/// DETACH CONCURRENTLY leaves the table a CHECK constraint that says what it may hold, unless others say so, or it is one
/// that only the partitioned table can tell.
unsafe fn keep_constraint(partition: *mut pg_sys::RangeVar) -> Result<(), Error> {
    // SAFETY: the name comes from the parser. The table is locked as the statement will lock it, and is closed.
    let (oid, is_said) = unsafe {
        let Some(oid) = relation_of(partition) else { return Ok(()) };
        let table = pg_sys::table_open(oid, pg_sys::AccessExclusiveLock as pg_sys::LOCKMODE);
        let is_said = pg_sys::PartConstraintImpliedByRelConstraint(table, RelationGetPartitionQual(table));
        pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
        (oid, is_said)
    };
    if is_said {
        return Ok(());
    }
    let add: Option<String> = with_pinned_settings(|| {
        spi::read_one(
            "SELECT format('ALTER TABLE %s ADD CHECK (%s)', inhrelid::regclass, pg_get_partition_constraintdef($1)) \
               FROM pg_inherits JOIN pg_partitioned_table ON partrelid = inhparent \
              WHERE inhrelid = $1 AND partstrat <> 'h' AND pg_get_partition_constraintdef($1) IS NOT NULL",
            &[oid.into()],
        )
    })?;
    match add {
        Some(add) => with_pinned_settings(|| spi::write(&add, &[])),
        None => Ok(()),
    }
}
