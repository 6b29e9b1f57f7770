//! The statements that a heal may run.
//!
//! There is no action that drops, renames, retypes, truncates or deletes: what cannot be built cannot be run. Names go
//! through `quote`; expressions, type names and definitions are texts that the server itself printed.

use crate::model::{
    Column, Composite, Definition, DefinitionKind, Domain, Firing, IdentityColumn, Member, Name, NotNull,
    ReplicaIdentity, SequenceNumbers, Table,
};
use crate::quote::{bare_literal, ident};

mod privileges;
mod sequences;
mod stored;
mod tables;
#[cfg(test)]
mod tests;
mod types;

pub use privileges::Granting;
pub(crate) use sequences::{identity_sql, numbers_sql};
pub use tables::ColumnSetting;
pub(crate) use tables::{alter, column_sql, options_sql, parameters_sql, replica_identity, set_not_null};
pub use types::Position;
pub(crate) use types::attribute_sql;

/// One additive statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    CreateSchema {
        name: String,
    },
    CreateExtension {
        name: String,
        schema: String,
        version: Option<String>,
        /// What its members have to be then, or it must not stay.
        members: Vec<Member>,
    },
    CreateEnum {
        name: Name,
        labels: Vec<String>,
    },
    AddEnumValue {
        name: Name,
        label: String,
        position: Position,
    },
    CreateDomain(Box<Domain>),
    /// Leaves the rows that are there unchecked: `ValidateDomainConstraint` looks at them.
    AddDomainConstraint {
        domain: Name,
        name: String,
        def: String,
    },
    ValidateDomainConstraint {
        domain: Name,
        name: String,
    },
    CreateComposite(Composite),
    CreateSequence {
        name: Name,
        unlogged: bool,
        numbers: SequenceNumbers,
    },
    /// Lets the sequence live and go with the column that it feeds.
    OwnSequence {
        sequence: Name,
        table: Name,
        column: String,
    },
    /// Moves a new sequence past the numbers that a column already holds.
    AdvanceSequence {
        sequence: Name,
        numbers: SequenceNumbers,
        table: Name,
        column: String,
    },
    CreateTable(Box<Table>),
    AddColumn {
        table: Name,
        column: Box<Column>,
    },
    /// Of a column that is there.
    AddIdentity {
        table: Name,
        column: String,
        identity: IdentityColumn,
    },
    /// With `only` the children keep what they have.
    SetDefault {
        table: Name,
        column: String,
        default: String,
        only: bool,
    },
    SetNotNull {
        table: Name,
        column: String,
        not_null: NotNull,
    },
    /// Of a column that was just created.
    SetColumn {
        table: Name,
        column: String,
        setting: ColumnSetting,
    },
    /// With `not_valid` the rows that are there stay unchecked, until `ValidateConstraint`.
    AddConstraint {
        table: Name,
        name: String,
        def: String,
        not_valid: bool,
    },
    ValidateConstraint {
        table: Name,
        name: String,
    },
    /// Makes a key of the unique index that has the key's name.
    AddKey {
        table: Name,
        name: String,
        /// PRIMARY KEY or UNIQUE.
        kind: &'static str,
        /// What is said of when it is checked, if anything is.
        deferrable: String,
    },
    /// The whole statement, as the server prints it.
    CreateIndex {
        def: String,
        /// Whether it is on a table that is there and holds rows, and can be built while others change those.
        online: bool,
    },
    /// Makes an index of a partition a part of one of its table.
    AttachIndex {
        whole: Name,
        part: Name,
    },
    /// Makes a table that was just created a partition.
    AttachPartition {
        parent: Name,
        partition: Name,
        bound: String,
    },
    RebuildIndex {
        name: Name,
    },
    /// The whole CREATE statement, as the server prints it.
    Define {
        sql: String,
    },
    /// What a definition needs beside the statement that creates it, as the server prints it.
    Complete {
        sql: String,
    },
    /// Lets a trigger or rule fire, or keeps one that was just created from it.
    SetFiring {
        statement: String,
    },
    /// With `force` also for the table's owner.
    EnableRowSecurity {
        table: Name,
        force: bool,
    },
    SetReplicaIdentity {
        table: Name,
        identity: ReplicaIdentity,
        index: Option<String>,
    },
    ClusterOn {
        table: Name,
        index: String,
    },
    Grant(Granting),
    /// Takes what everybody may by default from an object that was just created.
    Withhold(Granting),
    Comment {
        on: String,
        text: String,
    },
}

impl Action {
    /// The statement that does the same while others go on writing, if there is one. It runs in no transaction.
    pub fn online_sql(&self) -> Option<String> {
        match self {
            Action::CreateIndex { def, online: true } => ["CREATE INDEX ", "CREATE UNIQUE INDEX "]
                .into_iter()
                .find_map(|start| Some(format!("{start}CONCURRENTLY {}", def.strip_prefix(start)?))),
            Action::RebuildIndex { name } => Some(format!("REINDEX INDEX CONCURRENTLY {}", name.sql())),
            _ => None,
        }
    }

    /// Whether what it adds holds for new rows alone, until a later action looks at those that are there.
    pub fn leaves_rows_unchecked(&self) -> bool {
        matches!(self, Action::AddConstraint { not_valid: true, .. } | Action::AddDomainConstraint { .. })
    }

    /// The statement, without a semicolon.
    pub fn sql(&self) -> String {
        match self {
            Action::CreateSchema { name } => format!("CREATE SCHEMA {}", ident(name)),
            Action::CreateExtension { name, schema, version, members: _ } => {
                let version = version.iter().map(|version| format!(" VERSION {}", bare_literal(version)));
                let version = version.collect::<String>();
                format!("CREATE EXTENSION {} WITH SCHEMA {}{version}", ident(name), ident(schema))
            }
            Action::CreateEnum { name, labels } => types::create_enum(name, labels),
            Action::AddEnumValue { name, label, position } => types::add_label(name, label, position),
            Action::CreateDomain(domain) => types::create_domain(domain),
            Action::AddDomainConstraint { domain, name, def } => types::add_domain_check(domain, name, def),
            Action::ValidateDomainConstraint { domain, name } => types::validate_domain_check(domain, name),
            Action::CreateComposite(composite) => types::create_composite(composite),
            Action::CreateSequence { name, unlogged, numbers } => sequences::create(name, *unlogged, numbers),
            Action::OwnSequence { sequence, table, column } => sequences::own(sequence, table, column),
            Action::AdvanceSequence { sequence, numbers, table, column } => {
                sequences::advance(sequence, numbers, table, column)
            }
            Action::CreateTable(table) => tables::create(table),
            Action::AddColumn { table, column } => {
                alter(table, &format!("ADD COLUMN {}", column_sql(column)))
            }
            Action::AddIdentity { table, column, identity } => {
                alter(table, &format!("ALTER COLUMN {} ADD {}", ident(column), identity_sql(identity)))
            }
            Action::SetDefault { table, column, default, only } => {
                tables::set_default(table, column, default, *only)
            }
            Action::SetNotNull { table, column, not_null } => alter(table, &set_not_null(column, not_null)),
            Action::SetColumn { table, column, setting } => tables::set_column(table, column, setting),
            Action::AddConstraint { table, name, def, not_valid } => {
                tables::add_constraint(table, name, def, *not_valid)
            }
            Action::ValidateConstraint { table, name } => tables::validate_constraint(table, name),
            Action::AddKey { table, name, kind, deferrable } => {
                tables::add_key(table, name, kind, deferrable)
            }
            Action::CreateIndex { def, online: _ } => def.clone(),
            Action::AttachIndex { whole, part } => attach_index(whole, part),
            Action::AttachPartition { parent, partition, bound } => {
                attach_partition(parent, partition, bound)
            }
            Action::RebuildIndex { name } => format!("REINDEX INDEX {}", name.sql()),
            Action::Define { sql } | Action::Complete { sql } => sql.clone(),
            Action::SetFiring { statement } => statement.clone(),
            Action::EnableRowSecurity { table, force } => tables::enable_row_security(table, *force),
            Action::SetReplicaIdentity { table, identity, index } => {
                tables::set_replica_identity(table, *identity, index.as_deref())
            }
            Action::ClusterOn { table, index } => alter(table, &format!("CLUSTER ON {}", ident(index))),
            Action::Grant(granting) => granting.grant(),
            Action::Withhold(granting) => granting.revoke(),
            Action::Comment { on, text } => format!("COMMENT ON {on} IS {}", bare_literal(text)),
        }
    }
}

/// The statement that makes an index of a partition a part of one of its table.
pub(crate) fn attach_index(whole: &Name, part: &Name) -> String {
    format!("ALTER INDEX {} ATTACH PARTITION {}", whole.sql(), part.sql())
}

/// The statement that makes a table a partition.
pub(crate) fn attach_partition(parent: &Name, partition: &Name, bound: &str) -> String {
    alter(parent, &format!("ATTACH PARTITION {} {bound}", partition.sql()))
}

/// The statement that makes a trigger, rule or event trigger fire as it should. Nothing for what does not fire.
pub(crate) fn set_firing(definition: &Definition, firing: Firing) -> Option<String> {
    let how = match firing {
        Firing::Enabled => "ENABLE",
        Firing::Disabled => "DISABLE",
        Firing::Replica => "ENABLE REPLICA",
        Firing::Always => "ENABLE ALWAYS",
    };
    let keyword = match definition.kind {
        DefinitionKind::Trigger => "TRIGGER",
        DefinitionKind::Rule => "RULE",
        DefinitionKind::EventTrigger => return Some(format!("ALTER {} {how}", definition.sql_name)),
        _ => return None,
    };
    let of = &definition.of.as_ref()?.identity;
    let name = definition.sql_name.strip_prefix(keyword)?.strip_suffix(&format!(" ON {of}"))?;
    Some(format!("ALTER TABLE {of} {how} {keyword}{name}"))
}

/// Statements as one text to read.
pub(crate) fn script(statements: impl IntoIterator<Item = String>) -> String {
    statements.into_iter().collect::<Vec<_>>().join(";\n")
}
