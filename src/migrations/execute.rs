//! Runs the statements of one migration, all of them or one, the same way in the live database and in the shadow.

use std::cell::RefCell;
use std::ops::Range;

use nself_heal_core::migrations::Script;

use crate::error::{Error, ServerError};
use crate::migrations::roles::Confined;
use crate::migrations::script::{Statement, settings_before, split};
use crate::server::session::{role_name, with_pinned_settings, with_settings};
use crate::server::spi::{self, with_snapshot};
use crate::server::transaction::{catch, undone};
use crate::server::{blockers, deferred, own_ddl, timeout};

/// Reads a script and runs it.
pub fn run(script: &Script<'_>, settings: &[(&str, &str)]) -> Result<(), Error> {
    run_statements(script, &split(script)?, settings)
}

/// Runs a script statement by statement, with no more rights than are in force, then puts back search_path, role and every
/// other setting that it changed. An error names the migration, the statement and its line.
pub fn run_statements(
    script: &Script<'_>,
    statements: &[Statement],
    settings: &[(&str, &str)],
) -> Result<(), Error> {
    within(settings, || {
        let mut confined = Confined::now()?;
        for (index, statement) in statements.iter().enumerate() {
            execute(script, index, statement, &mut confined)?;
        }
        confined.within(|| check_deferred(script))?;
        confined.end()
    })
}

/// Runs the statements of one transaction of a script that has several, under the settings that those before them made.
/// Otherwise as `run_statements`.
pub fn run_transaction(
    script: &Script<'_>,
    statements: &[Statement],
    which: Range<usize>,
    settings: &[(&str, &str)],
) -> Result<(), Error> {
    run_watched(script, statements, which, settings, &mut |_| Ok(()))
}

/// As `run_transaction`. `ran` is called after each statement, with its place.
pub fn run_watched(
    script: &Script<'_>,
    statements: &[Statement],
    which: Range<usize>,
    settings: &[(&str, &str)],
    ran: &mut dyn FnMut(usize) -> Result<(), Error>,
) -> Result<(), Error> {
    within(settings, || {
        let mut confined = Confined::now()?;
        for setting in settings_before(statements, which.start) {
            execute(script, which.start, setting, &mut confined)?;
        }
        for index in which {
            execute(script, index, &statements[index], &mut confined)?;
            ran(index)?;
        }
        confined.within(|| check_deferred(script))?;
        confined.end()
    })
}

fn within(settings: &[(&str, &str)], work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    own_ddl::run(|| with_settings(settings, || deferred::watched(work)))
}

thread_local! {
    static CURRENT: RefCell<(String, u32)> = const { RefCell::new((String::new(), 0)) };
}

/// The version and the number of the statement that this process runs now, or ran last.
pub fn current() -> (String, u32) {
    CURRENT.with_borrow(Clone::clone)
}

fn execute(
    script: &Script<'_>,
    index: usize,
    statement: &Statement,
    confined: &mut Confined,
) -> Result<(), Error> {
    CURRENT.set((script.version.to_owned(), index as u32 + 1));
    // After an error no name can be looked up.
    let role = confined.role();
    let name = role_name(role);
    let run = || catch(|| confined.run(statement, || spi::write(&statement.sql, &[])));
    blockers::watched(role, || timeout::within(run)).map_err(|error| match error {
        Error::Server(source) => Error::MigrationFailed {
            version: script.version.to_owned(),
            statement: index + 1,
            line: line_of_error(statement, &source),
            path: script.path.to_owned(),
            source: with_role(source, &name),
        },
        other => other,
    })
}

/// What the server says of an object that is another role's does not say whose the statement is, nor whose the object.
fn with_role(source: ServerError, role: &str) -> ServerError {
    let Some(object) = source.message.strip_prefix("must be owner of ") else { return source };
    let runs_as = format!("The migration runs as role {role:?}.");
    // The statement has ended in a look at a right, so it holds nothing that a look into the catalogs needs.
    let says = match undone(|| owner_of(object)) {
        Ok(Some(owner)) => format!("It belongs to role {owner:?}. {runs_as}"),
        _ => runs_as,
    };
    ServerError { detail: Some(source.detail_and(&says)), ..source }
}

/// The owner of what the server calls `function stamp`, if all of that kind and name have one owner.
fn owner_of(object: &str) -> Result<Option<String>, Error> {
    // Kinds can be two words, names can have a schema.
    let Some((kind, name)) = object.rsplit_once(' ') else { return Ok(None) };
    let name = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
    with_pinned_settings(|| {
        spi::read_one(
            "SELECT min(pg_get_userbyid(o.owner)::text) \
               FROM (SELECT relowner FROM pg_class WHERE relname = $2 AND $1 ~ '(relation|table|view|sequence|index)$' \
                      UNION SELECT proowner FROM pg_proc WHERE proname = $2 AND $1 IN ('function', 'procedure', 'aggregate', 'routine') \
                      UNION SELECT typowner FROM pg_type WHERE typname = $2 AND $1 IN ('type', 'domain') \
                      UNION SELECT nspowner FROM pg_namespace WHERE nspname = $2 AND $1 = 'schema') o(owner) \
             HAVING count(*) = 1",
            &[kind.into(), name.into()],
        )
    })
}

/// Runs the checks that wait for the end of the transaction now, as they would run if the migration had one of its own:
/// an error then names the migration, and the next one may alter the tables.
fn check_deferred(script: &Script<'_>) -> Result<(), Error> {
    let some = || "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgdeferrable)".to_owned();
    if with_snapshot(|| spi::read_prepared::<bool>("deferrable", some, &[]))? != Some(true) {
        return Ok(());
    }
    catch(deferred::check).map_err(|error| match error {
        Error::Server(source) => Error::DeferredCheckFailed {
            version: script.version.to_owned(),
            path: script.path.to_owned(),
            source,
        },
        other => other,
    })
}

/// The line of the file on which an error of a statement stands.
pub fn line_of_error(statement: &Statement, error: &ServerError) -> usize {
    let position = error.position.as_ref();
    let offset = position.and_then(|position| position.offset_in(&statement.sql)).unwrap_or(0);
    statement.line + statement.sql[..offset].matches('\n').count()
}
