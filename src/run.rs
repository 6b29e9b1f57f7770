//! Runs the statements of one migration, the same way in the live database and in the shadow.

use pgrx::prelude::*;

use crate::caller::{catch, with_settings};
use crate::error::Error;
use crate::statement::{Script, split};

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

/// Runs a script statement by statement, then puts back search_path, role and every other setting that it changed. An
/// error names the migration, the statement and its line.
pub fn run(script: &Script<'_>, settings: &[(&str, &str)]) -> Result<(), Error> {
    let statements = split(script)?;
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
                    line: statement.line + lines_before(&statement.sql, source.position),
                    path: script.path.to_owned(),
                    source,
                },
                other => other,
            })?;
        }
        Ok(())
    })
}

fn lines_before(sql: &str, position: Option<usize>) -> usize {
    position.map_or(0, |position| sql.chars().take(position - 1).filter(|&c| c == '\n').count())
}
