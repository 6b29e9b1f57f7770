//! Makes the ground in the shadow: what stood in the live database before its first migration.

use std::collections::BTreeMap;

use nself_heal_core::ground::{Making, fillings, makings};
use nself_heal_core::model::{Address, Catalog};
use serde::{Deserialize, Serialize};

use crate::catalog::{self, Wanted};
use crate::error::Error;
use crate::expected::shadow::owners_rights;
use crate::server::session::{with_pinned_settings, with_settings};
use crate::server::spi::{self, with_snapshot};
use crate::server::transaction::{in_transaction, subtransaction};

/// Something of the ground that the shadow could not have.
#[derive(Clone, Serialize, Deserialize)]
pub struct Unmade {
    pub object: Address,
    /// What the server said.
    pub reason: String,
}

/// How often the shadow is read again, and what it still lacks is made: objects first, then whom they belong to and who may
/// use them, then what is left of rights that came by themselves.
const ROUNDS: usize = 5;

/// Makes the ground, and returns what is missing all the same. What is there in another form than it was is no matter here:
/// what the migrations gave is compared with the live schema in any case.
pub fn make(ground: &Catalog) -> Result<Vec<Unmade>, Error> {
    owners_rights::begin();
    let mut unmade = Vec::new();
    for event_triggers in [false, true] {
        unmade = make_in_rounds(ground, event_triggers)?;
        if !event_triggers {
            in_transaction(|| {
                fillings(ground).iter().for_each(|sql| drop(attempt(sql)));
                Ok(())
            })?;
        }
    }
    Ok(unmade)
}

fn make_in_rounds(ground: &Catalog, event_triggers: bool) -> Result<Vec<Unmade>, Error> {
    let (mut last, mut refused) = (Vec::new(), BTreeMap::new());
    for _ in 0..ROUNDS {
        let there = in_transaction(|| {
            with_pinned_settings(|| with_snapshot(|| catalog::read_with_dependencies(&Wanted::ALL)))
        })?;
        let lacking = makings(ground, &there, event_triggers);
        if lacking == last {
            break;
        }
        refused = in_transaction(|| run(&lacking))?;
        last = lacking;
    }
    let missing = last.into_iter().filter(|making| making.is_missing);
    let unmade = missing.filter_map(|Making { object, .. }| {
        let reason = refused.remove(&object)?;
        Some(Unmade { object, reason })
    });
    Ok(unmade.collect())
}

/// Runs each of them, and returns what the server said of those that it refused.
fn run(makings: &[Making]) -> Result<BTreeMap<Address, String>, Error> {
    let mut refused = BTreeMap::new();
    for Making { object, sql, .. } in makings {
        if let Err(error) = attempt(sql) {
            refused.insert(object.clone(), error.to_string());
        }
    }
    Ok(refused)
}

fn attempt(sql: &str) -> Result<(), Error> {
    // Bodies of functions may speak of what comes later. Triggers of the ground are not to see how it is made.
    let settings = [("check_function_bodies", "off"), ("session_replication_role", "replica")];
    subtransaction(|| with_pinned_settings(|| with_settings(&settings, || spi::write(sql, &[]))))
}
