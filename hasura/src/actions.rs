//! The actions: what each is called, what it takes, which level it needs, which SQL function it calls and which fields it
//! answers. docs/hasura.md has the same as a table.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::arguments::Arguments;
use crate::database::{Call, Database, Failure};
use crate::drift::Drift;
use crate::heal;
use crate::log::word;
use crate::refusal::Refusal;
use crate::roles::Level;
use crate::told::Change;

pub const STATUS_COLUMNS: &str = "version, name, state, applied_at, applied_by, duration_ms, checksum, note";
/// Without the SQL, which may hold a password: the level of a role of Hasura's need not be that of the connection.
pub const UP_COLUMNS: &str = "version, name, status, duration_ms";
pub const HISTORY_COLUMNS: &str =
    "event, at, trigger, drift_items, applied, blocked, manual, confirmed, outcome, duration_ms, detail";
/// What a migration's job says may hold a piece of the migration.
pub const JOB_COLUMNS: &str = "kind, state, step, steps, case when kind operator(pg_catalog.=) 'heal' then error end as error, \
     sqlstate, created_at, started_at, ended_at, event";

/// What an action asks for.
#[derive(Debug)]
pub enum Action {
    Drift { against: Option<String> },
    Heal { confirm: bool, not_renamed: Option<Vec<String>> },
    Status { tenant: Option<String> },
    Up { dry_run: bool, target: Option<String>, max_count: Option<i32>, tenant: Option<String> },
    History { max_events: Option<i32> },
    Job { job: Option<i64> },
}

/// The names of all actions.
pub const NAMES: [&str; 6] = [
    "nself_drift",
    "nself_heal",
    "nself_migrate_status",
    "nself_migrate_up",
    "nself_heal_history",
    "nself_job",
];

/// The action's own copy of the name, if there is one of that name.
pub fn named(name: &str) -> Result<&'static str, Refusal> {
    NAMES.into_iter().find(|known| *known == name).ok_or_else(|| {
        let message = format!("there is no action {:?}: there are {}", word(name), NAMES.join(", "));
        Refusal::new(StatusCode::NOT_FOUND, "unknown-action", message)
    })
}

impl Action {
    /// Reads the arguments of the action of this name, which `named` has found.
    pub fn read(name: &'static str, input: Map<String, Value>) -> Result<Self, Refusal> {
        let mut of = Arguments::new(input);
        let action = match name {
            "nself_drift" => Action::Drift { against: of.text("against")? },
            "nself_heal" => Action::Heal {
                confirm: of.boolean("confirm")?.unwrap_or(false),
                not_renamed: of.texts("not_renamed")?,
            },
            "nself_migrate_status" => Action::Status { tenant: of.text("tenant")? },
            "nself_migrate_up" => Action::Up {
                dry_run: of.boolean("dry_run")?.unwrap_or(false),
                target: of.text("target")?,
                max_count: of.integer("max_count")?,
                tenant: of.text("tenant")?,
            },
            "nself_heal_history" => Action::History { max_events: of.integer("max_events")? },
            _ => Action::Job { job: of.big_integer("job")? },
        };
        of.end()?;
        Ok(action)
    }

    /// The level that the SQL function asks for, too.
    pub fn level(&self) -> Level {
        match self {
            Action::Heal { confirm: true, .. } => Level::Heal,
            Action::Up { dry_run: false, .. } => Level::Migrate,
            Action::Drift { .. }
            | Action::Heal { .. }
            | Action::Status { .. }
            | Action::Up { .. }
            | Action::History { .. }
            | Action::Job { .. } => Level::Look,
        }
    }

    /// What reads out of its answer what it changed, if it may change the schema.
    pub fn change(&self) -> Option<fn(&str) -> Option<Change>> {
        match self {
            Action::Heal { confirm: true, .. } => Some(Change::of_heal),
            Action::Up { dry_run: false, .. } => Some(Change::of_migrations),
            _ => None,
        }
    }

    /// Does it, and returns the JSON of the answer. A heal is waited for as long as `patience`.
    pub async fn run(self, database: &Database, patience: Duration) -> Result<String, Refusal> {
        let call = match self {
            Action::Drift { against } => {
                return Drift::of(database, against).await?.json();
            }
            Action::Heal { confirm: false, not_renamed } => return heal::plan(database, not_renamed).await,
            Action::Heal { confirm: true, not_renamed } => {
                return heal::start(database, not_renamed, patience).await;
            }
            Action::Status { tenant } => {
                Call::to("nself_migrate_status", STATUS_COLUMNS).with("tenant", "text", tenant)
            }
            Action::Up { dry_run, target, max_count, tenant } => {
                if !dry_run && database.is_unsaid_production().await? {
                    let message =
                        "the database is for production, and this server was not started with --env prod";
                    return Err(Refusal::new(StatusCode::FORBIDDEN, "production", message));
                }
                Call::to("nself_migrate_up", UP_COLUMNS)
                    .with("target", "text", target)
                    .with("max_count", "int4", max_count)
                    .with("dry_run", "bool", Some(dry_run))
                    .with("tenant", "text", tenant)
            }
            Action::History { max_events } => {
                Call::to("nself_heal_history", HISTORY_COLUMNS).with("max_events", "int4", max_events)
            }
            Action::Job { job } => {
                let rows =
                    database.call(Call::to("nself_job", JOB_COLUMNS).with("job", "int8", job)).await?.rows;
                let first: Vec<&RawValue> =
                    serde_json::from_str(&rows).map_err(|_| Failure::Row("nself_job"))?;
                let first = first.first().ok_or(Failure::Row("nself_job"))?;
                return Ok(first.get().to_owned());
            }
        };
        Ok(database.call(call).await?.rows)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(name: &str, input: Value) -> Result<Action, Refusal> {
        let Value::Object(input) = input else { panic!("input is an object") };
        Action::read(named(name)?, input)
    }

    #[test]
    fn what_changes_something_needs_a_level_and_a_dry_run_does_not() {
        let level = |name, input| read(name, input).unwrap().level();
        for name in NAMES.into_iter().filter(|name| *name != "nself_migrate_up") {
            assert_eq!(level(name, json!({})), Level::Look, "{name}");
        }
        assert_eq!(level("nself_heal", json!({"confirm": true})), Level::Heal);
        assert_eq!(level("nself_migrate_up", json!({})), Level::Migrate);
        assert_eq!(level("nself_migrate_up", json!({"dry_run": true})), Level::Look);
    }

    #[test]
    fn names_and_arguments_that_are_not_known_are_refused() {
        assert_eq!(read("nself_heal; DROP TABLE x", json!({})).unwrap_err().code, "unknown-action");
        assert_eq!(read("nself_heal", json!({"force": true})).unwrap_err().code, "unknown-argument");
        assert_eq!(read("nself_heal", json!({"confirm": "true"})).unwrap_err().code, "wrong-type");
        assert_eq!(read("nself_heal", json!({"confirm": 1})).unwrap_err().code, "wrong-type");
    }
}
