//! Migrations in a job: each in a transaction of its own with its row in the ledger, those that are marked to run without
//! one statement by statement.

#![allow(unsafe_code)]

use pgrx::{PgSqlErrorCode, pg_sys};

use crate::error::Error;
use crate::migrations::ledger::Session;
use crate::migrations::lock::{with_schema_lock, with_tenant_lock};
use crate::migrations::no_transaction::{self, Advanced, TopLevel};
use crate::migrations::status::Pending;
use crate::migrations::tenant::refuse_strangers;
use crate::migrations::up::{self, UpRequest};
use crate::migrations::{evidence, ground};
use crate::server::progress::Progress;
use crate::server::session::with_settings;
use crate::server::{own_ddl, timeout, transaction, worker};
use crate::settings;

/// Beside whom migrations run.
#[derive(Clone, Copy)]
pub enum Turn<'a> {
    /// Beside nobody who changes the schema.
    Alone,
    /// Beside those who migrate other tenants than this one.
    BesideOthers(&'a str),
}

impl Turn<'_> {
    fn take<T>(self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        match self {
            Self::Alone => with_schema_lock(work),
            Self::BesideOthers(tenant) => with_tenant_lock(tenant, is_alone, work),
        }
    }
}

/// What stands here before the first migration is kept once; and where no event trigger tells what a migration touches, all that
/// changes meanwhile counts as its doing.
fn is_alone() -> Result<bool, Error> {
    Ok(ground::is_first()? || !evidence::is_seen_at_once()?)
}

/// Applies what the request asks for. `settle` takes the settings back that a statement at top level leaves behind.
pub fn up(
    request: &UpRequest<'_>,
    turn: Turn<'_>,
    settle: &dyn Fn() -> Result<(), Error>,
    progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (session, chosen) = turn.take(|| {
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
            patiently(turn, || up::apply(pending, &session, request.tenant).map(drop))?;
        } else {
            by_statements(pending, &session, request, turn, settle, &mut show)?;
        }
    }
    Ok(())
}

fn by_statements(
    pending: &Pending,
    session: &Session,
    request: &UpRequest<'_>,
    turn: Turn<'_>,
    settle: &dyn Fn() -> Result<(), Error>,
    show: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    show(&format!("-- migration {}", pending.entry.version))?;
    let tenant = request.tenant;
    loop {
        let advanced = patiently(turn, || no_transaction::advance(pending, session, tenant));
        let advanced = match advanced {
            Err(error) if no_transaction::commits_by_itself(pending, &error) => {
                if transaction::is_confined() && !transaction::can_confine_statements() {
                    return Err(without_login(pending, session));
                }
                turn.take(|| no_transaction::let_commit(pending, session, tenant, request.by_itself))
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
                turn.take(|| no_transaction::finish(pending, session, tenant, &statement))?;
            }
        }
    }
}

/// Runs `work` in a transaction. Whoever comes behind a statement that waits for a lock waits, too: so it waits for a moment only,
/// and is tried again after a pause.
fn patiently<T>(turn: Turn<'_>, mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut waits = worker::WAITS.into_iter();
    loop {
        match turn.take(|| within_lock_timeout(&mut work)) {
            Err(error) if is_without_lock(&error) || was_outrun(turn, &error) => match waits.next() {
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

/// Whether a migration of a tenant failed because another one made or changed the same shared object at the same moment: nothing of it
/// is left.
fn was_outrun(turn: Turn<'_>, error: &Error) -> bool {
    let (
        Turn::BesideOthers(_),
        Error::MigrationFailed { source, .. } | Error::StatementFailed { source, .. },
    ) = (turn, error)
    else {
        return false;
    };
    match source.code() {
        // A key of a catalog: the object was not there when the statement looked, and is there now.
        PgSqlErrorCode::ERRCODE_UNIQUE_VIOLATION => source.message.contains("\"pg_"),
        PgSqlErrorCode::ERRCODE_INTERNAL_ERROR => source.message.starts_with("tuple concurrently "),
        _ => false,
    }
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
