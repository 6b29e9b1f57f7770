//! What the page asks the database for whenever it is loaded: what is kept there anyway.

use serde::Deserialize;

use crate::database::{Call, Database, Failure};
use crate::figures::{self, Figures};
use crate::refusal::Refusal;

/// How many jobs are shown, the latest.
pub const JOBS: i64 = 20;
/// How many tenants are shown: those that are behind come first.
pub const TENANTS: usize = 100;
/// How many migrations of tenants are shown, the latest.
pub const VERSIONS: usize = 8;

/// What a migration's job says may hold a piece of the migration.
const JOB_ROWS: &str = "select coalesce(pg_catalog.json_agg(r), '[]')::pg_catalog.text from (
    select job, kind, state, step, steps, extract(epoch from created_at)::pg_catalog.float8 as created_at,
           extract(epoch from ended_at)::pg_catalog.float8 as ended_at, wait_event_type, wait_event, blocked_by,
           case when kind operator(pg_catalog.=) 'heal' then statement end as statement,
           case when kind operator(pg_catalog.=) 'heal' then error end as error,
           case when kind operator(pg_catalog.=) 'heal' then hint end as hint, sqlstate
      from nself.jobs order by job desc limit $1) r";
const APPLIED: &str = "select coalesce(pg_catalog.json_agg(r), '[]')::pg_catalog.text from (
    select tenant, version from nself.applied
     where tenant operator(pg_catalog.=) any ($1) and version operator(pg_catalog.=) any ($2)) r";
const IDENTITY: &str = "select pg_catalog.json_build_object('database', pg_catalog.current_database(),
    'server_version', pg_catalog.current_setting('server_version'))::pg_catalog.text";

pub struct Reading {
    pub identity: Identity,
    pub environment: Environment,
    pub figures: Figures,
    /// The latest first.
    pub jobs: Vec<Job>,
    /// All, those that are not up to date first.
    pub tenants: Vec<Tenant>,
    /// Which of the latest migrations those tenants have applied that are shown.
    pub applied: Vec<Applied>,
}

#[derive(Deserialize)]
pub struct Identity {
    pub database: String,
    pub server_version: String,
}

/// The row of `nself_environment`.
#[derive(Default, Deserialize)]
pub struct Environment {
    pub name: Option<String>,
}

/// A row of `nself.jobs`.
#[derive(Deserialize)]
pub struct Job {
    pub job: i64,
    pub kind: String,
    pub state: String,
    pub step: Option<i32>,
    pub steps: Option<i32>,
    pub created_at: f64,
    pub ended_at: Option<f64>,
    pub wait_event_type: Option<String>,
    pub wait_event: Option<String>,
    pub blocked_by: Option<String>,
    pub statement: Option<String>,
    pub error: Option<String>,
    pub hint: Option<String>,
    pub sqlstate: Option<String>,
}

/// A row of `nself_tenant_status`.
#[derive(Deserialize)]
pub struct Tenant {
    pub tenant: String,
    pub schema: String,
    pub state: String,
    pub applied: i64,
    pub pending: i64,
}

impl Tenant {
    pub fn is_up_to_date(&self) -> bool {
        self.state == "up to date"
    }
}

/// A migration that a tenant, named by its schema, has applied.
#[derive(Deserialize, PartialEq, Eq)]
pub struct Applied {
    pub tenant: String,
    pub version: String,
}

/// Reads it all, or says why not.
pub async fn read(database: Database) -> Result<Reading, Refusal> {
    let identity = identity(&database).await?;
    let environment = database.rows(Call::to("nself_environment", "name")).await?;
    let figures = figures::read(&database).await?;
    let jobs = database.ask_json("nself.jobs", JOB_ROWS, &[&JOBS]).await?;
    let columns = "tenant, schema, state, applied, pending";
    let mut tenants: Vec<Tenant> = database.rows(Call::to("nself_tenant_status", columns)).await?;
    tenants.sort_by_key(Tenant::is_up_to_date);
    let applied = match tenants.as_slice() {
        [] => Vec::new(),
        tenants => {
            let shown = &tenants[..tenants.len().min(TENANTS)];
            let schemas: Vec<&str> = shown.iter().map(|of| of.schema.as_str()).collect();
            let versions = latest_versions(&figures);
            database.ask_json("nself.applied", APPLIED, &[&schemas, &versions]).await?
        }
    };
    let environment = environment.into_iter().next().unwrap_or_default();
    Ok(Reading { identity, environment, figures, jobs, tenants, applied })
}

/// Which database this is.
pub async fn identity(database: &Database) -> Result<Identity, Failure> {
    database.ask_json("pg_catalog", IDENTITY, &[]).await
}

/// The versions of the latest migrations, in their order.
pub fn latest_versions(figures: &Figures) -> Vec<&str> {
    let all = &figures.migrations;
    all[all.len().saturating_sub(VERSIONS)..].iter().map(|migration| migration.version.as_str()).collect()
}
