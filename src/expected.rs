//! The expected state: the schema that a chain of migrations gives. It is replayed once and kept by the chain's hash.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use nself_heal_core::digest::Digests;
use nself_heal_core::model::{Catalog, NotCompared};
use pgrx::{notice, pg_sys};
use serde::{Deserialize, Serialize};

use crate::caller::as_extension_owner;
use crate::chain;
use crate::error::Error;
use crate::ledger::Applied;
use crate::{shadow, spi};

/// How many expected states are kept: going back and forth between a few chains costs no replay.
const KEPT: i32 = 8;

/// The schema that a chain gives. Its digests are at hand; the rest is read when something differs.
pub struct Expected {
    chain: Vec<Applied>,
    hash: String,
    outline: Outline,
    catalog: OnceCell<Catalog>,
}

/// What is enough to see that nothing differs.
#[derive(Serialize, Deserialize)]
pub struct Outline {
    pub digests: Digests,
    /// By object type.
    pub not_compared: BTreeMap<String, NotCompared>,
    /// Statements that would have reached outside the database, and were left out of the replay.
    pub skipped: Vec<String>,
}

impl Expected {
    pub fn digests(&self) -> &Digests {
        &self.outline.digests
    }

    pub fn not_compared(&self) -> &BTreeMap<String, NotCompared> {
        &self.outline.not_compared
    }

    /// The whole schema.
    pub fn catalog(&self) -> Result<&Catalog, Error> {
        if self.catalog.get().is_none() {
            let kept: Option<Vec<u8>> = as_extension_owner(|| {
                spi::read_one(
                    "SELECT catalog FROM nself.expected_state WHERE chain_hash = $1",
                    &[self.hash.as_str().into()],
                )
            })?;
            // It may have been deleted since its outline was read.
            let catalog = match kept.and_then(|kept| postcard::from_bytes(&kept).ok()) {
                Some(catalog) => catalog,
                None => shadow::replay(&self.chain)?.catalog,
            };
            drop(self.catalog.set(catalog));
        }
        Ok(self.catalog.get().expect("it was set"))
    }
}

/// The schema that the chain gives.
pub fn of(chain: Vec<Applied>) -> Result<Expected, Error> {
    let hash = chain::hash(&chain);
    // SAFETY: plain reads of the server's and the transaction's state.
    let (standby, read_only) = unsafe { (pg_sys::RecoveryInProgress(), pg_sys::XactReadOnly) };
    if let Some(outline) = kept(&hash)? {
        if standby {
            notice!("this is a standby: the expected schema is the one that the primary worked out");
        }
        tell_skipped(&outline.skipped);
        return Ok(Expected { chain, hash, outline, catalog: OnceCell::new() });
    }
    if standby {
        return Err(Error::Standby);
    }
    let shadow::Replayed { catalog, outline } = shadow::replay(&chain)?;
    tell_skipped(&outline.skipped);
    if !read_only {
        keep(&hash, &outline, &catalog)?;
    }
    Ok(Expected { chain, hash, outline, catalog: catalog.into() })
}

/// Says what the expected schema does not know of, whether it was worked out now or before.
fn tell_skipped(skipped: &[String]) {
    let mut counts = BTreeMap::new();
    for statement in skipped {
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

fn kept(hash: &str) -> Result<Option<Outline>, Error> {
    let outline: Option<Vec<u8>> = as_extension_owner(|| {
        spi::read_one("SELECT outline FROM nself.expected_state WHERE chain_hash = $1", &[hash.into()])
    })?;
    Ok(outline.and_then(|outline| postcard::from_bytes(&outline).ok()))
}

fn keep(hash: &str, outline: &Outline, catalog: &Catalog) -> Result<(), Error> {
    let bad =
        |error: postcard::Error| Error::BadAnswer { query: "expected_state", reason: error.to_string() };
    let outline = postcard::to_allocvec(outline).map_err(bad)?;
    let catalog = postcard::to_allocvec(catalog).map_err(bad)?;
    as_extension_owner(|| {
        // Another transaction may have kept the same and not have ended: a cache is not worth waiting for.
        if spi::read_one::<bool>("SELECT pg_try_advisory_xact_lock(7236270, 2)", &[])? != Some(true) {
            return Ok(());
        }
        spi::write(
            "INSERT INTO nself.expected_state (chain_hash, outline, catalog) VALUES ($1, $2, $3) \
             ON CONFLICT (chain_hash) DO UPDATE \
                SET outline = excluded.outline, catalog = excluded.catalog, made_at = clock_timestamp()",
            &[hash.into(), outline.as_slice().into(), catalog.as_slice().into()],
        )?;
        spi::write(
            "DELETE FROM nself.expected_state WHERE chain_hash IN \
                    (SELECT chain_hash FROM nself.expected_state ORDER BY made_at DESC OFFSET $1)",
            &[KEPT.into()],
        )
    })
}
