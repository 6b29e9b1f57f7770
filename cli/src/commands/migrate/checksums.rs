//! Checksums of applied migrations: whether their files are still what was applied, and that an edit is to stay.

use super::files::{self, Listing};
use super::{is_json, open, question};
use crate::args::{Global, ResetChecksum, Verify};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::migrate as text;
use crate::rows::{Checksum, ResetRow};
use crate::server::{Call, Session};

pub fn verify(global: &Global, verify: &Verify) -> Result<Outcome, Error> {
    let call = Call::to("nself_migrate_verify")
        .with("rollback", "bool", verify.rollback.then_some(true))
        .with("tenant", "text", verify.tenant.clone());
    let ask = |session: &mut Session<'_>| session.rows::<Checksum>("Verifying", &call);
    let rows = question(global, &verify.folder, Listing::Sql, ask)?;
    let (rollbacks, checksums): (Vec<_>, Vec<_>) =
        rows.items.into_iter().partition(|row| row.status.starts_with(text::ROLLBACK));
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&text::checksums(&checksums));
        if verify.rollback {
            output::text(&text::rollbacks(&rollbacks));
        }
    }
    let is_wrong = checksums.iter().any(text::is_wrong) || rollbacks.iter().any(text::is_no_way_back);
    Ok(if is_wrong { Outcome::Found } else { Outcome::Done })
}

pub fn reset(global: &Global, reset: &ResetChecksum) -> Result<Outcome, Error> {
    let call = Call::to("nself_migrate_reset_checksum")
        .with("version", "text", Some(reset.migration.clone()))
        .with("reason", "text", Some(reset.reason.clone()))
        .with("tenant", "text", reset.tenant.clone());
    let files = files::of(&reset.folder)?;
    let mut server = open(global)?;
    let mut session = server.begin()?;
    files::ship(&mut session, files.as_ref(), Listing::Sql)?;
    let rows = session.rows::<ResetRow>("Writing it down", &call)?;
    session.keep()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&text::reset(&rows.items));
    }
    Ok(Outcome::Done)
}
