//! Locks of this program's own, one of each kind for a database, as long as a transaction. They are advisory locks, which no
//! SQL function can name: so nobody else can take one, and stop who needs it.

use nself_heal_core::digest::Digest;
use pgrx::pg_sys;

use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::spi;

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

/// The first number of the locks of tenants, one for each.
const OF_TENANTS: u32 = NUMBER + 1;

/// Takes the lock if it is to be had at once.
pub fn try_take(lock: OwnLock) -> bool {
    take((NUMBER, lock as u32), pg_sys::ExclusiveLock)
}

/// Takes the lock of the schema together with others who take it for other tenants, if it is to be had at once. If not, the
/// transaction is to end: it may hold a part. Two tenants may share a number, and then one waits for the other.
pub fn try_take_for_tenant(schema: &str) -> bool {
    let number = Digest::of(schema.as_bytes()).0 as u32;
    take((NUMBER, OwnLock::Schema as u32), pg_sys::ShareLock)
        && take((OF_TENANTS, number), pg_sys::ExclusiveLock)
}

fn take((first, second): (u32, u32), mode: u32) -> bool {
    let tag = pg_sys::LOCKTAG {
        // SAFETY: a plain read of this backend's own state.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        locktag_field2: first,
        locktag_field3: second,
        locktag_field4: SORT,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    };
    // SAFETY: within a transaction, whose end lets go of the lock; the tag is copied.
    let taken = unsafe { pg_sys::LockAcquire(&tag, mode as pg_sys::LOCKMODE, false, true) };
    taken != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
}

/// Who has the lock, in words; nobody any more, perhaps.
pub fn holder(lock: OwnLock) -> Result<Option<String>, Error> {
    let arguments = [i64::from(NUMBER).into(), i64::from(lock as u32).into(), i32::from(SORT).into()];
    as_extension_owner(|| spi::read_one(HOLDER, &arguments))
}

const HOLDER: &str = "
SELECT 'process ' || l.pid || ' ('
       || concat_ws(', ', a.usename, nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'),
                    'since ' || date_trunc('second', clock_timestamp() - a.xact_start)) || ')'
  FROM pg_locks l
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.classid::int8 = $1 AND l.objid::int8 = $2 AND l.objsubid::int4 = $3 AND l.pid <> pg_backend_pid()
 LIMIT 1";
