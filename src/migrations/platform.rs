//! Makes a ready-made ground: in a database without the platform that a folder was written for, what that platform brings.
//! Afterwards it is the ground as any other, read when the first migration is applied.

use nself_heal_core::migrations::{Direction, Script};
use nself_heal_core::platforms::{Platform, makes_extension, role_made};
use nself_heal_core::quote::ident;
use pgrx::PgSqlErrorCode::*;

use crate::error::{Error, ServerError};
use crate::migrations::ground;
use crate::migrations::lock::SchemaLock;
use crate::migrations::script::split;
use crate::server::own_ddl;
use crate::server::session::{with_pinned_settings, with_settings};
use crate::server::spi;
use crate::server::transaction::{subtransaction, undone};

/// What became of a statement of the ground.
pub struct Made {
    pub ddl: String,
    /// planned, made, there or left out
    pub status: &'static str,
    /// Why it is left out, or what else it means.
    pub detail: Option<String>,
}

/// Makes what a platform brings. Without `confirm` all of it is taken back.
pub fn make(name: &str, confirm: bool) -> Result<Vec<Made>, Error> {
    let platform =
        Platform::named(name).ok_or_else(|| Error::UnknownPlatform { platform: name.to_owned() })?;
    let _turn = SchemaLock::take(c"nself_ground_platform()")?;
    if !ground::is_first()? {
        return Err(Error::PlatformTooLate { platform: platform.name });
    }
    if let Some(what) = what_is_here(platform)? {
        return Err(Error::PlatformHere { platform: platform.name, what });
    }
    let statements = statements(platform)?;
    let run = || statements.iter().map(|ddl| run(platform, ddl)).collect::<Result<Vec<Made>, Error>>();
    // A warning that the server gives, say of a publication, is about using it.
    let settings = [("client_min_messages", "error")];
    let run = || own_ddl::run(|| with_pinned_settings(|| with_settings(&settings, run)));
    if confirm {
        let mut made = subtransaction(run)?;
        if let (Some(search_path), Some(last)) = (platform.search_path, made.last_mut()) {
            spi::write("SELECT pg_catalog.set_config('search_path', $1, false)", &[search_path.into()])?;
            last.detail = Some("this session has it, too".to_owned());
        }
        return Ok(made);
    }
    let mut planned = undone(run)?;
    planned.iter_mut().filter(|of| of.status == "made").for_each(|of| of.status = "planned");
    Ok(planned)
}

/// By what it is known that the platform itself is here, or its ground.
fn what_is_here(platform: &Platform) -> Result<Option<String>, Error> {
    let query = "SELECT CASE WHEN pg_catalog.to_regnamespace($1) IS NOT NULL THEN 'schema ' || $1 \
                             WHEN pg_catalog.current_setting($2, true) IS NOT NULL THEN 'setting ' || $2 END";
    with_pinned_settings(|| {
        spi::read_one::<String>(query, &[platform.schema.into(), platform.setting.unwrap_or_default().into()])
    })
}

fn statements(platform: &Platform) -> Result<Vec<String>, Error> {
    let path = format!("{}.sql", platform.name);
    let script = Script {
        version: "",
        path: &path,
        sql: platform.script,
        first_line: 1,
        breakpoints: false,
        direction: Direction::Up,
        in_transaction: true,
    };
    let mut statements: Vec<String> = split(&script)?.into_iter().map(|statement| statement.sql).collect();
    if let Some(search_path) = platform.search_path {
        let database = ident(&spi::database()?);
        statements.push(format!("ALTER DATABASE {database} SET search_path = {search_path}"));
    }
    Ok(statements)
}

fn run(platform: &Platform, ddl: &str) -> Result<Made, Error> {
    let made = |status, detail| Made { ddl: ddl.to_owned(), status, detail };
    // Who may not make roles may use those that are there.
    if let Some(role) = role_made(ddl) {
        let query = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)";
        if spi::read_one::<bool>(query, &[role.into()])? == Some(true) {
            return Ok(made("there", None));
        }
    }
    match subtransaction(|| spi::write(ddl, &[])) {
        Ok(()) => Ok(made("made", None)),
        Err(Error::Server(error)) if is_there(&error) => Ok(made("there", None)),
        Err(Error::Server(error)) if makes_extension(ddl) => Ok(made("left out", Some(error.message))),
        Err(Error::Server(source)) => {
            Err(Error::PlatformFailed { platform: platform.name, ddl: ddl.to_owned(), source })
        }
        Err(other) => Err(other),
    }
}

/// Whether it was not made because something of its name is there.
fn is_there(error: &ServerError) -> bool {
    matches!(
        error.code(),
        ERRCODE_DUPLICATE_SCHEMA
            | ERRCODE_DUPLICATE_OBJECT
            | ERRCODE_DUPLICATE_FUNCTION
            | ERRCODE_DUPLICATE_TABLE
    )
}
