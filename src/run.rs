//! Runs the statements of one migration, the same way in the live database and in the shadow.

use pgrx::prelude::*;

use crate::caller::{catch, with_settings};
use crate::error::{Error, Position};
use crate::statement::{Script, Statement, split};
use crate::{capture, spi};

/// The settings that give a migration's text its meaning. The ledger keeps their values, and a replay sets them again.
pub const MEANINGFUL_SETTINGS: [&str; 13] = [
    "search_path",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "array_nulls",
    "backslash_quote",
    "check_function_bodies",
    "default_table_access_method",
    "default_tablespace",
    "default_toast_compression",
    "standard_conforming_strings",
    "transform_null_equals",
    "xmloption",
];

/// Reads a script and runs it.
pub fn run(script: &Script<'_>, settings: &[(&str, &str)]) -> Result<(), Error> {
    run_statements(script, &split(script)?, settings)
}

/// Runs a script statement by statement, then puts back search_path, role and every other setting that it changed. An
/// error names the migration, the statement and its line.
pub fn run_statements(
    script: &Script<'_>,
    statements: &[Statement],
    settings: &[(&str, &str)],
) -> Result<(), Error> {
    capture::own(|| {
        with_settings(settings, || {
            for (index, statement) in statements.iter().enumerate() {
                catch(|| {
                    Spi::connect_mut(|client| client.update(statement.sql.as_str(), None, &[]).map(drop))?;
                    Ok(())
                })
                .map_err(|error| match error {
                    Error::Server(source) => Error::MigrationFailed {
                        version: script.version.to_owned(),
                        statement: index + 1,
                        line: statement.line + lines_before(&statement.sql, source.position.as_ref()),
                        path: script.path.to_owned(),
                        source,
                    },
                    other => other,
                })?;
            }
            check_deferred(script)
        })
    })
}

/// Runs the checks that wait for the end of the transaction now, as they would run if the migration had one of its own:
/// an error then names the migration, and the next one may alter the tables. The checks of the next migration wait for
/// its end.
fn check_deferred(script: &Script<'_>) -> Result<(), Error> {
    let some = "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgdeferrable)";
    if spi::read_one::<bool>(some, &[])? != Some(true) {
        return Ok(());
    }
    catch(|| spi::write("SET CONSTRAINTS ALL IMMEDIATE", &[])).map_err(|error| match error {
        Error::Server(source) => Error::DeferredCheckFailed {
            version: script.version.to_owned(),
            path: script.path.to_owned(),
            source,
        },
        other => other,
    })?;
    spi::write("SET CONSTRAINTS ALL DEFERRED", &[])
}

fn lines_before(sql: &str, position: Option<&Position>) -> usize {
    let offset = position.and_then(|position| position.offset_in(sql)).unwrap_or(0);
    sql[..offset].matches('\n').count()
}
