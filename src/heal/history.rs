//! The history of heals.

use std::time::Instant;

use nself_heal_core::heal::{Counts, Outcome};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::capture::culprit;
use crate::error::Error;
use crate::server::notify::schema_changed;
use crate::server::session::as_extension_owner;
use crate::server::spi;

/// What a run did.
pub struct Report {
    pub drift_items: usize,
    pub outcomes: Vec<Outcome>,
    pub ended: Ended,
    /// What went wrong, in a sentence.
    pub trouble: Option<String>,
    /// What ended the run before it had gone through its steps, or that they did not close the drift.
    pub stopped: Option<Error>,
}

/// The history's record of a heal that runs: first its beginning, then its steps, then its end. Where each is written in a
/// transaction of its own and the heal is cut short, the record has no end, and the history shows it as interrupted.
pub struct Run {
    event: i64,
    began: Instant,
    confirmed: bool,
    steps: usize,
    counts: Counts,
}

/// How a run ended.
pub struct Ended {
    pub event: i64,
    pub counts: Counts,
    pub outcome: &'static str,
    pub duration_ms: i64,
}

impl Run {
    /// In a read-only transaction it says that it cannot, and there is nothing to write to.
    pub fn begin(
        trigger: &str,
        drift_items: usize,
        confirmed: bool,
        began: Instant,
    ) -> Result<Option<Self>, Error> {
        if spi::is_read_only() {
            notice!("the transaction is read-only, so this run is not in the history");
            return Ok(None);
        }
        let event = as_extension_owner(|| {
            spi::write_returning::<i64>(
                "INSERT INTO nself.heal_events (trigger, confirmed, drift_items) VALUES ($1, $2, $3) RETURNING event",
                &[trigger.into(), confirmed.into(), i32::try_from(drift_items).unwrap_or(i32::MAX).into()],
            )
        })?;
        let event = cell(event)?;
        Ok(Some(Self { event, began, confirmed, steps: 0, counts: Counts::default() }))
    }

    pub fn event(&self) -> i64 {
        self.event
    }

    /// Writes steps down, behind those that are there.
    pub fn add(&mut self, outcomes: &[Outcome]) -> Result<(), Error> {
        let culprits = culprit::of_each(outcomes.iter().map(|outcome| &outcome.step))?;
        let steps: Vec<_> = outcomes
            .iter()
            .zip(culprits)
            .zip(self.steps + 1..)
            .map(|((outcome, culprit), number)| {
                let (changed_by, changed_at, command) = culprit::parts(culprit);
                serde_json::json!({
                    "step": number, "object_type": outcome.step.object_type, "identity": outcome.step.identity,
                    "ddl": outcome.step.remedy, "status": outcome.status.as_str(), "detail": outcome.detail,
                    "changed_by": changed_by, "changed_at": changed_at.map(|at| at.to_iso_string()), "command": command,
                })
            })
            .collect();
        as_extension_owner(|| {
            spi::write(
                "INSERT INTO nself.heal_steps (event, step, object_type, identity, ddl, status, detail, changed_by, \
                                               changed_at, command) \
                 SELECT $1, s.step, s.object_type, s.identity, s.ddl, s.status, s.detail, s.changed_by, s.changed_at, \
                        s.command \
                   FROM json_to_recordset($2) AS s(step int, object_type text, identity text, ddl text, status text, \
                                                   detail text, changed_by text, changed_at timestamptz, command text)",
                &[self.event.into(), pgrx::Json(serde_json::Value::Array(steps)).into()],
            )
        })?;
        self.steps += outcomes.len();
        self.counts.add(outcomes);
        Ok(())
    }

    /// Writes down how it ended. `trouble` is what kept it from its end, `left_over` the drift that stays, as one text
    /// that is the same as long as the drift is.
    pub fn end(self, trouble: Option<&str>, left_over: Option<&str>) -> Result<Ended, Error> {
        let Self { event, began, confirmed, steps: _, counts } = self;
        let outcome = if trouble.is_some() { "failed" } else { counts.outcome(confirmed) };
        let duration_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        as_extension_owner(|| {
            spi::write(
                "UPDATE nself.heal_events SET applied = $2, blocked = $3, manual = $4, failed = $5, outcome = $6, \
                        duration_ms = $7, detail = $8, left_over = $9 WHERE event = $1",
                &[
                    event.into(),
                    counts.applied.into(),
                    counts.blocked.into(),
                    counts.manual.into(),
                    counts.failed.into(),
                    outcome.into(),
                    duration_ms.into(),
                    trouble.into(),
                    left_over.into(),
                ],
            )
        })?;
        if counts.applied > 0 {
            schema_changed(&serde_json::json!({"by": "heal", "event": event, "applied": counts.applied}))?;
        }
        Ok(Ended { event, counts, outcome, duration_ms })
    }
}

/// The drift that the last run of a worker or a job left, as `Run::end` was told.
pub fn last_left_over() -> Result<Option<String>, Error> {
    as_extension_owner(|| {
        spi::read_one(
            "SELECT left_over FROM nself.heal_events WHERE trigger IN ('worker', 'job') AND outcome <> 'running' \
              ORDER BY event DESC LIMIT 1",
            &[],
        )
    })
}

/// A run, as the history shows it.
pub struct Event {
    pub event: i64,
    pub at: TimestampWithTimeZone,
    pub trigger: String,
    pub drift_items: i32,
    pub applied: i32,
    pub blocked: i32,
    pub manual: i32,
    pub confirmed: bool,
    pub outcome: String,
    pub duration_ms: i64,
    pub detail: Option<String>,
}

/// The latest runs, the newest first.
pub fn events(limit: i32) -> Result<Vec<Event>, Error> {
    if limit < 1 {
        return Err(Error::BadLimit(limit));
    }
    as_extension_owner(|| {
        spi::with_snapshot(|| {
            Spi::connect(|client| {
                client
                    .select(
                        "SELECT event, at, trigger, drift_items, applied, blocked, manual, confirmed, \
                                CASE WHEN outcome = 'running' AND NOT EXISTS \
                                          (SELECT FROM pg_stat_activity a WHERE a.pid = e.pid AND a.backend_start <= e.at) \
                                     THEN 'interrupted' ELSE outcome END, \
                                duration_ms, detail FROM nself.heal_events e ORDER BY event DESC LIMIT $1",
                        None,
                        &[limit.into()],
                    )?
                    .map(|row| {
                        Ok(Event {
                            event: cell(row.get(1)?)?,
                            at: cell(row.get(2)?)?,
                            trigger: cell(row.get(3)?)?,
                            drift_items: cell(row.get(4)?)?,
                            applied: cell(row.get(5)?)?,
                            blocked: cell(row.get(6)?)?,
                            manual: cell(row.get(7)?)?,
                            confirmed: cell(row.get(8)?)?,
                            outcome: cell(row.get(9)?)?,
                            duration_ms: cell(row.get(10)?)?,
                            detail: row.get(11)?,
                        })
                    })
                    .collect()
            })
        })
    })
}

/// A step of a run, as the history shows it.
pub struct Step {
    pub step: i32,
    pub object_type: String,
    pub identity: String,
    pub ddl: String,
    pub status: String,
    pub detail: Option<String>,
    pub changed_by: Option<String>,
    pub changed_at: Option<TimestampWithTimeZone>,
    pub command: Option<String>,
}

/// The steps of a run, the latest unless one is named, in their order.
pub fn steps(event: Option<i64>) -> Result<Vec<Step>, Error> {
    as_extension_owner(|| {
        spi::with_snapshot(|| {
            Spi::connect(|client| {
                client
                    .select(
                        "SELECT step, object_type, identity, ddl, status, detail, changed_by, changed_at, command \
                           FROM nself.heal_steps \
                          WHERE event = coalesce($1, (SELECT max(event) FROM nself.heal_events)) ORDER BY step",
                        None,
                        &[event.into()],
                    )?
                    .map(|row| {
                        Ok(Step {
                            step: cell(row.get(1)?)?,
                            object_type: cell(row.get(2)?)?,
                            identity: cell(row.get(3)?)?,
                            ddl: cell(row.get(4)?)?,
                            status: cell(row.get(5)?)?,
                            detail: row.get(6)?,
                            changed_by: row.get(7)?,
                            changed_at: row.get(8)?,
                            command: row.get(9)?,
                        })
                    })
                    .collect()
            })
        })
    })
}

fn cell<T>(value: Option<T>) -> Result<T, Error> {
    value.ok_or(Error::BadAnswer { query: "history", reason: "a column is NULL".to_owned() })
}
