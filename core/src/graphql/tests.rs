use std::collections::BTreeSet;

use super::changes::{Change, Done, Known, Live, LiveFunction, LiveTable, install, noted, uninstall};
use super::*;

/// The schema as a call has left it.
fn live() -> Live {
    let tables = ROW_TYPES.iter().map(|of| LiveTable {
        identity: of.identity(),
        sql: of.identity(),
        columns: of.shape(),
        holds_no_rows: true,
    });
    let functions = FUNCTIONS.iter().map(|of| LiveFunction {
        identity: of.identity(),
        sql: of.sql(),
        shape: of.shape(),
        rows: Some(format!("{SCHEMA}.{}", of.rows)),
    });
    Live { exists: true, is_marked: true, tables: tables.collect(), functions: functions.collect() }
}

fn known() -> Known {
    let made = ROW_TYPES.iter().map(RowType::identity).chain(FUNCTIONS.iter().map(Function::identity));
    Known { made: made.collect(), ..Known::default() }
}

fn count(changes: &[Change], done: Done) -> usize {
    changes.iter().filter(|change| change.done == done).count()
}

fn named<'a>(changes: &'a [Change], identity: &str) -> Vec<(Done, &'a str)> {
    let of = changes.iter().filter(|change| change.identity == identity);
    of.map(|change| (change.done, change.object_type)).collect()
}

#[test]
fn each_name_is_one_root_field() {
    let tables = ROW_TYPES
        .iter()
        .flat_map(|of| ["", "_aggregate", "_by_pk", "_stream"].map(|end| format!("{}{end}", of.name)));
    let functions = FUNCTIONS.iter().flat_map(|of| ["", "_aggregate"].map(|end| format!("{}{end}", of.name)));
    let all: Vec<String> = tables.chain(functions).collect();
    let distinct: BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn each_function_returns_rows_of_a_type_and_each_type_has_a_function() {
    let returned: BTreeSet<&str> = FUNCTIONS.iter().map(|of| of.rows).collect();
    let types: BTreeSet<&str> = ROW_TYPES.iter().map(|of| of.name).collect();
    assert_eq!(returned, types);
}

#[test]
fn a_function_says_what_it_runs_with_every_name_in_its_schema() {
    let of = |name| FUNCTIONS.iter().find(|function| function.name == name).unwrap().body("a\"b");
    assert_eq!(
        of("heal_plan"),
        r#"SELECT r."step", r."object_type", r."identity", r."ddl", r."status", r."detail" FROM "a""b".nself_heal(not_renamed => $1, tenant => $2, all_tenants => $3, confirm => false) r"#
    );
    assert_eq!(
        of("heal_start"),
        r#"SELECT "a""b".nself_heal_start(not_renamed => $1, tenant => $2, all_tenants => $3)"#
    );
    assert_eq!(of("job_cancel"), r#"SELECT $1, "a""b".nself_job_cancel(job => $1)"#);
    assert!(of("job").contains("CASE WHEN j.kind OPERATOR(pg_catalog.=) 'heal' THEN j.error END"));
    assert!(of("heal_enable").starts_with(r#"SELECT "a""b".nself_heal_enable(); SELECT r."enabled""#));
}

#[test]
fn the_schema_that_the_extension_is_in_makes_another_edition() {
    assert_ne!(edition("public"), edition("other"));
}

#[test]
fn what_is_not_there_is_created_and_a_second_call_does_nothing() {
    let changes = install(&Live::default(), &Known::default(), "public").unwrap();
    assert_eq!(count(&changes, Done::Created), 1 + ROW_TYPES.len() + FUNCTIONS.len());
    assert_eq!(changes.len(), count(&changes, Done::Created));
    assert_eq!(install(&live(), &known(), "public").unwrap(), []);
}

#[test]
fn a_schema_of_others_is_left_alone() {
    let others = Live { exists: true, ..Live::default() };
    assert_eq!(install(&others, &Known::default(), "public"), Err(Error::OfOthers));
    assert_eq!(uninstall(&others, &Known::default(), Vec::new()), Err(Error::OfOthers));
}

#[test]
fn what_was_altered_is_replaced_and_the_rest_stays() {
    let identity = FUNCTIONS[0].identity();
    let known = Known { altered: [identity.clone()].into(), ..known() };
    let changes = install(&live(), &known, "public").unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(named(&changes, &identity), [(Done::Replaced, "function")]);
    let mut lacking = live();
    lacking.functions.retain(|function| function.identity != identity);
    assert_eq!(
        named(&install(&lacking, &known, "public").unwrap(), &identity),
        [(Done::Created, "function")]
    );
}

#[test]
fn a_table_of_another_shape_goes_with_its_functions_and_both_come_again() {
    let mut other = live();
    other.tables[0].columns.pop();
    let changes = install(&other, &known(), "public").unwrap();
    let table = ROW_TYPES[0].identity();
    assert_eq!(named(&changes, &table), [(Done::Dropped, "table"), (Done::Created, "table")]);
    let dropped = changes.iter().find(|change| change.identity == table).unwrap();
    assert_eq!(dropped.without_rows.as_ref(), Some(&table));
    let of_table: Vec<_> = FUNCTIONS.iter().filter(|of| of.rows == ROW_TYPES[0].name).collect();
    for function in &of_table {
        let done = named(&changes, &function.identity());
        assert_eq!(done, [(Done::Dropped, "function"), (Done::Created, "function")]);
    }
    assert_eq!(changes.len(), 2 + 2 * of_table.len());
    // A table that can have rows is not of the shape.
    let mut open = live();
    open.tables[0].holds_no_rows = false;
    assert_eq!(install(&open, &known(), "public").unwrap().len(), changes.len());
}

#[test]
fn another_version_s_set_is_replaced_and_what_it_had_beyond_is_dropped() {
    let mut older = live();
    older.functions.push(LiveFunction {
        identity: "nself_api.gone(text)".to_owned(),
        sql: "nself_api.gone(text)".to_owned(),
        shape: "(of text) SETOF nself_api.drift_item".to_owned(),
        rows: Some("nself_api.drift_item".to_owned()),
    });
    let mut made = known();
    made.is_outdated = true;
    let changes = install(&older, &made, "public").unwrap();
    assert_eq!(count(&changes, Done::Replaced), ROW_TYPES.len() + FUNCTIONS.len());
    assert_eq!((count(&changes, Done::Dropped), count(&changes, Done::Created)), (0, 0));
    // What a user has put on a table that stays is not taken for what was made.
    assert_eq!(noted(&changes, &made), FUNCTIONS.iter().map(Function::identity).collect::<Vec<_>>());
    assert_eq!(noted(&changes, &Known::default()).len(), changes.len());
    made.made.insert("nself_api.gone(text)".to_owned());
    let changes = install(&older, &made, "public").unwrap();
    assert_eq!(named(&changes, "nself_api.gone(text)"), [(Done::Dropped, "function")]);
}

#[test]
fn what_a_restore_of_the_schema_brought_is_taken_over() {
    let changes = install(&live(), &Known::default(), "public").unwrap();
    assert_eq!(count(&changes, Done::Replaced), changes.len());
    assert_eq!(uninstall(&live(), &Known::default(), Vec::new()), Err(Error::NotKnown));
}

#[test]
fn all_that_was_made_goes_and_the_schema_last() {
    let changes = uninstall(&live(), &known(), Vec::new()).unwrap();
    assert_eq!(changes.len(), FUNCTIONS.len() + ROW_TYPES.len() + 1);
    assert!(changes.iter().all(|change| change.done == Done::Dropped));
    assert!(changes.iter().flat_map(|change| &change.sql).all(|sql| sql.ends_with(" RESTRICT")));
    assert_eq!(changes.last().unwrap().object_type, "schema");
    let tables = changes.iter().filter(|change| change.object_type == "table");
    assert!(tables.into_iter().all(|change| change.without_rows.is_some()));
    assert_eq!(uninstall(&Live::default(), &known(), Vec::new()), Ok(Vec::new()));
}

#[test]
fn what_a_user_has_put_there_keeps_all_of_it() {
    let others = vec!["function nself_api.mine()".to_owned()];
    let error = uninstall(&live(), &known(), others).unwrap_err();
    assert_eq!(
        error.to_string(),
        "schema nself_api holds what nself_api_install() has not made so: function nself_api.mine()"
    );
}

#[test]
fn a_function_has_the_level_of_what_it_calls() {
    let rights = crate::access::rights();
    for function in FUNCTIONS {
        let (Body::Call(called, _) | Body::Value(called) | Body::Then(called, _)) = &function.body else {
            continue;
        };
        let right = rights.iter().find(|right| right.on == On::Function && right.name == *called);
        assert_eq!(right.map(|right| right.level), Some(function.level.place()), "{}", function.name);
    }
}
