//! The expected state: the schema that a chain of migrations gives. It is replayed once and kept by the chain's hash.

use std::collections::BTreeMap;

use nself_heal_core::model::Catalog;
use pgrx::{notice, pg_sys};
use serde::Deserialize;

use crate::caller::as_extension_owner;
use crate::chain;
use crate::error::Error;
use crate::ledger::Applied;
use crate::{shadow, spi};

/// How many expected states are kept: going back and forth between a few chains costs no replay.
const KEPT: i32 = 8;

#[derive(Deserialize)]
struct Kept {
    catalog: String,
    skipped: Vec<String>,
}

/// The schema that the chain gives.
pub fn of(chain: &[Applied]) -> Result<Catalog, Error> {
    let hash = chain::hash(chain);
    // SAFETY: plain reads of the server's and the transaction's state.
    let (standby, read_only) = unsafe { (pg_sys::RecoveryInProgress(), pg_sys::XactReadOnly) };
    if let Some(replayed) = kept(&hash)? {
        if standby {
            notice!("this is a standby: the expected schema is the one that the primary worked out");
        }
        tell_skipped(&replayed);
        return Ok(replayed.catalog);
    }
    if standby {
        return Err(Error::Standby);
    }
    let replayed = shadow::replay(chain)?;
    tell_skipped(&replayed);
    if !read_only {
        keep(&hash, &replayed)?;
    }
    Ok(replayed.catalog)
}

/// Says what the expected schema does not know of, whether it was worked out now or before.
fn tell_skipped(replayed: &shadow::Replayed) {
    let mut counts = BTreeMap::new();
    for statement in &replayed.skipped {
        *counts.entry(statement.as_str()).or_insert(0) += 1;
    }
    if !counts.is_empty() {
        let listed: Vec<String> = counts.iter().map(|(statement, n)| format!("{statement} ({n})")).collect();
        notice!(
            "left out of the replay, because it reaches outside the database, and not compared: {}",
            listed.join(", ")
        );
    }
}

fn kept(hash: &str) -> Result<Option<shadow::Replayed>, Error> {
    let kept: Option<Kept> = as_extension_owner(|| {
        spi::read_json(
            "expected_state",
            "SELECT json_build_object('catalog', catalog, 'skipped', skipped)::text \
               FROM nself.expected_state WHERE chain_hash = $1",
            &[hash.into()],
        )
    })?;
    // A text that this version cannot read is one of another build: it is worked out again.
    Ok(kept.and_then(|Kept { catalog, skipped }| {
        Some(shadow::Replayed { catalog: serde_json::from_str(&catalog).ok()?, skipped })
    }))
}

fn keep(hash: &str, replayed: &shadow::Replayed) -> Result<(), Error> {
    let catalog = serde_json::to_string(&replayed.catalog)
        .map_err(|error| Error::BadAnswer { query: "expected_state", reason: error.to_string() })?;
    as_extension_owner(|| {
        // Another transaction may have kept the same and not have ended: a cache is not worth waiting for.
        if spi::read_one::<bool>("SELECT pg_try_advisory_xact_lock(7236270, 2)", &[])? != Some(true) {
            return Ok(());
        }
        spi::write(
            "INSERT INTO nself.expected_state (chain_hash, catalog, skipped) VALUES ($1, $2, $3::jsonb) \
             ON CONFLICT (chain_hash) DO UPDATE SET catalog = excluded.catalog, made_at = clock_timestamp()",
            &[hash.into(), catalog.as_str().into(), pgrx::Json(serde_json::json!(replayed.skipped)).into()],
        )?;
        spi::write(
            "DELETE FROM nself.expected_state WHERE chain_hash IN \
                    (SELECT chain_hash FROM nself.expected_state ORDER BY made_at DESC OFFSET $1)",
            &[KEPT.into()],
        )
    })
}
