//! Evidence: while a migration runs, event triggers tell what it touches. How that is afterwards is kept in
//! `nself.evidence`, in the same transaction. Where event triggers do not fire, the schema is read before and after.

use std::collections::{BTreeMap, BTreeSet};

pub use nself_heal_core::evidence::Evidence;
use nself_heal_core::evidence::{
    Touched, all_names, one_name, only_touched, read_otherwise, touched_between,
};
use nself_heal_core::model::{Address, Catalog};
use pgrx::{Json, pg_sys};
use serde::Deserialize;

use crate::catalog::{self, Wanted};
use crate::error::Error;
use crate::server::own_ddl;
use crate::server::session::as_extension_owner;
use crate::server::spi::{self, with_snapshot};
use crate::server::trust;
use crate::settings;

/// The major version of this server.
pub fn server() -> u32 {
    pg_sys::PG_VERSION_NUM / 10_000
}

/// Whether event triggers tell what a migration touches. If not, what others do meanwhile would count as its doing.
pub fn is_seen_at_once() -> Result<bool, Error> {
    // Both triggers have to fire.
    let fire = "SELECT count(*) = 2 AND current_setting('session_replication_role') <> 'replica' \
                       AND coalesce(current_setting('event_triggers', true), 'on') = 'on' \
                  FROM pg_event_trigger \
                 WHERE evtname IN ('nself_note_ddl', 'nself_note_drop') AND evtenabled IN ('O', 'A')";
    Ok(as_extension_owner(|| spi::read_one::<bool>(fire, &[]))? == Some(true))
}

/// What the migrations of this transaction have touched so far.
pub struct Witness {
    sees: Sees,
    versions: Vec<String>,
    touched: BTreeMap<String, String>,
    dropped: BTreeSet<String>,
    /// Of these names those of what was there before.
    was_there: BTreeSet<String>,
    renames: bool,
}

/// How it is seen what a migration touches.
enum Sees {
    ByEventTriggers,
    /// They are switched off, or are not there. How the schema was before the next migration, once that is read.
    ByReading(Option<Box<Catalog>>),
}

impl Witness {
    pub fn new() -> Result<Self, Error> {
        let sees = if is_seen_at_once()? { Sees::ByEventTriggers } else { Sees::ByReading(None) };
        Ok(Self {
            sees,
            versions: Vec::new(),
            touched: BTreeMap::new(),
            dropped: BTreeSet::new(),
            was_there: BTreeSet::new(),
            renames: false,
        })
    }

    /// Runs a migration, or a part of it, and sees what that touches.
    pub fn watch<T>(&mut self, version: &str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let Sees::ByReading(before) = &mut self.sees else {
            own_ddl::collect();
            let result = work();
            self.add(version, own_ddl::take());
            return result;
        };
        let before = before.take().map_or_else(read_now, |before| Ok(*before))?;
        let result = work()?;
        let after = read_now()?;
        self.sees = Sees::ByReading(Some(Box::new(after.clone())));
        self.note(version, touched_between(before, after));
        Ok(result)
    }

    /// Adds what event triggers told while something of a migration ran.
    pub fn add(&mut self, version: &str, collected: Option<Touched>) {
        if let (Some(touched), Sees::ByEventTriggers) = (collected, &self.sees) {
            let one = |names: BTreeSet<String>| names.into_iter().map(one_name).collect();
            let (mut names, dropped): (BTreeSet<String>, _) = (one(touched.names), one(touched.dropped));
            // An extension comes with its comment, of which the server tells nothing.
            let extensions: Vec<String> =
                names.iter().filter(|name| name.starts_with("extension ")).cloned().collect();
            names.extend(extensions.into_iter().map(|name| format!("comment {name}")));
            self.note(version, Touched { names, dropped, ..touched });
        }
    }

    fn note(&mut self, version: &str, touched: Touched) {
        let Touched { names, dropped, was_there, renames } = touched;
        self.versions.push(version.to_owned());
        self.touched.extend(names.into_iter().map(|name| (name, version.to_owned())));
        self.dropped.extend(dropped);
        self.was_there.extend(was_there);
        self.renames |= renames;
    }

    /// Keeps how all of that is now.
    pub fn keep(mut self) -> Result<(), Error> {
        let Some(last) = self.versions.last().cloned() else { return Ok(()) };
        as_extension_owner(|| {
            let read = trust::nothing_runs(|| {
                with_snapshot(|| match (&self.sees, self.renames) {
                    (Sees::ByReading(_), _) => catalog::read_with_dependencies(&Wanted::ALL),
                    (Sees::ByEventTriggers, true) => self.read_all(&last),
                    (Sees::ByEventTriggers, false) => self.read_touched(),
                })
            })?;
            let by_others = match &self.sees {
                Sees::ByEventTriggers => altered_by_others(self.touched.keys())?,
                // What others do is not noted either, perhaps.
                Sees::ByReading(_) => std::mem::take(&mut self.was_there),
            };
            let evidence = Evidence {
                schema: only_touched(read, &self.touched),
                by_others,
                versions: self.versions,
                touched: self.touched,
                dropped: self.dropped,
                renames: self.renames,
                server: server(),
            };
            insert(&evidence)
        })
    }

    /// All that there is now. What names something that has another name since reads otherwise than when it was touched, and
    /// older names may be of nothing: that counts as touched now, unless somebody else has touched it, too.
    fn read_all(&mut self, last: &str) -> Result<Catalog, Error> {
        let schema = catalog::read_with_dependencies(&Wanted::ALL)?;
        let there = all_names(schema.clone());
        let before = Seen::read()?.evidence;
        let names: BTreeSet<String> = before.iter().flat_map(|of| of.touched.keys().cloned()).collect();
        let otherwise = read_otherwise(before, schema.clone(), server());
        let by_others = altered_by_others(otherwise.keys())?;
        for name in names.into_iter().filter(|name| !there.contains(name)) {
            self.dropped.insert(name.clone());
            self.touched.insert(name, last.to_owned());
        }
        for (name, version) in otherwise.into_iter().filter(|(name, _)| !by_others.contains(name)) {
            self.touched.entry(name).or_insert_with(|| version.unwrap_or_else(|| last.to_owned()));
        }
        Ok(schema)
    }

    /// What the touched relations are now, with all that hangs on them, and the rest if something of it was touched. What
    /// follows a touched relation, as a partition does, is touched with it.
    fn read_touched(&mut self) -> Result<Catalog, Error> {
        if self.touched.is_empty() {
            return Ok(Catalog::default());
        }
        let names: Vec<&str> = self.touched.keys().map(String::as_str).collect();
        let relations: Vec<TouchedRelation> =
            spi::read_json("touched_relations", sql!("touched_relations"), &[names.into()])?;
        let catalogs = catalogs(self.touched.keys());
        let rest = catalogs.as_ref().is_none_or(|catalogs| catalogs.len() > OF_RELATIONS.len());
        for (follower, of) in relations.iter().filter_map(|relation| relation.follows.as_ref()) {
            if let Some(version) = self.touched.get(of).cloned() {
                self.touched.entry(follower.clone()).or_insert(version);
            }
        }
        let find_nothing = find_nothing(&relations, self.touched.keys());
        let relations =
            relations.into_iter().map(|relation| (pg_sys::Oid::from(relation.oid), relation.kind)).collect();
        let wanted = Wanted { relations: Some(relations), rest, locked: Vec::new(), catalogs, find_nothing };
        catalog::read_with_dependencies(&wanted)
    }
}

/// The schema at this moment, but for what each object needs.
fn read_now() -> Result<Catalog, Error> {
    as_extension_owner(|| trust::nothing_runs(|| with_snapshot(|| catalog::read(&Wanted::ALL))))
}

/// A relation that one of the touched names is of, or that it is on, or whose columns follow such a relation's.
#[derive(Deserialize)]
struct TouchedRelation {
    oid: u32,
    kind: u8,
    /// Of one that is not named itself: what event triggers would call it, and the name for which it is here.
    follows: Option<(String, String)>,
    /// Which of `OF_FEW` find something of it.
    has: BTreeSet<String>,
}

/// The queries of the catalog reader that find nothing of most relations. To plan one in a new session takes longer than to
/// run it.
const OF_FEW: [&str; 5] = ["rules", "triggers", "policies", "statistics", PRIVILEGES];
const PRIVILEGES: &str = "acls";

/// Those of them that find nothing that is kept: nothing of these relations, and no privileges of what has these names.
fn find_nothing<'a>(
    relations: &[TouchedRelation],
    mut names: impl Iterator<Item = &'a String>,
) -> Vec<&'static str> {
    let grants = names.any(|name| name.starts_with("grant "));
    let finds = |query: &str| {
        query == PRIVILEGES && grants || relations.iter().any(|relation| relation.has.contains(query))
    };
    OF_FEW.into_iter().filter(|query| !finds(query)).collect()
}

/// The catalogs of relations and of what is on them.
const OF_RELATIONS: [&str; 8] = [
    "pg_class",
    "pg_sequence",
    "pg_constraint",
    "pg_index",
    "pg_rewrite",
    "pg_trigger",
    "pg_policy",
    "pg_statistic_ext",
];

/// The catalogs that can hold what has these names; nothing if it may be any.
fn catalogs<'a>(names: impl Iterator<Item = &'a String>) -> Option<BTreeSet<String>> {
    // Nothing of a relation is in a catalog of its own alone: it is read with its relation.
    const TYPES: [(&str, &str); 18] = [
        ("table ", ""),
        ("foreign table ", ""),
        ("view ", ""),
        ("materialized view ", ""),
        ("sequence ", ""),
        ("index ", ""),
        ("trigger ", ""),
        ("policy ", ""),
        ("rule ", ""),
        ("default value ", ""),
        ("statistics object ", ""),
        ("type ", "pg_type"),
        ("domain ", "pg_type"),
        ("function ", "pg_proc"),
        ("procedure ", "pg_proc"),
        ("aggregate ", "pg_proc"),
        ("schema ", "pg_namespace"),
        ("extension ", "pg_extension"),
    ];
    let mut catalogs: BTreeSet<String> = OF_RELATIONS.map(str::to_owned).into();
    for name in names {
        let of = name.strip_prefix("comment ").or_else(|| name.strip_prefix("grant ")).unwrap_or(name);
        match TYPES.iter().find(|(of_type, _)| of.starts_with(of_type))? {
            (_, "") => {}
            (_, catalog) => drop(catalogs.insert((*catalog).to_owned())),
        }
    }
    Some(catalogs)
}

/// Of these names those that somebody has altered, or may have, outside of migrations since the first row of the ledger.
fn altered_by_others<'a>(names: impl Iterator<Item = &'a String>) -> Result<BTreeSet<String>, Error> {
    // Where nobody notes what others do, anybody may have.
    if !settings::capture_ddl() {
        return Ok(names.cloned().collect());
    }
    let names: Vec<&str> = names.map(String::as_str).collect();
    spi::read_json("altered_by_others", sql!("altered_by_others"), &[names.into()])
}

/// Of these tables those that somebody has made or altered outside of migrations, as far back as that is noted.
pub fn tables_of_others(tables: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    let names: Vec<String> = tables.iter().map(|table| format!("table {table}")).collect();
    as_extension_owner(|| {
        spi::read_json(
            "tables_of_others",
            "SELECT coalesce(json_agg(n.name), '[]')::text FROM unnest($1) n(name) \
              WHERE EXISTS (SELECT FROM nself.altered_by_others a WHERE a.name = n.name) \
                 OR EXISTS (SELECT FROM nself.ddl_log d WHERE d.objects @> ARRAY[n.name])",
            &[names.into()],
        )
    })
}

/// Of these objects, or rather of the privileges on them, those that were noted last by a server before this major version.
pub fn granted_before(objects: BTreeSet<Address>, major: i32) -> Result<BTreeSet<Address>, Error> {
    let itself: Vec<String> = objects.iter().map(|of| format!("grant {of}")).collect();
    let whole: Vec<String> = objects.iter().map(Address::to_string).collect();
    let places: BTreeSet<usize> = as_extension_owner(|| {
        spi::read_json("noted_before", sql!("noted_before"), &[itself.into(), whole.into(), major.into()])
    })?;
    Ok(objects.into_iter().zip(1..).filter(|(_, place)| places.contains(place)).map(|(of, _)| of).collect())
}

/// Removes DDL from the log that is older than so many minutes. What it was about stays known.
pub fn forget_ddl(minutes: i32) -> Result<(), Error> {
    as_extension_owner(|| {
        spi::write(
            "WITH gone AS (DELETE FROM nself.ddl_log WHERE at < clock_timestamp() - make_interval(mins => $1) \
                           RETURNING objects) \
             INSERT INTO nself.altered_by_others \
             SELECT DISTINCT name FROM gone, unnest(objects) name ON CONFLICT DO NOTHING",
            &[minutes.into()],
        )
    })
}

/// Belongs to the last row that this transaction has added to the ledger.
fn insert(evidence: &Evidence) -> Result<(), Error> {
    let evidence = serde_json::to_value(evidence)
        .map_err(|error| Error::BadAnswer { query: "evidence", reason: error.to_string() })?;
    spi::write_prepared(
        "evidence row",
        // Somebody who migrates another tenant may have added a later one meanwhile.
        || {
            "INSERT INTO nself.evidence \
             VALUES (pg_catalog.currval(pg_catalog.pg_get_serial_sequence('nself.ledger', 'id')), $1)"
                .to_owned()
        },
        &[Json(evidence).into()],
    )
}

/// The evidence of all that was applied since the ground was kept.
pub struct Seen {
    /// In order.
    pub evidence: Vec<Evidence>,
    /// The migrations of which it was not seen what they touched.
    pub unseen: BTreeSet<String>,
}

impl Seen {
    pub fn read() -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Row {
            evidence: Evidence,
            /// Whether a migration came after it that was not seen.
            is_outdated: bool,
            /// The new versions of those that have one, by the old ones.
            renamed: Option<BTreeMap<String, String>>,
        }
        let (rows, unseen): (Vec<Row>, _) =
            as_extension_owner(|| spi::read_json("evidence", sql!("evidence"), &[]))?;
        let evidence = rows.into_iter().map(|Row { mut evidence, is_outdated, renamed }| {
            evidence.rename(&renamed.unwrap_or_default());
            // That migration may have altered any of it.
            if is_outdated {
                evidence.by_others = evidence.touched.keys().cloned().collect();
            }
            evidence
        });
        Ok(Self { evidence: evidence.collect(), unseen })
    }

    /// For a chain that no evidence is asked of.
    pub fn nothing() -> Self {
        Self { evidence: Vec::new(), unseen: BTreeSet::new() }
    }
}
