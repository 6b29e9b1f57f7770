//! How this program asks the server: reading never takes a transaction id, so it works on a standby and in a read-only
//! transaction; what is read comes back as one value.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;

use pgrx::datum::{DatumWithOid, FromDatum, IntoDatum};
use pgrx::prelude::*;
use pgrx::spi::{OwnedPreparedStatement, SpiClient};
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Runs `work` with a new snapshot. All reads within see the same rows: those of this transaction, and those of the
/// transactions that have ended. From REPEATABLE READ on these are the transactions that had ended when this one began.
pub fn with_snapshot<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: a snapshot of the server, valid until the next one is taken; it is pushed at once.
    at(unsafe { pg_sys::GetTransactionSnapshot() }, work)
}

/// As `with_snapshot`, but with the rows of all transactions that have ended by now, at every isolation level.
pub fn at_latest_moment<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: as above.
    at(unsafe { pg_sys::GetLatestSnapshot() }, work)
}

fn at<T>(snapshot: pg_sys::Snapshot, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: the snapshot is popped below; on an error the abort of the (sub)transaction pops it.
    unsafe { pg_sys::PushActiveSnapshot(snapshot) };
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::PopActiveSnapshot() };
    result
}

/// How many changes of catalogs this backend has heard of: its own, and those of others once they are committed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Changes(u64);

impl Changes {
    pub fn now() -> Self {
        // SAFETY: the server takes in what others have told, and counts it.
        unsafe {
            pg_sys::AcceptInvalidationMessages();
            Changes(std::ptr::addr_of!(pg_sys::SharedInvalidMessageCounter).read_volatile())
        }
    }

    /// Whether nothing has changed since. Where something has, it may have been in another database.
    pub fn none_since(self) -> bool {
        self == Self::now()
    }
}

/// The first column of the first row, read without writing.
pub fn read_one<T: FromDatum + IntoDatum>(query: &str, args: &[DatumWithOid]) -> Result<Option<T>, Error> {
    with_snapshot(|| read_here(query, args))
}

/// As `read_one`, at the moment that is in force.
pub fn read_here<T: FromDatum + IntoDatum>(query: &str, args: &[DatumWithOid]) -> Result<Option<T>, Error> {
    Spi::connect(|client| {
        let rows = client.select(query, Some(1), args)?;
        if rows.is_empty() { Ok(None) } else { Ok(rows.first().get_one::<T>()?) }
    })
}

thread_local! {
    static PREPARED: RefCell<BTreeMap<Prepared, OwnedPreparedStatement>> = const { RefCell::new(BTreeMap::new()) };
    static ASKED: RefCell<BTreeSet<Prepared>> = const { RefCell::new(BTreeSet::new()) };
}

/// Which prepared query it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prepared {
    pub name: &'static str,
    /// Of a query that is there in several forms.
    pub form: u32,
}

impl From<&'static str> for Prepared {
    fn from(name: &'static str) -> Self {
        Self { name, form: 0 }
    }
}

/// Runs `work` with a query that this backend parses once. `args` says how its parameters are typed.
pub fn with_prepared<T>(
    which: impl Into<Prepared>,
    query: impl FnOnce() -> String,
    args: &[DatumWithOid],
    work: impl FnOnce(&mut SpiClient, &OwnedPreparedStatement) -> Result<T, Error>,
) -> Result<T, Error> {
    let which = which.into();
    Spi::connect_mut(|client| {
        if !PREPARED.with_borrow(|prepared| prepared.contains_key(&which)) {
            let types: Vec<PgOid> = args.iter().map(|arg| PgOid::from(arg.oid())).collect();
            let statement = client.prepare(query().as_str(), &types)?.keep();
            PREPARED.with_borrow_mut(|prepared| prepared.insert(which, statement));
        }
        PREPARED.with_borrow(|prepared| work(client, &prepared[&which]))
    })
}

/// As `read_here`, with a query that this backend parses once.
pub fn read_prepared<T: FromDatum + IntoDatum>(
    which: impl Into<Prepared>,
    query: impl FnOnce() -> String,
    args: &[DatumWithOid],
) -> Result<Option<T>, Error> {
    with_prepared(which, query, args, |client, statement| {
        let rows = client.select(statement, Some(1), args)?;
        if rows.is_empty() { Ok(None) } else { Ok(rows.first().get_one::<T>()?) }
    })
}

/// As `read_prepared`. The first time in a session it is not prepared, which takes as long again as to plan it: most sessions
/// ask once.
pub fn read_often<T: FromDatum + IntoDatum>(
    which: Prepared,
    query: impl FnOnce() -> String,
    args: &[DatumWithOid],
) -> Result<Option<T>, Error> {
    match ASKED.with_borrow_mut(|asked| asked.insert(which)) {
        true => read_here(&query(), args),
        false => read_prepared(which, query, args),
    }
}

/// Reads the JSON text that `query` returns into a value. `name` is what an error calls the query.
pub fn read_json<T: DeserializeOwned>(
    name: &'static str,
    query: &str,
    args: &[DatumWithOid],
) -> Result<T, Error> {
    let text: Option<String> = read_one(query, args)?;
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|error| Error::BadAnswer { query: name, reason: error.to_string() })
}

/// The settings of these names, as they are in force.
pub fn settings_in_force(names: &[&str]) -> Result<BTreeMap<String, String>, Error> {
    read_json(
        "settings",
        "SELECT pg_catalog.json_object_agg(s, pg_catalog.current_setting(s))::text FROM pg_catalog.unnest($1) s",
        &[names.to_vec().into()],
    )
}

/// The name of this database.
pub fn database() -> Result<String, Error> {
    Ok(read_one("SELECT pg_catalog.current_database()::text", &[])?.unwrap_or_default())
}

/// Says clearly that a command writes, where nothing may be written.
pub fn refuse_read_only(command: &CStr) -> Result<(), Error> {
    if is_standby() {
        return Err(Error::OnStandby { command: command.to_string_lossy().into_owned() });
    }
    // SAFETY: the text lives through the call, which raises an error or does nothing.
    unsafe { pg_sys::PreventCommandIfReadOnly(command.as_ptr()) };
    Ok(())
}

/// Whether this server follows another one, and can write nothing itself.
pub fn is_standby() -> bool {
    // SAFETY: a plain read of the server's state.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// Whether this transaction may only read.
pub fn is_read_only() -> bool {
    // SAFETY: a plain read of the transaction's state.
    unsafe { pg_sys::XactReadOnly }
}

/// Runs a statement that writes.
pub fn write(statement: &str, args: &[DatumWithOid]) -> Result<(), Error> {
    Spi::connect_mut(|client| client.update(statement, None, args).map(drop))?;
    Ok(())
}

/// As `write`, with a statement that this backend parses once.
pub fn write_prepared(
    name: &'static str,
    statement: impl FnOnce() -> String,
    args: &[DatumWithOid],
) -> Result<(), Error> {
    with_prepared(name, statement, args, |client, statement| {
        client.update(statement, None, args)?;
        Ok(())
    })
}

/// Runs a statement that writes, and reads the first column of the first row that it returns.
pub fn write_returning<T: FromDatum + IntoDatum>(
    statement: &str,
    args: &[DatumWithOid],
) -> Result<Option<T>, Error> {
    Spi::connect_mut(|client| {
        let rows = client.update(statement, None, args)?;
        if rows.is_empty() { Ok(None) } else { Ok(rows.first().get_one::<T>()?) }
    })
}
