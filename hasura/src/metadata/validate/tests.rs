use super::*;

const SCHEMA: &str = r#"{
    "relations": [
        {"schema": "public", "name": "users", "primary_key": ["id"], "columns": [
            {"name": "id", "type": "integer", "base": "integer", "category": "N"},
            {"name": "name", "type": "text", "base": "text", "category": "S"},
            {"name": "key", "type": "uuid", "base": "uuid", "category": "U"},
            {"name": "good", "type": "boolean", "base": "boolean", "category": "B"},
            {"name": "data", "type": "jsonb", "base": "jsonb", "category": "U"},
            {"name": "tags", "type": "text[]", "base": "text[]", "category": "A"}]},
        {"schema": "public", "name": "notes", "primary_key": ["id"], "columns": [
            {"name": "id", "type": "bigint", "base": "bigint", "category": "N"},
            {"name": "author", "type": "integer", "base": "integer", "category": "N"},
            {"name": "reader", "type": "integer", "base": "integer", "category": "N"},
            {"name": "text", "type": "text", "base": "text", "category": "S"}]},
        {"schema": "public", "name": "kinds", "primary_key": ["value"], "columns": [
            {"name": "value", "type": "text", "base": "text", "category": "S"},
            {"name": "comment", "type": "text", "base": "text", "category": "S"}]}
    ],
    "foreign_keys": [
        {"schema": "public", "table": "notes", "columns": ["author"], "to_schema": "public", "to_table": "users"}
    ],
    "functions": [
        {"schema": "public", "name": "search", "variadic": false, "returns": "notes",
         "returns_relation": {"schema": "public", "name": "notes"},
         "arguments": [{"name": "who", "type": "json", "relation": null}, {"name": "words", "type": "text", "relation": null}]},
        {"schema": "public", "name": "shout", "variadic": false, "returns": "text", "returns_relation": null,
         "arguments": [{"name": "u", "type": "users", "relation": {"schema": "public", "name": "users"}}]},
        {"schema": "public", "name": "twice", "variadic": false, "returns": "notes",
         "returns_relation": {"schema": "public", "name": "notes"}, "arguments": []},
        {"schema": "public", "name": "twice", "variadic": true, "returns": "notes",
         "returns_relation": {"schema": "public", "name": "notes"}, "arguments": []}
    ]
}"#;

const NOTES: &str = r#"{"table": {"schema": "public", "name": "notes"},
    "object_relationships": [{"name": "writer", "using": {"foreign_key_constraint_on": "author"}}]}"#;

/// What is found of a source with the tables `users` and `notes`, of which the first says this, too.
fn of_users(rest: &str) -> Vec<String> {
    let comma = if rest.is_empty() { "" } else { "," };
    let users = format!(r#"{{"table": {{"schema": "public", "name": "users"}}{comma}{rest}}}"#);
    of_source(&format!(r#""tables": [{users}, {NOTES}]"#))
}

fn of_source(rest: &str) -> Vec<String> {
    let source: Value = serde_json::from_str(&format!(r#"{{"name": "d", {rest}}}"#)).unwrap();
    let schema: Schema = serde_json::from_str(SCHEMA).unwrap();
    let checked = validate(&source, &schema);
    checked.findings.iter().map(|finding| finding.to_string().replace("source d, ", "")).collect()
}

fn filter(condition: &str) -> Vec<String> {
    of_users(&format!(
        r#""select_permissions": [{{"role": "r", "permission": {{"columns": "*", "filter": {condition}}}}}]"#
    ))
}

#[track_caller]
fn finds(found: Vec<String>, expected: &str) {
    assert_eq!(found, [expected]);
}

#[test]
fn what_is_there_and_fits_is_not_mentioned() {
    let rest = r#"
        "configuration": {"column_config": {"name": {"custom_name": "title"}}, "custom_column_names": {"id": "key"}},
        "array_relationships": [
            {"name": "notes", "using": {"foreign_key_constraint_on": {"column": "author", "table": {"schema": "public", "name": "notes"}}}},
            {"name": "read", "using": {"manual_configuration": {"remote_table": "notes", "column_mapping": {"id": "reader"}, "insertion_order": null}}}],
        "computed_fields": [{"name": "loud", "definition": {"function": {"schema": "public", "name": "shout"}}}],
        "remote_relationships": [
            {"name": "far", "definition": {"to_source": {"source": "x", "field_mapping": {"id": "y"}}}},
            {"name": "pay", "definition": {"to_remote_schema": {"lhs_fields": ["id", "loud"]}}}],
        "insert_permissions": [{"role": "r", "permission": {"columns": ["name"], "set": {"id": "X-Hasura-User-Id", "good": true}, "check": {}}}],
        "select_permissions": [{"role": "r", "permission": {"columns": ["id"], "computed_fields": ["loud"], "filter": {"_and": [
            {"id": {"_in": [1, "2", "X-Hasura-User-Id"]}}, {"_or": [{"name": {"_ilike": "a%"}}, {"data": {"_has_key": "a"}}]},
            {"_not": {"tags": {"_contains": ["a"]}}}, {"notes": {"writer": {"name": {"_eq": "x"}}}}, {"loud": {"_eq": "X"}},
            {"_exists": {"_table": {"schema": "public", "name": "kinds"}, "_where": {"value": {"_eq": "x"}}}},
            {"key": {"_eq": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}}, {"name": {"_ceq": "name"}}, {"good": {"_is_null": true}}]}}}],
        "event_triggers": [{"name": "e", "definition": {"insert": {"columns": "*"}, "update": {"columns": ["name"]}}}]"#;
    assert_eq!(of_users(rest), Vec::<String>::new());
    let functions = r#""tables": [{"table": "notes"}, {"table": "kinds", "is_enum": true}],
        "functions": [{"function": "search", "configuration": {"session_argument": "who"}}]"#;
    assert_eq!(of_source(functions), Vec::<String>::new());
}

#[test]
fn tables_and_columns_have_to_be_there() {
    let at = "table public.users";
    finds(
        of_source(r#""tables": [{"table": {"schema": "other", "name": "t"}}]"#),
        "table other.t: it is not in the database",
    );
    finds(
        of_users(r#""configuration": {"column_config": {"gone": {}}}"#),
        &format!("{at}: its configuration names the column gone, which is not there"),
    );
    finds(
        of_users(
            r#""update_permissions": [{"role": "r", "permission": {"columns": ["gone"], "filter": {}}}]"#,
        ),
        &format!("{at}, update permission of r: it names the column gone, which is not there"),
    );
    finds(
        of_users(r#""insert_permissions": [{"role": "r", "permission": {"set": {"gone": 1}, "check": {}}}]"#),
        &format!("{at}, insert permission of r: its set names the column gone, which is not there"),
    );
    finds(
        of_users(r#""select_permissions": [{"role": "r", "permission": {"computed_fields": ["gone"]}}]"#),
        &format!("{at}, select permission of r: it names the computed field gone, which is not defined"),
    );
    finds(
        of_users(r#""event_triggers": [{"name": "e", "definition": {"update": {"columns": ["gone"]}}}]"#),
        &format!("{at}, event trigger e: its update names the column gone, which is not there"),
    );
    finds(
        of_users(
            r#""remote_relationships": [{"name": "f", "definition": {"to_source": {"field_mapping": {"gone": "x"}}}}]"#,
        ),
        &format!("{at}, remote relationship f: it names the column gone, which is not there"),
    );
}

#[test]
fn an_enum_table_has_a_key_and_a_comment() {
    finds(
        of_users(r#""is_enum": true"#),
        "table public.users: it is an enum table, and its primary key is not one column of text",
    );
}

#[test]
fn relationships_lead_to_tables_by_foreign_keys_or_columns_that_fit() {
    let at = "table public.users, relationship r";
    let of =
        |using: &str| of_users(&format!(r#""object_relationships": [{{"name": "r", "using": {using}}}]"#));
    finds(
        of(r#"{"foreign_key_constraint_on": "id"}"#),
        &format!("{at}: it uses a foreign key on id of public.users, and there is none"),
    );
    finds(
        of(r#"{"foreign_key_constraint_on": "gone"}"#),
        &format!("{at}: it uses the column gone of public.users, which is not there"),
    );
    finds(
        of(r#"{"foreign_key_constraint_on": {"columns": ["reader"], "table": "notes"}}"#),
        &format!("{at}: it uses a foreign key on reader of public.notes to public.users, and there is none"),
    );
    finds(
        of(r#"{"foreign_key_constraint_on": {"column": "x", "table": "gone"}}"#),
        &format!("{at}: it leads to public.gone, which is not in the database"),
    );
    finds(
        of(r#"{"manual_configuration": {"remote_table": "kinds", "column_mapping": {"name": "value"}}}"#),
        &format!("{at}: it leads to public.kinds, which is not tracked"),
    );
    finds(
        of(r#"{"manual_configuration": {"remote_table": "notes", "column_mapping": {"id": "gone"}}}"#),
        &format!("{at}: it leads to the column gone of public.notes, which is not there"),
    );
    finds(
        of(r#"{"manual_configuration": {"remote_table": "notes", "column_mapping": {"key": "text"}}}"#),
        &format!("{at}: key is of type uuid, and text of public.notes is of type text"),
    );
    finds(of("{}"), &format!("{at}: it names no table"));
}

#[test]
fn conditions_name_what_is_there_and_compare_what_fits() {
    let says = |condition: &str, message: &str| {
        finds(
            filter(condition),
            &format!("table public.users, select permission of r: its filter {message}"),
        );
    };
    let is_nothing = "which is no column, relationship or computed field of public";
    says(r#"{"gone": {"_eq": 1}}"#, &format!("speaks of gone, {is_nothing}.users"));
    says(r#"{"_and": [{"_not": {"gone": {}}}]}"#, &format!("speaks of gone, {is_nothing}.users"));
    says(
        r#"{"_exists": {"_table": {"schema": "public", "name": "gone"}, "_where": {}}}"#,
        "looks into public.gone, which is not in the database",
    );
    says(
        r#"{"_exists": {"_table": "notes", "_where": {"writer": {"gone": {"_eq": 1}}}}}"#,
        &format!("speaks of gone, {is_nothing}.users"),
    );
    says(r#"{"id": {"_eq": "many"}}"#, r#"has "many" for id, which is of type integer"#);
    says(r#"{"id": {"_in": [1, true]}}"#, "has true for id, which is of type integer");
    says(r#"{"id": "many"}"#, r#"has "many" for id, which is of type integer"#);
    says(r#"{"good": {"_eq": "perhaps"}}"#, r#"has "perhaps" for good, which is of type boolean"#);
    says(r#"{"key": {"_eq": "1"}}"#, r#"has "1" for key, which is of type uuid"#);
    says(r#"{"name": {"_eq": 1}}"#, "has 1 for name, which is of type text");
    says(r#"{"id": {"_like": "1%"}}"#, "compares id by _like, which needs text, and id is of type integer");
    says(
        r#"{"tags": {"_has_key": "a"}}"#,
        "compares tags by _has_key, which needs jsonb, and tags is of type text[]",
    );
    says(
        r#"{"name": {"_contains": "a"}}"#,
        "compares name by _contains, which needs jsonb or an array, and name is of type text",
    );
    says(r#"{"name": {"_ceq": "gone"}}"#, "compares name with gone, which is no column there");
}

#[test]
fn functions_are_there_once_and_return_rows_of_tracked_tables() {
    let of = |function: &str| {
        of_source(&format!(r#""tables": [{{"table": "kinds"}}], "functions": [{function}]"#))
    };
    finds(of(r#"{"function": "gone"}"#), "function public.gone: it is not in the database");
    finds(
        of(r#"{"function": "twice"}"#),
        "function public.twice: there are 2 functions of that name, and Hasura takes one only",
    );
    finds(
        of(r#"{"function": "shout"}"#),
        "function public.shout: it returns text, and Hasura takes what returns rows of a table or view",
    );
    finds(
        of(r#"{"function": "search"}"#),
        "function public.search: it returns rows of public.notes, which is not tracked",
    );
    let with = |argument: &str| {
        of_source(&format!(
            r#""tables": [{{"table": "notes"}}], "functions": [{{"function": "search", "configuration": {{"session_argument": "{argument}"}}}}]"#
        ))
    };
    finds(with("gone"), "function public.search: it has no argument gone");
    finds(with("words"), "function public.search: words is of type text, and has to be of type json");
    finds(
        of_users(r#""computed_fields": [{"name": "c", "definition": {"function": "gone"}}]"#),
        "table public.users, computed field c: its function public.gone is not in the database",
    );
    finds(
        of_users(r#""computed_fields": [{"name": "c", "definition": {"function": "search"}}]"#),
        "table public.users, computed field c: its function public.search takes no row of public.users",
    );
}
