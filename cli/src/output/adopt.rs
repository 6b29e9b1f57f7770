//! What `nself db migrate adopt` and `baseline` say.

use super::drift;
use super::table::{cell, table};
use crate::rows::Belief;
use crate::terminal::style::{WARNING, paint};
use nself_report::DriftItem;
use nself_report::names::count;
use nself_report::time::moment;

/// What another tool's list says of each migration, and what comes of it.
pub fn beliefs(beliefs: &[Belief], is_confirmed: bool) -> String {
    let rows = beliefs.iter().map(|belief| {
        [
            belief.version.clone(),
            belief.name.clone(),
            belief.state.clone(),
            cell(belief.applied_at.as_deref().map(moment)),
            cell(belief.note.as_ref()),
        ]
    });
    let table = table(["version", "name", "state", "applied at", "note"], rows);
    let of = |state: &str| beliefs.iter().filter(|belief| belief.state == state).count();
    let adopted = count(of("adopted"), "migration");
    let undone = match of("undone") {
        0 => String::new(),
        n => format!(", {n} as undone"),
    };
    let source = beliefs.first().map_or("the other tool", |belief| belief.source.as_str());
    let said = match is_confirmed {
        true => format!("{adopted} adopted: they count as applied{undone}, as {source} says."),
        false => format!(
            "{adopted} would count as applied{undone}, as {source} says. Nothing was changed: --confirm does it."
        ),
    };
    format!("{table}{said}\n")
}

/// What a baseline at a version means.
pub fn baseline(version: &str, rows: &[DriftItem], is_confirmed: bool) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| row.kind == "migration") {
        text.push_str(&format!("Migration {}: counts as applied\n", row.identity));
    }
    for row in rows.iter().filter(|row| row.kind == "not compared") {
        let why = row.actual.as_deref().unwrap_or_default();
        text.push_str(&format!("{}: {why}\n", paint(WARNING, "Not compared")));
    }
    let differences: Vec<&DriftItem> =
        rows.iter().filter(|row| !matches!(row.kind.as_str(), "migration" | "not compared")).collect();
    text.push_str(&drift::sections(differences.iter().copied()));
    let differences = match differences.len() {
        0 => "nothing that was compared differs".to_owned(),
        1 => "1 difference is expected from then on".to_owned(),
        n => format!("{n} differences are expected from then on"),
    };
    text + &match is_confirmed {
        true => format!("What is here is what the migrations up to {version} gave: {differences}.\n"),
        false => format!(
            "With --confirm, what is here is what the migrations up to {version} gave: {differences}. Nothing was changed.\n"
        ),
    }
}
