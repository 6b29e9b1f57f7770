//! `nself db migrate` and `nself migrate`. Here are the dispatch and the commands that only ask; those that change the
//! database are in `run`, which leaves to `job` what cannot run in its transaction.

mod adopt;
mod checksums;
mod conflicts;
pub mod files;
mod ground;
mod job;
mod rehearse;
mod repair;
mod run;
mod tenants;

use nself_report::{Comparison, DriftItem, Pending, Totals, document, html, markdown};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{is_json, of_tenants, open};
use crate::args::{Against, Diff, Folder, Format, Global, Journal, Migrate, MigrateShort, Status};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::migrate as text;
use crate::rows::{MigrationState, NotCompared};
use crate::server::{Call, Rows, Session};
use files::Listing;

/// Runs one of the commands of `nself db migrate`.
pub fn run(global: &Global, command: &Migrate) -> Result<Outcome, Error> {
    match command {
        Migrate::Up(up) if up.all_tenants => tenants::up(global, up),
        Migrate::Up(up) => run::up(global, up),
        Migrate::Down(down) => run::down(global, down),
        Migrate::Status(status) if status.check_conflicts => conflicts::check(global, &status.folder),
        Migrate::Status(status) => self::status(global, status),
        Migrate::VerifyChecksums(verify) => checksums::verify(global, verify),
        Migrate::ResetChecksum(reset) => checksums::reset(global, reset),
        Migrate::Repair(repair) => repair::repair(global, repair),
        Migrate::Renumber(renumber) => conflicts::renumber(global, renumber),
        Migrate::Journal(Journal::Rebase(rebase)) => conflicts::rebase(global, rebase),
        Migrate::Diff(diff) => self::diff(global, diff),
        Migrate::Lint(lint) => rehearse::lint(global, lint),
        Migrate::Adopt(adopt) => adopt::adopt(global, adopt),
        Migrate::Baseline(baseline) => adopt::baseline(global, baseline),
        Migrate::Ground(ground) => ground::make(global, ground),
    }
}

/// Runs one of the commands of `nself migrate`.
pub fn run_short(global: &Global, command: &MigrateShort) -> Result<Outcome, Error> {
    match command {
        MigrateShort::Run(up) if up.all_tenants => tenants::up(global, up),
        MigrateShort::Run(up) => run::up(global, up),
        MigrateShort::Rollback(down) => run::rollback(global, down),
    }
}

fn status(global: &Global, status: &Status) -> Result<Outcome, Error> {
    let rows =
        question(global, &status.folder, Listing::All, |session| states(session, status.tenant.as_deref()))?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&text::status(&rows.items));
    }
    Ok(Outcome::Done)
}

fn states(session: &mut Session<'_>, tenant: Option<&str>) -> Result<Rows<MigrationState>, Error> {
    let call = Call::to("nself_migrate_status").with("tenant", "text", tenant.map(str::to_owned));
    session.rows("Asking", &call)
}

fn diff(global: &Global, diff: &Diff) -> Result<Outcome, Error> {
    let found = question(global, &diff.folder, Listing::Sql, |session| {
        let call =
            |function, against: Against| Call::to(function).with("against", "text", Some(against.word()));
        let waiting = "Comparing the live schema with the migrations";
        // The folder is not asked for a tenant: its pending migrations are told by `nself tenants list`.
        let against = if diff.tenants.any() { Against::Applied } else { diff.against };
        let migrations = match against {
            Against::Journal => states(session, None)?.items,
            // What the folder says beyond that is not asked for.
            Against::Applied => Vec::new(),
        };
        let drift =
            session.rows::<DriftItem>(waiting, &of_tenants(call("nself_drift", against), &diff.tenants))?;
        // That is about the whole database.
        let not_compared = match diff.tenants.any() {
            true => Rows { raw: Vec::new(), items: Vec::new() },
            false => session.rows(waiting, &call("nself_drift_not_compared", against))?,
        };
        // Of what pending migrations bring, the drift against the applied ones knows nothing.
        let is_ahead = against == Against::Journal
            && !drift.items.is_empty()
            && migrations.iter().any(MigrationState::is_open)
            && migrations.iter().any(|migration| !migration.is_open());
        let of_applied = is_ahead
            .then(|| session.rows::<DriftItem>(waiting, &call("nself_drift", Against::Applied)))
            .transpose()?;
        Ok(Found { migrations, drift, not_compared, of_applied })
    })?;
    let departed = match diff.against {
        Against::Journal => text::departed(&found.migrations),
        Against::Applied => None,
    };
    found.print(global, departed.as_deref());
    let differs = !found.drift.items.is_empty() || departed.is_some();
    Ok(if diff.fail_on_drift && differs { Outcome::Found } else { Outcome::Done })
}

/// What a comparison found.
struct Found {
    /// None where they do not matter.
    migrations: Vec<MigrationState>,
    drift: Rows<DriftItem>,
    not_compared: Rows<NotCompared>,
    /// The drift without pending migrations, if there are some.
    of_applied: Option<Rows<DriftItem>>,
}

/// The drift report as JSON.
#[derive(Serialize)]
struct Report<'a> {
    drift: &'a [Box<RawValue>],
    not_compared: &'a [Box<RawValue>],
    totals: Totals,
    /// Where the folder is not what was applied.
    folder: Option<&'a str>,
}

impl Found {
    fn print(&self, global: &Global, departed: Option<&str>) {
        let (items, not_compared) = (&self.drift.items, &self.not_compared.items);
        let pending = Pending::new(self.of_applied.as_ref().map(|rows| rows.items.as_slice()));
        if is_json(global) {
            return output::json(&Report {
                drift: &self.drift.raw,
                not_compared: &self.not_compared.raw,
                totals: Totals::of(items, &pending),
                folder: departed,
            });
        }
        if !matches!(global.format, Format::Html | Format::Markdown) {
            return output::text(&output::drift::report(items, not_compared, &pending, departed));
        }
        let not_compared = output::drift::uncompared(not_compared);
        let comparison = Comparison { items, pending, not_compared: not_compared.as_deref(), departed };
        let title = match global.env() {
            Some(env) => format!("Schema drift of {env}"),
            None => "Schema drift".to_owned(),
        };
        output::plain(&match global.format {
            Format::Html => document::file(&title, &html::drift(&comparison)),
            _ => markdown::drift(&comparison),
        });
    }
}

/// Sends the folder, asks, and leaves the journal as it was: looking at production from a branch must not leave the
/// branch's files there.
fn question<T>(
    global: &Global,
    folder: &Folder,
    listing: Listing,
    ask: impl FnOnce(&mut Session<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let files = files::of(folder)?;
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let changed = files::ship_if_allowed(&mut session, files.as_ref(), listing)?;
    let answer = ask(&mut session)?;
    // With nothing to take back, the server may keep what it computed for the answer.
    if changed {
        session.undo()?
    } else {
        session.keep()?
    }
    Ok(answer)
}
