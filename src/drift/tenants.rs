//! The drift of all tenants: the schema of each against the one that its chain gives. A chain is replayed once for all tenants
//! that have it, the catalogs are read once, and tenants whose schemas are alike are compared once.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::digest::Differing;
use nself_heal_core::evidence::without_tables;
use nself_heal_core::model::{Address, Catalog};
use nself_heal_core::plan::Allowed;
use nself_heal_core::tenants::Tenant;
use nself_heal_core::tenants::chains::{self, Group};
use nself_heal_core::tenants::matrix::{Difference, Found, Matrix, differences};
use nself_heal_core::tenants::schema::{PLACEHOLDER, by_schema, schema_in, without_name};
use pgrx::pg_sys;

use crate::catalog::{self, Wanted, outline};
use crate::drift::allowed::{self, AllowedDrift};
use crate::drift::shards;
use crate::error::Error;
use crate::expected;
use crate::migrations::{ground, ledger, tenants as list};
use crate::server::locked::{self, glance};
use crate::server::session::with_pinned_settings;
use crate::server::spi::with_snapshot;
use crate::server::trust;

/// Each difference with the names of the tenants that have it; of one tenant alone, if one is named.
pub fn matrix(named: Option<&str>) -> Result<Vec<(Difference, Vec<String>)>, Error> {
    let all = match named {
        Some(named) => vec![list::named(named)?],
        None => list::all()?,
    };
    let allowed: Vec<Allowed> =
        allowed::read()?.into_iter().filter(AllowedDrift::holds).map(AllowedDrift::into_allowed).collect();
    let groups = chains::groups(ledger::since_ground()?, all.clone()).map_err(bad)?;
    // It is worked out before the live schema is read: a replay takes its time.
    let groups = groups
        .into_iter()
        .map(|Group { chain, tenants }| (expected::of_migrations(chain, "nself_tenant_drift()"), tenants))
        .collect::<Vec<_>>();
    let stood_here = ground::read()?.map(|ground| ground.objects()).unwrap_or_default();
    let ground: BTreeSet<Address> =
        stood_here.into_iter().filter(|of| of.forgotten.is_none()).map(|of| of.object).collect();
    let Live { schemas: mut live, locked } = live(&all)?;
    let shards = shards::all()?;
    let mut matrix = Matrix::default();
    for (expected, tenants) in groups {
        let expected = match expected {
            Ok((expected, _)) => expected,
            Err(error @ (Error::ReplayFailed { .. } | Error::RoleGone { .. })) => {
                let why = error.to_string();
                tenants.iter().for_each(|tenant| matrix.put(not_compared(&why), &tenant.name));
                continue;
            }
            Err(error) => return Err(error),
        };
        let only = BTreeSet::from([PLACEHOLDER.to_owned()]);
        let expected = by_schema(expected, &only).remove(PLACEHOLDER).unwrap_or_default();
        // By what it is without the name of its schema.
        let mut known: BTreeMap<String, Vec<Found>> = BTreeMap::new();
        for tenant in tenants {
            if let Some(why) = locked.get(&tenant.schema) {
                matrix.put(not_compared(why), &tenant.name);
                continue;
            }
            let here = without_tables(live.remove(&tenant.schema).unwrap_or_default(), &shards);
            let value = without_name(&here, &tenant.schema).map_err(bad)?;
            let key = value.to_string();
            if !known.contains_key(&key) {
                let here: Catalog = serde_json::from_value(value).map_err(bad)?;
                known.insert(key.clone(), differences(&expected, &here, pg_sys::PG_VERSION_NUM));
            }
            matrix.add(&tenant, &known[&key], &allowed, &ground);
        }
    }
    Ok(matrix.into_lines())
}

fn not_compared(why: &str) -> Difference {
    Difference {
        kind: "not compared",
        object_type: "schema".to_owned(),
        identity: String::new(),
        expected: None,
        actual: Some(why.to_owned()),
    }
}

/// What is in the schemas of tenants now, and why that of some cannot be read.
#[derive(Default)]
struct Live {
    schemas: BTreeMap<String, Catalog>,
    locked: BTreeMap<String, String>,
}

/// Reads the schemas of these tenants in one go. To read and to parse runs no code of a user's.
fn live(tenants: &[Tenant]) -> Result<Live, Error> {
    let schemas: BTreeSet<String> = tenants.iter().map(|tenant| tenant.schema.clone()).collect();
    trust::nothing_runs(|| {
        with_pinned_settings(|| {
            with_snapshot(|| match glance(|| catalog::read(&Wanted::ALL)) {
                Ok(whole) => Ok(Live { schemas: by_schema(whole, &schemas), ..Live::default() }),
                Err(error) if locked::is_locked(&error) => but_for_locked(&schemas),
                Err(error) => Err(error),
            })
        })
    })
}

/// The same, but for the tenants of whose schemas somebody has locked something.
fn but_for_locked(schemas: &BTreeSet<String>) -> Result<Live, Error> {
    let outline = outline::read()?;
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    for (relation, _) in &outline.digested.digests.relations {
        if let Some(schema) = schema_in("table", relation).filter(|schema| schemas.contains(schema)) {
            wanted.insert(relation.clone(), schema);
        }
    }
    let mut differing = Differing { relations: wanted.keys().cloned().collect(), rest: true };
    let held = glance(|| locked::among(&outline.digested.relations(&differing), true, true))?;
    let mut locked = BTreeMap::new();
    for (relation, (object_type, why)) in &held.relations {
        if let Some(schema) = wanted.get(relation) {
            locked.entry(schema.clone()).or_insert_with(|| format!("{object_type} {relation}: {why}"));
        }
    }
    for (of, why) in &held.rest {
        if let Some(schema) = schema_in(&of.object_type, &of.identity) {
            locked.entry(schema).or_insert_with(|| format!("{of}: {why}"));
        }
    }
    differing.relations.retain(|relation| !locked.contains_key(&wanted[relation]));
    let mut readable = outline.digested.wanted(&differing);
    readable.locked = held.locked;
    let read = glance(|| catalog::read(&readable))?;
    Ok(Live { schemas: by_schema(read, schemas), locked })
}

fn bad(error: serde_json::Error) -> Error {
    Error::BadAnswer { query: "tenants", reason: error.to_string() }
}
