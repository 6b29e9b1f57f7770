//! What the product is to reach, and whether it does.

use crate::calls;
use crate::migrating::{NOT_NOTED, NOTED, OWN_TIME, REHEARSAL};
use crate::results::Results;

/// The drift that has all its work to do.
const WORKING: [&str; 2] = ["drift equal", "drift 1 % drifted"];
const UNCHANGED: [&str; 1] = ["drift unchanged"];
/// Beside the targets, which are about connections that have asked before: the memory counts here, too.
const NEW_CONNECTION: [&str; 2] = ["drift equal, new connection", "drift 1 % drifted, new connection"];
const DUMP: &str = "pg_dump -s";
const RAW: &str = "raw catalog read";

/// One limit.
pub struct Target {
    pub work: &'static str,
    /// How many tables; none for what has nothing to do with them.
    pub size: Option<usize>,
    pub limit: f64,
    pub unit: &'static str,
    /// Nothing where it was not measured.
    pub value: Option<f64>,
}

impl Target {
    /// Nothing where it was not measured.
    pub fn is_met(&self) -> Option<bool> {
        self.value.map(|value| value <= self.limit)
    }
}

/// All of them, with what was measured.
pub fn all(results: &Results) -> Vec<Target> {
    let mut all = Vec::new();
    let mut add = |work, size, limit, unit, value| all.push(Target { work, size, limit, unit, value });
    for (size, to_dump, megabytes) in [(1000, 0.20, 60.0), (10_000, 0.15, 400.0)] {
        let ratio = |works: &[&str], other| worst(works, |work| results.sizes.get(&size)?.ratio(work, other));
        let here = Some(size);
        add("drift, equal or 1 % drifted, to pg_dump -s", here, to_dump, "", ratio(&WORKING, DUMP));
        add("drift, equal or 1 % drifted, to the raw catalog read", here, 3.0, "", ratio(&WORKING, RAW));
        add("drift, unchanged, to pg_dump -s", here, 0.05, "", ratio(&UNCHANGED, DUMP));
        if size == 10_000 {
            let growth = |work: &str| Some(results.median(size, work)? / results.median(1000, work)?);
            let all: Vec<&str> = WORKING.into_iter().collect();
            add("drift, to that of 1,000 tables", here, 11.0, "", worst(&all, growth));
        }
        let memory = |work: &str| Some(results.sizes.get(&size)?.figures.get(work)?.peak_kb as f64 / 1024.0);
        let all: Vec<&str> = WORKING.into_iter().chain(NEW_CONNECTION).chain(UNCHANGED).collect();
        add("memory of a backend above its start, drift", here, megabytes, " MB", worst(&all, memory));
    }
    let migrations = |work, other| results.migrations.as_ref()?.ratio(work, other);
    let up = migrations("chain 100: nself_migrate_up()", "chain 100: psql -1");
    add("migrate up of 100 migrations, to psql -1", None, 1.2, "", up);
    let more = migrations("chain 1000: first drift after one more", "chain 1000: first drift, full replay");
    add("first drift after one more migration on a chain of 1,000, to the full replay", None, 0.3, "", more);
    let beyond = || {
        let run = results.migrations.as_ref()?;
        Some(run.median(REHEARSAL)? - 1.5 * run.median(OWN_TIME)?)
    };
    add(
        "rehearsal of the last migration of a chain of 300, beyond 1.5 times that migration's own time",
        None,
        300.0,
        " ms",
        beyond(),
    );
    let noting = migrations(NOTED, NOT_NOTED);
    add(
        "CREATE TABLE of 12 columns in a loop, noted, to the same with nself.capture_ddl off",
        None,
        1.05,
        "",
        noting,
    );
    let counts = results.migrations.as_ref().map(|run| &run.counts);
    let calls = |value: &dyn Fn([f64; 4]) -> f64| {
        worst(&calls::FUNCTIONS, |function| {
            let [sent, lost, http, pgbench] = calls::names(function).map(|name| counts?.get(&name).copied());
            Some(value([sent?, lost?, http?, pgbench?]))
        })
    };
    let ratio = calls(&|[_, _, http, pgbench]| http / pgbench);
    add("99th percentile of 500 action calls a second, to that of pgbench", None, 4.0, "", ratio);
    add("of 15,000 such calls, lost", None, 0.0, "", calls(&|[_, lost, ..]| lost));
    all
}

/// The largest of several; nothing where one of them was not measured.
fn worst(works: &[&str], value: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let values: Option<Vec<f64>> = works.iter().map(|work| value(work)).collect();
    values?.into_iter().max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::{all, worst};
    use crate::results::Results;

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        assert!(all(&Results::default()).iter().all(|target| target.is_met().is_none()));
    }

    #[test]
    fn the_worst_counts_and_needs_all() {
        let value = |work: &str| work.parse().ok();
        assert_eq!(worst(&["1", "3", "2"], value), Some(3.0));
        assert_eq!(worst(&["1", "?", "2"], value), None);
    }
}
