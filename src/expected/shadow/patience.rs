//! Waiting for a worker of the shadow, with a word to whoever waits where that takes long.

use std::time::{Duration, Instant};

use pgrx::{PgLogLevel, PgSqlErrorCode};
use serde::de::DeserializeOwned;

use crate::error::{Error, say};
use crate::server::channel::Channel;
use crate::server::session::with_pinned_settings;
use crate::server::spi;
use crate::server::worker::Handle;

/// How often the worker is looked at.
const EVERY: Duration = Duration::from_secs(5);
/// What takes so long is worth a word, even if nobody is in its way.
const LONG: Duration = Duration::from_secs(60);

/// Waits for a message of the worker, which `from` names, and `what` in more words. If a lock is in the worker's way, the
/// caller is told who has it.
pub fn receive<T: DeserializeOwned>(
    channel: &Channel,
    from: &'static str,
    what: &str,
    worker: &Handle,
) -> Result<T, Error> {
    let began = Instant::now();
    let (mut told_of_lock, mut told_of_time) = (false, false);
    channel.receive_watching(from, EVERY, || {
        let Some(pid) = worker.running() else { return Ok(()) };
        let blockers = if told_of_lock { Vec::new() } else { blockers(pid)? };
        if !blockers.is_empty() {
            told_of_lock = true;
            let pids = blockers.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
            warn(
                format!("the {what} (process {pid}) waits for a lock of process {pids}"),
                &format!("It goes on when that one ends its transaction: SELECT * FROM pg_stat_activity WHERE pid IN ({pids}). A cancel of this call ends it."),
            );
        } else if !told_of_time && began.elapsed() >= LONG {
            told_of_time = true;
            warn(
                format!("the {what} (process {pid}) has taken a minute"),
                &format!("What it does: SELECT * FROM pg_stat_activity WHERE pid = {pid}. A cancel of this call ends it."),
            );
        }
        Ok(())
    })
}

fn warn(message: String, hint: &str) {
    say(PgLogLevel::WARNING, PgSqlErrorCode::ERRCODE_WARNING, message, hint);
}

/// Who has, or waits before it for, what a process waits for.
fn blockers(pid: i32) -> Result<Vec<i32>, Error> {
    with_pinned_settings(|| {
        Ok(spi::read_one::<Vec<i32>>("SELECT pg_blocking_pids($1)", &[pid.into()])?.unwrap_or_default())
    })
}
