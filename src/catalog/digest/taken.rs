//! What was taken from the catalogs: the sums of what their rows say, and who speaks of whom.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::digest::{Digest, Digests};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::digest::catalogs::{PG_CLASS, PG_TYPE, SAY_NOTHING, SHARED};
use crate::catalog::digest::membership::{Dependency, Membership, Relation};
use crate::catalog::digest::rows::{self, CatalogRow, Held};
use crate::catalog::digest::{Digested, Versions};

/// What rows say, and which versions of them said it.
#[derive(Clone, Copy, Default)]
pub struct Sum {
    digest: Digest,
    version: Digest,
}

impl Sum {
    pub fn of(row: &CatalogRow, digest: Digest) -> Self {
        Sum { digest, version: row.version() }
    }

    /// For what only changes when a row changes that is taken in, too: that row brings the version.
    pub fn without_version(digest: Digest) -> Self {
        Sum { digest, version: Digest::default() }
    }

    pub fn add(&mut self, other: Sum) {
        self.digest.add(other.digest);
        self.version.add(other.version);
    }
}

/// Of whom a relation speaks.
#[derive(Default)]
struct Speaker {
    /// The relations of whose columns its texts speak.
    names: FxHashSet<u32>,
    inherits: FxHashSet<u32>,
    speaks_of: FxHashSet<u32>,
}

/// All that was taken in. Relations are known by their numbers.
#[derive(Default)]
pub struct Taken {
    relations: FxHashMap<u32, Sum>,
    rest: Sum,
    speakers: FxHashMap<u32, Speaker>,
    rest_names: FxHashSet<u32>,
    rest_speaks_of: FxHashSet<u32>,
    /// The catalogs from which something was taken.
    catalogs: BTreeSet<String>,
    pub unknown: BTreeMap<String, u64>,
    pub held: FxHashMap<u32, Held>,
}

impl Taken {
    /// Adds rows of a catalog, each with the relation that it belongs to, or for the rest.
    pub fn add_rows(&mut self, catalog: &str, rows: Vec<(Option<u32>, Sum)>) {
        if !rows.is_empty() {
            self.catalogs.insert(catalog.to_owned());
        }
        for (relation, sum) in rows {
            self.add(relation, sum);
        }
    }

    pub fn add(&mut self, relation: Option<u32>, sum: Sum) {
        match relation {
            None => self.rest.add(sum),
            Some(relation) => self.relations.entry(relation).or_default().add(sum),
        }
    }

    /// Notes who has to be looked at together with whom. `own` and `other` are the relations of an object and of what it
    /// depends on.
    pub fn note_speaker(
        &mut self,
        own: Option<u32>,
        other: Option<u32>,
        dependency: &Dependency,
        membership: &Membership,
    ) {
        let Dependency { object, on, on_column, kind, .. } = *dependency;
        let Some(other) = other.filter(|other| own != Some(*other)) else { return };
        let is_relation = object.0 == PG_CLASS;
        let Some(own) = own else {
            if membership.left_out.contains(&object) {
                return;
            }
            if object.0 != PG_TYPE {
                self.rest_names.insert(other);
            }
            self.rest_speaks_of.insert(other);
            return;
        };
        // A table's text names the sequences of its identity columns.
        if kind == b'i' && is_relation {
            self.speakers.entry(other).or_default().names.insert(own);
        }
        let is_foreign_key = membership.foreign_keys.contains(&object);
        let speaker = self.speakers.entry(own).or_default();
        if is_relation && on.0 == PG_CLASS && on_column == 0 {
            speaker.inherits.insert(other);
        } else {
            speaker.speaks_of.insert(other);
        }
        if !is_relation && !is_foreign_key {
            speaker.names.insert(other);
        }
    }

    pub fn digested(self, membership: Membership) -> Digested {
        let held = self.versions(&membership);
        let mut unknown = membership.relations.unknown;
        for (counted_as, number) in self.unknown {
            *unknown.entry(counted_as).or_default() += number;
        }
        let mut relations: Vec<(u32, Relation)> = membership.relations.all.into_iter().collect();
        relations.sort_by(|(_, a), (_, b)| a.identity.cmp(&b.identity));
        let places: FxHashMap<u32, u32> =
            relations.iter().enumerate().map(|(place, (oid, _))| (*oid, place as u32)).collect();
        let sorted = |oids: &FxHashSet<u32>| {
            let mut found: Vec<u32> = oids.iter().filter_map(|oid| places.get(oid)).copied().collect();
            found.sort();
            found
        };
        let pairs = |of: fn(&Speaker) -> &FxHashSet<u32>| -> Vec<(u32, u32)> {
            let speakers = relations.iter().enumerate().filter_map(|(place, (oid, _))| {
                self.speakers.get(oid).map(|speaker| (place as u32, sorted(of(speaker))))
            });
            speakers.flat_map(|(place, others)| others.into_iter().map(move |other| (place, other))).collect()
        };
        let mut named_by: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (speaker, named) in pairs(|speaker| &speaker.names) {
            named_by.entry(named).or_default().push(speaker);
        }
        let sum = |oid: &u32| self.relations.get(oid).copied().unwrap_or_default();
        Digested {
            held,
            unknown,
            catalogs: self.catalogs,
            named_by,
            named_by_rest: sorted(&self.rest_names).into_iter().collect(),
            oids: relations.iter().map(|(oid, relation)| ((*oid).into(), relation.kind)).collect(),
            versions: relations.iter().map(|(oid, _)| sum(oid).version).collect(),
            rest_version: self.rest.version,
            digests: Digests {
                rest: self.rest.digest,
                inherits: pairs(|speaker| &speaker.inherits),
                speaks_of: pairs(|speaker| &speaker.speaks_of),
                rest_speaks_of: sorted(&self.rest_speaks_of),
                relations: relations.into_iter().map(|(oid, of)| (of.identity, sum(&oid).digest)).collect(),
            },
        }
    }

    /// What all catalogs held, even those of which nothing was read.
    fn versions(&self, membership: &Membership) -> Versions {
        let says_something = |name: &&String| !SAY_NOTHING.contains(&name.as_str());
        let here =
            membership.catalogs.iter().filter(|(name, _)| says_something(name)).map(|(_, class)| *class);
        let read = |catalog: &u32| self.held.get(catalog).or_else(|| membership.held.get(catalog)).copied();
        let mut held: Vec<(u32, Held)> = here
            .chain(SHARED)
            .map(|catalog| (catalog, read(&catalog).unwrap_or_else(|| rows::held(catalog))))
            .collect();
        held.sort_by_key(|(_, held)| held.rows);
        Versions(held)
    }
}
