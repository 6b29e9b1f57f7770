//! What of an expected schema is enough to see that nothing differs.

use std::collections::BTreeMap;

use nself_heal_core::digest::Digests;
use nself_heal_core::model::NotCompared;
use serde::{Deserialize, Serialize};

use crate::expected::shadow::ground::Unmade;
use crate::expected::shadow::left_out::LeftOut;

/// What is enough to see that nothing differs.
#[derive(Serialize, Deserialize)]
pub struct Summary {
    pub digests: Digests,
    /// By object type.
    pub not_compared: BTreeMap<String, NotCompared>,
    /// What would have reached outside the database, and was left out of the replay.
    pub left_out: Vec<LeftOut>,
    /// What stood here before the first migration and could not be made in the shadow.
    pub unmade: Vec<Unmade>,
}
