//! `nself fleet`: one command for several environments, as many at a time as told. Each is a run of this program of its own, so that
//! an environment gets what `--env` alone would give it, one that cannot be reached stops no other, and nothing of one is known to
//! another.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value;

use super::is_json;
use crate::args::Global;
use crate::args::fleet::Fleet;
use crate::connect;
use crate::dotenv::{Environment, says_where};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::fleet as text;

/// What became of one environment.
#[derive(Debug, Serialize)]
pub struct Ran {
    pub env: String,
    /// The exit code of the run.
    pub exit: i32,
    /// What it printed.
    pub result: Value,
    /// The errors that it told, each with its hint.
    pub errors: Vec<String>,
}

pub fn run(global: &Global, fleet: &Fleet) -> Result<Outcome, Error> {
    if global.database_url.is_some() {
        return Err(Error::OneDatabase);
    }
    let envs = environments(global)?;
    let words = words(fleet);
    let next = Mutex::new(envs.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let Some((place, env)) = next.lock().expect("nobody panics with it").next() else { return };
            let ran = one(env, &words);
            done.lock().expect("nobody panics with it").insert(place, ran);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..usize::from(fleet.of().parallel).min(envs.len()) {
            scope.spawn(work);
        }
    });
    let all: Vec<Ran> = done.into_inner().expect("nobody panics with it").into_values().collect();
    if is_json(global) {
        output::json(&all);
    } else {
        output::text(&text::report(fleet, &all));
    }
    Ok(match all.iter().map(|ran| ran.exit).max() {
        None | Some(0) => Outcome::Done,
        Some(1) => Outcome::Found,
        Some(_) => Outcome::Failed,
    })
}

/// The environments that are named, each of which has a file and a database of its own.
fn environments(global: &Global) -> Result<Vec<String>, Error> {
    let named = global.env.clone().ok_or(Error::NoFleet)?;
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    let mut envs: Vec<String> = Vec::new();
    for env in named.split(',').map(str::to_owned) {
        if envs.contains(&env) {
            continue;
        }
        let file = format!(".env.{env}");
        if !std::path::Path::new(&file).is_file() {
            return Err(Error::NoEnvironment { env });
        }
        // What is wrong in the files of one is told by its own run.
        let target = Environment::of_files(".".as_ref(), &env)
            .and_then(|environment| connect::target(None, &environment));
        if let Ok(target) = target
            && let Some(other) = places.insert(target.place(), env.clone())
        {
            return Err(Error::SameDatabase { one: other, other: env });
        }
        envs.push(env);
    }
    Ok(envs)
}

/// What each run is asked.
fn words(fleet: &Fleet) -> Vec<String> {
    let line = match fleet {
        Fleet::Status(_) => "db migrate status".to_owned(),
        Fleet::Drift(drift) => format!("db migrate diff --fail-on-drift --against {}", drift.against.word()),
        Fleet::Up(_) => "db migrate up".to_owned(),
    };
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    if let Fleet::Up(up) = fleet {
        words.extend(up.number.map(|number| number.to_string()));
        words.extend(up.to.iter().flat_map(|to| ["--to".to_owned(), to.clone()]));
        words.extend(up.dry_run.then(|| "--dry-run".to_owned()));
        words.extend(up.skip_metadata.then(|| "--skip-metadata".to_owned()));
    }
    if let Some(dir) = &fleet.of().folder.dir {
        words.extend(["--dir".to_owned(), dir.display().to_string()]);
    }
    words
}

fn one(env: &str, words: &[String]) -> Ran {
    let failed = |said: String| Ran { env: env.to_owned(), exit: 2, result: Value::Null, errors: vec![said] };
    let own = match std::env::current_exe() {
        Ok(own) => own,
        Err(error) => return failed(format!("this program does not know where it is: {error}")),
    };
    let mut command = Command::new(own);
    command.args(["--json", "--env", env]).args(words).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(says_where) {
            command.env_remove(name);
        }
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return failed(format!("it could not be started: {error}")),
    };
    let result = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let errors = String::from_utf8_lossy(&output.stderr).lines().filter_map(error_in).collect();
    // Without a code a signal has ended it.
    Ran { env: env.to_owned(), exit: output.status.code().unwrap_or(2), result, errors }
}

/// The error that a line of JSON on stderr tells, if it tells one.
fn error_in(line: &str) -> Option<String> {
    let said: Value = serde_json::from_str(line).ok()?;
    let error = said.get("error")?;
    let message = error.get("message")?.as_str()?;
    Some(match error.get("hint").and_then(Value::as_str) {
        Some(hint) => format!("{message}. {hint}"),
        None => message.to_owned(),
    })
}
