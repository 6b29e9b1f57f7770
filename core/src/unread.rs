//! What the catalogs hold and this program does not understand: an object whose JSON is no value of its struct. It is left
//! out on both sides of a comparison and named as not compared; everything else is compared.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ground::{Part, retain};
use crate::ignore::matches;
use crate::model::{Address, Catalog, NotCompared};

/// What such objects are counted as.
pub const KIND: &str = "object that was not understood";

/// An object that was read and not understood, or something that is said of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// As in `ground::Part`.
    list: String,
    /// `*` stands for all identities, where even the identity was not understood.
    object: Address,
    reason: String,
}

impl Unread {
    fn of(query: &str, object: &Value, reason: String) -> Self {
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
    fn name(&self) -> String {
        let Self { list, object, reason } = self;
        match list.as_str() {
            "objects" => format!("{object}: {reason}"),
            list => format!("{list} of {object}: {reason}"),
        }
    }

    fn is(&self, part: &Part) -> bool {
        self.list == part.list
            && matches(&self.object.object_type, part.object_type)
            && matches(&self.object.identity, part.identity)
    }

    /// Whether it is what the part is on. Parts of two objects of one identity are left out together.
    fn has(&self, part: &Part) -> bool {
        let whole = part.on.or((part.list != "objects").then_some(part.identity));
        self.list == "objects" && whole.is_some_and(|whole| matches(&self.object.identity, whole))
    }
}

/// The objects that a query of this name returned as a JSON array, and those of them that are not understood.
pub fn understood<T: DeserializeOwned>(query: &str, text: &str) -> serde_json::Result<(Vec<T>, Vec<Unread>)> {
    // Nearly always all is understood, and that is faster found out at once.
    if let Ok(all) = serde_json::from_str(text) {
        return Ok((all, Vec::new()));
    }
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    for object in serde_json::from_str::<Vec<Value>>(text)? {
        match T::deserialize(&object) {
            Ok(one) => all.push(one),
            Err(error) => unread.push(Unread::of(query, &object, error.to_string())),
        }
    }
    Ok((all, unread))
}

/// The counts that a query returned, by kind. One that is not understood is counted as such.
pub fn understood_counts(text: &str) -> serde_json::Result<BTreeMap<String, NotCompared>> {
    let mut counts = BTreeMap::new();
    let mut unread = Vec::new();
    for (kind, count) in serde_json::from_str::<BTreeMap<String, Value>>(text)? {
        match NotCompared::deserialize(count) {
            Ok(count) => drop(counts.insert(kind, count)),
            Err(error) => unread.push(format!("count of {kind}: {error}")),
        }
    }
    if !unread.is_empty() {
        counts.insert(KIND.to_owned(), NotCompared { count: unread.len() as u64, names: unread });
    }
    Ok(counts)
}

/// Takes out of both sides what was not understood on one of them, with what is on it. Returns what that was, of the live
/// side and of the expected one.
pub fn leave_out(expected: &mut Catalog, live: &mut Catalog) -> Option<(NotCompared, NotCompared)> {
    let unread: Vec<Unread> = expected.unread.iter().chain(&live.unread).cloned().collect();
    if unread.is_empty() {
        return None;
    }
    for side in [&mut *expected, &mut *live] {
        retain(side, |part| !unread.iter().any(|unread| unread.is(&part) || unread.has(&part)));
    }
    let counts = |side: &Catalog| NotCompared {
        count: side.unread.len() as u64,
        names: side.unread.iter().map(Unread::name).collect(),
    };
    Some((counts(live), counts(expected)))
}
