//! The product, as its SQL contract shows it.

use nself_harness::Doing;
use postgres::Client;
use serde_json::{Value, json};

use crate::error::Error;
use crate::schema::Migration;

pub const INSTALL: &str = "CREATE EXTENSION nself_heal";
pub const REMOVE: &str = "DROP EXTENSION nself_heal";
pub const DRIFT: &str = "SELECT * FROM nself_drift()";
pub const MIGRATE_UP: &str = "SELECT count(*) FROM nself_migrate_up()";
pub const REHEARSE: &str = "SELECT * FROM nself_migrate_rehearse()";
pub const HEAL_DRY_RUN: &str = "SELECT * FROM nself_heal()";

/// Makes the product forget the expected schema: the next drift replays the migrations.
pub const FORGET_EXPECTED: &str = "DELETE FROM nself.expected_state";

/// Loads a migrations folder. It has to be the whole folder: what is not given is removed from the journal.
pub fn put<'a>(client: &mut Client, folder: impl IntoIterator<Item = &'a Migration>) -> Result<(), Error> {
    let files: Value =
        folder.into_iter().map(|one| json!({ "path": one.path, "content": one.sql })).collect();
    client
        .execute("SELECT count(*) FROM nself_journal_put($1)", &[&files])
        .doing("loading the migrations")?;
    Ok(())
}

/// Applies all migrations, each in a transaction of its own: one would have to hold locks on all that they make.
pub fn migrate(client: &mut Client) -> Result<usize, Error> {
    for applied in 0.. {
        let rows = client
            .query("SELECT version FROM nself_migrate_up(max_count => 1)", &[])
            .doing(format!("applying migration {}", applied + 1))?;
        if rows.is_empty() {
            return Ok(applied);
        }
    }
    Ok(0)
}

/// The scripts of the journal, in the order in which they are applied.
pub fn scripts(client: &mut Client) -> Result<Vec<String>, Error> {
    let rows =
        client.query("SELECT up_sql FROM nself.journal ORDER BY seq", &[]).doing("reading the journal")?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A time that was taken while the product said something wrong is worth nothing.
pub fn expect(what: &str, found: usize, wanted: usize) -> Result<(), Error> {
    if found == wanted {
        Ok(())
    } else {
        Err(Error::WrongAnswer { what: format!("nself_drift() on {what}"), found, wanted })
    }
}
