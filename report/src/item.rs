//! An item of drift.

use serde::{Deserialize, Serialize};

/// A row of `nself_drift`, or of `nself_baseline`, which has the first five columns alone.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct DriftItem {
    /// missing, extra or changed; of a baseline also migration and not compared
    pub kind: String,
    pub object_type: String,
    pub identity: String,
    pub expected: Option<String>,
    pub actual: Option<String>,
    pub remedy: Option<String>,
    /// additive, blocked or manual
    pub safety: Option<String>,
    pub reason: Option<String>,
    pub changed_by: Option<String>,
    pub changed_at: Option<String>,
    pub command: Option<String>,
}

impl DriftItem {
    /// Whether the two definitions look the same to a person.
    pub fn differs_in_line_ends_alone(&self) -> bool {
        match (&self.expected, &self.actual) {
            (Some(expected), Some(actual)) => {
                expected != actual && expected.replace('\r', "") == actual.replace('\r', "")
            }
            _ => false,
        }
    }
}
