//! How heal creates constraints and indexes.

use crate::ddl::Action;
use crate::diff::Object;
use crate::model::{Address, Constraint, ConstraintKind, Index, Name};
use crate::plan::context::{Context, size};
use crate::plan::marks::marks;
use crate::plan::step::Work;
use crate::plan::{checks, parts};
use crate::quote::ident;

/// On a table that is there, rows are checked under a weaker lock than the constraint is added under.
pub(super) fn add_constraint(constraint: &Constraint, context: &Context) -> Work {
    let on_live = context.live_table(&constraint.table).is_some();
    let enforced = !constraint.def.ends_with(" NOT ENFORCED");
    let can_wait = enforced
        && match constraint.kind {
            ConstraintKind::Check => true,
            // PostgreSQL before 18 has no such foreign key on a partitioned table.
            ConstraintKind::Foreign => !context.is_partitioned(&constraint.table),
            ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion => false,
        };
    let not_valid = can_wait && (on_live || !constraint.validated);
    let below = if constraint.kind.is_key() { parts::keys_below(constraint, context) } else { Vec::new() };
    let as_key = key_over_index(constraint, context);
    let own = as_key.unwrap_or_else(|| {
        vec![Action::AddConstraint {
            table: constraint.table.clone(),
            name: constraint.name.clone(),
            def: constraint.sql(),
            not_valid,
        }]
    });
    let mut actions: Vec<Action> = below.into_iter().chain(own).collect();
    if not_valid && constraint.validated {
        actions.push(Action::ValidateConstraint {
            table: constraint.table.clone(),
            name: constraint.name.clone(),
        });
    }
    if constraint.kind.is_key() {
        actions.extend(marks(&constraint.table, &constraint.name, context));
    }
    let checked = on_live
        && !context.is_foreign(&constraint.table_identity)
        && enforced
        && (constraint.validated || !not_valid);
    Work {
        checks: if checked { checks::of_constraint(constraint, context) } else { Vec::new() },
        detail: constraint
            .kind
            .is_key()
            .then(|| lock_detail(&constraint.table, &constraint.table_identity, context))
            .flatten(),
        ..Work::new(actions, context.owner_of(&constraint.table), constraint_needs(constraint, context))
    }
}

/// A key on a table that holds rows is made of an index, which can be built while others write. One that an earlier heal
/// has built, or begun, is taken.
fn key_over_index(constraint: &Constraint, context: &Context) -> Option<Vec<Action>> {
    let kind = match constraint.kind {
        ConstraintKind::Primary => "PRIMARY KEY",
        ConstraintKind::Unique => "UNIQUE",
        ConstraintKind::Check | ConstraintKind::Exclusion | ConstraintKind::Foreign => return None,
    };
    let key = constraint.key.as_ref()?;
    let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let columns = key.parts.join(", ");
    // What else the definition may say, of more columns or of storage, is left to the server.
    if !constraint.parameters.is_empty() || constraint.tablespace.is_some() {
        return None;
    }
    let deferrable = constraint.def.strip_prefix(&format!("{kind}{nulls} ({columns})"))?;
    if !matches!(deferrable, "" | " DEFERRABLE" | " DEFERRABLE INITIALLY DEFERRED") {
        return None;
    }
    let table = &constraint.table;
    let name = Name { schema: table.schema.clone(), name: constraint.name.clone() };
    let add = Action::AddKey {
        table: table.clone(),
        name: constraint.name.clone(),
        kind,
        deferrable: deferrable.to_string(),
    };
    match begun_key(constraint, context) {
        Some(index) if index.valid => Some(vec![add]),
        Some(_) => Some(vec![Action::RebuildIndex { name }, add]),
        None => {
            let online = context.live_table(table).is_some()
                && context.has_rows(&constraint.table_identity)
                && !context.is_partitioned(table);
            let def = format!(
                "CREATE UNIQUE INDEX {} ON {} USING btree ({columns}){nulls}",
                ident(&constraint.name),
                table.sql()
            );
            online.then(|| vec![Action::CreateIndex { def, online }, add])
        }
    }
}

/// The live index that is to become this key, and belongs to no constraint yet: it has the key's name and columns.
pub(super) fn begun_key<'a>(constraint: &Constraint, context: &'a Context) -> Option<&'a Index> {
    let key = constraint.key.as_ref()?;
    context.live.indexes.iter().find(|index| {
        index.table == constraint.table
            && index.name.name == constraint.name
            && index.unique
            && index.predicate.is_none()
            && index.nulls_not_distinct == key.nulls_not_distinct
            && index.parts == key.parts
    })
}

fn constraint_needs(constraint: &Constraint, context: &Context) -> Vec<Address> {
    let mut needs = context.needed_columns(&constraint.table, &constraint.columns);
    if let Some(to) = &constraint.references {
        needs.extend(context.needed_columns(&to.table, &to.columns));
        needs.extend(context.needed_key(&to.table, &to.columns));
    }
    let own = Object::Constraint(constraint).address();
    needs.retain(|need| *need != own);
    needs
}

pub(super) fn create_index(index: &Index, context: &Context) -> Work {
    let mut needs = context.needed_columns(&index.table, &index.columns);
    needs.extend(context.only_missing([Address::new(index.table_type.as_str(), &index.table_identity)]));
    let on_live = context.live_table(&index.table).is_some();
    // That of a partitioned table is built with those of its partitions, or not at all.
    let online = on_live && context.has_rows(&index.table_identity) && !context.is_partitioned(&index.table);
    needs.extend(context.only_missing(parts::partitions(index, context)));
    let mut actions = parts::create_index(index, online, context);
    let is_partition = context.live_table(&index.table).is_some_and(|live| live.partition_of.is_some());
    actions.extend(index.parent.iter().filter(|_| is_partition).map(|whole| parts::attach(index, whole)));
    let owner = match context.expected_table(&index.table) {
        Some(_) => context.owner_of(&index.table),
        // Of a materialized view.
        None => context
            .live_owner(index.table_type.as_str(), &index.table_identity)
            .unwrap_or_else(|| index.owner.clone()),
    };
    Work {
        checks: if on_live { checks::of_index(index, context) } else { Vec::new() },
        detail: lock_detail(&index.table, &index.table_identity, context),
        ..Work::new(actions, owner, needs)
    }
}

fn lock_detail(table: &Name, identity: &str, context: &Context) -> Option<String> {
    (context.live_table(table).is_some() && context.has_rows(identity)).then(|| {
        format!("blocks writes to {identity} ({}) while the index is built", size(context.bytes(identity)))
    })
}
