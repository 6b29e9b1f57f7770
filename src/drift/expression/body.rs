//! The statements inside of rules and functions, which the server keeps as what they mean.

use std::ffi::c_void;

use nself_heal_core::model::Name;
use nself_heal_core::spelling::ROUTINE_PARTS;
use pgrx::pg_sys;

use crate::drift::expression::{analyze_and_print, one_statement, print, with_table};
use crate::error::Error;
use crate::server::spi;

unsafe extern "C-unwind" {
    // Of executor/functions.h, which pgrx does not bind: what the parameters of a function are, and a parser that knows
    // them.
    fn prepare_sql_fn_parse_info(
        function: pg_sys::HeapTuple,
        call: *mut pg_sys::Node,
        collation: pg_sys::Oid,
    ) -> *mut c_void;
    fn sql_fn_parser_setup(pstate: *mut pg_sys::ParseState, parameters: *mut c_void);
}

/// Reads a CREATE RULE and prints its condition and its actions, as transformRuleStmt() reads them, but without its lock.
pub(super) fn print_rule(table: &Name, text: &str) -> Result<String, Error> {
    let condition = format!("SELECT FROM ONLY {0} old, ONLY {0} new WHERE true", table.sql());
    with_table(table, |_, relation| {
        // SAFETY: the tags of the nodes tell their types; all lives in the current memory context.
        unsafe {
            let raw = one_statement(text);
            if (*(*raw).stmt).type_ != pg_sys::NodeTag::T_RuleStmt {
                pgrx::error!("{text:?} creates no rule");
            }
            let rule = (*raw).stmt.cast::<pg_sys::RuleStmt>();
            let mut printed = format!("{} {} ", (*rule).event, (*rule).instead);
            if !(*rule).whereClause.is_null() {
                let select = one_statement(&condition);
                (*(*select).stmt.cast::<pg_sys::SelectStmt>()).whereClause = (*rule).whereClause;
                printed += &analyze_and_print(select, &condition);
            }
            for action in pgrx::PgList::<pg_sys::Node>::from_pg((*rule).actions).iter_ptr() {
                let pstate = pg_sys::make_parsestate(std::ptr::null_mut());
                for name in [c"old", c"new"] {
                    let item = pg_sys::addRangeTableEntryForRelation(
                        pstate,
                        relation,
                        pg_sys::AccessShareLock as i32,
                        pg_sys::makeAlias(name.as_ptr(), std::ptr::null_mut()),
                        false,
                        false,
                    );
                    pg_sys::addNSItemToQuery(pstate, item, false, true, false);
                }
                printed += &print(pg_sys::transformStmt(pstate, action));
                pg_sys::free_parsestate(pstate);
            }
            Ok(printed)
        }
    })
}

/// Reads the defaults of a function's arguments and the statement that creates it, and prints both, but for a body that
/// is a text: that one is compared as it stands.
pub(super) fn print_routine(function: &str, text: &str) -> Result<String, Error> {
    let Some((defaults, create)) = text.split_once(ROUTINE_PARTS) else {
        pgrx::error!("{text:?} is no function")
    };
    let mut printed = String::new();
    if !defaults.is_empty() {
        // SAFETY: the statement is the parser's.
        printed += &unsafe { analyze_and_print(one_statement(defaults), defaults) };
    }
    Ok(printed + &print_body(function, create)?)
}

/// The statements in the body of a CREATE FUNCTION of a function that is there, as interpret_AS_clause() reads them.
fn print_body(function: &str, text: &str) -> Result<String, Error> {
    let oid: Option<pg_sys::Oid> = spi::read_one("SELECT to_regprocedure($1)::oid", &[function.into()])?;
    let Some(oid) = oid else { pgrx::error!("there is no such function") };
    // SAFETY: the cache entry is held as long as the parser needs it; the tags of the nodes tell their types.
    unsafe {
        let raw = one_statement(text);
        if (*(*raw).stmt).type_ != pg_sys::NodeTag::T_CreateFunctionStmt {
            pgrx::error!("{text:?} creates no function");
        }
        let body = (*(*raw).stmt.cast::<pg_sys::CreateFunctionStmt>()).sql_body;
        if body.is_null() {
            // It is the same text on both sides, because the shapes are.
            return Ok(String::new());
        }
        let tuple =
            pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::PROCOID as i32, pg_sys::Datum::from(oid));
        if tuple.is_null() {
            pgrx::error!("there is no such function");
        }
        // BEGIN ATOMIC is a list of one list of statements, RETURN is a statement.
        let statements = match (*body).type_ {
            pg_sys::NodeTag::T_List => {
                let lists = pgrx::PgList::<pg_sys::List>::from_pg(body.cast());
                let list = lists.get_ptr(0).unwrap_or(std::ptr::null_mut());
                pgrx::PgList::<pg_sys::Node>::from_pg(list).iter_ptr().collect()
            }
            _ => vec![body],
        };
        let mut printed = String::new();
        for statement in statements {
            let pstate = pg_sys::make_parsestate(std::ptr::null_mut());
            pg_sys::ffi::pg_guard_ffi_boundary(|| {
                let parameters = prepare_sql_fn_parse_info(tuple, std::ptr::null_mut(), pg_sys::InvalidOid);
                sql_fn_parser_setup(pstate, parameters);
            });
            printed += &print(pg_sys::transformStmt(pstate, statement));
            printed.push(';');
            pg_sys::free_parsestate(pstate);
        }
        pg_sys::ReleaseSysCache(tuple);
        Ok(printed)
    }
}
