//! What does not go together in a migrations folder, and what would have to change in it. The server only says so: the files
//! are the client's.

use nself_heal_core::conflicts::{self, Conflict};
use nself_heal_core::formats::{File, Scan, scan};
use nself_heal_core::rewrite::{self, Change};
use pgrx::JsonB;

use crate::error::Error;
use crate::migrations::{adopt, journal, ledger, trackers};

/// The conflicts of a folder that a client sends, or of the journal as it is.
pub fn find(files: Option<JsonB>) -> Result<Vec<Conflict>, Error> {
    let scan = match files {
        Some(files) => scan(&journal::sent_files(files)?)?,
        None => Scan::of_journal(&journal::entries()?),
    };
    Ok(conflicts::find(&scan, &ledger::applied()?))
}

/// What gives a migration another number.
pub fn renumber(files: Option<JsonB>, file: &str, number: &str) -> Result<Vec<Change>, Error> {
    let (files, scan) = sent(files)?;
    Ok(rewrite::renumber(&files, &scan, &ledger::applied()?, file, number)?)
}

/// What makes one line of two branches of Drizzle's journal.
pub fn rebase(files: Option<JsonB>) -> Result<Vec<Change>, Error> {
    let (files, scan) = sent(files)?;
    Ok(rewrite::rebase(&files, &scan, &ledger::applied()?)?)
}

fn sent(files: Option<JsonB>) -> Result<(Vec<File>, Scan), Error> {
    let files = journal::sent_files(files.ok_or(Error::NoFileList)?)?;
    let scan = scan(&files)?;
    refuse_unadopted()?;
    Ok((files, scan))
}

/// What another tool has applied here keeps its name, too, and which of the files that is, the ledger has to know.
fn refuse_unadopted() -> Result<(), Error> {
    if let Some(other) = adopt::by_others()?.into_iter().find(|other| !other.applied.is_empty()) {
        return Err(other.into_error());
    }
    if !ledger::applied()?.is_empty() {
        return Ok(());
    }
    match trackers::find()?.0.into_iter().find(|found| !found.rows.is_empty()) {
        Some(found) => Err(Error::AheadOfLedger {
            tool: found.tracker.tool,
            what: "applied migrations".to_owned(),
            table: found.table,
        }),
        None => Ok(()),
    }
}
