//! How heal makes what partitions have of a partitioned index, key or trigger as the migrations say. The server would make a
//! part by itself, under a name that it chooses and with the settings of the whole: where that is not what is expected, the
//! part is made first, and the server takes it.

use crate::ddl::{Action, set_firing};
use crate::diff::{Object, join};
use crate::model::{
    Address, Column, Constraint, ConstraintKind, Definition, DefinitionKind, Firing, Index, Name, Table,
};
use crate::plan::context::Context;
use crate::plan::marks::marks;
use crate::quote::ident;

/// What the server can have of a name, in bytes.
const LONGEST_NAME: usize = 63;

/// The statements that make an index with all of its parts, but for those that the server makes as they are expected.
pub(super) fn create_index(index: &Index, online: bool, context: &Context) -> Vec<Action> {
    let parts = parts_of(index, context);
    let only = !index.valid && context.is_partitioned(&index.table);
    let own = Action::CreateIndex { def: if only { only_itself(index) } else { index.sql() }, online };
    let mut actions = Vec::new();
    if only {
        actions.push(own);
        for part in parts {
            actions.extend(create_index(part, false, context));
            actions.push(attach(part, &index.name));
        }
    } else {
        let special = parts.into_iter().filter(|part| is_special(part, index, context));
        actions.extend(special.flat_map(|part| create_index(part, false, context)));
        actions.push(own);
    }
    actions.extend(index.more.iter().map(|sql| Action::Complete { sql: sql.clone() }));
    actions.extend(marks(&index.table, &index.name.name, context));
    actions
}

/// Lets an index be a part of the expected whole.
pub(super) fn attach(part: &Index, whole: &Name) -> Action {
    Action::AttachIndex { whole: whole.clone(), part: part.name.clone() }
}

/// The tables of the parts that an index is made with.
pub(super) fn partitions(index: &Index, context: &Context) -> Vec<Address> {
    let parts = parts_of(index, context).into_iter();
    parts
        .flat_map(|part| {
            let own = Address::new(part.table_type.as_str(), &part.table_identity);
            [own].into_iter().chain(partitions(part, context))
        })
        .collect()
}

/// The expected parts of an index that are to be made with it: of partitions that are in their place and have the same owner.
fn parts_of<'a>(index: &Index, context: &Context<'a>) -> Vec<&'a Index> {
    let is_part = |part: &&Index| {
        part.parent.as_ref() == Some(&index.name)
            && is_in_place(&part.table, context)
            && context.owner_of(&part.table) == context.owner_of(&index.table)
            && !context.live.indexes.iter().any(|live| live.name == part.name)
    };
    context.expected.indexes.iter().filter(is_part).collect()
}

/// Whether a partition is where it is expected, or will be.
fn is_in_place(table: &Name, context: &Context) -> bool {
    let expected = context.expected_table(table).and_then(|table| table.partition_of.as_ref());
    let live = context.live_table(table).map(|table| table.partition_of.as_ref());
    live.is_none_or(|live| live.map(|of| &of.parent) == expected.map(|of| &of.parent))
}

/// The server prints a partitioned index as one with all of its parts.
fn only_itself(index: &Index) -> String {
    let on = format!(" ON {} ", index.table_identity);
    index.sql().replacen(&on, &format!(" ON ONLY {} ", index.table_identity), 1)
}

/// Whether the server would make the part otherwise.
fn is_special(part: &Index, whole: &Index, context: &Context) -> bool {
    part.body() != whole.body()
        || part.parameters != whole.parameters
        || part.tablespace != whole.tablespace
        || !part.more.is_empty()
        || part.def.contains(" INCLUDE (")
        || chosen_name(&part.table, &part.parts, "idx").as_ref() != Some(&part.name.name)
        || !marks(&part.table, &part.name.name, context).is_empty()
        || parts_of(part, context).into_iter().any(|below| is_special(below, part, context))
}

/// The name that the server chooses, where that is easily told.
fn chosen_name(table: &Name, parts: &[String], sort: &str) -> Option<String> {
    let is_plain = |part: &String| ident(part) == format!("\"{part}\"") && !part.contains(['"', '(']);
    if !parts.iter().all(is_plain) {
        return None;
    }
    let name = format!("{}_{}_{sort}", table.name, parts.join("_"));
    (name.len() <= LONGEST_NAME).then_some(name)
}

/// The keys of partitions that a key of their table is to find there, because the server would make them otherwise.
pub(super) fn keys_below(key: &Constraint, context: &Context) -> Vec<Action> {
    let Some(own) = &key.key else { return Vec::new() };
    let below = context.expected.constraints.iter().filter(|part| {
        let above = context.expected_table(&part.table).and_then(|table| table.partition_of.as_ref());
        part.inherited
            && part.kind == key.kind
            && part.key.as_ref() == Some(own)
            && above.is_some_and(|of| of.parent.name == key.table)
            && is_in_place(&part.table, context)
            && context.owner_of(&part.table) == context.owner_of(&key.table)
            && !has_key(part, context)
    });
    let mut actions = Vec::new();
    for part in below {
        actions.extend(keys_below(part, context));
        if is_special_key(part, key, context) {
            actions.extend(add_key(part, context));
        }
    }
    actions
}

fn has_key(key: &Constraint, context: &Context) -> bool {
    context
        .live
        .constraints
        .iter()
        .any(|live| live.table == key.table && live.kind == key.kind && live.key == key.key)
}

fn add_key(key: &Constraint, context: &Context) -> Vec<Action> {
    let add = Action::AddConstraint {
        table: key.table.clone(),
        name: key.name.clone(),
        def: key.sql(),
        not_valid: false,
    };
    [add].into_iter().chain(marks(&key.table, &key.name, context)).collect()
}

fn is_special_key(part: &Constraint, whole: &Constraint, context: &Context) -> bool {
    let columns = part.key.as_ref().map(|key| key.parts.as_slice()).unwrap_or_default();
    let chosen = match part.kind {
        ConstraintKind::Primary => Some(format!("{}_pkey", part.table.name)),
        ConstraintKind::Exclusion => chosen_name(&part.table, columns, "excl"),
        _ => chosen_name(&part.table, columns, "key"),
    };
    chosen.as_ref() != Some(&part.name)
        || part.sql() != whole.sql()
        || !marks(&part.table, &part.name, context).is_empty()
}

/// Whether a partition has the columns of its table in the same order, and its defaults: what the server gives it. Another
/// default can be set, but none can be taken away.
fn has_columns_of(partition: &Table, table: &Table) -> bool {
    let is_same = |(own, above): (&Column, &Column)| {
        own.name == above.name && (own.default.is_some() || above.default.is_none())
    };
    partition.columns.len() == table.columns.len()
        && partition.columns.iter().zip(&table.columns).all(is_same)
}

/// The statements that make a partition whose parts the server would make otherwise: a table of its own, with them, that is
/// then attached.
pub(super) fn create_partition(table: &Table, context: &Context) -> Option<Vec<Action>> {
    let of = table.partition_of.as_ref()?;
    let there = |address: Address| !context.is_missing(&address);
    let indexes = context.expected.indexes.iter().filter_map(|index| {
        let whole = index.parent.as_ref().filter(|_| index.table == table.name)?;
        let whole = context.expected.indexes.iter().find(|other| other.name == *whole)?;
        there(Object::Index(whole).address()).then_some((index, whole))
    });
    let above = |key: &Constraint| {
        context
            .expected
            .constraints
            .iter()
            .find(|whole| whole.table == of.parent.name && whole.kind == key.kind && whole.key == key.key)
    };
    let own = context.expected.constraints.iter().filter(|own| own.inherited && own.table == table.name);
    let keys = own.clone().filter(|own| own.kind.is_key()).filter_map(|key| {
        let whole = above(key)?;
        there(Object::Constraint(whole).address()).then_some((key, whole))
    });
    let is_special = !has_columns_of(table, context.expected_table(&of.parent.name)?)
        || indexes.clone().any(|(index, whole)| is_special(index, whole, context))
        || keys.clone().any(|(key, whole)| is_special_key(key, whole, context));
    if !is_special || table.foreign.is_some() {
        return None;
    }
    let columns = table.columns.iter().map(|column| Column { inherited: false, ..column.clone() });
    let alone = Table { partition_of: None, columns: columns.collect(), ..table.clone() };
    let mut actions = vec![Action::CreateTable(Box::new(alone))];
    actions.extend(own.filter(|own| own.kind == ConstraintKind::Check).map(|check| Action::AddConstraint {
        table: table.name.clone(),
        name: check.name.clone(),
        def: check.def.clone(),
        not_valid: false,
    }));
    actions.extend(keys.flat_map(|(key, _)| add_key(key, context)));
    actions.extend(indexes.flat_map(|(index, _)| create_index(index, false, context)));
    actions.push(Action::AttachPartition {
        parent: of.parent.name.clone(),
        partition: table.name.clone(),
        bound: of.bound.clone(),
    });
    Some(actions)
}

/// What the server gives a new partition and the migrations do not: a part of an index that has only some.
pub(super) fn beyond(table: &Table, context: &Context) -> Option<String> {
    let of = table.partition_of.as_ref()?;
    let is_part =
        |part: &Index, whole: &Index| part.table == table.name && part.parent.as_ref() == Some(&whole.name);
    let indexes = &context.expected.indexes;
    let wholes: Vec<String> = indexes
        .iter()
        .filter(|whole| {
            whole.table == of.parent.name && context.live.indexes.iter().any(|live| live.name == whole.name)
        })
        .filter(|whole| !indexes.iter().any(|part| is_part(part, whole)))
        .map(|whole| whole.identity.clone())
        .collect();
    (!wholes.is_empty())
        .then(|| format!("the server also makes a part of {} with it, which no migration has", join(wholes)))
}

/// When the triggers of a new partition fire that it has from its table, where that is not as there. Those that are still to be
/// made say so themselves.
pub(super) fn firing_of_partition(table: &Table, context: &Context) -> Vec<Action> {
    let triggers =
        context.expected.definitions.iter().filter(|of| {
            of.inherited && of.of.as_ref().is_some_and(|whole| whole.identity == table.identity)
        });
    let own = triggers.filter_map(|trigger| {
        let whole = ancestors(table, context).find_map(|table| trigger_of(trigger, table, context))?;
        let is_there = !context.is_missing(&Object::Definition(whole).address());
        (is_there && whole.state != trigger.state).then(|| fires(trigger)).flatten()
    });
    own.collect()
}

/// When the triggers fire that partitions get with this one, where that is not as it fires itself.
pub(super) fn firing_below(trigger: &Definition, context: &Context) -> Vec<Action> {
    let Some(of) = trigger.of.as_ref().filter(|_| trigger.kind == DefinitionKind::Trigger) else {
        return Vec::new();
    };
    let clones =
        context.expected.definitions.iter().filter(|clone| clone.inherited && clone.state != trigger.state);
    let below = clones.filter(|clone| {
        let table = clone.of.as_ref().and_then(|of| of.name.as_ref());
        let table = table.and_then(|name| context.expected_table(name));
        table.is_some_and(|table| {
            ancestors(table, context).any(|above| {
                above.identity == of.identity
                    && trigger_of(clone, above, context)
                        .is_some_and(|whole| whole.identity == trigger.identity)
            })
        })
    });
    below.filter_map(fires).collect()
}

fn fires(trigger: &Definition) -> Option<Action> {
    let state = trigger.state.unwrap_or(Firing::Enabled);
    Some(Action::SetFiring { statement: set_firing(trigger, state)? })
}

/// The tables that a partition is in, the nearest first.
fn ancestors<'c, 'a>(
    table: &'a Table,
    context: &'c Context<'a>,
) -> impl Iterator<Item = &'a Table> + use<'c, 'a> {
    let above = |table: &'a Table| context.expected_table(&table.partition_of.as_ref()?.parent.name);
    std::iter::successors(above(table), move |table| above(table))
}

/// The trigger of this table itself that is called as the clone.
fn trigger_of<'a>(clone: &Definition, table: &Table, context: &Context<'a>) -> Option<&'a Definition> {
    let own = clone.of.as_ref().map(|of| of.identity.as_str()).unwrap_or_default();
    let name = clone.sql_name.strip_suffix(own)?;
    let sql_name = format!("{name}{}", table.identity);
    context.expected.definitions.iter().find(|other| !other.inherited && other.sql_name == sql_name)
}
