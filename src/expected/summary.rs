//! What of an expected schema is enough to see that nothing differs.

use std::collections::BTreeMap;

use nself_heal_core::digest::Digests;
use nself_heal_core::evidence::ReplayDifference;
use nself_heal_core::migrations::Applied;
use nself_heal_core::model::NotCompared;
use serde::{Deserialize, Serialize};

use crate::catalog::access::sees_sql;
use crate::error::{Error, Place, ServerError};
use crate::expected::shadow::ground::Unmade;
use crate::expected::shadow::left_out::LeftOut;
use crate::migrations::execute::line_of_error;
use crate::migrations::script::split;
use crate::server::transaction::try_read;

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
        self.at(None)
    }

    /// The same of a migration that is pending, and of where it fails.
    pub fn into_error_of_pending(self, migration: &Applied) -> Result<Error, Error> {
        let statements = try_read(|| split(&migration.script())).unwrap_or_default();
        let statement = self.statement.and_then(|number| statements.get(number.checked_sub(1)?));
        let line = statement.map_or(1, |statement| line_of_error(statement, &self.error));
        self.at(Some(Place { path: migration.path.clone(), line }))
    }

    fn at(self, pending: Option<Place>) -> Result<Error, Error> {
        let Self { version, statement, error: source } = self;
        let error = Error::ReplayFailed { version, statement, pending, source };
        Ok(if sees_sql()? { error } else { error.without_sql() })
    }
}
