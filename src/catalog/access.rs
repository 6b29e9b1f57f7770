//! Who may call what. A role needs EXECUTE on a function and, as a second key, the level that the function asks for: a
//! GRANT on all functions of a schema, or default privileges, then open nothing. A role has a level if it may EXECUTE the
//! key of that level in schema nself, so that memberships, REVOKE and pg_dump work as for all rights. What a level gives
//! is plain data in `nself_heal_core::access`.

use std::collections::BTreeSet;

use nself_heal_core::access::{Level, rights};
use nself_heal_core::graphql;
use nself_heal_core::model::NotCompared;
use nself_heal_core::plan::{Step, Verdict};
use nself_heal_core::quote;
use pgrx::datum::DatumWithOid;
use pgrx::{Json, PgLogLevel, PgSqlErrorCode, log, notice, pg_sys};
use serde::Deserialize;

use crate::catalog::older::as_here;
use crate::error::{Error, say};
use crate::server::parser;
use crate::server::session::{self, as_extension_owner, c_string, with_pinned_settings};
use crate::server::spi;
use crate::server::trust::as_owner;
use crate::server::version;

/// Whether the caller has a level.
pub fn may(level: Level) -> Result<bool, Error> {
    // SAFETY: a plain read of this backend's state.
    Ok(held_by(unsafe { pg_sys::GetUserId() })? >= Some(level))
}

/// Refuses the call of a function by a role that has not the level for it. What counts is the role whose rights are in
/// force, and not the one that logged in.
///
/// What changes something does not begin with rights that are lent: whoever wrote the function or the expression that runs
/// with them would decide what is done, and when.
pub fn ask(level: Level, function: &'static str) -> Result<(), Error> {
    if level > Level::Look
        && let Some(lent) = session::lent()
    {
        return Err(Error::LentRights { command: function, lent });
    }
    // SAFETY: a plain read of this backend's state.
    let held = held_by(unsafe { pg_sys::GetUserId() })?;
    if held >= Some(level) {
        return version::warn_of_another();
    }
    let (role, _) = session::roles();
    Err(Error::NoLevel { function, level: level.word(), role, held: held.map(Level::word) })
}

/// The highest level of the caller.
pub fn of_caller() -> Result<Option<Level>, Error> {
    // SAFETY: a plain read of this backend's state.
    held_by(unsafe { pg_sys::GetUserId() })
}

/// Whether the caller may see the SQL of migrations, and what the server says of it.
pub fn sees_sql() -> Result<bool, Error> {
    Ok(of_caller()? >= Some(Level::Migrate))
}

/// The highest level of a role, by itself or by what it is a member of.
fn held_by(role: pg_sys::Oid) -> Result<Option<Level>, Error> {
    // SAFETY: a look into the catalogs within a transaction.
    if unsafe { pg_sys::superuser_arg(role) } {
        return Ok(Level::ALL.last().copied());
    }
    let place: Option<i32> = with_pinned_settings(|| {
        spi::with_snapshot(|| {
            spi::read_prepared(
                "level of a role",
                || sql!("access/effective").to_owned(),
                &[Level::ALL.map(Level::key).to_vec().into(), role.into()],
            )
        })
    })?;
    Ok(place.and_then(|place| Level::at(usize::try_from(place).ok()?)))
}

/// Who gets or loses a level: a role, or PUBLIC.
struct Grantee {
    /// Zero is PUBLIC.
    oid: pg_sys::Oid,
    name: String,
}

impl Grantee {
    /// By its name as it is, without quotes; `public` in any case is everybody, also where a role is called "PUBLIC".
    fn find(name: Option<&str>, function: &'static str) -> Result<Self, Error> {
        let name = name.ok_or(Error::WhichRole { function })?;
        if name.eq_ignore_ascii_case("public") {
            return Ok(Self { oid: pg_sys::InvalidOid, name: "PUBLIC".to_owned() });
        }
        let text = c_string(name);
        // SAFETY: a look into the catalogs; with true it returns InvalidOid for a role that is not there.
        match unsafe { pg_sys::get_role_oid(text.as_ptr(), true) } {
            pg_sys::InvalidOid => Err(Error::UnknownRole { role: name.to_owned() }),
            oid => Ok(Self { oid, name: name.to_owned() }),
        }
    }

    fn is_public(&self) -> bool {
        self.oid == pg_sys::InvalidOid
    }

    /// For a query: an Oid of zero would be NULL there.
    fn number(&self) -> i64 {
        self.oid.to_u32().into()
    }

    fn sql(&self) -> String {
        if self.is_public() { self.name.clone() } else { quote::ident(&self.name) }
    }

    /// The levels that it holds by itself.
    fn levels(&self) -> Result<Vec<Level>, Error> {
        let places: Vec<usize> = ask_held(sql!("access/levels"), vec![self.number().into()])?;
        Ok(places.into_iter().filter_map(Level::at).collect())
    }
}

fn level(word: &str) -> Result<Level, Error> {
    Level::parse(word).ok_or_else(|| Error::UnknownLevel { level: word.to_owned() })
}

/// Gives a level to a role: both keys, and the rights on tables that go with it. A higher level that the role has stays.
pub fn grant(role: Option<&str>, word: Option<&str>) -> Result<(), Error> {
    let function = "nself_grant_access()";
    ask(Level::Admin, function)?;
    let grantee = Grantee::find(role, function)?;
    let level = level(word.ok_or(Error::WhichLevel { function })?)?;
    if grantee.is_public() && level > Level::Look {
        return Err(Error::PublicAbove { level: level.word() });
    }
    spi::refuse_read_only(c"nself_grant_access()")?;
    let before = as_extension_owner(|| {
        let before = grantee.levels()?;
        give(&grantee, level)?;
        Ok(before)
    })?;
    let (giver, _) = session::roles();
    log!("nself_heal: role {giver} gives level {} to {}", level.word(), grantee.sql());
    if let Some(higher) = before.into_iter().max().filter(|higher| *higher > level) {
        notice!("role {} has level {} as well, which includes {}", grantee.name, higher.word(), level.word());
    }
    tell_of_schema(&grantee)
}

/// Takes a level from a role, or all that it has. Another level that it was given stays.
pub fn revoke(role: Option<&str>, word: Option<&str>) -> Result<(), Error> {
    let function = "nself_revoke_access()";
    ask(Level::Admin, function)?;
    let grantee = Grantee::find(role, function)?;
    let taken = word.map(level).transpose()?;
    spi::refuse_read_only(c"nself_revoke_access()")?;
    let had = as_extension_owner(|| {
        let had = grantee.levels()?;
        let left: Vec<Level> =
            had.iter().copied().filter(|level| taken.is_some_and(|taken| taken != *level)).collect();
        // With its last level a role loses whatever else it has here.
        let taken = taken.filter(|_| !left.is_empty());
        take(&grantee, taken)?;
        left.into_iter().try_for_each(|level| give(&grantee, level))?;
        Ok(had)
    })?;
    let (taker, _) = session::roles();
    log!("nself_heal: role {taker} takes {} from {}", taken.map_or("all levels", Level::word), grantee.sql());
    if let Some(taken) = taken.filter(|taken| !had.contains(taken)) {
        notice!("role {} was not given level {}", grantee.name, taken.word());
    }
    if !grantee.is_public()
        && let Some(left) = held_by(grantee.oid)?
    {
        notice!("role {} still has level {}: nself_access() tells where from", grantee.name, left.word());
    }
    Ok(())
}

/// Says once, before anything is healed, which owners the caller cannot act for: each of their steps will be blocked.
pub fn warn_of_owners(steps: &[Step]) {
    let owners: BTreeSet<&str> = steps
        .iter()
        .filter_map(|step| match &step.verdict {
            Verdict::Additive(work) => Some(work.run_as.as_str()),
            Verdict::Blocked { .. } | Verdict::Manual { .. } => None,
        })
        .collect();
    let is_closed = |owner: &&str| session::role(owner).is_ok_and(|owner| !session::may_act_for(owner));
    let closed: Vec<&str> = owners.into_iter().filter(is_closed).collect();
    if !closed.is_empty() {
        let (role, _) = session::roles();
        say(
            PgLogLevel::WARNING,
            PgSqlErrorCode::ERRCODE_WARNING,
            format!("role {role} is no member of {}, so nothing of theirs is healed", closed.join(", ")),
            "Call it as a role that is a member of the owners, or leave it to the worker: SELECT nself_heal_enable();",
        );
    }
}

/// A schema that the extension was put into is not the product's, so rights on it are for others to give.
fn tell_of_schema(grantee: &Grantee) -> Result<(), Error> {
    let closed: Option<String> = with_pinned_settings(|| {
        spi::read_one(
            "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
              WHERE e.extname = 'nself_heal' \
                AND NOT CASE $1 WHEN 0 THEN has_schema_privilege('public', n.oid, 'USAGE') \
                                ELSE has_schema_privilege($1::oid, n.oid, 'USAGE') END",
            &[grantee.number().into()],
        )
    })?;
    if let Some(schema) = closed {
        say(
            PgLogLevel::WARNING,
            PgSqlErrorCode::ERRCODE_WARNING,
            format!("role {} cannot use schema {schema}, where the functions are", grantee.name),
            &format!("GRANT USAGE ON SCHEMA {schema} TO {};", grantee.sql()),
        );
    }
    Ok(())
}

fn give(grantee: &Grantee, level: Level) -> Result<(), Error> {
    let place = level.place() as i32;
    let statements: Vec<String> =
        ask_held(&as_here(sql!("access/give")), vec![place.into(), grantee.sql().into()])?;
    statements.iter().try_for_each(|sql| run(sql))
}

/// A REVOKE, for the role that gave the right.
#[derive(Deserialize)]
struct Taking {
    grantor: u32,
    sql: String,
}

fn take(grantee: &Grantee, level: Option<Level>) -> Result<(), Error> {
    let place = level.map(|level| level.place() as i32);
    let statements: Vec<Taking> = ask_held(sql!("access/take"), vec![place.into(), grantee.number().into()])?;
    statements.iter().try_for_each(|Taking { grantor, sql }| as_owner((*grantor).into(), || run(sql)))
}

/// Runs a GRANT or REVOKE that was written by a query of this program. It does not go through SPI: event triggers, which
/// may run functions of others, are not for what runs as the extension's owner.
fn run(sql: &str) -> Result<(), Error> {
    // SAFETY: the tag tells the type of the node. The counter makes the change seen by the next statement.
    unsafe {
        let statement = parser::only_statement(sql);
        let Some(statement) = statement.filter(|node| (**node).type_ == pg_sys::NodeTag::T_GrantStmt) else {
            return Err(Error::BadAnswer {
                query: "access",
                reason: format!("{sql:?} is no GRANT or REVOKE"),
            });
        };
        pg_sys::ExecuteGrantStmt(statement.cast());
        pg_sys::CommandCounterIncrement();
    }
    Ok(())
}

/// Asks a query that goes on from sql/access/held.sql, as the extension's owner.
fn ask_held<T: serde::de::DeserializeOwned>(query: &str, more: Vec<DatumWithOid>) -> Result<T, Error> {
    let mut args = held_args();
    args.extend(more);
    as_extension_owner(|| spi::read_json("access", &held_and(query), &args))
}

fn held_and(query: &str) -> String {
    format!("{}{query}", sql!("access/held"))
}

fn held_args<'a>() -> Vec<DatumWithOid<'a>> {
    vec![
        Level::ALL.map(Level::word).to_vec().into(),
        Level::ALL.map(Level::key).to_vec().into(),
        Json(serde_json::json!([rights(), graphql::rights()].concat())).into(),
    ]
}

/// A role that can call something, and where that comes from; or rights that are no part of a level.
#[derive(Deserialize)]
pub struct Access {
    pub role: String,
    pub level: Option<String>,
    pub through: String,
    pub granted_by: Option<String>,
    pub note: Option<String>,
}

pub fn list() -> Result<Vec<Access>, Error> {
    // From 16 on, a membership may allow no SET ROLE.
    let becomes = if cfg!(feature = "pg15") { "'MEMBER'" } else { "'USAGE, SET'" };
    ask_held(&as_here(sql!("access/list")).replace(":becomes", becomes), vec![])
}

/// Rights on this product's own functions and tables that no level has given, as a kind that is not compared. None in a
/// shadow, which has no such schema.
pub fn strays() -> Result<Option<NotCompared>, Error> {
    // SAFETY: a look into the catalogs; with true it returns InvalidOid for a schema that is not there.
    if unsafe { pg_sys::get_namespace_oid(c"nself".as_ptr(), true) } == pg_sys::InvalidOid {
        return Ok(None);
    }
    let text: Option<String> = as_extension_owner(|| {
        let query = || held_and(sql!("access/strays"));
        spi::read_prepared("rights beyond levels", query, &held_args())
    })?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Error::BadAnswer { query: "strays", reason: error.to_string() })
}

/// Takes all rights on the members of the extension from everybody but the owner: CREATE EXTENSION gives them what
/// default privileges say. It is for the extension's own scripts: what they take is in pg_init_privs then, so that a dump
/// holds what differs from it. With `keep`, roles that hold a level get it again, as the new version gives it.
#[pgrx::pg_extern(sql = false)]
fn nself_reset_access(keep: bool) -> Result<(), pgrx::pg_sys::panic::ErrorReport> {
    Ok(reset(keep)?)
}

fn reset(keep: bool) -> Result<(), Error> {
    if !in_script() {
        return Err(Error::OnlyInScript("reset_access"));
    }
    as_extension_owner(|| {
        let holders = if keep { holders()? } else { Vec::new() };
        // What is no member of the extension has no privileges of the script's.
        take_all(&format!("NOT {OF_API}"))?;
        outside_of_script(|| give_again(holders))
    })
}

/// Whether a row of nself.rights_held is about schema nself_api.
const OF_API: &str = "(target LIKE 'api%' OR sql = 'SCHEMA nself_api')";

/// Gives each role what its level opens in schema nself_api, and takes what default privileges gave there.
pub fn give_api() -> Result<(), Error> {
    as_extension_owner(|| {
        take_all(OF_API)?;
        give_again(holders()?)
    })
}

/// Who holds a level by itself, with the places of the levels.
fn holders() -> Result<Vec<(u32, usize)>, Error> {
    let query = "SELECT coalesce(json_agg(json_build_array(grantee::int8, level)), '[]')::text FROM holder";
    ask_held(query, vec![])
}

fn give_again(holders: Vec<(u32, usize)>) -> Result<(), Error> {
    holders.into_iter().try_for_each(|(role, place)| {
        let Some(level) = Level::at(place) else { return Ok(()) };
        give(&Grantee::of(role.into()), level)
    })
}

/// Takes rights that somebody holds, those of which `which` is true.
fn take_all(which: &str) -> Result<(), Error> {
    let query = format!(
        "SELECT coalesce(json_agg(DISTINCT jsonb_build_object('grantor', grantor::int8, \
                'sql', format('REVOKE ALL ON %s FROM %s CASCADE', sql, \
                              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END))), \
                '[]')::text FROM nself.rights_held WHERE {which}"
    );
    let held: Vec<Taking> = spi::read_json("access", &query, &[])?;
    held.iter().try_for_each(|right| as_owner(right.grantor.into(), || run(&right.sql)))
}

/// Whether a script of this extension is what runs now.
pub(super) fn in_script() -> bool {
    // SAFETY: plain reads of this backend's state and of the catalogs.
    unsafe {
        pg_sys::creating_extension
            && pg_sys::CurrentExtensionObject == pg_sys::get_extension_oid(c"nself_heal".as_ptr(), true)
    }
}

impl Grantee {
    fn of(oid: pg_sys::Oid) -> Self {
        let name = match oid {
            pg_sys::InvalidOid => "PUBLIC".to_owned(),
            oid => session::role_name(oid),
        };
        Self { oid, name }
    }
}

/// Runs `work` as if no script of an extension ran: what it gives is not noted as the extension's own, and is dumped.
fn outside_of_script<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: the server sets it back in any case when the script ends.
    unsafe { pg_sys::creating_extension = false };
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::creating_extension = true };
    result
}
