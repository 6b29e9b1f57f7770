//! What numbers of objects stand for: an object has another number in each database, and the same name.

use std::cell::Cell;
use std::collections::hash_map::Entry;

use nself_heal_core::digest::Digest;
use rustc_hash::FxHashMap;

use crate::catalog::digest::catalogs::PG_NAMESPACE;

/// The first number that can be one of a user's object. What has a smaller one is the same in all databases.
const FIRST_OF_USERS: u32 = 16_384;

/// Whether a number can be one of a user's object.
pub fn is_users(oid: u32) -> bool {
    oid >= FIRST_OF_USERS
}

/// Objects, columns and labels of enums by their numbers.
#[derive(Default)]
pub struct Names {
    objects: FxHashMap<(u32, u32), Digest>,
    /// Nothing where two objects of different catalogs have the number.
    by_number: FxHashMap<u32, Option<Digest>>,
    schemas: FxHashMap<u32, Digest>,
    /// By relation, in the order of their numbers.
    columns: FxHashMap<u32, Vec<Option<Digest>>>,
    labels: FxHashMap<u32, Digest>,
    /// The object that was last asked for.
    last: Cell<((u32, u32), Digest)>,
}

impl Names {
    pub fn add(&mut self, class: u32, oid: u32, name: Digest) {
        self.objects.insert((class, oid), name);
        match self.by_number.entry(oid) {
            Entry::Vacant(entry) => drop(entry.insert(Some(name))),
            Entry::Occupied(mut entry) => drop(entry.insert(None)),
        }
    }

    /// What belongs to an extension is not the same as what has the same name and does not: who needs it needs the
    /// extension.
    pub fn of_member_if(is_member: bool, mut name: Digest) -> Digest {
        if is_member {
            name.add(Digest(1));
        }
        name
    }

    /// Schemas are known by name, also those that every database has: they may have been made anew.
    pub fn add_schema(&mut self, oid: u32, name: Digest) {
        self.schemas.insert(oid, name);
    }

    /// What is in a schema.
    pub fn in_schema(&self, schema: u32, name: &[u8]) -> Digest {
        Self::within(self.object(PG_NAMESPACE, schema), name)
    }

    /// A name, which has at most 64 bytes, within something.
    fn within(whole: Digest, name: &[u8]) -> Digest {
        let mut text = [0; 80];
        let (first, second) = text.split_at_mut(16);
        first.copy_from_slice(&whole.0.to_ne_bytes());
        second[..name.len()].copy_from_slice(name);
        Digest::of(&text)
    }

    /// `relation_name` is that of the relation.
    pub fn add_column(&mut self, relation: u32, relation_name: Digest, number: i16, name: &[u8]) {
        let Ok(place) = usize::try_from(number - 1) else { return };
        let columns = self.columns.entry(relation).or_default();
        if columns.len() <= place {
            columns.resize(place + 1, None);
        }
        columns[place] = Some(Self::within(relation_name, name));
    }

    pub fn add_label(&mut self, oid: u32, name: Digest) {
        self.labels.insert(oid, name);
    }

    /// An object. One that is not known stays its number, which is another one in every database: it differs.
    pub fn object(&self, class: u32, oid: u32) -> Digest {
        let known = match class {
            _ if class == PG_NAMESPACE => self.schemas.get(&oid).copied(),
            _ if !is_users(oid) => None,
            _ => match self.last.get() {
                // Rows that lie together speak of the same object.
                (last, name) if last == (class, oid) => Some(name),
                _ => {
                    let name = self.objects.get(&(class, oid)).copied();
                    name.inspect(|name| self.last.set(((class, oid), *name)))
                }
            },
        };
        known.unwrap_or(Digest(u128::from(oid)))
    }

    /// A column; of no relation that is known, its number.
    pub fn column(&self, relation: u32, number: i16) -> Digest {
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let known = place.and_then(|place| *self.columns.get(&relation)?.get(place)?);
        known.unwrap_or(Digest(u128::from(number as u16)))
    }

    pub fn by_number(&self, oid: u32) -> Option<Digest> {
        self.by_number.get(&oid).copied().flatten()
    }

    pub fn label(&self, oid: u32) -> Option<Digest> {
        self.labels.get(&oid).copied()
    }
}
