//! The folder hasura/metadata, which people copy: it says what the actions take and answer, and what schema nself_api has.
//! `make hasura-metadata` writes it from both; here it is compared with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use nself_heal_core::access::Level as OfSql;
use nself_heal_core::graphql::{Column, FUNCTIONS, Function, ROW_TYPES, RowType, SCHEMA, Volatility};
use serde_json::{Map, Value, json};

use crate::actions::{Action, HISTORY_COLUMNS, JOB_COLUMNS, NAMES, STATUS_COLUMNS, UP_COLUMNS, named};
use crate::drift::{DRIFT_COLUMNS, Drift};
use crate::heal::{STEP_COLUMNS, healed};
use crate::roles::Level;

/// The role that reads.
const READER: &str = "nself_operator";
const SOURCE: &str = "default";

/// What an action answers with: the columns that it selects, and the row type of schema nself_api that tells their types.
struct Rows {
    action: &'static str,
    /// The name of the type.
    of: &'static str,
    columns: &'static str,
    row_type: &'static str,
    /// The type that the action answers with, where rows are a part of it; else it answers one row or a list of them.
    answer: &'static str,
}

const ANSWERS: [Rows; 6] = [
    Rows {
        action: "nself_drift",
        of: "nself_drift_item",
        columns: DRIFT_COLUMNS,
        row_type: "drift_item",
        answer: "nself_drift_answer!",
    },
    Rows {
        action: "nself_heal",
        of: "nself_heal_step",
        columns: STEP_COLUMNS,
        row_type: "heal_step",
        answer: "nself_heal_answer!",
    },
    Rows {
        action: "nself_migrate_status",
        of: "nself_migration",
        columns: STATUS_COLUMNS,
        row_type: "migration",
        answer: "[nself_migration!]!",
    },
    Rows {
        action: "nself_migrate_up",
        of: "nself_migration_run",
        columns: UP_COLUMNS,
        row_type: "migration_run",
        answer: "[nself_migration_run!]!",
    },
    Rows {
        action: "nself_heal_history",
        of: "nself_heal_event",
        columns: HISTORY_COLUMNS,
        row_type: "heal_event",
        answer: "[nself_heal_event!]!",
    },
    Rows {
        action: "nself_job",
        of: "nself_job_state",
        columns: JOB_COLUMNS,
        row_type: "background_job",
        answer: "nself_job_state!",
    },
];

/// The types that have rows as a part of them, with their fields.
const WHOLES: [(&str, &[(&str, &str)]); 2] = [
    ("nself_drift_answer", &[("items", "[nself_drift_item!]!"), ("not_compared", "String")]),
    ("nself_heal_answer", &[("job", "bigint"), ("state", "String!"), ("steps", "[nself_heal_step!]!")]),
];

fn row_type(name: &str) -> &'static RowType {
    ROW_TYPES.iter().find(|of| of.name == name).unwrap_or_else(|| panic!("there is no row type {name}"))
}

/// The names of what a query selects.
fn columns_of(query: &'static str) -> Vec<&'static str> {
    query.split(", ").map(|column| column.rsplit(' ').next().unwrap_or_default()).collect()
}

fn graphql_type(sql_type: &str) -> &str {
    match sql_type {
        "text" => "String",
        "text[]" => "[String!]",
        "integer" => "Int",
        "boolean" => "Boolean",
        "timestamp with time zone" => "timestamptz",
        other => other,
    }
}

fn field_type(column: &Column) -> String {
    format!("{}{}", graphql_type(column.sql_type), if column.not_null { "!" } else { "" })
}

/// The SQL function of an action, or the one that has its arguments.
fn function(action: &str) -> &'static Function {
    let name = action.trim_start_matches("nself_");
    FUNCTIONS.iter().find(|of| of.name == name).unwrap_or_else(|| panic!("there is no function {name}"))
}

fn read(action: &str, input: Value) -> Result<Action, String> {
    let Value::Object(input) = input else { panic!("input is an object") };
    Action::read(named(action).unwrap(), input).map_err(|refusal| refusal.message)
}

/// The names of an action's arguments, as it tells them itself.
fn arguments(action: &str) -> Vec<String> {
    let message = read(action, json!({"no such": 1})).unwrap_err();
    let names = message.split(": it has ").nth(1).unwrap_or_else(|| panic!("{message}"));
    names.split(", ").map(str::to_owned).collect()
}

/// An action's arguments with their types in GraphQL, which it takes.
fn typed_arguments(action: &str) -> Vec<(String, String)> {
    let of = function(action);
    let typed = |name: String| {
        let argument = of.arguments.iter().find(|argument| argument.name == name);
        let sql_type = argument.unwrap_or_else(|| panic!("{action} has no argument {name} in SQL")).sql_type;
        let value = match sql_type {
            "text" => json!("x"),
            "text[]" => json!(["x"]),
            "integer" | "bigint" => json!(1),
            "boolean" => json!(true),
            other => panic!("no action takes {other}"),
        };
        let input = Value::Object(Map::from_iter([(name.clone(), value)]));
        read(action, input).unwrap_or_else(|message| panic!("{action}: {message}"));
        (name, graphql_type(sql_type).to_owned())
    };
    arguments(action).into_iter().map(typed).collect()
}

/// An action that can need more than level look changes something.
fn is_mutation(action: &str) -> bool {
    let booleans = arguments(action).into_iter().flat_map(|name| [false, true].map(|is| (name.clone(), is)));
    booleans
        .map(|(name, is)| Value::Object(Map::from_iter([(name, Value::Bool(is))])))
        .chain([json!({})])
        .filter_map(|input| read(action, input).ok())
        .any(|action| action.level() > Level::Look)
}

fn is_query_for_reader(function: &Function) -> bool {
    function.volatility == Volatility::Stable && function.level == OfSql::Look
}

/// A text as Hasura's command writes it.
fn scalar(text: &str) -> String {
    let is_plain = text.chars().next().is_some_and(|first| first.is_ascii_alphabetic())
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':');
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

fn actions_graphql() -> String {
    let mut out = String::new();
    for Rows { action, answer, .. } in &ANSWERS {
        let word = if is_mutation(action) { "Mutation" } else { "Query" };
        let arguments: String =
            typed_arguments(action).into_iter().map(|(name, of)| format!("    {name}: {of}\n")).collect();
        out.push_str(&format!("type {word} {{\n  {action}(\n{arguments}  ): {answer}\n}}\n\n"));
    }
    let object = |name: &str, fields: String| format!("type {name} {{\n{fields}}}\n\n");
    for (name, fields) in WHOLES {
        out.push_str(&object(name, fields.iter().map(|(name, of)| format!("  {name}: {of}\n")).collect()));
    }
    for Rows { of, columns, row_type: typed_by, .. } in &ANSWERS {
        let typed = row_type(typed_by);
        let field = |name: &str| {
            let column = typed.columns.iter().find(|column| column.name == name);
            let column = column.unwrap_or_else(|| panic!("{typed_by} has no column {name}"));
            format!("  {name}: {}\n", field_type(column))
        };
        out.push_str(&object(of, columns_of(columns).into_iter().map(field).collect()));
    }
    out
}

fn actions_yaml() -> String {
    let mut out = "actions:\n".to_owned();
    for Rows { action, .. } in &ANSWERS {
        let is_mutation = is_mutation(action);
        let kind = if is_mutation { "synchronous" } else { "\"\"" };
        let permissions = match is_mutation {
            true => String::new(),
            false => format!("    permissions:\n      - role: {READER}\n"),
        };
        out.push_str(&format!(
            "  - name: {action}\n    definition:\n      kind: {kind}\n      handler: '{{{{NSELF_ACTIONS_URL}}}}/actions'\n      \
             headers:\n        - name: x-nself-secret\n          value_from_env: NSELF_ACTIONS_SECRET\n{permissions}    \
             comment: {}\n",
            scalar(function(action).comment)
        ));
    }
    let names: String = WHOLES
        .iter()
        .map(|(name, _)| *name)
        .chain(ANSWERS.iter().map(|rows| rows.of))
        .map(|name| format!("    - name: {name}\n"))
        .collect();
    out.push_str(&format!(
        "custom_types:\n  enums: []\n  input_objects: []\n  objects:\n{names}  scalars: []\n"
    ));
    out
}

fn databases_yaml() -> String {
    format!(
        "- name: {SOURCE}\n  kind: postgres\n  configuration:\n    connection_info:\n      database_url:\n        \
         from_env: HASURA_GRAPHQL_DATABASE_URL\n      isolation_level: read-committed\n      use_prepared_statements: false\n  \
         tables: \"!include {SOURCE}/tables/tables.yaml\"\n  functions: \"!include {SOURCE}/functions/functions.yaml\"\n"
    )
}

fn table_yaml(of: &RowType) -> String {
    let comment = scalar(&format!("{}. A row type, which never has a row", of.comment));
    let mut out =
        format!("table:\n  name: {}\n  schema: {SCHEMA}\nconfiguration:\n  comment: {comment}\n", of.name);
    if FUNCTIONS.iter().any(|function| function.rows == of.name && is_query_for_reader(function)) {
        // Its own root fields would answer nothing.
        let columns: String =
            of.columns.iter().map(|column| format!("        - {}\n", column.name)).collect();
        out.push_str(&format!(
            "select_permissions:\n  - role: {READER}\n    permission:\n      columns:\n{columns}      filter: {{}}\n      \
             query_root_fields: []\n      subscription_root_fields: []\n    comment: \"\"\n"
        ));
    }
    out
}

fn function_yaml(of: &Function) -> String {
    let permissions = match is_query_for_reader(of) {
        true => format!("permissions:\n  - role: {READER}\n"),
        false => String::new(),
    };
    format!("function:\n  name: {}\n  schema: {SCHEMA}\n{permissions}", of.name)
}

/// The folder: each file by its path.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("version.yaml".to_owned(), "version: 3\n".to_owned()),
        ("actions.graphql".to_owned(), actions_graphql()),
        ("actions.yaml".to_owned(), actions_yaml()),
        ("databases/databases.yaml".to_owned(), databases_yaml()),
    ]);
    let tables = ROW_TYPES.iter().map(|of| (of.name, table_yaml(of))).collect();
    let functions = FUNCTIONS.iter().map(|of| (of.name, function_yaml(of))).collect();
    let all: [(&str, BTreeMap<&str, String>); 2] = [("tables", tables), ("functions", functions)];
    for (kind, objects) in all {
        let folder = format!("databases/{SOURCE}/{kind}");
        let includes = objects.keys().map(|name| format!("- \"!include {SCHEMA}_{name}.yaml\"\n")).collect();
        files.insert(format!("{folder}/{kind}.yaml"), includes);
        files
            .extend(objects.into_iter().map(|(name, text)| (format!("{folder}/{SCHEMA}_{name}.yaml"), text)));
    }
    files
}

fn listed(folder: &Path, root: &Path, paths: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            listed(&path, root, paths);
        } else {
            paths.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
        }
    }
}

#[test]
fn the_folder_says_what_there_is() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("metadata");
    let files = files();
    let is_written = std::env::var_os("UPDATE_EXPECT").is_some();
    for (path, text) in &files {
        let path = root.join(path);
        if is_written {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        expect_file![path].assert_eq(text);
    }
    let mut paths = BTreeSet::new();
    listed(&root, &root, &mut paths);
    for left in paths.iter().filter(|path| !files.contains_key(*path)) {
        if is_written {
            fs::remove_file(root.join(left)).unwrap();
        } else {
            panic!("hasura/metadata/{left} is of nothing that there is: make hasura-metadata");
        }
    }
}

#[test]
fn each_action_is_in_it() {
    assert_eq!(ANSWERS.map(|rows| rows.action), NAMES);
}

#[test]
fn what_has_rows_as_a_part_is_declared_as_it_is_answered() {
    let keys = |json: &str| -> Vec<String> {
        let value: Value = serde_json::from_str(json).unwrap();
        value.as_object().unwrap().keys().cloned().collect()
    };
    let declared = |name: &str| -> Vec<String> {
        let (_, fields) = WHOLES.iter().find(|(of, _)| *of == name).unwrap();
        let mut names: Vec<String> = fields.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort();
        names
    };
    let drift = Drift { items: Vec::new(), not_compared: None };
    assert_eq!(keys(&drift.json().unwrap()), declared("nself_drift_answer"));
    assert_eq!(keys(&healed(None, "planned", "[]").unwrap()), declared("nself_heal_answer"));
}
