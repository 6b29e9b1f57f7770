//! Single rows of the catalogs, as the server keeps them at hand.

use pgrx::{FromDatum, pg_sys};

/// A row that is held as long as it is read.
#[derive(Clone, Copy)]
pub struct Row {
    cache: i32,
    tuple: pg_sys::HeapTuple,
}

impl Row {
    /// Its fixed part.
    ///
    /// # Safety
    /// `Form` is that of the catalog.
    pub unsafe fn form<Form>(&self) -> &Form {
        // SAFETY: see above; the row is held.
        unsafe { &*pg_sys::GETSTRUCT(self.tuple).cast::<Form>() }
    }

    /// A column, by its number; nothing if it is NULL.
    pub fn column<T: FromDatum>(&self, number: pg_sys::AttrNumber) -> Option<T> {
        let mut is_null = false;
        // SAFETY: the row is held; a value is of the type that its column has.
        unsafe {
            let value = pg_sys::SysCacheGetAttr(self.cache, self.tuple, number, &mut is_null);
            T::from_datum(value, is_null)
        }
    }
}

/// Reads the row with this key, if it is there. What `read` returns is its own: the row is let go of. Within a transaction.
pub fn look_up<T>(
    cache: pg_sys::SysCacheIdentifier::Type,
    key: pg_sys::Oid,
    read: impl FnOnce(Row) -> T,
) -> Option<T> {
    let cache = cache as i32;
    // SAFETY: the row is released when it has been read; an error lets go of it with the transaction.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(key));
        if tuple.is_null() {
            return None;
        }
        let found = read(Row { cache, tuple });
        pg_sys::ReleaseSysCache(tuple);
        Some(found)
    }
}
