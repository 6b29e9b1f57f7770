//! The ground: what stood in this database before its first migration. It is read then, and kept in the ledger. A replay
//! begins from it.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::evidence::brought_up;
use nself_heal_core::ground::{self, Made};
use nself_heal_core::model::{Address, Catalog};
use pgrx::datum::DatumWithOid;
use pgrx::{Json, JsonB};
use serde::Deserialize;
use serde_json::Value;

use crate::catalog::{self, Wanted};
use crate::error::Error;
use crate::migrations::evidence;
use crate::migrations::ledger::Session;
use crate::migrations::lock::SchemaLock;
use crate::server::session::as_extension_owner;
use crate::server::spi::{self, with_snapshot};
use crate::server::trust;

/// What the ledger says of the ground.
pub struct Ground {
    /// When it was read, as the server prints it.
    pub kept_at: String,
    /// The migration of which somebody said that what was here then is what it gave, and those before it.
    pub baseline: Option<String>,
    /// The patterns that somebody has taken out.
    forgotten: Vec<Forgotten>,
    /// All that stood here.
    whole: Catalog,
    /// The major version of the server that read it.
    server: u32,
}

#[derive(Deserialize)]
struct Forgotten {
    pattern: String,
    by: String,
    at: String,
}

/// An object of the ground, as `nself_ground()` lists it.
pub struct GroundObject {
    pub object: Address,
    pub definition: Option<String>,
    /// Who took it out of the ground, and when.
    pub forgotten: Option<(String, String)>,
}

/// Keeps the ground, if no migration has run here yet. The schema must not change until the first one runs.
pub fn keep_before_first(session: &Session) -> Result<(), Error> {
    if is_first()? { keep(session) } else { Ok(()) }
}

/// Whether nothing has been applied here yet.
pub fn is_first() -> Result<bool, Error> {
    let is_first = "SELECT NOT EXISTS (SELECT FROM nself.ledger WHERE direction IN ('up', 'down'))";
    Ok(as_extension_owner(|| spi::read_one::<bool>(is_first, &[]))? == Some(true))
}

/// What would be kept now, if a migration ran: nothing, if nothing stands here, or one has run.
pub fn before_first() -> Result<Option<Catalog>, Error> {
    let has_some = || as_extension_owner(|| with_snapshot(|| spi::read_one::<bool>(sql!("has_ground"), &[])));
    Ok(match is_first()? && has_some()? == Some(true) {
        true => Some(read_live()?),
        false => None,
    })
}

fn keep(session: &Session) -> Result<(), Error> {
    let schema = match before_first()? {
        Some(schema) => json(&schema)?,
        None => Value::Null,
    };
    let is_kept = "SELECT EXISTS (SELECT FROM nself.ledger WHERE direction = 'ground')";
    if schema.is_null() && as_extension_owner(|| spi::read_one::<bool>(is_kept, &[]))? != Some(true) {
        return Ok(());
    }
    // An attempt to migrate may have kept another one before.
    note(session, Note { direction: "ground", version: "", name: "ground", schema: Some(schema) })
}

/// Keeps what stands around what migrations made that were applied by somebody else: the schemas and extensions that they
/// did not make. What is adopted later comes after this ground.
pub fn keep_around(session: &Session, made: &Made) -> Result<(), Error> {
    if !is_first()? {
        return Ok(());
    }
    let schema = ground::around(read_live()?, made, &own_schemas()?);
    match addresses(&schema).is_empty() {
        true => Ok(()),
        false => note(
            session,
            Note { direction: "ground", version: "", name: "ground", schema: Some(json(&schema)?) },
        ),
    }
}

/// The schemas in which things are made that no schema is named for.
fn own_schemas() -> Result<BTreeSet<String>, Error> {
    let query = "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[]";
    Ok(spi::read_one::<Vec<String>>(query, &[])?.unwrap_or_default().into_iter().collect())
}

/// Takes what is here now for what the migrations up to this one gave: the next replay begins from there.
pub fn keep_as_baseline(session: &Session, version: &str) -> Result<(), Error> {
    let schema = Some(json(&read_live()?)?);
    note(session, Note { direction: "ground", version, name: "baseline", schema })
}

/// The live schema. To read and to parse runs no code of a user's, and what is kept must not depend on what the caller may
/// see.
fn read_live() -> Result<Catalog, Error> {
    let read = || with_snapshot(|| catalog::read_with_dependencies(&Wanted::ALL));
    as_extension_owner(|| trust::nothing_runs(read))
}

/// A schema as the ledger keeps it: with the server that read it.
fn json(schema: &Catalog) -> Result<Value, Error> {
    let bad = |reason: String| Error::BadAnswer { query: "ground", reason };
    let mut kept = serde_json::to_value(schema).map_err(|error| bad(error.to_string()))?;
    let of = kept.as_object_mut().ok_or_else(|| bad("a schema is no object".to_owned()))?;
    of.insert("server".to_owned(), evidence::server().into());
    Ok(kept)
}

/// A row of the ledger that is about the ground.
struct Note<'a> {
    direction: &'a str,
    version: &'a str,
    name: &'a str,
    schema: Option<Value>,
}

fn note(session: &Session, note: Note<'_>) -> Result<(), Error> {
    let Note { direction, version, name, schema } = note;
    let arguments: [DatumWithOid; 7] = [
        version.into(),
        name.into(),
        direction.into(),
        session.logged_in_as.as_str().into(),
        session.applied_by.as_str().into(),
        JsonB(serde_json::json!(session.settings)).into(),
        schema.map(Json).into(),
    ];
    as_extension_owner(|| {
        spi::write(
            "INSERT INTO nself.ledger (version, name, path, direction, sql, breakpoints, checksum, \
                                       logged_in_as, applied_by, settings, duration_ms, ground) \
             VALUES ($1, $2, '', $3, '', false, '', $4, $5, $6, 0, $7)",
            &arguments,
        )
    })
}

/// The ground, if anything stood here before the first migration.
pub fn read() -> Result<Option<Ground>, Error> {
    #[derive(Deserialize)]
    struct Row {
        schema: Option<Catalog>,
        /// Nothing of an older version of this program, which did not note it.
        server: Option<u32>,
        version: String,
        kept_at: String,
        forgotten: Vec<Forgotten>,
    }
    let row: Option<Row> = as_extension_owner(|| spi::read_json("ground", sql!("ground"), &[]))?;
    Ok(row.and_then(|Row { schema, server, version, kept_at, forgotten }| {
        let baseline = (!version.is_empty()).then_some(version);
        let server = server.unwrap_or_else(evidence::server);
        Some(Ground { kept_at, baseline, forgotten, whole: schema?, server })
    }))
}

impl Ground {
    /// What stood here, but for what somebody has taken out of it, as this server has it.
    pub fn into_schema(self) -> Catalog {
        let patterns: Vec<String> = self.forgotten.into_iter().map(|of| of.pattern).collect();
        ground::without(brought_up(self.whole, self.server, evidence::server()), &patterns)
    }

    /// Its tables, also those that somebody has taken out of it.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.whole.tables.iter().map(|table| table.identity.as_str())
    }

    /// Its objects, also those that somebody has taken out of it.
    pub fn objects(&self) -> Vec<GroundObject> {
        let all = ground::objects(&self.whole);
        let mut left = self.whole.clone();
        let mut there: BTreeSet<Address> = all.iter().map(|(object, _)| object.clone()).collect();
        let mut gone = BTreeMap::new();
        for forgotten in &self.forgotten {
            left = ground::without(left, std::slice::from_ref(&forgotten.pattern));
            let still = addresses(&left);
            gone.extend(there.difference(&still).map(|object| (object.clone(), forgotten)));
            there = still;
        }
        all.into_iter()
            .map(|(object, definition)| {
                let forgotten = gone.get(&object).map(|by| (by.by.clone(), by.at.clone()));
                GroundObject { object, definition, forgotten }
            })
            .collect()
    }
}

/// Takes objects out of the ground: what is here of them is extra from now on. Returns them.
pub fn forget(pattern: &str) -> Result<Vec<Address>, Error> {
    let _turn = SchemaLock::take(c"nself_ground_forget()")?;
    let Some(ground) = read()? else { return Err(Error::NoGround) };
    let schema = ground.into_schema();
    let before = addresses(&schema);
    let left = addresses(&ground::without(schema, &[pattern.to_owned()]));
    let gone: Vec<Address> = before.difference(&left).cloned().collect();
    if gone.is_empty() {
        return Err(Error::NotInGround { pattern: pattern.to_owned() });
    }
    let row = Note { direction: "forget", version: "", name: pattern, schema: None };
    note(&Session::now(None)?, row)?;
    Ok(gone)
}

fn addresses(schema: &Catalog) -> BTreeSet<Address> {
    ground::objects(schema).into_iter().map(|(object, _)| object).collect()
}
