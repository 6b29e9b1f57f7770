//! `answers.json` has what each query of `sql/catalog` returned on a server, two objects of each kind at most.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::members::Contents;
use crate::model::{
    Acl, Comment, Composite, Constraint, Definition, Dependencies, Domain, Enum, Extension, Index, Schema,
    Sequence, Table,
};

/// The number of objects that were understood, and what was not.
type Count = fn(&str, &str) -> (usize, Vec<Unread>);

fn count<T: DeserializeOwned>(query: &str, text: &str) -> (usize, Vec<Unread>) {
    let (all, unread) = understood::<T>(query, text).unwrap();
    (all.len(), unread)
}

fn struct_of(query: &str) -> Count {
    match query {
        "schemas" => count::<Schema>,
        "extensions" => count::<Extension>,
        "extension_members" => count::<Contents>,
        "enums" => count::<Enum>,
        "domains" => count::<Domain>,
        "composites" => count::<Composite>,
        "sequences" => count::<Sequence>,
        "tables" => count::<Table>,
        "constraints" => count::<Constraint>,
        "indexes" => count::<Index>,
        "acls" => count::<Acl>,
        "comments" => count::<Comment>,
        "dependencies" => count::<Dependencies>,
        _ => count::<Definition>,
    }
}

/// The answers of the queries that return lists.
fn answers() -> BTreeMap<String, Vec<Value>> {
    let mut answers: BTreeMap<String, Value> = serde_json::from_str(include_str!("answers.json")).unwrap();
    answers.remove("not_compared");
    answers.into_iter().map(|(query, answer)| (query, answer.as_array().unwrap().clone())).collect()
}

#[test]
fn each_query_has_an_answer_that_is_understood() {
    let mut queries: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../sql/catalog"))
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().to_str()?.strip_suffix(".sql").map(str::to_owned))
        .filter(|query| query != "not_compared")
        .collect();
    queries.sort();
    assert_eq!(queries, answers().into_keys().collect::<Vec<_>>());
    for (query, answer) in answers() {
        assert!(!answer.is_empty(), "{query}");
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(struct_of(&query)(&query, &text), (answer.len(), Vec::new()), "{query}");
    }
}

/// Each field of each object of each query gets values that no query gives it. At most that one object is not understood.
#[test]
fn one_strange_object_takes_no_other_away() {
    for (query, answer) in answers() {
        let mut strange = 0;
        for (place, object) in answer.iter().enumerate() {
            for field in object.as_object().unwrap().keys() {
                for nonsense in [json!(null), json!(-1), json!({"x": 1}), json!([[0]])] {
                    let mut answer = answer.clone();
                    answer[place][field] = nonsense;
                    let text = serde_json::to_string(&answer).unwrap();
                    let (understood, unread) = struct_of(&query)(&query, &text);
                    assert_eq!(understood + unread.len(), answer.len(), "{query} {field}");
                    let Some(unread) = unread.first() else { continue };
                    assert_eq!(understood, answer.len() - 1);
                    strange += 1;
                    let known = (field != "identity").then(|| object["identity"].as_str().unwrap());
                    assert_eq!(unread.object.identity, known.unwrap_or("*"), "{query} {field}");
                    assert!(unread.name().contains(&unread.object.identity), "{query} {field}");
                }
            }
        }
        assert!(strange > 0, "{query}");
    }
}

#[test]
fn what_is_no_object_at_all_stands_for_all_of_its_kind() {
    let (understood, unread) = understood::<Table>("tables", "[null]").unwrap();
    assert!(understood.is_empty());
    assert_eq!(unread[0].name(), "table *: invalid type: null, expected struct Table");
}

#[test]
fn one_strange_count_takes_no_other_away() {
    let counts = understood_counts(r#"{"a": {"count": 1, "names": []}, "b": {"count": -1}}"#).unwrap();
    assert_eq!(counts["a"].count, 1);
    assert_eq!(counts[KIND].count, 1);
    assert!(counts[KIND].names[0].starts_with("count of b: "));
    let answers: BTreeMap<String, Value> = serde_json::from_str(include_str!("answers.json")).unwrap();
    let counts = understood_counts(&answers["not_compared"].to_string()).unwrap();
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["secret option", "subscription"]);
}

/// A catalog of two tables with an index each, and with a comment and a privilege on the second.
fn catalog() -> Catalog {
    let answers = answers();
    let mut tables =
        understood::<Table>("tables", &Value::from(answers["tables"].clone()).to_string()).unwrap().0;
    let mut indexes =
        understood::<Index>("indexes", &Value::from(answers["indexes"].clone()).to_string()).unwrap().0;
    for (index, table) in indexes.iter_mut().zip(&tables) {
        index.table_identity = table.identity.clone();
    }
    let comment = Comment {
        object_type: "table".into(),
        identity: tables[1].identity.clone(),
        on: "TABLE x".into(),
        text: "x".into(),
        of: None,
    };
    tables.truncate(2);
    Catalog { tables, indexes, comments: vec![comment], ..Catalog::default() }
}

#[test]
fn what_one_side_does_not_understand_is_left_out_of_both() {
    let (mut expected, mut live) = (catalog(), catalog());
    let table = live.tables.pop().unwrap();
    let strange = json!([{"identity": table.identity, "foreign": null}]).to_string();
    live.unread = understood::<Table>("tables", &strange).unwrap().1;
    let (of_live, of_expected) = leave_out(&mut expected, &mut live).unwrap();
    assert_eq!((of_live.count, of_expected.count), (1, 0));
    assert_eq!(of_live.names, [format!("table {}: missing field `name`", table.identity)]);
    for side in [&expected, &live] {
        assert_eq!((side.tables.len(), side.indexes.len(), side.comments.len()), (1, 1, 0));
    }
    assert_eq!(leave_out(&mut catalog(), &mut catalog()), None);
}
