//! The hazards of pending migrations. They need a rehearsal in a shadow database, so it is done when a person asks, and for
//! Prometheus once for each list of pending migrations.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use crate::database::{Call, Database};
use crate::kept::Kept;
use crate::log;
use crate::refusal::Refusal;

/// Without the SQL of the migrations.
const COLUMNS: &str = "version, name, line, status, note, found";

/// A row of `nself_migrate_rehearse`.
#[derive(Deserialize)]
pub struct Rehearsed {
    pub version: String,
    pub name: String,
    pub line: Option<i32>,
    /// ran, left out, failed or not run
    pub status: String,
    pub note: Option<String>,
    pub found: Vec<Hazard>,
}

#[derive(Deserialize)]
pub struct Hazard {
    pub hazard: String,
    pub sentence: String,
    pub gentler: String,
    /// Why it is accepted, if the file says so.
    pub allowed: Option<String>,
}

pub async fn rehearse(database: &Database) -> Result<Vec<Rehearsed>, Refusal> {
    Ok(database.rows(Call::to("nself_migrate_rehearse", COLUMNS)).await?)
}

/// The last rehearsal that this server has asked for.
#[derive(Default)]
pub struct LastRehearsal {
    kept: Kept<Vec<Rehearsed>>,
    /// The pending migrations for which the last one was begun behind a scrape.
    begun_for: Mutex<Vec<String>>,
}

impl LastRehearsal {
    pub fn kept(&self) -> &Kept<Vec<Rehearsed>> {
        &self.kept
    }

    /// Begins a rehearsal behind who looks, if other migrations are pending than before. Of none there is nothing to say.
    pub fn renew(self: &Arc<Self>, database: &Arc<Database>, pending: Vec<String>) {
        if !self.is_news(pending) {
            return;
        }
        let (last, database) = (Arc::clone(self), Arc::clone(database));
        tokio::spawn(async move {
            if let Err(refusal) = last.kept.ask(rehearse(&database)).await {
                log::event(
                    "rehearsal",
                    &format!("the rehearsal behind a scrape failed: {}", refusal.message),
                );
            }
        });
    }

    fn is_news(&self, pending: Vec<String>) -> bool {
        let mut begun_for = self.begun_for.lock().unwrap_or_else(PoisonError::into_inner);
        if *begun_for == pending {
            return false;
        }
        *begun_for = pending;
        self.kept.forget();
        !begun_for.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_of_pending_migrations_is_rehearsed_once() {
        let last = LastRehearsal::default();
        assert!(!last.is_news(Vec::new()));
        assert!(last.is_news(vec!["2".to_owned()]));
        last.kept.ask(async { Ok(Vec::new()) }).await.unwrap();
        assert!(!last.is_news(vec!["2".to_owned()]));
        assert!(last.kept.view().last.is_some());
        assert!(last.is_news(vec!["2".to_owned(), "3".to_owned()]));
        assert!(last.kept.view().last.is_none(), "what is known of another list says nothing of this one");
        assert!(!last.is_news(Vec::new()));
    }
}
