//! After a migration or a heal that changed the schema, Hasura is told to read it anew: behind the answer, for Hasura waits for
//! that. How it went is in the log, and never makes the migration look failed.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::sleep;

use crate::database::{Call, Database, Failure};
use crate::heal::Job;
use crate::log;
use crate::metadata::api::{Inconsistent, Reload};
use crate::metadata::{ApiError, Client};
use crate::refusal::Refusal;

/// How long Hasura may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a job is looked at.
const LOOKS: Duration = Duration::from_millis(500);
const SETTING: &str = "select coalesce(pg_catalog.current_setting('nself.hasura_endpoint', true), '')";
/// The word of the log.
const EVENT: &str = "hasura";

/// Where Hasura is, if that is not what the database says, and what proves to it who asks.
#[derive(Default)]
pub struct Hasura {
    pub endpoint: Option<String>,
    pub admin_secret: Option<String>,
}

/// What may have changed the schema.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    Migrations,
    /// The heal of this job, which may be at work still.
    Heal(i64),
}

impl Change {
    /// What the answer to a `nself_migrate_up` that was no dry run tells.
    pub fn of_migrations(answer: &str) -> Option<Self> {
        let rows: Vec<IgnoredAny> = serde_json::from_str(answer).ok()?;
        (!rows.is_empty()).then_some(Self::Migrations)
    }

    /// What the answer to a `nself_heal` that was confirmed tells.
    pub fn of_heal(answer: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Healed {
            job: i64,
        }
        let healed: Healed = serde_json::from_str(answer).ok()?;
        Some(Self::Heal(healed.job))
    }

    async fn is_real(&self, database: &Database) -> Result<bool, Failure> {
        match self {
            Self::Migrations => Ok(true),
            Self::Heal(job) => has_healed(database, *job).await,
        }
    }
}

impl Hasura {
    /// Tells Hasura, if the database says where it is.
    pub async fn tell(&self, database: &Database, change: Change) {
        let said = match change.is_real(database).await {
            Ok(false) => return,
            Ok(true) => database.ask(SETTING, &[]).await,
            Err(failure) => Err(failure),
        };
        match said {
            Ok(said) if said.is_empty() => {}
            Ok(said) => {
                let message = match self.reload(said).await {
                    Ok((endpoint, objects)) => result(&endpoint, &objects),
                    Err(error) => format!("it was not told that the schema has changed: {error}"),
                };
                log::event(EVENT, &message);
            }
            Err(failure) => {
                let message = Refusal::from(failure).message;
                log::event(EVENT, &format!("it was not told that the schema has changed: {message}"));
            }
        }
    }

    async fn reload(&self, said: String) -> Result<(String, Vec<Inconsistent>), ApiError> {
        let endpoint = self.endpoint.clone().unwrap_or(said);
        let client = Client::new(&endpoint, self.admin_secret.as_deref(), PATIENCE)?;
        let asked = tokio::task::spawn_blocking(move || {
            let objects = client.reload(&Reload::default())?;
            Ok((client.endpoint().to_owned(), objects))
        });
        asked.await.unwrap_or_else(|error| Err(ApiError::Away { endpoint, cause: error.to_string() }))
    }
}

fn result(endpoint: &str, objects: &[Inconsistent]) -> String {
    match objects {
        [] => format!("{endpoint} has read the schema anew"),
        objects => {
            let list: Vec<String> = objects.iter().map(Inconsistent::to_string).collect();
            format!("the metadata of {endpoint} has {} inconsistent: {}", objects.len(), list.join("; "))
        }
    }
}

/// Waits for the end of a heal, and tells whether it has done anything.
async fn has_healed(database: &Database, number: i64) -> Result<bool, Failure> {
    loop {
        let call = Call::to("nself_job", "state, event").with("job", "int8", Some(number));
        let rows: Vec<Job> = database.rows(call).await?;
        match rows.into_iter().next() {
            Some(job) if !job.is_over() => sleep(LOOKS).await,
            Some(Job { event: Some(event), .. }) => return has_applied(database, event).await,
            _ => return Ok(false),
        }
    }
}

async fn has_applied(database: &Database, event: i64) -> Result<bool, Failure> {
    #[derive(Deserialize)]
    struct Step {
        status: String,
    }
    let call = Call::to("nself_heal_steps", "status").with("event", "int8", Some(event));
    let steps: Vec<Step> = database.rows(call).await?;
    Ok(steps.iter().any(|step| step.status == "applied"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_did_something_is_a_change() {
        assert_eq!(Change::of_migrations("[]"), None);
        assert_eq!(Change::of_migrations(r#"[{"version":"1"}]"#), Some(Change::Migrations));
        assert_eq!(Change::of_heal(r#"{"job":null,"state":"planned","steps":[]}"#), None);
        assert_eq!(Change::of_heal(r#"{"job":7,"state":"running","steps":[]}"#), Some(Change::Heal(7)));
    }
}
