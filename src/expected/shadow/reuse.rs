//! The shadow that this session has kept: the next replay goes on from there, if its chain begins with what was replayed
//! in it.

use std::cell::RefCell;

use crate::error::Error;
use crate::expected::shadow::database::Shadow;
use crate::expected::shadow::keeper::Request;

struct Kept {
    shadow: Shadow,
    /// The hash of the chain that it holds.
    hash: String,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// The hash of the chain that the kept shadow holds.
pub fn hash() -> Option<String> {
    KEPT.with_borrow(|kept| kept.as_ref().map(|kept| kept.hash.clone()))
}

/// The kept shadow, if it is still there. From now on it lives as long as the transaction.
pub fn take() -> Result<Option<Shadow>, Error> {
    let Some(Kept { shadow, .. }) = KEPT.take() else { return Ok(None) };
    shadow.channel.take_back();
    // Its time may be over, and nothing keeps a superuser from dropping a database.
    if shadow.ask(&Request::Use).is_ok() && shadow.exists()? {
        return Ok(Some(shadow));
    }
    shadow.drop();
    Ok(None)
}

/// Keeps a shadow in which the chain of this hash was replayed, beyond the end of the transaction.
pub fn keep(shadow: Shadow, hash: String) {
    match shadow.ask(&Request::Keep) {
        Ok(()) => {
            shadow.channel.keep();
            KEPT.set(Some(Kept { shadow, hash }));
        }
        Err(_) => shadow.drop(),
    }
}
