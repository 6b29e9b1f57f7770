use super::*;
use crate::model::{Name, Table};
use crate::plan::tests;

fn table(name: &str, columns: &[(&str, &str)]) -> Table {
    let identity = format!("app.{name}");
    let column = |(name, type_name): &(&str, &str)| Column {
        identity: format!("{identity}.{name}"),
        ..tests::column(name, type_name)
    };
    Table {
        name: Name { schema: "app".to_string(), name: name.to_string() },
        columns: columns.iter().map(column).collect(),
        identity: identity.clone(),
        ..tests::table(name, [])
    }
}

fn schema(tables: &[(&str, &[(&str, &str)])]) -> Catalog {
    let mut tables: Vec<Table> = tables.iter().map(|(name, columns)| table(name, columns)).collect();
    tables.sort_by(|a, b| a.identity.cmp(&b.identity));
    Catalog { tables, ..Catalog::default() }
}

fn evidence(version: &str, touched: &[&str], schema: Catalog) -> Evidence {
    Evidence {
        versions: vec![version.to_string()],
        touched: touched.iter().map(|name| (format!("table app.{name}"), version.to_string())).collect(),
        dropped: BTreeSet::new(),
        schema,
        by_others: BTreeSet::new(),
        renames: false,
        server: 15,
    }
}

/// The tables with their columns, and the differences, as lines.
fn told(corrected: Corrected) -> Vec<String> {
    let Corrected { schema, differences, is_corrected } = corrected;
    assert_eq!(is_corrected, !differences.is_empty());
    let tables = schema.tables.iter().map(|table| {
        let columns: Vec<String> =
            table.columns.iter().map(|column| format!("{} {}", column.name, column.type_name)).collect();
        format!("{} ({})", table.name.name, columns.join(", "))
    });
    let differences = differences.iter().map(|of| {
        let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_string());
        format!(
            "{}: {} is {} there, {} here",
            of.version,
            of.object.identity,
            side(&of.replay),
            side(&of.here)
        )
    });
    tables.chain(differences).collect()
}

const A: &[(&str, &str)] = &[("i", "integer")];
const B: &[(&str, &str)] = &[("i", "bigint")];

#[test]
fn two_witnesses_that_say_the_same_are_no_difference() {
    let of = evidence("1", &["a"], schema(&[("a", A)]));
    assert_eq!(told(correct(schema(&[("a", A)]), vec![of], None, 15)), ["a (i integer)"]);
}

#[test]
fn what_a_migration_made_from_rows_is_expected() {
    let of = evidence("2", &["t_x"], schema(&[("t_x", A)]));
    assert_eq!(
        told(correct(schema(&[("a", A)]), vec![of], None, 15)),
        ["a (i integer)", "t_x (i integer)", "2: app.t_x is nothing there, 1 column here"]
    );
}

#[test]
fn what_it_did_not_touch_is_as_the_replay_has_it() {
    // IF NOT EXISTS has met what somebody made by hand.
    let of = evidence("2", &[], schema(&[("a", B)]));
    assert_eq!(told(correct(schema(&[("a", A)]), vec![of], None, 15)), ["a (i integer)"]);
}

#[test]
fn what_it_left_otherwise_counts_unless_somebody_had_touched_it_before() {
    let of = evidence("2", &["a"], schema(&[("a", B)]));
    assert_eq!(
        told(correct(schema(&[("a", A)]), vec![of.clone()], None, 15)),
        ["a (i bigint)", "2: app.a is integer there, bigint here"]
    );
    let drifted = Evidence { by_others: ["table app.a".to_string()].into(), ..of.clone() };
    assert_eq!(told(correct(schema(&[("a", A)]), vec![drifted.clone()], None, 15)), ["a (i integer)"]);
    // A replay that failed there is no witness.
    assert_eq!(told(correct(schema(&[("a", A)]), vec![drifted], Some("2"), 15))[0], "a (i bigint)");
    // Another server prints other texts.
    assert_eq!(told(correct(schema(&[("a", A)]), vec![of], None, 16)), ["a (i integer)"]);
}

#[test]
fn what_it_dropped_is_gone_and_the_last_word_counts() {
    let made = evidence("1", &["a", "b"], schema(&[("a", A), ("b", A)]));
    let dropped =
        Evidence { dropped: ["table app.a".to_string()].into(), ..evidence("2", &["a"], schema(&[])) };
    assert_eq!(
        told(correct(schema(&[("a", A), ("b", A)]), vec![made.clone(), dropped.clone()], None, 15)),
        ["b (i integer)", "2: app.a is 1 column there, nothing here"]
    );
    // That it was not seen does not mean that it is gone.
    let unseen = evidence("2", &["a"], schema(&[]));
    assert_eq!(told(correct(schema(&[("a", A)]), vec![unseen], None, 15)), ["a (i integer)"]);
    let again = evidence("3", &["a"], schema(&[("a", B)]));
    let all = vec![made, dropped, again];
    assert_eq!(told(correct(schema(&[("b", A)]), all, None, 15))[..2], ["a (i bigint)", "b (i integer)"]);
}

#[test]
fn after_a_failed_replay_all_that_later_migrations_touched_counts() {
    let all = vec![
        evidence("1", &["a"], schema(&[("a", A)])),
        evidence("2", &["a", "b"], schema(&[("a", B), ("b", A)])),
        evidence("3", &["c"], schema(&[("c", A)])),
    ];
    let told = told(correct(schema(&[("a", A)]), all, Some("2"), 15));
    assert_eq!(told[..3], ["a (i bigint)", "b (i integer)", "c (i integer)"]);
}

#[test]
fn only_what_was_touched_is_kept() {
    let touched = BTreeMap::from([("table app.a".to_string(), "1".to_string())]);
    assert_eq!(only_touched(schema(&[("a", A), ("b", A)]), &touched), schema(&[("a", A)]));
    assert_eq!(split("materialized view app.v"), Some(("materialized view", "app.v")));
    assert_eq!(split("function app.f(integer)"), Some(("function", "app.f(integer)")));
}

#[test]
fn what_was_done_between_two_readings_is_named_as_event_triggers_name_it() {
    let before = schema(&[("a", A), ("b", A), ("c", A)]);
    let mut after = schema(&[("a", A), ("b", B), ("d", A)]);
    let comment = |text: &str| Comment {
        object_type: "table".to_string(),
        identity: "app.a".to_string(),
        text: text.to_string(),
        of: None,
        on: "TABLE app.a".to_string(),
    };
    after.comments.push(comment("new"));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<BTreeSet<_>>();
    let done = touched_between(before.clone(), after.clone());
    assert_eq!(done.names, names(&["comment table app.a", "table app.b", "table app.c", "table app.d"]));
    assert_eq!(done.was_there, names(&["table app.b", "table app.c"]));
    assert_eq!(done.dropped, names(&["table app.c"]));
    let mut other = after.clone();
    other.comments[0] = comment("other");
    assert_eq!(touched_between(after.clone(), other).was_there, names(&["comment table app.a"]));
    assert_eq!(touched_between(after.clone(), after), Touched::default());
}
