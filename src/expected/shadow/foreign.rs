//! What stands behind every foreign table of a replay, in place of its foreign data wrapper: a table without rows, which
//! takes every row and keeps none. So nothing connects to a foreign server and nothing reads a foreign file, in whatever
//! way a statement comes to the table: by name, as a partition, by TRUNCATE, COPY, ANALYZE or IMPORT FOREIGN SCHEMA.

use std::ffi::{CStr, c_int};
use std::ptr::null_mut;

use pgrx::prelude::*;
use pgrx::{PgBox, PgList};

use crate::expected::shadow::left_out::note;
use crate::server::outside::Reason;

/// Stands for the function that returns a wrapper's callbacks.
#[pg_guard]
pub unsafe extern "C-unwind" fn handler(_call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the node is complete, and the server copies it.
    unsafe {
        let mut routine = PgBox::<pg_sys::FdwRoutine>::alloc_node(pg_sys::NodeTag::T_FdwRoutine);
        routine.GetForeignRelSize = Some(estimate);
        routine.GetForeignPaths = Some(add_path);
        routine.GetForeignPlan = Some(plan);
        routine.BeginForeignScan = Some(begin_scan);
        routine.IterateForeignScan = Some(no_row);
        routine.ReScanForeignScan = Some(again);
        routine.EndForeignScan = Some(again);
        routine.IsForeignRelUpdatable = Some(all_events);
        routine.BeginForeignModify = Some(begin_modify);
        routine.BeginForeignInsert = Some(begin_insert);
        routine.ExecForeignInsert = Some(take_row);
        routine.ExecForeignUpdate = Some(take_row);
        routine.ExecForeignDelete = Some(take_row);
        routine.ExecForeignTruncate = Some(truncate);
        routine.AnalyzeForeignTable = Some(analyze);
        routine.ImportForeignSchema = Some(import);
        pg_sys::Datum::from(routine.into_pg())
    }
}

/// Notes that a statement would have used a foreign table.
unsafe fn note_table(table: pg_sys::Relation) {
    // SAFETY: the relation is open; the server returns texts of its own.
    let name = unsafe {
        let class = (*table).rd_rel;
        let schema = pg_sys::get_namespace_name((*class).relnamespace);
        let name = pg_sys::quote_qualified_identifier(schema, (*class).relname.data.as_ptr());
        CStr::from_ptr(name).to_string_lossy().into_owned()
    };
    note(format!("foreign table {name}"), Reason::Foreign);
}

#[pg_guard]
unsafe extern "C-unwind" fn estimate(
    _root: *mut pg_sys::PlannerInfo,
    table: *mut pg_sys::RelOptInfo,
    _oid: pg_sys::Oid,
) {
    // SAFETY: the planner's own struct.
    unsafe { (*table).rows = 1.0 };
}

#[pg_guard]
unsafe extern "C-unwind" fn add_path(
    root: *mut pg_sys::PlannerInfo,
    table: *mut pg_sys::RelOptInfo,
    _oid: pg_sys::Oid,
) {
    // SAFETY: the one path of a table, as file_fdw makes it: no order, what LATERAL asks for, nothing private.
    unsafe {
        let outer = (*table).lateral_relids;
        #[cfg(any(feature = "pg15", feature = "pg16"))]
        let path = pg_sys::create_foreignscan_path(
            root,
            table,
            null_mut(),
            1.0,
            1.0,
            1.0,
            null_mut(),
            outer,
            null_mut(),
            null_mut(),
        );
        #[cfg(feature = "pg17")]
        let path = pg_sys::create_foreignscan_path(
            root,
            table,
            null_mut(),
            1.0,
            1.0,
            1.0,
            null_mut(),
            outer,
            null_mut(),
            null_mut(),
            null_mut(),
        );
        #[cfg(feature = "pg18")]
        let path = pg_sys::create_foreignscan_path(
            root,
            table,
            null_mut(),
            1.0,
            0,
            1.0,
            1.0,
            null_mut(),
            outer,
            null_mut(),
            null_mut(),
            null_mut(),
        );
        pg_sys::add_path(table, path.cast());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn plan(
    _root: *mut pg_sys::PlannerInfo,
    table: *mut pg_sys::RelOptInfo,
    _oid: pg_sys::Oid,
    _path: *mut pg_sys::ForeignPath,
    columns: *mut pg_sys::List,
    clauses: *mut pg_sys::List,
    outer: *mut pg_sys::Plan,
) -> *mut pg_sys::ForeignScan {
    let none = null_mut();
    // SAFETY: the lists are the planner's; the server checks all clauses itself.
    unsafe {
        let clauses = pg_sys::extract_actual_clauses(clauses, false);
        pg_sys::make_foreignscan(columns, clauses, (*table).relid, none, none, none, none, outer)
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn begin_scan(scan: *mut pg_sys::ForeignScanState, flags: c_int) {
    if flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY as c_int == 0 {
        // SAFETY: a scan of one table holds it open.
        unsafe { note_table((*scan).ss.ss_currentRelation) };
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn no_row(_scan: *mut pg_sys::ForeignScanState) -> *mut pg_sys::TupleTableSlot {
    null_mut()
}

#[pg_guard]
unsafe extern "C-unwind" fn again(_scan: *mut pg_sys::ForeignScanState) {}

#[pg_guard]
unsafe extern "C-unwind" fn all_events(_table: pg_sys::Relation) -> c_int {
    [pg_sys::CmdType::CMD_INSERT, pg_sys::CmdType::CMD_UPDATE, pg_sys::CmdType::CMD_DELETE]
        .iter()
        .fold(0, |events, command| events | 1 << command)
}

#[pg_guard]
unsafe extern "C-unwind" fn begin_modify(
    _state: *mut pg_sys::ModifyTableState,
    table: *mut pg_sys::ResultRelInfo,
    _private: *mut pg_sys::List,
    _subplan: c_int,
    flags: c_int,
) {
    if flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY as c_int == 0 {
        // SAFETY: the table that is written to is open.
        unsafe { note_table((*table).ri_RelationDesc) };
    }
}

/// For COPY, and for a partition that a row is meant for.
#[pg_guard]
unsafe extern "C-unwind" fn begin_insert(
    _state: *mut pg_sys::ModifyTableState,
    table: *mut pg_sys::ResultRelInfo,
) {
    // SAFETY: as above.
    unsafe { note_table((*table).ri_RelationDesc) };
}

/// The row counts as written: RETURNING gives it, and row triggers see it.
#[pg_guard]
unsafe extern "C-unwind" fn take_row(
    _state: *mut pg_sys::EState,
    _table: *mut pg_sys::ResultRelInfo,
    row: *mut pg_sys::TupleTableSlot,
    _plan: *mut pg_sys::TupleTableSlot,
) -> *mut pg_sys::TupleTableSlot {
    row
}

#[pg_guard]
unsafe extern "C-unwind" fn truncate(
    tables: *mut pg_sys::List,
    _behavior: pg_sys::DropBehavior::Type,
    _restart: bool,
) {
    // SAFETY: a list of open relations.
    unsafe { PgList::<pg_sys::RelationData>::from_pg(tables).iter_ptr().for_each(|table| note_table(table)) };
}

#[pg_guard]
unsafe extern "C-unwind" fn analyze(
    table: pg_sys::Relation,
    sample: *mut pg_sys::AcquireSampleRowsFunc,
    pages: *mut pg_sys::BlockNumber,
) -> bool {
    // SAFETY: the relation is open; both results are the server's variables.
    unsafe {
        note_table(table);
        *sample = Some(no_sample);
        *pages = 0;
    }
    true
}

#[pg_guard]
unsafe extern "C-unwind" fn no_sample(
    _table: pg_sys::Relation,
    _level: c_int,
    _rows: *mut pg_sys::HeapTuple,
    _wanted: c_int,
    total: *mut f64,
    dead: *mut f64,
) -> c_int {
    // SAFETY: both results are the server's variables.
    unsafe { (*total, *dead) = (0.0, 0.0) };
    0
}

#[pg_guard]
unsafe extern "C-unwind" fn import(
    statement: *mut pg_sys::ImportForeignSchemaStmt,
    _server: pg_sys::Oid,
) -> *mut pg_sys::List {
    // SAFETY: both names are texts of the parser.
    let (schema, server) =
        unsafe { (CStr::from_ptr((*statement).remote_schema), CStr::from_ptr((*statement).server_name)) };
    let (schema, server) = (schema.to_string_lossy(), server.to_string_lossy());
    note(format!("IMPORT FOREIGN SCHEMA {schema} FROM SERVER {server}"), Reason::Foreign);
    null_mut()
}
