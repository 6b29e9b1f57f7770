//! A heal that is asked for over HTTP: a dry run in the call, and else a job. A short job is waited for; of a long one
//! the number comes back, and `nself_job` tells of it.

use std::time::Duration;

use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use crate::database::{Call, Database, Failure};
use crate::refusal::Refusal;

pub const STEP_COLUMNS: &str = "step, object_type, identity, ddl, status, detail";
/// How often a job is looked at: most are over soon.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LOOKS: Duration = Duration::from_millis(250);

#[derive(Deserialize)]
struct Started {
    job: i64,
}

/// What is asked of a row of `nself_job`.
#[derive(Deserialize)]
pub struct Job {
    state: String,
    pub event: Option<i64>,
    error: Option<String>,
    sqlstate: Option<String>,
    hint: Option<String>,
}

impl Job {
    pub fn is_over(&self) -> bool {
        !matches!(self.state.as_str(), "waiting" | "running")
    }
}

/// A step of a heal.
#[derive(Deserialize)]
pub struct Step {
    pub step: Option<i32>,
    pub object_type: String,
    pub identity: String,
    pub ddl: Option<String>,
    /// planned, applied, blocked, manual or failed
    pub status: String,
    pub detail: Option<String>,
}

#[derive(Serialize)]
struct Healed<'a> {
    job: Option<i64>,
    state: &'a str,
    steps: &'a RawValue,
}

/// Tells what a heal would do.
pub async fn plan(database: &Database, not_renamed: Option<Vec<String>>) -> Result<String, Refusal> {
    Ok(healed(None, "planned", &database.call(dry_run(not_renamed)).await?.rows)?)
}

/// The steps of the same.
pub async fn planned_steps(database: &Database) -> Result<Vec<Step>, Refusal> {
    Ok(database.rows(dry_run(None)).await?)
}

fn dry_run(not_renamed: Option<Vec<String>>) -> Call {
    Call::to("nself_heal", STEP_COLUMNS).with("confirm", "bool", Some(false)).with(
        "not_renamed",
        "text[]",
        not_renamed,
    )
}

/// Starts a heal and waits for its end, but not longer than `patience`.
pub async fn start(
    database: &Database,
    not_renamed: Option<Vec<String>>,
    patience: Duration,
) -> Result<String, Refusal> {
    let end = Instant::now() + patience;
    let call =
        Call::to("nself_heal_start", "nself_heal_start as job").with("not_renamed", "text[]", not_renamed);
    let Started { job: number } = only_row(database, call).await?;
    let mut pause = FIRST_LOOK;
    loop {
        sleep(pause).await;
        pause = (pause * 2).min(LOOKS);
        let call =
            Call::to("nself_job", "state, event, error, sqlstate, hint").with("job", "int8", Some(number));
        let job: Job = match only_row(database, call).await {
            Ok(job) => job,
            // It goes on, whether it can be looked at or not.
            Err(Failure::Away(_) | Failure::Busy | Failure::TooLate) => {
                return Ok(healed(Some(number), "running", "[]")?);
            }
            Err(failure) => return Err(Refusal { job: Some(number), ..failure.into() }),
        };
        if job.is_over() {
            return ended(database, number, job).await;
        }
        if Instant::now() >= end {
            return Ok(healed(Some(number), &job.state, "[]")?);
        }
    }
}

async fn ended(database: &Database, number: i64, job: Job) -> Result<String, Refusal> {
    if job.state != "done" {
        let message = job.error.unwrap_or_else(|| format!("job {number} ended as {}", job.state));
        let refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "heal-failed", message);
        return Err(Refusal { sqlstate: job.sqlstate, hint: job.hint, job: Some(number), ..refusal });
    }
    let steps = match job.event {
        None => "[]".to_owned(),
        Some(event) => {
            let call = Call::to("nself_heal_steps", STEP_COLUMNS).with("event", "int8", Some(event));
            database.call(call).await?.rows
        }
    };
    Ok(healed(Some(number), "done", &steps)?)
}

pub fn healed(job: Option<i64>, state: &str, steps: &str) -> Result<String, Failure> {
    let unknown = |_| Failure::Row("nself_heal");
    let steps = serde_json::from_str(steps).map_err(unknown)?;
    serde_json::to_string(&Healed { job, state, steps }).map_err(unknown)
}

async fn only_row<T: DeserializeOwned>(database: &Database, call: Call) -> Result<T, Failure> {
    let function = call.function;
    let rows: Vec<T> = database.rows(call).await?;
    rows.into_iter().next().ok_or(Failure::Row(function))
}
