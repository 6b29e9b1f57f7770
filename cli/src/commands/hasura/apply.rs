//! `nself db hasura metadata apply`: what changes is shown, what would be removed is agreed to, and a server that somebody
//! else has changed meanwhile is looked at once more.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Write};

use nself_hasura::metadata::api::{Exported, Inconsistent};
use nself_hasura::metadata::diff::{Difference, Kind, diff};
use nself_hasura::metadata::{ApiError, Client, Value};
use serde_json::json;

use super::{client, is_json, metadata_of, project};
use crate::args::Global;
use crate::args::hasura::Apply;
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::hasura as text;
use crate::terminal::messages;

pub fn run(global: &Global, apply: &Apply) -> Result<Outcome, Error> {
    let project = project(apply.of.project.as_deref())?;
    let wanted = metadata_of(&project)?;
    let client = client(global, &apply.of, Some(&project))?;
    let how = How { dry_run: apply.dry_run, yes: apply.yes, allow_inconsistent: apply.allow_inconsistent };
    to_server(global, &client, &wanted, &how)
}

pub struct How {
    pub dry_run: bool,
    pub yes: bool,
    pub allow_inconsistent: bool,
}

/// Makes the server's metadata what is wanted.
pub fn to_server(global: &Global, client: &Client, wanted: &Value, how: &How) -> Result<Outcome, Error> {
    let there = client.export()?;
    let changes = diff(&there.metadata, wanted);
    if !is_json(global) {
        output::text(&text::lines(&changes));
    }
    if changes.is_empty() || how.dry_run {
        tell(global, client, &changes, how.dry_run, &[]);
        return Ok(if changes.is_empty() { Outcome::Done } else { Outcome::Found });
    }
    let agreed = agree(&changes, how.yes)?;
    let objects = match client.replace(wanted, there.resource_version, how.allow_inconsistent) {
        Err(ApiError::Conflict { .. }) => again(client, wanted, &there, &agreed, how)?,
        done => done?,
    };
    tell(global, client, &changes, false, &objects);
    Ok(if objects.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// Once more, for somebody else was first. Nothing is removed that was not agreed to.
fn again(
    client: &Client,
    wanted: &Value,
    before: &Exported,
    agreed: &BTreeSet<String>,
    how: &How,
) -> Result<Vec<Inconsistent>, Error> {
    let now = client.export()?;
    let meanwhile: Vec<String> =
        diff(&before.metadata, &now.metadata).iter().map(Difference::to_string).collect();
    messages::warning(
        "the metadata on the server has changed meanwhile: it is applied once more, over these changes",
        (!meanwhile.is_empty()).then(|| meanwhile.join("\n")),
        None,
    );
    let more: Vec<String> = removed(&diff(&now.metadata, wanted)).difference(agreed).cloned().collect();
    if !more.is_empty() && !how.yes {
        return Err(Error::MoreRemoved(more));
    }
    Ok(client.replace(wanted, now.resource_version, how.allow_inconsistent)?)
}

fn removed(changes: &[Difference]) -> BTreeSet<String> {
    changes.iter().filter(|change| change.kind == Kind::Removed).map(|change| change.object.clone()).collect()
}

/// Asks a person before something is removed, and gives what was agreed to.
fn agree(changes: &[Difference], yes: bool) -> Result<BTreeSet<String>, Error> {
    let removed = removed(changes);
    if removed.is_empty() || yes {
        return Ok(removed);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Error::UnconfirmedRemoval(removed.into_iter().collect()));
    }
    anstream::eprint!(
        "Remove {} from the server's metadata? [y/N] ",
        removed.iter().cloned().collect::<Vec<_>>().join(", ")
    );
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    // An answer that cannot be read is no yes.
    let _ = std::io::stdin().lock().read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" | "Yes" | "YES" => Ok(removed),
        _ => Err(Error::RemovalDeclined),
    }
}

fn tell(global: &Global, client: &Client, changes: &[Difference], dry_run: bool, objects: &[Inconsistent]) {
    if is_json(global) {
        let applied = !dry_run && !changes.is_empty();
        output::json(&json!({"differences": changes, "applied": applied, "inconsistent_objects": objects}));
    } else {
        output::text(&text::applied(client.endpoint(), changes.len(), dry_run, objects));
    }
}
