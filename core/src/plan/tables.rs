//! How heal creates tables and columns, sets defaults and NOT NULL, and what becomes of the rows that are there.

use crate::ddl::{Action, ColumnSetting};
use crate::diff::{Object, count};
use crate::model::{Address, Column, Name, NotNull, ReplicaIdentity, Table};
use crate::plan::context::{Context, parents, size};
use crate::plan::step::{Check, Work};
use crate::plan::{checks, parts, sequences};

/// What a table's columns do not get from a parent or a type is set once it exists.
pub(super) fn create_table(table: &Table, context: &Context) -> Work {
    let mut actions: Vec<Action> =
        context.sequences_of(&table.name, None).map(sequences::create_sequence_action).collect();
    let with_parts = parts::create_partition(table, context);
    let is_whole = with_parts.is_some();
    actions.extend(with_parts.unwrap_or_else(|| vec![Action::CreateTable(Box::new(table.clone()))]));
    for column in table.columns.iter().filter(|column| !is_whole && !is_declared(table, column)) {
        let above = columns_above(table, column, context);
        if let Some(default) = &column.default
            && !above.iter().any(|parent| parent.default.as_ref() == Some(default))
        {
            actions.push(Action::SetDefault {
                table: table.name.clone(),
                column: column.name.clone(),
                default: default.clone(),
                only: false,
            });
        }
        if !above.iter().any(|parent| parent.not_null.is_some()) {
            actions.extend(set_not_null(table, column));
        }
    }
    for column in &table.columns {
        actions.extend(set_column(table, column));
    }
    actions.extend(parts::firing_of_partition(table, context));
    // Together with the table, so that its rows are never open.
    if table.row_security {
        actions.push(Action::EnableRowSecurity { table: table.name.clone(), force: false });
    }
    if table.force_row_security {
        actions.push(Action::EnableRowSecurity { table: table.name.clone(), force: true });
    }
    if matches!(table.replica_identity, ReplicaIdentity::Full | ReplicaIdentity::Nothing) {
        actions.push(Action::SetReplicaIdentity {
            table: table.name.clone(),
            identity: table.replica_identity,
            index: None,
        });
    }
    let said = [count(table.columns.len(), "column")].into_iter().chain(parts::beyond(table, context));
    Work {
        detail: Some(said.collect::<Vec<_>>().join("; ")),
        checks: checks::of_partition(table, context).into_iter().collect(),
        ..Work::new(actions, context.creator_of(table), needed_by_table(table, context))
    }
}

fn needed_by_table(table: &Table, context: &Context) -> Vec<Address> {
    let mut needs = context.needed_schema(&table.name.schema);
    needs.extend(context.only_missing(parents(table).flat_map(|parent| {
        ["table", "foreign table"].map(|object_type| Address::new(object_type, &parent.identity))
    })));
    // What the parent is to hand down.
    needs.extend(parents(table).filter_map(|parent| context.expected_table(&parent.name)).flat_map(
        |parent| {
            context.only_missing(parent.columns.iter().map(|column| Object::Column(parent, column).address()))
        },
    ));
    needs.extend(context.needed_types(table.of_type.iter()));
    for column in &table.columns {
        needs.extend(context.needed_by_column(table, column));
    }
    let own = Object::Table(table).address();
    needs.retain(|need| *need != own);
    needs
}

/// What a new column has beyond its definition.
fn set_column(table: &Table, column: &Column) -> impl Iterator<Item = Action> {
    let (table, name) = (table.name.clone(), column.name.clone());
    ColumnSetting::of(column).into_iter().map(move |setting| Action::SetColumn {
        table: table.clone(),
        column: name.clone(),
        setting,
    })
}

/// Whether CREATE TABLE names the column itself.
fn is_declared(table: &Table, column: &Column) -> bool {
    table.partition_of.is_none() && table.of_type.is_none() && !column.inherited
}

/// The columns of the expected parents that a child's column comes from.
fn columns_above<'a>(table: &Table, column: &Column, context: &Context<'a>) -> Vec<&'a Column> {
    parents(table)
        .filter_map(|parent| context.expected_table(&parent.name))
        .flat_map(|parent| &parent.columns)
        .filter(|other| other.name == column.name)
        .collect()
}

pub(super) fn add_column(table: &Table, column: &Column, context: &Context) -> Work {
    let mut actions: Vec<Action> = context
        .sequences_of(&table.name, Some(&column.name))
        .map(sequences::create_sequence_action)
        .collect();
    actions.push(Action::AddColumn { table: table.name.clone(), column: Box::new(column.clone()) });
    actions.extend(set_column(table, column));
    actions.extend(own_defaults(table, column, context));
    let mut needs = context.needed_by_column(table, column);
    let own = Object::Column(table, column).address();
    needs.retain(|need| *need != own);
    Work {
        detail: column_detail(table, column, context),
        ..Work::new(actions, context.owner_of(&table.name), needs)
    }
}

/// The defaults that children of the table have of their own, where the column comes to them from it.
fn own_defaults<'a>(
    table: &Table,
    column: &'a Column,
    context: &Context<'a>,
) -> impl Iterator<Item = Action> {
    descendants(&context.expected.tables, &table.name).into_iter().filter_map(move |child| {
        let own = child.columns.iter().find(|other| other.name == column.name && other.inherited)?;
        let default = own.default.clone().filter(|default| Some(default) != column.default.as_ref())?;
        context.live_table(&child.name)?;
        Some(Action::SetDefault {
            table: child.name.clone(),
            column: column.name.clone(),
            default,
            only: true,
        })
    })
}

/// What becomes of the rows that are there: a value that looks real but was made up by the heal must be said.
fn column_detail(table: &Table, column: &Column, context: &Context) -> Option<String> {
    if !context.has_rows(&table.identity) {
        return None;
    }
    let default = column.default.as_deref().unwrap_or("the default of its type");
    let filled = match filling(column, context) {
        Filling::Nothing | Filling::Computed { .. } => None,
        Filling::Constant => Some(format!("the rows that were there now hold {default}")),
        Filling::Stable => Some(format!(
            "the rows that were there now hold {default} as of the heal, not as of when they were made"
        )),
        Filling::Volatile => {
            Some(format!("the rows that were there now each hold {default}, made at the time of the heal"))
        }
        Filling::Identity => Some("the rows that were there are numbered in no particular order".to_string()),
    };
    let rewritten = rewrites(column, context)
        .then(|| format!("rewrites the table ({})", size(context.bytes(&table.identity))));
    let said: Vec<String> = filled.into_iter().chain(rewritten).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// How the rows that are there get their values when a column is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// They hold NULL.
    Nothing,
    /// They all hold one value that says the same at any time.
    Constant,
    /// They all hold one value that depends on when they are asked.
    Stable,
    /// Each has a value made for it.
    Volatile,
    /// Each has a number.
    Identity,
    /// Each has what its other columns give.
    Computed { stored: bool },
}

/// How the rows that are there would be filled.
pub(super) fn filling(column: &Column, context: &Context) -> Filling {
    if let Some(generated) = &column.generated {
        Filling::Computed { stored: generated.stored }
    } else if column.identity_column.is_some() {
        Filling::Identity
    } else if column.default.is_some() {
        if context.facts.volatile_defaults.contains(&column.identity) {
            Filling::Volatile
        } else if context.facts.stable_defaults.contains(&column.identity) {
            Filling::Stable
        } else {
            Filling::Constant
        }
    } else if context.has_domain_default(column) {
        // Nobody asked what a type's own default is like: the worse of the possibilities is assumed.
        Filling::Volatile
    } else {
        Filling::Nothing
    }
}

/// Whether adding the column writes the whole table anew.
pub(super) fn rewrites(column: &Column, context: &Context) -> bool {
    column.constrained_domain
        || match filling(column, context) {
            Filling::Volatile | Filling::Identity | Filling::Computed { stored: true } => true,
            Filling::Nothing | Filling::Constant | Filling::Stable | Filling::Computed { stored: false } => {
                false
            }
        }
}

/// A child that has, or is to have, a default of its own keeps it.
pub(super) fn set_default(table: &Table, column: &Column, context: &Context) -> Work {
    let default_in = |child: &Table| {
        child.columns.iter().find(|other| other.name == column.name).and_then(|other| other.default.clone())
    };
    let mut below = descendants(&context.live.tables, &table.name);
    let live_has_own = below.iter().any(|child| default_in(child).is_some());
    below = descendants(&context.expected.tables, &table.name);
    let another_expected = below.iter().any(|child| default_in(child) != column.default);
    let only = live_has_own || another_expected;
    let mut actions = vec![Action::SetDefault {
        table: table.name.clone(),
        column: column.name.clone(),
        default: column.default.clone().unwrap_or_else(|| "NULL".to_string()),
        only,
    }];
    // A child that lost its own along with the parent gets it back here: the report names the parent alone.
    let lost = |child: &&Table| {
        let live = context.live_table(&child.name);
        live.is_some_and(|live| {
            live.columns.iter().any(|own| own.name == column.name && own.default.is_none())
        })
    };
    for child in below.into_iter().filter(lost).filter(|_| only) {
        actions.extend(default_in(child).map(|default| Action::SetDefault {
            table: child.name.clone(),
            column: column.name.clone(),
            default,
            only: true,
        }));
    }
    let sequences = column.sequences.iter().filter_map(|sequence| context.creator_of_sequence(sequence));
    Work {
        detail: Some("rows that are there keep what they hold".to_string()),
        ..Work::new(actions, context.owner_of(&table.name), sequences.collect())
    }
}

/// Children of a table whose rows are left unchecked may have checked theirs.
pub(super) fn refuse_null(table: &Table, column: &Column, context: &Context) -> Work {
    let mut actions = set_not_null(table, column);
    let mut looked_at = nulls(table, column, context);
    if column.not_null.as_ref().is_some_and(|not_null| !not_null.validated) {
        for child in descendants(&context.expected.tables, &table.name) {
            let own = child.columns.iter().find(|own| own.name == column.name && own.inherited);
            let name = own.and_then(|own| own.not_null.as_ref()).filter(|not_null| not_null.validated);
            let name = name.and_then(|not_null| not_null.name.clone());
            if let (Some(own), Some(name), Some(live)) = (own, name, context.live_table(&child.name)) {
                actions.push(Action::ValidateConstraint { table: live.name.clone(), name });
                looked_at.extend(nulls(child, own, context));
            }
        }
    }
    Work { checks: looked_at, ..Work::new(actions, context.owner_of(&table.name), Vec::new()) }
}

/// One that is to hold for new rows alone looks at none.
fn nulls(table: &Table, column: &Column, context: &Context) -> Vec<Check> {
    let validated = column.not_null.as_ref().is_some_and(|not_null| not_null.validated);
    let looks = validated && !context.is_foreign(&table.identity);
    looks.then(|| checks::nulls(table, column)).into_iter().collect()
}

/// Empty where nothing is asked of the column.
fn set_not_null(table: &Table, column: &Column) -> Vec<Action> {
    let (table, name) = (&table.name, &column.name);
    let action = |not_null: &NotNull| Action::SetNotNull {
        table: table.clone(),
        column: name.clone(),
        not_null: not_null.clone(),
    };
    column.not_null.iter().map(action).collect()
}

/// The children and partitions of a table, and theirs.
fn descendants<'a>(tables: &'a [Table], table: &Name) -> Vec<&'a Table> {
    let mut found: Vec<&Table> = Vec::new();
    let mut next = 0;
    let mut above = table;
    loop {
        found.extend(tables.iter().filter(|child| parents(child).any(|parent| parent.name == *above)));
        let Some(child) = found.get(next) else { return found };
        above = &child.name;
        next += 1;
    }
}
