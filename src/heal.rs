//! Heal: takes the additive steps of a plan, each in a subtransaction of its own and as the owner of what it touches.
//! Afterwards the catalogs are read again, and what was healed must be gone from the drift; otherwise all is undone.

use std::collections::BTreeSet;

use nself_heal_core::ddl::Action;
use nself_heal_core::model::{Address, Catalog};
use nself_heal_core::plan::{Check, Step, Verdict, Work};
use pgrx::pg_sys;

use crate::caller::{as_owner, pinned, subtransaction, with_settings};
use crate::error::{Error, ServerError};
use crate::expected::Expected;
use crate::report::{self, Comparison};
use crate::{capture, guard, ledger, settings, spi};

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

/// A step of a heal, as it went.
pub struct Outcome {
    pub step: Step,
    pub status: Status,
    pub detail: Option<String>,
}

/// Goes through the steps of a comparison. Without `confirm` nothing is changed, and every step says what it would do.
pub fn run(
    expected: &Expected,
    comparison: Comparison,
    confirm: bool,
    not_renamed: BTreeSet<String>,
) -> Result<Vec<Outcome>, Error> {
    let Comparison { live, steps, .. } = comparison;
    let columns = columns(&live);
    if !confirm {
        return pinned(|| go(&steps, columns, Mode::DryRun));
    }
    let mut outcomes = Vec::new();
    let path = search_path()?;
    let kept = subtransaction(|| {
        outcomes = pinned(|| with_settings(&[("search_path", &path)], || go(&steps, columns, Mode::Heal)))?;
        check_closed(expected, &outcomes, not_renamed)
    });
    match kept {
        Ok(()) => Ok(outcomes),
        Err(Error::NotClosed { stuck }) => Ok(undone(outcomes, &stuck)),
        Err(error) => Err(error),
    }
}

/// What a heal would find now: the steps with those blocked that rows are in the way of. For whoever asks, also where
/// they could not take the step themselves.
pub fn look(comparison: &Comparison) -> Result<Vec<Outcome>, Error> {
    pinned(|| go(&comparison.steps, columns(&comparison.live), Mode::Look))
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Look,
    /// As far as the caller could go.
    DryRun,
    Heal,
}

/// Statements name everything in full, but a default may call a function whose body does not: that finds what it names
/// where it found it in the migrations. The server's own names come first, so no user's object can stand for them.
fn search_path() -> Result<String, Error> {
    let applied = ledger::applied()?;
    let path =
        applied.last().and_then(|last| last.settings().into_iter().find(|(name, _)| *name == "search_path"));
    Ok(match path {
        Some((_, path)) if !path.is_empty() => format!("pg_catalog, {path}, pg_temp"),
        _ => "pg_catalog, pg_temp".to_owned(),
    })
}

/// The identities of all columns, and with them of all tables that have some.
fn columns(catalog: &Catalog) -> BTreeSet<String> {
    catalog.tables.iter().flat_map(|table| &table.columns).map(|column| column.identity.clone()).collect()
}

fn go(steps: &[Step], mut columns: BTreeSet<String>, mode: Mode) -> Result<Vec<Outcome>, Error> {
    let mut not_done: BTreeSet<Address> = BTreeSet::new();
    let mut outcomes = Vec::new();
    for step in steps {
        let (status, detail) = match &step.verdict {
            Verdict::Manual { reason } => (Status::Manual, Some(reason.clone())),
            Verdict::Blocked { reason } => (Status::Blocked, Some(reason.clone())),
            Verdict::Additive(work) => match work.needs.iter().find(|need| not_done.contains(*need)) {
                Some(need) => (Status::Blocked, Some(format!("waits for {need}"))),
                None => attempt(work, &columns, mode)?,
            },
        };
        match status {
            Status::Applied => drop(columns.insert(step.identity.clone())),
            Status::Planned => {}
            Status::Blocked | Status::Manual | Status::Failed => drop(not_done.insert(step.address())),
        }
        outcomes.push(Outcome { step: step.clone(), status, detail });
    }
    Ok(outcomes)
}

/// Checks the rows, then applies the step if it is confirmed.
fn attempt(work: &Work, columns: &BTreeSet<String>, mode: Mode) -> Result<(Status, Option<String>), Error> {
    let confirm = mode == Mode::Heal;
    if mode == Mode::Look && work.checks.is_empty() {
        return Ok((Status::Planned, work.detail.clone()));
    }
    let owner = match report::role(&work.run_as) {
        Ok(owner) => owner,
        Err(error) => return Ok((Status::Failed, Some(error.to_string()))),
    };
    // SAFETY: a check of role memberships within a transaction.
    if mode != Mode::Look && !unsafe { pg_sys::has_privs_of_role(pg_sys::GetUserId(), owner) } {
        let reason = format!("you are not a member of role {}, which owns it", work.run_as);
        return Ok((Status::Blocked, Some(reason)));
    }
    let timeout = settings::heal_lock_timeout().to_string();
    // The bodies of functions may speak of what comes later, as in a dump.
    let mut limits = vec![("check_function_bodies", "off")];
    if timeout != "0" {
        limits.push(("lock_timeout", timeout.as_str()));
    }
    let just_created = work.actions.iter().any(creates);
    let result = subtransaction(|| {
        with_settings(&limits, || {
            as_owner(owner, || {
                for check in &work.checks {
                    if let Some(in_the_way) = rows_in_the_way(check, columns)? {
                        return Ok(Some(in_the_way));
                    }
                }
                if confirm {
                    for action in &work.actions {
                        let sql = action.sql();
                        guard::only_adds(&sql, just_created)?;
                        capture::own(|| spi::write(&sql, &[]))?;
                    }
                }
                Ok(None)
            })
        })
    });
    Ok(match result {
        Ok(Some(reason)) => (Status::Blocked, Some(reason)),
        Ok(None) if confirm => (Status::Applied, work.detail.clone()),
        Ok(None) => (Status::Planned, work.detail.clone()),
        Err(Error::Server(error)) => refused(&error, &work.differing),
        Err(error) => (Status::Failed, Some(error.to_string())),
    })
}

/// Whether the action makes something new, whose settings can then be given without taking any from what was there.
fn creates(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateSchema { .. }
            | Action::CreateEnum { .. }
            | Action::CreateDomain(_)
            | Action::CreateComposite(_)
            | Action::CreateSequence { .. }
            // Of a sequence that was created with its column.
            | Action::OwnSequence { .. }
            | Action::CreateTable(_)
            | Action::AddColumn { .. }
            | Action::AddConstraint { .. }
            | Action::CreateIndex { .. }
            | Action::Define { .. }
    )
}

/// A sentence on the rows that the step would fail on, if there are any. Rows of columns that are not there yet cannot
/// be in the way of a dry run.
fn rows_in_the_way(check: &Check, columns: &BTreeSet<String>) -> Result<Option<String>, Error> {
    if !check.columns.iter().all(|column| columns.contains(column)) {
        return Ok(None);
    }
    match spi::read_one::<i64>(&check.count, &[])? {
        None | Some(0) => Ok(None),
        Some(n) => {
            Ok(Some(format!("{}. Find them: {}", check.says.replace("{n}", &n.to_string()), check.find)))
        }
    }
}

/// What the data, a lock or a difference that heal leaves alone is in the way of is blocked; anything else has failed.
/// Either way the step is undone.
fn refused(error: &ServerError, differing: &[Address]) -> (Status, Option<String>) {
    let mut said = error.message.clone();
    if let Some(detail) = &error.detail {
        said = format!("{said}. {detail}");
    }
    // 42P17 is what a partition gets whose bounds overlap another one's.
    if error.is_class("23") || error.is_class("55") || error.sqlstate() == "42P17" {
        (Status::Blocked, Some(said))
    } else if let Some(differing) = differing.first() {
        (Status::Blocked, Some(format!("{said}. It needs {differing}, which is not as expected")))
    } else {
        (Status::Failed, Some(format!("{said} (SQLSTATE {})", error.sqlstate())))
    }
}

/// Reads the catalogs again: an error if something that was applied still differs.
fn check_closed(
    expected: &Expected,
    outcomes: &[Outcome],
    not_renamed: BTreeSet<String>,
) -> Result<(), Error> {
    let after = report::compare_with(expected, not_renamed)?;
    let still_differs = |outcome: &&Outcome| {
        outcome.status == Status::Applied
            && after
                .steps
                .iter()
                .any(|step| (step.kind, step.address()) == (outcome.step.kind, outcome.step.address()))
    };
    let stuck: Vec<String> = outcomes
        .iter()
        .filter(still_differs)
        .map(|outcome| format!("{} {}", outcome.step.object_type, outcome.step.identity))
        .collect();
    if stuck.is_empty() { Ok(()) } else { Err(Error::NotClosed { stuck: stuck.join(", ") }) }
}

fn undone(outcomes: Vec<Outcome>, stuck: &str) -> Vec<Outcome> {
    outcomes
        .into_iter()
        .map(|outcome| match outcome.status {
            Status::Applied => Outcome {
                status: Status::Failed,
                detail: Some(format!(
                    "undone with the whole heal, because it did not close the drift of {stuck}"
                )),
                ..outcome
            },
            Status::Planned | Status::Blocked | Status::Manual | Status::Failed => outcome,
        })
        .collect()
}
