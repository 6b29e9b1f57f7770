//! Migrations in a job: each in a transaction of its own with its row in the ledger, those that are marked to run without
//! one statement by statement.

#![allow(unsafe_code)]

use nself_heal_core::tenants::{self as core, Outcome};
use pgrx::{PgSqlErrorCode, pg_sys};

use crate::error::Error;
use crate::migrations::ledger::Session;
use crate::migrations::lock::with_schema_lock;
use crate::migrations::no_transaction::{self, Advanced, TopLevel};
use crate::migrations::status::Pending;
use crate::migrations::tenant::refuse_strangers;
use crate::migrations::tenants;
use crate::migrations::up::{self, UpRequest};
use crate::server::progress::Progress;
use crate::server::session::with_settings;
use crate::server::transaction::in_transaction;
use crate::server::{own_ddl, timeout, transaction, worker};
use crate::settings;

/// Applies what the request asks for. `settle` takes the settings back that a statement at top level leaves behind.
pub fn up(
    request: &UpRequest<'_>,
    settle: &dyn Fn() -> Result<(), Error>,
    progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (session, chosen) = with_schema_lock(|| {
        refuse_strangers(request.tenant)?;
        Ok((Session::now(request.tenant)?, up::choose(request)?))
    })?;
    let at_top_level = |pending: &&Pending| pending.statements.iter().any(|of| of.refuses_transaction);
    let changes_role = |pending: &Pending| pending.statements.iter().any(|of| of.change_of_role().is_some());
    if transaction::is_confined()
        && let Some(pending) = chosen
            .iter()
            .filter(at_top_level)
            .find(|pending| !transaction::can_confine_statements() || changes_role(pending))
    {
        return Err(without_login(pending, &session));
    }
    for (index, pending) in chosen.iter().enumerate() {
        let mut show = |statement: &str| {
            worker::show(statement);
            progress(Progress { event: None, step: index + 1, of: chosen.len(), statement })
        };
        if pending.entry.in_transaction {
            show(&format!("-- migration {}", pending.entry.version))?;
            patiently(|| up::apply(pending, &session, request.tenant).map(drop))?;
        } else {
            by_statements(pending, &session, request, settle, &mut show)?;
        }
    }
    Ok(())
}

/// The same for every tenant, in the order of their names. One that fails does not stop the others, unless it is one of the first
/// that the canary watches. Each migration of each tenant has a transaction of its own.
pub fn up_all(
    request: &UpRequest<'_>,
    canary: Option<i32>,
    settle: &dyn Fn() -> Result<(), Error>,
    progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut canary = tenants::canary(canary)?;
    let all = in_transaction(tenants::some)?;
    let mut failures: Vec<String> = Vec::new();
    for (index, tenant) in all.iter().enumerate() {
        let mut outcome = Outcome::Nothing;
        let mut show = |now: Progress<'_>| {
            outcome = Outcome::Ran;
            let statement = format!("-- tenant {}\n{}", tenant.name, now.statement);
            progress(Progress { event: None, step: index + 1, of: all.len(), statement: &statement })
        };
        let one = UpRequest { tenant: Some(&tenant.schema), ..*request };
        if let Err(error) = up(&one, settle, &mut show) {
            let is_cancelled = error.server_error().is_some_and(|source| source.is_cancel());
            if is_cancelled && !timeout::has_ended_one() {
                return Err(error);
            }
            outcome = Outcome::Failed;
            failures.push(format!("tenant {:?}: {error}", tenant.name));
            settle()?;
        }
        canary.note(&tenant.name, outcome);
        if canary.stopped_by().is_some() {
            break;
        }
    }
    match failures.split_first() {
        None => Ok(()),
        Some((first, rest)) => Err(core::Error::SomeFailed {
            failed: rest.len() + 1,
            of: all.len(),
            first: first.clone(),
            stopped: canary.stopped_by().is_some(),
        }
        .into()),
    }
}

fn by_statements(
    pending: &Pending,
    session: &Session,
    request: &UpRequest<'_>,
    settle: &dyn Fn() -> Result<(), Error>,
    show: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    show(&format!("-- migration {}", pending.entry.version))?;
    let tenant = request.tenant;
    loop {
        let advanced = patiently(|| no_transaction::advance(pending, session, tenant));
        let advanced = match advanced {
            Err(error) if no_transaction::commits_by_itself(pending, &error) => {
                if transaction::is_confined() && !transaction::can_confine_statements() {
                    return Err(without_login(pending, session));
                }
                with_schema_lock(|| no_transaction::let_commit(pending, session, tenant, request.by_itself))
            }
            other => other,
        };
        match advanced? {
            Advanced::Done => return Ok(()),
            Advanced::Ran { done } => {
                if let Some(next) = pending.statements.get(done) {
                    show(&next.sql)?;
                }
            }
            Advanced::TopLevel(statement) => {
                show(&statement.sql)?;
                let ran = at_top_level(&statement);
                settle()?;
                ran.map_err(|error| no_transaction::failed_at_top_level(pending, &statement, error))?;
                with_schema_lock(|| no_transaction::finish(pending, session, tenant, &statement))?;
            }
        }
    }
}

/// Runs `work` in a transaction. Whoever comes behind a statement that waits for a lock waits, too: so it waits for a moment only,
/// and is tried again after a pause.
fn patiently<T>(mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut waits = worker::WAITS.into_iter();
    loop {
        match with_schema_lock(|| within_lock_timeout(&mut work)) {
            Err(error) if is_without_lock(&error) => match waits.next() {
                Some(wait) => worker::pause(wait),
                None => return Err(error),
            },
            other => return other,
        }
    }
}

/// The lock_timeout of who asked counts more than the setting.
fn within_lock_timeout<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: a plain read of a setting.
    match (unsafe { pg_sys::LockTimeout }, settings::migrate_lock_timeout()) {
        (0, own @ 1..) => with_settings(&[("lock_timeout", &own.to_string())], work),
        _ => work(),
    }
}

/// Whether a migration failed for want of a lock, or in a deadlock: nothing of it is left.
fn is_without_lock(error: &Error) -> bool {
    let (Error::MigrationFailed { source, .. } | Error::StatementFailed { source, .. }) = error else {
        return false;
    };
    matches!(
        source.code(),
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE | PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED
    )
}

fn without_login(pending: &Pending, session: &Session) -> Error {
    let (version, role) = (pending.entry.version.clone(), session.applied_by.clone());
    Error::JobWithoutLogin { version, role }
}

fn at_top_level(statement: &TopLevel) -> Result<(), Error> {
    for (name, value) in &statement.settings {
        worker::set(name, value);
    }
    own_ddl::collect();
    own_ddl::run(|| {
        statement.set.iter().try_for_each(|set| transaction::utility(set))?;
        timeout::within(|| transaction::utility(&statement.sql))
    })
}
