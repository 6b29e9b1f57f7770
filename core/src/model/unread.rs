//! What was read and not understood.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::names::Address;

/// An object that was read and not understood, or something that is said of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// As in `ground::Part`.
    pub(crate) list: String,
    /// `*` stands for all identities, where even the identity was not understood.
    pub(crate) object: Address,
    reason: String,
}

impl Unread {
    pub(crate) fn of(query: &str, object: &Value, reason: String) -> Self {
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let is_foreign = object.get("foreign").is_some_and(|foreign| !foreign.is_null());
        let object_type = match query {
            "schemas" => "schema",
            "extensions" | "extension_members" => "extension",
            "enums" | "domains" | "composites" => "type",
            "sequences" => "sequence",
            "tables" if is_foreign => "foreign table",
            "tables" => "table",
            "constraints" => "table constraint",
            "indexes" => "index",
            _ => "*",
        };
        let list = match query {
            "acls" => "privileges",
            "comments" => "comments",
            "dependencies" => "dependencies",
            _ => "objects",
        };
        let object_type = text("object_type").unwrap_or_else(|| object_type.to_owned());
        let identity = text("identity").unwrap_or_else(|| "*".to_owned());
        Self { list: list.to_owned(), object: Address { object_type, identity }, reason }
    }

    /// Its name, and what was not understood.
    pub(crate) fn name(&self) -> String {
        let Self { list, object, reason } = self;
        match list.as_str() {
            "objects" => format!("{object}: {reason}"),
            list => format!("{list} of {object}: {reason}"),
        }
    }
}
