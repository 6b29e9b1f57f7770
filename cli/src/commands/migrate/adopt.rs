//! Joining a database that lives already: `adopt` believes another tool's list of applied migrations, `baseline` takes what
//! is there for what the migrations gave.

use nself_report::{DriftItem, Pending};
use serde::Serialize;
use serde_json::value::RawValue;

use super::files::{self, Listing};
use super::{is_json, open, question};
use crate::args::{Adopt, Baseline, Folder, Global};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::adopt as text;
use crate::rows::{Belief, NotCompared};
use crate::server::{Call, Rows, Session};

pub fn adopt(global: &Global, adopt: &Adopt) -> Result<Outcome, Error> {
    let call = || {
        Call::to("nself_adopt").with("source", "text", adopt.from.clone()).with(
            "confirm",
            "bool",
            Some(adopt.confirm),
        )
    };
    let drift = Call::to("nself_drift");
    let not_compared = Call::to("nself_drift_not_compared");
    let (beliefs, drift) = within(global, &adopt.folder, adopt.confirm, |session| {
        let beliefs = session.rows::<Belief>("Reading the other tool's list", &call())?;
        let adopts_some =
            beliefs.items.iter().any(|belief| matches!(belief.state.as_str(), "adopted" | "undone"));
        if !(adopt.confirm && adopts_some) {
            return Ok((beliefs, None));
        }
        // The truth about the past.
        let waiting = "Comparing the live schema with the migrations";
        let drift = session.rows::<DriftItem>(waiting, &drift)?;
        Ok((beliefs, Some((drift, session.rows::<NotCompared>(waiting, &not_compared)?))))
    })?;
    if is_json(global) {
        output::json(&Adopted {
            migrations: &beliefs.raw,
            drift: drift.as_ref().map(|(drift, _)| drift.raw.as_slice()),
            not_compared: drift.as_ref().map(|(_, not_compared)| not_compared.raw.as_slice()),
        });
        return Ok(Outcome::Done);
    }
    output::text(&text::beliefs(&beliefs.items, adopt.confirm));
    if let Some((drift, not_compared)) = drift {
        output::text(&output::drift::report(&drift.items, &not_compared.items, &Pending::default(), None));
    }
    Ok(Outcome::Done)
}

/// The answer as JSON. Without --confirm nothing is compared.
#[derive(Serialize)]
struct Adopted<'a> {
    migrations: &'a [Box<RawValue>],
    drift: Option<&'a [Box<RawValue>]>,
    not_compared: Option<&'a [Box<RawValue>]>,
}

pub fn baseline(global: &Global, baseline: &Baseline) -> Result<Outcome, Error> {
    let call = Call::to("nself_baseline").with("version", "text", Some(baseline.version.clone())).with(
        "confirm",
        "bool",
        Some(baseline.confirm),
    );
    let rows: Rows<DriftItem> = within(global, &baseline.folder, baseline.confirm, |session| {
        session.rows("Comparing the live schema with the migrations", &call)
    })?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&text::baseline(&baseline.version, &rows.items, baseline.confirm));
    }
    Ok(Outcome::Done)
}

/// Sends the folder and asks. Without `confirm` it is a question, which leaves the journal as it was.
pub fn within<T>(
    global: &Global,
    folder: &Folder,
    confirm: bool,
    ask: impl FnOnce(&mut Session<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    if !confirm {
        return question(global, folder, Listing::Sql, ask);
    }
    let files = files::of(folder)?;
    let mut server = open(global)?;
    let mut session = server.begin()?;
    files::ship(&mut session, files.as_ref(), Listing::Sql)?;
    let answer = ask(&mut session)?;
    session.keep()?;
    Ok(answer)
}
