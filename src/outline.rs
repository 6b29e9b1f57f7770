//! What of this database is enough to see that nothing differs: digests of what is compared, and counts of what is not.
//! It is at hand as long as no row of the catalogs has changed since this backend last looked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use nself_heal_core::digest::Digest;
use nself_heal_core::model::NotCompared;
use pgrx::pg_sys;

use crate::error::Error;
use crate::{catalog, digest};

pub struct Outline {
    pub digested: digest::Digested,
    /// By object type.
    pub not_compared: BTreeMap<String, NotCompared>,
}

/// The last outline that was read, with that by which it is known.
struct Last {
    versions: Digest,
    /// What somebody may not see is counted.
    reader: pg_sys::Oid,
    outline: Rc<Outline>,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// The outline of this database, at the moment that is in force.
pub fn read() -> Result<Rc<Outline>, Error> {
    let versions = digest::of_versions()?;
    // SAFETY: a plain read of this backend's own state.
    let reader = unsafe { pg_sys::GetUserId() };
    let is_same = |last: &&Last| last.versions == versions && last.reader == reader;
    if let Some(last) =
        LAST.with_borrow(|last| last.as_ref().filter(is_same).map(|last| last.outline.clone()))
    {
        return Ok(last);
    }
    let outline = Rc::new(fresh()?);
    LAST.set(Some(Last { versions, reader, outline: outline.clone() }));
    Ok(outline)
}

/// The outline, read anew.
pub fn fresh() -> Result<Outline, Error> {
    let digested = digest::read()?;
    let mut not_compared = catalog::count_not_compared()?;
    for (kind, count) in &digested.unknown {
        not_compared.entry(kind.clone()).or_default().count += count;
    }
    Ok(Outline { digested, not_compared })
}
