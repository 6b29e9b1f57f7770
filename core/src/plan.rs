//! Which steps close the differences, in which order, and why some may not be taken.
//!
//! Every change becomes one step: what a heal would run, or why it does not and what a person could do.
//! `questions` says what must be known of the live data, the server answers with `Facts`, `plan` decides.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::{Action, script};
use crate::diff::{Change, Difference, Object};
use crate::model::{Address, Catalog, Name};
use crate::noted::noted_as;

mod additive;
mod allowed;
mod attached;
mod checks;
mod consequence;
mod context;
mod enforcement;
mod indexes;
mod labels;
mod limits;
mod manual;
mod marks;
mod obstacles;
pub mod online;
mod order;
mod parts;
mod privileges;
mod renames;
mod rights;
mod runs;
mod sequences;
mod step;
mod stored;
mod tables;
#[cfg(test)]
pub(crate) mod tests;

pub use allowed::Allowed;
use context::Context;
use labels::Renamed;
use step::Obstacle;
pub use step::{
    Check, DefaultQuestion, Facts, Kind, On, Options, Plan, Questions, Right, Runs, Step, TableFacts,
    TableQuestion, Told, Verdict, Work, Written,
};

/// What the server must be asked about the live data.
pub fn questions(changes: &[Change]) -> Questions {
    let missing_tables: BTreeSet<&Name> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Missing(Object::Table(table)) => Some(&table.name),
            _ => None,
        })
        .collect();
    let mut tables = BTreeMap::new();
    let mut defaults = Vec::new();
    let mut relations = BTreeSet::new();
    let mut holders = BTreeSet::new();
    for change in changes {
        if !matches!(change, Change::Extra(_)) {
            relations.extend(obstacles::relations_made(change.object()));
            holders.extend(limits::held(change.object()).cloned());
        }
        let Change::Missing(object) = change else { continue };
        let asked = match *object {
            Object::Column(table, column) => {
                defaults.extend(column.default.iter().map(|default| DefaultQuestion {
                    column: column.identity.clone(),
                    table: table.name.clone(),
                    type_name: column.type_name.clone(),
                    default: default.clone(),
                }));
                Some((&table.identity, &table.name))
            }
            Object::Constraint(constraint) => Some((&constraint.table_identity, &constraint.table)),
            Object::Index(index) => Some((&index.table_identity, &index.table)),
            Object::Schema(_)
            | Object::Extension(_)
            | Object::Enum(_)
            | Object::EnumValue(..)
            | Object::Domain(_)
            | Object::DomainConstraint(..)
            | Object::Composite(_)
            | Object::Sequence(_)
            | Object::Table(_)
            | Object::Default(..)
            | Object::NotNull(..)
            | Object::Definition(_)
            | Object::RowSecurity(_)
            | Object::ForcedRowSecurity(_)
            | Object::Grant(_)
            | Object::Comment(_)
            | Object::Owner(_) => None,
        };
        tables.extend(asked.filter(|(_, name)| !missing_tables.contains(name)));
    }
    let tables = tables
        .into_iter()
        .map(|(identity, name)| TableQuestion { identity: identity.clone(), name: name.clone() })
        .collect();
    let (dropped, made) = renames::in_question(changes);
    Questions { tables, defaults, relations, holders, dropped, made }
}

/// The steps for all changes, in the order in which they can be run.
pub fn plan(
    expected: &Catalog,
    live: &Catalog,
    changes: &[Change],
    facts: &Facts,
    options: &Options,
) -> Plan {
    let context = Context::new(expected, live, changes, facts, options);
    let labels = labels::renamed(&context);
    let sorted = |change| {
        let step = step(change, &labels, &context);
        (context.sort(change).given(&step), step)
    };
    let steps = changes.iter().map(sorted).collect();
    let mut plan = Plan::default();
    for step in order::in_order(steps) {
        match options.allowed.iter().position(|allowed| step.is_allowed_by(allowed)) {
            Some(place) => plan.allowed.push((step, place)),
            None => plan.steps.push(step),
        }
    }
    block_what_waits(&mut plan);
    labels::tell(&mut plan.steps);
    plan
}

fn step(change: &Change, labels: &[Renamed], context: &Context) -> Step {
    let object = change.object();
    let follows = labels::followed(change, labels, context);
    let (kind, expected, actual, (verdict, remedy)) = match change {
        Change::Missing(object) => (Kind::Missing, object.summary(), None, missing(*object, context)),
        Change::Extra(object) => (Kind::Extra, None, object.summary(), extra(*object, context)),
        Change::Changed { expected, live, differences } => {
            let side = |text: fn(&Difference) -> &String| {
                Some(differences.iter().map(text).cloned().collect::<Vec<_>>().join(", "))
            };
            let decided = match (follows, additive::repair(*expected, differences, context)) {
                (Some(label), _) => goes_with(label),
                (None, Some(work)) => additive_or_blocked(*expected, work, context),
                (None, None) => manual::changed(*expected, *live, differences, context),
            };
            (
                Kind::Changed,
                side(|difference| &difference.expected),
                side(|difference| &difference.actual),
                decided,
            )
        }
    };
    Step {
        kind,
        object_type: object.object_type(),
        identity: object.identity(),
        expected,
        actual,
        remedy,
        verdict,
        part_of: follows.map(|label| label.address.clone()).or_else(|| context.part_of(change)),
        noted_as: noted_as(change),
    }
}

/// Of what reads otherwise only because a label has another name.
fn goes_with(label: &Renamed) -> (Verdict, String) {
    let reason = format!("follows from {}, and goes with it", label.address);
    (Verdict::Manual { reason }, format!("-- see {}", label.address))
}

fn missing(object: Object, context: &Context) -> (Verdict, String) {
    if let Object::Grant(lacking) = object
        && !context.options.throw_away
        && let Some(decided) = privileges::not_given(lacking, context)
    {
        return decided;
    }
    additive_or_blocked(object, additive::create(object, context), context)
}

fn extra(object: Object, context: &Context) -> (Verdict, String) {
    match renames::renamed_from(object, context) {
        Some(Obstacle { reason, remedy }) => (Verdict::Manual { reason }, remedy.unwrap_or_default()),
        None => {
            let reason = match object {
                Object::Grant(privileges) => privileges::from_defaults(privileges, context),
                _ => None,
            };
            manual::extra(object, reason, context)
        }
    }
}

fn additive_or_blocked(object: Object, mut work: Work, context: &Context) -> (Verdict, String) {
    let ddl = match object {
        Object::Grant(lacking) => privileges::remedy(lacking, context),
        _ => script(work.actions.iter().map(Action::sql)),
    };
    work.runs = runs::of(object, &work, context).map(Box::new);
    let obstacle = obstacles::obstacle(object, &work, context);
    match obstacle.or_else(|| rights::note(object, &mut work, context)) {
        Some(Obstacle { reason, remedy }) => (Verdict::Blocked { reason }, remedy.unwrap_or(ddl)),
        None => (Verdict::Additive(work), ddl),
    }
}

/// What needs a step that is not taken is not taken either. Steps come after what they need, so one pass is enough.
fn block_what_waits(plan: &mut Plan) {
    let missing = |step: &&Step| step.kind == Kind::Missing;
    let allowed = plan.allowed.iter().map(|(step, _)| step).filter(missing);
    let mut not_taken: BTreeMap<Address, &str> =
        allowed.map(|step| (step.address(), "allowed to be missing")).collect();
    for step in &mut plan.steps {
        if let Verdict::Additive(work) = &step.verdict
            && let Some((need, why)) = work.needs.iter().find_map(|need| not_taken.get_key_value(need))
        {
            step.verdict = Verdict::Blocked { reason: format!("waits for {need}, which is {why}") };
        }
        if step.kind == Kind::Missing && !matches!(step.verdict, Verdict::Additive(_)) {
            not_taken.insert(step.address(), "blocked");
        }
    }
}
