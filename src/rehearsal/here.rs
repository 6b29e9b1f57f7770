//! What is in the live database of what a rehearsal touched: sizes, rows, writes. No row is read but the first one.

use std::collections::BTreeMap;

use nself_heal_core::hazard::{Here, Live, Measured};
use pgrx::pg_sys;
use serde::Deserialize;

use crate::error::Error;
use crate::server::session::with_pinned_settings;
use crate::server::transaction::undone;
use crate::server::{rows, spi};

#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    here: Here,
    /// Where its rows are.
    tables: Vec<u32>,
}

/// What is known here of all that was measured. The locks that the look takes are let go of.
pub fn read<'a>(measured: impl Iterator<Item = &'a Measured>) -> Result<Live, Error> {
    let mut names: Vec<String> = measured.flat_map(named).collect();
    names.sort_unstable();
    names.dedup();
    let found: BTreeMap<String, Found> = undone(|| {
        with_pinned_settings(|| {
            let mut found: BTreeMap<String, Found> =
                spi::read_json("here", sql!("rehearsal/here"), &[names.into()])?;
            for of in found.values_mut() {
                let tables: Vec<pg_sys::Oid> =
                    of.tables.iter().map(|table| pg_sys::Oid::from(*table)).collect();
                of.here.has_rows = spi::with_snapshot(|| Ok(rows::any(&tables)))?;
            }
            Ok(found)
        })
    })?;
    Ok(found.into_iter().map(|(name, of)| (name, of.here)).collect())
}

fn named(measured: &Measured) -> Vec<String> {
    let Measured {
        locks,
        held,
        locked_indexes,
        by_manual,
        rewritten,
        scanned,
        truncated,
        deleted_from,
        dropped_columns,
        dropped_tables,
        dropped_indexes,
        changes: _,
        gone: _,
        keys_without_index: _,
    } = measured;
    // The table of a dropped column is locked.
    let _ = dropped_columns;
    let lists = [rewritten, scanned, truncated, deleted_from, dropped_tables, dropped_indexes];
    let tables = locked_indexes.values().chain(by_manual.keys());
    locks.keys().chain(held.keys()).chain(tables).chain(lists.into_iter().flatten()).cloned().collect()
}
