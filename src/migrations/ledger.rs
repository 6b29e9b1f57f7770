//! The ledger: what this database did. Rows are only ever added.

use std::collections::BTreeMap;
use std::time::Instant;

use nself_heal_core::formats::Migration;
pub use nself_heal_core::migrations::Applied;
use nself_heal_core::migrations::{Direction, Rights};
use nself_heal_core::quote;
use pgrx::datum::DatumWithOid;
use pgrx::{Json, pg_sys};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::Error;
use crate::migrations::script::MEANINGFUL_SETTINGS;
use crate::server::notify::schema_changed;
use crate::server::session::{
    self, as_extension_owner, as_extension_owner_bare, roles, with_pinned_settings,
};
use crate::server::spi;

/// The migrations that are applied now, in whole or in part, of all tenants, in the order in which they were applied.
pub fn applied() -> Result<Vec<Applied>, Error> {
    read("", &[])
}

/// Those of one tenant.
pub fn applied_by(tenant: Option<&str>) -> Result<Vec<Applied>, Error> {
    read("WHERE tenant IS NOT DISTINCT FROM $1", &[tenant.into()])
}

/// What a replay runs on top of the ground.
pub fn since_ground() -> Result<Vec<Applied>, Error> {
    as_extension_owner(|| spi::read_json("chain", sql!("chain"), &[]))
}

/// The roles that applied the migrations that are applied now.
pub fn authors() -> Result<Vec<String>, Error> {
    let query = "SELECT array_agg(DISTINCT applied_by) FROM nself.applied";
    Ok(as_extension_owner(|| spi::read_one::<Vec<String>>(query, &[]))?.unwrap_or_default())
}

/// The last word about a migration, unless that is that it was undone.
pub fn last(version: &str, tenant: Option<&str>) -> Result<Option<Applied>, Error> {
    let one = "WHERE version = $1 AND tenant IS NOT DISTINCT FROM $2";
    Ok(read(one, &[version.into(), tenant.into()])?.pop())
}

fn read(which: &str, args: &[DatumWithOid]) -> Result<Vec<Applied>, Error> {
    let query = sql!("applied").replace(":which", which);
    as_extension_owner(|| spi::read_json("ledger", &query, args))
}

/// What a role can do now where migrations begin.
fn rights_of(role: pg_sys::Oid) -> Result<Rights, Error> {
    with_pinned_settings(|| {
        spi::read_json(
            "rights_of_role",
            "SELECT json_build_object( \
                    'owns_database', pg_has_role($1, d.datdba, 'USAGE'), \
                    'creates_schemas', has_database_privilege($1, d.oid, 'CREATE'), \
                    'creates_in_public', coalesce(has_schema_privilege($1, to_regnamespace('public'), 'CREATE'), false) \
                    )::text \
               FROM pg_database d WHERE d.datname = current_database()",
            &[role.into()],
        )
    })
}

/// What the ledger keeps of the session: it is read before a migration runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    pub logged_in_as: String,
    pub applied_by: String,
    pub settings: BTreeMap<String, String>,
    pub rights: Rights,
}

impl Session {
    /// The session as it is, with the search_path that a tenant's migrations get.
    pub fn now(tenant: Option<&str>) -> Result<Self, Error> {
        let (applied_by, logged_in_as) = roles();
        let mut settings = spi::settings_in_force(&MEANINGFUL_SETTINGS)?;
        if let Some(tenant) = tenant {
            let path = settings.entry("search_path".to_owned()).or_default();
            *path = match path.trim() {
                "" | "\"\"" => quote::ident(tenant),
                path => format!("{}, {path}", quote::ident(tenant)),
            };
        }
        // SAFETY: a plain read of this backend's own state.
        let rights = rights_of(unsafe { pg_sys::GetUserId() })?;
        Ok(Self { logged_in_as, applied_by, settings, rights })
    }

    /// This session, if another role had its rights.
    pub fn as_role(&self, role: &str) -> Result<Self, Error> {
        let rights = rights_of(session::role(role)?)?;
        Ok(Self { logged_in_as: role.to_owned(), applied_by: role.to_owned(), rights, ..self.clone() })
    }

    /// This session, which goes on with what another one has begun: as the same role and under the same settings, because
    /// a migration is replayed under those of one row.
    pub fn going_on(&self, begun: &Applied) -> Result<Self, Error> {
        if self.applied_by != begun.applied_by {
            return Err(Error::OtherRole {
                version: begun.version.clone(),
                role: begun.applied_by.clone(),
                now: self.applied_by.clone(),
            });
        }
        Ok(Self { settings: begun.settings.clone(), rights: begun.rights, ..self.clone() })
    }

    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// What a migration of the journal would be in the ledger if this session applied it.
    pub fn would_apply(&self, entry: &Migration) -> Applied {
        Applied {
            version: entry.version.clone(),
            name: entry.name.clone(),
            path: entry.path.clone(),
            tenant: None,
            sql: entry.up_sql.clone(),
            breakpoints: entry.breakpoints,
            in_transaction: entry.in_transaction,
            statements_done: None,
            statement_begun: None,
            checksum: entry.checksum.clone(),
            logged_in_as: self.logged_in_as.clone(),
            applied_by: self.applied_by.clone(),
            settings: self.settings.clone(),
            rights: self.rights,
            applied_at: None,
            duration_ms: 0,
            adopted: None,
            mirrored: None,
            evidence_row: None,
            reset: None,
            retired: None,
        }
    }
}

/// What is written down: that a migration was applied or undone, or how far it came.
pub struct LedgerRow<'a> {
    pub entry: &'a Migration,
    pub direction: Direction,
    pub tenant: Option<&'a str>,
    pub in_transaction: bool,
    /// How far a migration came that runs statement by statement; none: all of it ran.
    pub progress: Option<Progress<'a>>,
    pub duration_ms: i64,
    /// The other tool into whose list it was written, too.
    pub mirrored: Option<&'static str>,
}

pub struct Progress<'a> {
    pub statements_done: usize,
    /// What the next statement is about, if it was begun at top level.
    pub begun: Option<&'a str>,
}

/// Adds a row, and tells those who listen. Both are kept or lost together with what the transaction did.
pub fn record(session: &Session, row: &LedgerRow<'_>) -> Result<(), Error> {
    let LedgerRow { entry, direction, tenant, in_transaction, progress, duration_ms, mirrored } = row;
    let mut applied = Applied {
        tenant: tenant.map(str::to_owned),
        in_transaction: *in_transaction,
        statements_done: progress.as_ref().map(|progress| progress.statements_done),
        statement_begun: progress.as_ref().and_then(|progress| progress.begun).map(str::to_owned),
        duration_ms: *duration_ms,
        mirrored: mirrored.map(str::to_owned),
        ..session.would_apply(entry)
    };
    if *direction == Direction::Down {
        down_part(&mut applied, entry);
    }
    insert(&applied, *direction)?;
    schema_changed(&json!({"by": "migration", "version": entry.version, "direction": direction.as_str()}))
}

/// Adds a row for a migration that `source` says was applied or undone, at a time that it knows, perhaps.
pub fn adopt(
    session: &Session,
    entry: &Migration,
    direction: Direction,
    source: &str,
    applied_at: Option<String>,
) -> Result<(), Error> {
    let mut applied = Applied { adopted: Some(source.to_owned()), applied_at, ..session.would_apply(entry) };
    if direction == Direction::Down {
        down_part(&mut applied, entry);
    }
    insert(&applied, direction)
}

fn down_part(applied: &mut Applied, entry: &Migration) {
    applied.sql = entry.down_sql.clone().unwrap_or_default();
    if let Some(checksum) = &entry.down_checksum {
        applied.checksum.clone_from(checksum);
    }
}

fn insert(applied: &Applied, direction: Direction) -> Result<(), Error> {
    let mut row = columns_of(applied)?;
    row.insert("direction".to_owned(), direction.as_str().into());
    // Otherwise the server says when.
    if applied.applied_at.is_none() {
        row.remove("applied_at");
    }
    let columns = row.keys().map(|column| quote::ident(column)).collect::<Vec<_>>().join(", ");
    let statement = || {
        format!(
            "INSERT INTO nself.ledger ({columns}) \
             SELECT {columns} FROM pg_catalog.json_populate_record(NULL::nself.ledger, $1)"
        )
    };
    // It is planned once, so it does not go by the settings that have each query planned anew.
    let name = if applied.applied_at.is_some() { "ledger row of then" } else { "ledger row of now" };
    let row = [Json(serde_json::Value::Object(row)).into()];
    as_extension_owner_bare(|| spi::write_prepared(name, statement, &row))
}

/// The columns of a row and their values, by the fields of a struct.
pub fn columns_of(row: &impl Serialize) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
    match serde_json::to_value(row) {
        Ok(serde_json::Value::Object(columns)) => Ok(columns),
        Ok(_) => unreachable!("a struct has fields"),
        Err(error) => Err(Error::BadAnswer { query: "row", reason: error.to_string() }),
    }
}

/// Milliseconds.
pub fn since(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)
}
