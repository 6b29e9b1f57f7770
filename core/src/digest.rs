//! Digests: numbers that are the same where two things are, so that what is the same need not be read, printed or
//! compared. Wherever a digest cannot be sure it differs, which costs time and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

mod node_tree;
mod shared;

pub use node_tree::{Numbers, canonical};
pub use shared::complete;

/// The digest of one thing, or the sum of several whose order says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
/// everything else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    pub relations: BTreeMap<String, Digest>,
    pub rest: Digest,
}

/// What may differ between two schemas. What it does not name is the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differing {
    /// Missing, extra and changed ones.
    pub relations: BTreeSet<String>,
    pub rest: bool,
}

impl Differing {
    pub fn between(one: &Digests, other: &Digests) -> Self {
        let missing = |a: &Digests, b: &Digests| {
            let differs = |(name, digest): &(&String, &Digest)| b.relations.get(*name) != Some(*digest);
            a.relations.iter().filter(differs).map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let relations = missing(one, other).into_iter().chain(missing(other, one)).collect();
        Differing { relations, rest: one.rest != other.rest }
    }

    pub fn nothing(&self) -> bool {
        self.relations.is_empty() && !self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(relations: &[(&str, u128)], rest: u128) -> Digests {
        let relations = relations.iter().map(|(name, digest)| (name.to_string(), Digest(*digest)));
        Digests { relations: relations.collect(), rest: Digest(rest) }
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
