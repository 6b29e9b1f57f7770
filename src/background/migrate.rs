//! Migrations in a job: each in a transaction of its own with its row in the ledger, those that are marked to run without
//! one statement by statement.

use crate::error::Error;
use crate::migrations::ledger::Session;
use crate::migrations::lock::with_schema_lock;
use crate::migrations::no_transaction::{self, Advanced, TopLevel};
use crate::migrations::status::Pending;
use crate::migrations::tenant::refuse_strangers;
use crate::migrations::up::{self, UpRequest};
use crate::server::progress::Progress;
use crate::server::{own_ddl, transaction, worker};

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
        let (version, role) = (pending.entry.version.clone(), session.applied_by);
        return Err(Error::JobWithoutLogin { version, role });
    }
    for (index, pending) in chosen.iter().enumerate() {
        let mut show = |statement: &str| {
            worker::show(statement);
            progress(Progress { event: None, step: index + 1, of: chosen.len(), statement })
        };
        if pending.entry.in_transaction {
            show(&format!("-- migration {}", pending.entry.version))?;
            with_schema_lock(|| up::apply(pending, &session, request.tenant).map(drop))?;
        } else {
            by_statements(pending, &session, request.tenant, settle, &mut show)?;
        }
    }
    Ok(())
}

fn by_statements(
    pending: &Pending,
    session: &Session,
    tenant: Option<&str>,
    settle: &dyn Fn() -> Result<(), Error>,
    show: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    show(&format!("-- migration {}", pending.entry.version))?;
    loop {
        match with_schema_lock(|| no_transaction::advance(pending, session, tenant))? {
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

fn at_top_level(statement: &TopLevel) -> Result<(), Error> {
    for (name, value) in &statement.settings {
        worker::set(name, value);
    }
    own_ddl::collect();
    own_ddl::run(|| {
        statement.set.iter().try_for_each(|set| transaction::utility(set))?;
        transaction::utility(&statement.sql)
    })
}
