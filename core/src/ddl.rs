//! The statements that a heal may run.
//!
//! There is no action that drops, renames, retypes, truncates or deletes: what cannot be built cannot be run. Names go
//! through `quote`; expressions, type names and definitions are texts that the server itself printed.

use crate::diff::join;
use crate::model::{
    Attribute, Column, Composite, Definition, DefinitionKind, Domain, DomainCheck, Firing, Generated,
    IdentityColumn, Member, Name, NotNull, ReplicaIdentity, SequenceNumbers, Table,
};
use crate::quote::{bare_literal, ident};

#[cfg(test)]
mod tests;

/// One additive statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    CreateSchema {
        name: String,
    },
    CreateExtension {
        name: String,
        schema: String,
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

/// A setting of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnSetting {
    Storage(String),
    Compression(String),
    Statistics(i32),
    /// `name=value`
    Options(Vec<String>),
}

/// Privileges on one object for one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granting {
    pub privileges: Vec<String>,
    pub column: Option<String>,
    pub on: String,
    /// Quoted, or PUBLIC.
    pub grantee: String,
    pub grantable: bool,
    pub defaults_for: Option<String>,
}

/// Where a new enum label goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    After(String),
    Before(String),
    /// There is no other label.
    Only,
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
            Action::CreateExtension { name, schema, members: _ } => {
                format!("CREATE EXTENSION {} WITH SCHEMA {}", ident(name), ident(schema))
            }
            Action::CreateEnum { name, labels } => {
                format!(
                    "CREATE TYPE {} AS ENUM ({})",
                    name.sql(),
                    join(labels.iter().map(|label| bare_literal(label)))
                )
            }
            Action::AddEnumValue { name, label, position } => {
                format!("ALTER TYPE {} ADD VALUE {}{}", name.sql(), bare_literal(label), position.sql())
            }
            Action::CreateDomain(domain) => create_domain(domain),
            Action::AddDomainConstraint { domain, name, def } => {
                format!("ALTER DOMAIN {} ADD CONSTRAINT {} {def} NOT VALID", domain.sql(), ident(name))
            }
            Action::ValidateDomainConstraint { domain, name } => {
                format!("ALTER DOMAIN {} VALIDATE CONSTRAINT {}", domain.sql(), ident(name))
            }
            Action::CreateComposite(composite) => format!(
                "CREATE TYPE {} AS ({})",
                composite.name.sql(),
                join(composite.attributes.iter().map(attribute_sql))
            ),
            Action::CreateSequence { name, unlogged, numbers } => format!(
                "CREATE {}SEQUENCE {} AS {} {}",
                if *unlogged { "UNLOGGED " } else { "" },
                name.sql(),
                numbers.data_type,
                numbers_sql(numbers)
            ),
            Action::OwnSequence { sequence, table, column } => {
                format!("ALTER SEQUENCE {} OWNED BY {}.{}", sequence.sql(), table.sql(), ident(column))
            }
            Action::AdvanceSequence { sequence, numbers, table, column } => {
                advance_sequence(sequence, numbers, table, column)
            }
            Action::CreateTable(table) => create_table(table),
            Action::AddColumn { table, column } => {
                alter(table, &format!("ADD COLUMN {}", column_sql(column)))
            }
            Action::SetDefault { table, column, default, only } => {
                let only = if *only { "ONLY " } else { "" };
                format!(
                    "ALTER TABLE {only}{} ALTER COLUMN {} SET DEFAULT {default}",
                    table.sql(),
                    ident(column)
                )
            }
            Action::SetNotNull { table, column, not_null } => alter(table, &set_not_null(column, not_null)),
            Action::SetColumn { table, column, setting } => {
                format!("ALTER TABLE ONLY {} ALTER COLUMN {} {}", table.sql(), ident(column), setting.sql())
            }
            Action::AddConstraint { table, name, def, not_valid } => {
                let not_valid = if *not_valid { " NOT VALID" } else { "" };
                alter(table, &format!("ADD CONSTRAINT {} {def}{not_valid}", ident(name)))
            }
            Action::ValidateConstraint { table, name } => {
                alter(table, &format!("VALIDATE CONSTRAINT {}", ident(name)))
            }
            Action::AddKey { table, name, kind, deferrable } => {
                let name = ident(name);
                alter(table, &format!("ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferrable}"))
            }
            Action::CreateIndex { def, online: _ } => def.clone(),
            Action::RebuildIndex { name } => format!("REINDEX INDEX {}", name.sql()),
            Action::Define { sql } | Action::Complete { sql } => sql.clone(),
            Action::SetFiring { statement } => statement.clone(),
            Action::EnableRowSecurity { table, force } => {
                alter(table, if *force { "FORCE ROW LEVEL SECURITY" } else { "ENABLE ROW LEVEL SECURITY" })
            }
            Action::SetReplicaIdentity { table, identity, index } => {
                alter(table, &format!("REPLICA IDENTITY {}", replica_identity(*identity, index.as_deref())))
            }
            Action::ClusterOn { table, index } => alter(table, &format!("CLUSTER ON {}", ident(index))),
            Action::Grant(granting) => granting.grant(),
            Action::Withhold(granting) => granting.revoke(),
            Action::Comment { on, text } => format!("COMMENT ON {on} IS {}", bare_literal(text)),
        }
    }
}

impl ColumnSetting {
    /// What stands behind ALTER COLUMN.
    pub(crate) fn sql(&self) -> String {
        match self {
            ColumnSetting::Storage(storage) => format!("SET STORAGE {storage}"),
            ColumnSetting::Compression(method) => format!("SET COMPRESSION {method}"),
            ColumnSetting::Statistics(target) => format!("SET STATISTICS {target}"),
            ColumnSetting::Options(options) => format!("SET ({})", parameters_sql(options)),
        }
    }

    /// The settings that a column has beyond those of its type.
    pub(crate) fn of(column: &Column) -> Vec<ColumnSetting> {
        let options = (!column.options.is_empty()).then(|| ColumnSetting::Options(column.options.clone()));
        [
            column.storage.clone().map(ColumnSetting::Storage),
            column.compression.clone().map(ColumnSetting::Compression),
            column.statistics.map(ColumnSetting::Statistics),
            options,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Granting {
    /// The statement that gives the privileges.
    pub(crate) fn grant(&self) -> String {
        let option = if self.grantable { " WITH GRANT OPTION" } else { "" };
        self.statement("GRANT", "TO", option)
    }

    /// The statement that takes them away.
    pub(crate) fn revoke(&self) -> String {
        self.statement(if self.grantable { "REVOKE GRANT OPTION FOR" } else { "REVOKE" }, "FROM", "")
    }

    fn statement(&self, verb: &str, preposition: &str, option: &str) -> String {
        let column = self.column.iter().map(|column| format!(" ({column})")).collect::<String>();
        let privileges = join(self.privileges.iter().map(|privilege| format!("{privilege}{column}")));
        let what = format!("{verb} {privileges} ON {} {preposition} {}{option}", self.on, self.grantee);
        match &self.defaults_for {
            Some(of) => format!("ALTER DEFAULT PRIVILEGES {of} {what}"),
            None => what,
        }
    }
}

/// What stands behind REPLICA IDENTITY.
pub(crate) fn replica_identity(identity: ReplicaIdentity, index: Option<&str>) -> String {
    match (identity, index) {
        (ReplicaIdentity::Index, Some(index)) => format!("USING INDEX {}", ident(index)),
        (ReplicaIdentity::Nothing, _) => "NOTHING".to_string(),
        (ReplicaIdentity::Full, _) => "FULL".to_string(),
        (ReplicaIdentity::Default | ReplicaIdentity::Index, _) => "DEFAULT".to_string(),
    }
}

/// What stands behind ALTER TABLE to make a column refuse NULL.
pub(crate) fn set_not_null(column: &str, not_null: &NotNull) -> String {
    let NotNull { name, validated, no_inherit } = not_null;
    match name {
        Some(name) => format!(
            "ADD CONSTRAINT {} NOT NULL {}{}{}",
            ident(name),
            ident(column),
            if *no_inherit { " NO INHERIT" } else { "" },
            if *validated { "" } else { " NOT VALID" },
        ),
        None => format!("ALTER COLUMN {} SET NOT NULL", ident(column)),
    }
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

/// `name=value` pairs as a list of options with values, as in WITH (…).
pub(crate) fn parameters_sql(parameters: &[String]) -> String {
    join(parameters.iter().map(|parameter| match parameter.split_once('=') {
        Some((name, value)) => format!("{name} = {}", bare_literal(value)),
        None => parameter.clone(),
    }))
}

/// `name=value` pairs as OPTIONS (…) of something foreign; nothing where there are none.
pub(crate) fn options_sql(options: &[String]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let option = |option: &String| match option.split_once('=') {
        Some((name, value)) => format!("{} {}", ident(name), bare_literal(value)),
        None => ident(option),
    };
    format!(" OPTIONS ({})", join(options.iter().map(option)))
}

impl Position {
    fn sql(&self) -> String {
        match self {
            Position::After(label) => format!(" AFTER {}", bare_literal(label)),
            Position::Before(label) => format!(" BEFORE {}", bare_literal(label)),
            Position::Only => String::new(),
        }
    }
}

/// What a column is, as it stands in CREATE TABLE and in ADD COLUMN.
pub(crate) fn column_sql(column: &Column) -> String {
    let mut sql = format!("{} {}{}", ident(&column.name), column.type_name, options_sql(&column.fdw_options));
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(identity) = &column.identity_column {
        sql.push_str(&format!(" {}", identity_sql(identity)));
    }
    if let Some(Generated { expression, stored }) = &column.generated {
        let kind = if *stored { "STORED" } else { "VIRTUAL" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {kind}"));
    }
    if let Some(NotNull { name, validated: _, no_inherit }) = &column.not_null {
        let named = name.iter().map(|name| format!(" CONSTRAINT {}", ident(name))).collect::<String>();
        sql.push_str(&format!("{named} NOT NULL{}", if *no_inherit { " NO INHERIT" } else { "" }));
    }
    sql
}

/// `GENERATED … AS IDENTITY (…)`. The sequence's data type is always the column's, and may not be named.
pub(crate) fn identity_sql(identity: &IdentityColumn) -> String {
    format!(
        "GENERATED {} AS IDENTITY (SEQUENCE NAME {} {})",
        if identity.always { "ALWAYS" } else { "BY DEFAULT" },
        identity.sequence.sql(),
        numbers_sql(&identity.numbers)
    )
}

/// The options of a sequence, all of them, but for its data type.
pub(crate) fn numbers_sql(numbers: &SequenceNumbers) -> String {
    let SequenceNumbers { data_type: _, start, increment, min, max, cache, cycle } = numbers;
    let cycle = if *cycle { "CYCLE" } else { "NO CYCLE" };
    format!("START WITH {start} INCREMENT BY {increment} MINVALUE {min} MAXVALUE {max} CACHE {cache} {cycle}")
}

/// What an attribute of a composite type is.
pub(crate) fn attribute_sql(attribute: &Attribute) -> String {
    let Attribute { name, type_name, collation } = attribute;
    match collation {
        Some(collation) => format!("{} {type_name} COLLATE {collation}", ident(name)),
        None => format!("{} {type_name}", ident(name)),
    }
}

/// `ALTER TABLE … what`.
pub(crate) fn alter(table: &Name, what: &str) -> String {
    format!("ALTER TABLE {} {what}", table.sql())
}

fn create_domain(domain: &Domain) -> String {
    let Domain {
        identity: _,
        name,
        owner: _,
        base_type,
        collation,
        default,
        not_null,
        not_null_name,
        checks,
    } = domain;
    let mut sql = format!("CREATE DOMAIN {} AS {base_type}", name.sql());
    if let Some(collation) = collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if *not_null {
        let named = not_null_name.iter().map(|name| format!(" CONSTRAINT {}", ident(name)));
        sql.push_str(&format!("{} NOT NULL", named.collect::<String>()));
    }
    for DomainCheck { identity: _, name, def, validated: _ } in checks {
        sql.push_str(&format!(" CONSTRAINT {} {def}", ident(name)));
    }
    sql
}

/// Columns that come from a parent, from the partitioned table or from a type are not named: they come by themselves.
fn create_table(table: &Table) -> String {
    let Table {
        identity: _,
        name,
        owner: _,
        unlogged,
        foreign,
        access_method,
        tablespace,
        parameters,
        // Said by statements of their own, once the table is there.
        replica_identity: _,
        replica_index: _,
        clustered_on: _,
        row_security: _,
        force_row_security: _,
        partition_key,
        partition_of,
        inherits,
        of_type,
        columns,
    } = table;
    let unlogged = if *unlogged { "UNLOGGED " } else { "" };
    let sort = if foreign.is_some() { "FOREIGN " } else { unlogged };
    let mut sql = format!("CREATE {sort}TABLE {}", name.sql());
    match (partition_of, of_type) {
        (Some(partition), _) => {
            sql.push_str(&format!(" PARTITION OF {} {}", partition.parent.name.sql(), partition.bound));
        }
        (None, Some(of_type)) => sql.push_str(&format!(" OF {of_type}")),
        (None, None) => {
            let own = columns.iter().filter(|column| !column.inherited).map(column_sql);
            sql.push_str(&format!(" ({})", join(own)));
        }
    }
    if !inherits.is_empty() {
        sql.push_str(&format!(" INHERITS ({})", join(inherits.iter().map(|parent| parent.name.sql()))));
    }
    if let Some(key) = partition_key {
        sql.push_str(&format!(" PARTITION BY {key}"));
    }
    if let Some(foreign) = foreign {
        sql.push_str(&format!(" SERVER {}{}", foreign.server, options_sql(&foreign.options)));
    }
    if let Some(method) = access_method {
        sql.push_str(&format!(" USING {method}"));
    }
    if !parameters.is_empty() {
        sql.push_str(&format!(" WITH ({})", parameters_sql(parameters)));
    }
    if let Some(tablespace) = tablespace {
        sql.push_str(&format!(" TABLESPACE {tablespace}"));
    }
    sql
}

/// Only forward from where the sequence stands, and only to a number that it can hold; an empty table moves nothing.
fn advance_sequence(sequence: &Name, numbers: &SequenceNumbers, table: &Name, column: &str) -> String {
    let column = ident(column);
    let at = format!("(SELECT last_value FROM {})", sequence.sql());
    let (furthest, between) = if numbers.increment > 0 {
        (format!("max({column})"), format!("{at} AND {}", numbers.max))
    } else {
        (format!("min({column})"), format!("{} AND {at}", numbers.min))
    };
    format!(
        "SELECT pg_catalog.setval({}, {furthest}::bigint) FROM {} HAVING {furthest} BETWEEN {between}",
        bare_literal(&sequence.sql()),
        table.sql()
    )
}
