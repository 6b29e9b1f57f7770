//! Heal while others are at work, in a background worker: the plan and the checks of `in_transaction`, but each step in as many
//! transactions as it needs, under a short lock_timeout that is tried again, and indexes built while others write.
//!
//! What is done stays done: a run that is cut short has closed a part of the drift, and the next one closes the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use nself_heal_core::ddl::Action;
use nself_heal_core::heal::{Ended, Outcome, Status, fingerprint, go, stuck};
use nself_heal_core::model::Address;
use nself_heal_core::plan::online::{Stage, stages};
use nself_heal_core::plan::{Step, Verdict, Work};

use crate::drift::compare::{self, Asked, Comparison};
use crate::error::Error;
use crate::expected::Expected;
use crate::expected::chain::{self, Against};
use crate::heal::history::{self, Report, Run};
use crate::heal::notify::{self, Change};
use crate::heal::only_adds;
use crate::heal::steps::{self, Mode};
use crate::migrations::elsewhere;
use crate::migrations::lock::with_schema_lock;
use crate::server::progress::Progress;
use crate::server::session::{with_pinned_settings, with_settings};
use crate::server::transaction::{self, in_transaction};
use crate::server::trust::{self, as_owner};
use crate::server::{own_ddl, worker};

/// How often the drift is worked out anew because migrations were applied meanwhile.
const TIMES: usize = 3;

/// Closes the drift. Called outside a transaction. `trigger` is what the history says of it, `trouble` what went wrong
/// before, which is no reason not to heal. What goes wrong here is in the report, once the run is in the history.
pub fn heal(
    trigger: &str,
    asked: &Asked,
    mut trouble: Option<String>,
    progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
) -> Result<Report, Error> {
    let began = Instant::now();
    worker::show("compares the schema with its migrations");
    let plan = match Plan::make(asked) {
        Ok(plan) => plan,
        Err(error) => return not_compared(trigger, began, trouble, error),
    };
    let found = plan.fingerprint();
    let drift_items = compare::items(&plan.comparison.steps);
    let mut run = in_transaction(|| {
        let run = Run::begin(trigger, drift_items, true, began)?
            .ok_or(Error::OnStandby { command: "the heal".to_owned() })?;
        let before = history::last_left_over()?;
        let change =
            Change { from: before.as_deref(), to: found.as_deref(), drift_items, event: run.event() };
        notify::change(&change)?;
        Ok(run)
    })?;
    let mut course = Executor::default();
    let (mut stopped, last) = match course.run(plan, &mut run, asked, progress) {
        Ok(last) => (None, last),
        Err(error) => (Some(error), None),
    };
    if let Some(error) = &stopped {
        trouble = Some(error.to_string());
    }
    let (mut left, mut items_left) = (found.clone(), drift_items);
    let after = match last {
        None if course.has_applied() => Plan::make(asked).map(Some),
        last => Ok(last),
    };
    let error = match after {
        Ok(None) => None,
        Ok(Some(after)) => {
            (left, items_left) = (after.fingerprint(), compare::items(&after.comparison.steps));
            let stuck = stuck(&course.outcomes, &after.comparison.steps);
            (!stuck.is_empty()).then(|| Error::NotClosed { stuck: stuck.join(", ") })
        }
        Err(error) => Some(error),
    };
    if let Some(error) = error {
        trouble.get_or_insert(error.to_string());
        stopped.get_or_insert(error);
    }
    let ended = in_transaction(|| {
        notify::change(&Change {
            from: found.as_deref(),
            to: left.as_deref(),
            drift_items: items_left,
            event: run.event(),
        })?;
        run.end(trouble.as_deref(), left.as_deref())
    })?;
    Ok(Report { drift_items, outcomes: course.outcomes, ended, trouble, stopped })
}

/// Writes down a run that could not find out what drift there is, which is then what it was before.
pub fn not_compared(
    trigger: &str,
    began: Instant,
    trouble: Option<String>,
    error: Error,
) -> Result<Report, Error> {
    let trouble = trouble.into_iter().chain([error.to_string()]).collect::<Vec<_>>().join("; ");
    let ended = in_transaction(|| {
        let run = Run::begin(trigger, 0, true, began)?
            .ok_or(Error::OnStandby { command: "the heal".to_owned() })?;
        run.end(Some(&trouble), history::last_left_over()?.as_deref())
    })?;
    Ok(Report { drift_items: 0, outcomes: Vec::new(), ended, trouble: Some(trouble), stopped: Some(error) })
}

/// What is to be done, and the migrations for which that holds.
struct Plan {
    hash: String,
    comparison: Comparison,
    search_path: String,
}

impl Plan {
    fn make(asked: &Asked) -> Result<Self, Error> {
        in_transaction(|| {
            let hash = match chain::hash_of(Against::Applied) {
                // Nothing is expected, so nothing can be missing.
                Err(Error::NothingApplied) => {
                    return Ok(Self {
                        hash: String::new(),
                        comparison: Comparison::default(),
                        search_path: String::new(),
                    });
                }
                hash => hash?,
            };
            elsewhere::refuse_heal()?;
            let (expected, comparison): (Expected, Comparison) =
                steps::within_lock_timeout(|| compare::compare_asked(asked))?;
            Ok(Self { hash, comparison, search_path: steps::search_path(&expected)? })
        })
    }

    fn additive(&self) -> impl Iterator<Item = &Step> {
        self.comparison.steps.iter().filter(|step| matches!(step.verdict, Verdict::Additive(_)))
    }

    /// The same for the same drift, and nothing if there is none.
    fn fingerprint(&self) -> Option<String> {
        fingerprint(&self.comparison.steps)
    }

    /// Runs `work` in a transaction, if the migrations are still those that this plan was made for.
    fn with_schema_lock<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        with_schema_lock(|| {
            if chain::hash_of(Against::Applied)? != self.hash {
                return Err(Error::PlanOutdated);
            }
            with_pinned_settings(|| with_settings(&[("search_path", &self.search_path)], work))
        })
    }
}

/// What a run has done so far.
#[derive(Default)]
struct Executor {
    /// In the history.
    outcomes: Vec<Outcome>,
    /// How those steps ended that were taken, and how many had been applied then.
    taken: BTreeMap<Address, (Ended, usize)>,
}

impl Executor {
    fn has_applied(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.status == Status::Applied)
    }

    /// Takes all steps, then those that only became possible by that: what uses a new enum label waits until the label is
    /// committed. Returns the plan that came out at the end, if something was applied.
    fn run(
        &mut self,
        mut plan: Plan,
        run: &mut Run,
        asked: &Asked,
        progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
    ) -> Result<Option<Plan>, Error> {
        let mut outdated = 0;
        loop {
            let applied = self.outcomes.len();
            let rest = match self.take_all(&plan, run, progress) {
                Err(Error::PlanOutdated) if outdated < TIMES => {
                    outdated += 1;
                    plan = Plan::make(asked)?;
                    continue;
                }
                rest => rest?,
            };
            let next = match self.outcomes.len() > applied {
                true => Some(Plan::make(asked)?),
                false => None,
            };
            match next {
                Some(next) if next.additive().any(|step| !self.taken.contains_key(&step.address())) => {
                    plan = next
                }
                last => {
                    in_transaction(|| run.add(&rest))?;
                    self.outcomes.extend(rest);
                    return Ok(last);
                }
            }
        }
    }

    /// Takes the steps of a plan that were not taken before. One that is applied is in the history at once, also if a later
    /// one is cut short. Returns the others.
    fn take_all(
        &mut self,
        plan: &Plan,
        run: &mut Run,
        progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
    ) -> Result<Vec<Outcome>, Error> {
        let of = plan.additive().count();
        let mut number = 0;
        let steps = &plan.comparison.steps;
        let changed = in_transaction(|| trust::changed(steps))?;
        let all = trust::without(changed, || {
            go::<Error>(&plan.comparison.steps, &plan.comparison.live, |step, work, columns| {
                let is_applied = |ended: &Ended| ended.0 == Status::Applied;
                if let Some((ended, applied)) = self.taken.get(&step.address())
                    && (is_applied(ended) || *applied == self.outcomes.len())
                {
                    return Ok(ended.clone());
                }
                // One that is taken again is no further one.
                number = (number + 1).min(of);
                let taking = Taking { plan, step, work, columns, number, of };
                let outcome = taking.go(run, progress)?;
                let ended = (outcome.status, outcome.detail.clone());
                if outcome.status == Status::Applied {
                    self.outcomes.push(outcome);
                }
                self.taken.insert(step.address(), (ended.clone(), self.outcomes.len()));
                Ok(ended)
            })
        })?;
        Ok(all.into_iter().filter(|outcome| outcome.status != Status::Applied).collect())
    }
}

/// One step that is being taken.
struct Taking<'a> {
    plan: &'a Plan,
    step: &'a Step,
    work: &'a Work,
    columns: &'a BTreeSet<String>,
    number: usize,
    of: usize,
}

impl Taking<'_> {
    /// How the step ended. That it was applied is in the history then.
    fn go(
        &self,
        run: &mut Run,
        progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
    ) -> Result<Outcome, Error> {
        let stages = stages(&self.work.actions);
        let applied = self.applied(&stages);
        let last = stages.len().saturating_sub(1);
        for (index, stage) in stages.iter().enumerate() {
            worker::reload();
            let statement = stage.sql();
            worker::show(&statement);
            let event = Some(run.event());
            progress(Progress { event, step: self.number, of: self.of, statement: &statement })?;
            let ended = self.with_patience(|| match stage {
                Stage::Together(actions) => self.plan.with_schema_lock(|| {
                    let ended = self.together(actions, index == 0)?;
                    if ended.is_none() && index == last {
                        run.add(std::slice::from_ref(&applied))?;
                    }
                    Ok(ended)
                }),
                Stage::Alone(sql) => {
                    if let Some(ended) = self.plan.with_schema_lock(|| self.together(&[], index == 0))? {
                        return Ok(Some(ended));
                    }
                    self.alone(sql)?;
                    if index == last {
                        in_transaction(|| run.add(std::slice::from_ref(&applied)))?;
                    }
                    Ok(None)
                }
            })?;
            if let Some((status, detail)) = ended {
                return Ok(Outcome { step: self.step.clone(), status, detail });
            }
        }
        Ok(applied)
    }

    /// The step with the statements that it was taken by. What there is to say of it is about the locks of building an
    /// index, which was not built under them.
    fn applied(&self, stages: &[Stage<'_>]) -> Outcome {
        let alone =
            self.work.actions.iter().any(|action| matches!(action, Action::CreateIndex { online: true, .. }));
        let statements: Vec<String> = stages.iter().map(Stage::sql).collect();
        Outcome {
            step: Step { remedy: statements.join(";\n"), ..self.step.clone() },
            status: Status::Applied,
            detail: self.work.detail.clone().filter(|_| !alone),
        }
    }

    /// Looks for rows in the way, before the first stage, then runs some actions as the owner. Nothing if all went well.
    fn together(&self, actions: &[Action], is_first: bool) -> Result<Option<Ended>, Error> {
        let owner = match steps::owner(self.work, Mode::Heal)? {
            Ok(owner) => owner,
            Err(ended) => return Ok(Some(ended)),
        };
        trust::forget_refused();
        steps::limited(|| {
            as_owner(owner, || {
                if is_first && let Some(reason) = steps::rows_in_the_way(self.work, self.columns)? {
                    return Ok(Some((Status::Blocked, Some(reason))));
                }
                steps::apply(self.work, actions)?;
                Ok(None)
            })
        })
    }

    /// Runs a statement that makes its own transactions. The server itself builds an index as the owner of its table; what
    /// event triggers do, it runs with the rights of this worker. It waits for others without holding any up, so it waits
    /// as long as it takes.
    fn alone(&self, sql: &str) -> Result<(), Error> {
        in_transaction(|| only_adds::only_adds(sql, false))?;
        worker::set("search_path", &self.plan.search_path);
        trust::with_rights_in_force(|| own_ddl::run(|| transaction::utility(sql)))
    }

    /// Tries again what did not get its locks in time. An error of the server is how the step ended; a wish to stop, and
    /// a plan that does not hold any more, end the run.
    fn with_patience(
        &self,
        mut stage: impl FnMut() -> Result<Option<Ended>, Error>,
    ) -> Result<Option<Ended>, Error> {
        let mut waits = worker::WAITS.into_iter();
        loop {
            match stage() {
                Err(Error::Server(error)) if error.is_cancel() => return Err(Error::Server(error)),
                Err(Error::Server(error)) if matches!(error.sqlstate().as_str(), "55P03" | "40P01") => {
                    match waits.next() {
                        Some(wait) => worker::pause(wait),
                        None => {
                            let (status, said) = steps::refused(Error::Server(error), self.work);
                            let said = said.map(|said| format!("{said}, {} times", worker::WAITS.len() + 1));
                            return Ok(Some((status, said)));
                        }
                    }
                }
                Err(error @ Error::Server(_)) => return Ok(Some(steps::refused(error, self.work))),
                other => return other,
            }
            worker::reload();
        }
    }
}
