//! A job that migrates all tenants: its worker, and up to `nself.tenant_workers` in all, take one tenant after the other in the
//! order of their names. Which is next is in the row of the job, so nobody has to hand them out.

use nself_heal_core::tenants::{self as core, Canary, Outcome, Tenant};
use serde::Deserialize;

use crate::background::job::Extra;
use crate::background::migrate::{self, Turn};
use crate::error::Error;
use crate::migrations::tenants;
use crate::migrations::up::UpRequest;
use crate::server::progress::Progress;
use crate::server::session::as_extension_owner;
use crate::server::transaction::in_transaction;
use crate::server::worker::{self, Handle, WorkerSpec};
use crate::server::{spi, timeout};
use crate::settings;

/// Applies what is pending to every tenant. One that fails does not stop the others, unless it is one of the first that the
/// canary watches. Each migration of each tenant has a transaction of its own.
pub fn up_all(
    extra: &Extra,
    request: &UpRequest<'_>,
    canary: Option<i32>,
    settle: &dyn Fn() -> Result<(), Error>,
    progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut canary = tenants::canary(canary)?;
    let of = in_transaction(tenants::some)?.len();
    let mut helpers = Helpers(Vec::new());
    // The first ones go alone, as long as the canary watches.
    while canary.watches() && canary.stopped_by().is_none() {
        let Some(next) = take(extra.job)? else { break };
        one(extra.job, next, request, false, &mut canary, settle, progress)?;
    }
    if canary.stopped_by().is_none() {
        let together = settings::tenant_workers() > 1;
        helpers.start(extra, settings::tenant_workers() - 1);
        while let Some(next) = take(extra.job)? {
            one(extra.job, next, request, together, &mut canary, settle, progress)?;
        }
        helpers.wait()?;
    }
    let failures: Vec<String> = in_transaction(|| {
        let all = "SELECT coalesce(json_agg(f ORDER BY f COLLATE \"C\"), '[]')::text \
                     FROM nself.job_log, unnest(failures) f WHERE job = $1";
        as_extension_owner(|| spi::read_json("failures", all, &[extra.job.into()]))
    })?;
    match failures.first() {
        None => Ok(()),
        Some(first) => Err(core::Error::SomeFailed {
            failed: failures.len(),
            of,
            first: first.clone(),
            stopped: canary.stopped_by().is_some(),
        }
        .into()),
    }
}

/// Takes part in such a job.
pub fn help(
    job: i64,
    request: &UpRequest<'_>,
    settle: &dyn Fn() -> Result<(), Error>,
    progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    while let Some(next) = take(job)? {
        one(job, next, request, true, &mut Canary::default(), settle, progress)?;
    }
    Ok(())
}

/// A tenant that this worker has taken.
#[derive(Deserialize)]
struct Next {
    tenant: Tenant,
    /// Its place in the list, from 1, and how long that is.
    at: usize,
    of: usize,
}

/// What is written down of each tenant that is taken, until it is known what became of it: a worker that is killed cannot say so.
const ENDED: &str = "format('tenant \"%s\": the worker that migrated it ended before it had', $2::text)";

/// Takes the next tenant, if there is one and the job's own worker is still there.
fn take(job: i64) -> Result<Option<Next>, Error> {
    // The conditions are no EXISTS, which the server would make a join of: where another worker has changed the row meanwhile,
    // it looks at the row anew, and at what was joined as it was.
    const NEXT: &str = "
UPDATE nself.job_log j
   SET taken = (SELECT min(t.name COLLATE \"C\") FROM nself.tenants t WHERE t.name COLLATE \"C\" > coalesce(j.taken, ''))
 WHERE j.job = $1 AND j.state = 'running'
   AND (SELECT count(*) FROM nself.tenants t WHERE t.name COLLATE \"C\" > coalesce(j.taken, '')) > 0
   AND (SELECT count(*) FROM pg_stat_activity a WHERE a.pid = j.pid AND a.backend_type = 'nself_heal job') > 0
RETURNING (SELECT json_build_object(
               'tenant', json_build_object('name', t.name, 'schema', t.schema, 'quoted', quote_ident(t.schema), 'is_here', true),
               'at', (SELECT count(*) FROM nself.tenants o WHERE o.name COLLATE \"C\" <= t.name),
               'of', (SELECT count(*) FROM nself.tenants))
             FROM nself.tenants t WHERE t.name = j.taken)::text";
    let taken = again(|| as_extension_owner(|| spi::write_returning::<String>(NEXT, &[job.into()])))?;
    let next = taken.map(|text| serde_json::from_str(&text)).transpose();
    next.map_err(|error| Error::BadAnswer { query: "next", reason: error.to_string() })
}

/// Migrates one tenant. Only a wish to stop is an error here; what else goes wrong is written down.
fn one(
    job: i64,
    Next { tenant, at, of }: Next,
    request: &UpRequest<'_>,
    together: bool,
    canary: &mut Canary,
    settle: &dyn Fn() -> Result<(), Error>,
    progress: &mut dyn FnMut(Progress<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut outcome = Outcome::Nothing;
    let mut show = |now: Progress<'_>| {
        outcome = Outcome::Ran;
        let statement = format!("-- tenant {}\n{}", tenant.name, now.statement);
        progress(Progress { event: None, step: at, of, statement: &statement })
    };
    let request = UpRequest { tenant: Some(&tenant.schema), ..*request };
    let turn = if together { Turn::BesideOthers(&tenant.schema) } else { Turn::Alone };
    if together {
        note(job, &tenant, &format!("failures || {ENDED}"), "")?;
    }
    let failure = match migrate::up(&request, turn, settle, &mut show) {
        Ok(()) => None,
        Err(error) => {
            let is_cancelled = error.server_error().is_some_and(|source| source.is_cancel());
            if is_cancelled && !timeout::has_ended_one() {
                return Err(error);
            }
            outcome = Outcome::Failed;
            settle()?;
            Some(format!("tenant {:?}: {error}", tenant.name))
        }
    };
    match failure {
        Some(failure) => note(job, &tenant, &format!("array_remove(failures, {ENDED}) || $3"), &failure)?,
        None if together => note(job, &tenant, &format!("array_remove(failures, {ENDED})"), "")?,
        None => {}
    }
    canary.note(&tenant.name, outcome);
    Ok(())
}

/// Changes the list of failures, in which `$2` is the tenant and `$3` what is said of it.
fn note(job: i64, tenant: &Tenant, failures: &str, said: &str) -> Result<(), Error> {
    let update =
        format!("UPDATE nself.job_log SET failures = {failures} WHERE job = $1 AND $3::text IS NOT NULL");
    again(|| {
        as_extension_owner(|| spi::write(&update, &[job.into(), tenant.name.as_str().into(), said.into()]))
    })
}

/// Runs `work` in a transaction until no other worker has changed the row of the job meanwhile, under the isolation that this
/// database has by itself.
fn again<T>(work: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    loop {
        match in_transaction(&work) {
            Err(error) if error.server_error().is_some_and(|source| source.sqlstate() == "40001") => {}
            result => return result,
        }
    }
}

/// The workers that help. They end with this value.
struct Helpers(Vec<Handle>);

impl Helpers {
    /// Starts so many, or as many as the server has a place for.
    fn start(&mut self, extra: &Extra, many: usize) {
        let text = extra.to_text();
        let spec = WorkerSpec {
            title: "nself_heal tenants",
            function: "nself_heal_tenants",
            argument: 0,
            extra: &text,
            purpose: "migrate tenants",
            returns_after: None,
        };
        self.0.extend((0..many).map_while(|_| spec.start().ok()));
    }

    fn wait(&self) -> Result<(), Error> {
        while !self.0.iter().all(Handle::has_ended) {
            in_transaction(|| {
                worker::pause(std::time::Duration::from_millis(50));
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        self.0.iter().for_each(Handle::end);
    }
}
