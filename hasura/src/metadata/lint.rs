//! What of metadata is wrong or unwise by itself, whatever the database has.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::same::{identity, object_name};
use super::value::Value;

const SOURCE: &[&str] = &[
    "name",
    "kind",
    "configuration",
    "tables",
    "functions",
    "customization",
    "health_check",
    "logical_models",
    "native_queries",
    "query_tags",
    "stored_procedures",
];
const TABLE: &[&str] = &[
    "table",
    "is_enum",
    "configuration",
    "logical_model",
    "apollo_federation_config",
    "object_relationships",
    "array_relationships",
    "computed_fields",
    "remote_relationships",
    "insert_permissions",
    "select_permissions",
    "update_permissions",
    "delete_permissions",
    "event_triggers",
];
const FUNCTION: &[&str] = &["function", "configuration", "permissions", "comment"];
const PERMISSION: &[&str] = &["role", "permission", "comment"];
const RULES: &[&str] = &[
    "columns",
    "filter",
    "check",
    "computed_fields",
    "set",
    "limit",
    "allow_aggregations",
    "backend_only",
    "query_root_fields",
    "subscription_root_fields",
    "validate_input",
];
const ACTION: &[&str] = &["name", "definition", "permissions", "comment"];
pub const PERMISSIONS: [(&str, &str); 4] = [
    ("insert_permissions", "insert"),
    ("select_permissions", "select"),
    ("update_permissions", "update"),
    ("delete_permissions", "delete"),
];

/// Looks at the whole document.
pub fn lint(metadata: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    twice(metadata.list("sources"), "metadata", "source", &mut found);
    for source in metadata.list("sources") {
        self::source(source, &mut found);
    }
    twice(metadata.list("actions"), "metadata", "action", &mut found);
    for action in metadata.list("actions") {
        let place = format!("action {}", name(action));
        unknown_keys(action, ACTION, &place, &mut found);
        if let Some(definition) = action.get("definition") {
            secrets(definition, &place, &mut found);
        }
    }
    for (key, what) in [("cron_triggers", "cron trigger"), ("remote_schemas", "remote schema")] {
        twice(metadata.list(key), "metadata", what, &mut found);
        for item in metadata.list(key) {
            secrets(item, &format!("{what} {}", name(item)), &mut found);
        }
    }
    collections(metadata, &mut found);
    found
}

fn name(item: &Value) -> &str {
    item.text("name").unwrap_or("?")
}

fn source(source: &Value, found: &mut Vec<Finding>) {
    let place = format!("source {}", name(source));
    unknown_keys(source, SOURCE, &place, found);
    if let Some(configuration) = source.get("configuration") {
        secrets(configuration, &place, found);
    }
    let (tables, functions) = (source.list("tables"), source.list("functions"));
    twice(tables, &place, "table", found);
    twice(functions, &place, "function", found);
    for function in functions {
        let place = format!("{place}, function {}", identity(function).unwrap_or_default());
        unknown_keys(function, FUNCTION, &place, found);
    }
    let tracked: BTreeSet<String> = tables.iter().filter_map(identity).collect();
    for table in tables {
        self::table(table, &place, &tracked, found);
    }
}

fn table(table: &Value, source: &str, tracked: &BTreeSet<String>, found: &mut Vec<Finding>) {
    let place = format!("{source}, table {}", identity(table).unwrap_or_default());
    unknown_keys(table, TABLE, &place, found);
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for key in ["object_relationships", "array_relationships", "computed_fields", "remote_relationships"] {
        for field in table.list(key) {
            *names.entry(name(field)).or_default() += 1;
        }
    }
    for (name, _) in names.iter().filter(|(_, times)| **times > 1) {
        found.push(Finding::error("twice", &place, format!("the field {name} is defined more than once")));
    }
    for key in ["object_relationships", "array_relationships"] {
        for relationship in table.list(key) {
            if let Some(remote) = remote_table(relationship).filter(|remote| !tracked.contains(remote)) {
                let message = format!("it leads to {remote}, which is not tracked");
                found.push(Finding::error(
                    "untracked",
                    &format!("{place}, relationship {}", name(relationship)),
                    message,
                ));
            }
        }
    }
    for (key, verb) in PERMISSIONS {
        twice(table.list(key), &place, &format!("{verb} permission"), found);
        for permission in table.list(key) {
            let role = permission.text("role").unwrap_or("?");
            self::permission(permission, verb, &format!("{place}, {verb} permission of {role}"), found);
        }
    }
    twice(table.list("event_triggers"), &place, "event trigger", found);
    for trigger in table.list("event_triggers") {
        secrets(trigger, &format!("{place}, event trigger {}", name(trigger)), found);
    }
}

/// The table to which a relationship says that it leads.
pub fn remote_table(relationship: &Value) -> Option<String> {
    let using = relationship.get("using")?;
    let table = match using.get("foreign_key_constraint_on") {
        Some(on) => on.get("table"),
        None => using.get("manual_configuration")?.get("remote_table"),
    };
    table.map(object_name)
}

fn permission(permission: &Value, verb: &str, place: &str, found: &mut Vec<Finding>) {
    unknown_keys(permission, PERMISSION, place, found);
    if permission.text("role") == Some("admin") {
        found.push(Finding::warning(
            "admin",
            place,
            "admin may do everything: Hasura refuses a permission of that role",
        ));
    }
    let Some(rules) = permission.get("permission") else { return };
    unknown_keys(rules, RULES, place, found);
    if rules.text("columns") == Some("*") {
        let message = "it is for all columns: one that a migration adds is open at once";
        found.push(Finding::warning("all-columns", place, message));
    }
    let is_open = |key: &str| rules.get(key).is_some_and(|rule| rule.is_empty());
    let message = match verb {
        "insert" if is_open("check") => "its check lets every row in",
        "update" if is_open("filter") => "its filter lets every row be changed",
        "delete" if is_open("filter") => "its filter lets every row be deleted",
        _ => return,
    };
    found.push(Finding::warning("every-row", place, message));
}

/// Names that stand more than once in a list.
fn twice(items: &[Value], place: &str, what: &str, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for name in items.iter().filter_map(identity) {
        if !seen.insert(name.clone()) {
            found.push(Finding::error("twice", place, format!("{what} {name} is there twice")));
        }
    }
}

fn unknown_keys(value: &Value, known: &[&str], place: &str, found: &mut Vec<Finding>) {
    for key in value.map().into_iter().flat_map(|map| map.keys()).filter(|key| !known.contains(&key.as_str()))
    {
        found.push(Finding::warning("unknown-key", place, format!("the key {key} is not known")));
    }
}

/// Secrets that stand in the files instead of the environment of the server. They are never shown.
fn secrets(value: &Value, place: &str, found: &mut Vec<Finding>) {
    match value {
        Value::Map(map) => {
            let is_secret_name = |name: &str| {
                let name = name.to_lowercase();
                ["authorization", "secret", "token", "password", "cookie", "api-key", "apikey"]
                    .iter()
                    .any(|word| name.contains(word))
            };
            let is_template = |text: &str| text.contains("{{");
            if let (Some(name), Some(secret)) = (value.text("name"), value.text("value"))
                && is_secret_name(name)
                && !is_template(secret)
            {
                let message =
                    format!("the value of the header {name} stands in the file: value_from_env keeps it out");
                found.push(Finding::warning("secret", place, message));
            }
            for (key, value) in map {
                if value.str().is_some_and(|text| has_password(text) && !is_template(text)) {
                    let message = format!("{key} has a password in it: from_env keeps it out of the file");
                    found.push(Finding::warning("secret", place, message));
                }
                secrets(value, place, found);
            }
        }
        Value::List(items) => items.iter().for_each(|item| secrets(item, place, found)),
        _ => {}
    }
}

/// Whether it is an address with a name and a password.
fn has_password(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    authority.and_then(|authority| authority.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'))
}

/// REST endpoints and the allow list speak of query collections.
fn collections(metadata: &Value, found: &mut Vec<Finding>) {
    let queries: BTreeMap<&str, BTreeSet<&str>> = metadata
        .list("query_collections")
        .iter()
        .map(|of| {
            let queries = of.get("definition").map_or(&[][..], |definition| definition.list("queries"));
            (name(of), queries.iter().map(name).collect())
        })
        .collect();
    for allowed in metadata.list("allowlist") {
        let collection = allowed.text("collection").unwrap_or("?");
        if !queries.contains_key(collection) {
            let message = format!("there is no query collection {collection}");
            found.push(Finding::error("untracked", "allow list", message));
        }
    }
    twice(metadata.list("rest_endpoints"), "metadata", "REST endpoint", found);
    for endpoint in metadata.list("rest_endpoints") {
        let query = endpoint.get("definition").and_then(|definition| definition.get("query"));
        let of = |key: &str| query.and_then(|query| query.text(key)).unwrap_or("?");
        let (collection, query) = (of("collection_name"), of("query_name"));
        if !queries.get(collection).is_some_and(|queries| queries.contains(query)) {
            let message = format!("the query collection {collection} has no query {query}");
            found.push(Finding::error("untracked", &format!("REST endpoint {}", name(endpoint)), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Vec<String> {
        lint(&serde_json::from_str(json).unwrap()).iter().map(Finding::to_string).collect()
    }

    fn of_table(rest: &str) -> Vec<String> {
        said(&format!(
            r#"{{"sources":[{{"name":"d","tables":[{{"table":{{"schema":"s","name":"t"}},{rest}}}]}}]}}"#
        ))
    }

    #[test]
    fn what_is_right_is_not_mentioned() {
        let found = of_table(
            r#""select_permissions":[{"role":"u","permission":{"columns":["a"],"filter":{}},"comment":""}],
               "object_relationships":[{"name":"r","using":{"foreign_key_constraint_on":"a"}}],
               "event_triggers":[{"name":"e","headers":[{"name":"x-token","value_from_env":"T"},{"name":"x-secret","value":"{{S}}"}]}]"#,
        );
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn each_rule_finds_its_object() {
        let at = "source d, table s.t";
        let cases = [
            (r#""colour":1"#, format!("{at}: the key colour is not known")),
            (
                r#""object_relationships":[{"name":"r","using":{"manual_configuration":{"remote_table":{"schema":"s","name":"x"}}}}]"#,
                format!("{at}, relationship r: it leads to s.x, which is not tracked"),
            ),
            (
                r#""object_relationships":[{"name":"r"}],"computed_fields":[{"name":"r"}]"#,
                format!("{at}: the field r is defined more than once"),
            ),
            (
                r#""select_permissions":[{"role":"u"},{"role":"u"}]"#,
                format!("{at}: select permission u is there twice"),
            ),
            (
                r#""select_permissions":[{"role":"u","permission":{"columns":"*"}}]"#,
                format!(
                    "{at}, select permission of u: it is for all columns: one that a migration adds is open at once"
                ),
            ),
            (
                r#""delete_permissions":[{"role":"u","permission":{"filter":{}}}]"#,
                format!("{at}, delete permission of u: its filter lets every row be deleted"),
            ),
            (
                r#""event_triggers":[{"name":"e","headers":[{"name":"Authorization","value":"word"}]}]"#,
                format!(
                    "{at}, event trigger e: the value of the header Authorization stands in the file: value_from_env keeps it out"
                ),
            ),
        ];
        for (rest, expected) in cases {
            assert_eq!(of_table(rest), [expected], "{rest}");
        }
    }

    #[test]
    fn passwords_in_files_are_found_and_not_shown() {
        let found = said(
            r#"{"sources":[{"name":"d","configuration":{"connection_info":{"database_url":"postgres://me:hunter2@x/y"}}}]}"#,
        );
        assert_eq!(found, ["source d: database_url has a password in it: from_env keeps it out of the file"]);
    }

    #[test]
    fn what_speaks_of_a_collection_needs_it() {
        let found = said(
            r#"{"query_collections":[{"name":"c","definition":{"queries":[{"name":"q"}]}}],"allowlist":[{"collection":"x"},{"collection":"c"}],
               "rest_endpoints":[{"name":"e","definition":{"query":{"collection_name":"c","query_name":"z"}}},
                                 {"name":"f","definition":{"query":{"collection_name":"c","query_name":"q"}}}]}"#,
        );
        assert_eq!(
            found,
            [
                "allow list: there is no query collection x",
                "REST endpoint e: the query collection c has no query z"
            ]
        );
    }
}
