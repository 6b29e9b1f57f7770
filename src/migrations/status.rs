//! How far each migration of the journal and of the ledger is.

use std::collections::BTreeMap;

use nself_heal_core::formats::compare_versions;
use nself_heal_core::lexer;

use crate::error::Error;
use crate::migrations::journal::{self, Entry};
use crate::migrations::ledger::{self, Applied};
use crate::migrations::script::{Statement, split};
use crate::server::transaction::try_read;

/// How the journal and the ledger stand to each other for one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In the journal, not in the ledger.
    Pending,
    /// Some of its statements have run, and are as they were.
    Partial,
    /// In both, equal to the byte.
    Applied,
    /// In both; the file differs in comments, white space or line ends alone.
    Cosmetic,
    /// In both, and different; if not all of it has run, in what has.
    Edited,
    /// In the ledger, not in the journal.
    Missing,
}

/// A migration of the journal, the ledger or both.
pub struct Status {
    pub version: String,
    pub name: String,
    pub state: State,
    pub journal: Option<Entry>,
    pub ledger: Option<Applied>,
}

/// A migration that is to run, or to go on. All that can be checked before is checked.
pub struct Pending {
    pub entry: Entry,
    pub statements: Vec<Statement>,
}

impl Status {
    /// Whether something of it is still to run.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending | State::Partial)
    }
}

/// All migrations of the journal in their order, then those that only the ledger knows.
pub fn status(tenant: Option<&str>) -> Result<Vec<Status>, Error> {
    let mut applied: BTreeMap<String, Applied> = ledger::applied()?
        .into_iter()
        .filter(|applied| applied.tenant.as_deref() == tenant)
        .map(|applied| (applied.version.clone(), applied))
        .collect();
    let mut all: Vec<Status> = journal::entries()?
        .into_iter()
        .map(|entry| {
            let ledger = applied.remove(&entry.version);
            let state = match &ledger {
                None => State::Pending,
                Some(applied) => compare(applied, &entry),
            };
            Status {
                version: entry.version.clone(),
                name: entry.name.clone(),
                state,
                journal: Some(entry),
                ledger,
            }
        })
        .collect();
    let mut missing: Vec<Applied> = applied.into_values().collect();
    missing.sort_by(|a, b| compare_versions(&a.version, &b.version));
    all.extend(missing.into_iter().map(|applied| Status {
        version: applied.version.clone(),
        name: applied.name.clone(),
        state: State::Missing,
        journal: None,
        ledger: Some(applied),
    }));
    Ok(all)
}

fn compare(applied: &Applied, entry: &Entry) -> State {
    if applied.statements_done.is_some() {
        match is_same_so_far(applied, entry) {
            true => State::Partial,
            false => State::Edited,
        }
    } else if applied.checksum == entry.checksum {
        State::Applied
    } else if lexer::normal_form(&applied.sql) == lexer::normal_form(&entry.up_sql) {
        State::Cosmetic
    } else {
        State::Edited
    }
}

/// Whether a migration can go on: it still is marked, and what ran of it is as it was, up to comments and white space.
/// One that cannot be read is not called changed: who runs it will be told why.
pub fn is_same_so_far(begun: &Applied, entry: &Entry) -> bool {
    let done = begun.statements_done.unwrap_or(0);
    let Ok(now) = try_read(|| split(&entry.up())) else { return true };
    let Ok(then) = try_read(|| split(&begun.script())) else { return false };
    let first = |statements: &[Statement]| {
        statements.get(..done).map(|first| first.iter().map(normal).collect::<Vec<_>>())
    };
    !entry.in_transaction && first(&now).is_some_and(|now| Some(now) == first(&then))
}

/// How far a migration has come that has not ended, in words.
pub fn progress(begun: &Applied, entry: &Entry) -> String {
    let next = begun.statements_done.unwrap_or(0) + 1;
    let of = try_read(|| split(&entry.up())).map_or(String::new(), |all| format!(" of {}", all.len()));
    match begun.statement_begun {
        Some(_) => format!("statement {next}{of} was begun"),
        None => format!("statement {next}{of} is next"),
    }
}

pub fn statement_at(begun: &Applied, index: usize) -> Option<String> {
    try_read(|| split(&begun.script())).ok()?.get(index).map(normal)
}

pub fn normal(statement: &Statement) -> String {
    lexer::normal_form(&statement.sql)
}
