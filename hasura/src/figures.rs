//! What the database keeps anyway, in figures: the switch, the history of heals, the state of migrations, the jobs.

use serde::Deserialize;

use crate::database::{Call, Database, Failure};

/// How many of the latest runs are read.
const RUNS: i32 = 100;
const STATUS_COLUMNS: &str = "enabled, auto_run, extract(epoch from last_run_at)::pg_catalog.float8 as last_run, drift_items, last_outcome, enabled_by, note";
const RUN_COLUMNS: &str = "event, extract(epoch from at)::pg_catalog.float8 as at, trigger, drift_items, applied, blocked, manual, confirmed, outcome, duration_ms, detail";
const MIGRATION_COLUMNS: &str = "version, name, state, extract(epoch from applied_at)::pg_catalog.float8 as applied_at, applied_by, duration_ms, note";
const JOBS: &str = "select coalesce(pg_catalog.json_agg(r), '[]')::pg_catalog.text
    from (select kind, state, pg_catalog.count(*) as number from nself.jobs group by kind, state) r";

pub struct Figures {
    pub status: Status,
    /// The newest first.
    pub runs: Vec<Run>,
    pub migrations: Vec<Migration>,
    pub jobs: Vec<Jobs>,
}

/// The row of `nself_heal_status`.
#[derive(Deserialize)]
pub struct Status {
    pub enabled: bool,
    pub auto_run: bool,
    pub last_run: Option<f64>,
    pub drift_items: Option<f64>,
    pub last_outcome: Option<String>,
    pub enabled_by: Option<String>,
    pub note: Option<String>,
}

/// A row of `nself_heal_history`.
#[derive(Deserialize)]
pub struct Run {
    pub event: i64,
    pub at: f64,
    pub trigger: String,
    pub drift_items: f64,
    pub applied: f64,
    pub blocked: f64,
    pub manual: f64,
    pub confirmed: bool,
    pub outcome: String,
    pub duration_ms: f64,
    pub detail: Option<String>,
}

/// A row of `nself_migrate_status`.
#[derive(Deserialize)]
pub struct Migration {
    pub version: String,
    pub name: String,
    pub state: String,
    pub applied_at: Option<f64>,
    pub applied_by: Option<String>,
    pub duration_ms: Option<f64>,
    pub note: Option<String>,
}

/// How many jobs of a kind are in a state.
#[derive(Deserialize)]
pub struct Jobs {
    pub kind: String,
    pub state: String,
    pub number: u32,
}

pub async fn read(database: &Database) -> Result<Figures, Failure> {
    let status: Vec<Status> = database.rows(Call::to("nself_heal_status", STATUS_COLUMNS)).await?;
    let status = status.into_iter().next().ok_or(Failure::Row("nself_heal_status"))?;
    let runs = Call::to("nself_heal_history", RUN_COLUMNS).with("max_events", "int4", Some(RUNS));
    let runs = database.rows(runs).await?;
    let migrations = database.rows(Call::to("nself_migrate_status", MIGRATION_COLUMNS)).await?;
    let jobs = database.ask_json("nself.jobs", JOBS, &[]).await?;
    Ok(Figures { status, runs, migrations, jobs })
}
