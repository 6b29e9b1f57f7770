//! A value of YAML or JSON whose mappings keep their order: files are written in the order in which they were read.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Number;

pub type Map = IndexMap<String, Value>;

/// Two values are equal where their mappings have the same keys with equal values, in whatever order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Value>),
    Map(Map),
    /// Stands for the content of another file; only in a file's own value.
    #[serde(skip)]
    Include(Include),
}

/// `!include path`, as a string or as a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    pub path: String,
    pub is_tag: bool,
}

impl Value {
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(map) => map.get(key),
            _ => None,
        }
    }

    pub fn str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of the list under a key.
    pub fn list(&self, key: &str) -> &[Value] {
        self.get(key).map_or(&[], Value::items)
    }

    /// The text under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.str()
    }

    /// Whether it says no more than if it were not there.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::List(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// As JSON on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("a value without includes is always JSON")
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

/// A mapping of these entries.
pub fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn json_keeps_its_order_and_equality_does_not_look_at_it() {
        let text = r#"{"b":1,"a":{"z":null,"y":[true,1.5,"x"]}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value.json(), text);
        let other: Value = serde_json::from_str(r#"{"a":{"y":[true,1.5,"x"],"z":null},"b":1}"#).unwrap();
        assert_eq!(value, other);
    }
}
