//! What of this database is enough to see that nothing differs: digests of what is compared, and counts of what is not.
//! It is at hand as long as no row of the catalogs has changed since this backend last looked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use nself_heal_core::model::NotCompared;
use nself_heal_core::plan::Step;
use pgrx::pg_sys;

use crate::catalog::digest::Held;
use crate::catalog::{self, access, digest, own_objects};
use crate::error::Error;

pub struct Outline {
    pub digested: digest::Digested,
    /// By object type.
    pub not_compared: BTreeMap<String, NotCompared>,
    /// How this program's own objects differ from what was installed.
    pub own: Vec<Step>,
}

/// The last outline that was read.
struct Last {
    /// What somebody may not see is counted.
    reader: pg_sys::Oid,
    /// What is no catalog, and yet is read.
    of_api: Option<Held>,
    outline: Rc<Outline>,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// The outline of this database, at the moment that is in force.
pub fn read() -> Result<Rc<Outline>, Error> {
    // SAFETY: a plain read of this backend's own state.
    let reader = unsafe { pg_sys::GetUserId() };
    let last = LAST.with_borrow(|last| {
        let of_reader = last.as_ref().filter(|last| last.reader == reader);
        of_reader.map(|last| (last.of_api, last.outline.clone()))
    });
    if let Some((of_api, last)) = last
        && last.digested.held.still_hold()
        && own_objects::held_of_api() == of_api
    {
        return Ok(last);
    }
    let of_api = own_objects::held_of_api();
    let outline = Rc::new(fresh()?);
    LAST.set(Some(Last { reader, of_api, outline: outline.clone() }));
    Ok(outline)
}

/// The outline, read anew.
pub fn fresh() -> Result<Outline, Error> {
    let digested = digest::read()?;
    let mut not_compared = catalog::count_not_compared()?;
    for (kind, count) in &digested.unknown {
        not_compared.entry(kind.clone()).or_default().count += count;
    }
    if let Some(strays) = access::strays()? {
        not_compared.insert("privilege on nself_heal itself beyond its levels".to_owned(), strays);
    }
    Ok(Outline { digested, not_compared, own: own_objects::steps()? })
}
