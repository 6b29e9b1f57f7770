//! Migrations that are marked to run without a transaction, or that commit in the middle. Each statement has a transaction of
//! its own, or shares one with those up to the next COMMIT, and the row of the ledger in it says how far the migration has
//! come. A statement that refuses a transaction runs between two rows:
//! one that says that it was begun, and one that says that it ended. Who runs a migration asks here what is next, again
//! and again: the ledger alone knows, so it does not matter who has begun.

use std::time::Instant;

use nself_heal_core::formats::Migration;
use nself_heal_core::migrations::{self, Applied, Direction};
use nself_heal_core::repair::Next;

use pgrx::PgSqlErrorCode;

use crate::error::Error;
use crate::migrations::evidence::Witness;
use crate::migrations::execute::{line_of_error, run_transaction};
use crate::migrations::ground;
use crate::migrations::ledger::{self, LedgerRow, Progress, Session, since};
use crate::migrations::mirror::Mirror;
use crate::migrations::resume::{self, Begun, Left};
use crate::migrations::roles::Confined;
use crate::migrations::script::{Statement, end_of_transaction, settings_before, split};
use crate::migrations::status::{Pending, is_same_so_far, normal, statement_at};
use crate::migrations::tenant::make_tenant;
use crate::server::parser::can_commit;
use crate::server::session::with_settings;
use crate::server::transaction::undone;
use crate::server::{own_ddl, spi};

/// What one transaction has done for a migration.
pub enum Advanced {
    /// So many of its statements have run by now, and the ledger says so.
    Ran { done: usize },
    /// This is to run next, at top level, after the transaction has been committed. Then `finish`.
    TopLevel(TopLevel),
    /// All of the migration has run, and the ledger says so.
    Done,
}

/// A statement that the server runs at top level only.
pub struct TopLevel {
    /// From 0.
    pub index: usize,
    /// The statement, or what is left to do of it.
    pub sql: String,
    /// The settings under which it runs, first those of the migration.
    pub settings: Vec<(String, String)>,
    /// Then the SET statements that come before it.
    pub set: Vec<String>,
    began: Instant,
}

/// Does what is next for the migration. The transaction is to be committed, and before that nobody else may change the
/// schema of this database (`Turn`).
pub fn advance(pending: &Pending, session: &Session, tenant: Option<&str>) -> Result<Advanced, Error> {
    let before = ledger::last(&pending.entry.version, tenant)?;
    let Some(course) = Standing::new(pending, session, tenant, before.as_ref())? else {
        return Ok(Advanced::Done);
    };
    ground::keep_before_first(session)?;
    make_tenant(tenant)?;
    let Some(statement) = pending.statements.get(course.done) else {
        course.record(course.done, None, Instant::now())?;
        return Ok(Advanced::Done);
    };
    let began = Instant::now();
    if statement.refuses_transaction {
        return course.begin(statement, began);
    }
    let end = end_of_transaction(&pending.statements, course.done);
    let mut witness = Witness::new()?;
    witness
        .watch(&pending.entry.version, || {
            let settings = course.session.settings();
            run_transaction(&pending.entry.up(), &pending.statements, course.done..end, &settings)
        })
        .map_err(|error| failed(pending, course.done, true, error))?;
    course.record(end, None, began)?;
    witness.keep()?;
    Ok(Advanced::Ran { done: end })
}

/// What the ledger says that such a statement is about.
const COMMITS: &str = "commits by itself";

/// What the catalogs say of the statement that comes next in a migration that has run in part, and how many it has. Nothing
/// of the migration runs, and nothing changes.
pub fn next(begun: &Applied, entry: &Migration) -> Result<(Next, usize), Error> {
    let statements = split(&entry.up())?;
    let (of, done) = (statements.len(), begun.statements_done.unwrap_or(0));
    let (Some(statement), Some(about)) = (statements.get(done), begun.statement_begun.as_deref()) else {
        return Ok((Next::NotBegun, of));
    };
    if about == COMMITS {
        return Ok((Next::Unknown, of));
    }
    // With the rights of who asks they would be run, and by them it looks up names.
    if settings_before(&statements, done).next().is_some() {
        return Ok((Next::Unread { why: "the migration sets something before it".to_owned() }, of));
    }
    let is_same = statement_at(begun, done).is_some_and(|then| then == normal(statement));
    let left = undone(|| {
        with_settings(&begun.settings(), || resume::left(&statement.sql, Some(&Begun { about, is_same })))
    });
    let next = match left {
        Ok(Left::Nothing) => Next::Ended,
        Ok(Left::Run { sql, .. }) if sql != statement.sql => Next::HalfMade { rest: sql },
        Ok(Left::Run { .. }) => Next::Nothing,
        Ok(Left::Invalid(index)) => Next::Invalid { index },
        Ok(Left::Other(index)) => Next::Other { index },
        Err(error) => Next::Unread { why: error.without_sql().to_string() },
    };
    Ok((next, of))
}

/// Whether `advance` failed because a statement ends the transaction that it has to itself. Nothing of it is left.
pub fn commits_by_itself(pending: &Pending, error: &Error) -> bool {
    let Error::StatementFailed { statement, source, .. } = error else { return false };
    let index = statement - 1;
    source.code() == PgSqlErrorCode::ERRCODE_INVALID_TRANSACTION_TERMINATION
        && end_of_transaction(&pending.statements, index) == *statement
        && can_commit(&pending.statements[index].sql)
}

/// Writes down that such a statement is begun, for it can only run at top level. Only somebody who asks may begin it again: what
/// it committed before it broke off is known to nobody here.
pub fn let_commit(
    pending: &Pending,
    session: &Session,
    tenant: Option<&str>,
    by_itself: bool,
) -> Result<Advanced, Error> {
    let before = ledger::last(&pending.entry.version, tenant)?;
    let Some(course) = Standing::new(pending, session, tenant, before.as_ref())? else {
        return Ok(Advanced::Done);
    };
    let was_begun = course.begun.as_ref().is_some_and(|begun| begun.about == COMMITS);
    if was_begun && by_itself {
        let (version, statement) = (pending.entry.version.clone(), course.done + 1);
        return Err(Error::BegunBefore { version, statement });
    }
    ground::keep_before_first(session)?;
    make_tenant(tenant)?;
    let began = Instant::now();
    if !was_begun {
        course.record(course.done, Some(COMMITS), began)?;
    }
    let sql = pending.statements[course.done].sql.clone();
    Ok(Advanced::TopLevel(course.at_top_level(sql, began)))
}

/// Writes down that a statement ended which `advance` told to run.
pub fn finish(
    pending: &Pending,
    session: &Session,
    tenant: Option<&str>,
    ran: &TopLevel,
) -> Result<(), Error> {
    let before = ledger::last(&pending.entry.version, tenant)?;
    match Standing::new(pending, session, tenant, before.as_ref())? {
        Some(course) if course.done == ran.index && course.begun.is_some() => {
            course.record(course.done + 1, None, ran.began)?;
            let mut witness = Witness::new()?;
            witness.add(&pending.entry.version, own_ddl::take());
            witness.keep()
        }
        _ => Err(Error::Overtaken { version: pending.entry.version.clone() }),
    }
}

/// The error of a statement that `advance` told to run.
pub fn failed_at_top_level(pending: &Pending, ran: &TopLevel, error: Error) -> Error {
    failed(pending, ran.index, false, error)
}

/// In other words, because what came before is not undone.
fn failed(pending: &Pending, done: usize, undone: bool, error: Error) -> Error {
    let (index, source) = match error {
        Error::MigrationFailed { statement, source, .. } => (statement - 1, source),
        Error::DeferredCheckFailed { source, .. } | Error::Server(source) => (done, source),
        other => return other,
    };
    Error::StatementFailed {
        done,
        version: pending.entry.version.clone(),
        statement: index + 1,
        of: pending.statements.len(),
        line: line_of_error(&pending.statements[index], &source),
        path: pending.entry.path.clone(),
        undone,
        source,
    }
}

/// Where a migration stands that has not ended.
struct Standing<'a> {
    pending: &'a Pending,
    tenant: Option<&'a str>,
    /// As which it runs.
    session: Session,
    /// How many statements have run.
    done: usize,
    /// The next one was begun at top level.
    begun: Option<Begun<'a>>,
    /// How long those that ran took.
    took_ms: i64,
}

impl<'a> Standing<'a> {
    /// By what the ledger says of the migration; none if all of it has run.
    fn new(
        pending: &'a Pending,
        session: &Session,
        tenant: Option<&'a str>,
        before: Option<&'a Applied>,
    ) -> Result<Option<Self>, Error> {
        let Some(before) = before.filter(|before| !before.is_outdated_by(&pending.entry)) else {
            let session = session.clone();
            return Ok(Some(Self { pending, tenant, session, done: 0, begun: None, took_ms: 0 }));
        };
        let Some(done) = before.statements_done else { return Ok(None) };
        if !is_same_so_far(before, &pending.entry) {
            return Err(migrations::Error::EditedPart { version: before.version.clone(), done }.into());
        }
        let session = match done {
            0 => session.clone(),
            _ => session.going_on(before)?,
        };
        let begun = before.statement_begun.as_deref().map(|about| Begun {
            about,
            is_same: statement_at(before, done)
                .is_some_and(|then| pending.statements.get(done).is_some_and(|now| then == normal(now))),
        });
        Ok(Some(Self { pending, tenant, session, done, begun, took_ms: before.duration_ms }))
    }

    /// Decides what is left to do of a statement that refuses a transaction.
    fn begin(&self, statement: &Statement, began: Instant) -> Result<Advanced, Error> {
        let index = self.done;
        let left = own_ddl::run(|| {
            with_settings(&self.session.settings(), || {
                let mut confined = Confined::now()?;
                for setting in settings_before(&self.pending.statements, index) {
                    confined.run(setting, || spi::write(&setting.sql, &[]))?;
                }
                confined.within(|| resume::left(&statement.sql, self.begun.as_ref()))
            })
        })?;
        let (version, number) = (self.pending.entry.version.clone(), index + 1);
        match left {
            Left::Nothing => {
                self.record(index + 1, None, began)?;
                Ok(Advanced::Ran { done: index + 1 })
            }
            Left::Run { sql, about } => {
                let is_written =
                    self.begun.as_ref().is_some_and(|begun| begun.is_same && begun.about == about);
                if !is_written {
                    self.record(index, Some(&about), began)?;
                }
                Ok(Advanced::TopLevel(self.at_top_level(sql, began)))
            }
            Left::Invalid(index) => Err(Error::IndexInvalid { version, statement: number, index }),
            Left::Other(index) => Err(Error::IndexLeft { version, statement: number, index }),
        }
    }

    /// The next statement, or what is left of it, under the settings that it is to have.
    fn at_top_level(&self, sql: String, began: Instant) -> TopLevel {
        let settings = self.session.settings();
        let set = settings_before(&self.pending.statements, self.done);
        TopLevel {
            index: self.done,
            sql,
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            set: set.map(|setting| setting.sql.clone()).collect(),
            began,
        }
    }

    /// Writes down how far the migration has come.
    fn record(&self, statements_done: usize, begun: Option<&str>, began: Instant) -> Result<(), Error> {
        let ended = statements_done == self.pending.statements.len();
        let duration_ms = self.took_ms + since(began);
        let mirror = match ended {
            true => Mirror::open(self.tenant)?,
            false => None,
        };
        let write = |mirror: Mirror| mirror.write(&self.pending.entry, Direction::Up, duration_ms);
        ledger::record(
            &self.session,
            &LedgerRow {
                entry: &self.pending.entry,
                direction: Direction::Up,
                tenant: self.tenant,
                in_transaction: false,
                progress: (!ended).then_some(Progress { statements_done, begun }),
                duration_ms,
                mirrored: mirror.map(write).transpose()?,
            },
        )
    }
}
