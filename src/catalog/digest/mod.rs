//! The schema of this database in digests: what has the same digest here and in the shadow is the same schema, and need
//! not be read. The rows of the catalogs are taken as they are, with names in place of numbers; what is no part of a
//! schema is left out by name, so a column or a catalog that a later server adds is taken in.
//!
//! A row belongs to a relation, with all that hangs on that, or to the rest. A part of an extension belongs to neither.

mod catalogs;
mod content;
mod known;
mod members;
mod membership;
mod names;
mod privileges;
mod reader;
mod rows;
mod switched;
mod taken;

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::digest::{Differing, Digest, Digests};
use pgrx::pg_sys;

use crate::catalog::Wanted;
use crate::server::locked;
pub use reader::read;
pub use rows::{Held, held};

/// The digests of this database, and where what they stand for is.
pub struct Digested {
    pub digests: Digests,
    /// Objects of kinds that this program does not know, counted by kind.
    pub unknown: BTreeMap<String, u64>,
    /// The catalogs that hold something of a user.
    catalogs: BTreeSet<String>,
    /// The versions of the catalogs that were read. While the catalogs have these, the digests are current.
    pub held: Versions,
    /// The numbers of the relations, in their order, and their kinds as in pg_class.
    oids: Vec<(pg_sys::Oid, u8)>,
    /// Which versions of their rows were read.
    versions: Vec<Digest>,
    rest_version: Digest,
    /// By relation: the relations whose texts name its columns. If a column is renamed, these texts change.
    named_by: BTreeMap<u32, Vec<u32>>,
    /// The relations whose columns are named by texts of the rest.
    named_by_rest: BTreeSet<u32>,
}

impl Digested {
    /// What may differ from `expected`.
    pub fn differing(&self, expected: &Digests) -> Differing {
        let mut differing = Differing::between(expected, &self.digests);
        for place in self.digests.places(&differing.relations) {
            let named_by = self.named_by.get(&place).into_iter().flatten();
            let texts = named_by.map(|place| self.digests.relations[*place as usize].0.clone());
            differing.relations.extend(texts);
            differing.rest |= self.named_by_rest.contains(&place);
        }
        differing
    }

    /// The relations that may differ and are here.
    pub fn relations(&self, differing: &Differing) -> Vec<locked::Wanted> {
        let places = self.digests.places(&differing.relations).into_iter().map(|place| place as usize);
        places
            .map(|place| {
                let (oid, kind) = self.oids[place];
                locked::Wanted { identity: self.digests.relations[place].0.clone(), oid, kind }
            })
            .collect()
    }

    /// What is to be read of what may differ: that of it which is here.
    pub fn wanted(&self, differing: &Differing) -> Wanted {
        let places = self.digests.places(&differing.relations);
        Wanted {
            relations: Some(places.into_iter().map(|place| self.oids[place as usize]).collect()),
            rest: differing.rest,
            locked: Vec::new(),
            catalogs: Some(self.catalogs.clone()),
            find_nothing: Vec::new(),
        }
    }

    /// Whether these relations, and what hangs on none, are in `later` as they are here, and were never otherwise between
    /// the two.
    pub fn stayed(&self, later: &Digested, relations: &BTreeSet<String>) -> bool {
        let versions = |of: &Digested| -> Vec<Digest> {
            of.digests.places(relations).into_iter().map(|place| of.versions[place as usize]).collect()
        };
        self.rest_version == later.rest_version && versions(self) == versions(later)
    }
}

/// What the catalogs held when something was read of them: the fewest rows first, for one look mostly tells a change.
pub struct Versions(Vec<(u32, Held)>);

impl Versions {
    /// Whether they hold the same, at the moment that is in force.
    pub fn still_hold(&self) -> bool {
        self.0.iter().all(|(catalog, held)| rows::held(*catalog) == *held)
    }
}
