//! Statements about tables, their columns and constraints.

use super::sequences::identity_sql;
use crate::diff::join;
use crate::model::{Column, Generated, Name, NotNull, ReplicaIdentity, Table};
use crate::quote::{bare_literal, ident};

/// A setting of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnSetting {
    Storage(String),
    Compression(String),
    Statistics(i32),
    /// `name=value`
    Options(Vec<String>),
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

/// Columns that come from a parent, from the partitioned table or from a type are not named: they come by themselves.
pub(super) fn create(table: &Table) -> String {
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
        partition_condition: _,
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

/// With `only` the children keep what they have.
pub(super) fn set_default(table: &Name, column: &str, default: &str, only: bool) -> String {
    let only = if only { "ONLY " } else { "" };
    format!("ALTER TABLE {only}{} ALTER COLUMN {} SET DEFAULT {default}", table.sql(), ident(column))
}

pub(super) fn set_column(table: &Name, column: &str, setting: &ColumnSetting) -> String {
    format!("ALTER TABLE ONLY {} ALTER COLUMN {} {}", table.sql(), ident(column), setting.sql())
}

pub(super) fn add_constraint(table: &Name, name: &str, def: &str, not_valid: bool) -> String {
    let not_valid = if not_valid { " NOT VALID" } else { "" };
    alter(table, &format!("ADD CONSTRAINT {} {def}{not_valid}", ident(name)))
}

pub(super) fn validate_constraint(table: &Name, name: &str) -> String {
    alter(table, &format!("VALIDATE CONSTRAINT {}", ident(name)))
}

/// The index and the key have one name.
pub(super) fn add_key(table: &Name, name: &str, kind: &str, deferrable: &str) -> String {
    let name = ident(name);
    alter(table, &format!("ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferrable}"))
}

pub(super) fn enable_row_security(table: &Name, force: bool) -> String {
    alter(table, if force { "FORCE ROW LEVEL SECURITY" } else { "ENABLE ROW LEVEL SECURITY" })
}

pub(super) fn set_replica_identity(table: &Name, identity: ReplicaIdentity, index: Option<&str>) -> String {
    alter(table, &format!("REPLICA IDENTITY {}", replica_identity(identity, index)))
}

/// `ALTER TABLE … what`.
pub(crate) fn alter(table: &Name, what: &str) -> String {
    format!("ALTER TABLE {} {what}", table.sql())
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

/// What stands behind REPLICA IDENTITY.
pub(crate) fn replica_identity(identity: ReplicaIdentity, index: Option<&str>) -> String {
    match (identity, index) {
        (ReplicaIdentity::Index, Some(index)) => format!("USING INDEX {}", ident(index)),
        (ReplicaIdentity::Nothing, _) => "NOTHING".to_string(),
        (ReplicaIdentity::Full, _) => "FULL".to_string(),
        (ReplicaIdentity::Default | ReplicaIdentity::Index, _) => "DEFAULT".to_string(),
    }
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
