//! Migrations, up and down: what is to run is decided and read in full first, then it runs in the caller's transaction,
//! each migration together with its row in the ledger. Those that refuse that run in `stepwise`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Instant;

use nself_heal_core::formats::compare_versions;
use nself_heal_core::{quote, scan};
use pgrx::{notice, pg_sys};

use crate::error::Error;
use crate::migrations::journal::{self, Entry};
use crate::migrations::ledger::{self, Applied, Direction, Row, Session, since};
use crate::migrations::lock::Turn;
use crate::migrations::script::{Statement, split};
use crate::migrations::{execute, no_transaction};
use crate::server::session::{self, with_settings};
use crate::server::{own_ddl, spi, trust};
use crate::settings;

/// How the journal and the ledger stand to each other for one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In the journal, not in the ledger.
    Pending,
    /// Some of its statements have run, and are as they were.
    Partial,
    /// In both, equal to the byte.
    Applied,
    /// In both; the file differs in comments, white space or line ends alone.
    Cosmetic,
    /// In both, and different; if not all of it has run, in what has.
    Edited,
    /// In the ledger, not in the journal.
    Missing,
}

/// A migration of the journal, the ledger or both.
pub struct Status {
    pub version: String,
    pub name: String,
    pub state: State,
    pub journal: Option<Entry>,
    pub ledger: Option<Applied>,
}

/// A migration that is to run, or to go on. All that can be checked before is checked.
pub struct Pending {
    pub entry: Entry,
    pub statements: Vec<Statement>,
}

impl Status {
    /// Whether something of it is still to run.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending | State::Partial)
    }
}

/// One migration that ran, or would run.
pub struct Ran {
    pub version: String,
    pub name: String,
    pub status: &'static str,
    pub duration_ms: Option<i64>,
    pub sql: String,
}

/// All migrations of the journal in their order, then those that only the ledger knows.
pub fn status(tenant: Option<&str>) -> Result<Vec<Status>, Error> {
    let mut applied: BTreeMap<String, Applied> = ledger::applied()?
        .into_iter()
        .filter(|applied| applied.tenant.as_deref() == tenant)
        .map(|applied| (applied.version.clone(), applied))
        .collect();
    let mut all: Vec<Status> = journal::entries()?
        .into_iter()
        .map(|entry| {
            let ledger = applied.remove(&entry.version);
            let state = match &ledger {
                None => State::Pending,
                Some(applied) => compare(applied, &entry),
            };
            Status {
                version: entry.version.clone(),
                name: entry.name.clone(),
                state,
                journal: Some(entry),
                ledger,
            }
        })
        .collect();
    let mut missing: Vec<Applied> = applied.into_values().collect();
    missing.sort_by(|a, b| compare_versions(&a.version, &b.version));
    all.extend(missing.into_iter().map(|applied| Status {
        version: applied.version.clone(),
        name: applied.name.clone(),
        state: State::Missing,
        journal: None,
        ledger: Some(applied),
    }));
    Ok(all)
}

fn compare(applied: &Applied, entry: &Entry) -> State {
    if applied.statements_done.is_some() {
        match no_transaction::is_same_so_far(applied, entry) {
            true => State::Partial,
            false => State::Edited,
        }
    } else if applied.checksum == entry.checksum {
        State::Applied
    } else if scan::normal_form(&applied.sql) == scan::normal_form(&entry.up_sql) {
        State::Cosmetic
    } else {
        State::Edited
    }
}

pub struct UpRequest<'a> {
    pub target: Option<&'a str>,
    pub max_count: Option<i32>,
    pub dry_run: bool,
    pub tenant: Option<&'a str>,
    /// Whether nobody asked: then only what the role that it runs as trusts is applied, for nobody has read it.
    pub by_itself: bool,
}

/// Applies what is pending, up to and with `target`, or `max_count` migrations.
pub fn up(request: &UpRequest<'_>) -> Result<Vec<Ran>, Error> {
    check_request(request)?;
    let _turn = match request.dry_run {
        true => None,
        false => Some(Turn::take(c"nself_migrate_up()")?),
    };
    let chosen = choose(request)?;
    if request.dry_run {
        let planned = |pending: &Pending| Ran::of(&pending.entry, "planned", None, &pending.entry.up_sql);
        return Ok(chosen.iter().map(planned).collect());
    }
    if let Some(Pending { entry, .. }) = chosen.iter().find(|pending| !pending.entry.in_transaction) {
        return Err(Error::NoTransaction { version: entry.version.clone(), path: entry.path.clone() });
    }
    let session = Session::now(request.tenant)?;
    chosen.iter().map(|pending| apply_chosen(pending, &session, request.tenant)).collect()
}

/// The migrations that are to run, in order: those of the request that are pending or have run in part. All of them are
/// read, and what can be refused is refused here. Marked ones are applied by `stepwise`, the others by `apply`.
pub fn choose(request: &UpRequest<'_>) -> Result<Vec<Pending>, Error> {
    check_request(request)?;
    let all = status(request.tenant)?;
    if all.iter().all(|status| status.journal.is_none()) {
        return Err(Error::EmptyJournal);
    }
    refuse_edited(&all)?;
    let chosen = choose_up(&all, request)?;
    if request.by_itself {
        refuse_untrusted(&chosen)?;
    }
    chosen
        .into_iter()
        .map(|entry| Ok(Pending { statements: split(&entry.up())?, entry: entry.clone() }))
        .collect()
}

/// Applies a migration that runs in one transaction, in the current one, with its row in the ledger. Nobody else may
/// change the schema of this database meanwhile (`Turn`).
pub fn apply(pending: &Pending, session: &Session, tenant: Option<&str>) -> Result<Ran, Error> {
    // It was chosen in another transaction, perhaps.
    if ledger::last(&pending.entry.version, tenant)?.is_some() {
        return Err(Error::Overtaken { version: pending.entry.version.clone() });
    }
    apply_chosen(pending, session, tenant)
}

fn apply_chosen(pending: &Pending, session: &Session, tenant: Option<&str>) -> Result<Ran, Error> {
    let entry = &pending.entry;
    let began = Instant::now();
    make_tenant(tenant)?;
    execute::run_statements(&entry.up(), &pending.statements, &session.settings())?;
    let duration_ms = since(began);
    record(session, entry, Direction::Up, tenant, duration_ms)?;
    Ok(Ran::of(entry, "applied", Some(duration_ms), &entry.up_sql))
}

/// Writes down that a migration was applied or undone as a whole.
fn record(
    session: &Session,
    entry: &Entry,
    direction: Direction,
    tenant: Option<&str>,
    duration_ms: i64,
) -> Result<(), Error> {
    let row = Row { entry, direction, tenant, in_transaction: true, progress: None, duration_ms };
    ledger::record(session, &row)
}

fn check_request(request: &UpRequest<'_>) -> Result<(), Error> {
    if request.target.is_some() && request.max_count.is_some() {
        return Err(Error::Both { a: "target", b: "max_count" });
    }
    at_least_one("max_count", request.max_count)?;
    check_tenant(request.tenant)
}

impl Ran {
    fn of(entry: &Entry, status: &'static str, duration_ms: Option<i64>, sql: &str) -> Self {
        Self {
            version: entry.version.clone(),
            name: entry.name.clone(),
            status,
            duration_ms,
            sql: sql.to_owned(),
        }
    }
}

fn at_least_one(name: &'static str, value: Option<i32>) -> Result<(), Error> {
    match value {
        Some(value) if value < 1 => Err(Error::TooFew { name, value }),
        _ => Ok(()),
    }
}

/// Whoever may load migrations would have the rights of the role that applies them, if nobody read them before.
fn refuse_untrusted(chosen: &[&Entry]) -> Result<(), Error> {
    // SAFETY: a plain read of this backend's own state.
    let role = unsafe { pg_sys::GetUserId() };
    for entry in chosen {
        if !session::role(&entry.loaded_by).is_ok_and(|loader| trust::trusts(role, loader)) {
            return Err(Error::LoadedByAnother {
                version: entry.version.clone(),
                loader: entry.loaded_by.clone(),
                role: session::role_name(role),
            });
        }
    }
    Ok(())
}

/// An edited migration would make the ledger lie about every database that comes after; a cosmetic edit is only told.
fn refuse_edited(all: &[Status]) -> Result<(), Error> {
    for status in all {
        let (Some(entry), Some(applied)) = (&status.journal, &status.ledger) else { continue };
        match status.state {
            State::Edited => {
                if let Some(done) = applied.statements_done {
                    return Err(Error::EditedPart { version: status.version.clone(), done });
                }
                return Err(Error::Edited {
                    version: status.version.clone(),
                    applied: applied.checksum.clone(),
                    now: entry.checksum.clone(),
                });
            }
            State::Cosmetic => notice!(
                "migration {} was edited after it was applied, in comments, white space or line ends alone",
                status.version
            ),
            State::Applied | State::Pending | State::Partial | State::Missing => {}
        }
    }
    Ok(())
}

fn choose_up<'a>(all: &'a [Status], request: &UpRequest<'_>) -> Result<Vec<&'a Entry>, Error> {
    let is_pending = |status: &&Status| status.is_pending();
    let mut chosen: Vec<&Entry> =
        all.iter().filter(is_pending).filter_map(|status| status.journal.as_ref()).collect();
    if let Some(target) = request.target {
        let position = find(all, target)?;
        if all[position].journal.is_none() {
            return Err(Error::NoSuchMigration { version: target.to_owned() });
        }
        if !all[position].is_pending() && all[..position].iter().filter(is_pending).count() == 0 {
            return match all[position..].iter().skip(1).any(|later| later.ledger.is_some()) {
                true => Err(Error::AlreadyApplied { version: target.to_owned() }),
                false => Ok(Vec::new()),
            };
        }
        chosen =
            all[..=position].iter().filter(is_pending).filter_map(|status| status.journal.as_ref()).collect();
    }
    if let Some(count) = request.max_count {
        if !chosen.is_empty() && count as usize > chosen.len() {
            return Err(Error::TooMany { count, available: chosen.len(), verb: "applied", state: "pending" });
        }
        chosen.truncate(count as usize);
    }
    refuse_out_of_order(all, &chosen)?;
    Ok(chosen)
}

/// A pending migration before an applied one would run on a schema that its author never saw.
fn refuse_out_of_order(all: &[Status], chosen: &[&Entry]) -> Result<(), Error> {
    let Some(first) = chosen.first() else { return Ok(()) };
    let last = all.iter().rfind(|status| status.journal.is_some() && status.ledger.is_some());
    let is_before = |last: &Status| {
        all.iter().position(|s| s.version == first.version)
            < all.iter().position(|s| s.version == last.version)
    };
    match last {
        Some(last) if is_before(last) => {
            Err(Error::OutOfOrder { version: first.version.clone(), last: last.version.clone() })
        }
        _ => Ok(()),
    }
}

fn find(all: &[Status], version: &str) -> Result<usize, Error> {
    position(all.iter().map(|status| status.version.as_str()), version)
        .ok_or_else(|| Error::NoSuchMigration { version: version.to_owned() })
}

/// The position of the migration that a user named: by its version as written, or by the same number.
fn position<'a>(mut versions: impl Iterator<Item = &'a str> + Clone, named: &str) -> Option<usize> {
    // No digit at all would be the number zero.
    let is_number = named.starts_with(|c: char| c.is_ascii_digit());
    versions.clone().position(|version| version == named).or_else(|| {
        versions.position(|version| is_number && compare_versions(version, named) == Ordering::Equal)
    })
}

pub struct DownRequest<'a> {
    pub target: Option<&'a str>,
    pub steps: Option<i32>,
    pub dry_run: bool,
    pub confirm: Option<&'a str>,
    pub tenant: Option<&'a str>,
}

/// What has to be typed before a production database is taken back.
const PRODUCTION_CONFIRMATION: &str = "yes-destroy-production";

/// Undoes the last applied migration, the last `steps` of them, or all that came after `target`.
pub fn down(request: &DownRequest<'_>) -> Result<Vec<Ran>, Error> {
    if request.target.is_some() && request.steps.is_some() {
        return Err(Error::Both { a: "target", b: "steps" });
    }
    at_least_one("steps", request.steps)?;
    let confirmed = request.confirm == Some(PRODUCTION_CONFIRMATION);
    if settings::is_production() && !request.dry_run && !confirmed {
        return Err(Error::Production);
    }
    let _turn = match request.dry_run {
        true => None,
        false => Some(Turn::take(c"nself_migrate_down()")?),
    };
    let applied: Vec<Applied> = ledger::applied()?
        .into_iter()
        .filter(|applied| applied.tenant.as_deref() == request.tenant)
        .collect();
    let chosen = choose_down(&applied, request)?;
    let journal: BTreeMap<String, Entry> =
        journal::entries()?.into_iter().map(|entry| (entry.version.clone(), entry)).collect();
    let chosen = chosen
        .into_iter()
        .map(|applied| {
            let no_down = || Error::NoDown { version: applied.version.clone() };
            let entry = journal.get(&applied.version).ok_or_else(no_down)?;
            let script = entry.down().ok_or_else(no_down)?;
            let statements = split(&script)?;
            Ok((entry, script, statements))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let session = Session::now(request.tenant)?;
    chosen
        .into_iter()
        .map(|(entry, script, statements)| {
            if request.dry_run {
                return Ok(Ran::of(entry, "planned", None, script.sql));
            }
            if !entry.down_in_transaction {
                notice!(
                    "the down part of migration {} is marked to run without a transaction, and runs in that of its caller",
                    entry.version
                );
            }
            let began = Instant::now();
            execute::run_statements(&script, &statements, &session.settings())?;
            let duration_ms = since(began);
            record(&session, entry, Direction::Down, request.tenant, duration_ms)?;
            Ok(Ran::of(entry, "reverted", Some(duration_ms), script.sql))
        })
        .collect()
}

/// The applied migrations that are to be undone, the latest first.
fn choose_down<'a>(applied: &'a [Applied], request: &DownRequest<'_>) -> Result<Vec<&'a Applied>, Error> {
    if let Some(target) = request.target {
        if let Some(last) = position(applied.iter().map(|applied| applied.version.as_str()), target) {
            return Ok(applied[last + 1..].iter().rev().collect());
        }
        let journal = journal::entries()?;
        return Err(match position(journal.iter().map(|entry| entry.version.as_str()), target) {
            Some(_) => Error::NotApplied { version: target.to_owned() },
            None => Error::NoSuchMigration { version: target.to_owned() },
        });
    }
    let steps = request.steps.unwrap_or(1);
    if request.steps.is_some() && steps as usize > applied.len() {
        return Err(Error::TooMany {
            count: steps,
            available: applied.len(),
            verb: "undone",
            state: "applied",
        });
    }
    Ok(applied.iter().rev().take(steps as usize).collect())
}

/// What the server would cut off could be another tenant's name, and the product's own schema is nobody's.
fn check_tenant(tenant: Option<&str>) -> Result<(), Error> {
    let bad = |tenant: &str, reason| Err(Error::BadTenant { tenant: tenant.to_owned(), reason });
    match tenant {
        Some("") => bad("", "it is empty"),
        Some("nself") => bad("nself", "it is the schema of nself_heal itself"),
        Some(long) if long.len() >= pg_sys::NAMEDATALEN as usize => bad(long, "it is longer than 63 bytes"),
        _ => Ok(()),
    }
}

/// A tenant is a schema of its own, first in the search_path of its migrations.
pub fn make_tenant(tenant: Option<&str>) -> Result<(), Error> {
    let Some(tenant) = tenant else { return Ok(()) };
    let exists: Option<bool> = spi::read_one(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name)",
        &[tenant.into()],
    )?;
    if exists == Some(true) {
        return Ok(());
    }
    let statement = format!("CREATE SCHEMA {}", quote::ident(tenant));
    with_settings(&[], || own_ddl::run(|| spi::write(&statement, &[])))
}
