//! Takes out of each statement of a replay, before it is planned, the calls of the server's own functions that reach
//! outside the shadow database, and what would write to a catalog that all databases share. Statements within functions,
//! views, defaults and triggers come by here, too.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::null_mut;

use pgrx::prelude::*;
use pgrx::{PgBox, PgList};

use crate::expected::shadow::left_out::note;
use crate::server::outside::{self, Call, Outside, Reason};
use crate::server::parser::text;

thread_local! {
    static NEXT: std::cell::Cell<pg_sys::planner_hook_type> = const { std::cell::Cell::new(None) };
}

/// From now on each statement of this process comes by here.
///
/// # Safety
/// This is a process of one thread.
pub unsafe fn install() {
    // SAFETY: the hook is called in this thread.
    unsafe {
        NEXT.set(pg_sys::planner_hook);
        pg_sys::planner_hook = Some(plan);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn plan(
    query: *mut pg_sys::Query,
    text: *const c_char,
    options: c_int,
    params: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // A parallel worker is a process of its own, which knows nothing of these hooks.
    let options = options & !(pg_sys::CURSOR_OPT_PARALLEL_OK as c_int);
    // SAFETY: the planner owns the query and may change it.
    unsafe {
        let query = without_outside(query.cast(), null_mut()).cast();
        match NEXT.get() {
            Some(next) => next(query, text, options, params),
            None => pg_sys::standard_planner(query, text, options, params),
        }
    }
}

/// A copy of a query or an expression in which nothing reaches outside.
///
/// # Safety
/// The node is what the planner takes.
#[pg_guard]
pub unsafe extern "C-unwind" fn without_outside(
    node: *mut pg_sys::Node,
    context: *mut c_void,
) -> *mut pg_sys::Node {
    use pg_sys::NodeTag::*;
    if node.is_null() {
        return node;
    }
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_Query => {
                let query = node.cast::<pg_sys::Query>();
                leave_shared_catalogs(query);
                lock_no_shared_rows(query);
                for entry in PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable).iter_ptr() {
                    if returns_rows_from_outside(entry) {
                        empty(entry);
                    }
                }
                copy_of_query(query, context).cast()
            }
            T_FuncExpr => {
                let call = node.cast::<pg_sys::FuncExpr>();
                match outside((*call).funcid) {
                    Some(outside) if (*call).funcretset => constant(
                        &Outside { instead: None, ..outside },
                        (*call).funcresulttype,
                        (*call).funccollid,
                    ),
                    Some(outside) => constant(&outside, (*call).funcresulttype, (*call).funccollid),
                    None => copy_of_expression(node, context),
                }
            }
            T_OpExpr => {
                let call = node.cast::<pg_sys::OpExpr>();
                match outside(pg_sys::get_opcode((*call).opno)) {
                    Some(outside) => constant(&outside, (*call).opresulttype, (*call).opcollid),
                    None => copy_of_expression(node, context),
                }
            }
            _ => copy_of_expression(node, context),
        }
    }
}

#[cfg(feature = "pg15")]
type Mutator = unsafe extern "C-unwind" fn() -> *mut pg_sys::Node;

#[cfg(feature = "pg15")]
unsafe fn copy_of_query(query: *mut pg_sys::Query, context: *mut c_void) -> *mut pg_sys::Query {
    // SAFETY: the header of this version does not tell the arguments with which the function is called.
    unsafe { pg_sys::query_tree_mutator(query, Some(mutator()), context, 0) }
}

#[cfg(feature = "pg15")]
unsafe fn copy_of_expression(node: *mut pg_sys::Node, context: *mut c_void) -> *mut pg_sys::Node {
    // SAFETY: as above.
    unsafe { pg_sys::expression_tree_mutator(node, Some(mutator()), context) }
}

#[cfg(feature = "pg15")]
fn mutator() -> Mutator {
    type Known = unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut c_void) -> *mut pg_sys::Node;
    // SAFETY: it is called with the arguments that it has.
    unsafe { std::mem::transmute::<Known, Mutator>(without_outside) }
}

#[cfg(not(feature = "pg15"))]
unsafe fn copy_of_query(query: *mut pg_sys::Query, context: *mut c_void) -> *mut pg_sys::Query {
    // SAFETY: the query is the planner's.
    unsafe { pg_sys::query_tree_mutator_impl(query, Some(without_outside), context, 0) }
}

#[cfg(not(feature = "pg15"))]
unsafe fn copy_of_expression(node: *mut pg_sys::Node, context: *mut c_void) -> *mut pg_sys::Node {
    // SAFETY: the expression is the planner's.
    unsafe { pg_sys::expression_tree_mutator_impl(node, Some(without_outside), context) }
}

/// What is said of a function of the server itself, which is noted. Others are looked at when they are called.
unsafe fn outside(function: pg_sys::Oid) -> Option<Outside> {
    if !outside::is_servers_own(function) {
        return None;
    }
    // SAFETY: a statement is planned in a transaction.
    unsafe {
        match outside::call(function) {
            Call::Outside(outside) => {
                note(outside::name(function), outside.reason);
                Some(outside)
            }
            Call::Ordinary | Call::Sql | Call::Wrapper => None,
        }
    }
}

/// What stands for a call that gives this type.
unsafe fn constant(outside: &Outside, gives: pg_sys::Oid, collation: pg_sys::Oid) -> *mut pg_sys::Node {
    // SAFETY: the text is one of the type's own.
    unsafe {
        let constant = pg_sys::makeNullConst(gives, -1, collation);
        if let Some(text) = outside.instead {
            let text = CString::new(text).expect("no NUL is in the list");
            let (mut input, mut of) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
            pg_sys::getTypeInputInfo(gives, &mut input, &mut of);
            (*constant).constvalue = pg_sys::OidInputFunctionCall(input, text.as_ptr().cast_mut(), of, -1);
            (*constant).constisnull = false;
        }
        constant.cast()
    }
}

/// Whether an entry of FROM is a function of the server that reaches outside and gives more than one value.
unsafe fn returns_rows_from_outside(entry: *mut pg_sys::RangeTblEntry) -> bool {
    // SAFETY: an entry for functions has a list of them, each with the expression that calls it.
    unsafe {
        if (*entry).rtekind != pg_sys::RTEKind::RTE_FUNCTION {
            return false;
        }
        let calls = PgList::<pg_sys::RangeTblFunction>::from_pg((*entry).functions);
        calls.iter_ptr().any(|function| {
            let expression = (*function).funcexpr;
            if (*expression).type_ != pg_sys::NodeTag::T_FuncExpr {
                return false;
            }
            let call = expression.cast::<pg_sys::FuncExpr>();
            let is_value = !(*call).funcretset
                && pg_sys::get_expr_result_type(expression, null_mut(), null_mut())
                    == pg_sys::TypeFuncClass::TYPEFUNC_SCALAR;
            !is_value && outside((*call).funcid).is_some()
        })
    }
}

/// Makes an entry of FROM a query of the same columns that gives no row.
unsafe fn empty(entry: *mut pg_sys::RangeTblEntry) {
    // SAFETY: both lists have an element for each column; a dropped column is a constant there.
    unsafe {
        let (mut names, mut values) = (null_mut(), null_mut());
        #[cfg(not(feature = "pg18"))]
        pg_sys::expandRTE(entry, 1, 0, -1, true, &mut names, &mut values);
        #[cfg(feature = "pg18")]
        pg_sys::expandRTE(
            entry,
            1,
            0,
            pg_sys::VarReturningType::VAR_RETURNING_DEFAULT,
            -1,
            true,
            &mut names,
            &mut values,
        );
        let mut columns = PgList::<pg_sys::TargetEntry>::new();
        for (number, value) in (1..).zip(PgList::<pg_sys::Node>::from_pg(values).iter_ptr()) {
            let null = pg_sys::makeNullConst(
                pg_sys::exprType(value),
                pg_sys::exprTypmod(value),
                pg_sys::exprCollation(value),
            );
            columns.push(pg_sys::makeTargetEntry(null.cast(), number, c"".as_ptr().cast_mut(), false));
        }
        let mut query = PgBox::<pg_sys::Query>::alloc_node(pg_sys::NodeTag::T_Query);
        query.commandType = pg_sys::CmdType::CMD_SELECT;
        query.canSetTag = true;
        query.targetList = columns.into_pg();
        query.jointree = pg_sys::makeFromExpr(null_mut(), pg_sys::makeBoolConst(false, false));
        (*entry).rtekind = pg_sys::RTEKind::RTE_SUBQUERY;
        (*entry).subquery = query.into_pg();
        (*entry).functions = null_mut();
        (*entry).funcordinality = false;
    }
}

/// Takes FOR UPDATE and the like from catalogs that all databases share: it is written into their rows.
unsafe fn lock_no_shared_rows(query: *mut pg_sys::Query) {
    // SAFETY: the number of a relation counts in the list of relations, from 1.
    unsafe {
        let relations = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable);
        let marks = PgList::<pg_sys::RowMarkClause>::from_pg((*query).rowMarks);
        let mut kept = PgList::<pg_sys::RowMarkClause>::new();
        for mark in marks.iter_ptr() {
            match relations.get_ptr((*mark).rti as usize - 1) {
                Some(entry) if pg_sys::IsSharedRelation((*entry).relid) => {
                    note(format!("SELECT FOR UPDATE of {}", catalog_name((*entry).relid)), Reason::Shared);
                }
                _ => kept.push(mark),
            }
        }
        if kept.len() < marks.len() {
            (*query).rowMarks = kept.into_pg();
        }
    }
}

unsafe fn catalog_name(catalog: pg_sys::Oid) -> String {
    // SAFETY: a look into the catalogs; the text is the server's.
    unsafe { format!("pg_catalog.{}", text(pg_sys::get_rel_name(catalog))) }
}

/// Lets an INSERT, UPDATE, DELETE or MERGE of a catalog that all databases share find no row to do it for.
unsafe fn leave_shared_catalogs(query: *mut pg_sys::Query) {
    use pg_sys::CmdType::*;
    // SAFETY: the number of the relation that is written to counts in the list of relations, from 1.
    unsafe {
        let writes = matches!((*query).commandType, CMD_INSERT | CMD_UPDATE | CMD_DELETE | CMD_MERGE);
        let relations = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable);
        let Some(entry) =
            usize::try_from((*query).resultRelation - 1).ok().and_then(|index| relations.get_ptr(index))
        else {
            return;
        };
        if !writes || !pg_sys::IsSharedRelation((*entry).relid) {
            return;
        }
        let command = match (*query).commandType {
            CMD_INSERT => "INSERT INTO",
            CMD_UPDATE => "UPDATE",
            CMD_DELETE => "DELETE FROM",
            _ => "MERGE INTO",
        };
        note(format!("{command} {}", catalog_name((*entry).relid)), Reason::Shared);
        (*query).mergeActionList = null_mut();
        if (*query).commandType != CMD_MERGE {
            (*(*query).jointree).quals = pg_sys::makeBoolConst(false, false);
        }
    }
}
