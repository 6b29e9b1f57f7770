//! `nself self-heal`: showing, running and switching the heal.

use serde_json::json;

use super::{is_json, open};
use crate::args::{Global, HealRun, SelfHeal};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::server::Call;
use crate::server::rows::{HealEvent, HealStatus, HealStep};

/// Runs one of the commands.
pub fn run(global: &Global, command: &SelfHeal) -> Result<Outcome, Error> {
    match command {
        SelfHeal::Status => status(global),
        SelfHeal::Run(run) => heal(global, run),
        SelfHeal::History(history) => self::history(global, history.limit),
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
    let not_renamed = (!run.not_renamed.is_empty()).then(|| run.not_renamed.clone());
    let call = Call::to("nself_heal").with("confirm", "bool", Some(run.confirm)).with(
        "not_renamed",
        "text[]",
        not_renamed,
    );
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let waiting = if run.confirm { "Healing" } else { "Comparing the live schema with the migrations" };
    let rows = session.rows::<HealStep>(waiting, &call)?;
    // A dry run is kept too: it changed no schema, and the server notes in its history that it looked.
    session.keep()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else if run.confirm {
        output::text(&output::heal::healed(&rows.items));
    } else {
        output::text(&output::heal::planned(&rows.items));
    }
    Ok(match run.confirm {
        _ if rows.items.is_empty() => Outcome::Done,
        true if output::heal::has_failed(&rows.items) => Outcome::Failed,
        true => Outcome::Done,
        false => Outcome::Found,
    })
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

fn switch(global: &Global, enabled: bool) -> Result<Outcome, Error> {
    let mut server = open(global)?;
    let mut session = server.begin()?;
    session.execute(&Call::to(if enabled { "nself_heal_enable" } else { "nself_heal_disable" }))?;
    session.keep()?;
    if is_json(global) {
        output::json(&json!({ "enabled": enabled }));
    } else {
        output::text(&output::heal::switched(enabled));
    }
    Ok(Outcome::Done)
}
