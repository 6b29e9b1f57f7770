//! Tables of both sides: which of them differ, and which are partitions that no migration knows.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use crate::diff::change::{Aspect, Change, Difference, Object};
use crate::diff::columns::column_pair_changes;
use crate::diff::pair::{Pair, changed, compare, pairs};
use crate::diff::renamed::Renamed;
use crate::diff::text::{
    foreign_text, list_or, or_none, parents_text, partition_key_text, partition_text, persistence,
    replica_text, row_type_text,
};
use crate::model::{Catalog, Name, OwnedBy, Parent, PartitionOf, Table};

/// The tables of both sides, to look up parents in.
pub(super) struct Tables<'a> {
    pub(super) expected: BTreeMap<&'a str, &'a Table>,
    pub(super) live: BTreeMap<&'a str, &'a Table>,
    /// Identities of live partitions that no migration knows, below a table that one does.
    pub(super) own_partitions: BTreeSet<&'a str>,
    /// The live indexes, those of constraints among them.
    live_indexes: BTreeSet<(&'a Name, &'a str)>,
    /// The domains of both sides, and whether one of the sides gives them a default.
    domains: BTreeMap<&'a str, bool>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(expected: &'a Catalog, live: &'a Catalog) -> Self {
        let by_identity = |catalog: &'a Catalog| {
            catalog.tables.iter().map(|table| (table.identity.as_str(), table)).collect()
        };
        let mut tables = Tables {
            expected: by_identity(expected),
            live: by_identity(live),
            own_partitions: BTreeSet::new(),
            live_indexes: (live.indexes.iter().map(|index| (&index.table, index.name.name.as_str())))
                .chain(
                    live.constraints.iter().map(|constraint| (&constraint.table, constraint.name.as_str())),
                )
                .collect(),
            domains: BTreeMap::new(),
        };
        for domain in expected.domains.iter().chain(&live.domains) {
            *tables.domains.entry(&domain.identity).or_default() |= domain.default.is_some();
        }
        tables.own_partitions = tables
            .live
            .values()
            .filter(|table| tables.is_own_partition(table))
            .map(|table| &*table.identity)
            .collect();
        tables
    }

    fn is_own_partition(&self, table: &Table) -> bool {
        let Some(PartitionOf { parent, bound: _ }) = &table.partition_of else { return false };
        !self.expected.contains_key(table.identity.as_str())
            && (self.expected.contains_key(parent.identity.as_str())
                || self
                    .live
                    .get(parent.identity.as_str())
                    .is_some_and(|parent| self.is_own_partition(parent)))
    }

    pub(super) fn own_partition_has(&self, owned_by: Option<&OwnedBy>) -> bool {
        owned_by.is_some_and(|owner| {
            self.own_partitions.iter().any(|partition| self.live[partition].name == owner.table)
        })
    }

    pub(super) fn changes(&self, renamed: &Renamed<'a>) -> Vec<Change<'a>> {
        let identities: BTreeSet<&str> = self.expected.keys().chain(self.live.keys()).copied().collect();
        let mut changes = Vec::new();
        for identity in identities {
            match (self.expected.get(identity), self.live.get(identity)) {
                (Some(table), None) => changes.push(Change::Missing(Object::Table(table))),
                (None, Some(_)) if self.own_partitions.contains(identity) => {}
                (None, Some(table)) => changes.push(Change::Extra(Object::Table(table))),
                (Some(expected), Some(live)) => {
                    let mut differences = table_differences(expected, live, renamed);
                    differences.retain(|difference| {
                        !self.comes_with_index(difference.what, expected, live, renamed)
                    });
                    changes.extend(changed(Object::Table(expected), Object::Table(live), differences));
                    changes.extend(row_security_changes(expected, live));
                    changes.extend(self.column_changes(expected, live));
                }
                (None, None) => {}
            }
        }
        changes
    }

    /// A mark that a table has on one of its indexes is made together with that index, unless another index has it.
    fn comes_with_index(&self, what: Aspect, table: &Table, live: &Table, renamed: &Renamed) -> bool {
        let (index, other) = match what {
            Aspect::ReplicaIdentity => (&table.replica_index, &live.replica_index),
            Aspect::ClusterMark => (&table.clustered_on, &live.clustered_on),
            _ => return false,
        };
        let is_free = other.is_none();
        let is_there = |index: &String| {
            self.live_indexes.contains(&(&table.name, index.as_str()))
                || renamed.has_index(&table.identity, index)
        };
        is_free && index.as_ref().is_some_and(|index| !is_there(index))
    }

    fn column_changes(&self, expected: &'a Table, live: &'a Table) -> Vec<Change<'a>> {
        let mut changes = Vec::new();
        let pairs = pairs(&expected.columns, &live.columns, |column| &column.identity);
        let missing: BTreeSet<&str> = pairs
            .iter()
            .filter_map(|pair| match pair {
                Pair::Missing(column) => Some(column.identity.as_str()),
                Pair::Both(..) | Pair::Extra(_) => None,
            })
            .collect();
        // Made anew, they come in the order in which the migrations have them, and not by name.
        let mut in_order =
            expected.columns.iter().filter(|column| missing.contains(column.identity.as_str()));
        for pair in pairs {
            let pair = match pair {
                Pair::Missing(column) => Pair::Missing(in_order.next().unwrap_or(column)),
                Pair::Both(..) | Pair::Extra(_) => pair,
            };
            match pair {
                Pair::Missing(column) if column.inherited => {}
                Pair::Extra(column) if column.inherited => {}
                Pair::Missing(column) => changes.push(Change::Missing(Object::Column(expected, column))),
                Pair::Extra(column) => changes.push(Change::Extra(Object::Column(live, column))),
                Pair::Both(one, other) => {
                    let mut found = column_pair_changes((expected, one), (live, other));
                    found.retain(|change| !self.is_of_no_default(change));
                    if one.inherited && other.inherited {
                        let above = self.parent_column_changes(expected, &one.name);
                        found.retain(|change| !above.iter().any(|other| same_sort(change, other)));
                    }
                    changes.extend(found);
                }
            }
        }
        changes
    }

    /// Whether only one side says that a column of a domain has NULL as its default, and the domain has none of its own.
    fn is_of_no_default(&self, change: &Change) -> bool {
        match change {
            Change::Missing(Object::Default(_, column)) | Change::Extra(Object::Default(_, column)) => {
                column.default.as_ref().is_some_and(|default| default.starts_with("NULL::"))
                    && self.domains.get(column.type_name.as_str()) == Some(&false)
            }
            _ => false,
        }
    }

    /// How the columns differ that a child's column comes from: what is the same there is healed there.
    fn parent_column_changes(&self, child: &Table, name: &str) -> Vec<Change<'a>> {
        let parents =
            child.inherits.iter().chain(child.partition_of.iter().map(|partition| &partition.parent));
        let column = |table: &&'a Table| {
            let table: &'a Table = table;
            table.columns.iter().find(|column| column.name == name).map(|column| (table, column))
        };
        parents
            .filter_map(|Parent { identity, name: _ }| {
                let expected = self.expected.get(identity.as_str()).and_then(column)?;
                let live = self.live.get(identity.as_str()).and_then(column)?;
                Some(column_pair_changes(expected, live))
            })
            .flatten()
            .collect()
    }
}

/// Whether two changes say the same of two columns.
fn same_sort(one: &Change, other: &Change) -> bool {
    discriminant(one) == discriminant(other) && discriminant(&one.object()) == discriminant(&other.object())
}

fn table_differences(expected: &Table, live: &Table, renamed: &Renamed) -> Vec<Difference> {
    let index = |index: &Option<String>| renamed.index(&live.identity, index);
    let Table {
        identity: _,
        name: _,
        owner: _,
        unlogged,
        foreign,
        access_method,
        tablespace,
        parameters,
        replica_identity,
        replica_index,
        clustered_on,
        // Objects of their own: see `row_security_changes`.
        row_security: _,
        force_row_security: _,
        partition_key,
        partition_of,
        // Follows from the bound.
        partition_condition: _,
        inherits,
        of_type,
        columns: _,
    } = expected;
    [
        compare(Aspect::Persistence, unlogged, &live.unlogged, persistence),
        compare(Aspect::Foreign, foreign, &live.foreign, foreign_text),
        compare(Aspect::AccessMethod, access_method, &live.access_method, or_none("other than the default")),
        compare(Aspect::Tablespace, tablespace, &live.tablespace, or_none("other than the default")),
        compare(Aspect::Parameters, parameters, &live.parameters, list_or("no storage parameters")),
        compare(
            Aspect::ReplicaIdentity,
            &(*replica_identity, replica_index.clone()),
            &(live.replica_identity, index(&live.replica_index)),
            replica_text,
        ),
        compare(Aspect::ClusterMark, clustered_on, &index(&live.clustered_on), or_none("cluster mark")),
        compare(Aspect::PartitionKey, partition_key, &live.partition_key, partition_key_text),
        compare(Aspect::Partition, partition_of, &live.partition_of, partition_text),
        compare(Aspect::Parents, inherits, &live.inherits, |parents| parents_text(parents)),
        compare(Aspect::RowType, of_type, &live.of_type, row_type_text),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether policies hold is a fact of its own: where it is gone, rows lie open.
fn row_security_changes<'a>(expected: &'a Table, live: &'a Table) -> Vec<Change<'a>> {
    let on_or_off = |object: fn(&'a Table) -> Object<'a>, wanted: bool, there: bool| match (wanted, there) {
        (true, false) => Some(Change::Missing(object(expected))),
        (false, true) => Some(Change::Extra(object(live))),
        (true, true) | (false, false) => None,
    };
    [
        on_or_off(Object::RowSecurity, expected.row_security, live.row_security),
        on_or_off(Object::ForcedRowSecurity, expected.force_row_security, live.force_row_security),
    ]
    .into_iter()
    .flatten()
    .collect()
}
