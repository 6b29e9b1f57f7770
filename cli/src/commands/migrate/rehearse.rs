//! Rehearsals of pending migrations: `lint`, and what a dry run says beyond the plan.

use super::{files, files::Listing, question};
use crate::args::{Format, Global, Lint};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::rehearsal::{self as text, Finding};
use crate::rows::RehearsedStatement;
use crate::server::{Call, Rows, Session};
use crate::terminal::messages;

/// Rehearses what is pending, and fails where a hazard of these names is found that its file does not accept, or where a
/// migration fails.
pub fn lint(global: &Global, lint: &Lint) -> Result<Outcome, Error> {
    let dir = files::dir_of(&lint.folder);
    let call = call(lint.to.clone(), lint.count, lint.tenant.clone());
    let rows = question(global, &lint.folder, Listing::Sql, |session| rehearse(session, &call))?;
    let findings = text::findings(&rows.items, &lint.fail_on, dir.as_deref());
    match global.format() {
        Format::Json => output::json_rows(&rows.raw),
        // The formats of diff do not come here.
        Format::Text | Format::Html | Format::Markdown => {
            output::text(&text::lint(&rows.items, &findings));
        }
        Format::Github => output::plain(&text::github(&findings)),
        Format::Sarif => output::json(&text::sarif(&findings)),
    }
    Ok(if findings.iter().any(Finding::is_failure) { Outcome::Found } else { Outcome::Done })
}

/// What a rehearsal says of the migrations of a plan; a note where there can be none.
pub fn beside_plan(
    session: &mut Session<'_>,
    to: Option<String>,
    count: Option<i32>,
    tenant: Option<String>,
) -> String {
    match rehearse(session, &call(to, count, tenant)) {
        Ok(rows) => text::beside_plan(&rows.items),
        Err(error) => {
            messages::note(&format!("the migrations could not be rehearsed: {error}"));
            String::new()
        }
    }
}

fn call(to: Option<String>, count: Option<i32>, tenant: Option<String>) -> Call {
    Call::to("nself_migrate_rehearse")
        .with("target", "text", to)
        .with("max_count", "int4", count)
        .with("tenant", "text", tenant)
}

fn rehearse(session: &mut Session<'_>, call: &Call) -> Result<Rows<RehearsedStatement>, Error> {
    session.rows("Rehearsing the migrations", call)
}
