//! Indexes that somebody builds now, while others write. Until one is built, the server calls it invalid, as it calls what a
//! failed build has left.

use std::collections::BTreeSet;

use nself_heal_core::diff::{Aspect, Change, Object};
use nself_heal_core::model::Catalog;

use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::spi;

/// The identities of the invalid indexes of this schema that are being built. Asked after the schema was read: what was
/// built meanwhile has changed the schema, and what failed meanwhile is a left-over.
pub fn among(live: &Catalog) -> Result<BTreeSet<String>, Error> {
    if live.indexes.iter().all(|index| index.valid) {
        return Ok(BTreeSet::new());
    }
    // Only its owner sees what all sessions do, and a transaction sees it as it was when it asked first.
    as_extension_owner(|| {
        spi::read_one::<bool>("SELECT pg_stat_clear_snapshot() IS NULL", &[])?;
        spi::read_json("indexes that are being built", BEING_BUILT, &[])
    })
}

/// Whether all that differs is that the index is not built yet.
pub fn is_about(change: &Change, being_built: &BTreeSet<String>) -> bool {
    match change {
        Change::Extra(Object::Index(index)) => being_built.contains(&index.identity),
        Change::Changed { live: Object::Index(index), differences, .. } => {
            being_built.contains(&index.identity)
                && differences.iter().all(|difference| difference.what == Aspect::Validity)
        }
        _ => false,
    }
}

/// Who builds an index keeps a lock of its table. CREATE INDEX tells which index it is once others can see it; REINDEX makes
/// all its indexes first.
const BEING_BUILT: &str = "
SELECT coalesce(json_agg(DISTINCT format('%I.%I', n.nspname, r.relname)), '[]')::text
  FROM pg_stat_progress_create_index p
  JOIN pg_locks l ON l.pid = p.pid AND l.database = p.datid AND l.locktype = 'relation' AND l.granted
                 AND l.mode = 'ShareUpdateExclusiveLock'
  JOIN pg_index i ON i.indrelid = l.relation AND NOT (i.indisvalid AND i.indisready)
  JOIN pg_class r ON r.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE p.datname = current_database()
   AND (p.command = 'CREATE INDEX CONCURRENTLY' AND p.index_relid IN (0, i.indexrelid)
        OR p.command = 'REINDEX CONCURRENTLY')";
