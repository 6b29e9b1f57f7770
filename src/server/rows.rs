//! Whether tables have rows, seen in their storage. A query would be planned, and for that the server reads what the owner
//! of a table wrote for it: it evaluates parts of checks, and parses functions on which there is an index. One that is
//! broken would let the query fail.

use pgrx::pg_sys;

/// Whether one of these relations has a row that is there under the active snapshot. One whose rows are not in this database
/// counts as if it had some; what is gone has none.
pub fn any(relations: &[pg_sys::Oid]) -> bool {
    relations.iter().any(|relation| has_row(*relation))
}

fn has_row(relation: pg_sys::Oid) -> bool {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: the relation is open as long as the scan, the scan as long as its slot is filled. On an error the abort of
    // the (sub)transaction closes all of it.
    unsafe {
        let relation = pg_sys::try_relation_open(relation, lock);
        if relation.is_null() {
            return false;
        }
        let has_row = match (*(*relation).rd_rel).relkind as u8 {
            pg_sys::RELKIND_FOREIGN_TABLE => true,
            pg_sys::RELKIND_RELATION | pg_sys::RELKIND_MATVIEW => scan(relation),
            _ => false,
        };
        pg_sys::relation_close(relation, lock);
        has_row
    }
}

unsafe fn scan(relation: pg_sys::Relation) -> bool {
    // SAFETY: every table has a way to be scanned, which is called as the server does.
    unsafe {
        let way = &*(*relation).rd_tableam;
        let (begin, next, end) = (
            way.scan_begin.expect("a table can be scanned"),
            way.scan_getnextslot.expect("a table can be scanned"),
            way.scan_end.expect("a table can be scanned"),
        );
        let flags = pg_sys::ScanOptions::SO_TYPE_SEQSCAN | pg_sys::ScanOptions::SO_ALLOW_PAGEMODE;
        let (none, no_others) = (std::ptr::null_mut(), std::ptr::null_mut());
        let scan = begin(relation, pg_sys::GetActiveSnapshot(), 0, none, no_others, flags);
        let slot = pg_sys::table_slot_create(relation, std::ptr::null_mut());
        let has_row = next(scan, pg_sys::ScanDirection::ForwardScanDirection, slot);
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        end(scan);
        has_row
    }
}
