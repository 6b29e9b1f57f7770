//! The tenants that are managed: the list of them, how far each is, and a run over all.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::migrations::{self, Applied};
use nself_heal_core::tenants::{self, Canary, Outcome, Standing, Tenant, check_new, standing};
use pgrx::notice;

use crate::error::Error;
use crate::migrations::lock::SchemaLock;
use crate::migrations::status::status_of;
use crate::migrations::tenant::{check_tenant, refuse_strangers};
use crate::migrations::up::{self, UpRequest};
use crate::migrations::{journal, ledger};
use crate::server::session::{self, as_extension_owner};
use crate::server::spi;
use crate::server::transaction::subtransaction;

/// All tenants, in the order of their names.
pub fn all() -> Result<Vec<Tenant>, Error> {
    as_extension_owner(|| {
        spi::read_json(
            "tenants",
            "SELECT coalesce(json_agg(json_build_object('name', t.name, 'schema', t.schema, \
                                                        'quoted', quote_ident(t.schema), 'is_here', n.oid IS NOT NULL) \
                                      ORDER BY t.name COLLATE \"C\"), '[]')::text \
               FROM nself.tenants t LEFT JOIN pg_namespace n ON n.nspname = t.schema",
            &[],
        )
    })
}

/// These schemas as tenants, whether they are in the list or not.
pub fn of_schemas(schemas: BTreeSet<&str>) -> Result<Vec<Tenant>, Error> {
    let schemas: Vec<&str> = schemas.into_iter().collect();
    as_extension_owner(|| {
        spi::read_json(
            "schemas of tenants",
            "SELECT coalesce(json_agg(json_build_object('name', t.schema, 'schema', t.schema, \
                                                        'quoted', quote_ident(t.schema), 'is_here', true) \
                                      ORDER BY t.schema COLLATE \"C\"), '[]')::text \
               FROM unnest($1) t(schema)",
            &[schemas.into()],
        )
    })
}

/// The tenant that somebody named, by its name or its schema.
pub fn named(name: &str) -> Result<Tenant, Error> {
    let tenant = all()?.into_iter().find(|tenant| tenant.name == name || tenant.schema == name);
    tenant.ok_or_else(|| tenants::Error::NoSuchTenant { name: name.to_owned() }.into())
}

/// The tenants that a call is about; nothing if it is about the whole database.
pub fn asked_for(tenant: Option<&str>, all_tenants: bool) -> Result<Option<Vec<Tenant>>, Error> {
    match (tenant, all_tenants) {
        (Some(name), true) => Err(tenants::Error::OneOrAll { name: name.to_owned() }.into()),
        (Some(name), false) => Ok(Some(vec![named(name)?])),
        (None, true) => some().map(Some),
        (None, false) => Ok(None),
    }
}

/// All tenants; an error if there is none.
pub fn some() -> Result<Vec<Tenant>, Error> {
    let all = all()?;
    if all.is_empty() { Err(tenants::Error::NoTenants.into()) } else { Ok(all) }
}

/// How many tenants a run watches first.
pub fn canary(first: Option<i32>) -> Result<Canary, Error> {
    let Some(value) = first else { return Ok(Canary::default()) };
    let bad = || migrations::Error::TooFew { name: "canary", value };
    let first = usize::try_from(value).ok().filter(|first| *first > 0).ok_or_else(bad)?;
    Ok(Canary::new(first))
}

/// The schema of a tenant that somebody named. What is no tenant's name is the name of a schema.
pub fn schema_of(tenant: Option<&str>) -> Result<Option<String>, Error> {
    let Some(named) = tenant else { return Ok(None) };
    let listed = "SELECT schema FROM nself.tenants WHERE name = $1";
    let schema: Option<String> = as_extension_owner(|| spi::read_one(listed, &[named.into()]))?;
    Ok(Some(schema.unwrap_or_else(|| named.to_owned())))
}

/// A tenant that was added, and what was found in its schema.
pub struct Added {
    pub name: String,
    pub schema: String,
    pub note: String,
}

pub fn add(name: Option<&str>, schema: Option<&str>) -> Result<Added, Error> {
    let name = name.ok_or(tenants::Error::WhichTenant { function: "nself_tenant_add()" })?;
    let schema = schema.unwrap_or(name);
    check_tenant(Some(name))?;
    check_tenant(Some(schema))?;
    spi::refuse_read_only(c"nself_tenant_add()")?;
    refuse_strangers(Some(schema))?;
    // Two who add at once are told apart here, and not by what the key says.
    as_extension_owner(|| spi::write("LOCK TABLE nself.tenants IN SHARE ROW EXCLUSIVE MODE", &[]))?;
    check_new(&all()?, name, schema)?;
    let (by, _) = session::roles();
    as_extension_owner(|| {
        spi::write(
            "INSERT INTO nself.tenants (name, schema, by) VALUES ($1, $2, $3)",
            &[name.into(), schema.into(), by.as_str().into()],
        )
    })?;
    let applied = ledger::applied_by(Some(schema))?.len();
    let is_here = session::owner_of_schema(schema).is_some();
    let note = match (is_here, applied) {
        (true, 0) => "the schema is there, and no migration is applied in it".to_owned(),
        (true, 1) => "the schema is there, and 1 migration is applied in it".to_owned(),
        (true, more) => format!("the schema is there, and {more} migrations are applied in it"),
        (false, 0) => "the first migration makes the schema".to_owned(),
        (false, _) => "the schema is gone, although migrations are applied in it".to_owned(),
    };
    Ok(Added { name: name.to_owned(), schema: schema.to_owned(), note })
}

/// Takes a tenant out of the list, and nothing else. Returns its schema.
pub fn remove(name: Option<&str>) -> Result<String, Error> {
    let name = name.ok_or(tenants::Error::WhichTenant { function: "nself_tenant_remove()" })?;
    spi::refuse_read_only(c"nself_tenant_remove()")?;
    let delete = "DELETE FROM nself.tenants WHERE name = $1 RETURNING schema";
    let schema: Option<String> = as_extension_owner(|| spi::write_returning(delete, &[name.into()]))?;
    let schema = schema.ok_or_else(|| tenants::Error::NoSuchTenant { name: name.to_owned() })?;
    notice!("nothing is dropped: schema {schema:?} stays with all that is in it");
    Ok(schema)
}

/// How far each tenant is. The journal and the ledger are read once.
pub fn standings() -> Result<Vec<(Tenant, Standing)>, Error> {
    let journal = journal::entries()?;
    let mut applied: BTreeMap<String, Vec<Applied>> = BTreeMap::new();
    for row in ledger::applied()? {
        if let Some(tenant) = row.tenant.clone() {
            applied.entry(tenant).or_default().push(row);
        }
    }
    let of = |tenant: Tenant| {
        let rows = applied.remove(&tenant.schema).unwrap_or_default();
        let standing = standing(&status_of(journal.clone(), rows), tenant.is_here);
        (tenant, standing)
    };
    Ok(all()?.into_iter().map(of).collect())
}

/// What became of a migration of a tenant, or of a tenant that failed or was not reached.
pub struct TenantRan {
    pub tenant: String,
    pub schema: String,
    pub ran: Option<up::Ran>,
    pub status: &'static str,
    pub detail: Option<String>,
}

/// Applies what is pending to each tenant, each in a subtransaction of its own.
pub fn up(request: &UpRequest<'_>, canary: Option<i32>) -> Result<Vec<TenantRan>, Error> {
    up::check_request(request)?;
    let mut canary = self::canary(canary)?;
    let _turn = match request.dry_run {
        true => None,
        false => Some(SchemaLock::take(c"nself_tenant_up()")?),
    };
    let all = some()?;
    if journal::entries()?.is_empty() {
        return Err(migrations::Error::EmptyJournal.into());
    }
    let mut rows = Vec::new();
    for Tenant { name, schema, .. } in all {
        let row = |ran: Option<up::Ran>, status, detail| TenantRan {
            tenant: name.clone(),
            schema: schema.clone(),
            ran,
            status,
            detail,
        };
        if let Some(stopped_by) = canary.stopped_by() {
            let detail = format!("tenant {stopped_by:?} failed, one of the first");
            rows.push(row(None, "not run", Some(detail)));
            continue;
        }
        let one = UpRequest { tenant: Some(&schema), ..*request };
        let outcome = match subtransaction(|| up::up_in_turn(&one)) {
            Ok(ran) => {
                let outcome = if ran.is_empty() { Outcome::Nothing } else { Outcome::Ran };
                rows.extend(ran.into_iter().map(|ran| {
                    let status = ran.status;
                    row(Some(ran), status, None)
                }));
                outcome
            }
            Err(error) => {
                rows.push(row(None, "failed", Some(error.to_string())));
                Outcome::Failed
            }
        };
        canary.note(&name, outcome);
    }
    Ok(rows)
}
