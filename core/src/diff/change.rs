//! What a difference between two schemas is: the types that a comparison results in.

use crate::diff::text::{
    attributes_text, column_text, count, definition_text, domain_text, join, labels, with_validity,
};
use crate::model::{
    Acl, Address, Column, Comment, Composite, Constraint, ConstraintKind, Definition, Domain, DomainCheck,
    Enum, Extension, Grant, Index, RelationType, Schema, Sequence, Table,
};
use crate::quote::{bare_literal, ident};

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
    /// Which of several objects of one name its text means.
    References,
    Validity,
    /// Whether the index of a key is valid.
    Index,
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
    Attachment,
    Members,
    NoInherit,
    State,
    /// Whether the server's own triggers carry out a constraint.
    Enforcement,
    Grantor,
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
            Aspect::References => "references",
            Aspect::Validity => "validity",
            Aspect::Index => "index",
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
            Aspect::Attachment => "place among the parts of an index",
            Aspect::Members => "list of members",
            Aspect::NoInherit => "inheritance by children",
            Aspect::State => "state",
            Aspect::Enforcement => "enforcement",
            Aspect::Grantor => "grantor",
            Aspect::Text => "text",
            Aspect::Owner => "owner",
        }
    }

    /// Whether that noun is a plural.
    pub fn is_plural(self) -> bool {
        matches!(self, Aspect::Parameters | Aspect::Options | Aspect::FdwOptions | Aspect::References)
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
            Object::NotNull(_, column) => {
                let validated = column.not_null.as_ref().is_none_or(|not_null| not_null.validated);
                Some(with_validity("NOT NULL", validated))
            }
            Object::Constraint(constraint) => Some(with_validity(&constraint.sql(), constraint.validated)),
            Object::Index(index) => Some(index.sql()),
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

/// The privileges on one object that `of` gives a grantee beyond what `beyond` does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Privileges<'a> {
    pub acl: &'a Acl,
    pub grantee: &'a str,
    /// Whether the object is live.
    pub on_live: bool,
    pub(super) of: &'a [Grant],
    pub(super) beyond: &'a [Grant],
    /// Whether the grantee owns the object on the other side, and has there what the owner has.
    pub(super) owns_other: bool,
}

impl<'a> Privileges<'a> {
    fn identity(&self) -> String {
        format!("{} on {} {}", self.grantee, self.acl.object_type, self.acl.identity)
    }

    /// The privileges themselves.
    pub fn grants(&self) -> impl Iterator<Item = &'a Grant> + use<'a> {
        let Privileges { acl: _, grantee, on_live: _, of, beyond, owns_other } = *self;
        let by_owning = move |other: &Grant, grant: &Grant| {
            owns_other && other.grantee == "owner" && other.privilege == grant.privilege
        };
        of.iter().filter(move |grant| {
            grant.grantee == grantee
                && !beyond.iter().any(|other| covers(other, grant) || by_owning(other, grant))
        })
    }

    /// Privileges that both sides give the grantee and that others granted on the other side: each as here and as there.
    pub fn granted_by_others(&self) -> impl Iterator<Item = (&'a Grant, &'a Grant)> + use<'a> {
        let beyond = self.beyond;
        self.all().filter_map(move |grant| {
            let same = |other: &&Grant| other.grantee == grant.grantee && other.privilege == grant.privilege;
            beyond
                .iter()
                .find(same)
                .filter(|other| other.grantors != grant.grantors)
                .map(|other| (grant, other))
        })
    }

    /// All privileges of the grantee, whether the other side has them or not.
    pub fn all(&self) -> impl Iterator<Item = &'a Grant> + use<'a> {
        let grantee = self.grantee;
        self.of.iter().filter(move |grant| grant.grantee == grantee)
    }

    /// Whether the other side gives the grantee anything at all.
    pub fn other_has_some(&self) -> bool {
        self.beyond.iter().any(|other| other.grantee == self.grantee)
    }

    /// Whether the other side lacks no more of a privilege than the right to hand it on.
    pub fn only_the_option(&self, grant: &Grant) -> bool {
        self.beyond.iter().any(|other| other.grantee == grant.grantee && other.privilege == grant.privilege)
    }

    fn text(&self) -> String {
        let privilege = |grant: &Grant| match grant.grantable {
            true => format!("{} WITH GRANT OPTION", grant.privilege),
            false => grant.privilege.clone(),
        };
        self.grants().map(privilege).collect::<Vec<_>>().join(", ")
    }
}

/// `SELECT granted by the owner`, for each privilege that others granted on the other side.
pub(super) fn grantors_text(grants: &[&Grant]) -> String {
    let name = |role: &String| if role.is_empty() { "the owner".to_string() } else { ident(role) };
    let by = |grant: &Grant| match grant.grantors.as_slice() {
        [] => "the owner".to_string(),
        roles => roles.iter().map(name).collect::<Vec<_>>().join(" and "),
    };
    join(grants.iter().map(|grant| format!("{} granted by {}", grant.privilege, by(grant))))
}

/// Whether who has the one has the other as well.
pub(super) fn covers(one: &Grant, other: &Grant) -> bool {
    let Grant { grantee, privilege, grantable, grantors: _ } = other;
    one.grantee == *grantee && one.privilege == *privilege && (one.grantable || !grantable)
}

/// An object with its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owned<'a> {
    pub object_type: &'static str,
    pub identity: &'a str,
    /// What SQL calls it, as far as the identity does not say it.
    pub keyword: &'static str,
    pub owner: &'a str,
}

impl Owned<'_> {
    /// The statement that gives the object to its owner.
    pub fn sql(&self) -> String {
        format!("ALTER {} {} OWNER TO {}", self.keyword, self.identity, ident(self.owner))
    }
}
