//! Where expected schemas are kept, by the hash of their chain.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::model::Catalog;
use nself_heal_core::pieces::Pieces;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::expected::summary::Summary;
use crate::server::own_lock::{OwnLock, try_take};
use crate::server::session::as_extension_owner;
use crate::server::spi;

/// How many expected states are kept: going back and forth between a few chains costs no replay. Tenants that were added at other
/// times have other chains, so of theirs more are kept, and they push none of the database out.
const KEPT: i32 = 8;
const KEPT_OF_TENANTS: i32 = 32;

/// What the hash of a chain begins with that was replayed for tenants.
pub const OF_TENANTS: &str = "tenant ";

/// Where each piece begins in what is kept, and how long it is, in bytes: the rest, and relations by identity.
#[derive(Default, Serialize, Deserialize)]
pub struct Places {
    pub rest: (u32, u32),
    pub relations: BTreeMap<String, (u32, u32)>,
}

pub fn kept(hash: &str) -> Result<Option<(Summary, Places)>, Error> {
    let outline: Option<Vec<u8>> = as_extension_owner(|| {
        spi::read_one("SELECT outline FROM nself.expected_state WHERE chain_hash = $1", &[hash.into()])
    })?;
    Ok(outline.and_then(|outline| postcard::from_bytes(&outline).ok()))
}

pub fn keep(hash: &str, outline: &Summary, pieces: &Pieces, schemas: Vec<String>) -> Result<Places, Error> {
    let bad =
        |error: postcard::Error| Error::BadAnswer { query: "expected_state", reason: error.to_string() };
    let mut bytes: Vec<u8> = Vec::new();
    let mut append = |piece: &Catalog| {
        let begin = bytes.len();
        bytes = postcard::to_extend(piece, std::mem::take(&mut bytes)).map_err(bad)?;
        Ok::<_, Error>((begin as u32, (bytes.len() - begin) as u32))
    };
    let mut places = Places { rest: append(&pieces.rest)?, ..Places::default() };
    for (relation, piece) in &pieces.relations {
        places.relations.insert(relation.clone(), append(piece)?);
    }
    let outline = postcard::to_allocvec(&(outline, &places)).map_err(bad)?;
    let of_tenants = hash.starts_with(OF_TENANTS);
    let many = if of_tenants { KEPT_OF_TENANTS } else { KEPT };
    as_extension_owner(|| {
        // Another transaction may have kept the same and not have ended: a cache is not worth waiting for.
        if !try_take(OwnLock::ExpectedState) {
            return Ok(());
        }
        spi::write(
            "INSERT INTO nself.expected_state (chain_hash, outline, pieces, schemas) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (chain_hash) DO UPDATE \
                SET outline = excluded.outline, pieces = excluded.pieces, schemas = excluded.schemas, \
                    made_at = clock_timestamp()",
            &[hash.into(), outline.as_slice().into(), bytes.as_slice().into(), schemas.into()],
        )?;
        spi::write(
            "DELETE FROM nself.expected_state WHERE chain_hash IN \
                    (SELECT chain_hash FROM nself.expected_state WHERE starts_with(chain_hash, $2) = $3 \
                      ORDER BY made_at DESC OFFSET $1)",
            &[many.into(), OF_TENANTS.into(), of_tenants.into()],
        )
    })?;
    Ok(places)
}

/// The schemas that the migrations made, or made relations in. What was there `before` them does not count.
pub fn schemas(pieces: &Pieces, before: Option<&Catalog>) -> Vec<String> {
    let named = |catalog: &Catalog| -> BTreeSet<(String, String)> {
        let made = catalog.schemas.iter().map(|of| (of.name.clone(), String::new()));
        let tables = catalog.tables.iter().map(|of| (of.name.schema.clone(), of.identity.clone()));
        let sequences = catalog.sequences.iter().map(|of| (of.name.schema.clone(), of.identity.clone()));
        made.chain(tables).chain(sequences).collect()
    };
    let before = before.map(named).unwrap_or_default();
    let catalogs = std::iter::once(&pieces.rest).chain(pieces.relations.values());
    let all: BTreeSet<String> = catalogs
        .flat_map(named)
        .filter(|object| !before.contains(object))
        .map(|(schema, _)| schema)
        .collect();
    all.into_iter().collect()
}
