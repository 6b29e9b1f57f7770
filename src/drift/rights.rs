//! Whom objects belong to, and what their owners may do: what the server is asked before a step is called additive.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::diff::{Change, Object, owner_changes};
use nself_heal_core::model::Catalog;
use nself_heal_core::plan::{self, Facts, On, Options, Plan, Right, Step, Verdict};
use pgrx::pg_sys;

use crate::error::Error;
use crate::migrations::ledger;
use crate::server::trust::trusts;
use crate::server::{session, spi};
use crate::settings;

/// The plan, with those steps blocked that the server would refuse to their roles.
pub fn plan(
    expected: &Catalog,
    live: &Catalog,
    changes: &[Change],
    mut facts: Facts,
    options: &Options,
) -> Result<Plan, Error> {
    let plan = plan::plan(expected, live, changes, &facts, options);
    facts.lacking = lacking(&plan.rights())?;
    if facts.lacking.iter().any(|right| right.on == On::Database) {
        let name: Option<String> = spi::read_one("SELECT current_database()::text", &[])?;
        facts.database = name.unwrap_or_default();
    }
    Ok(match facts.lacking.is_empty() {
        true => plan,
        false => plan::plan(expected, live, changes, &facts, options),
    })
}

/// Blocks the steps that need a role which is gone: migrations may have made it, granted to it or given things to it.
pub fn block_for_gone_roles(steps: &mut [Step]) -> Result<(), Error> {
    let additive = || {
        steps.iter().filter_map(|step| match &step.verdict {
            Verdict::Additive(work) => Some(work),
            _ => None,
        })
    };
    let names: Vec<&str> = additive().map(|work| work.run_as.as_str()).collect();
    let quoted: Vec<&str> = additive().flat_map(|work| work.grantees()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let gone: BTreeSet<String> = spi::read_json(
        "roles",
        "SELECT coalesce(json_agg(name), '[]')::text \
           FROM (SELECT unnest($1) AS name EXCEPT SELECT rolname::text FROM pg_roles) n",
        &[names.into()],
    )?;
    let gone_grantees: BTreeSet<String> = spi::read_json(
        "roles",
        "SELECT coalesce(json_agg(name), '[]')::text \
           FROM (SELECT unnest($1) AS name \
                 EXCEPT SELECT unnest(ARRAY[quote_ident(rolname), format('\"%s\"', replace(rolname, '\"', '\"\"'))]) \
                          FROM pg_roles) n",
        &[quoted.into()],
    )?;
    for step in steps {
        let Verdict::Additive(work) = &step.verdict else { continue };
        let grantee = work.grantees().find(|grantee| gone_grantees.contains(*grantee));
        let role = Some(work.run_as.as_str()).filter(|role| gone.contains(*role)).or(grantee);
        if let Some(role) = role {
            step.verdict = Verdict::Blocked {
                reason: format!(
                    "role {role} is gone: create it again, or write a migration that does without it"
                ),
            };
        }
    }
    Ok(())
}

/// Blocks the steps that would be taken with the rights of a role which does not trust all who applied migrations. A
/// migration can tell a replay from the real run, and act in the replay alone: what a stronger role's later migration then
/// makes there, nobody has seen here.
pub fn block_for_authors(steps: &mut [Step]) -> Result<(), Error> {
    let is_additive = |step: &Step| matches!(step.verdict, Verdict::Additive(_));
    if !steps.iter().any(is_additive) {
        return Ok(());
    }
    let (mut authors, reviewed) = (ledger::authors()?, settings::trusted_authors());
    authors.retain(|author| !reviewed.holds(author));
    let mut reasons: BTreeMap<String, Option<String>> = BTreeMap::new();
    for step in steps {
        let Verdict::Additive(work) = &step.verdict else { continue };
        let reason = match reasons.get(&work.run_as) {
            Some(reason) => reason.clone(),
            None => {
                let reason = distrust(&work.run_as, &authors)?;
                reasons.insert(work.run_as.clone(), reason.clone());
                reason
            }
        };
        if let Some(reason) = reason {
            step.verdict = Verdict::Blocked { reason };
        }
    }
    Ok(())
}

/// Why a role does not trust all of these, if so. A role that is not there is a matter of the step itself.
fn distrust(run_as: &str, authors: &[String]) -> Result<Option<String>, Error> {
    let role = match session::role(run_as) {
        Err(Error::NoSuchRole { .. }) => return Ok(None),
        role => role?,
    };
    for author in authors {
        let gone = match session::role(author) {
            Ok(other) if trusts(role, other) => continue,
            Ok(_) => "",
            Err(Error::NoSuchRole { .. }) => ", which is gone",
            Err(error) => return Err(error),
        };
        return Ok(Some(format!(
            "role {author}{gone} applied migrations and is not trusted by {run_as}: what a replay of them gives may not be what happened here. If somebody reviews them, name {author} in nself.trusted_authors"
        )));
    }
    Ok(None)
}

/// The owners that differ. The schema public belongs to whoever owns the database, or to the first superuser in a database
/// that is older than PostgreSQL 15: that is one owner.
pub fn owners_that_differ<'a>(expected: &'a Catalog, live: &'a Catalog) -> Result<Vec<Change<'a>>, Error> {
    let mut changes = owner_changes(expected, live);
    let is_of_public = |change: &Change| matches!(change.object(), Object::Owner(of) if of.object_type == "schema" && of.identity == "public");
    if changes.iter().any(is_of_public) {
        let same: Vec<String> = spi::read_json(
            "owners",
            "SELECT json_agg(rolname)::text FROM pg_roles \
              WHERE oid IN (10, (SELECT datdba FROM pg_database WHERE datname = current_database())) \
                 OR rolname = 'pg_database_owner'",
            &[],
        )?;
        let is_one = |owner: &str| same.iter().any(|same| same == owner);
        changes.retain(|change| match change {
            Change::Changed { expected: Object::Owner(one), live: Object::Owner(other), .. }
                if is_of_public(change) =>
            {
                !(is_one(one.owner) && is_one(other.owner))
            }
            _ => true,
        });
    }
    Ok(changes)
}

/// A right as the query below takes it.
struct Asked {
    role: pg_sys::Oid,
    kind: &'static str,
    schema: String,
    name: String,
    columns: String,
}

impl Asked {
    fn of(right: &Right, role: pg_sys::Oid) -> Self {
        let asked = |kind, schema: &str, name: &str, columns: &[String]| Asked {
            role,
            kind,
            schema: schema.to_owned(),
            name: name.to_owned(),
            columns: serde_json::json!(columns).to_string(),
        };
        match &right.on {
            On::Database => asked("database", "", "", &[]),
            On::Schema(name) => asked("schema", "", name, &[]),
            On::Table(name, columns) => asked("table", &name.schema, &name.name, columns),
            On::Type(identity) => asked("type", "", identity, &[]),
            On::Language(name) => asked("language", "", name, &[]),
            On::Server(name) => asked("server", "", name, &[]),
            On::Extension(name) => asked("extension", "", name, &[]),
        }
    }
}

/// Of these rights those that their roles have not, themselves or by a role that they belong to. What is not there is no
/// lack: the server says so when the step is taken.
fn lacking(rights: &BTreeSet<Right>) -> Result<BTreeSet<Right>, Error> {
    let mut known: Vec<(&Right, Asked)> = Vec::new();
    for right in rights {
        match session::role(&right.role) {
            Ok(role) => known.push((right, Asked::of(right, role))),
            Err(Error::NoSuchRole { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if known.is_empty() {
        return Ok(BTreeSet::new());
    }
    let column = |of: fn(&Asked) -> &str| -> Vec<String> {
        known.iter().map(|(_, asked)| of(asked).to_owned()).collect()
    };
    let roles: Vec<pg_sys::Oid> = known.iter().map(|(_, asked)| asked.role).collect();
    let privileges: Vec<String> = known.iter().map(|(right, _)| right.privilege.to_owned()).collect();
    let places: Vec<usize> = spi::read_json(
        "rights",
        sql!("rights"),
        &[
            roles.into(),
            privileges.into(),
            column(|asked| asked.kind).into(),
            column(|asked| &asked.schema).into(),
            column(|asked| &asked.name).into(),
            column(|asked| &asked.columns).into(),
        ],
    )?;
    Ok(places.into_iter().filter_map(|place| known.get(place)).map(|(right, _)| (*right).clone()).collect())
}
