//! `nself self-heal`: showing, running and switching the heal.

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::hasura::told;
use super::{is_json, job, of_tenants, open};
use crate::args::{Global, HealAllow, HealRun, SelfHeal};
use crate::env_file::EnvFile;
use crate::error::Error;
use crate::exit::{self, Outcome};
use crate::interrupt::Interrupt;
use crate::output;
use crate::output::heal::Totals;
use crate::rows::{AllowedItem, HealEvent, HealStatus, HealStep};
use crate::server::{Call, Rows, Server};

/// Runs one of the commands.
pub fn run(global: &Global, command: &SelfHeal) -> Result<Outcome, Error> {
    match command {
        SelfHeal::Status => status(global),
        SelfHeal::Run(run) if run.online => heal_online(global, run),
        SelfHeal::Run(run) => heal(global, run),
        SelfHeal::History(history) => self::history(global, history.limit),
        SelfHeal::Allow(allow) => self::allow(global, allow),
        SelfHeal::Enable => switch(global, true),
        SelfHeal::Disable => switch(global, false),
    }
}

fn status(global: &Global) -> Result<Outcome, Error> {
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let rows = session.rows::<HealStatus>("Asking", &Call::to("nself_heal_status"))?;
    session.keep()?;
    if is_json(global) {
        output::json(&rows.raw.first());
    } else {
        rows.items.iter().for_each(|status| output::text(&output::heal::status(status)));
    }
    Ok(Outcome::Done)
}

fn heal(global: &Global, run: &HealRun) -> Result<Outcome, Error> {
    let call = Call::to("nself_heal").with("confirm", "bool", Some(run.confirm));
    let call = asked(call, run);
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let waiting = if run.confirm { "Healing" } else { "Comparing the live schema with the migrations" };
    let rows = session.rows::<HealStep>(waiting, &call)?;
    // A dry run is kept too: it changed no schema, and the server notes in its history that it looked.
    session.keep()?;
    if is_json(global) {
        json_steps(&rows);
    } else if run.confirm {
        output::text(&output::heal::healed(&rows.items));
    } else {
        output::text(&output::heal::planned(&rows.items));
    }
    if rows.items.iter().any(|step| step.status == "applied") {
        told::of_change(global, &mut server, run.skip_metadata);
    }
    Ok(match run.confirm {
        true => outcome(run, &rows.items),
        false if rows.items.is_empty() => Outcome::Done,
        false => Outcome::Found,
    })
}

/// Heals by a job of the server: no transaction of this program is open meanwhile.
fn heal_online(global: &Global, run: &HealRun) -> Result<Outcome, Error> {
    let call = asked(Call::to("nself_heal_start"), run);
    let mut server = open(global)?;
    let interrupt = Interrupt::watch(exit::SELF_HEAL_FAILED);
    let mut session = server.begin()?;
    let number = session.value(&call)?;
    session.keep()?;
    let job = job::wait(&mut server, number, "Healing", &interrupt)?;
    // Without an event it did not come so far as to have one.
    let steps = job.event.map(|event| steps(&mut server, event)).transpose()?;
    match &steps {
        None => {}
        Some(steps) if is_json(global) => json_steps(steps),
        Some(steps) if job::is_done(&job) => output::text(&output::heal::healed(&steps.items)),
        Some(steps) => output::text(&output::heal::cut_short(&steps.items)),
    }
    if steps.iter().flat_map(|steps| &steps.items).any(|step| step.status == "applied") {
        told::of_change(global, &mut server, run.skip_metadata);
    }
    match steps {
        Some(steps) if job::is_done(&job) => Ok(outcome(run, &steps.items)),
        _ => Err(Error::Job { number, job: Box::new(job) }),
    }
}

/// What is to be healed.
fn asked(call: Call, run: &HealRun) -> Call {
    let not_renamed = (!run.not_renamed.is_empty()).then(|| run.not_renamed.clone());
    of_tenants(call.with("not_renamed", "text[]", not_renamed), &run.tenants)
}

fn steps(server: &mut Server, event: i64) -> Result<Rows<HealStep>, Error> {
    let mut session = server.begin()?;
    let rows = session.rows_at_once(&Call::to("nself_heal_steps").with("event", "int8", Some(event)))?;
    session.keep()?;
    Ok(rows)
}

/// How a heal ended that went through all its steps.
fn outcome(run: &HealRun, steps: &[HealStep]) -> Outcome {
    match output::heal::has_failed(steps) {
        true => Outcome::Failed,
        false if run.fail_on_left_over && Totals::of(steps).leaves_something() => Outcome::Found,
        false => Outcome::Done,
    }
}

/// The steps as JSON, with how many there are of each kind.
fn json_steps(steps: &Rows<HealStep>) {
    #[derive(Serialize)]
    struct Report<'a> {
        steps: &'a [Box<RawValue>],
        totals: Totals,
    }
    output::json(&Report { steps: &steps.raw, totals: Totals::of(&steps.items) });
}

fn history(global: &Global, limit: Option<i32>) -> Result<Outcome, Error> {
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let rows = session
        .rows::<HealEvent>("Asking", &Call::to("nself_heal_history").with("max_events", "int4", limit))?;
    session.keep()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&output::heal::history(&rows.items));
    }
    Ok(Outcome::Done)
}

fn allow(global: &Global, allow: &HealAllow) -> Result<Outcome, Error> {
    let call = Call::to("nself_allow")
        .with("identity", "text", Some(allow.identity.clone()))
        .with("reason", "text", Some(allow.reason.clone()))
        .with("expires", "text::pg_catalog.timestamptz", allow.expires.clone());
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let rows = session.rows::<AllowedItem>("Comparing the live schema with the migrations", &call)?;
    session.keep()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&output::drift::allowed(&rows.items));
    }
    Ok(Outcome::Done)
}

/// The variable that gives the server its start value, for databases in which nobody has said anything.
const ENABLED: &str = "NSELF_SCHEMA_HEAL_ENABLED";

/// Says it for the database, and in the environment file, from which the next server is started.
fn switch(global: &Global, enabled: bool) -> Result<Outcome, Error> {
    let file = EnvFile::active(".".as_ref(), global.env().as_deref(), ENABLED)?;
    let mut server = open(global)?;
    let mut session = server.begin()?;
    session.execute(&Call::to(if enabled { "nself_heal_enable" } else { "nself_heal_disable" }))?;
    session.keep()?;
    let path = file.map(|file| file.set(ENABLED, if enabled { "true" } else { "false" })).transpose()?;
    let path = path.as_ref().and_then(|path| path.file_name()).and_then(|name| name.to_str());
    if is_json(global) {
        output::json(&json!({ "enabled": enabled, "env_file": path }));
    } else {
        output::text(&output::heal::switched(enabled, path.map(|path| (ENABLED, path))));
    }
    Ok(Outcome::Done)
}
