//! The steps of a plan: who runs one, what is in its way, how it is run.

use std::collections::BTreeSet;

use nself_heal_core::ddl::Action;
use nself_heal_core::heal::{Ended, Status};
use nself_heal_core::migrations::Applied;
use nself_heal_core::plan::Work;
use nself_heal_core::{heal, members};
use pgrx::pg_sys;

use crate::error::Error;
use crate::expected::Expected;
use crate::heal::only_adds;
use crate::migrations::ledger;
use crate::server::session::{self, lent, may_act_for, with_settings};
use crate::server::transaction::subtransaction;
use crate::server::trust::{self, as_owner};
use crate::server::{event_triggers, locked, own_ddl, spi};
use crate::{catalog, settings};

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Look,
    /// As far as the caller could go.
    DryRun,
    Heal,
}

/// The search_path under which a heal runs: that of the last migration, or of the last one of the tenants that it is about.
pub fn search_path(expected: &Expected) -> Result<String, Error> {
    let is_of = |row: &Applied| match expected.only() {
        None => true,
        Some(only) => row.tenant.as_ref().is_some_and(|schema| only.schemas.contains(schema)),
    };
    Ok(heal::search_path(ledger::applied()?.iter().rfind(|row| is_of(row))))
}

/// Checks the rows, then applies the step if it is confirmed.
pub fn attempt(work: &Work, columns: &BTreeSet<String>, mode: Mode) -> Result<Ended, Error> {
    let fires = || event_triggers::refusal(work.actions.iter().map(Action::sql), &work.run_as);
    if mode == Mode::Look && work.checks.is_empty() && work.runs.is_none() {
        return Ok(match fires()? {
            Some(reason) => (Status::Blocked, Some(reason)),
            None => (Status::Planned, heal::foretold(work)),
        });
    }
    let owner = match owner(work, mode)? {
        Ok(owner) => owner,
        Err(ended) => return Ok(ended),
    };
    if let Some(reason) = fires()? {
        return Ok((Status::Blocked, Some(reason)));
    }
    trust::forget_refused();
    let look = || as_owner(owner, || rows_in_the_way(work, columns));
    let result = match mode {
        // A look waits for nobody, and keeps no lock.
        Mode::Look | Mode::DryRun => locked::glance(look),
        Mode::Heal => subtransaction(|| {
            limited(|| {
                as_owner(owner, || match rows_in_the_way(work, columns)? {
                    Some(reason) => Ok(Some(reason)),
                    None => apply(work, &work.actions).map(|()| None),
                })
            })
        }),
    };
    Ok(match result {
        Err(error) if mode != Mode::Heal && locked::is_locked(&error) => {
            let reason = "another session has locked the table, so its rows cannot be looked at now";
            (Status::Blocked, Some(reason.to_owned()))
        }
        Ok(Some(reason)) => (Status::Blocked, Some(reason)),
        Ok(None) if mode == Mode::Heal => (Status::Applied, work.detail.clone()),
        Ok(None) => (Status::Planned, heal::foretold(work)),
        Err(Error::Server(error)) if mode != Mode::Heal && heal::lacks_something(&error.sqlstate()) => {
            match work.needs.first() {
                Some(need) => (Status::Planned, not_looked_at(work, &format!("{need} is not there yet"))),
                None => refused(Error::Server(error), work),
            }
        }
        Err(error) => refused(error, work),
    })
}

/// The role that a step runs as; or how the step ended, if the caller may not act for it, or it may not run what the step
/// would.
pub fn owner(work: &Work, mode: Mode) -> Result<Result<pg_sys::Oid, Ended>, Error> {
    let owner = match session::role(&work.run_as) {
        Ok(owner) => owner,
        Err(error) => return Ok(Err((Status::Failed, Some(error.to_string())))),
    };
    if let Some(runs) = &work.runs
        && let Some(reason) = trust::refusal(runs, owner, &work.run_as)?
    {
        return Ok(Err((Status::Blocked, Some(reason))));
    }
    if !may_act_for(owner) {
        let reason = format!("you are not a member of role {}, which owns it", work.run_as);
        return Ok(Err(match mode {
            // To look at rows with the rights of a role is for those who have them.
            Mode::Look => (Status::Planned, not_looked_at(work, &reason)),
            Mode::DryRun | Mode::Heal => (Status::Blocked, Some(reason)),
        }));
    }
    if mode == Mode::Look && lent().is_some() {
        return Ok(Err((Status::Planned, not_looked_at(work, "the rights in force are lent"))));
    }
    Ok(Ok(owner))
}

/// What there is to say of a step for which nobody looked whether rows are in its way.
fn not_looked_at(work: &Work, why: &str) -> Option<String> {
    let said = (!work.checks.is_empty()).then(|| format!("not looked for rows in the way: {why}"));
    let all: Vec<String> = work.detail.clone().into_iter().chain(said).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Runs a step within what it may take.
pub fn limited<T>(step: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // The bodies of functions may speak of what comes later, as in a dump.
    within_lock_timeout(|| with_settings(&[("check_function_bodies", "off")], step))
}

/// Runs `work`, which waits for each lock as long as a step does.
pub fn within_lock_timeout<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    match settings::heal_lock_timeout() {
        0 => work(),
        timeout => with_settings(&[("lock_timeout", &timeout.to_string())], work),
    }
}

/// Runs some actions of a step, as the role that is in force.
pub fn apply(work: &Work, actions: &[Action]) -> Result<(), Error> {
    let just_created = heal::creates(work);
    for action in actions {
        let sql = action.sql();
        only_adds::only_adds(&sql, just_created)?;
        own_ddl::run(|| spi::write(&sql, &[]))?;
        if let Action::CreateExtension { name, members, .. } = action {
            let created = catalog::read_extensions()?;
            let created = created.iter().find(|created| created.name == *name);
            if let Some(says) = members::not_as_left(members, created.map_or(&[], |created| &created.members))
            {
                return Err(Error::MemberAltered { says });
            }
        }
    }
    Ok(())
}

/// A sentence on the rows that the step would fail on, if there are any.
pub fn rows_in_the_way(work: &Work, columns: &BTreeSet<String>) -> Result<Option<String>, Error> {
    for check in &work.checks {
        // Rows of columns that are not there yet cannot be in the way of a dry run.
        if !check.columns.iter().all(|column| columns.contains(column)) {
            continue;
        }
        let count = subtransaction(|| spi::read_one::<i64>(&check.count, &[]));
        match count {
            // The owner may not read another table that is spoken of, or not all of it: the server looks by itself when
            // the step is taken.
            Err(Error::Server(error)) if error.sqlstate() == "42501" && !trust::has_refused() => {}
            Err(error) => return Err(error),
            Ok(None | Some(0)) => {}
            Ok(Some(n)) => {
                let says = check.says.replace("{n}", &n.to_string());
                return Ok(Some(format!("{says}. Find them: {}", check.find)));
            }
        }
    }
    Ok(None)
}

/// What the data, a lock or a difference that heal leaves alone is in the way of is blocked; anything else has failed.
/// Either way the step is undone.
pub fn refused(error: Error, work: &Work) -> Ended {
    if let Some(reason) = trust::refused() {
        return (Status::Blocked, Some(reason));
    }
    let error = match error {
        Error::Server(error) => error,
        Error::MemberAltered { says } => return (Status::Blocked, Some(says)),
        error => return (Status::Failed, Some(error.to_string())),
    };
    let mut said = error.message.clone();
    if let Some(detail) = &error.detail {
        said = format!("{said}. {detail}");
    }
    heal::refused(&said, &error.sqlstate(), work)
}
