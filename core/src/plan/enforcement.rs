//! Constraints whose own triggers somebody has switched, with ALTER TABLE … DISABLE TRIGGER ALL most of the time: what a
//! person is told. Heal leaves them as they are: rows that were written meanwhile may violate the constraint.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::{alter, set_firing};
use crate::model::{Address, Constraint, DefinitionKind, Firing, Name};
use crate::noted::EventName;
use crate::plan::checks;
use crate::plan::context::Context;

/// What goes behind the reason: that rows may be in the way, and how to find them.
pub(super) fn warning(expected: &Constraint, live: &Constraint, context: &Context) -> String {
    let is_off = |state: Firing| matches!(state, Firing::Disabled | Firing::Replica);
    if !live.switched.iter().any(|one| is_off(one.state) && !expected.switched.contains(one)) {
        return String::new();
    }
    let find: Vec<String> =
        checks::of_constraint(live, context).into_iter().map(|check| check.find).collect();
    let find = if find.is_empty() { String::new() } else { format!(". Find them: {}", find.join("; ")) };
    format!("; rows that were written meanwhile were not checked, nor are they once it is switched on{find}")
}

/// Who switched the triggers of a table may have spoken of all of them.
pub(super) fn noted_as(live: &Constraint) -> Vec<EventName> {
    let tables: BTreeSet<&str> = live.switched.iter().map(|one| one.table_identity.as_str()).collect();
    let name =
        |table| EventName { address: Address::new("table", table), speaks_of: Some("trigger".to_string()) };
    tables.into_iter().map(name).collect()
}

/// Statements that switch the triggers of the constraint. Those of the server have no names that stay, so all triggers of a
/// table are switched, and a user's own are set to what is expected of them, or else
/// to what they were.
pub(super) fn remedy(expected: &Constraint, live: &Constraint, context: &Context) -> Vec<String> {
    let mut tables: BTreeMap<&str, (&Name, Firing)> = BTreeMap::new();
    let wanted = expected.switched.iter().map(|one| (one, one.state));
    for (one, state) in live.switched.iter().map(|one| (one, Firing::Enabled)).chain(wanted) {
        tables.insert(&one.table_identity, (&one.table, state));
    }
    let differs = |identity: &str| {
        let of = |constraint: &Constraint| {
            constraint
                .switched
                .iter()
                .filter(|one| one.table_identity == identity)
                .cloned()
                .collect::<Vec<_>>()
        };
        of(expected) != of(live)
    };
    let tables = tables.into_iter().filter(|(identity, _)| differs(identity));
    tables.flat_map(|(identity, (name, state))| switch(identity, name, state, context)).collect()
}

fn switch(identity: &str, table: &Name, state: Firing, context: &Context) -> Vec<String> {
    let (how, all) = match state {
        Firing::Enabled => ("ENABLE", Firing::Enabled),
        Firing::Disabled => ("DISABLE", Firing::Disabled),
        // No statement says it of all triggers of a table.
        Firing::Replica | Firing::Always => {
            return vec![format!(
                "-- set the triggers of {identity} as they were, each by its name in pg_trigger"
            )];
        }
    };
    let own = context.live.definitions.iter().filter(|of| {
        of.kind == DefinitionKind::Trigger && of.of.as_ref().is_some_and(|table| table.identity == identity)
    });
    let as_expected = own.filter_map(|live| {
        let expected = context.expected.definitions.iter();
        let expected = expected.filter(|of| of.kind == live.kind).find(|of| of.identity == live.identity);
        let state = expected.unwrap_or(live).state.filter(|state| *state != all)?;
        set_firing(live, state)
    });
    [alter(table, &format!("{how} TRIGGER ALL"))].into_iter().chain(as_expected).collect()
}
