//! What a plan has to know of the live data.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::model::{Address, Catalog, Name};
use nself_heal_core::plan::{self, Facts, TableFacts, Told};
use pgrx::pg_sys;
use serde::Deserialize;

use crate::drift::expression::{self, Volatility};
use crate::error::Error;
use crate::server::locked::{self, glance};
use crate::server::trust::{self, as_owner};
use crate::server::{rows, session, spi};

pub fn facts(live: &Catalog, questions: &plan::Questions) -> Result<Facts, Error> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        questions.relations.iter().map(|name| (name.schema.as_str(), name.name.as_str())).unzip();
    let relations: Vec<(Name, String)> = spi::read_json(
        "relations",
        "SELECT coalesce(json_agg(json_build_array(json_build_object('schema', n.nspname, 'name', r.relname), \
                                                   format('%I.%I', n.nspname, r.relname))), '[]')::text \
           FROM ROWS FROM (unnest($1), unnest($2)) q(schema, name) \
           JOIN pg_namespace n ON n.nspname = q.schema::name \
           JOIN pg_class r ON r.relnamespace = n.oid AND r.relname = q.name::name",
        &[schemas.into(), names.into()],
    )?;
    let mut facts = Facts {
        relations: relations.into_iter().collect(),
        holders: holders(&questions.holders)?,
        told: told(questions)?,
        ..Facts::default()
    };
    for question in &questions.tables {
        // What is in a foreign table is another server's business.
        if live.tables.iter().any(|table| table.name == question.name && table.foreign.is_none())
            && let Some(known) = table_facts(question)?
        {
            facts.tables.insert(question.identity.clone(), known);
        }
    }
    for question in &questions.defaults {
        let volatility = as_owner_of(live, &question.table, || {
            Ok(trust::nothing_runs(|| expression::volatility(&question.table, &question.default)))
        })?;
        match volatility {
            Volatility::Constant => {}
            Volatility::Stable => drop(facts.stable_defaults.insert(question.column.clone())),
            Volatility::Volatile => drop(facts.volatile_defaults.insert(question.column.clone())),
        }
    }
    Ok(facts)
}

/// The first column that holds values of each of these domains, or rows of these tables, within others.
fn holders(asked: &BTreeSet<Name>) -> Result<BTreeMap<Name, String>, Error> {
    if asked.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        asked.iter().map(|name| (name.schema.as_str(), name.name.as_str())).unzip();
    let found: Vec<(Name, String)> =
        spi::read_json("holders", sql!("holders"), &[schemas.into(), names.into()])?;
    Ok(found.into_iter().collect())
}

/// What the log tells of what may be one thing under two names.
fn told(questions: &plan::Questions) -> Result<Told, Error> {
    #[derive(Deserialize)]
    struct Found {
        dropped: BTreeSet<usize>,
        made: BTreeSet<usize>,
        renamed: BTreeSet<usize>,
    }
    let is_asked = !questions.dropped.is_empty() && !questions.made.is_empty();
    let has_log = || spi::read_one::<bool>("SELECT to_regclass('nself.ddl_log') IS NOT NULL", &[]);
    if !is_asked || session::as_extension_owner(has_log)? != Some(true) {
        return Ok(Told::default());
    }
    let names = |of: &BTreeSet<Address>| of.iter().map(Address::to_string).collect::<Vec<_>>();
    let (missing, extra) = (names(&questions.dropped), names(&questions.made));
    let Found { dropped, made, renamed } = session::as_extension_owner(|| {
        spi::read_json("renames", sql!("renames"), &[missing.into(), extra.into()])
    })?;
    let among = |of: &BTreeSet<Address>, places: BTreeSet<usize>| {
        of.iter().zip(1..).filter(|(_, place)| places.contains(place)).map(|(of, _)| of.clone()).collect()
    };
    Ok(Told {
        dropped: among(&questions.dropped, dropped),
        made: among(&questions.made, made),
        renamed: among(&questions.made, renamed),
    })
}

/// Nothing if somebody has locked the table against readers, or a part of it: nobody waits for that.
fn table_facts(question: &plan::TableQuestion) -> Result<Option<TableFacts>, Error> {
    let parts: Option<Vec<pg_sys::Oid>> = spi::read_one(
        // With its partitions and children. Found by name, and not as a regclass, which would need the right to use the
        // schema.
        "WITH RECURSIVE t(oid) AS (SELECT r.oid FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace \
                                    WHERE n.nspname = $1::name AND r.relname = $2::name \
                UNION SELECT h.inhrelid FROM pg_inherits h JOIN t ON t.oid = h.inhparent) \
         SELECT array_agg(oid) FROM t",
        &[question.name.schema.as_str().into(), question.name.name.as_str().into()],
    )?;
    let parts = parts.unwrap_or_default();
    if !parts.iter().all(|part| locked::can_be_read(*part)) {
        return Ok(None);
    }
    let facts = glance(|| {
        let bytes: Option<i64> = spi::read_one(
            // With what is stored out of line.
            "SELECT sum(pg_table_size(oid))::bigint FROM unnest($1) t(oid)",
            &[parts.clone().into()],
        )?;
        let bytes = bytes.unwrap_or(0).unsigned_abs();
        let columns: Option<i16> = spi::read_one(
            "SELECT r.relnatts FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace \
              WHERE n.nspname = $1::name AND r.relname = $2::name",
            &[question.name.schema.as_str().into(), question.name.name.as_str().into()],
        )?;
        let columns = columns.unwrap_or(0) as usize;
        Ok(TableFacts { bytes, has_rows: rows::any(&parts), columns })
    });
    match facts {
        Err(error) if locked::is_locked(&error) => Ok(None),
        facts => facts.map(Some),
    }
}

/// Runs `work` as the owner of a live table, domain or view: whoever asks need not have a right on it, nor on what its
/// expressions name.
pub fn as_owner_of<T>(
    live: &Catalog,
    name: &Name,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let tables = live.tables.iter().map(|table| (&table.name, &table.owner));
    let domains = live.domains.iter().map(|domain| (&domain.name, &domain.owner));
    let definitions = live.definitions.iter();
    let definitions = definitions.filter_map(|of| Some((of.name.as_ref()?, of.owner.as_ref()?)));
    match tables.chain(domains).chain(definitions).find(|(other, _)| *other == name) {
        Some((_, owner)) => as_owner(session::role(owner)?, work),
        None => work(),
    }
}
