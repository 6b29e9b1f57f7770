//! How far each migration of the journal and of the ledger is.

use nself_heal_core::formats::Migration;
use nself_heal_core::lexer;
use nself_heal_core::migrations::{self, Applied, Script, Status};

use crate::error::Error;
use crate::migrations::script::{Statement, split};
use crate::migrations::{journal, ledger};
use crate::server::transaction::try_read;

/// A migration that is to run, or to go on. All that can be checked before is checked.
pub struct Pending {
    pub entry: Migration,
    pub statements: Vec<Statement>,
}

/// All migrations of the journal in their order, then those that only the ledger knows.
pub fn status(tenant: Option<&str>) -> Result<Vec<Status>, Error> {
    Ok(status_of(journal::entries()?, applied_by(tenant)?))
}

/// The same of a journal and of the rows of one tenant that are at hand.
pub fn status_of(journal: Vec<Migration>, applied: Vec<Applied>) -> Vec<Status> {
    migrations::status(journal, applied, &statements)
}

/// Those of one tenant that are applied now, in the order in which they were applied.
pub fn applied_by(tenant: Option<&str>) -> Result<Vec<Applied>, Error> {
    ledger::applied_by(tenant)
}

/// The statements of a script that can be read.
fn statements(script: &Script<'_>) -> Option<Vec<String>> {
    let statements = try_read(|| split(script)).ok()?;
    Some(statements.into_iter().map(|statement| statement.sql).collect())
}

/// Whether a migration can go on: it still is marked, and what ran of it is as it was, up to comments and white space.
pub fn is_same_so_far(begun: &Applied, entry: &Migration) -> bool {
    migrations::is_same_so_far(begun, entry, &statements)
}

/// What there is to say of the state of a migration.
pub fn note(status: &Status) -> Option<String> {
    status.note(&statements)
}

pub fn statement_at(begun: &Applied, index: usize) -> Option<String> {
    statements(&begun.script())?.get(index).map(|sql| lexer::normal_form(sql))
}

pub fn normal(statement: &Statement) -> String {
    lexer::normal_form(&statement.sql)
}
