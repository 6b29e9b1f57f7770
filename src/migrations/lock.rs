//! One at a time: who may change the schema of a database.

use std::cell::Cell;
use std::ffi::CStr;
use std::time::{Duration, Instant};

use pgrx::pg_sys;

use crate::error::Error;
use crate::server::own_lock::{OwnLock, holder, try_take};
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
        refuse_stale()?;
        TAKEN.set(true);
        Ok(Self)
    }
}

/// For a worker: runs `work` in a transaction, in its turn. It waits outside a transaction, for as long as it takes.
pub fn with_schema_lock<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let mut work = Some(work);
    loop {
        let done = in_transaction(|| match try_take(OwnLock::Schema).then(|| work.take()).flatten() {
            Some(work) => {
                let _turn = SchemaLock::taken()?;
                work().map(Some)
            }
            None => Ok(None),
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
/// again.
fn refuse_stale() -> Result<(), Error> {
    let last = || spi::read_here::<i64>("SELECT max(id) FROM nself.ledger", &[]);
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
