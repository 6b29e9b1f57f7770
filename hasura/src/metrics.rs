//! `/metrics`, for Prometheus. A scrape reads what the database keeps anyway: the history of heals, the state of
//! migrations, the jobs. It never waits for a drift: the figures are those of the last one, with its time, and if that is
//! long ago, a new one is begun behind the scrape. The same of the hazards of pending migrations.

use std::fmt::Error as FormatError;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, UNIX_EPOCH};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::database::Database;
use crate::drift::LastDrift;
use crate::figures::{self, Figures};
use crate::rehearsal::LastRehearsal;

/// Several scrapes within this time are one for the database.
const FRESH: Duration = Duration::from_secs(5);
/// Seconds, from that of a short question to that of a long heal.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// What this server has counted and seen itself.
pub struct Metrics {
    registry: Registry,
    calls: Family<Labels, Counter>,
    durations: Family<Labels, Histogram>,
    last_drift: Arc<LastDrift>,
    last_rehearsal: Arc<LastRehearsal>,
    /// The last figures of the database.
    figures: tokio::sync::Mutex<Option<(Instant, String)>>,
    /// When a drift is too old to be scraped. None: there is no drift and no rehearsal but those that are called for.
    longest_age: Option<Duration>,
}

impl Metrics {
    pub fn new(
        last_drift: Arc<LastDrift>,
        last_rehearsal: Arc<LastRehearsal>,
        longest_age: Option<Duration>,
    ) -> Self {
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
            last_drift,
            last_rehearsal,
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

    /// Everything, as Prometheus reads it.
    pub async fn text(&self, database: &Arc<Database>) -> String {
        if let Some(longest_age) = self.longest_age {
            self.last_drift.renew(database, longest_age);
        }
        let mut text = self.database_figures(database).await;
        let written = self
            .drift_figures(&mut text)
            .and_then(|()| self.hazard_figures(&mut text))
            .and_then(|()| encode_registry(&mut text, &self.registry))
            .and_then(|()| encode_eof(&mut text));
        written.expect("a string takes all that is written");
        text
    }

    fn drift_figures(&self, text: &mut String) -> Result<(), FormatError> {
        let mut registry = Registry::default();
        if let Some(last) = self.last_drift.kept().view().last {
            let items = gauges(&mut registry, "nself_drift_items", "Drift items of the last drift");
            for kind in ["missing", "extra", "changed"] {
                for safety in ["additive", "blocked", "manual"] {
                    items.get_or_create(&labels([("kind", kind), ("safety", safety)])).set(0.0);
                }
            }
            for item in &last.answer.items {
                let safety = item.safety.as_deref().unwrap_or_default();
                items.get_or_create(&labels([("kind", &item.kind), ("safety", safety)])).inc();
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

    fn hazard_figures(&self, text: &mut String) -> Result<(), FormatError> {
        let mut registry = Registry::default();
        if let Some(last) = self.last_rehearsal.kept().view().last {
            let help = "Hazards of the pending migrations in the last rehearsal";
            let hazards = gauges(&mut registry, "nself_hazards", help);
            for found in last.answer.iter().flat_map(|row| &row.found) {
                let accepted = if found.allowed.is_some() { "true" } else { "false" };
                hazards.get_or_create(&labels([("hazard", &found.hazard), ("accepted", accepted)])).inc();
            }
            let failed = last.answer.iter().filter(|row| row.status == "failed").count();
            let help = "Statements that failed in the last rehearsal";
            gauge(&mut registry, "nself_rehearsal_failures", help, failed as f64);
            let at = last.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            gauge(&mut registry, "nself_rehearsal_timestamp_seconds", "When the last rehearsal ended", at);
        }
        encode_registry(text, &registry)
    }

    /// What the database keeps; while it is away, only that.
    async fn database_figures(&self, database: &Arc<Database>) -> String {
        let mut figures = self.figures.lock().await;
        if let Some((at, text)) = &*figures
            && at.elapsed() < FRESH
        {
            return text.clone();
        }
        let read = figures::read(database).await;
        let mut registry = Registry::default();
        let is_there = if read.is_ok() { 1.0 } else { 0.0 };
        gauge(&mut registry, "nself_database_up", "Whether the database gave the figures", is_there);
        if let Ok(figures) = read {
            register(&mut registry, &figures);
            if self.longest_age.is_some() {
                let pending = figures.migrations.into_iter().filter(|migration| migration.state == "pending");
                self.last_rehearsal.renew(database, pending.map(|migration| migration.version).collect());
            }
        }
        let mut text = String::new();
        encode_registry(&mut text, &registry).expect("a string takes all that is written");
        *figures = Some((Instant::now(), text.clone()));
        text
    }
}

fn register(registry: &mut Registry, figures: &Figures) {
    let Figures { status, runs, migrations, jobs } = figures;
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
        by_state.get_or_create(&labels([("kind", &of.kind), ("state", &of.state)])).set(of.number.into());
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

#[cfg(test)]
mod tests {
    use nself_report::DriftItem;

    use super::*;
    use crate::drift::Drift;

    #[tokio::test]
    async fn a_drift_is_told_by_kind_and_safety_with_its_time() {
        let last = Arc::new(LastDrift::default());
        let metrics = Metrics::new(Arc::clone(&last), Arc::default(), None);
        let mut text = String::new();
        metrics.drift_figures(&mut text).unwrap();
        assert_eq!(text, "", "nothing is told before there was one");
        let (kind, safety) = ("missing".to_owned(), Some("additive".to_owned()));
        let item = DriftItem { kind, safety, ..DriftItem::default() };
        let drift = Drift { items: vec![item.clone(), item], not_compared: None };
        last.kept().ask(async { Ok(drift) }).await.unwrap();
        metrics.drift_figures(&mut text).unwrap();
        assert!(text.contains("nself_drift_items{kind=\"missing\",safety=\"additive\"} 2"), "{text}");
        assert!(text.contains("nself_drift_items{kind=\"extra\",safety=\"manual\"} 0"), "{text}");
        assert!(text.contains("nself_drift_duration_seconds "), "{text}");
        assert!(text.contains("nself_drift_timestamp_seconds "), "{text}");
    }

    #[test]
    fn calls_are_counted_by_what_came_of_them() {
        let metrics = Metrics::new(Arc::default(), Arc::default(), None);
        metrics.count("nself_drift", "ok", Duration::from_millis(3));
        metrics.count("nself_drift", "busy", Duration::ZERO);
        let mut text = String::new();
        encode_registry(&mut text, &metrics.registry).unwrap();
        assert!(text.contains("nself_calls_total{action=\"nself_drift\",code=\"busy\"} 1"), "{text}");
        assert!(text.contains("nself_call_duration_seconds_count{action=\"nself_drift\"} 2"), "{text}");
    }
}
