//! What the catalogs hold and this program does not understand: an object whose JSON is no value of its struct. It is left
//! out on both sides of a comparison and named as not compared; everything else is compared.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ground::{Part, retain};
use crate::model::{Catalog, NotCompared, Unread};

/// What such objects are counted as.
pub const KIND: &str = "object that was not understood";

/// Not a pattern: the names of operators have stars.
fn matches(unread: &str, of_part: &str) -> bool {
    unread == "*" || unread == of_part
}

/// Whether that is the part.
fn is(unread: &Unread, part: &Part) -> bool {
    unread.list == part.list
        && matches(&unread.object.object_type, part.object_type)
        && matches(&unread.object.identity, part.identity)
}

/// Whether it is what the part is on. Parts of two objects of one identity are left out together.
fn has(unread: &Unread, part: &Part) -> bool {
    let whole = part.on.or((part.list != "objects").then_some(part.identity));
    unread.list == "objects" && whole.is_some_and(|whole| matches(&unread.object.identity, whole))
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
        retain(side, |part| !unread.iter().any(|unread| is(unread, &part) || has(unread, &part)));
    }
    let counts = |side: &Catalog| NotCompared {
        count: side.unread.len() as u64,
        names: side.unread.iter().map(Unread::name).collect(),
    };
    Some((counts(live), counts(expected)))
}
