//! Going through a plan: which step is taken, what waits for another one, how each ended, and what all of them come to.
//! Who runs the statements of a step is told by the caller.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::checksum::sha256_hex;
use crate::ddl::Action;
use crate::migrations::Applied;
use crate::model::{Address, Catalog};
use crate::plan::{Step, Verdict, Work};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A dry run: it would be applied.
    Planned,
    Applied,
    Blocked,
    Manual,
    Failed,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Applied => "applied",
            Self::Blocked => "blocked",
            Self::Manual => "manual",
            Self::Failed => "failed",
        }
    }

    /// Whether heal takes such a step.
    pub fn safety(self) -> &'static str {
        match self {
            Self::Planned | Self::Applied => "additive",
            Self::Blocked | Self::Failed => "blocked",
            Self::Manual => "manual",
        }
    }
}

/// How a step ended, and what there is to say of it.
pub type Ended = (Status, Option<String>);

/// A step of a heal, as it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub step: Step,
    pub status: Status,
    pub detail: Option<String>,
}

/// Goes through the steps of a plan in their order. `take` is asked to take those that nothing is in the way of; it is told
/// the columns that are there. What failed is taken again as long as others were applied after it: the body of a function is
/// a text, and nobody knows before what it wants.
pub fn go<E>(
    steps: &[Step],
    live: &Catalog,
    mut take: impl FnMut(&Step, &Work, &BTreeSet<String>) -> Result<Ended, E>,
) -> Result<Vec<Outcome>, E> {
    let mut columns = columns(live);
    let mut not_done: BTreeSet<Address> = BTreeSet::new();
    let mut tries: Vec<Option<Try>> = vec![None; steps.len()];
    let mut applied = 0;
    loop {
        let before = applied;
        for (step, last) in steps.iter().zip(&mut tries) {
            if last.as_ref().is_some_and(|last| !last.is_worth_another(step, applied)) {
                continue;
            }
            let (status, detail) = match &step.verdict {
                Verdict::Manual { reason } => (Status::Manual, Some(reason.clone())),
                Verdict::Blocked { reason } => (Status::Blocked, Some(reason.clone())),
                Verdict::Additive(work) => match work.needs.iter().find(|need| not_done.contains(*need)) {
                    Some(need) => (Status::Blocked, Some(format!("waits for {need}"))),
                    None => take(step, work, &columns)?,
                },
            };
            match status {
                Status::Applied => {
                    applied += 1;
                    columns.insert(step.identity.clone());
                    not_done.remove(&step.address());
                }
                Status::Planned => {}
                Status::Blocked | Status::Manual | Status::Failed => drop(not_done.insert(step.address())),
            }
            *last = Some(Try { status, detail, applied_before: applied });
        }
        if applied == before {
            break;
        }
    }
    let outcomes = steps.iter().zip(tries).filter_map(|(step, last)| {
        let Try { status, detail, applied_before: _ } = last?;
        Some(Outcome { step: step.clone(), status, detail })
    });
    Ok(outcomes.collect())
}

/// How a step ended when it was taken last.
#[derive(Clone)]
struct Try {
    status: Status,
    detail: Option<String>,
    /// How many steps had been applied then.
    applied_before: usize,
}

impl Try {
    /// Whether the step may end otherwise now. Rows that were in its way still are.
    fn is_worth_another(&self, step: &Step, applied: usize) -> bool {
        let Verdict::Additive(work) = &step.verdict else { return false };
        let for_want_of_something = match self.status {
            Status::Failed => true,
            Status::Blocked => !work.needs.is_empty() || !work.differing.is_empty(),
            Status::Planned | Status::Applied | Status::Manual => false,
        };
        for_want_of_something && applied > self.applied_before
    }
}

/// The identities of all columns, and with them of all tables that have some.
fn columns(catalog: &Catalog) -> BTreeSet<String> {
    catalog.tables.iter().flat_map(|table| &table.columns).map(|column| column.identity.clone()).collect()
}

/// Whether a step makes something new, whose settings can then be given without taking any from what was there.
pub fn creates(work: &Work) -> bool {
    work.actions.iter().any(|action| {
        matches!(
            action,
            Action::CreateSchema { .. }
                | Action::CreateExtension { .. }
                | Action::CreateEnum { .. }
                | Action::CreateDomain(_)
                | Action::CreateComposite(_)
                | Action::CreateSequence { .. }
                // Of a sequence that was created with its column.
                | Action::OwnSequence { .. }
                | Action::CreateTable(_)
                | Action::AddColumn { .. }
                | Action::AddConstraint { .. }
                | Action::AddKey { .. }
                | Action::CreateIndex { .. }
                | Action::Define { .. }
        )
    })
}

/// What there is to say of a step before it is taken: the server may refuse it for something that heal leaves alone.
pub fn foretold(work: &Work) -> Option<String> {
    let differing = work.differing.first();
    let waits = differing.map(|of| format!("may have to wait for {of}, which is not as expected"));
    let all: Vec<String> = work.detail.iter().cloned().chain(waits).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Whether the server refused something because it names what is not there.
pub fn lacks_something(sqlstate: &str) -> bool {
    const UNDEFINED: [&str; 5] = ["3F000", "42703", "42704", "42883", "42P01"];
    UNDEFINED.contains(&sqlstate)
}

/// How a step ended that the server refused: blocked by the data, by a lock or by a difference that heal leaves alone, or
/// failed. `said` is what the server says.
pub fn refused(said: &str, sqlstate: &str, work: &Work) -> Ended {
    // 42P17 is what a partition gets whose bounds overlap another one's.
    if sqlstate.starts_with("23") || sqlstate.starts_with("55") || sqlstate == "42P17" {
        (Status::Blocked, Some(said.to_owned()))
    } else if let Some(differing) = work.differing.first() {
        (Status::Blocked, Some(format!("{said}. It needs {differing}, which is not as expected")))
    } else {
        (Status::Failed, Some(format!("{said} (SQLSTATE {sqlstate})")))
    }
}

/// What was applied and differs all the same.
pub fn stuck(outcomes: &[Outcome], after: &[Step]) -> Vec<String> {
    let still_differs = |outcome: &&Outcome| {
        outcome.status == Status::Applied
            && after
                .iter()
                .any(|step| (step.kind, step.address()) == (outcome.step.kind, outcome.step.address()))
    };
    let name = |outcome: &Outcome| format!("{} {}", outcome.step.object_type, outcome.step.identity);
    outcomes.iter().filter(still_differs).map(name).collect()
}

/// The outcomes of a heal that was undone as a whole, because it did not close the drift of `stuck`.
pub fn undone(outcomes: Vec<Outcome>, stuck: &str) -> Vec<Outcome> {
    let reason = format!("undone with the whole heal, because it did not close the drift of {stuck}");
    outcomes
        .into_iter()
        .map(|outcome| match outcome.status {
            Status::Applied => Outcome { status: Status::Failed, detail: Some(reason.clone()), ..outcome },
            Status::Planned | Status::Blocked | Status::Manual | Status::Failed => outcome,
        })
        .collect()
}

/// The same for the same drift, and nothing if there is none.
pub fn fingerprint(steps: &[Step]) -> Option<String> {
    let mut names: Vec<String> = steps
        .iter()
        .filter(|step| step.part_of.is_none())
        .map(|step| format!("{} {} {}\n", step.kind.as_str(), step.object_type, step.identity))
        .collect();
    names.sort();
    (!names.is_empty()).then(|| sha256_hex(names.concat().as_bytes()))
}

/// Where a heal finds what its statements do not name in full. They do, but a default may call a function whose body does
/// not: that finds what it names where it found it in the migrations, of which `last` was applied last. The server's own
/// names come first, so no user's object can stand for them.
pub fn search_path(last: Option<&Applied>) -> String {
    match last.and_then(|last| last.settings.get("search_path")) {
        Some(path) if !path.is_empty() => format!("pg_catalog, {path}, pg_temp"),
        _ => "pg_catalog, pg_temp".to_owned(),
    }
}

/// How the steps of a heal ended, counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub planned: i32,
    pub applied: i32,
    pub blocked: i32,
    pub manual: i32,
    pub failed: i32,
}

impl Counts {
    pub fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            *match outcome.status {
                Status::Planned => &mut self.planned,
                Status::Applied => &mut self.applied,
                Status::Blocked => &mut self.blocked,
                Status::Manual => &mut self.manual,
                Status::Failed => &mut self.failed,
            } += 1;
        }
    }

    /// What all of them come to.
    pub fn outcome(&self, confirmed: bool) -> &'static str {
        let Self { planned, applied, blocked, manual, failed } = *self;
        match (confirmed, planned + applied + blocked + manual + failed) {
            (_, 0) => "no drift",
            (false, _) => "dry run",
            (true, _) if failed > 0 => "failed",
            (true, _) if blocked + manual > 0 && applied == 0 => "nothing to heal",
            (true, _) if blocked + manual > 0 => "healed in part",
            (true, _) => "healed",
        }
    }
}
