//! What a schema is: the one value that both the shadow and the live database are read into.
//!
//! The structs mirror the JSON that `sql/catalog/*.sql` return, field by field, so each query documents its struct.
//! Nothing here holds an OID, an attribute number or a list whose order is an accident. `identity` is what the server's
//! `pg_identify_object` says (quoted where it must be): it is the key by which two schemas are matched and the name
//! that people read. Statements are made from the raw names, through `quote`.

use serde::{Deserialize, Serialize};

mod extension;
mod kinds;
mod names;
mod unread;

pub use extension::{Extension, Member};
pub use kinds::{DefinitionKind, Firing};
pub use names::{Address, Name};
pub use unread::Unread;

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
    /// Sorted by address.
    pub definitions: Vec<Definition>,
    pub acls: Vec<Acl>,
    pub comments: Vec<Comment>,
    /// Read of the expected schema alone: it tells in which order things can be created.
    pub dependencies: Vec<Dependencies>,
    #[serde(default)]
    pub unread: Vec<Unread>,
}

/// Objects of a kind that is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCompared {
    pub count: u64,
    /// Of kinds whose every object should be known by name.
    pub names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    pub identity: String,
    pub name: String,
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
    /// The name of the constraint that this is, since PostgreSQL 17.
    pub not_null_name: Option<String>,
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

/// A table, a partitioned table or a foreign table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    pub unlogged: bool,
    pub foreign: Option<Foreign>,
    /// Only where it is not the default.
    pub access_method: Option<String>,
    pub tablespace: Option<String>,
    /// `name=value`, sorted, each value in one form; those of the TOAST table begin with `toast.`.
    pub parameters: Vec<String>,
    pub replica_identity: ReplicaIdentity,
    /// The index that stands for a row where `replica_identity` says so.
    pub replica_index: Option<String>,
    /// The index that CLUSTER goes by.
    pub clustered_on: Option<String>,
    pub row_security: bool,
    pub force_row_security: bool,
    /// `LIST (kind)`, for a partitioned table.
    pub partition_key: Option<String>,
    pub partition_of: Option<PartitionOf>,
    /// What holds for each row of a partition, as an expression: it follows from the bounds.
    pub partition_condition: Option<String>,
    /// Parents of plain inheritance, in their order.
    pub inherits: Vec<Parent>,
    /// The composite type of a typed table.
    pub of_type: Option<String>,
    /// In the table's order, which is not compared.
    pub columns: Vec<Column>,
}

/// Where the rows of a foreign table are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Foreign {
    /// Quoted.
    pub server: String,
    /// `name=value`, sorted. The values of secrets are left out.
    pub options: Vec<String>,
}

/// What tells a subscriber which row was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReplicaIdentity {
    Default,
    Nothing,
    Full,
    Index,
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
    pub not_null: Option<NotNull>,
    pub identity_column: Option<IdentityColumn>,
    pub generated: Option<Generated>,
    /// Comes from a parent table alone, and is healed there.
    pub inherited: bool,
    /// The type is a domain that refuses some values, so adding such a column rewrites the table.
    pub constrained_domain: bool,
    /// The default is a moment that was now when it was read: DEFAULT 'now' or 'today', which a replay sets anew.
    pub frozen: bool,
    /// Sequences that the default draws from.
    pub sequences: Vec<String>,
    /// Only where it is not the type's own.
    pub storage: Option<String>,
    pub compression: Option<String>,
    /// The statistics target.
    pub statistics: Option<i32>,
    /// `name=value`, sorted.
    pub options: Vec<String>,
    /// Those for the foreign-data wrapper: `name=value`, sorted.
    pub fdw_options: Vec<String>,
}

/// That a column refuses NULL. Since PostgreSQL 18 this is a constraint with a name and a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotNull {
    pub name: Option<String>,
    pub validated: bool,
    pub no_inherit: bool,
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

/// What has constraints or indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RelationType {
    #[serde(rename = "table")]
    Table,
    #[serde(rename = "foreign table")]
    ForeignTable,
    #[serde(rename = "materialized view")]
    MaterializedView,
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
    pub table_type: RelationType,
    pub kind: ConstraintKind,
    /// As the server prints it, without NOT VALID and without what its index is stored with.
    pub def: String,
    /// Those of its index: `name=value`, sorted, each value in one form.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// That of its index, quoted. Only where it is not the default.
    pub tablespace: Option<String>,
    pub validated: bool,
    /// False for a key whose index no query uses.
    pub index_valid: bool,
    /// Comes from a parent table alone, and is healed there.
    pub inherited: bool,
    /// The identities of all columns of its own table that it speaks of.
    pub columns: Vec<String>,
    /// A check's expression, or the condition of an exclusion constraint: the part of `def` that the server may bring
    /// to another form.
    pub expression: Option<String>,
    /// The key of a primary key, a unique or an exclusion constraint.
    pub key: Option<Key>,
    pub references: Option<References>,
    /// Of the triggers by which the server carries it out, on both tables and their partitions, those that somebody has
    /// switched. Sorted.
    #[serde(default)]
    pub switched: Vec<Switched>,
}

/// A trigger of the server's own that does not fire as it does by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Switched {
    pub table_identity: String,
    pub table: Name,
    /// `INSERT`, `DELETE`, `UPDATE`, joined by `or`.
    pub events: String,
    pub state: Firing,
}

/// What makes rows duplicates of each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Column names, quoted by the server, or expressions.
    pub parts: Vec<String>,
    /// Two NULLs are duplicates.
    pub nulls_not_distinct: bool,
    pub predicate: Option<String>,
    /// Of an exclusion constraint, which two rows must not both fulfil: `schema.=` of each part.
    #[serde(default)]
    pub operators: Vec<String>,
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
    /// The last column is a PERIOD, which the referenced rows have to cover together.
    pub period: bool,
}

/// An index that no constraint owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub identity: String,
    pub name: Name,
    pub owner: String,
    /// The table or materialized view.
    pub table: Name,
    pub table_identity: String,
    pub table_type: RelationType,
    /// The CREATE INDEX statement, as the server prints it, without what the index is stored with.
    pub def: String,
    /// `name=value`, sorted, each value in one form.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// Quoted. Only where it is not the default.
    pub tablespace: Option<String>,
    /// Statements that complete it.
    pub more: Vec<String>,
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

/// An object that is compared by the statement that creates it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    #[serde(rename = "object_type")]
    pub kind: DefinitionKind,
    pub identity: String,
    /// How SQL speaks of it, as in `DROP …` and `COMMENT ON …`: `TRIGGER t ON public.x`.
    pub sql_name: String,
    /// Of kinds that live in a schema.
    pub name: Option<Name>,
    /// Nothing where it belongs to the owner of what it is on.
    pub owner: Option<String>,
    /// What it is a part of: a trigger of its table.
    pub of: Option<PartOf>,
    /// The statement that creates it, as the server prints it.
    pub def: String,
    /// Statements that complete it.
    pub more: Vec<String>,
    /// `def` without what `query` says.
    pub shape: Option<String>,
    /// A SELECT that says what the server may print in two forms.
    pub query: Option<String>,
    /// Of a view, which `def` does not say: `name=value`, sorted, each value in one form.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// When it fires.
    pub state: Option<Firing>,
    /// Comes from a partitioned table alone, and is healed there.
    pub inherited: bool,
    /// Whether a materialized view holds rows, which is not compared.
    pub filled: Option<bool>,
}

impl Definition {
    /// Whether it is a relation that is a query.
    pub fn is_view(&self) -> bool {
        matches!(self.kind, DefinitionKind::View | DefinitionKind::MaterializedView)
    }
}

/// What something is a part of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartOf {
    pub object_type: String,
    pub identity: String,
    pub name: Option<Name>,
}

/// Who may do what with an object, where that is not what everybody may by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acl {
    pub object_type: String,
    pub identity: String,
    pub owner: String,
    /// What stands behind ON in a GRANT.
    pub on: String,
    /// Quoted, where the privileges are those of one column.
    pub column: Option<String>,
    /// `FOR ROLE x IN SCHEMA s`, where the privileges are those of objects to come.
    pub defaults_for: Option<String>,
    /// The relation of a column, or the extension that the object is a member of.
    pub of: Option<Address>,
    /// Whether the object is the server's own, which every database has.
    pub built_in: bool,
    /// Sorted.
    pub grants: Vec<Grant>,
    /// What it would be if nobody had granted or revoked anything: what such an object has by itself, or what initdb or the
    /// script of the extension gave it.
    pub default: Vec<Grant>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// `PUBLIC`, `owner`, or the quoted name of a role.
    pub grantee: String,
    pub privilege: String,
    /// WITH GRANT OPTION.
    pub grantable: bool,
    /// Who granted it, unquoted, sorted; an empty name stands for the owner. Empty where nobody but the owner did.
    #[serde(default)]
    pub grantors: Vec<String>,
}

impl Grant {
    /// The role that has to grant it. What the owner granted, too, holds whatever others do.
    pub fn grantor(&self) -> Option<&str> {
        let by_owner = self.grantors.iter().any(String::is_empty);
        self.grantors.first().filter(|_| !by_owner).map(String::as_str)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    pub object_type: String,
    pub identity: String,
    /// What stands behind COMMENT ON.
    pub on: String,
    pub text: String,
    /// The relation or domain of a column, constraint, trigger, rule, policy or statistics object.
    pub of: Option<Address>,
}

/// What must be there before an object can be created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependencies {
    pub object_type: String,
    pub identity: String,
    pub needs: Vec<Address>,
}
