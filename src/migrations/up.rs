//! Applies migrations: what is to run is decided and read in full first, then it runs in the caller's transaction,
//! each migration together with its row in the ledger. Those that refuse that run in `no_transaction`.

use std::time::Instant;

use nself_heal_core::formats::Migration;
use nself_heal_core::migrations::{Direction, Extent, choose_up};
use pgrx::{notice, pg_sys};

use crate::error::Error;
use crate::migrations::evidence::Witness;
use crate::migrations::ledger::{self, LedgerRow, Session, since};
use crate::migrations::lock::SchemaLock;
use crate::migrations::mirror::Mirror;
use crate::migrations::script::split;
use crate::migrations::status::{Pending, status};
use crate::migrations::tenant::{check_tenant, make_tenant, refuse_gone, refuse_strangers};
use crate::migrations::{adopt, execute, ground};
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
    /// Whether also what comes before an applied migration is applied, after it.
    pub out_of_order: bool,
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
    up_in_turn(request)
}

/// The same for who holds the schema lock, unless this is a dry run.
pub fn up_in_turn(request: &UpRequest<'_>) -> Result<Vec<Ran>, Error> {
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
    if !chosen.is_empty() {
        ground::keep_before_first(&session)?;
    }
    let mut witness = Witness::new()?;
    let mirror = Mirror::open(request.tenant)?;
    let ran = chosen
        .iter()
        .map(|pending| apply_chosen(pending, &session, request.tenant, &mut witness, mirror.as_ref()))
        .collect::<Result<_, Error>>()?;
    witness.keep()?;
    Ok(ran)
}

/// The migrations that are to run, in order: those of the request that are pending or have run in part. All of them are
/// read, and what can be refused is refused here. Marked ones are applied by `no_transaction`, the others by `apply`.
pub fn choose(request: &UpRequest<'_>) -> Result<Vec<Pending>, Error> {
    let read = |entry: Migration| Ok(Pending { statements: split(&entry.up())?, entry });
    choose_unread(request)?.into_iter().map(read).collect()
}

/// The same, before their files are read.
pub fn choose_unread(request: &UpRequest<'_>) -> Result<Vec<Migration>, Error> {
    let extent = check_request(request)?;
    refuse_gone(request.tenant)?;
    let all = status(request.tenant)?;
    let chosen = choose_up(&all, extent, request.out_of_order, |sentence| notice!("{sentence}"))?;
    // Other tools keep no list of each tenant.
    if request.tenant.is_none() {
        adopt::refuse_unadopted(&chosen)?;
    }
    if let Some(mirror) = Mirror::open(request.tenant)? {
        mirror.check(chosen.iter().copied())?;
    }
    if request.by_itself {
        refuse_untrusted(&chosen)?;
    }
    Ok(chosen.into_iter().cloned().collect())
}

/// Applies a migration that runs in one transaction, in the current one, with its row in the ledger. Nobody else may
/// change the schema of this database meanwhile (`SchemaLock`).
pub fn apply(pending: &Pending, session: &Session, tenant: Option<&str>) -> Result<Ran, Error> {
    // It was chosen in another transaction, perhaps.
    let last = ledger::last(&pending.entry.version, tenant)?;
    if last.is_some_and(|last| !last.is_outdated_by(&pending.entry)) {
        return Err(Error::Overtaken { version: pending.entry.version.clone() });
    }
    ground::keep_before_first(session)?;
    let mut witness = Witness::new()?;
    let mirror = Mirror::open(tenant)?;
    let ran = apply_chosen(pending, session, tenant, &mut witness, mirror.as_ref())?;
    witness.keep()?;
    Ok(ran)
}

fn apply_chosen(
    pending: &Pending,
    session: &Session,
    tenant: Option<&str>,
    witness: &mut Witness,
    mirror: Option<&Mirror>,
) -> Result<Ran, Error> {
    let entry = &pending.entry;
    let began = Instant::now();
    make_tenant(tenant)?;
    witness.watch(&entry.version, || {
        execute::run_statements(&entry.up(), &pending.statements, &session.settings())
    })?;
    let duration_ms = since(began);
    record(session, entry, Direction::Up, tenant, duration_ms, mirror)?;
    Ok(Ran::of(entry, "applied", Some(duration_ms), &entry.up_sql))
}

/// Writes down that a migration was applied or undone as a whole.
pub fn record(
    session: &Session,
    entry: &Migration,
    direction: Direction,
    tenant: Option<&str>,
    duration_ms: i64,
    mirror: Option<&Mirror>,
) -> Result<(), Error> {
    let mirrored = mirror.map(|mirror| mirror.write(entry, direction, duration_ms)).transpose()?;
    let row =
        LedgerRow { entry, direction, tenant, in_transaction: true, progress: None, duration_ms, mirrored };
    ledger::record(session, &row)
}

pub fn check_request<'a>(request: &UpRequest<'a>) -> Result<Extent<'a>, Error> {
    let extent = Extent::new(request.target, "max_count", request.max_count)?;
    check_tenant(request.tenant)?;
    Ok(extent)
}

impl Ran {
    pub fn of(entry: &Migration, status: &'static str, duration_ms: Option<i64>, sql: &str) -> Self {
        Self {
            version: entry.version.clone(),
            name: entry.name.clone(),
            status,
            duration_ms,
            sql: sql.to_owned(),
        }
    }
}

/// Whoever may load migrations would have the rights of the role that applies them, if nobody read them before.
fn refuse_untrusted(chosen: &[&Migration]) -> Result<(), Error> {
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
