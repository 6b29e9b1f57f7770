//! Evidence: while a migration runs, event triggers tell what it touches. How that is afterwards is kept in the ledger, in
//! the same transaction. Where event triggers are refused or switched off, there is none.

use std::collections::{BTreeMap, BTreeSet};

pub use nself_heal_core::evidence::Evidence;
use nself_heal_core::evidence::only_touched;
use nself_heal_core::model::Catalog;
use pgrx::datum::DatumWithOid;
use pgrx::{Json, JsonB, pg_sys};

use crate::catalog::{self, Wanted};
use crate::error::Error;
use crate::migrations::ledger::Session;
use crate::server::own_ddl::{self, Collected};
use crate::server::session::as_extension_owner;
use crate::server::spi::{self, with_snapshot};
use crate::server::trust;
use crate::settings;

/// The major version of this server.
pub fn server() -> u32 {
    pg_sys::PG_VERSION_NUM / 10_000
}

/// What the migrations of this transaction have touched so far.
#[derive(Default)]
pub struct Witness {
    is_there: bool,
    versions: Vec<String>,
    touched: BTreeMap<String, String>,
    dropped: BTreeSet<String>,
    renames: bool,
}

impl Witness {
    pub fn new() -> Result<Self, Error> {
        // Both triggers have to fire.
        let is_there = "SELECT count(*) = 2 AND current_setting('session_replication_role') <> 'replica' \
                               AND coalesce(current_setting('event_triggers', true), 'on') = 'on' \
                          FROM pg_event_trigger \
                         WHERE evtname IN ('nself_note_ddl', 'nself_note_drop') AND evtenabled IN ('O', 'A')";
        let is_there = as_extension_owner(|| spi::read_one::<bool>(is_there, &[]))? == Some(true);
        Ok(Self { is_there, ..Self::default() })
    }

    /// Runs a migration, or a part of it, and sees what that touches.
    pub fn watch<T>(&mut self, version: &str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        if !self.is_there {
            return work();
        }
        own_ddl::collect();
        let result = work();
        self.add(version, own_ddl::take());
        result
    }

    /// Adds what was collected while something of a migration ran.
    pub fn add(&mut self, version: &str, collected: Option<Collected>) {
        let Some(Collected { names, dropped, renames }) = collected.filter(|_| self.is_there) else { return };
        self.versions.push(version.to_owned());
        self.touched.extend(names.into_iter().map(|name| (name, version.to_owned())));
        self.dropped.extend(dropped);
        self.renames |= renames;
    }

    /// Keeps in the ledger how all of that is now.
    pub fn keep(mut self, session: &Session) -> Result<(), Error> {
        let Some(last) = self.versions.last().cloned() else { return Ok(()) };
        as_extension_owner(|| {
            let read = trust::nothing_runs(|| with_snapshot(|| read(&self.touched)))?;
            if self.renames {
                let gone = trust::nothing_runs(|| with_snapshot(gone))?;
                self.touched.extend(gone.iter().map(|name| (name.clone(), last.clone())));
                self.dropped.extend(gone);
            }
            let evidence = Evidence {
                schema: only_touched(read, &self.touched),
                by_others: by_others(&self.touched)?,
                versions: self.versions,
                touched: self.touched,
                dropped: self.dropped,
                server: server(),
            };
            insert(session, &last, &evidence)
        })
    }
}

/// What the touched relations are now, with all that hangs on them, and the rest if something of it was touched.
fn read(touched: &BTreeMap<String, String>) -> Result<Catalog, Error> {
    if touched.is_empty() {
        return Ok(Catalog::default());
    }
    let relations: Vec<(u32, u8)> =
        spi::read_json("touched_relations", sql!("touched_relations"), &[names(touched).into()])?;
    let relations = relations.into_iter().map(|(oid, kind)| (pg_sys::Oid::from(oid), kind)).collect();
    let on_relations = |name: &String| {
        let name = name.strip_prefix("comment ").or_else(|| name.strip_prefix("grant ")).unwrap_or(name);
        [
            "table ",
            "foreign table",
            "view ",
            "materialized view ",
            "sequence ",
            "index ",
            "trigger ",
            "policy ",
            "rule ",
        ]
        .iter()
        .any(|kind| name.starts_with(kind))
    };
    let rest = !touched.keys().all(on_relations);
    let wanted = Wanted { relations: Some(relations), rest, locked: Vec::new(), catalogs: None };
    catalog::read_with_dependencies(&wanted)
}

fn names(touched: &BTreeMap<String, String>) -> Vec<&str> {
    touched.keys().map(String::as_str).collect()
}

/// Names that earlier migrations touched, and that are of nothing now.
fn gone() -> Result<Vec<String>, Error> {
    let before: Vec<String> = spi::read_json(
        "evidence",
        "SELECT coalesce(json_agg(DISTINCT t.name), '[]')::text \
           FROM nself.ledger l, json_object_keys(l.evidence -> 'touched') t(name) WHERE l.direction = 'evidence'",
        &[],
    )?;
    let there = catalog::read(&Wanted::ALL)?;
    let all: BTreeMap<String, String> = before.iter().map(|name| (name.clone(), String::new())).collect();
    let mut left: BTreeSet<String> = BTreeSet::new();
    nself_heal_core::evidence::each_name(there, |name| {
        left.insert(name);
    });
    Ok(all.into_keys().filter(|name| !left.contains(name)).collect())
}

/// Of these names those that somebody has touched outside of migrations since the first row of the ledger.
fn by_others(touched: &BTreeMap<String, String>) -> Result<BTreeSet<String>, Error> {
    // Where nobody notes what others do, anybody may have.
    if !settings::capture_ddl() {
        return Ok(touched.keys().cloned().collect());
    }
    spi::read_json(
        "by_others",
        "SELECT coalesce(json_agg(DISTINCT o.name), '[]')::text \
           FROM nself.ddl_log l, unnest(l.objects) o(name) \
          WHERE l.objects && $1 AND o.name = ANY ($1) AND l.at > (SELECT min(applied_at) FROM nself.ledger)",
        &[names(touched).into()],
    )
}

/// Of these tables those that somebody has made or altered outside of migrations, as far back as that is noted.
pub fn touched_by_others(tables: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    let names: Vec<String> = tables.iter().map(|table| format!("table {table}")).collect();
    as_extension_owner(|| {
        spi::read_json(
            "by_others",
            "SELECT coalesce(json_agg(DISTINCT o.name), '[]')::text \
               FROM nself.ddl_log l, unnest(l.objects) o(name) WHERE l.objects && $1 AND o.name = ANY ($1)",
            &[names.into()],
        )
    })
}

fn insert(session: &Session, version: &str, evidence: &Evidence) -> Result<(), Error> {
    let evidence = serde_json::to_value(evidence)
        .map_err(|error| Error::BadAnswer { query: "evidence", reason: error.to_string() })?;
    let arguments: [DatumWithOid; 5] = [
        version.into(),
        session.logged_in_as.as_str().into(),
        session.applied_by.as_str().into(),
        JsonB(serde_json::json!(session.settings)).into(),
        Json(evidence).into(),
    ];
    spi::write_prepared(
        "evidence row",
        || {
            "INSERT INTO nself.ledger (version, name, path, direction, sql, breakpoints, checksum, \
                                       logged_in_as, applied_by, settings, duration_ms, evidence) \
             VALUES ($1, 'evidence', '', 'evidence', '', false, '', $2, $3, $4, 0, $5)"
                .to_owned()
        },
        &arguments,
    )
}

/// The evidence of all that was applied since the ground was kept, in order.
pub fn since_ground() -> Result<Vec<Evidence>, Error> {
    let query = "SELECT coalesce(json_agg(evidence ORDER BY id), '[]')::text FROM nself.ledger \
                  WHERE direction = 'evidence' \
                    AND id > (SELECT coalesce(max(id), 0) FROM nself.ledger WHERE direction = 'ground')";
    as_extension_owner(|| spi::read_json("evidence", query, &[]))
}
