//! What differs between two schemas, as typed changes.
//!
//! Objects are matched by identity and compared field by field: each comparison destructures the expected struct
//! without `..`, so a new field of the model does not compile until somebody decides how it is compared.
//!
//! Left out on purpose, everywhere:
//! - the order of a table's columns: dropping and re-adding a column moves it, and no statement puts it back. It is counted
//!   as not compared, see `in_other_order`;
//! - what a child table only has from its parent: it is compared, and healed, on the parent. Parts of a
//!   partitioned index or key are told by the partition that they are of: see `parts`;
//! - partitions that no migration knows of a partitioned table that one does: they are where its rows live, made as
//!   rows come by cron jobs and partition managers.

use std::collections::BTreeMap;

use crate::model::{
    Address, Catalog, Composite, Domain, DomainCheck, Enum, Extension, OwnedBy, Schema, Sequence, Table,
};

mod attached;
mod change;
mod columns;
mod indexes;
mod owners;
mod pair;
mod parts;
mod renamed;
mod tables;
mod text;

pub(crate) use change::relation_type;
pub use change::{Aspect, Change, Difference, Object, Owned, Privileges};
pub(crate) use indexes::{same_constraint, same_index};
pub(crate) use owners::owned;
use pair::{Pair, changed, compare, compare_validity, pairs, plain};
use renamed::Renamed;
use tables::Tables;
use text::{attributes_text, labels, nullability, numbers_text, or_default_collation, or_none, persistence};
pub(crate) use text::{count, join};

/// All changes that lead from the expected to the live schema: by kind, then by identity, whatever the lists' order.
pub fn diff<'a>(expected: &'a Catalog, live: &'a Catalog) -> Vec<Change<'a>> {
    let Catalog {
        schemas,
        extensions,
        enums,
        domains,
        composites,
        sequences,
        tables: _,
        constraints: _,
        indexes: _,
        definitions: _,
        acls: _,
        comments: _,
        // Follow from the objects, which are compared.
        dependencies: _,
        // Left out of both sides: see `unread`.
        unread: _,
    } = expected;
    let tables = Tables::of(expected, live);
    let mut changes = Vec::new();
    for pair in pairs(schemas, &live.schemas, |schema| &schema.identity) {
        changes.extend(plain(pair, Object::Schema, schema_differences));
    }
    for pair in pairs(extensions, &live.extensions, |extension| &extension.identity) {
        changes.extend(plain(pair, Object::Extension, extension_differences));
    }
    for pair in pairs(enums, &live.enums, |of| &of.identity) {
        changes.extend(plain(pair, Object::Enum, enum_differences));
        changes.extend(label_changes(pair));
    }
    for pair in pairs(domains, &live.domains, |domain| &domain.identity) {
        changes.extend(plain(pair, Object::Domain, domain_differences));
        changes.extend(domain_check_changes(pair));
    }
    for pair in pairs(composites, &live.composites, |composite| &composite.identity) {
        changes.extend(plain(pair, Object::Composite, composite_differences));
    }
    for pair in pairs(sequences, &live.sequences, |sequence| &sequence.identity) {
        if !matches!(pair, Pair::Extra(sequence) if tables.own_partition_has(sequence.owned_by.as_ref())) {
            changes.extend(plain(pair, Object::Sequence, sequence_differences));
        }
    }
    let parts = parts::changes(expected, live, &tables);
    let renamed = Renamed::among(&parts);
    changes.extend(tables.changes(&renamed));
    changes.extend(parts);
    changes.extend(attached::definition_changes(expected, live, &tables));
    changes.extend(attached::grant_changes(expected, live, &tables));
    changes.extend(attached::comment_changes(expected, live, &tables, &renamed));
    changes
}

/// Identities of tables whose columns have another order, by the names of the live columns in theirs.
pub fn in_other_order(expected: &Catalog, live: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let is_otherwise = |table: &&Table| {
        let Some(there) = live.get(&table.identity) else { return false };
        let wanted = table.columns.iter().map(|column| &column.name).filter(|name| there.contains(name));
        let is_expected = |name: &&String| table.columns.iter().any(|column| column.name == **name);
        !wanted.eq(there.iter().filter(is_expected))
    };
    expected.tables.iter().filter(is_otherwise).map(|table| table.identity.clone()).collect()
}

/// Identities of the live partitions that no migration knows, below a table that one does: no drift.
pub fn own_partitions(expected: &Catalog, live: &Catalog) -> Vec<String> {
    Tables::of(expected, live).own_partitions.into_iter().map(ToString::to_string).collect()
}

/// The changes of owners, unless somebody wants them left out.
pub fn owner_changes<'a>(expected: &'a Catalog, live: &'a Catalog) -> Vec<Change<'a>> {
    owners::changes(expected, live)
}

fn schema_differences(expected: &Schema, _live: &Schema) -> Vec<Difference> {
    let Schema { identity: _, name: _, owner: _ } = expected;
    Vec::new()
}

fn extension_differences(expected: &Extension, live: &Extension) -> Vec<Difference> {
    // Another version of it may say something else of its members. One that was named is told by `members::other_version`.
    let Extension {
        identity: _,
        name: _,
        schema,
        owner: _,
        version: _,
        named_version: _,
        members: _,
        contents: _,
    } = expected;
    let (lacking, further) = (expected.beyond(live), live.beyond(expected));
    let list = |of: &[&Address]| match of {
        [] => "no more members".to_string(),
        all => format!("also {}", join(all.iter().map(ToString::to_string))),
    };
    let members = (!lacking.is_empty() || !further.is_empty()).then(|| Difference {
        what: Aspect::Members,
        expected: list(&lacking),
        actual: list(&further),
    });
    let schema = compare(Aspect::Schema, schema, &live.schema, String::clone);
    schema.into_iter().chain(members).collect()
}

/// Of labels that both sides have only the order can differ; the others are changes of their own.
fn enum_differences(expected: &Enum, live: &Enum) -> Vec<Difference> {
    let Enum { identity: _, name: _, owner: _, labels: expected_labels } = expected;
    let common = |of: &[String], other: &[String]| -> Vec<String> {
        of.iter().filter(|label| other.contains(label)).cloned().collect()
    };
    let (expected, live) = (common(expected_labels, &live.labels), common(&live.labels, expected_labels));
    compare(Aspect::LabelOrder, &expected, &live, |of| labels(of)).into_iter().collect()
}

/// Missing labels in their order, then extra ones in theirs: each goes behind its neighbour.
fn label_changes(pair: Pair<'_, Enum>) -> Vec<Change<'_>> {
    let Pair::Both(expected, live) = pair else { return Vec::new() };
    let missing = expected.labels.iter().filter(|label| !live.labels.contains(label));
    let extra = live.labels.iter().filter(|label| !expected.labels.contains(label));
    missing
        .map(|label| Change::Missing(Object::EnumValue(expected, label)))
        .chain(extra.map(|label| Change::Extra(Object::EnumValue(live, label))))
        .collect()
}

fn domain_differences(expected: &Domain, live: &Domain) -> Vec<Difference> {
    let Domain {
        identity: _,
        name: _,
        owner: _,
        base_type,
        collation,
        default,
        not_null,
        not_null_name,
        checks: _,
    } = expected;
    [
        compare(Aspect::Type, base_type, &live.base_type, String::clone),
        compare(Aspect::Collation, collation, &live.collation, or_default_collation),
        compare(Aspect::Default, default, &live.default, or_none("default")),
        compare(Aspect::NotNull, not_null, &live.not_null, nullability),
        // A server before PostgreSQL 17 knows of no name.
        (*not_null && live.not_null && not_null_name.is_some() && live.not_null_name.is_some())
            .then(|| compare(Aspect::Name, not_null_name, &live.not_null_name, or_none("name for NOT NULL")))
            .flatten(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The checks of a domain that both sides have; those of a missing or an extra one are part of it.
fn domain_check_changes(pair: Pair<'_, Domain>) -> Vec<Change<'_>> {
    let Pair::Both(expected, live) = pair else { return Vec::new() };
    pairs(&expected.checks, &live.checks, |check| &check.identity)
        .into_iter()
        .filter_map(|pair| match pair {
            Pair::Missing(check) => Some(Change::Missing(Object::DomainConstraint(expected, check))),
            Pair::Extra(check) => Some(Change::Extra(Object::DomainConstraint(live, check))),
            Pair::Both(one, other) => changed(
                Object::DomainConstraint(expected, one),
                Object::DomainConstraint(live, other),
                domain_check_differences(one, other),
            ),
        })
        .collect()
}

fn domain_check_differences(expected: &DomainCheck, live: &DomainCheck) -> Vec<Difference> {
    let DomainCheck { identity: _, name: _, def, validated } = expected;
    [
        compare(Aspect::Definition, def, &live.def, String::clone),
        compare_validity(*validated, live.validated, "NOT VALID"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Attributes are compared in their order, which is the order of a row's text form.
fn composite_differences(expected: &Composite, live: &Composite) -> Vec<Difference> {
    let Composite { identity: _, name: _, owner: _, attributes } = expected;
    compare(Aspect::Attributes, attributes, &live.attributes, |of| attributes_text(of)).into_iter().collect()
}

fn sequence_differences(expected: &Sequence, live: &Sequence) -> Vec<Difference> {
    let Sequence { identity: _, name: _, owner: _, unlogged, numbers, owned_by } = expected;
    [
        compare(Aspect::Persistence, unlogged, &live.unlogged, persistence),
        compare(Aspect::Numbers, numbers, &live.numbers, numbers_text),
        compare(Aspect::OwnedBy, owned_by, &live.owned_by, |of| match of {
            Some(OwnedBy { table: _, column: _, identity }) => format!("owned by {identity}"),
            None => "owned by no column".to_string(),
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
