//! The ledger: what this database did. Rows are only ever added.

use std::time::Instant;

use pgrx::{Json, Spi};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::caller::{as_extension_owner, roles};
use crate::error::Error;
use crate::run::MEANINGFUL_SETTINGS;
use crate::spi;
use crate::statement::Script;

/// A migration that is applied now, with all that a replay of it needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Applied {
    pub version: String,
    pub name: String,
    pub path: String,
    pub tenant: Option<String>,
    pub sql: String,
    pub breakpoints: bool,
    pub checksum: String,
    /// The role as which the session logged in.
    pub logged_in_as: String,
    /// The role whose rights were in force.
    pub applied_by: String,
    pub settings: BTreeMap<String, String>,
    #[serde(default)]
    pub applied_at: Option<String>,
    #[serde(default)]
    pub duration_ms: i64,
}

impl Applied {
    pub fn script(&self) -> Script<'_> {
        Script {
            version: &self.version,
            path: &self.path,
            sql: &self.sql,
            first_line: 1,
            breakpoints: self.breakpoints,
        }
    }

    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// The migrations that are applied now, of all tenants, in the order in which they were applied.
pub fn applied() -> Result<Vec<Applied>, Error> {
    as_extension_owner(|| {
        spi::read_json(
            "ledger",
            "SELECT coalesce(json_agg(json_build_object('version', version, 'name', name, 'path', path, \
                    'tenant', tenant, 'sql', sql, 'breakpoints', breakpoints, 'checksum', checksum, \
                    'logged_in_as', logged_in_as, 'applied_by', applied_by, 'settings', settings, \
                    'applied_at', applied_at::text, 'duration_ms', duration_ms) ORDER BY id), '[]')::text \
               FROM nself.applied",
            &[],
        )
    })
}

/// The direction in which a migration ran.
#[derive(Clone, Copy)]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What the ledger keeps of the session: it is read before a migration runs.
pub struct Session {
    logged_in_as: String,
    applied_by: String,
    settings: BTreeMap<String, String>,
}

impl Session {
    /// The session as it is, with the search_path that a tenant's migrations get.
    pub fn now(tenant: Option<&str>) -> Result<Self, Error> {
        let (applied_by, logged_in_as) = roles();
        let mut settings: BTreeMap<String, String> = spi::read_json(
            "settings",
            "SELECT pg_catalog.json_object_agg(s, pg_catalog.current_setting(s))::text FROM pg_catalog.unnest($1) s",
            &[MEANINGFUL_SETTINGS.map(str::to_owned).to_vec().into()],
        )?;
        if let Some(tenant) = tenant {
            let path = settings.entry("search_path".to_owned()).or_default();
            *path = match path.trim() {
                "" | "\"\"" => nself_heal_core::quote::ident(tenant),
                path => format!("{}, {path}", nself_heal_core::quote::ident(tenant)),
            };
        }
        Ok(Self { logged_in_as, applied_by, settings })
    }

    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// What a migration of the journal would be in the ledger if this session applied it.
    pub fn would_apply(&self, entry: &crate::journal::Entry) -> Applied {
        Applied {
            version: entry.version.clone(),
            name: entry.name.clone(),
            path: entry.path.clone(),
            tenant: None,
            sql: entry.up_sql.clone(),
            breakpoints: entry.breakpoints,
            checksum: entry.checksum.clone(),
            logged_in_as: self.logged_in_as.clone(),
            applied_by: self.applied_by.clone(),
            settings: self.settings.clone(),
            applied_at: None,
            duration_ms: 0,
        }
    }
}

/// Writes down that a script ran. It is kept or lost together with what the script did. Returns the milliseconds.
pub fn record(
    session: &Session,
    entry: &crate::journal::Entry,
    direction: Direction,
    tenant: Option<&str>,
    sql: &str,
    checksum: &str,
    began: Instant,
) -> Result<i64, Error> {
    let duration = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    as_extension_owner(|| {
        Spi::connect_mut(|client| {
            client
                .update(
                    "INSERT INTO nself.ledger (version, name, path, direction, tenant, sql, breakpoints, checksum, \
                            logged_in_as, applied_by, settings, duration_ms) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12)",
                    None,
                    &[
                        entry.version.as_str().into(),
                        entry.name.as_str().into(),
                        entry.path.as_str().into(),
                        direction.as_str().into(),
                        tenant.into(),
                        sql.into(),
                        entry.breakpoints.into(),
                        checksum.into(),
                        session.logged_in_as.as_str().into(),
                        session.applied_by.as_str().into(),
                        Json(serde_json::json!(session.settings)).into(),
                        duration.into(),
                    ],
                )
                .map(drop)
        })?;
        Ok(())
    })?;
    Ok(duration)
}
