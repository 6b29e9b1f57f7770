//! Constraints and indexes of both sides, and the parts of partitioned ones: the indexes and keys of the partitions that
//! belong to it. The server makes a part with each partition and calls it what it likes, so a part is told by the whole and
//! the partition that it is of.
//!
//! What is missing or differs as a whole is told and healed there, and a partition that is in another place is told itself.

use std::collections::BTreeMap;

use crate::diff::change::{Aspect, Change, Difference, Object};
use crate::diff::indexes::{constraint_differences, index_differences};
use crate::diff::pair::{Pair, changed, compare, pairs};
use crate::diff::tables::Tables;
use crate::model::{Catalog, Constraint, ConstraintKind, Index, Name, Table};

/// The changes of constraints, then those of indexes.
pub(super) fn changes<'a>(expected: &'a Catalog, live: &'a Catalog, tables: &Tables<'a>) -> Vec<Change<'a>> {
    let parts = Parts::of(expected, live, tables);
    let constraints = pairs(&expected.constraints, &live.constraints, |constraint| &constraint.identity);
    let indexes = pairs(&expected.indexes, &live.indexes, |index| &index.identity);
    let constraints = constraints.into_iter().filter_map(|pair| parts.constraint_change(pair));
    constraints.chain(indexes.into_iter().filter_map(|pair| parts.index_change(pair))).collect()
}

/// The partitioned indexes and keys of both sides, with their parts.
pub(super) struct Parts<'t, 'a> {
    tables: &'t Tables<'a>,
    expected: Side<'a>,
    live: Side<'a>,
}

struct Side<'a> {
    indexes: BTreeMap<&'a Name, &'a Index>,
    /// By the whole and the partition.
    parts: BTreeMap<(&'a Name, &'a str), &'a Index>,
    /// By table and name.
    constraints: BTreeMap<(&'a str, &'a str), &'a Constraint>,
}

impl<'a> Side<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let part = |index: &'a Index| Some(((index.parent.as_ref()?, index.table_identity.as_str()), index));
        let constraint = |of: &'a Constraint| ((of.table_identity.as_str(), of.name.as_str()), of);
        Self {
            indexes: catalog.indexes.iter().map(|index| (&index.name, index)).collect(),
            parts: catalog.indexes.iter().filter_map(part).collect(),
            constraints: catalog.constraints.iter().map(constraint).collect(),
        }
    }

    /// The keys of a table that are made by an index, those from above or those of its own.
    fn keys(&self, table: &'a str, inherited: bool) -> impl Iterator<Item = &'a Constraint> + '_ {
        let all = self.constraints.range((table, "")..).take_while(move |((of, _), _)| *of == table);
        all.map(|(_, constraint)| *constraint)
            .filter(move |constraint| constraint.inherited == inherited && constraint.kind.is_key())
    }
}

impl ConstraintKind {
    /// Whether the server keeps it by an index.
    pub(crate) fn is_key(self) -> bool {
        match self {
            ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion => true,
            ConstraintKind::Check | ConstraintKind::Foreign => false,
        }
    }
}

/// Whether two keys are of the same columns.
fn same_key(one: &Constraint, other: &Constraint) -> bool {
    let names = |of: &Constraint| -> Vec<String> {
        let name = |column: &String| column.replacen(&of.table_identity, "", 1);
        of.columns.iter().map(name).collect()
    };
    one.kind == other.kind && names(one) == names(other)
}

impl<'t, 'a> Parts<'t, 'a> {
    pub(super) fn of(expected: &'a Catalog, live: &'a Catalog, tables: &'t Tables<'a>) -> Self {
        Parts { tables, expected: Side::of(expected), live: Side::of(live) }
    }

    fn pair(&self, table: &str) -> Option<(&'a Table, &'a Table)> {
        Some((self.tables.expected.get(table).copied()?, self.tables.live.get(table).copied()?))
    }

    /// Whether a table has its columns from the same tables on both sides.
    fn is_in_place(&self, table: &str) -> bool {
        self.pair(table).is_some_and(|(expected, live)| {
            let parent = |of: &'a Table| of.partition_of.as_ref().map(|of| &of.parent);
            parent(expected) == parent(live) && expected.inherits == live.inherits
        })
    }

    pub(super) fn index_change(&self, pair: Pair<'a, Index>) -> Option<Change<'a>> {
        match pair {
            Pair::Missing(index) => match &index.parent {
                Some(whole) => self.missing_part(index, whole),
                None => Some(Change::Missing(Object::Index(index))),
            },
            Pair::Extra(index) if self.tables.own_partitions.contains(index.table_identity.as_str()) => None,
            Pair::Extra(index) => match &index.parent {
                Some(whole) => self.extra_part(index, whole),
                None => Some(Change::Extra(Object::Index(index))),
            },
            // The partition itself has another name.
            Pair::Both(expected, live)
                if expected.parent.is_some() && live.parent.is_some() && expected.table != live.table =>
            {
                None
            }
            Pair::Both(expected, live) => {
                let mut differences = index_differences(expected, live);
                if let (Some(one), Some(other)) = (&expected.parent, &live.parent)
                    && one == other
                    && let Some(whole) = self.whole_pair(one)
                {
                    let above = index_differences(whole.0, whole.1);
                    differences.retain(|own| !above.iter().any(|above| above.what == own.what));
                }
                differences.extend(self.attachment(expected, live));
                changed(Object::Index(expected), Object::Index(live), differences)
            }
        }
    }

    fn whole_pair(&self, whole: &Name) -> Option<(&'a Index, &'a Index)> {
        Some((self.expected.indexes.get(whole).copied()?, self.live.indexes.get(whole).copied()?))
    }

    /// One that is there under another name has that difference.
    fn missing_part(&self, part: &'a Index, whole: &'a Name) -> Option<Change<'a>> {
        let table = part.table_identity.as_str();
        self.pair(table)?;
        if !self.is_in_place(table) {
            return Some(Change::Missing(Object::Index(part)));
        }
        if !self.live.indexes.contains_key(whole) {
            return None;
        }
        let Some(other) = self.live.parts.get(&(whole, table)) else {
            return Some(Change::Missing(Object::Index(part)));
        };
        let name = compare(Aspect::Name, &part.name.name, &other.name.name, String::clone);
        let differences = name.into_iter().chain(index_differences(part, other)).collect();
        changed(Object::Index(part), Object::Index(other), differences)
    }

    fn extra_part(&self, part: &'a Index, whole: &'a Name) -> Option<Change<'a>> {
        let table = part.table_identity.as_str();
        let is_told_elsewhere = !self.is_in_place(table)
            || !self.expected.indexes.contains_key(whole)
            || self.expected.parts.contains_key(&(whole, table));
        (!is_told_elsewhere).then_some(Change::Extra(Object::Index(part)))
    }

    /// How an index that both sides have belongs to another one.
    fn attachment(&self, expected: &Index, live: &Index) -> Option<Difference> {
        let is_told_elsewhere = !self.is_in_place(&expected.table_identity)
            || live.parent.as_ref().is_some_and(|whole| !self.expected.indexes.contains_key(whole))
            || expected.parent.as_ref().is_some_and(|whole| !self.live.indexes.contains_key(whole));
        let text = |whole: &Option<Name>| match whole {
            Some(whole) => format!("part of {}.{}", whole.schema, whole.name),
            None => "part of no other index".to_string(),
        };
        if is_told_elsewhere {
            return None;
        }
        compare(Aspect::Attachment, &expected.parent, &live.parent, text)
    }

    pub(super) fn constraint_change(&self, pair: Pair<'a, Constraint>) -> Option<Change<'a>> {
        match pair {
            Pair::Missing(constraint) if constraint.inherited => self.missing_from_above(constraint),
            Pair::Missing(constraint) => Some(Change::Missing(Object::Constraint(constraint))),
            Pair::Extra(constraint) => {
                let table = constraint.table_identity.as_str();
                let is_told_elsewhere = constraint.inherited || self.tables.own_partitions.contains(table);
                (!is_told_elsewhere).then_some(Change::Extra(Object::Constraint(constraint)))
            }
            Pair::Both(expected, live) => {
                let mut differences = constraint_differences(expected, live);
                if expected.inherited && live.inherited {
                    if !expected.kind.is_key() {
                        return None;
                    }
                    differences.retain(|own| !self.differs_above(expected, own.what));
                }
                changed(Object::Constraint(expected), Object::Constraint(live), differences)
            }
        }
    }

    /// What a table has from above goes with it where it is taken out; what is lost then is told of the table.
    fn missing_from_above(&self, constraint: &'a Constraint) -> Option<Change<'a>> {
        let table = constraint.table_identity.as_str();
        self.pair(table)?;
        if !self.is_in_place(table) {
            return Some(Change::Missing(Object::Constraint(constraint)));
        }
        let live = self.live.keys(table, true);
        let other = live.into_iter().find(|other| same_key(constraint, other))?;
        let name = compare(Aspect::Name, &constraint.name, &other.name, String::clone);
        let differences = name.into_iter().chain(constraint_differences(constraint, other)).collect();
        changed(Object::Constraint(constraint), Object::Constraint(other), differences)
    }

    /// Whether the key that a partition's key comes from differs in the same.
    fn differs_above(&self, key: &Constraint, what: Aspect) -> bool {
        let of =
            self.tables.expected.get(key.table_identity.as_str()).and_then(|of| of.partition_of.as_ref());
        let Some(above) = of.map(|of| of.parent.identity.as_str()) else { return false };
        let keys = [false, true].into_iter().flat_map(|inherited| self.expected.keys(above, inherited));
        keys.filter(|above| same_key(above, key)).any(|above| {
            let live = self.live.constraints.get(&(above.table_identity.as_str(), above.name.as_str()));
            live.is_none_or(|live| {
                constraint_differences(above, live).iter().any(|difference| difference.what == what)
            })
        })
    }
}
