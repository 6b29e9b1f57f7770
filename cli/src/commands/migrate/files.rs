//! The migrations folder on its way to the server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::args::Folder;
use crate::error::Error;
use crate::folder::{self, CONVENTION, Files, Found, Sent};
use crate::rewrite;
use crate::rows::JournalFile;
use crate::server::{Call, Session};
use crate::terminal::messages;

/// Which of the files that are no migrations are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All of them.
    All,
    /// SQL that will not run: always worth a word.
    Sql,
    /// None: they are listed when the files are sent once more.
    Nothing,
}

/// The files of the folder that was named or found; none if there is no folder.
pub fn of(folder: &Folder) -> Result<Option<Files>, Error> {
    if let Some(dir) = &folder.dir {
        return read(dir).map(Some);
    }
    let Some(Found { dir, passed_over }) = folder::find(Path::new("")) else { return Ok(None) };
    for other in passed_over {
        messages::note(&format!("migrations are taken from {}, not from {}", dir.display(), other.display()));
    }
    read(&dir).map(Some)
}

/// Half of a renumbering would be another folder.
fn read(dir: &Path) -> Result<Files, Error> {
    if let Some(said) = rewrite::settle(dir)? {
        messages::note(said);
    }
    folder::read(dir)
}

/// The folder that was named or would be found.
pub fn dir_of(folder: &Folder) -> Option<PathBuf> {
    folder.dir.clone().or_else(|| folder::find(Path::new("")).map(|found| found.dir))
}

/// The error of a command that cannot do without a folder.
pub fn none() -> Error {
    Error::NoFolder { parent: std::env::current_dir().unwrap_or_default(), looked_for: CONVENTION }
}

/// As `ship`, for a question: on a standby, and for who may only look, the files are not sent, and that is told.
pub fn ship_if_allowed(
    session: &mut Session<'_>,
    files: Option<&Files>,
    listing: Listing,
) -> Result<bool, Error> {
    if let Some(files) = files
        && let Some(rows) = unchanged(session, files)?
    {
        tell_ignored(&rows, listing);
        return Ok(false);
    }
    if files.is_some() {
        let why = match session.is_standby()? {
            true => Some("because this is a standby"),
            false => (!session.may_migrate()?).then_some("which takes level migrate"),
        };
        if let Some(why) = why {
            messages::note(&format!(
                "the migrations folder was not sent, {why}: what counts is the journal of the database"
            ));
            return Ok(false);
        }
    }
    // What is sent for a question is taken back: snapshots need not travel for that.
    ship_what_is_needed(session, files, listing, false)
}

/// Makes the journal equal to the files, if there are any, and tells whether that changed it. They are sent only if it has come
/// from others.
pub fn ship(session: &mut Session<'_>, files: Option<&Files>, listing: Listing) -> Result<bool, Error> {
    ship_what_is_needed(session, files, listing, true)
}

fn ship_what_is_needed(
    session: &mut Session<'_>,
    files: Option<&Files>,
    listing: Listing,
    snapshots: bool,
) -> Result<bool, Error> {
    let Some(files) = files else { return Ok(false) };
    let rows = match unchanged(session, files)? {
        Some(rows) => rows,
        None => {
            let needed = needed(session, files, snapshots)?;
            let call = Call::to("nself_journal_put").with("files", "jsonb", Some(json(&files.sent(&needed))));
            session.rows::<JournalFile>("Sending the migrations", &call)?.items
        }
    };
    tell_ignored(&rows, listing);
    Ok(rows.iter().any(|file| matches!(file.state.as_str(), "added" | "changed" | "removed")))
}

/// The paths of the files whose content the server needs.
fn needed(session: &mut Session<'_>, files: &Files, snapshots: bool) -> Result<BTreeSet<String>, Error> {
    let call = Call::to("nself_journal_needs").with("files", "jsonb", Some(json(&files.hashes()))).with(
        "snapshots",
        "bool",
        Some(snapshots),
    );
    let rows = session.rows::<Needed>("Comparing the migrations", &call)?;
    Ok(rows.items.into_iter().map(|row| row.path).collect())
}

/// A row of nself_journal_needs().
#[derive(Deserialize)]
struct Needed {
    path: String,
}

pub fn json(files: &[Sent<'_>]) -> serde_json::Value {
    serde_json::to_value(files).expect("paths and text are always JSON")
}

/// What the server says of the files, if its journal has come from them.
fn unchanged(session: &mut Session<'_>, files: &Files) -> Result<Option<Vec<JournalFile>>, Error> {
    let call = Call::to("nself_journal_unchanged").with("manifest", "text", Some(files.manifest()));
    let rows = session.rows::<JournalFile>("Comparing the migrations", &call)?.items;
    Ok((!rows.is_empty()).then_some(rows))
}

fn tell_ignored(rows: &[JournalFile], listing: Listing) {
    for file in rows.iter().filter(|file| file.state == "ignored") {
        let is_listed = match listing {
            Listing::All => true,
            Listing::Sql => file.name.to_lowercase().ends_with(".sql"),
            Listing::Nothing => false,
        };
        if is_listed {
            let reason = file.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
            messages::note(&format!("{} is ignored{reason}", file.name));
        }
    }
}
