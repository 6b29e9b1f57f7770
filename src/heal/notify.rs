//! Who is told of the worker's runs: the server's log, a file of JSON lines, and whoever listens to nself_drift.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::error::Error;
use crate::heal::history::Report;
use crate::server::notify::notify;
use crate::server::spi;
use crate::settings;

/// The channel of NOTIFY.
const CHANNEL: &str = "nself_drift";

/// The drift before and after something: hashes, nothing if there is none.
pub struct Change<'a> {
    pub from: Option<&'a str>,
    pub to: Option<&'a str>,
    pub drift_items: usize,
    pub event: i64,
}

/// Notifies those who listen that drift appeared, changed or is gone, if it did. They hear it when this transaction has
/// committed.
pub fn change(change: &Change<'_>) -> Result<(), Error> {
    let word = match (change.from, change.to) {
        (None, None) => return Ok(()),
        (None, Some(_)) => "appeared",
        (Some(_), None) => "gone",
        (Some(from), Some(to)) if from == to => return Ok(()),
        (Some(_), Some(_)) => "changed",
    };
    let payload = json!({
        "database": spi::database()?, "drift": word, "drift_items": change.drift_items, "event": change.event,
    });
    notify(CHANNEL, &payload)
}

/// Writes a line to the server's log, and one to the file of nself.schema_heal_log if there is one. Within a transaction.
pub fn report(report: &Report) -> Result<(), Error> {
    let database = spi::database()?;
    let Report { drift_items, outcomes, ended, trouble, stopped: _ } = report;
    let counts = ended.counts;
    log!(
        "nself_heal in database {database}: {}{}; {drift_items} of drift, {} applied, {} blocked, {} manual, {} failed \
         in {} ms (event {})",
        ended.outcome,
        trouble.as_ref().map(|trouble| format!(", because {trouble}")).unwrap_or_default(),
        counts.applied,
        counts.blocked,
        counts.manual,
        counts.failed,
        ended.duration_ms,
        ended.event,
    );
    let Some(path) = settings::schema_heal_log() else { return Ok(()) };
    let steps: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "kind": outcome.step.kind.as_str(), "object_type": outcome.step.object_type,
                "identity": outcome.step.identity, "status": outcome.status.as_str(), "detail": outcome.detail,
            })
        })
        .collect();
    let line = json!({
        "at": clock()?, "database": database, "event": ended.event, "outcome": ended.outcome, "detail": trouble,
        "drift_items": drift_items, "applied": counts.applied, "blocked": counts.blocked, "manual": counts.manual,
        "failed": counts.failed, "duration_ms": ended.duration_ms, "steps": steps,
    });
    if let Err(error) = append(&path, &line.to_string()) {
        warning!("nself_heal could not write to its log {}: {error}", path.display());
    }
    Ok(())
}

fn clock() -> Result<String, Error> {
    let now = "SELECT pg_catalog.to_json(pg_catalog.clock_timestamp()) #>> '{}'";
    Ok(spi::read_one(now, &[])?.unwrap_or_default())
}

/// Adds a line to a file, which is opened for it: whoever rotates files may have moved it. A line that another run could
/// not write in full is ended first.
fn append(path: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let start = if ends_in_a_line(&mut file)? { "\n" } else { "" };
    file.write_all(format!("{start}{line}\n").as_bytes())
}

fn ends_in_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != *b"\n")
}
