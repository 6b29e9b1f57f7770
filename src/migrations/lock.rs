//! One at a time: who may change the schema of a database.

use std::cell::Cell;
use std::ffi::CStr;
use std::time::{Duration, Instant};

use pgrx::pg_sys;

use crate::error::Error;
use crate::server::own_lock::{OwnLock, holder, try_take, try_take_for_tenant};
use crate::server::session::as_extension_owner;
use crate::server::transaction::in_transaction;
use crate::server::{spi, worker};

thread_local! {
    static TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// As long as this lives, no other session of this database runs migrations or a heal, and not a second time this one;
/// the others wait until the transaction has ended.
pub struct SchemaLock;

impl SchemaLock {
    pub fn take(command: &CStr) -> Result<Self, Error> {
        spi::refuse_read_only(command)?;
        if TAKEN.get() {
            return Err(Error::Nested);
        }
        lock()?;
        Self::taken()
    }

    fn taken() -> Result<Self, Error> {
        refuse_stale(None)?;
        TAKEN.set(true);
        Ok(Self)
    }

    fn taken_for(tenant: &str) -> Result<Self, Error> {
        refuse_stale(Some(tenant))?;
        TAKEN.set(true);
        Ok(Self)
    }
}

/// For a worker: runs `work` in a transaction, in its turn. It waits outside a transaction, for as long as it takes.
pub fn with_schema_lock<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    in_its_turn(|| Ok(try_take(OwnLock::Schema).then(SchemaLock::taken)), work)
}

/// The same for migrations of one tenant: beside those of other tenants, but beside nothing else, unless `is_alone` says that it
/// cannot be.
pub fn with_tenant_lock<T>(
    tenant: &str,
    is_alone: impl Fn() -> Result<bool, Error>,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let take = || {
        if is_alone()? {
            return Ok(try_take(OwnLock::Schema).then(SchemaLock::taken));
        }
        Ok(try_take_for_tenant(tenant).then(|| SchemaLock::taken_for(tenant)))
    };
    in_its_turn(take, work)
}

fn in_its_turn<T>(
    take: impl Fn() -> Result<Option<Result<SchemaLock, Error>>, Error>,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut work = Some(work);
    loop {
        let done = in_transaction(|| {
            let Some(turn) = take()? else { return Ok(None) };
            let _turn = turn?;
            work.take().map(|work| work()).transpose()
        })?;
        match done {
            Some(value) => return Ok(value),
            None => worker::pause(POLL),
        }
    }
}

impl Drop for SchemaLock {
    fn drop(&mut self) {
        TAKEN.set(false);
    }
}

/// A transaction that reads as of its beginning does not see what others applied while it waited, and would apply it
/// again. `tenant`: what is applied for others does not count.
fn refuse_stale(tenant: Option<&str>) -> Result<(), Error> {
    let last = || match tenant {
        None => spi::read_here::<i64>("SELECT max(id) FROM nself.ledger", &[]),
        Some(tenant) => {
            let own = "SELECT max(id) FROM nself.ledger WHERE tenant OPERATOR(pg_catalog.=) $1";
            spi::read_here::<i64>(own, &[tenant.into()])
        }
    };
    as_extension_owner(|| match spi::with_snapshot(last)? == spi::at_latest_moment(last)? {
        true => Ok(()),
        false => Err(Error::Stale),
    })
}

const POLL: Duration = Duration::from_millis(50);

/// Waits for other sessions, for as long as lock_timeout allows. It polls, so that it never stands in a
/// queue that someone else's lock waits behind.
fn lock() -> Result<(), Error> {
    // SAFETY: a plain read of a setting, in milliseconds; zero is no limit.
    let timeout = unsafe { pg_sys::LockTimeout };
    let limit = u64::try_from(timeout).ok().filter(|&ms| ms > 0).map(Duration::from_millis);
    let began = Instant::now();
    loop {
        if try_take(OwnLock::Schema) {
            return Ok(());
        }
        if limit.is_some_and(|limit| began.elapsed() >= limit) {
            return Err(Error::Busy { holder: holder(OwnLock::Schema)? });
        }
        std::thread::sleep(POLL);
        pgrx::check_for_interrupts!();
    }
}
