//! The drift of this database: expected and live schema, compared, and what could be done about each difference.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::diff::diff;
use nself_heal_core::model::{Catalog, Name};
use nself_heal_core::plan::{self, Facts, Options, Step, TableFacts};
use nself_heal_core::settle;
use pgrx::pg_sys;

use crate::caller::{as_owner, pinned};
use crate::chain::Against;
use crate::error::Error;
use crate::meaning::{self, Volatility};
use crate::{catalog, chain, expected, settings, spi};

/// The two sides of a comparison, and what is to be done.
pub struct Comparison {
    pub expected: Catalog,
    pub live: Catalog,
    pub steps: Vec<Step>,
}

/// Compares the live schema with the expected one. `not_renamed` names the missing objects that the caller knows are
/// not the old name of something else.
pub fn compare(against: Against, not_renamed: BTreeSet<String>) -> Result<Comparison, Error> {
    let expected = expected::of(&chain::chain(against)?)?;
    compare_with(expected, not_renamed)
}

/// Compares the live schema, read now, with one that is known.
pub fn compare_with(expected: Catalog, not_renamed: BTreeSet<String>) -> Result<Comparison, Error> {
    let mut live = catalog::read()?;
    pinned(|| {
        leave_own_schema_out(&mut live, &expected)?;
        for pair in settle::texts_to_settle(&expected, &live) {
            if as_owner_of(&live, &pair.table, || Ok(meaning::is_same(&pair)))? {
                settle::adopt(&mut live, &pair);
            }
        }
        let steps = {
            let changes = diff(&expected, &live);
            let facts = facts(&live, &plan::questions(&changes))?;
            let options = Options { rewrite_limit: settings::heal_rewrite_limit(), not_renamed };
            plan::plan(&expected, &live, &changes, &facts, &options)
        };
        Ok(Comparison { expected, live, steps })
    })
}

/// The schema that this extension was put into belongs to it, unless the migrations say that it is theirs.
fn leave_own_schema_out(live: &mut Catalog, expected: &Catalog) -> Result<(), Error> {
    let own: Option<String> = spi::read_one(
        "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
          WHERE e.extname = 'nself_heal'",
        &[],
    )?;
    live.schemas.retain(|schema| {
        Some(&schema.name) != own.as_ref() || expected.schemas.iter().any(|theirs| theirs.name == schema.name)
    });
    Ok(())
}

/// How many differences there are, not counting those inside a missing or extra table.
pub fn items(steps: &[Step]) -> usize {
    steps.iter().filter(|step| step.part_of.is_none()).count()
}

fn facts(live: &Catalog, questions: &plan::Questions) -> Result<Facts, Error> {
    let relations: Vec<String> = spi::read_json(
        "relations",
        "SELECT coalesce(json_agg(format('%I.%I', n.nspname, r.relname)), '[]')::text \
           FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace \
          WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'",
        &[],
    )?;
    let mut facts = Facts { relations: relations.into_iter().collect(), ..Facts::default() };
    for question in &questions.tables {
        if live.tables.iter().any(|table| table.name == question.name) {
            facts.tables.insert(question.identity.clone(), table_facts(live, question)?);
        }
    }
    for question in &questions.defaults {
        let volatility = as_owner_of(live, &question.table, || {
            Ok(meaning::volatility(&question.table, &question.default))
        })?;
        match volatility {
            Volatility::Constant => {}
            Volatility::Stable => drop(facts.stable_defaults.insert(question.column.clone())),
            Volatility::Volatile => drop(facts.volatile_defaults.insert(question.column.clone())),
        }
    }
    Ok(facts)
}

fn table_facts(live: &Catalog, question: &plan::TableQuestion) -> Result<TableFacts, Error> {
    let bytes: Option<i64> = spi::read_one(
        // With its partitions and children, and with what is stored out of line. Found by name, and not as a regclass,
        // which would need the right to use the schema.
        "WITH RECURSIVE t(oid) AS (SELECT r.oid FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace \
                                    WHERE n.nspname = $1::name AND r.relname = $2::name \
                UNION SELECT h.inhrelid FROM pg_inherits h JOIN t ON t.oid = h.inhparent) \
         SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint FROM t",
        &[question.name.schema.as_str().into(), question.name.name.as_str().into()],
    )?;
    let bytes = bytes.unwrap_or(0).unsigned_abs();
    let has_rows = as_owner_of(live, &question.name, || {
        spi::read_one::<bool>(&format!("SELECT EXISTS (SELECT FROM {})", question.name.sql()), &[])
    })?;
    Ok(TableFacts { bytes, has_rows: has_rows == Some(true) })
}

/// Runs `work` as the owner of a live table or domain: whoever asks need not have a right on it, nor on what its
/// expressions name.
fn as_owner_of<T>(live: &Catalog, name: &Name, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let tables = live.tables.iter().map(|table| (&table.name, &table.owner));
    let domains = live.domains.iter().map(|domain| (&domain.name, &domain.owner));
    match tables.chain(domains).find(|(other, _)| *other == name) {
        Some((_, owner)) => as_owner(role(owner)?, work),
        None => work(),
    }
}

/// A role by its name. Who stands for the owner of the database, as of the schema public, is that owner.
pub fn role(name: &str) -> Result<pg_sys::Oid, Error> {
    if name == "pg_database_owner" {
        let owner = spi::read_one(
            "SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.oid OPERATOR(pg_catalog.=) $1",
            // SAFETY: a plain read of this backend's own state.
            &[unsafe { pg_sys::MyDatabaseId }.into()],
        )?;
        return owner.ok_or_else(|| Error::NoSuchRole { role: name.to_owned() });
    }
    let text = crate::caller::c_string(name);
    // SAFETY: a look into the catalogs; with true it returns InvalidOid for a role that is not there.
    match unsafe { pg_sys::get_role_oid(text.as_ptr(), true) } {
        pg_sys::InvalidOid => Err(Error::NoSuchRole { role: name.to_owned() }),
        role => Ok(role),
    }
}

/// A kind of objects that is counted, not compared.
pub struct NotCompared {
    pub object_type: String,
    pub live: u64,
    pub expected: u64,
}

/// The kinds that are not compared, of this database and of what is expected.
pub fn not_compared(against: Against) -> Result<Vec<NotCompared>, Error> {
    let expected = expected::of(&chain::chain(against)?)?.not_compared;
    Ok(pair_counts(&catalog::count_not_compared()?, &expected))
}

/// One line that names what was not compared, or nothing if all was.
pub fn not_compared_line(live: &Catalog, expected: &Catalog) -> Option<String> {
    let listed: Vec<String> = pair_counts(&live.not_compared, &expected.not_compared)
        .into_iter()
        .map(|kind| format!("{} ({})", kind.object_type, kind.live))
        .collect();
    (!listed.is_empty()).then(|| listed.join(", "))
}

fn pair_counts(live: &BTreeMap<String, u64>, expected: &BTreeMap<String, u64>) -> Vec<NotCompared> {
    let kinds: BTreeSet<&String> = live.keys().chain(expected.keys()).collect();
    let count = |counts: &BTreeMap<String, u64>, kind: &String| counts.get(kind).copied().unwrap_or(0);
    kinds
        .into_iter()
        .map(|kind| NotCompared {
            object_type: kind.clone(),
            live: count(live, kind),
            expected: count(expected, kind),
        })
        .collect()
}
