//! What an expression means, asked of the server's own parse analysis: nothing is executed, no table is touched, and the
//! locks that it takes are let go of.

use std::ffi::CStr;

use nself_heal_core::model::Name;
use nself_heal_core::spelling::{Place, TextPair};
use pgrx::pg_sys;

use crate::error::Error;
use crate::server::locked::{self, glance};
use crate::server::parser;
use crate::server::session::c_string;

mod body;

/// How often a text is printed and read again at most. Two rounds were enough for everything seen so far.
const ROUNDS: usize = 4;

/// What two texts are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    Same,
    Different,
    /// Somebody has locked what they speak of, so that is not known.
    Locked,
}

/// Whether both texts of a pair mean the same. What cannot be read here, say because a column is missing, does not.
pub fn compare(pair: &TextPair) -> Pair {
    glance(|| {
        let (mut expected, mut live) = (pair.expected.clone(), pair.live.clone());
        for _ in 0..ROUNDS {
            expected = print_again(&pair.table, &pair.place, &expected)?;
            live = print_again(&pair.table, &pair.place, &live)?;
            if expected == live {
                return Ok(Pair::Same);
            }
        }
        Ok(Pair::Different)
    })
    .unwrap_or_else(|error| if locked::is_locked(&error) { Pair::Locked } else { Pair::Different })
}

/// How often a default may give another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volatility {
    /// Never.
    Constant,
    /// From one statement to the next.
    Stable,
    /// From row to row; also what cannot be told.
    Volatile,
}

/// How often the default of a column may give another value.
pub fn volatility(table: &Name, default: &str) -> Volatility {
    glance(|| {
        with_table(table, |pstate, _| {
            // SAFETY: as in `print_again`.
            unsafe {
                let node = pg_sys::transformExpr(
                    pstate,
                    parse(default),
                    pg_sys::ParseExprKind::EXPR_KIND_COLUMN_DEFAULT,
                );
                Ok(
                    match (pg_sys::contain_volatile_functions(node), pg_sys::contain_mutable_functions(node))
                    {
                        (true, _) => Volatility::Volatile,
                        (false, true) => Volatility::Stable,
                        (false, false) => Volatility::Constant,
                    },
                )
            }
        })
    })
    .unwrap_or(Volatility::Volatile)
}

/// Reads an expression in its place and prints it as the server does.
fn print_again(table: &Name, place: &Place, text: &str) -> Result<String, Error> {
    match place {
        Place::DomainCheck => print_of_domain(table, text),
        Place::Query => print_query(text),
        Place::Rule => body::print_rule(table, text),
        Place::Routine { function } => body::print_routine(function, text),
        _ => print_of_table(table, place, text),
    }
}

fn print_of_table(table: &Name, place: &Place, text: &str) -> Result<String, Error> {
    with_table(table, |pstate, relation| {
        let raw = parse(text);
        // SAFETY: the parse state has the relation's columns in its name space; all nodes live in the current memory
        // context, and the printed text is copied.
        unsafe {
            let node = match place {
                Place::Check | Place::DomainCheck => {
                    boolean(pstate, raw, pg_sys::ParseExprKind::EXPR_KIND_CHECK_CONSTRAINT)
                }
                Place::IndexPredicate => {
                    boolean(pstate, raw, pg_sys::ParseExprKind::EXPR_KIND_INDEX_PREDICATE)
                }
                Place::IndexPart => {
                    let node =
                        pg_sys::transformExpr(pstate, raw, pg_sys::ParseExprKind::EXPR_KIND_INDEX_EXPRESSION);
                    pg_sys::assign_expr_collations(pstate, node);
                    node
                }
                Place::Query | Place::Rule | Place::Routine { .. } => {
                    pgrx::error!("a statement is no expression of a table")
                }
                Place::Default { column } => of_column(pstate, relation, raw, column, 0),
                Place::Generated { column } => of_column(pstate, relation, raw, column, b's'),
            };
            let name = pg_sys::get_rel_name((*relation).rd_id);
            let context = pg_sys::deparse_context_for(name, (*relation).rd_id);
            let printed = pg_sys::deparse_expression(node, context, false, false);
            Ok(CStr::from_ptr(printed).to_string_lossy().into_owned())
        }
    })
}

/// Reads a SELECT and prints it as the server does.
fn print_query(text: &str) -> Result<String, Error> {
    // SAFETY: the statement is the parser's.
    Ok(unsafe { analyze_and_print(one_statement(text), text) })
}

/// # Safety
/// `raw` is a statement of the parser; the server points into `text` where it finds an error.
unsafe fn analyze_and_print(raw: *mut pg_sys::RawStmt, text: &str) -> String {
    let text = c_string(text);
    // SAFETY: parser and analysis work in the current memory context.
    unsafe {
        print(pg_sys::parse_analyze_fixedparams(
            raw,
            text.as_ptr(),
            std::ptr::null(),
            0,
            std::ptr::null_mut(),
        ))
    }
}

/// # Safety
/// `query` is what parse analysis returned.
unsafe fn print(query: *mut pg_sys::Query) -> String {
    // SAFETY: see above; the printed text is copied.
    unsafe { parser::text(pg_sys::pg_get_querydef(query, false)) }
}

/// Reads a text as one statement.
fn one_statement(text: &str) -> *mut pg_sys::RawStmt {
    match parser::statements(text).as_slice() {
        [statement] => *statement,
        _ => pgrx::error!("{text:?} is not one statement"),
    }
}

/// Reads a domain's check, as domainAddConstraint() does: VALUE stands for a value of the type that the domain is made
/// from.
fn print_of_domain(domain: &Name, text: &str) -> Result<String, Error> {
    let (schema, name) = (c_string(&domain.schema), c_string(&domain.name));
    // SAFETY: the cache entry is released once its numbers were copied; all nodes live in the current memory context,
    // the parse state as long as the hook needs it, and the printed text is copied.
    unsafe {
        let tuple = pg_sys::SearchSysCache2(
            pg_sys::SysCacheIdentifier::TYPENAMENSP as i32,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(pg_sys::get_namespace_oid(schema.as_ptr(), false)),
        );
        if tuple.is_null() {
            pgrx::error!("there is no such domain");
        }
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>();
        let (base, modifier) = ((*form).typbasetype, (*form).typtypmod);
        pg_sys::ReleaseSysCache(tuple);
        let mut value =
            pgrx::PgBox::<pg_sys::CoerceToDomainValue>::alloc_node(pg_sys::NodeTag::T_CoerceToDomainValue);
        value.typeId = base;
        value.typeMod = modifier;
        value.collation = pg_sys::get_typcollation(base);
        value.location = -1;
        let pstate = pg_sys::make_parsestate(std::ptr::null_mut());
        (*pstate).p_pre_columnref_hook = Some(value_of_domain);
        (*pstate).p_ref_hook_state = value.into_pg().cast();
        let node = boolean(pstate, parse(text), pg_sys::ParseExprKind::EXPR_KIND_DOMAIN_CHECK);
        let printed = pg_sys::deparse_expression(node, std::ptr::null_mut(), false, false);
        pg_sys::free_parsestate(pstate);
        Ok(CStr::from_ptr(printed).to_string_lossy().into_owned())
    }
}

/// What VALUE stands for; any other name is left to the server, which knows none here.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn value_of_domain(
    pstate: *mut pg_sys::ParseState,
    reference: *mut pg_sys::ColumnRef,
) -> *mut pg_sys::Node {
    // SAFETY: the server calls this with the state that `print_of_domain` made; the fields of a reference to a name are
    // String nodes.
    unsafe {
        let fields = pgrx::PgList::<pg_sys::Node>::from_pg((*reference).fields);
        let is_value = fields.len() == 1
            && fields.get_ptr(0).is_some_and(|field| {
                (*field).type_ == pg_sys::NodeTag::T_String
                    && CStr::from_ptr((*field.cast::<pg_sys::String>()).sval) == c"value"
            });
        match is_value {
            true => pg_sys::copyObjectImpl((*pstate).p_ref_hook_state).cast(),
            false => std::ptr::null_mut(),
        }
    }
}

/// # Safety
/// `raw` is an expression of the parser, `pstate` knows its columns.
unsafe fn boolean(
    pstate: *mut pg_sys::ParseState,
    raw: *mut pg_sys::Node,
    kind: pg_sys::ParseExprKind::Type,
) -> *mut pg_sys::Node {
    // SAFETY: see above.
    unsafe {
        let node = pg_sys::transformExpr(pstate, raw, kind);
        let node = pg_sys::coerce_to_boolean(pstate, node, c"expression".as_ptr());
        pg_sys::assign_expr_collations(pstate, node);
        node
    }
}

/// # Safety
/// As for `boolean`; the column must be one of the relation.
unsafe fn of_column(
    pstate: *mut pg_sys::ParseState,
    relation: pg_sys::Relation,
    raw: *mut pg_sys::Node,
    column: &str,
    generated: u8,
) -> *mut pg_sys::Node {
    let column = c_string(column);
    // SAFETY: a missing column raises an error before its attribute is looked at.
    unsafe {
        let number = pg_sys::get_attnum((*relation).rd_id, column.as_ptr());
        if number == 0 {
            pgrx::error!("there is no such column");
        }
        let (mut typ, mut modifier, mut collation) = (pg_sys::InvalidOid, 0, pg_sys::InvalidOid);
        pg_sys::get_atttypetypmodcoll((*relation).rd_id, number, &mut typ, &mut modifier, &mut collation);
        pg_sys::cookDefault(pstate, raw, typ, modifier, column.as_ptr(), generated as std::ffi::c_char)
    }
}

/// Reads a text as one expression.
fn parse(text: &str) -> *mut pg_sys::Node {
    let query = format!("SELECT ({text})");
    // SAFETY: what the parser makes of SELECT ( … ) is one SelectStmt with one target; more would be several
    // expressions, and is refused.
    unsafe {
        let statement = parser::only_statement(&query).map(|node| node.cast::<pg_sys::SelectStmt>());
        let targets =
            statement.map(|select| pgrx::PgList::<pg_sys::ResTarget>::from_pg((*select).targetList));
        match targets.filter(|targets| targets.len() == 1) {
            Some(targets) => (*targets.get_ptr(0).expect("there is one")).val,
            None => pgrx::error!("{text:?} is not one expression"),
        }
    }
}

/// Opens a table for as long as `work` takes, and lets expressions speak of its columns.
fn with_table<T>(
    table: &Name,
    work: impl FnOnce(*mut pg_sys::ParseState, pg_sys::Relation) -> Result<T, Error>,
) -> Result<T, Error> {
    let (schema, name) = (c_string(&table.schema), c_string(&table.name));
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: the relation stays open, under the weakest of locks, as long as the parse state names it. On an error
    // the abort of the subtransaction closes it.
    unsafe {
        let oid = pg_sys::get_relname_relid(name.as_ptr(), pg_sys::get_namespace_oid(schema.as_ptr(), false));
        if !locked::can_be_read(oid) {
            return Err(Error::Locked { object: table.sql() });
        }
        let relation = pg_sys::table_open(oid, lock);
        let pstate = pg_sys::make_parsestate(std::ptr::null_mut());
        let item = pg_sys::addRangeTableEntryForRelation(
            pstate,
            relation,
            lock as i32,
            std::ptr::null_mut(),
            false,
            true,
        );
        pg_sys::addNSItemToQuery(pstate, item, true, true, true);
        let result = work(pstate, relation);
        pg_sys::free_parsestate(pstate);
        pg_sys::table_close(relation, lock);
        result
    }
}
