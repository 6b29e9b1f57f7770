//! Matching two lists by identity, and comparing what matches.

use std::collections::BTreeMap;

use crate::diff::change::{Aspect, Change, Difference, Object};

/// One identity with what each side has under it.
pub(super) enum Pair<'a, T> {
    Missing(&'a T),
    Both(&'a T, &'a T),
    Extra(&'a T),
}

impl<T> Clone for Pair<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pair<'_, T> {}

/// Matches two lists by key, sorted by it.
pub(super) fn pairs<'a, T, K: Ord + Copy>(
    expected: &'a [T],
    live: &'a [T],
    key: impl Fn(&'a T) -> K,
) -> Vec<Pair<'a, T>> {
    let mut live: BTreeMap<K, &T> = live.iter().map(|object| (key(object), object)).collect();
    let mut pairs = BTreeMap::new();
    for object in expected {
        let key = key(object);
        let pair = match live.remove(&key) {
            Some(other) => Pair::Both(object, other),
            None => Pair::Missing(object),
        };
        pairs.insert(key, pair);
    }
    pairs.extend(live.into_iter().map(|(key, object)| (key, Pair::Extra(object))));
    pairs.into_values().collect()
}

/// The change, if any, of an object that is compared as a whole.
pub(super) fn plain<'a, T>(
    pair: Pair<'a, T>,
    object: impl Fn(&'a T) -> Object<'a>,
    differences: impl Fn(&T, &T) -> Vec<Difference>,
) -> Option<Change<'a>> {
    match pair {
        Pair::Missing(expected) => Some(Change::Missing(object(expected))),
        Pair::Extra(live) => Some(Change::Extra(object(live))),
        Pair::Both(expected, live) => changed(object(expected), object(live), differences(expected, live)),
    }
}

/// A change, where there is a difference.
pub(super) fn changed<'a>(
    expected: Object<'a>,
    live: Object<'a>,
    differences: Vec<Difference>,
) -> Option<Change<'a>> {
    (!differences.is_empty()).then_some(Change::Changed { expected, live, differences })
}

/// The difference, if any, in one aspect.
pub(super) fn compare<T: PartialEq>(
    what: Aspect,
    expected: &T,
    live: &T,
    say: impl Fn(&T) -> String,
) -> Option<Difference> {
    (expected != live).then(|| Difference { what, expected: say(expected), actual: say(live) })
}

/// A weaker state than the expected one is a difference; a stronger one (valid, where NOT VALID was asked) is not.
pub(super) fn compare_validity(expected: bool, live: bool, invalid: &str) -> Option<Difference> {
    (expected && !live).then(|| Difference {
        what: Aspect::Validity,
        expected: "valid".to_string(),
        actual: invalid.to_string(),
    })
}
