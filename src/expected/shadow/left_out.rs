//! What a replay has left out: which statement of which migration, what of it, and why.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use crate::migrations::execute;
use crate::server::outside::Reason;

/// Something that would have reached outside the shadow database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub version: String,
    /// The number of the statement in its migration, from 1.
    pub statement: u32,
    /// A command, a function or a foreign table.
    pub what: String,
    pub reason: Reason,
}

thread_local! {
    static LEFT_OUT: RefCell<Vec<LeftOut>> = const { RefCell::new(Vec::new()) };
}

/// Notes that something of the statement that is run now is left out. The same thing is noted once for a statement.
pub fn note(what: String, reason: Reason) {
    let (version, statement) = execute::current();
    let item = LeftOut { version, statement, what, reason };
    LEFT_OUT.with_borrow_mut(|all| {
        let of_statement = all
            .iter()
            .rev()
            .take_while(|other| (&other.version, other.statement) == (&item.version, item.statement));
        if !of_statement.into_iter().any(|other| *other == item) {
            all.push(item);
        }
    });
}

/// All that was noted, in order.
pub fn take() -> Vec<LeftOut> {
    LEFT_OUT.take()
}
