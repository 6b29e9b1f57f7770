//! What a schema is: the one value that both the shadow and the live database are read into.
//!
//! The structs mirror the JSON that `sql/catalog/*.sql` return, field by field, so each query documents its struct.
//! Nothing here holds an OID, an attribute number or a list whose order is an accident. `identity` is what the server's
//! `pg_identify_object` says (quoted where it must be): it is the key by which two schemas are matched and the name
//! that people read. Statements are made from the raw names, through `quote`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A schema-qualified name, unquoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    pub schema: String,
    pub name: String,
}

/// The whole schema of one database, as far as it is compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    pub schemas: Vec<Schema>,
    pub extensions: Vec<Extension>,
    pub enums: Vec<Enum>,
    pub domains: Vec<Domain>,
    pub composites: Vec<Composite>,
    pub sequences: Vec<Sequence>,
    pub tables: Vec<Table>,
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<Index>,
    /// Kinds that are counted but not compared: object type to number of objects.
    pub not_compared: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    pub identity: String,
    pub name: String,
    pub owner: String,
}

/// An extension. Its version is the server's business (packages move it), so it is not part of the schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    pub identity: String,
    pub name: String,
    pub schema: String,
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enum {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    /// In sort order.
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    pub base_type: String,
    pub collation: Option<String>,
    pub default: Option<String>,
    pub not_null: bool,
    /// Sorted by name.
    pub checks: Vec<DomainCheck>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DomainCheck {
    pub identity: String,
    pub name: String,
    /// `CHECK (…)`, as the server prints it, without NOT VALID.
    pub def: String,
    pub validated: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Composite {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    pub name: String,
    pub type_name: String,
    pub collation: Option<String>,
}

/// The shape of a sequence; what it has counted up to is data. Those of identity columns are part of their column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    pub unlogged: bool,
    pub numbers: SequenceNumbers,
    pub owned_by: Option<OwnedBy>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequenceNumbers {
    pub data_type: String,
    pub start: i64,
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    pub cache: i64,
    pub cycle: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnedBy {
    pub table: Name,
    pub column: String,
    /// The column's identity.
    pub identity: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    pub unlogged: bool,
    /// `LIST (kind)`, for a partitioned table.
    pub partition_key: Option<String>,
    pub partition_of: Option<PartitionOf>,
    /// Parents of plain inheritance, in their order.
    pub inherits: Vec<Parent>,
    /// The composite type of a typed table.
    pub of_type: Option<String>,
    /// In the table's order, which is not compared.
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parent {
    pub identity: String,
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionOf {
    pub parent: Parent,
    /// `FOR VALUES …` or `DEFAULT`.
    pub bound: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub identity: String,
    pub name: String,
    pub type_name: String,
    /// Only where it is not the type's own.
    pub collation: Option<String>,
    pub default: Option<String>,
    pub not_null: bool,
    pub identity_column: Option<IdentityColumn>,
    pub generated: Option<Generated>,
    /// Comes from a parent table alone, and is healed there.
    pub inherited: bool,
    /// The type is a domain that refuses some values, so adding such a column rewrites the table.
    pub constrained_domain: bool,
    /// Sequences that the default draws from.
    pub sequences: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdentityColumn {
    /// GENERATED ALWAYS, otherwise BY DEFAULT.
    pub always: bool,
    pub sequence: Name,
    pub numbers: SequenceNumbers,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generated {
    pub expression: String,
    /// STORED, otherwise VIRTUAL (PostgreSQL 18).
    pub stored: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintKind {
    Primary,
    Unique,
    Check,
    Exclusion,
    Foreign,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// `name on schema.table`.
    pub identity: String,
    pub name: String,
    pub table: Name,
    pub table_identity: String,
    pub kind: ConstraintKind,
    /// As the server prints it, without NOT VALID.
    pub def: String,
    pub validated: bool,
    /// Comes from a parent table alone, and is healed there.
    pub inherited: bool,
    /// The identities of all columns of its own table that it speaks of.
    pub columns: Vec<String>,
    /// A check's expression, or the condition of an exclusion constraint: the part of `def` that the server may bring
    /// to another form.
    pub expression: Option<String>,
    /// The key of a primary key or unique constraint.
    pub key: Option<Key>,
    pub references: Option<References>,
}

/// What makes rows duplicates of each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Column names, quoted by the server, or expressions.
    pub parts: Vec<String>,
    /// Two NULLs are duplicates.
    pub nulls_not_distinct: bool,
    pub predicate: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct References {
    pub table: Name,
    pub table_identity: String,
    /// Unquoted names, in the order of the key.
    pub from: Vec<String>,
    pub to: Vec<String>,
    /// `schema.=` of each pair, to be used as `OPERATOR(schema.=)`; quoted by the server.
    pub operators: Vec<String>,
    /// The referenced columns' identities.
    pub columns: Vec<String>,
    /// MATCH FULL: a key that is NULL in part is a violation.
    pub match_full: bool,
}

/// An index that no constraint owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    pub table: Name,
    pub table_identity: String,
    /// The whole CREATE INDEX statement, as the server prints it.
    pub def: String,
    /// `def` without its name and with a place holder for each expression: what else it says, as one text.
    pub shape: String,
    pub unique: bool,
    pub nulls_not_distinct: bool,
    /// Columns and expressions of the key, in order.
    pub parts: Vec<String>,
    pub predicate: Option<String>,
    /// False for the left-over of a failed CREATE INDEX CONCURRENTLY: it serves nobody.
    pub valid: bool,
    /// The index of the partitioned table that this one is a part of.
    pub parent: Option<Name>,
    /// The identities of all columns of its table that it speaks of.
    pub columns: Vec<String>,
}
