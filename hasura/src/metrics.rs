//! `/metrics`, for Prometheus. A scrape reads what the database keeps anyway: the history of heals, the state of
//! migrations, the jobs. It never waits for a drift: the figures are those of the last one, with its time, and if that is
//! long ago, a new one is begun behind the scrape.

use std::collections::BTreeMap;
use std::fmt::Error as FormatError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde::Deserialize;
use std::sync::atomic::AtomicU64;

use crate::actions::{self, Drift};
use crate::database::{Call, Database, Failure};
use crate::log;
use crate::refusal::Refusal;

/// Several scrapes within this time are one for the database.
const FRESH: Duration = Duration::from_secs(5);
/// In how many of the latest runs the last heal is looked for.
const RUNS: i32 = 100;
/// Seconds, from that of a short question to that of a long heal.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];
const STATUS_COLUMNS: &str = "enabled, auto_run, extract(epoch from last_run_at)::pg_catalog.float8 as last_run, drift_items, last_outcome";
const HISTORY_COLUMNS: &str = "extract(epoch from at)::pg_catalog.float8 as at, applied, blocked, manual, confirmed, outcome, duration_ms";
const JOBS: &str = "select coalesce(pg_catalog.json_agg(r), '[]')::pg_catalog.text
    from (select kind, state, pg_catalog.count(*) as number from nself.jobs group by kind, state) r";

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// What this server has counted and seen itself.
pub struct Metrics {
    registry: Registry,
    calls: Family<Labels, Counter>,
    durations: Family<Labels, Histogram>,
    last_drift: Mutex<Option<LastDrift>>,
    /// When the last drift was begun behind a scrape.
    begun: Mutex<Option<Instant>>,
    /// The last figures of the database.
    figures: tokio::sync::Mutex<Option<(Instant, String)>>,
    /// When a drift is too old to be scraped. None: there is no drift but those that are called for.
    longest_age: Option<Duration>,
}

struct LastDrift {
    at: SystemTime,
    took: Duration,
    /// How many there are of each kind and safety.
    items: BTreeMap<(String, String), u32>,
}

#[derive(Deserialize)]
struct Status {
    enabled: bool,
    auto_run: bool,
    last_run: Option<f64>,
    drift_items: Option<f64>,
    last_outcome: Option<String>,
}

#[derive(Deserialize)]
struct Run {
    at: f64,
    applied: f64,
    blocked: f64,
    manual: f64,
    confirmed: bool,
    outcome: String,
    duration_ms: f64,
}

#[derive(Deserialize)]
struct Migration {
    state: String,
}

#[derive(Deserialize)]
struct Jobs {
    kind: String,
    state: String,
    number: f64,
}

impl Metrics {
    pub fn new(longest_age: Option<Duration>) -> Self {
        let mut registry = Registry::default();
        let calls = Family::default();
        registry.register(
            "nself_calls",
            "Calls of actions and triggers since this server started, by what came of them",
            calls.clone(),
        );
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> _);
        registry.register("nself_call_duration_seconds", "How long calls took", durations.clone());
        Self {
            registry,
            calls,
            durations,
            last_drift: Mutex::default(),
            begun: Mutex::default(),
            figures: tokio::sync::Mutex::default(),
            longest_age,
        }
    }

    /// Counts a call. `action` is a name of this program's own.
    pub fn count(&self, action: &str, code: &str, took: Duration) {
        let action = ("action", action.to_owned());
        self.calls.get_or_create(&vec![action.clone(), ("code", code.to_owned())]).inc();
        self.durations.get_or_create(&vec![action]).observe(took.as_secs_f64());
    }

    /// Keeps what a drift against the applied migrations has found.
    pub fn keep(&self, drift: &Drift, took: Duration) {
        let mut items = BTreeMap::new();
        for item in &drift.items {
            *items.entry(item.clone()).or_default() += 1;
        }
        let at = SystemTime::now();
        *lock(&self.last_drift) = Some(LastDrift { at, took, items });
    }

    /// Everything, as Prometheus reads it.
    pub async fn text(self: &Arc<Self>, database: &Arc<Database>) -> String {
        self.renew_drift(database);
        let mut text = self.database_figures(database).await;
        let written = self
            .drift_figures(&mut text)
            .and_then(|()| encode_registry(&mut text, &self.registry))
            .and_then(|()| encode_eof(&mut text));
        written.expect("a string takes all that is written");
        text
    }

    /// Begins a drift behind this scrape, if the last one is too old and none was begun since.
    fn renew_drift(self: &Arc<Self>, database: &Arc<Database>) {
        let Some(longest_age) = self.longest_age else { return };
        let is_old = match &*lock(&self.last_drift) {
            Some(last) => last.at.elapsed().is_ok_and(|age| age > longest_age),
            None => true,
        };
        let mut begun = lock(&self.begun);
        if !is_old || begun.is_some_and(|begun| begun.elapsed() <= longest_age) {
            return;
        }
        *begun = Some(Instant::now());
        drop(begun);
        let (metrics, database) = (Arc::clone(self), Arc::clone(database));
        tokio::spawn(async move {
            if let Err(refusal) = metrics.drift(&database).await {
                log::event("drift", &format!("the drift behind a scrape failed: {}", refusal.message));
            }
        });
    }

    /// Asks for drift, and keeps what it finds.
    pub async fn drift(&self, database: &Database) -> Result<Drift, Refusal> {
        let began = Instant::now();
        let drift = Drift::of(&actions::drift(database, None).await?)?;
        self.keep(&drift, began.elapsed());
        Ok(drift)
    }

    fn drift_figures(&self, text: &mut String) -> Result<(), FormatError> {
        let mut registry = Registry::default();
        if let Some(last) = &*lock(&self.last_drift) {
            let items = gauges(&mut registry, "nself_drift_items", "Drift items of the last drift");
            for kind in ["missing", "extra", "changed"] {
                for safety in ["additive", "blocked", "manual"] {
                    items.get_or_create(&labels([("kind", kind), ("safety", safety)])).set(0.0);
                }
            }
            for ((kind, safety), number) in &last.items {
                let labels = labels([("kind", kind), ("safety", safety)]);
                items.get_or_create(&labels).set((*number).into());
            }
            let at = last.at.duration_since(UNIX_EPOCH).unwrap_or_default();
            gauge(
                &mut registry,
                "nself_drift_timestamp_seconds",
                "When the last drift ended",
                at.as_secs_f64(),
            );
            let took = last.took.as_secs_f64();
            gauge(&mut registry, "nself_drift_duration_seconds", "How long the last drift took", took);
        }
        encode_registry(text, &registry)
    }

    /// What the database keeps; while it is away, only that.
    async fn database_figures(&self, database: &Database) -> String {
        let mut figures = self.figures.lock().await;
        if let Some((at, text)) = &*figures
            && at.elapsed() < FRESH
        {
            return text.clone();
        }
        let read = read(database).await;
        let mut registry = Registry::default();
        let is_there = if read.is_ok() { 1.0 } else { 0.0 };
        gauge(&mut registry, "nself_database_up", "Whether the database gave the figures", is_there);
        if let Ok((status, runs, migrations, jobs)) = read {
            register(&mut registry, &status, &runs, migrations, jobs);
        }
        let mut text = String::new();
        encode_registry(&mut text, &registry).expect("a string takes all that is written");
        *figures = Some((Instant::now(), text.clone()));
        text
    }
}

type Figures = (Status, Vec<Run>, Vec<Migration>, Vec<Jobs>);

async fn read(database: &Database) -> Result<Figures, Failure> {
    let status: Vec<Status> = rows(database, Call::to("nself_heal_status", STATUS_COLUMNS)).await?;
    let status = status.into_iter().next().ok_or(Failure::Row("nself_heal_status"))?;
    let runs = Call::to("nself_heal_history", HISTORY_COLUMNS).with("max_events", "int4", Some(RUNS));
    let runs = rows(database, runs).await?;
    let migrations = rows(database, Call::to("nself_migrate_status", "state")).await?;
    let jobs = serde_json::from_str(&database.ask(JOBS).await?).map_err(|_| Failure::Row("nself.jobs"))?;
    Ok((status, runs, migrations, jobs))
}

async fn rows<T: for<'a> Deserialize<'a>>(database: &Database, call: Call) -> Result<Vec<T>, Failure> {
    let function = call.function;
    serde_json::from_str(&database.call(call).await?.rows).map_err(|_| Failure::Row(function))
}

fn register(
    registry: &mut Registry,
    status: &Status,
    runs: &[Run],
    migrations: Vec<Migration>,
    jobs: Vec<Jobs>,
) {
    let flag = |is_so| if is_so { 1.0 } else { 0.0 };
    gauge(registry, "nself_heal_enabled", "Whether self-heal is on", flag(status.enabled));
    gauge(registry, "nself_heal_auto_run", "Whether the database heals by itself", flag(status.auto_run));
    if let (Some(at), Some(items)) = (status.last_run, status.drift_items) {
        let help = "When the last run was, dry or not, by hand or by itself";
        gauge(registry, "nself_last_check_timestamp_seconds", help, at);
        gauge(registry, "nself_last_check_drift_items", "Drift items that it found", items);
    }
    if let Some(outcome) = &status.last_outcome {
        let outcomes = gauges(registry, "nself_last_check_outcome", "How it ended");
        outcomes.get_or_create(&labels([("outcome", outcome)])).set(1.0);
    }
    if let Some(run) = runs.iter().find(|run| run.confirmed) {
        gauge(registry, "nself_last_heal_timestamp_seconds", "When the last heal was", run.at);
        let seconds = run.duration_ms / 1000.0;
        gauge(registry, "nself_last_heal_duration_seconds", "How long the last heal took", seconds);
        let steps = gauges(registry, "nself_last_heal_steps", "What the last heal did");
        for (status, number) in [("applied", run.applied), ("blocked", run.blocked), ("manual", run.manual)] {
            steps.get_or_create(&labels([("status", status)])).set(number);
        }
        let outcomes = gauges(registry, "nself_last_heal_outcome", "How the last heal ended");
        outcomes.get_or_create(&labels([("outcome", &run.outcome)])).set(1.0);
    }
    let states = gauges(registry, "nself_migrations", "Migrations by state");
    for state in ["applied", "pending"] {
        states.get_or_create(&labels([("state", state)])).set(0.0);
    }
    for migration in migrations {
        states.get_or_create(&labels([("state", &migration.state)])).inc();
    }
    let by_state = gauges(registry, "nself_jobs", "Jobs by kind and state");
    for of in jobs {
        by_state.get_or_create(&labels([("kind", &of.kind), ("state", &of.state)])).set(of.number);
    }
}

fn labels<const N: usize>(of: [(&'static str, &str); N]) -> Labels {
    of.map(|(name, value)| (name, value.to_owned())).into()
}

fn gauges(registry: &mut Registry, name: &str, help: &str) -> Gauges {
    let gauges = Gauges::default();
    registry.register(name, help, gauges.clone());
    gauges
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_is_told_by_kind_and_safety_with_its_time() {
        let metrics = Metrics::new(None);
        let mut text = String::new();
        metrics.drift_figures(&mut text).unwrap();
        assert_eq!(text, "", "nothing is told before there was one");
        let item = || ("missing".to_owned(), "additive".to_owned());
        let drift = Drift { json: String::new(), items: vec![item(), item()], not_compared: None };
        metrics.keep(&drift, Duration::from_millis(1500));
        metrics.drift_figures(&mut text).unwrap();
        assert!(text.contains("nself_drift_items{kind=\"missing\",safety=\"additive\"} 2"), "{text}");
        assert!(text.contains("nself_drift_items{kind=\"extra\",safety=\"manual\"} 0"), "{text}");
        assert!(text.contains("nself_drift_duration_seconds 1.5"), "{text}");
        assert!(text.contains("nself_drift_timestamp_seconds "), "{text}");
    }

    #[test]
    fn calls_are_counted_by_what_came_of_them() {
        let metrics = Metrics::new(None);
        metrics.count("nself_drift", "ok", Duration::from_millis(3));
        metrics.count("nself_drift", "busy", Duration::ZERO);
        let mut text = String::new();
        encode_registry(&mut text, &metrics.registry).unwrap();
        assert!(text.contains("nself_calls_total{action=\"nself_drift\",code=\"busy\"} 1"), "{text}");
        assert!(text.contains("nself_call_duration_seconds_count{action=\"nself_drift\"} 2"), "{text}");
    }
}
