//! Who made a drift: the latest DDL in nself.ddl_log that can have made it. Nobody is named for want of somebody better.

use nself_heal_core::noted::EventName;
use nself_heal_core::plan::{Kind, Step};
use pgrx::Json;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::capture;
use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::spi;

pub struct Culprit {
    /// The session user.
    pub changed_by: String,
    pub changed_at: TimestampWithTimeZone,
    pub command: Option<String>,
}

/// The columns of a culprit.
pub fn parts(culprit: Option<Culprit>) -> (Option<String>, Option<TimestampWithTimeZone>, Option<String>) {
    match culprit {
        Some(Culprit { changed_by, changed_at, command }) => (Some(changed_by), Some(changed_at), command),
        None => (None, None, None),
    }
}

/// The culprit of each step, as far as one was noted.
pub fn of_each<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Result<Vec<Option<Culprit>>, Error> {
    let mut found: Vec<Option<Culprit>> = Vec::new();
    let mut wanted = Vec::new();
    for step in steps {
        for (rank, EventName { address, speaks_of, did }) in step.noted_as.iter().enumerate() {
            let name = address.to_string();
            let did: Vec<String> = did.iter().map(|word| format!("{word} {name}")).collect();
            wanted.push(json!({
                "place": found.len(), "rank": rank, "name": name, "speaks_of": speaks_of, "did": did,
                "missing": step.kind == Kind::Missing,
            }));
        }
        found.push(None);
    }
    if wanted.is_empty() || capture::log().is_none() {
        return Ok(found);
    }
    capture::write_down();
    as_extension_owner(|| {
        spi::with_snapshot(|| {
            Spi::connect(|client| {
                let rows = client.select(sql!("culprits"), None, &[Json(Value::Array(wanted)).into()])?;
                for row in rows {
                    let place: Option<i32> = row.get(1)?;
                    if let (Some(place), Some(changed_by), Some(changed_at)) =
                        (place, row.get(2)?, row.get(3)?)
                    {
                        found[place as usize] =
                            Some(Culprit { changed_by, changed_at, command: row.get(4)? });
                    }
                }
                Ok(())
            })
        })
    })?;
    Ok(found)
}
