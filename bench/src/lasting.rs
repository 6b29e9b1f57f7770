//! What one call does not show: whether a backend grows over many calls, how soon a call hears of a cancel, and whether
//! answers stay right while others change the schema.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nself_harness::{Doing, answer};
use postgres::error::SqlState;
use postgres::{Client, NoTls};

use crate::args::Args;
use crate::drift;
use crate::error::Error;
use crate::memory::{Figure, of};
use crate::product;
use crate::schema::Table;
use crate::server::Server;

/// The smallest schema, in which many calls can be made.
const SMALL: &str = "bench_small";
const SMALL_SIZE: usize = 100;

/// Calls of one backend.
const CALLS: usize = 1000;
/// What a backend learns in its first calls, it keeps.
const WARM_UP: usize = 10;
/// A slow product makes fewer calls: the benchmark has to end.
const CALLS_END: Duration = Duration::from_secs(60);
/// In how many moments of a call it is cancelled.
const MOMENTS: u32 = 10;
/// How long others change the schema: until there were so many calls, but not shorter or longer than this.
const LOAD_CALLS: usize = 20;
const LOAD: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(60);

/// What came out, by name.
pub type Counts = Vec<(&'static str, f64)>;

pub fn measure(server: &Server, args: &Args) -> Result<Counts, Error> {
    drift::set_up_equal(server, SMALL, SMALL_SIZE)?;
    let mut counts = growth(server)?;
    counts.push(("cancel, expected schema known, ms", worst_cancel(server, drift::EQUAL, args.size, false)?));
    counts.push(("cancel, replay of 100 tables, ms", worst_cancel(server, SMALL, SMALL_SIZE, true)?));
    counts.extend(under_load(server, args.size)?);
    server.drop(SMALL)?;
    for (what, count) in &counts {
        eprintln!("  {what}: {count}");
    }
    Ok(counts)
}

/// The memory that one backend gains from call to call. Before each call something changes, so that none is spared its
/// work.
fn growth(server: &Server) -> Result<Counts, Error> {
    let mut session = server.session(SMALL)?;
    let start = Instant::now();
    let (mut warm, mut calls) = (0, 0);
    while calls < CALLS && (start.elapsed() < CALLS_END || calls <= WARM_UP) {
        drift::touch(server, SMALL, SMALL_SIZE, calls)?;
        let rows = session.client.query(product::DRIFT, &[]).doing("one of many calls")?;
        product::expect("a small schema", rows.len(), 0)?;
        calls += 1;
        if calls == WARM_UP {
            warm = of(session.pid, Figure::Own).unwrap_or(0);
        }
    }
    let grown = of(session.pid, Figure::Own).unwrap_or(0) as f64 - warm as f64;
    Ok(vec![("growth, calls", calls as f64), ("growth, kB", grown)])
}

/// The longest time from a request to cancel to the error, in milliseconds. The requests come in moments that are spread
/// over the whole call.
fn worst_cancel(server: &Server, database: &str, size: usize, replay: bool) -> Result<f64, Error> {
    let prepare = |round: u32| -> Result<(), Error> {
        drift::touch(server, database, size, round as usize)?;
        if replay {
            server.execute(database, &[product::FORGET_EXPECTED])?;
        }
        Ok(())
    };
    prepare(0)?;
    let (whole, _) = server.session(database)?.measure(product::DRIFT)?;
    let whole = Duration::from_secs_f64(whole.milliseconds / 1000.0);
    let mut worst = Duration::ZERO;
    for moment in 0..MOMENTS {
        prepare(moment)?;
        let mut session = server.session(database)?;
        let after = whole.mul_f64((f64::from(moment) + 0.5) / f64::from(MOMENTS));
        if let Some(took) = cancelled(&mut session.client, after)? {
            worst = worst.max(took);
        }
    }
    // What was cancelled may have kept nothing.
    server.session(database)?.measure(product::DRIFT)?;
    Ok(worst.as_secs_f64() * 1000.0)
}

/// Nothing where the call ended before it heard of the cancel.
fn cancelled(client: &mut Client, after: Duration) -> Result<Option<Duration>, Error> {
    let token = client.cancel_token();
    thread::scope(|scope| {
        let canceller = scope.spawn(move || {
            thread::sleep(after);
            let asked = Instant::now();
            token.cancel_query(NoTls).map(|()| asked)
        });
        let outcome = client.query(product::DRIFT, &[]);
        let ended = Instant::now();
        let asked = canceller.join().map_err(|_| nself_harness::Error::Tool {
            what: "cancelling a call".to_owned(),
            message: "its thread ended early".to_owned(),
        })?;
        let asked = asked.doing("cancelling a call")?;
        match outcome {
            Ok(_) => Ok(None),
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                Ok(Some(ended.saturating_duration_since(asked)))
            }
            Err(error) => Ok(Err(error).doing("a cancelled call")?),
        }
    })
}

/// Calls while another session makes and drops tables without a pause. Before every other call a change is made that it
/// has to name, and before the next it is undone, which that has to notice.
fn under_load(server: &Server, size: usize) -> Result<Counts, Error> {
    let ends = AtomicBool::new(false);
    let statements = AtomicUsize::new(0);
    let counts = thread::scope(|scope| {
        let load = scope.spawn(|| load(server, &ends, &statements));
        let counts = asked_under_load(server, size);
        ends.store(true, Ordering::Relaxed);
        let loaded = load.join().unwrap_or_else(|_| {
            let message = "its thread ended early".to_owned();
            Err(nself_harness::Error::Tool { what: "the load".to_owned(), message }.into())
        });
        loaded.and(counts)
    });
    server.execute(drift::EQUAL, &["DROP SCHEMA IF EXISTS bench_load CASCADE"])?;
    let mut counts = counts?;
    counts.push(("load, statements", statements.into_inner() as f64));
    Ok(counts)
}

fn load(server: &Server, ends: &AtomicBool, statements: &AtomicUsize) -> Result<(), Error> {
    const STATEMENTS: [&str; 5] = [
        "CREATE TABLE bench_load.busy (id bigint PRIMARY KEY, name text NOT NULL DEFAULT '')",
        "ALTER TABLE bench_load.busy ADD COLUMN more integer CHECK (more > 0)",
        "CREATE INDEX busy_by_name ON bench_load.busy (lower(name))",
        "CREATE VIEW bench_load.seen AS SELECT id, lower(name) AS name FROM bench_load.busy",
        "DROP TABLE bench_load.busy CASCADE",
    ];
    let mut session = server.session(drift::EQUAL)?;
    session.client.batch_execute("CREATE SCHEMA bench_load").doing("starting the load")?;
    for statement in STATEMENTS.iter().cycle() {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        session.client.batch_execute(statement).doing("the load")?;
        statements.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn asked_under_load(server: &Server, size: usize) -> Result<Counts, Error> {
    const NAME: &str = "bench_seen";
    let name = Table(size / 2).name();
    let changes = [
        format!("ALTER TABLE {name} ADD COLUMN {NAME} integer"),
        format!("ALTER TABLE {name} DROP COLUMN {NAME}"),
    ];
    let mut session = server.session(drift::EQUAL)?;
    let (mut calls, mut answered, mut noticed) = (0, 0, 0);
    let mut errors: BTreeMap<String, usize> = BTreeMap::new();
    let start = Instant::now();
    // Both changes the same number of times, and at the end the schema is as it was.
    while start.elapsed() < *LOAD.start() || (calls < LOAD_CALLS && start.elapsed() < *LOAD.end()) {
        for (change, is_there) in changes.iter().zip([true, false]) {
            server.execute(drift::EQUAL, &[change])?;
            calls += 1;
            match session.client.query(product::DRIFT, &[]) {
                Ok(rows) => {
                    answered += 1;
                    let named = rows.iter().any(|row| row.get::<_, &str>("identity").contains(NAME));
                    noticed += usize::from(named == is_there);
                }
                Err(error) => *errors.entry(answer(&error)).or_default() += 1,
            }
        }
    }
    for (error, count) in errors {
        eprintln!("  under load, {count} times: {error}");
    }
    Ok(vec![
        ("load, calls", calls as f64),
        ("load, answered", answered as f64),
        ("load, noticed", noticed as f64),
    ])
}
