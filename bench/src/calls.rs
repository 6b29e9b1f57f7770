//! Calls of actions over HTTP, beside pgbench that calls the same functions over as many connections: so many a second, in
//! moments that are as random as pgbench's. A call's time begins when it is due, so one that has to wait for those before
//! it counts with its wait, as it does with pgbench.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nself_harness::Error as Failure;

use crate::chain;
use crate::error::Error;
use crate::folder::Folder;
use crate::product;
use crate::server::Server;

const DATABASE: &str = "bench_calls";
const MIGRATIONS: usize = 10;
const CONNECTIONS: usize = 4;
const A_SECOND: usize = 500;
const SECONDS: usize = 30;
const WARM_UP: usize = 500;
const SECRET: &str = "a secret for the benchmark";

/// What is called, and what the counts are named by.
pub const FUNCTIONS: [&str; 2] = ["nself_migrate_status", "nself_drift"];

/// The names of what is counted of each function.
pub fn names(function: &str) -> [String; 4] {
    ["sent", "lost", "99th percentile, ms", "99th percentile of pgbench, ms"]
        .map(|what| format!("calls of {function}, {what}"))
}

/// Measures with the command at this path.
pub fn measure(server: &Server, nself: &Path) -> Result<Vec<(String, f64)>, Error> {
    server.create_anew(DATABASE, "template0")?;
    server.execute(DATABASE, &[product::INSTALL])?;
    let mut session = server.session(DATABASE)?;
    product::put(&mut session.client, &chain::migrations(MIGRATIONS))?;
    product::migrate(&mut session.client)?;
    let (_, rows) = session.measure(product::DRIFT)?;
    product::expect("a new chain", rows, 0)?;
    drop(session);
    let mut counts = Vec::new();
    for function in FUNCTIONS {
        let serving = Serving::start(server, nself)?;
        load(&serving.address, function, WARM_UP)?;
        let calls = load(&serving.address, function, A_SECOND * SECONDS)?;
        drop(serving);
        let pgbench = pgbench(server, function)?;
        let lost = calls.sent - calls.times.len();
        let values = [calls.sent as f64, lost as f64, percentile(calls.times), percentile(pgbench)];
        for (name, value) in names(function).into_iter().zip(values) {
            eprintln!("  {name}: {value:.1}");
            counts.push((name, value));
        }
    }
    server.drop(DATABASE)?;
    Ok(counts)
}

/// The 99th percentile in milliseconds.
fn percentile(mut times: Vec<Duration>) -> f64 {
    times.sort();
    let place = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(place).map_or(f64::INFINITY, |time| time.as_secs_f64() * 1000.0)
}

/// `nself serve`, which ends with this value.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(server: &Server, nself: &Path) -> Result<Self, Error> {
        let failed = |message: String| Failure::Tool { what: "nself serve".to_owned(), message };
        let connections = CONNECTIONS.to_string();
        let mut child = Command::new(nself)
            .args(["serve", "--listen", "127.0.0.1:0", "--connections", &connections])
            .args(["--database-url", &server.url(DATABASE)])
            .env("NSELF_ACTIONS_SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let log = child.stderr.take().ok_or_else(|| failed("it has no log".to_owned()))?;
        let mut serving = Self { child, address: String::new() };
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, rest) = line.split_once("\"http://")?;
            Some(rest.split('"').next()?.to_owned())
        });
        serving.address = address.ok_or_else(|| failed("it did not say where it listens".to_owned()))?;
        // What nobody reads would make it wait.
        thread::spawn(move || lines.for_each(drop));
        Ok(serving)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Calls {
    sent: usize,
    /// Of those that were answered with 200.
    times: Vec<Duration>,
}

fn load(address: &str, action: &str, count: usize) -> Result<Calls, Error> {
    let body = format!(
        r#"{{"action":{{"name":"{action}"}},"input":{{}},"session_variables":{{"x-hasura-role":"admin"}},"request_query":""}}"#
    );
    let request = format!(
        "POST /actions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-nself-secret: {SECRET}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let moments = moments(count);
    let (next, start) = (AtomicUsize::new(0), Instant::now());
    let times = thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| client(address, &request, &moments, &next, start)))
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap_or_default()).collect()
    });
    Ok(Calls { sent: count, times })
}

/// One connection's calls. It is opened anew after one that was lost.
fn client(
    address: &str,
    request: &str,
    moments: &[Duration],
    next: &AtomicUsize,
    start: Instant,
) -> Vec<Duration> {
    let (mut times, mut connection) = (Vec::new(), None);
    while let Some(moment) = moments.get(next.fetch_add(1, Ordering::Relaxed)) {
        thread::sleep(moment.saturating_sub(start.elapsed()));
        if connection.is_none() {
            connection = TcpStream::connect(address).and_then(|of| of.set_nodelay(true).map(|()| of)).ok();
        }
        match connection.as_mut().map(|stream| call(stream, request)) {
            Some(Ok(true)) => times.push(start.elapsed() - *moment),
            _ => connection = None,
        }
    }
    times
}

/// Whether the answer is 200.
fn call(stream: &mut TcpStream, request: &str) -> std::io::Result<bool> {
    stream.write_all(request.as_bytes())?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let read = stream.read(&mut buffer)?;
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if Some(body.len()) == length {
                return Ok(head.starts_with("HTTP/1.1 200"));
            }
        }
        if read == 0 {
            return Ok(false);
        }
    }
}

/// When calls are due, from the start: with exponential pauses between them, always the same.
fn moments(count: usize) -> Vec<Duration> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut at = 0.0;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let fraction = (state >> 11) as f64 / (1_u64 << 53) as f64;
            at -= (1.0 - fraction).ln() / A_SECOND as f64;
            Duration::from_secs_f64(at)
        })
        .collect()
}

/// The times of pgbench's calls of the same function.
fn pgbench(server: &Server, function: &str) -> Result<Vec<Duration>, Error> {
    let script = Folder::write("calls", [format!("SELECT * FROM {function}();\n").as_str()])?;
    let file = script.files[0].clone();
    let folder = file.with_extension("log");
    fs::create_dir_all(&folder).map_err(|source| Failure::Write { path: folder.clone(), source })?;
    let prefix = folder.join("times");
    let numbers = [CONNECTIONS, A_SECOND, SECONDS].map(|number| number.to_string());
    let paths = [&file, &prefix].map(|path| path.display().to_string());
    let arguments = [
        ["-c", &numbers[0]],
        ["-j", &numbers[0]],
        ["-R", &numbers[1]],
        ["-T", &numbers[2]],
        ["-f", &paths[0]],
        ["--log-prefix", &paths[1]],
    ];
    let arguments: Vec<&str> = ["-n", "-l", "-M", "prepared"]
        .into_iter()
        .chain(arguments.into_iter().flatten())
        .chain([DATABASE])
        .collect();
    server.measure_program("pgbench", &arguments)?;
    let mut times = Vec::new();
    let failed = |source| Failure::Read { path: folder.clone(), source };
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let text = nself_harness::read(&entry.map_err(failed)?.path())?;
        // Its third word is the time in microseconds.
        let microseconds = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok());
        times.extend(microseconds.map(Duration::from_micros));
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{A_SECOND, moments, percentile};

    #[test]
    fn the_percentile_is_that_of_the_slow_ones() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(times), 198.0);
        assert_eq!(percentile(Vec::new()), f64::INFINITY, "nothing answered is not quick");
    }

    #[test]
    fn calls_come_as_often_as_they_should_and_not_evenly() {
        let moments = moments(10_000);
        let whole = moments[9_999].as_secs_f64() * A_SECOND as f64;
        assert!((9_500.0..10_500.0).contains(&whole), "{whole}");
        assert!(moments.is_sorted() && moments[1] - moments[0] != moments[2] - moments[1]);
    }
}
