//! Drift: asked for, answered, and kept for those who only look.

use std::sync::Arc;
use std::time::Duration;

use nself_report::DriftItem;
use serde::Serialize;

use crate::database::{Answer, Call, Database, Failure};
use crate::kept::{Kept, Moment};
use crate::log;
use crate::refusal::Refusal;

pub const DRIFT_COLUMNS: &str =
    "kind, object_type, identity, expected, actual, remedy, safety, reason, changed_by, changed_at, command";

/// What a drift found, as it is answered.
#[derive(Debug, Serialize)]
pub struct Drift {
    pub items: Vec<DriftItem>,
    pub not_compared: Option<String>,
}

impl Drift {
    /// Asks for it, against what is applied if nothing else is said.
    pub async fn of(database: &Database, against: Option<String>) -> Result<Self, Refusal> {
        let call = Call::to("nself_drift", DRIFT_COLUMNS).with("against", "text", against);
        Ok(Self::read(database.call(call).await?)?)
    }

    fn read(answer: Answer) -> Result<Self, Failure> {
        let items = serde_json::from_str(&answer.rows).map_err(|_| Failure::Row("nself_drift"))?;
        Ok(Self { items, not_compared: answer.not_compared })
    }

    pub fn json(&self) -> Result<String, Refusal> {
        Ok(serde_json::to_string(self).map_err(|_| Failure::Row("nself_drift"))?)
    }
}

/// The last drift against the applied migrations that this server has asked for.
#[derive(Default)]
pub struct LastDrift(Kept<Drift>);

impl LastDrift {
    /// Asks for drift, and keeps what it finds.
    pub async fn ask(&self, database: &Database) -> Result<Arc<Moment<Drift>>, Refusal> {
        self.0.ask(Drift::of(database, None)).await
    }

    pub fn kept(&self) -> &Kept<Drift> {
        &self.0
    }

    /// Begins a drift behind who looks, if the last one is older than `longest_age` and none was begun since.
    pub fn renew(self: &Arc<Self>, database: &Arc<Database>, longest_age: Duration) {
        if !self.0.is_due(longest_age) {
            return;
        }
        let (last, database) = (Arc::clone(self), Arc::clone(database));
        tokio::spawn(async move {
            if let Err(refusal) = last.ask(&database).await {
                log::event(
                    "drift",
                    &format!("the drift behind a scrape or the page failed: {}", refusal.message),
                );
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_is_answered_with_what_was_not_compared() {
        let rows = r#"[{"kind":"extra","object_type":"table","identity":"public.t","expected":null,"actual":"1 column","remedy":null,"safety":"manual","reason":null,"changed_by":null,"changed_at":null,"command":null}]"#;
        let answer = Answer { rows: rows.to_owned(), not_compared: Some("1 subscription".to_owned()) };
        let drift = Drift::read(answer).unwrap();
        assert_eq!(drift.json().unwrap(), format!(r#"{{"items":{rows},"not_compared":"1 subscription"}}"#));
    }
}
