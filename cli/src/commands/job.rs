//! Watching a job: what the server does in the background, in transactions of its own.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::rows::Job;
use crate::server::{Call, Server};
use crate::terminal::messages;

const POLL: Duration = Duration::from_millis(250);
/// How long a job is given the benefit of the doubt: its process may not be seen yet when it begins, nor any more
/// when the end of its row is about to be.
const DOUBT: Duration = Duration::from_secs(2);

/// Waits until a job has ended, however it does, and cancels it if Ctrl-C is pressed. The transaction that started it
/// has committed, and none is open between two looks: building an index would wait for it.
pub fn wait(server: &mut Server, number: i64, doing: &str, interrupt: &Interrupt) -> Result<Job, Error> {
    messages::note(&format!("this is job {number}; Ctrl-C cancels it"));
    let result = watch(server, number, doing, interrupt);
    server.progress().clear();
    if result.is_err() {
        messages::note(&format!("job {number} may go on: nself_job({number}) tells"));
    }
    result
}

/// Whether the job has done all that it was to do.
pub fn is_done(job: &Job) -> bool {
    job.state == "done"
}

fn watch(server: &mut Server, number: i64, doing: &str, interrupt: &Interrupt) -> Result<Job, Error> {
    let (mut is_told, mut is_cancelled) = (false, false);
    let mut gone_since = None;
    loop {
        let job = read(server, number)?;
        match job.state.as_str() {
            "waiting" | "running" => gone_since = None,
            "interrupted" if gone_since.get_or_insert_with(Instant::now).elapsed() < DOUBT => {}
            _ => return Ok(job),
        }
        if interrupt.has_come() && !is_cancelled {
            if !is_told {
                let note = format!("cancelling job {number}; another Ctrl-C does not wait for it");
                server.progress().aside(|| messages::note(&note));
                is_told = true;
            }
            // Its process cannot be told before it has begun.
            is_cancelled = cancel(server, number)?;
        }
        server.progress().job(doing, &job);
        interrupt.sleep(POLL);
    }
}

fn read(server: &mut Server, number: i64) -> Result<Job, Error> {
    let mut session = server.begin()?;
    let rows = session.rows_at_once::<Job>(&Call::to("nself_job").with("job", "int8", Some(number)))?;
    session.keep()?;
    Ok(rows.items.into_iter().next().expect("nself_job() has one row, or fails"))
}

fn cancel(server: &mut Server, number: i64) -> Result<bool, Error> {
    let mut session = server.begin()?;
    let told = session.value(&Call::to("nself_job_cancel").with("job", "int8", Some(number)))?;
    session.keep()?;
    Ok(told)
}
