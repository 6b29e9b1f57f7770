//! The shadow that this session has kept: the next replay goes on from there, if its chain begins with what was replayed
//! in it.

use std::cell::RefCell;

use super::Shadow;
use super::keeper::Request;

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
pub fn take() -> Option<Shadow> {
    let Kept { shadow, .. } = KEPT.take()?;
    shadow.channel.take_back();
    match shadow.ask(&Request::Use) {
        Ok(()) => Some(shadow),
        // Its time was over.
        Err(_) => {
            shadow.drop();
            None
        }
    }
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
