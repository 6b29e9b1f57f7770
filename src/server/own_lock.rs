//! Locks of this program's own, one of each kind for a database, as long as a transaction. They are advisory locks, which no
//! SQL function can name: so nobody else can take one, and stop who needs it.

use pgrx::pg_sys;

/// The first number of these locks. sql/in_use.sql names it, too.
pub const NUMBER: u32 = 7_236_270;

/// Where the server writes what an advisory lock is on: 1 for one number, 2 for two. This program has its own.
pub const SORT: u16 = 3;

#[derive(Clone, Copy)]
pub enum OwnLock {
    /// Who changes the schema.
    Schema = 1,
    /// Who keeps an expected schema.
    ExpectedState = 2,
}

/// Takes the lock if it is to be had at once.
pub fn try_take(lock: OwnLock) -> bool {
    let tag = pg_sys::LOCKTAG {
        // SAFETY: a plain read of this backend's own state.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        locktag_field2: NUMBER,
        locktag_field3: lock as u32,
        locktag_field4: SORT,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    };
    let mode = pg_sys::ExclusiveLock as pg_sys::LOCKMODE;
    // SAFETY: within a transaction, whose end lets go of the lock; the tag is copied.
    let taken = unsafe { pg_sys::LockAcquire(&tag, mode, false, true) };
    taken != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
}
