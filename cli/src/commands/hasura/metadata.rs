//! `nself db hasura metadata`, but for apply and validate.

use nself_hasura::metadata::api;
use nself_hasura::metadata::diff::diff as differences;
use nself_hasura::metadata::layout::{Changes, changes};
use nself_hasura::metadata::lint::lint as findings;
use nself_hasura::metadata::{Disk, Folder, Level, Project, Value};
use serde_json::json;

use super::{client, folder, is_json, metadata_of, of_folder, project};
use crate::args::Global;
use crate::args::hasura::{Export, Lint, OfHasura, Reload};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::hasura as text;
use crate::terminal::messages;

/// What an apply would change.
pub fn diff(global: &Global, of: &OfHasura) -> Result<Outcome, Error> {
    let project = project(of.project.as_deref())?;
    let wanted = metadata_of(&project)?;
    let there = client(global, of, Some(&project))?.export()?;
    let found = differences(&there.metadata, &wanted);
    if is_json(global) {
        output::json(&found);
    } else {
        output::text(&text::differences(&found));
    }
    Ok(if found.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// Makes the folder what the server says.
pub fn export(global: &Global, export: &Export) -> Result<Outcome, Error> {
    let project = project(export.of.project.as_deref())?;
    let there = client(global, &export.of, Some(&project))?.export()?;
    let changes = write(&project, &there.metadata, export.dry_run)?;
    tell_written(global, &project, &changes, export.dry_run);
    Ok(Outcome::Done)
}

/// Writes what changes in the folder, unless that is only to be told.
pub fn write(project: &Project, metadata: &Value, dry_run: bool) -> Result<Changes, Error> {
    let is_there = project.metadata.is_dir() && project.metadata.join("version.yaml").exists();
    let folder = if is_there { folder(project)? } else { Folder::default() };
    let changes = changes(&folder, metadata).map_err(of_folder(project))?;
    if !dry_run {
        std::fs::create_dir_all(&project.metadata)
            .map_err(|source| Error::Write { path: project.metadata.clone(), source })?;
        Disk::new(&project.metadata).apply(&changes).map_err(of_folder(project))?;
    }
    Ok(changes)
}

/// Says what became of the files.
pub fn tell_written(global: &Global, project: &Project, changes: &Changes, dry_run: bool) {
    for path in &changes.reformatted {
        let does = if dry_run { "would be" } else { "was" };
        messages::note(&format!(
            "{path} {does} written anew: comments and formatting of a person's are lost in it"
        ));
    }
    if is_json(global) {
        let written: Vec<&String> = changes.write.keys().collect();
        output::json(
            &json!({"written": written, "removed": changes.remove, "reformatted": changes.reformatted}),
        );
    } else {
        output::text(&text::written(&project.metadata, changes, dry_run));
    }
}

/// Lets the server read its sources anew.
pub fn reload(global: &Global, reload: &Reload) -> Result<Outcome, Error> {
    // A server can be reloaded from anywhere.
    let project = match project(reload.of.project.as_deref()) {
        Err(Error::NoHasuraProject { .. }) => None,
        project => Some(project?),
    };
    let client = client(global, &reload.of, project.as_ref())?;
    let asked = api::Reload { sources: reload.source.clone(), remote_schemas: reload.remote_schemas };
    let objects = client.reload(&asked)?;
    if is_json(global) {
        output::json(&json!({"is_consistent": objects.is_empty(), "inconsistent_objects": objects}));
    } else {
        output::text(&text::reloaded(client.endpoint(), &objects));
    }
    Ok(if objects.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// Looks at the folder alone.
pub fn lint(global: &Global, lint: &Lint) -> Result<Outcome, Error> {
    let found = findings(&metadata_of(&project(lint.project.as_deref())?)?);
    if is_json(global) {
        output::json(&found);
    } else {
        output::text(&text::lint(&found));
    }
    let fails = |level: Level| level == Level::Error || lint.fail_on_warning;
    Ok(if found.iter().any(|finding| fails(finding.level)) { Outcome::Found } else { Outcome::Done })
}
