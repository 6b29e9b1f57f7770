//! The worker of a job.

use std::collections::BTreeSet;

use nself_heal_core::secrets;
use pgrx::prelude::*;
use serde::Deserialize;

use crate::background::job::{Asker, Extra};
use crate::background::migrate::{self, Turn};
use crate::background::tenants;
use crate::drift::compare::Asked;
use crate::error::{Error, ServerError};
use crate::heal::online;
use crate::migrations::up::UpRequest;
use crate::server::progress::Progress;
use crate::server::session::as_extension_owner;
use crate::server::transaction::{in_transaction, is_confined, utility};
use crate::server::{spi, timeout, worker};

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_job(_argument: pg_sys::Datum) {
    worker::obey_signals();
    timeout::obey();
    let Some(extra) = Extra::parse(&worker::extra()) else { return };
    extra.role.connect(extra.database, 0);
    let job = extra.job;
    worker::show("waits for the transaction that asked for it");
    let begun = in_transaction(|| {
        // SAFETY: the wait is within a transaction of this process. It can be cancelled.
        unsafe {
            pg_sys::XactLockTableWait(
                extra.transaction,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                pg_sys::XLTW_Oper::XLTW_None,
            );
        }
        Ok(())
    });
    let result = match begun.and_then(|()| in_transaction(|| begin(job))) {
        // The transaction was rolled back: nobody asked.
        Ok(None) => return,
        Ok(Some(row)) => row.run(&extra),
        Err(error) => Err(error),
    };
    if let Err(error) = in_transaction(|| end(job, result)) {
        warning!("nself_heal could not write down how job {job} ended: {error}");
    }
    worker::linger();
}

/// A worker that helps a job for all tenants: it takes one after the other, until none is left.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_tenants(_argument: pg_sys::Datum) {
    worker::obey_signals();
    timeout::obey();
    let Some(extra) = Extra::parse(&worker::extra()) else { return };
    extra.role.connect(extra.database, 0);
    let job = extra.job;
    let helped = in_transaction(|| read(job)).and_then(|row| {
        let Some(row) = row else { return Ok(()) };
        row.settle()?;
        let mut progress = |now: Progress<'_>| in_transaction(|| show(job, &now));
        tenants::help(job, &row.request(), &|| row.settle(), &mut progress)
    });
    if let Err(error) = helped {
        warning!("a worker of nself_heal that helps job {job} ended: {error}");
    }
}

/// What is to be done, as it was asked for.
#[derive(Deserialize)]
struct JobRow {
    kind: String,
    arguments: Arguments,
    #[serde(flatten)]
    asker: Asker,
}

#[derive(Deserialize)]
struct Arguments {
    #[serde(default)]
    not_renamed: BTreeSet<String>,
    target: Option<String>,
    max_count: Option<i32>,
    tenant: Option<String>,
    #[serde(default)]
    out_of_order: bool,
    #[serde(default)]
    by_itself: bool,
    #[serde(default)]
    all_tenants: bool,
    canary: Option<i32>,
}

/// Reads the job's row, and says in it that it runs. Nothing if there is none.
fn begin(job: i64) -> Result<Option<JobRow>, Error> {
    let begin = "UPDATE nself.job_log SET state = 'running', started_at = clock_timestamp() WHERE job = $1";
    if as_extension_owner(|| spi::write_returning::<i64>(&format!("{begin} RETURNING job"), &[job.into()]))?
        .is_none()
    {
        return Ok(None);
    }
    read(job)
}

fn read(job: i64) -> Result<Option<JobRow>, Error> {
    let row = "SELECT json_build_object('kind', kind, 'arguments', arguments, 'settings', settings, \
                      'logged_in_as', logged_in_as, 'run_by', run_by)::text \
                 FROM nself.job_log WHERE job = $1";
    let text: Option<String> = as_extension_owner(|| spi::read_one(row, &[job.into()]))?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Error::BadAnswer { query: "job", reason: error.to_string() })
}

/// How a job ended well.
struct Done {
    /// Of a heal.
    event: Option<i64>,
}

impl JobRow {
    fn run(&self, extra: &Extra) -> Result<Done, Error> {
        let job = extra.job;
        self.settle()?;
        let mut progress = |now: Progress<'_>| in_transaction(|| show(job, &now));
        if self.kind == "heal" {
            let Arguments { not_renamed, tenant, all_tenants, .. } = &self.arguments;
            let asked =
                Asked { not_renamed: not_renamed.clone(), tenant: tenant.clone(), all_tenants: *all_tenants };
            let report = online::heal("job", &asked, None, &mut progress)?;
            return match report.stopped {
                // Who may look reads how a heal ended.
                Some(error) => Err(error.without_sql()),
                None => Ok(Done { event: Some(report.ended.event) }),
            };
        }
        let request = self.request();
        match self.arguments.all_tenants {
            true => {
                let canary = self.arguments.canary;
                tenants::up_all(extra, &request, canary, &|| self.settle(), &mut progress)?;
            }
            false => migrate::up(&request, Turn::Alone, &|| self.settle(), &mut progress)?,
        }
        Ok(Done { event: None })
    }

    fn request(&self) -> UpRequest<'_> {
        let Arguments {
            not_renamed: _,
            target,
            max_count,
            tenant,
            out_of_order,
            by_itself,
            all_tenants: _,
            canary: _,
        } = &self.arguments;
        UpRequest {
            target: target.as_deref(),
            max_count: *max_count,
            dry_run: false,
            tenant: tenant.as_deref(),
            out_of_order: *out_of_order,
            by_itself: *by_itself,
        }
    }

    /// Takes the settings of who asked, whatever they are now, and goes back to the role that this worker connected as.
    fn settle(&self) -> Result<(), Error> {
        // Where this worker is confined, nothing can have changed its role.
        if !is_confined() {
            utility("RESET SESSION AUTHORIZATION")?;
        }
        utility("RESET ALL")?;
        for (name, value) in &self.asker.settings {
            worker::set(name, value);
        }
        Ok(())
    }
}

fn show(job: i64, now: &Progress<'_>) -> Result<(), Error> {
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    as_extension_owner(|| {
        spi::write(
            "UPDATE nself.job_log SET step = $2, steps = $3, statement = $4, event = coalesce($5, event) WHERE job = $1",
            &[
                job.into(),
                number(now.step).into(),
                number(now.of).into(),
                secrets::hide(now.statement).as_ref().into(),
                now.event.into(),
            ],
        )
    })
}

fn end(job: i64, result: Result<Done, Error>) -> Result<(), Error> {
    let (state, event, error) = match result {
        Ok(done) => ("done", done.event, None),
        Err(error) => {
            let error = ServerError::from(error);
            let is_cancelled = error.is_cancel() && !timeout::has_ended_one();
            (if is_cancelled { "cancelled" } else { "failed" }, None, Some(error))
        }
    };
    let error = error.as_ref();
    as_extension_owner(|| {
        spi::write(
            "UPDATE nself.job_log SET state = $2, event = coalesce($3, event), error = $4, sqlstate = $5, hint = $6, \
                    ended_at = clock_timestamp() WHERE job = $1",
            &[
                job.into(),
                state.into(),
                event.into(),
                error.map(|error| error.message.as_str()).into(),
                error.map(ServerError::sqlstate).into(),
                error.and_then(|error| error.hint.as_deref()).into(),
            ],
        )
    })
}
