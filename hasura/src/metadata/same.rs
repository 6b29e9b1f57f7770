//! When two values say the same to Hasura, and which item of one list is which of another.

use indexmap::IndexMap;

use super::value::{Map, Value};

/// What tells the items of a list apart, the first that an item has.
const KEYS: [&str; 6] = ["table", "function", "name", "role", "collection", "value"];
/// Lists of words whose order says nothing.
const SETS: [&str; 7] = [
    "columns",
    "computed_fields",
    "disabled_for_roles",
    "query_root_fields",
    "role_set",
    "subscription_root_fields",
    "methods",
];

/// Keys under which an empty value says what nothing says. Of others it may say more: `_or: []` is false, and
/// `query_root_fields: []` allows nothing.
const NOTHING_IF_EMPTY: [&str; 22] = [
    "tables",
    "functions",
    "native_queries",
    "logical_models",
    "stored_procedures",
    "customization",
    "configuration",
    "column_config",
    "custom_column_names",
    "custom_root_fields",
    "object_relationships",
    "array_relationships",
    "remote_relationships",
    "computed_fields",
    "insert_permissions",
    "select_permissions",
    "update_permissions",
    "delete_permissions",
    "event_triggers",
    "permissions",
    "headers",
    "relationships",
];

/// Whether an entry of a mapping says what it would say if it were not there.
pub fn says_nothing(key: &str, value: &Value) -> bool {
    *value == Value::Null || NOTHING_IF_EMPTY.contains(&key) && value.is_empty()
}

/// The name by which an item is known in its list.
pub fn identity(item: &Value) -> Option<String> {
    let (key, value) = KEYS.iter().find_map(|key| Some((*key, item.get(key)?)))?;
    match value {
        Value::String(text) => Some(text.clone()),
        _ if key == "table" || key == "function" => Some(object_name(value)),
        _ => None,
    }
}

/// `schema.name` of a table or a function.
pub fn object_name(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::List(parts) => parts.iter().map(object_name).collect::<Vec<_>>().join("."),
        Value::Map(map) => {
            let (space, name) = (map.get("schema").or(map.get("dataset")), map.get("name"));
            [space, name].into_iter().flatten().map(object_name).collect::<Vec<_>>().join(".")
        }
        other => other.json(),
    }
}

/// The items of a list by their names; nothing if one has none or shares it.
pub fn named(items: &[Value]) -> Option<IndexMap<String, &Value>> {
    let named: IndexMap<String, &Value> =
        items.iter().map(|item| Some((identity(item)?, item))).collect::<Option<_>>()?;
    (named.len() == items.len()).then_some(named)
}

/// Whether two parts of metadata say the same: what is empty says what nothing says, at their top.
pub fn says_the_same(one: &Value, other: &Value) -> bool {
    same(&without_empty(one), &without_empty(other))
}

/// The value without those of its keys that say nothing.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(
            map.iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        ),
        value if value.is_empty() => Value::Map(Map::new()),
        value => value.clone(),
    }
}

/// Whether two values say the same.
pub fn same(one: &Value, other: &Value) -> bool {
    same_under("", one, other)
}

pub fn same_under(key: &str, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Map(one), Value::Map(other)) => same_maps(one, other),
        (Value::List(one), Value::List(other)) => one.len() == other.len() && same_lists(key, one, other),
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

/// What a mapping says under a key, if it says anything.
pub fn said<'a>(map: &'a Map, key: &str) -> Option<&'a Value> {
    map.get(key).filter(|value| !says_nothing(key, value))
}

fn same_maps(one: &Map, other: &Map) -> bool {
    let get = |map, key| said(map, key).unwrap_or(&Value::Null);
    one.keys().chain(other.keys()).all(|key| same_under(key, get(one, key), get(other, key)))
}

fn same_lists(key: &str, one: &[Value], other: &[Value]) -> bool {
    if let (Some(one), Some(other)) = (named(one), named(other)) {
        return one.iter().all(|(name, item)| other.get(name).is_some_and(|of| same(item, of)));
    }
    if SETS.contains(&key) {
        return one.iter().all(|item| other.contains(item)) && other.iter().all(|item| one.contains(item));
    }
    one.iter().zip(other).all(|(one, other)| same(one, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_order_counts_only_where_hasura_heeds_it() {
        let cases = [
            (r#"{"columns":["a","b"]}"#, r#"{"columns":["b","a"]}"#, true),
            (r#"{"_and":[{"a":1},{"b":2}]}"#, r#"{"_and":[{"b":2},{"a":1}]}"#, false),
            (r#"[{"role":"a","x":1},{"role":"b"}]"#, r#"[{"role":"b"},{"role":"a","x":1}]"#, true),
            (r#"[{"role":"a","x":1},{"role":"b"}]"#, r#"[{"role":"b","x":1},{"role":"a"}]"#, false),
            (r#"{"a":null}"#, "{}", true),
            (r#"{"functions":[],"configuration":{}}"#, "{}", true),
            (r#"{"query_root_fields":[]}"#, "{}", false),
            (r#"{"filter":{"_or":[]}}"#, r#"{"filter":{}}"#, false),
            (r#"{"a":1}"#, r#"{"a":1.0}"#, true),
            (r#"{"set":{"tags":["a","b"]}}"#, r#"{"set":{"tags":["b","a"]}}"#, false),
            (r#"{"a":[]}"#, r#"{"a":{}}"#, false),
        ];
        for (one, other, is) in cases {
            assert_eq!(same(&json(one), &json(other)), is, "{one} {other}");
            assert_eq!(same(&json(other), &json(one)), is, "{other} {one}");
        }
    }

    #[test]
    fn items_are_known_by_what_hasura_knows_them_by() {
        let cases = [
            (r#"{"table":{"name":"a","schema":"s"},"name":"x"}"#, Some("s.a")),
            (r#"{"function":"f"}"#, Some("f")),
            (r#"{"table":{"dataset":"d","name":"a"}}"#, Some("d.a")),
            (r#"{"table":["db","a"]}"#, Some("db.a")),
            (r#"{"role":"user","permission":{}}"#, Some("user")),
            (r#"{"x":1}"#, None),
        ];
        for (item, name) in cases {
            assert_eq!(identity(&json(item)).as_deref(), name, "{item}");
        }
        assert!(named(json(r#"[{"name":"a"},{"name":"a"}]"#).items()).is_none());
    }
}
