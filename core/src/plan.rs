//! Which steps close the differences, in which order, and why some may not be taken.
//!
//! Every change becomes one step: what a heal would run, or why it does not and what a person could do.
//! `questions` says what must be known of the live data, the server answers with `Facts`, `plan` decides.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::{Action, script};
use crate::diff::{Change, Difference, Object};
use crate::ignore;
use crate::model::{Address, Catalog, Name};

mod additive;
mod attached;
mod checks;
mod context;
mod manual;
mod obstacles;
pub mod online;
mod order;
mod privileges;
mod rights;
mod runs;
#[cfg(test)]
mod tests;

use crate::noted::{EventName, noted_as};
use context::Context;
use obstacles::Obstacle;
pub use rights::{On, Right};
pub use runs::{Runs, Written};

/// What the server found out about the live data; `questions` asks for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// By the table's identity.
    pub tables: BTreeMap<String, TableFacts>,
    /// Identities of columns whose default gives each row a value of its own.
    pub volatile_defaults: BTreeSet<String>,
    /// Identities of columns whose default gives one value to a statement, but not always the same, like now().
    pub stable_defaults: BTreeSet<String>,
    /// Identities of those live relations that have a name in question.
    pub relations: BTreeMap<Name, String>,
    /// Of the rights that steps need those that their roles have not.
    pub lacking: BTreeSet<Right>,
    /// The name of the database, where a right on that is lacking.
    pub database: String,
}

/// The data of one table, with its partitions and children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFacts {
    pub bytes: u64,
    pub has_rows: bool,
}

/// What the caller wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A table of this size or more is not rewritten.
    pub rewrite_limit: u64,
    /// Identities of missing objects that are not the old name of something else.
    pub not_renamed: BTreeSet<String>,
    /// Drift that somebody has allowed.
    pub allowed: Vec<Allowed>,
}

/// Drift that is not healed and does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Of the identity of the object, or of what it goes with; `*` stands for any characters.
    pub pattern: String,
    /// `missing`, `extra` or `changed`; nothing for all.
    pub kind: Option<String>,
    /// Nothing for all.
    pub object_type: Option<String>,
}

/// What is to be done, and what is left as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// Steps that are allowed drift, each with the place of the first entry that says so.
    pub allowed: Vec<(Step, usize)>,
}

/// What must be known before a plan can be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Questions {
    pub tables: Vec<TableQuestion>,
    pub defaults: Vec<DefaultQuestion>,
    /// Is there a live relation of this name?
    pub relations: BTreeSet<Name>,
}

/// How large is this table, and does it hold rows?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableQuestion {
    pub identity: String,
    pub name: Name,
}

/// Is this default constant, stable or volatile?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultQuestion {
    /// The column's identity.
    pub column: String,
    pub table: Name,
    pub type_name: String,
    pub default: String,
}

/// What to do about one change.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub kind: Kind,
    pub object_type: &'static str,
    pub identity: String,
    pub expected: Option<String>,
    pub actual: Option<String>,
    /// SQL to read: what heal runs, or what a person could.
    pub remedy: String,
    pub verdict: Verdict,
    /// The missing or extra object that this goes with.
    pub part_of: Option<Address>,
    /// Under which names the server tells of what happens to it: the most exact one first.
    pub noted_as: Vec<EventName>,
}

/// Which side lacks the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Missing,
    Extra,
    Changed,
}

/// Whether heal takes the step.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Additive(Work),
    /// It would be additive, but something is in the way.
    Blocked {
        reason: String,
    },
    /// Heal never does this.
    Manual {
        reason: String,
    },
}

/// What heal runs for one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    pub actions: Vec<Action>,
    /// The role that it runs as: the owner of what it touches.
    pub run_as: String,
    /// Rows in the way are looked for with these; if one finds any, the step is blocked.
    pub checks: Vec<Check>,
    /// Missing objects that must have been created.
    pub needs: Vec<Address>,
    /// What it stands on that is there, but not as it should be: the step may fail for that.
    pub differing: Vec<Address>,
    /// What the role must be allowed to do beside: the server refuses the step otherwise.
    pub rights: Vec<Right>,
    /// What a person should know of the step.
    pub detail: Option<String>,
    /// What it does as that role at somebody else's word, if anything.
    pub runs: Option<Box<Runs>>,
}

/// A question to the rows that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// A sentence with `{n}` for the number of rows.
    pub says: String,
    /// Returns that number, as one bigint.
    pub count: String,
    /// Shows a person the rows.
    pub find: String,
    /// Identities of the columns that the queries read; of a table that is itself missing, its own.
    pub columns: Vec<String>,
}

impl Kind {
    /// The kind as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Changed => "changed",
        }
    }
}

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
    for change in changes {
        if !matches!(change, Change::Extra(_)) {
            relations.extend(obstacles::relations_made(change.object()));
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
    Questions { tables, defaults, relations }
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
    let steps = changes.iter().map(|change| (context.sort(change), step(change, &context))).collect();
    let mut plan = Plan::default();
    for step in order::in_order(steps) {
        match options.allowed.iter().position(|allowed| allowed.covers(&step)) {
            Some(place) => plan.allowed.push((step, place)),
            None => plan.steps.push(step),
        }
    }
    block_what_waits(&mut plan);
    plan
}

impl Allowed {
    /// Whether a step is about drift that is allowed.
    pub fn covers(&self, step: &Step) -> bool {
        let whole = step.part_of.as_ref();
        let is_of = |object_type: &str, identity: &str| {
            self.object_type.as_ref().is_none_or(|wanted| wanted == object_type)
                && ignore::matches(&self.pattern, identity)
        };
        self.kind.as_ref().is_none_or(|kind| kind == step.kind.as_str())
            && (is_of(step.object_type, &step.identity)
                || whole.is_some_and(|whole| is_of(&whole.object_type, &whole.identity)))
    }
}

fn step(change: &Change, context: &Context) -> Step {
    let object = change.object();
    let (kind, expected, actual, (verdict, remedy)) = match change {
        Change::Missing(object) => (Kind::Missing, object.summary(), None, missing(*object, context)),
        Change::Extra(object) => (Kind::Extra, None, object.summary(), extra(*object, context)),
        Change::Changed { expected, live, differences } => {
            let side = |text: fn(&Difference) -> &String| {
                Some(differences.iter().map(text).cloned().collect::<Vec<_>>().join(", "))
            };
            let decided = match additive::repair(*expected, differences, context) {
                Some(work) => additive_or_blocked(*expected, work, context),
                None => manual::changed(*expected, *live, differences),
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
        part_of: context.part_of(change),
        noted_as: noted_as(object),
    }
}

fn missing(object: Object, context: &Context) -> (Verdict, String) {
    if let Object::Grant(lacking) = object
        && let Some(decided) = privileges::not_given(lacking, context)
    {
        return decided;
    }
    additive_or_blocked(object, additive::create(object, context), context)
}

fn extra(object: Object, context: &Context) -> (Verdict, String) {
    match obstacles::renamed_from(object, context) {
        Some(Obstacle { reason, remedy }) => (Verdict::Manual { reason }, remedy.unwrap_or_default()),
        None => manual::extra(object),
    }
}

fn additive_or_blocked(object: Object, mut work: Work, context: &Context) -> (Verdict, String) {
    let ddl = script(work.actions.iter().map(Action::sql));
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

impl Step {
    /// A step for an object of which it is not known how it differs.
    pub fn not_compared(kind: Kind, object_type: &'static str, identity: &str, reason: String) -> Self {
        let address = Address::new(object_type, identity);
        Self {
            kind,
            object_type,
            identity: identity.to_owned(),
            expected: None,
            actual: None,
            remedy: String::new(),
            verdict: Verdict::Blocked { reason },
            part_of: None,
            noted_as: vec![EventName { address, speaks_of: None }],
        }
    }

    /// What the step is about.
    pub fn address(&self) -> Address {
        Address::new(self.object_type, &self.identity)
    }
}
