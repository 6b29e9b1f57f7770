//! What does not go together in the folder, and what settles it: the server says which files have to change, and they are
//! changed here.

use std::path::Path;

use super::{files, is_json, open};
use crate::args::{Folder, Global, Rebase, Renumber};
use crate::error::Error;
use crate::exit::Outcome;
use crate::folder::{self, Files};
use crate::output::{self, conflicts as text};
use crate::rows::{Conflict, FileChange};
use crate::server::{Call, Rows};
use crate::terminal::messages;
use crate::{git, rewrite};

pub fn check(global: &Global, folder: &Folder) -> Result<Outcome, Error> {
    let files = files::of(folder)?.ok_or_else(files::none)?;
    let rows: Rows<Conflict> = ask(global, &files, Call::to("nself_migrate_conflicts"))?;
    let mut conflicts = rows.items;
    for conflict in &mut conflicts {
        conflict.author = git::author(&files.dir, &conflict.file);
        conflict.other_author = conflict.other_file.as_ref().and_then(|file| git::author(&files.dir, file));
    }
    if is_json(global) {
        output::json(&conflicts);
    } else {
        output::text(&text::conflicts(&conflicts));
    }
    Ok(if conflicts.is_empty() { Outcome::Done } else { Outcome::Found })
}

pub fn renumber(global: &Global, renumber: &Renumber) -> Result<Outcome, Error> {
    let files = files::of(&renumber.folder)?.ok_or_else(files::none)?;
    let call = Call::to("nself_migrate_renumber")
        .with("file", "text", Some(within(&files.dir, &renumber.file)))
        .with("number", "text", Some(renumber.to.clone()));
    change(global, &files, call, renumber.dry_run)
}

pub fn rebase(global: &Global, rebase: &Rebase) -> Result<Outcome, Error> {
    let files = files::of(&rebase.folder)?.ok_or_else(files::none)?;
    change(global, &files, Call::to("nself_journal_rebase"), rebase.dry_run)
}

/// The path within the folder: a shell completes it from where a person stands.
fn within(dir: &Path, file: &Path) -> String {
    file.strip_prefix(dir).unwrap_or(file).to_string_lossy().into_owned()
}

fn change(global: &Global, files: &Files, call: Call, dry_run: bool) -> Result<Outcome, Error> {
    let rows: Rows<FileChange> = ask(global, files, call)?;
    if !dry_run && !rows.items.is_empty() {
        rewrite::apply(&files.dir, &rows.items)?;
        tell_what_is_left(global, &files.dir)?;
    }
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&text::changes(&rows.items, dry_run));
    }
    Ok(Outcome::Done)
}

/// A new number settles one conflict; a lost snapshot, for one, nobody brings back.
fn tell_what_is_left(global: &Global, dir: &Path) -> Result<(), Error> {
    let left: Rows<Conflict> = ask(global, &folder::read(dir)?, Call::to("nself_migrate_conflicts"))?;
    for conflict in left.items {
        messages::note(&format!("there still is a conflict: {}", conflict.detail));
    }
    Ok(())
}

fn ask<T: serde::de::DeserializeOwned>(global: &Global, files: &Files, call: Call) -> Result<Rows<T>, Error> {
    let call = call.with("files", "jsonb", Some(files::json(&files.without_sql())));
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let rows = session.rows("Comparing the migrations", &call)?;
    session.undo()?;
    Ok(rows)
}
