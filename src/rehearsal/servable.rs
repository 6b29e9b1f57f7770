//! What a program such as Hasura can serve of the schema: as it is here, and as it is in a shadow after each pending
//! migration.

use serde_json::Value;

use crate::catalog::servable::read as read_here;
use crate::error::Error;
use crate::expected::shadow::rehearse::{Ran, Trial};
use crate::migrations::up::UpRequest;
use crate::rehearsal::pending::{Chosen, Tried, try_pending, why_failed};

/// A schema, and how it came to be.
pub struct Seen {
    pub state: &'static str,
    /// The migration after which it is so; nothing of the schema here and of that before all of them.
    pub migration: Option<(String, String, String)>,
    /// Why there is no schema.
    pub note: Option<String>,
    /// Nothing if it is as in the row before.
    pub schema: Option<Value>,
}

/// The schema of this database.
pub fn here() -> Result<Seen, Error> {
    Ok(Seen { state: "live", migration: None, note: None, schema: Some(read_here()?) })
}

/// The schema in a shadow before the pending migrations and after each of them; none if nothing is pending.
pub fn after_pending() -> Result<Vec<Seen>, Error> {
    let request = UpRequest {
        target: None,
        max_count: None,
        dry_run: true,
        tenant: None,
        by_itself: false,
        out_of_order: false,
    };
    let Tried { chosen, rans, sees_sql } = try_pending(&request, Trial::See)?;
    Ok(rows(&chosen, rans, sees_sql))
}

fn rows(chosen: &[Chosen], rans: Vec<Option<Ran>>, sees_sql: bool) -> Vec<Seen> {
    let mut last = None;
    let mut rows = Vec::new();
    for (chosen, ran) in chosen.iter().zip(rans) {
        let entry = chosen.entry();
        let migration = Some((entry.version.clone(), entry.name.clone(), entry.path.clone()));
        let note = why_failed(chosen, ran.as_ref(), sees_sql);
        let seen = ran.and_then(|ran| ran.seen);
        if let (None, Some((before, _))) = (&last, &seen) {
            rows.push(Seen { state: "applied", migration: None, note: None, schema: Some(before.clone()) });
            last = Some(before.clone());
        }
        let state = match (&seen, &note) {
            (Some(_), _) => "pending",
            (None, Some(_)) => "failed",
            (None, None) => "not run",
        };
        let schema = seen.map(|(_, after)| after).filter(|after| last.as_ref() != Some(after));
        if schema.is_some() {
            last.clone_from(&schema);
        }
        rows.push(Seen { state, migration, note, schema });
    }
    rows
}
