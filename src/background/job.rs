//! Jobs: what takes long, and statements that run in no transaction, done by a background worker. The caller gets a number
//! at once; nself.jobs says how far a job is.
//!
//! A job begins when the transaction that asked for it has committed, and not at all if that was rolled back. It runs as
//! the role whose rights were in force there, never as the login behind that one, and under that session's settings: it
//! may what its caller may.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::migrations::script::MEANINGFUL_SETTINGS;
use crate::server::session::{self, as_extension_owner, may_act_for, roles};
use crate::server::spi;
use crate::server::worker::{WorkerRole, WorkerSpec};

/// Settings of the caller's session that a job runs under, beside those that give SQL its meaning.
const OWN_SETTINGS: [&str; 9] = [
    "lock_timeout",
    "statement_timeout",
    "nself.migrate_lock_timeout",
    "nself.tenant_workers",
    "nself.env",
    "nself.compare_owners",
    "nself.heal_lock_timeout",
    "nself.heal_rewrite_limit",
    "nself.mirror_tracker",
];

/// Who asks for a job, and under which settings it is to run.
#[derive(Deserialize)]
pub struct Asker {
    pub logged_in_as: String,
    pub run_by: String,
    pub settings: BTreeMap<String, String>,
}

impl Asker {
    /// The caller.
    pub fn caller() -> Result<Self, Error> {
        let (run_by, logged_in_as) = roles();
        let names: Vec<&str> = MEANINGFUL_SETTINGS.into_iter().chain(OWN_SETTINGS).collect();
        Ok(Self { logged_in_as, run_by, settings: spi::settings_in_force(&names)? })
    }
}

/// What a job is to do.
pub enum Task<'a> {
    Heal {
        not_renamed: BTreeSet<String>,
        tenant: Option<&'a str>,
        all_tenants: bool,
    },
    MigrateUp {
        target: Option<&'a str>,
        max_count: Option<i32>,
        tenant: Option<&'a str>,
        out_of_order: bool,
        by_itself: bool,
    },
    /// The same for every tenant.
    TenantUp {
        target: Option<&'a str>,
        max_count: Option<i32>,
        canary: Option<i32>,
    },
}

impl Task<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Heal { .. } => "heal",
            Self::MigrateUp { .. } | Self::TenantUp { .. } => "migrate up",
        }
    }

    fn function(&self) -> &'static CStr {
        match self {
            Self::Heal { .. } => c"nself_heal_start()",
            Self::MigrateUp { .. } => c"nself_migrate_up_start()",
            Self::TenantUp { .. } => c"nself_tenant_up_start()",
        }
    }

    fn arguments(&self) -> Value {
        match self {
            Self::Heal { not_renamed, tenant, all_tenants } => json!({
                "not_renamed": not_renamed, "tenant": tenant, "all_tenants": all_tenants,
            }),
            Self::MigrateUp { target, max_count, tenant, out_of_order, by_itself } => json!({
                "target": target, "max_count": max_count, "tenant": tenant, "out_of_order": out_of_order, "by_itself": by_itself,
            }),
            Self::TenantUp { target, max_count, canary } => json!({
                "target": target, "max_count": max_count, "all_tenants": true, "canary": canary,
            }),
        }
    }
}

/// Starts a job, and returns its number.
pub fn start(task: &Task<'_>, asker: &Asker) -> Result<i64, Error> {
    spi::refuse_read_only(task.function())?;
    let role = WorkerRole::of(&asker.run_by)?;
    refuse_second(task)?;
    let job: Option<i64> = as_extension_owner(|| {
        spi::write_returning(
            "INSERT INTO nself.job_log (kind, arguments, settings, logged_in_as, run_by) VALUES ($1, $2, $3, $4, $5) \
             RETURNING job",
            &[
                task.kind().into(),
                pgrx::JsonB(task.arguments()).into(),
                pgrx::JsonB(json!(asker.settings)).into(),
                asker.logged_in_as.as_str().into(),
                asker.run_by.as_str().into(),
            ],
        )
    })?;
    let job = job.ok_or(Error::BadAnswer { query: "job", reason: "there is no number".to_owned() })?;
    // SAFETY: plain reads of this backend's state; the row above has given the transaction its number.
    let (database, transaction) = unsafe { (pg_sys::MyDatabaseId, pg_sys::GetTopTransactionId()) };
    let extra = Extra { database, role, transaction, job };
    let handle = WorkerSpec {
        title: "nself_heal job",
        function: "nself_heal_job",
        argument: 0,
        extra: &extra.to_text(),
        purpose: "do the job",
        returns_after: None,
    }
    .start()?;
    let pid = handle.pid()?;
    as_extension_owner(|| {
        spi::write("UPDATE nself.job_log SET pid = $2 WHERE job = $1", &[job.into(), pid.into()])
    })?;
    Ok(job)
}

/// Two jobs of a kind would be in each other's way.
fn refuse_second(task: &Task<'_>) -> Result<(), Error> {
    let other: Option<i64> = as_extension_owner(|| {
        spi::read_one(
            "SELECT job FROM nself.jobs WHERE kind = $1 AND state IN ('waiting', 'running') LIMIT 1",
            &[task.kind().into()],
        )
    })?;
    match other {
        Some(job) => Err(Error::SecondJob { kind: task.kind(), job }),
        None => Ok(()),
    }
}

/// A job as nself.jobs shows it.
pub struct Job {
    pub kind: String,
    pub state: String,
    pub step: Option<i32>,
    pub steps: Option<i32>,
    pub statement: Option<String>,
    pub wait_event_type: Option<String>,
    pub wait_event: Option<String>,
    pub error: Option<String>,
    pub sqlstate: Option<String>,
    pub hint: Option<String>,
    pub created_at: Option<TimestampWithTimeZone>,
    pub started_at: Option<TimestampWithTimeZone>,
    pub ended_at: Option<TimestampWithTimeZone>,
    pub event: Option<i64>,
    pid: Option<i32>,
    run_by: String,
}

/// Whom a job waits for now, as the role in force may see it.
pub fn blocked_by(job: i64) -> Result<Option<String>, Error> {
    spi::with_snapshot(|| spi::read_one("SELECT blocked_by FROM nself.jobs WHERE job = $1", &[job.into()]))
}

/// A job, read now.
pub fn read(job: i64) -> Result<Job, Error> {
    let found = as_extension_owner(|| {
        spi::with_snapshot(|| {
            Spi::connect(|client| {
                let rows = client.select(
                    "SELECT kind, state, step, steps, statement, wait_event_type, wait_event, error, sqlstate, hint, \
                            created_at, started_at, ended_at, event, pid, run_by FROM nself.jobs WHERE job = $1",
                    Some(1),
                    &[job.into()],
                )?;
                if rows.is_empty() {
                    return Ok(None);
                }
                let row = rows.first();
                Ok(Some(Job {
                    kind: row.get(1)?.unwrap_or_default(),
                    state: row.get(2)?.unwrap_or_default(),
                    step: row.get(3)?,
                    steps: row.get(4)?,
                    statement: row.get(5)?,
                    wait_event_type: row.get(6)?,
                    wait_event: row.get(7)?,
                    error: row.get(8)?,
                    sqlstate: row.get(9)?,
                    hint: row.get(10)?,
                    created_at: row.get(11)?,
                    started_at: row.get(12)?,
                    ended_at: row.get(13)?,
                    event: row.get(14)?,
                    pid: row.get(15)?,
                    run_by: row.get(16)?.unwrap_or_default(),
                }))
            })
        })
    })?;
    found.ok_or(Error::NoSuchJob { job })
}

/// The job that was asked for last, if there is one.
pub fn latest() -> Result<Option<i64>, Error> {
    as_extension_owner(|| spi::with_snapshot(|| spi::read_one("SELECT max(job) FROM nself.jobs", &[])))
}

/// Asks a job to stop: between two statements, or within one. False if it has ended already.
pub fn cancel(job: i64) -> Result<bool, Error> {
    let found = read(job)?;
    let Some(pid) = found.pid.filter(|_| matches!(found.state.as_str(), "waiting" | "running")) else {
        return Ok(false);
    };
    let cancel =
        || Ok(spi::read_one::<bool>("SELECT pg_catalog.pg_cancel_backend($1)", &[pid.into()])? == Some(true));
    match session::role(&found.run_by) {
        // To the server its worker may be the server's own, where the role may not log in.
        Ok(role) if may_act_for(role) => as_extension_owner(cancel),
        // As the caller: the server decides who may.
        _ => cancel(),
    }
}

/// What a job's worker is told.
#[derive(Clone, Copy)]
pub struct Extra {
    pub database: pg_sys::Oid,
    pub role: WorkerRole,
    pub transaction: pg_sys::TransactionId,
    pub job: i64,
}

impl Extra {
    pub fn to_text(self) -> String {
        let Self { database, role, transaction, job } = self;
        let WorkerRole { oid, connects } = role;
        format!("{} {oid} {} {} {job}", database.to_u32(), u32::from(connects), transaction.into_inner())
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut number = || parts.next()?.parse::<u32>().ok();
        let (database, oid, connects, transaction) = (number()?, number()?, number()?, number()?);
        Some(Self {
            database: database.into(),
            role: WorkerRole { oid, connects: connects != 0 },
            transaction: pg_sys::TransactionId::from_inner(transaction),
            job: parts.next()?.parse().ok()?,
        })
    }
}
