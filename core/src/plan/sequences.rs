//! How heal creates sequences, and from which number they go on.

use crate::ddl::Action;
use crate::diff::{Aspect, Difference, Object};
use crate::model::{Column, Sequence, Table};
use crate::plan::context::Context;
use crate::plan::step::Work;

/// A sequence whose column is still missing too was created with that column; what remains is to tie them together.
pub(super) fn create_sequence(sequence: &Sequence, context: &Context) -> Work {
    let created_with = context.created_with(sequence);
    let mut actions = Vec::new();
    if created_with.is_none() {
        actions.push(create_sequence_action(sequence));
    }
    if let Some(owner) = &sequence.owned_by {
        actions.push(Action::OwnSequence {
            sequence: sequence.name.clone(),
            table: owner.table.clone(),
            column: owner.column.clone(),
        });
    }
    let (advances, detail) = advances(sequence, context);
    actions.extend(advances);
    // A sequence and the table that owns it have one owner.
    let owner = match &sequence.owned_by {
        Some(owner) => context.owner_of(&owner.table),
        None => sequence.owner.clone(),
    };
    let needs =
        created_with.map_or_else(|| context.needed_schema(&sequence.name.schema), |creator| vec![creator]);
    Work { detail, ..Work::new(actions, owner, needs) }
}

/// A column that has lost its identity gets it back, if nothing else fills it. It goes on behind the numbers that are there.
pub(super) fn give_identity(
    table: &Table,
    column: &Column,
    differences: &[Difference],
    context: &Context,
) -> Option<Work> {
    let identity = column.identity_column.as_ref()?;
    let live = context.live_table(&table.name)?;
    let live = live.columns.iter().find(|live| live.name == column.name)?;
    let only_lacks_it = differences.iter().all(|difference| difference.what == Aspect::Identity)
        && live.identity_column.is_none()
        && live.default.is_none();
    if !only_lacks_it {
        return None;
    }
    let actions = vec![
        Action::AddIdentity {
            table: table.name.clone(),
            column: column.name.clone(),
            identity: identity.clone(),
        },
        Action::AdvanceSequence {
            sequence: identity.sequence.clone(),
            numbers: identity.numbers.clone(),
            table: table.name.clone(),
            column: column.name.clone(),
        },
    ];
    // The server gives an identity to no column that may be NULL.
    let needs = context.only_missing([Object::NotNull(table, column).address()]);
    Some(Work {
        detail: Some(format!("goes on from the last number in {}", column.identity)),
        ..Work::new(actions, context.owner_of(&table.name), needs)
    })
}

pub(super) fn create_sequence_action(sequence: &Sequence) -> Action {
    Action::CreateSequence {
        name: sequence.name.clone(),
        unlogged: sequence.unlogged,
        numbers: sequence.numbers.clone(),
    }
}

/// A new sequence starts over, so it is moved past what the columns that it feeds already hold.
fn advances(sequence: &Sequence, context: &Context) -> (Vec<Action>, Option<String>) {
    let fed = context
        .expected
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let live = fed
        .filter(|(_, column)| column.sequences.contains(&sequence.identity))
        .filter_map(|(table, column)| {
            let live = context.live_table(&table.name)?;
            live.columns.iter().find(|live| live.name == column.name).map(|live| (table, live))
        })
        .collect::<Vec<_>>();
    let is_number = |column: &Column| matches!(column.type_name.as_str(), "smallint" | "integer" | "bigint");
    let (numbers, others): (Vec<_>, Vec<_>) = live.into_iter().partition(|(_, column)| is_number(column));
    let mut said: Vec<String> = numbers
        .iter()
        .map(|(_, column)| format!("goes on from the last number in {}", column.identity))
        .collect();
    said.extend(others.iter().map(|(_, column)| {
        format!("starts over, although {} may hold values made from its numbers", column.identity)
    }));
    let actions = numbers
        .into_iter()
        .map(|(table, column)| Action::AdvanceSequence {
            sequence: sequence.name.clone(),
            numbers: sequence.numbers.clone(),
            table: table.name.clone(),
            column: column.name.clone(),
        })
        .collect();
    (actions, (!said.is_empty()).then(|| said.join("; ")))
}
