//! What differs between two schemas, as typed changes.
//!
//! Objects are matched by identity and compared field by field: each comparison destructures the expected struct
//! without `..`, so a new field of the model does not compile until somebody decides how it is compared.
//!
//! Left out on purpose, everywhere:
//! - the order of a table's columns: dropping and re-adding a column moves it, and nothing depends on it;
//! - what a child table only has from its parent: it is compared, and healed, on the parent. That goes for the parts of
//!   a partitioned index or key too, whose names the server chose;
//! - partitions that no migration knows of a partitioned table that one does: they are where its rows live, made as
//!   rows come by cron jobs and partition managers.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use crate::model::{
    Address, Catalog, Column, Comment, Composite, Constraint, ConstraintKind, Definition, Domain,
    DomainCheck, Enum, Extension, Foreign, Index, Name, NotNull, OwnedBy, Parent, PartitionOf, RelationType,
    ReplicaIdentity, Schema, Sequence, Table,
};
use crate::quote::bare_literal;

mod attached;
mod owners;
mod text;

pub(crate) use attached::Privileges;
pub(crate) use owners::{Owned, owned};
use text::*;
pub(crate) use text::{count, join};

/// One difference between the expected and the live schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<'a> {
    /// Expected, but not live.
    Missing(Object<'a>),
    /// Live, but not expected.
    Extra(Object<'a>),
    /// In both, but not the same.
    Changed { expected: Object<'a>, live: Object<'a>, differences: Vec<Difference> },
}

/// A thing that can be missing, extra or changed, with what it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Object<'a> {
    Schema(&'a Schema),
    Extension(&'a Extension),
    Enum(&'a Enum),
    EnumValue(&'a Enum, &'a str),
    Domain(&'a Domain),
    DomainConstraint(&'a Domain, &'a DomainCheck),
    Composite(&'a Composite),
    Sequence(&'a Sequence),
    Table(&'a Table),
    Column(&'a Table, &'a Column),
    Default(&'a Table, &'a Column),
    NotNull(&'a Table, &'a Column),
    Constraint(&'a Constraint),
    Index(&'a Index),
    Definition(&'a Definition),
    /// That policies hold for everybody but the table's owner.
    RowSecurity(&'a Table),
    /// That they hold for the owner, too.
    ForcedRowSecurity(&'a Table),
    Grant(Privileges<'a>),
    Comment(&'a Comment),
    /// Whom an object belongs to.
    Owner(Owned<'a>),
}

/// One respect in which an object differs, with both sides as people read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub what: Aspect,
    pub expected: String,
    pub actual: String,
}

/// A respect in which two objects of one identity can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    Schema,
    LabelOrder,
    Type,
    Collation,
    Default,
    NotNull,
    Attributes,
    Persistence,
    Numbers,
    OwnedBy,
    PartitionKey,
    Partition,
    Parents,
    RowType,
    Identity,
    Generated,
    Table,
    Definition,
    Validity,
    Foreign,
    AccessMethod,
    Tablespace,
    Parameters,
    ReplicaIdentity,
    ClusterMark,
    Storage,
    Compression,
    Statistics,
    Options,
    FdwOptions,
    Name,
    NoInherit,
    State,
    Text,
    Owner,
}

impl Aspect {
    /// The aspect as a noun.
    pub fn as_str(self) -> &'static str {
        match self {
            Aspect::Schema => "schema",
            Aspect::LabelOrder => "order of labels",
            Aspect::Type => "type",
            Aspect::Collation => "collation",
            Aspect::Default => "default",
            Aspect::NotNull => "not null",
            Aspect::Attributes => "list of attributes",
            Aspect::Persistence => "persistence",
            Aspect::Numbers => "numbering",
            Aspect::OwnedBy => "owning column",
            Aspect::PartitionKey => "partition key",
            Aspect::Partition => "place among the partitions",
            Aspect::Parents => "inheritance",
            Aspect::RowType => "row type",
            Aspect::Identity => "identity",
            Aspect::Generated => "generation expression",
            Aspect::Table => "table",
            Aspect::Definition => "definition",
            Aspect::Validity => "validity",
            Aspect::Foreign => "foreign server",
            Aspect::AccessMethod => "access method",
            Aspect::Tablespace => "tablespace",
            Aspect::Parameters => "storage parameters",
            Aspect::ReplicaIdentity => "replica identity",
            Aspect::ClusterMark => "cluster mark",
            Aspect::Storage => "storage",
            Aspect::Compression => "compression",
            Aspect::Statistics => "statistics target",
            Aspect::Options => "options",
            Aspect::FdwOptions => "foreign-data options",
            Aspect::Name => "name",
            Aspect::NoInherit => "inheritance by children",
            Aspect::State => "state",
            Aspect::Text => "text",
            Aspect::Owner => "owner",
        }
    }
}

impl<'a> Change<'a> {
    /// The expected object, or the live one where nothing is expected.
    pub fn object(&self) -> Object<'a> {
        match self {
            Change::Missing(object) | Change::Extra(object) | Change::Changed { expected: object, .. } => {
                *object
            }
        }
    }
}

impl Object<'_> {
    /// The word that `pg_identify_object` has for such an object, where it has one.
    pub fn object_type(&self) -> &'static str {
        match self {
            Object::Schema(_) => "schema",
            Object::Extension(_) => "extension",
            Object::Enum(_) | Object::Domain(_) | Object::Composite(_) => "type",
            Object::EnumValue(..) => "enum value",
            Object::DomainConstraint(..) => "domain constraint",
            Object::Sequence(_) => "sequence",
            Object::Table(table) => relation_type(table),
            Object::Column(table, _) if table.foreign.is_some() => "foreign table column",
            Object::Column(..) => "table column",
            Object::Default(..) => "default value",
            Object::NotNull(..) => "not null",
            Object::Constraint(_) => "table constraint",
            Object::Index(_) => "index",
            Object::Definition(definition) => definition.kind.as_str(),
            Object::RowSecurity(_) => "row security",
            Object::ForcedRowSecurity(_) => "forced row security",
            Object::Grant(_) => "grant",
            Object::Comment(_) => "comment",
            Object::Owner(_) => "owner",
        }
    }

    /// What `pg_identify_object` calls the object, where it knows such objects.
    pub fn identity(&self) -> String {
        match self {
            Object::Schema(schema) => schema.identity.clone(),
            Object::Extension(extension) => extension.identity.clone(),
            Object::Enum(of) => of.identity.clone(),
            Object::EnumValue(of, label) => format!("{} {}", of.identity, bare_literal(label)),
            Object::Domain(domain) => domain.identity.clone(),
            Object::DomainConstraint(_, check) => check.identity.clone(),
            Object::Composite(composite) => composite.identity.clone(),
            Object::Sequence(sequence) => sequence.identity.clone(),
            Object::Table(table) => table.identity.clone(),
            Object::Column(_, column) | Object::NotNull(_, column) => column.identity.clone(),
            Object::Default(_, column) => format!("for {}", column.identity),
            Object::Constraint(constraint) => constraint.identity.clone(),
            Object::Index(index) => index.identity.clone(),
            Object::Definition(definition) => definition.identity.clone(),
            Object::RowSecurity(table) | Object::ForcedRowSecurity(table) => table.identity.clone(),
            Object::Grant(privileges) => privileges.identity(),
            Object::Comment(comment) => format!("{} {}", comment.object_type, comment.identity),
            Object::Owner(owned) => format!("{} {}", owned.object_type, owned.identity),
        }
    }

    pub fn address(&self) -> Address {
        Address { object_type: self.object_type().to_string(), identity: self.identity() }
    }

    /// What the object is, in a few words; nothing where its name says it all.
    pub fn summary(&self) -> Option<String> {
        match self {
            Object::Schema(_) => None,
            Object::Extension(extension) => Some(format!("in schema {}", extension.schema)),
            Object::Enum(of) => Some(labels(&of.labels)),
            Object::EnumValue(_, label) => Some((*label).to_string()),
            Object::Domain(domain) => Some(domain_text(domain)),
            Object::DomainConstraint(_, check) => Some(with_validity(&check.def, check.validated)),
            Object::Composite(composite) => Some(attributes_text(&composite.attributes)),
            Object::Sequence(sequence) => Some(sequence.numbers.data_type.clone()),
            Object::Table(table) => Some(count(table.columns.len(), "column")),
            Object::Column(_, column) => Some(column_text(column)),
            Object::Default(_, column) => column.default.clone(),
            Object::NotNull(..) => Some("NOT NULL".to_string()),
            Object::Constraint(constraint) => Some(with_validity(&constraint.def, constraint.validated)),
            Object::Index(index) => Some(index.def.clone()),
            Object::Definition(definition) => Some(definition_text(definition)),
            Object::RowSecurity(_) => Some("enabled".to_string()),
            Object::ForcedRowSecurity(_) => Some("forced".to_string()),
            Object::Grant(privileges) => Some(privileges.text()),
            Object::Comment(comment) => Some(comment.text.clone()),
            Object::Owner(owned) => Some(owned.owner.to_string()),
        }
    }
}

/// The word for a table, by where its rows are.
pub(crate) fn relation_type(table: &Table) -> &'static str {
    match table.foreign {
        Some(_) => RelationType::ForeignTable.as_str(),
        None => RelationType::Table.as_str(),
    }
}

impl RelationType {
    /// The word that `pg_identify_object` has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RelationType::Table => "table",
            RelationType::ForeignTable => "foreign table",
            RelationType::MaterializedView => "materialized view",
        }
    }
}

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
    changes.extend(tables.changes());
    changes.extend(constraint_changes(expected, live, &tables));
    changes.extend(index_changes(expected, live, &tables));
    changes.extend(attached::definition_changes(expected, live, &tables));
    changes.extend(attached::grant_changes(expected, live, &tables));
    changes.extend(attached::comment_changes(expected, live, &tables));
    changes
}

/// Identities of the live partitions that no migration knows, below a table that one does: no drift.
pub fn own_partitions(expected: &Catalog, live: &Catalog) -> Vec<String> {
    Tables::of(expected, live).own_partitions.into_iter().map(ToString::to_string).collect()
}

/// The changes of owners, unless somebody wants them left out.
pub fn owner_changes<'a>(expected: &'a Catalog, live: &'a Catalog) -> Vec<Change<'a>> {
    owners::changes(expected, live)
}

/// One identity with what each side has under it.
enum Pair<'a, T> {
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
fn pairs<'a, T, K: Ord + Copy>(
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
fn plain<'a, T>(
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
fn changed<'a>(expected: Object<'a>, live: Object<'a>, differences: Vec<Difference>) -> Option<Change<'a>> {
    (!differences.is_empty()).then_some(Change::Changed { expected, live, differences })
}

/// The difference, if any, in one aspect.
fn compare<T: PartialEq>(
    what: Aspect,
    expected: &T,
    live: &T,
    say: impl Fn(&T) -> String,
) -> Option<Difference> {
    (expected != live).then(|| Difference { what, expected: say(expected), actual: say(live) })
}

/// A weaker state than the expected one is a difference; a stronger one (valid, where NOT VALID was asked) is not.
fn compare_validity(expected: bool, live: bool, invalid: &str) -> Option<Difference> {
    (expected && !live).then(|| Difference {
        what: Aspect::Validity,
        expected: "valid".to_string(),
        actual: invalid.to_string(),
    })
}

fn schema_differences(expected: &Schema, _live: &Schema) -> Vec<Difference> {
    let Schema { identity: _, name: _, owner: _ } = expected;
    Vec::new()
}

fn extension_differences(expected: &Extension, live: &Extension) -> Vec<Difference> {
    // Another version of it may say something else of its members.
    let Extension { identity: _, name: _, schema, owner: _, members: _ } = expected;
    compare(Aspect::Schema, schema, &live.schema, String::clone).into_iter().collect()
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
        compare(Aspect::Collation, collation, &live.collation, or_none("collation")),
        compare(Aspect::Default, default, &live.default, or_none("default")),
        compare(Aspect::NotNull, not_null, &live.not_null, nullability),
        (*not_null && live.not_null)
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

/// The tables of both sides, to look up parents in.
struct Tables<'a> {
    expected: BTreeMap<&'a str, &'a Table>,
    live: BTreeMap<&'a str, &'a Table>,
    /// Identities of live partitions that no migration knows, below a table that one does.
    own_partitions: BTreeSet<&'a str>,
    /// The live indexes, those of constraints among them.
    live_indexes: BTreeSet<(&'a Name, &'a str)>,
}

impl<'a> Tables<'a> {
    fn of(expected: &'a Catalog, live: &'a Catalog) -> Self {
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
        };
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

    fn own_partition_has(&self, owned_by: Option<&OwnedBy>) -> bool {
        owned_by.is_some_and(|owner| {
            self.own_partitions.iter().any(|partition| self.live[partition].name == owner.table)
        })
    }

    fn changes(&self) -> Vec<Change<'a>> {
        let identities: BTreeSet<&str> = self.expected.keys().chain(self.live.keys()).copied().collect();
        let mut changes = Vec::new();
        for identity in identities {
            match (self.expected.get(identity), self.live.get(identity)) {
                (Some(table), None) => changes.push(Change::Missing(Object::Table(table))),
                (None, Some(_)) if self.own_partitions.contains(identity) => {}
                (None, Some(table)) => changes.push(Change::Extra(Object::Table(table))),
                (Some(expected), Some(live)) => {
                    let mut differences = table_differences(expected, live);
                    differences.retain(|difference| !self.comes_with_index(difference.what, expected, live));
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
    fn comes_with_index(&self, what: Aspect, table: &Table, live: &Table) -> bool {
        let (index, other) = match what {
            Aspect::ReplicaIdentity => (&table.replica_index, &live.replica_index),
            Aspect::ClusterMark => (&table.clustered_on, &live.clustered_on),
            _ => return false,
        };
        let is_free = other.is_none();
        is_free
            && index.as_ref().is_some_and(|index| !self.live_indexes.contains(&(&table.name, index.as_str())))
    }

    fn column_changes(&self, expected: &'a Table, live: &'a Table) -> Vec<Change<'a>> {
        let mut changes = Vec::new();
        for pair in pairs(&expected.columns, &live.columns, |column| &column.identity) {
            match pair {
                Pair::Missing(column) if column.inherited => {}
                Pair::Extra(column) if column.inherited => {}
                Pair::Missing(column) => changes.push(Change::Missing(Object::Column(expected, column))),
                Pair::Extra(column) => changes.push(Change::Extra(Object::Column(live, column))),
                Pair::Both(one, other) => {
                    let mut found = column_pair_changes((expected, one), (live, other));
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

fn table_differences(expected: &Table, live: &Table) -> Vec<Difference> {
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
        inherits,
        of_type,
        columns: _,
    } = expected;
    let replica = |(identity, index): &(ReplicaIdentity, Option<String>)| match (identity, index) {
        (ReplicaIdentity::Default, _) => "default".to_string(),
        (ReplicaIdentity::Nothing, _) => "nothing".to_string(),
        (ReplicaIdentity::Full, _) => "full".to_string(),
        (ReplicaIdentity::Index, Some(index)) => format!("index {index}"),
        (ReplicaIdentity::Index, None) => "an index that is gone".to_string(),
    };
    [
        compare(Aspect::Persistence, unlogged, &live.unlogged, persistence),
        compare(Aspect::Foreign, foreign, &live.foreign, |of| match of {
            Some(Foreign { server, options }) => {
                format!("on server {server} with {}", list_or("no options")(options))
            }
            None => "not foreign".to_string(),
        }),
        compare(Aspect::AccessMethod, access_method, &live.access_method, or_none("other than the default")),
        compare(Aspect::Tablespace, tablespace, &live.tablespace, or_none("other than the default")),
        compare(Aspect::Parameters, parameters, &live.parameters, list_or("no storage parameters")),
        compare(
            Aspect::ReplicaIdentity,
            &(*replica_identity, replica_index.clone()),
            &(live.replica_identity, live.replica_index.clone()),
            replica,
        ),
        compare(Aspect::ClusterMark, clustered_on, &live.clustered_on, or_none("cluster mark")),
        compare(Aspect::PartitionKey, partition_key, &live.partition_key, |key| match key {
            Some(key) => format!("partitioned by {key}"),
            None => "not partitioned".to_string(),
        }),
        compare(Aspect::Partition, partition_of, &live.partition_of, |of| match of {
            Some(PartitionOf { parent, bound }) => format!("partition of {} {bound}", parent.identity),
            None => "no partition".to_string(),
        }),
        compare(Aspect::Parents, inherits, &live.inherits, |parents| match parents.as_slice() {
            [] => "no parents".to_string(),
            parents => format!("inherits {}", join(parents.iter().map(|parent| parent.identity.clone()))),
        }),
        compare(Aspect::RowType, of_type, &live.of_type, |of| match of {
            Some(name) => format!("of type {name}"),
            None => "of no type".to_string(),
        }),
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

/// How a column differs that both sides have: in itself, in its default, in NOT NULL.
fn column_pair_changes<'a>(
    (expected_table, expected): (&'a Table, &'a Column),
    (live_table, live): (&'a Table, &'a Column),
) -> Vec<Change<'a>> {
    let Column {
        identity: _,
        name: _,
        type_name,
        collation,
        default,
        not_null,
        identity_column,
        generated,
        // Follows from the parents, which are compared.
        inherited: _,
        // Follows from the type.
        constrained_domain: _,
        frozen,
        // Follow from the default.
        sequences: _,
        storage,
        compression,
        statistics,
        options,
        fdw_options,
    } = expected;
    // A column is filled by a default or by a generation, and the one cannot be set while the other is there.
    let same_filling = identity_column.is_some() == live.identity_column.is_some()
        && generated.is_some() == live.generated.is_some();
    let differences = [
        compare(Aspect::Type, type_name, &live.type_name, String::clone),
        compare(Aspect::Collation, collation, &live.collation, or_none("collation")),
        compare(Aspect::Identity, identity_column, &live.identity_column, identity_text),
        compare(Aspect::Generated, generated, &live.generated, generated_text),
        (!same_filling)
            .then(|| compare(Aspect::Default, default, &live.default, or_none("default")))
            .flatten(),
        compare(Aspect::Storage, storage, &live.storage, or_none("storage other than the type's")),
        compare(Aspect::Compression, compression, &live.compression, or_none("compression of its own")),
        compare(Aspect::Statistics, statistics, &live.statistics, |target| match target {
            Some(target) => format!("statistics target {target}"),
            None => "the default statistics target".to_string(),
        }),
        compare(Aspect::Options, options, &live.options, list_or("no options")),
        compare(Aspect::FdwOptions, fdw_options, &live.fdw_options, list_or("no options")),
    ];
    let mut changes = Vec::new();
    changes.extend(changed(
        Object::Column(expected_table, expected),
        Object::Column(live_table, live),
        differences.into_iter().flatten().collect(),
    ));
    if same_filling {
        let (one, other) = (Object::Default(expected_table, expected), Object::Default(live_table, live));
        match (default, &live.default) {
            (Some(_), None) => changes.push(Change::Missing(one)),
            (None, Some(_)) => changes.push(Change::Extra(other)),
            // Each time that such a migration runs it sets another moment.
            (Some(_), Some(there)) if *frozen && there.starts_with('\'') => {}
            (Some(_), Some(_)) => {
                let difference = compare(Aspect::Default, default, &live.default, or_none("default"));
                changes.extend(changed(one, other, difference.into_iter().collect()));
            }
            (None, None) => {}
        }
    }
    match (not_null, &live.not_null) {
        (Some(_), None) => changes.push(Change::Missing(Object::NotNull(expected_table, expected))),
        (None, Some(_)) => changes.push(Change::Extra(Object::NotNull(live_table, live))),
        (Some(one), Some(other)) => changes.extend(changed(
            Object::NotNull(expected_table, expected),
            Object::NotNull(live_table, live),
            not_null_differences(one, other),
        )),
        (None, None) => {}
    }
    changes
}

fn not_null_differences(expected: &NotNull, live: &NotNull) -> Vec<Difference> {
    let NotNull { name, validated, no_inherit } = expected;
    [
        (*name != live.name).then(|| Difference {
            what: Aspect::Name,
            expected: not_null_name(expected),
            actual: not_null_name(live),
        }),
        compare_validity(*validated, live.validated, "NOT VALID"),
        compare(Aspect::NoInherit, no_inherit, &live.no_inherit, |no_inherit| {
            if *no_inherit { "NO INHERIT" } else { "inherited" }.to_string()
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn constraint_changes<'a>(expected: &'a Catalog, live: &'a Catalog, tables: &Tables<'a>) -> Vec<Change<'a>> {
    pairs(&expected.constraints, &live.constraints, |constraint| &constraint.identity)
        .into_iter()
        .filter(|pair| match pair {
            Pair::Missing(constraint) => !constraint.inherited,
            Pair::Extra(constraint) => {
                !constraint.inherited && !tables.own_partitions.contains(constraint.table_identity.as_str())
            }
            Pair::Both(expected, live) => !(expected.inherited && live.inherited),
        })
        .filter_map(|pair| plain(pair, Object::Constraint, constraint_differences))
        .collect()
}

fn constraint_differences(expected: &Constraint, live: &Constraint) -> Vec<Difference> {
    let Constraint {
        // Names the constraint and its table.
        identity: _,
        name: _,
        table: _,
        table_identity: _,
        table_type: _,
        kind,
        def,
        validated,
        // Whether it came from a parent or was declared here, it says the same.
        inherited: _,
        // Parts of the definition, for the queries that look for rows in the way.
        columns: _,
        expression: _,
        key: _,
        references: _,
    } = expected;
    [
        compare(Aspect::Definition, &(kind, def), &(&live.kind, &live.def), |(_, def)| def.to_string()),
        compare_validity(*validated, live.validated, "NOT VALID"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn index_changes<'a>(expected: &'a Catalog, live: &'a Catalog, tables: &Tables<'a>) -> Vec<Change<'a>> {
    pairs(&expected.indexes, &live.indexes, |index| &index.identity)
        .into_iter()
        .filter(|pair| match pair {
            Pair::Missing(index) => index.parent.is_none(),
            Pair::Extra(index) => {
                index.parent.is_none() && !tables.own_partitions.contains(index.table_identity.as_str())
            }
            Pair::Both(expected, live) => expected.parent.is_none() || live.parent.is_none(),
        })
        .filter_map(|pair| plain(pair, Object::Index, index_differences))
        .collect()
}

fn index_differences(expected: &Index, live: &Index) -> Vec<Difference> {
    let same_definition = same_index(expected, live);
    let Index {
        identity: _,
        name: _,
        owner: _,
        table: _,
        table_identity,
        table_type: _,
        more,
        // The parts say the same without depending on how an expression is printed; see `same_index`.
        def,
        unique: _,
        nulls_not_distinct: _,
        parts: _,
        predicate: _,
        valid,
        // Attached to a parent or declared here, it is the same index.
        parent: _,
        // Follow from the parts.
        columns: _,
    } = expected;
    [
        compare(Aspect::Table, table_identity, &live.table_identity, String::clone),
        (!same_definition).then(|| Difference {
            what: Aspect::Definition,
            expected: def.clone(),
            actual: live.def.clone(),
        }),
        compare(Aspect::Statistics, more, &live.more, list_or("the default statistics targets")),
        compare_validity(*valid, live.valid, "INVALID"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether two indexes do the same for their table, whatever they are called.
pub(crate) fn same_index(one: &Index, other: &Index) -> bool {
    one.unique == other.unique && one.body() == other.body()
}

impl Index {
    /// The definition without the index's name and its table's.
    pub(crate) fn body(&self) -> &str {
        let table = format!(" ON {} ", self.table_identity);
        self.def.split_once(&table).map_or(&self.def, |(_, body)| body)
    }

    /// The body with a place holder for each expression: what else it says.
    pub(crate) fn shape(&self) -> String {
        let mut rest = self.body();
        let mut shape = String::new();
        // Names of columns stay: they are no expressions.
        let expressions = self.parts.iter().filter(|part| part.contains('('));
        let predicate = self.predicate.iter().map(|predicate| format!(" WHERE {predicate}"));
        for text in expressions.cloned().chain(predicate) {
            if let Some((before, after)) = rest.split_once(&text) {
                shape.push_str(before);
                shape.push('$');
                rest = after;
            }
        }
        shape.push_str(rest);
        shape
    }
}

/// Whether two constraints do the same for their table, whatever they are called.
pub(crate) fn same_constraint(one: &Constraint, other: &Constraint) -> bool {
    one.kind == other.kind && one.def == other.def
}

impl ConstraintKind {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            ConstraintKind::Primary => "primary key",
            ConstraintKind::Unique => "unique constraint",
            ConstraintKind::Check => "check constraint",
            ConstraintKind::Exclusion => "exclusion constraint",
            ConstraintKind::Foreign => "foreign key",
        }
    }
}
