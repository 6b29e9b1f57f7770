//! Applies migrations: what is to run is decided and read in full first, then it runs in the caller's transaction,
//! each migration together with its row in the ledger. Those that refuse that run in `no_transaction`.

use std::cmp::Ordering;
use std::time::Instant;

use nself_heal_core::formats::compare_versions;
use pgrx::{notice, pg_sys};

use crate::error::Error;
use crate::migrations::execute;
use crate::migrations::journal::Entry;
use crate::migrations::ledger::{self, LedgerRow, Session, since};
use crate::migrations::lock::SchemaLock;
use crate::migrations::script::{Direction, split};
use crate::migrations::status::{Pending, State, Status, status};
use crate::migrations::tenant::{check_tenant, make_tenant, refuse_strangers};
use crate::server::{session, trust};

/// One migration that ran, or would run.
pub struct Ran {
    pub version: String,
    pub name: String,
    pub status: &'static str,
    pub duration_ms: Option<i64>,
    pub sql: String,
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
        false => Some(SchemaLock::take(c"nself_migrate_up()")?),
    };
    let chosen = choose(request)?;
    if request.dry_run {
        let planned = |pending: &Pending| Ran::of(&pending.entry, "planned", None, &pending.entry.up_sql);
        return Ok(chosen.iter().map(planned).collect());
    }
    if let Some(Pending { entry, .. }) = chosen.iter().find(|pending| !pending.entry.in_transaction) {
        return Err(Error::NoTransaction { version: entry.version.clone(), path: entry.path.clone() });
    }
    refuse_strangers(request.tenant)?;
    let session = Session::now(request.tenant)?;
    chosen.iter().map(|pending| apply_chosen(pending, &session, request.tenant)).collect()
}

/// The migrations that are to run, in order: those of the request that are pending or have run in part. All of them are
/// read, and what can be refused is refused here. Marked ones are applied by `no_transaction`, the others by `apply`.
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
/// change the schema of this database meanwhile (`SchemaLock`).
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
pub fn record(
    session: &Session,
    entry: &Entry,
    direction: Direction,
    tenant: Option<&str>,
    duration_ms: i64,
) -> Result<(), Error> {
    let row = LedgerRow { entry, direction, tenant, in_transaction: true, progress: None, duration_ms };
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
    pub fn of(entry: &Entry, status: &'static str, duration_ms: Option<i64>, sql: &str) -> Self {
        Self {
            version: entry.version.clone(),
            name: entry.name.clone(),
            status,
            duration_ms,
            sql: sql.to_owned(),
        }
    }
}

pub fn at_least_one(name: &'static str, value: Option<i32>) -> Result<(), Error> {
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

pub fn find(all: &[Status], version: &str) -> Result<usize, Error> {
    position(all.iter().map(|status| status.version.as_str()), version)
        .ok_or_else(|| Error::NoSuchMigration { version: version.to_owned() })
}

/// The position of the migration that a user named: by its version as written, or by the same number.
pub fn position<'a>(mut versions: impl Iterator<Item = &'a str> + Clone, named: &str) -> Option<usize> {
    // No digit at all would be the number zero.
    let is_number = named.starts_with(|c: char| c.is_ascii_digit());
    versions.clone().position(|version| version == named).or_else(|| {
        versions.position(|version| is_number && compare_versions(version, named) == Ordering::Equal)
    })
}
