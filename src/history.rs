//! The history of heals, and the switch that says whether the database is to be healed without being asked.

use std::time::Instant;

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::prelude::*;

use crate::caller::as_extension_owner;
use crate::chain::Against;
use crate::error::Error;
use crate::heal::{Outcome, Status};
use crate::{chain, culprit, settings, spi};

/// How the steps of a heal ended, counted.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub planned: i32,
    pub applied: i32,
    pub blocked: i32,
    pub manual: i32,
    pub failed: i32,
}

impl Counts {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            *match outcome.status {
                Status::Planned => &mut counts.planned,
                Status::Applied => &mut counts.applied,
                Status::Blocked => &mut counts.blocked,
                Status::Manual => &mut counts.manual,
                Status::Failed => &mut counts.failed,
            } += 1;
        }
        counts
    }

    fn outcome(&self, confirmed: bool) -> &'static str {
        let Self { planned, applied, blocked, manual, failed } = *self;
        match (confirmed, planned + applied + blocked + manual + failed) {
            (_, 0) => "no drift",
            (false, _) => "dry run",
            (true, _) if failed > 0 => "failed",
            (true, _) if blocked + manual > 0 && applied == 0 => "nothing to heal",
            (true, _) if blocked + manual > 0 => "healed in part",
            (true, _) => "healed",
        }
    }
}

/// Writes a run and its steps down. In a read-only transaction it says that it cannot.
pub fn record(
    outcomes: &[Outcome],
    drift_items: usize,
    confirmed: bool,
    began: Instant,
) -> Result<(), Error> {
    // SAFETY: a plain read of the transaction's state.
    if unsafe { pg_sys::XactReadOnly } {
        notice!("the transaction is read-only, so this run is not in the history");
        return Ok(());
    }
    let counts = Counts::of(outcomes);
    let culprits = culprit::of_each(outcomes.iter().map(|outcome| &outcome.step))?;
    let steps: Vec<_> = outcomes
        .iter()
        .zip(culprits)
        .enumerate()
        .map(|(index, (outcome, culprit))| {
            let (changed_by, changed_at, command) = culprit::parts(culprit);
            serde_json::json!({
                "step": index + 1, "object_type": outcome.step.object_type, "identity": outcome.step.identity,
                "ddl": outcome.step.remedy, "status": outcome.status.as_str(), "detail": outcome.detail,
                "changed_by": changed_by, "changed_at": changed_at.map(|at| at.to_iso_string()), "command": command,
            })
        })
        .collect();
    as_extension_owner(|| {
        spi::write(
            "WITH run AS (INSERT INTO nself.heal_events (trigger, confirmed, drift_items, applied, blocked, manual, \
                                 failed, outcome, duration_ms) \
                          VALUES ('call', $1, $2, $3, $4, $5, $6, $7, $8) RETURNING event) \
             INSERT INTO nself.heal_steps (event, step, object_type, identity, ddl, status, detail, changed_by, \
                                           changed_at, command) \
             SELECT run.event, s.step, s.object_type, s.identity, s.ddl, s.status, s.detail, s.changed_by, s.changed_at, \
                    s.command \
               FROM run, json_to_recordset($9) AS s(step int, object_type text, identity text, ddl text, status text, \
                                                    detail text, changed_by text, changed_at timestamptz, command text)",
            &[
                confirmed.into(),
                i32::try_from(drift_items).unwrap_or(i32::MAX).into(),
                counts.applied.into(),
                counts.blocked.into(),
                counts.manual.into(),
                counts.failed.into(),
                counts.outcome(confirmed).into(),
                i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX).into(),
                pgrx::Json(serde_json::Value::Array(steps)).into(),
            ],
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
}

/// The latest runs, the newest first.
pub fn events(limit: i32) -> Result<Vec<Event>, Error> {
    if limit < 1 {
        return Err(Error::BadLimit(limit));
    }
    as_extension_owner(|| {
        spi::at_one_moment(|| {
            Spi::connect(|client| {
                client
                    .select(
                        "SELECT event, at, trigger, drift_items, applied, blocked, manual, confirmed, outcome, \
                                duration_ms FROM nself.heal_events ORDER BY event DESC LIMIT $1",
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
                        })
                    })
                    .collect()
            })
        })
    })
}

fn cell<T>(value: Option<T>) -> Result<T, Error> {
    value.ok_or(Error::BadAnswer { query: "heal_events", reason: "a column is NULL".to_owned() })
}

/// Whether and how this database heals itself.
pub struct HealStatus {
    pub enabled: bool,
    pub auto_run: bool,
    pub last: Option<Event>,
    pub expected_state_age: Option<Interval>,
}

pub fn status() -> Result<HealStatus, Error> {
    let enabled = as_extension_owner(|| spi::read_one::<bool>("SELECT enabled FROM nself.heal_switch", &[]))?
        .unwrap_or_else(settings::enabled);
    let worker: Option<bool> = crate::caller::pinned(|| {
        spi::read_one(
            "SELECT EXISTS (SELECT FROM pg_stat_activity \
                             WHERE backend_type = 'nself_heal worker' AND datname = current_database())",
            &[],
        )
    })?;
    let age = match chain::hash_of(Against::Applied) {
        Err(Error::NothingApplied) => None,
        Err(error) => return Err(error),
        Ok(hash) => as_extension_owner(|| {
            spi::read_one::<Interval>(
                "SELECT date_trunc('second', clock_timestamp() - made_at) FROM nself.expected_state WHERE chain_hash = $1",
                &[hash.as_str().into()],
            )
        })?,
    };
    Ok(HealStatus {
        enabled,
        auto_run: enabled && worker == Some(true),
        last: events(1)?.into_iter().next(),
        expected_state_age: age,
    })
}

/// Says for this database whether it is to be healed without being asked. It counts more than the setting.
pub fn switch(enabled: bool) -> Result<(), Error> {
    spi::refuse_read_only(if enabled { c"nself_heal_enable()" } else { c"nself_heal_disable()" });
    as_extension_owner(|| {
        spi::write(
            "INSERT INTO nself.heal_switch (enabled) VALUES ($1) \
             ON CONFLICT (one) DO UPDATE SET enabled = excluded.enabled, set_by = excluded.set_by, \
                                             set_at = excluded.set_at",
            &[enabled.into()],
        )
    })
}
