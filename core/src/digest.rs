//! Digests: numbers that are the same where two things are, so that what is the same need not be read, printed or
//! compared. Wherever a digest cannot be sure it differs, which costs time and nothing else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

pub mod node_tree;

/// The digest of one thing, or the sum of several whose order says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub u128);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Digest(xxh3_128(bytes))
    }

    pub fn add(&mut self, other: Digest) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

/// A schema in digests: one for each relation with all that hangs on it, by the relation's identity, and one for
/// everything else. Relations are spoken of by their places in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// Sorted.
    pub relations: Vec<(String, Digest)>,
    pub rest: Digest,
    /// Which relation has columns from which one.
    pub inherits: Vec<(u32, u32)>,
    /// Which relation speaks of which one.
    pub speaks_of: Vec<(u32, u32)>,
    /// Of which relations the rest speaks.
    pub rest_speaks_of: Vec<u32>,
}

impl Digests {
    /// Those of a schema of which nothing is known but these relations: everything differs from it.
    pub fn unknown(relations: impl IntoIterator<Item = String>) -> Self {
        let unlike_any = Digest::of(b"nothing is known of it");
        let relations: BTreeSet<String> = relations.into_iter().collect();
        Digests {
            relations: relations.into_iter().map(|identity| (identity, unlike_any)).collect(),
            rest: unlike_any,
            ..Digests::default()
        }
    }

    fn find(&self, identity: &str) -> Option<usize> {
        self.relations.binary_search_by(|(other, _)| other.as_str().cmp(identity)).ok()
    }

    /// The places of those relations that are in the list.
    pub fn places(&self, identities: &BTreeSet<String>) -> BTreeSet<u32> {
        identities.iter().filter_map(|identity| self.find(identity)).map(|place| place as u32).collect()
    }

    fn identity(&self, place: u32) -> &str {
        &self.relations[place as usize].0
    }

    /// Adds to `places` those that inherit from them or that they inherit from, however far away.
    fn add_family(&self, places: &mut BTreeSet<u32>) {
        loop {
            let before = places.len();
            for (child, parent) in &self.inherits {
                if places.contains(child) || places.contains(parent) {
                    places.extend([*child, *parent]);
                }
            }
            if places.len() == before {
                return;
            }
        }
    }
}

/// What may differ between two schemas. What it does not name is the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    /// Missing, extra and changed ones.
    pub relations: BTreeSet<String>,
    pub rest: bool,
}

impl Differing {
    pub fn between(one: &Digests, other: &Digests) -> Self {
        let mut relations = BTreeSet::new();
        let (mut left, mut right) = (one.relations.as_slice(), other.relations.as_slice());
        // Both are sorted.
        while let Some(first) = [left.first(), right.first()].into_iter().flatten().min() {
            let is_first = |of: &&(String, Digest)| of.0 == first.0;
            let pair = (left.first().filter(is_first), right.first().filter(is_first));
            if pair.0 != pair.1 {
                relations.insert(first.0.clone());
            }
            left = &left[usize::from(pair.0.is_some())..];
            right = &right[usize::from(pair.1.is_some())..];
        }
        Differing { relations, rest: one.rest != other.rest }
    }

    pub fn nothing(&self) -> bool {
        self.relations.is_empty() && !self.rest
    }

    /// The relations that have to be looked at to judge what differs: those that differ, whoever speaks of them or is
    /// spoken of, and the parents and children of all these.
    pub fn with_neighbours(&self, schemas: [&Digests; 2]) -> BTreeSet<String> {
        let mut found = self.relations.clone();
        for schema in schemas {
            let mut family = schema.places(&self.relations);
            if self.rest {
                family.extend(&schema.rest_speaks_of);
            }
            schema.add_family(&mut family);
            let is_near = |(one, other): &&(u32, u32)| family.contains(one) || family.contains(other);
            let mut near: BTreeSet<u32> =
                schema.speaks_of.iter().filter(is_near).flat_map(|(one, other)| [*one, *other]).collect();
            near.extend(&family);
            schema.add_family(&mut near);
            found.extend(near.into_iter().map(|place| schema.identity(place).to_string()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(relations: &[(&str, u128)], rest: u128) -> Digests {
        let relations = relations.iter().map(|(name, digest)| (name.to_string(), Digest(*digest)));
        Digests { relations: relations.collect(), rest: Digest(rest), ..Digests::default() }
    }

    #[test]
    fn what_is_missing_extra_or_changed_differs() {
        let expected = digests(&[("a", 1), ("b", 2), ("c", 3)], 0);
        let live = digests(&[("b", 2), ("c", 4), ("d", 5)], 0);
        let differing = Differing::between(&expected, &live);
        assert_eq!(differing.relations, ["a", "c", "d"].map(str::to_string).into());
        assert!(!differing.rest);
        assert_eq!(differing, Differing::between(&live, &expected));
        assert!(Differing::between(&live, &live).nothing());
        assert!(Differing::between(&live, &Digests { rest: Digest(1), ..live.clone() }).rest);
    }

    #[test]
    fn the_neighbours_of_what_differs_are_its_family_and_those_that_speak_of_it() {
        let all = digests(&[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)], 0);
        // c inherits from b, which inherits from a; d has a foreign key to c, and e to d; the rest speaks of f.
        let all = Digests {
            inherits: vec![(1, 0), (2, 1)],
            speaks_of: vec![(3, 2), (4, 3)],
            rest_speaks_of: vec![5],
            ..all
        };
        let of = |relations: &[&str], rest| {
            let relations = relations.iter().map(ToString::to_string).collect();
            let found = Differing { relations, rest }.with_neighbours([&all, &Digests::default()]);
            found.into_iter().collect::<Vec<_>>().concat()
        };
        assert_eq!(of(&["a"], false), "abcd");
        assert_eq!(of(&["e"], false), "de");
        assert_eq!(of(&["d"], false), "abcde");
        assert_eq!(of(&["new"], true), "fnew");
    }

    #[test]
    fn from_what_is_not_known_everything_differs() {
        let live = digests(&[("a", 1), ("c", 3)], 0);
        let unknown = Digests::unknown(["c", "b"].map(str::to_string));
        let differing = Differing::between(&unknown, &live);
        assert_eq!(differing.relations, ["a", "b", "c"].map(str::to_string).into());
        assert!(differing.rest);
    }

    #[test]
    fn the_order_of_parts_says_nothing() {
        let sum = |parts: [&[u8]; 2]| {
            let mut sum = Digest::default();
            parts.into_iter().for_each(|part| sum.add(Digest::of(part)));
            sum
        };
        assert_eq!(sum([b"a", b"b"]), sum([b"b", b"a"]));
        assert_ne!(sum([b"a", b"a"]), sum([b"a", b"b"]));
    }
}
