//! What of an expected schema is enough to see that nothing differs.

use std::collections::BTreeMap;

use nself_heal_core::digest::Digests;
use nself_heal_core::evidence::ReplayDifference;
use nself_heal_core::model::NotCompared;
use serde::{Deserialize, Serialize};

use crate::catalog::access::sees_sql;
use crate::error::{Error, ServerError};
use crate::expected::shadow::ground::Unmade;
use crate::expected::shadow::left_out::LeftOut;

/// What is enough to see that nothing differs.
#[derive(Default, Serialize, Deserialize)]
pub struct Summary {
    pub digests: Digests,
    /// By object type.
    pub not_compared: BTreeMap<String, NotCompared>,
    /// What would have reached outside the database, and was left out of the replay.
    pub left_out: Vec<LeftOut>,
    /// What stood here before the first migration and could not be made in the shadow.
    pub unmade: Vec<Unmade>,
    /// Where the replay ended before its end. What later migrations left is known by evidence.
    pub failed: Option<Failure>,
    /// What migrations did otherwise here than in the replay.
    pub differences: Vec<ReplayDifference>,
    /// Whether the schema is not what the shadow held at the end of the replay.
    pub is_corrected: bool,
}

/// A migration that no replay can repeat.
#[derive(Clone, Serialize, Deserialize)]
pub struct Failure {
    pub version: String,
    /// The number of its statement, if one failed.
    pub statement: Option<usize>,
    pub error: ServerError,
}

impl Failure {
    /// As whoever asks may read it.
    pub fn into_error(self) -> Result<Error, Error> {
        let error =
            Error::ReplayFailed { version: self.version, statement: self.statement, source: self.error };
        Ok(if sees_sql()? { error } else { error.without_sql() })
    }
}
