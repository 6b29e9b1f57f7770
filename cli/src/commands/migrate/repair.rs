//! `nself db migrate repair`: what does not go together, and what mends it.

use super::adopt::within;
use super::is_json;
use crate::args::{Global, Repair};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::rows::Repaired;
use crate::server::{Call, Rows};

pub fn repair(global: &Global, repair: &Repair) -> Result<Outcome, Error> {
    let call = Call::to("nself_migrate_repair").with("confirm", "bool", Some(repair.confirm));
    let rows: Rows<Repaired> = within(global, &repair.folder, repair.confirm, |session| {
        session.rows("Looking at journal, ledger, jobs and lists", &call)
    })?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&output::repair::report(&rows.items, repair.confirm));
    }
    let is_left = rows.items.iter().any(|row| row.status != "mended");
    Ok(if is_left { Outcome::Found } else { Outcome::Done })
}
