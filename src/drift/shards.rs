//! Shards of Citus: tables in the schema of the table that they are parts of, called as it is with a number behind. Its own list says
//! which they are, for anybody's table may be called so.

use std::collections::BTreeSet;

use nself_heal_core::diff::Change;
use nself_heal_core::ignore;
use nself_heal_core::model::Catalog;

use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::spi;

/// The identities of the shards in this schema, as far as nobody expects them.
pub fn among(live: &Catalog, expected: &Catalog) -> Result<BTreeSet<String>, Error> {
    let is_expected = |identity: &str| expected.tables.iter().any(|table| table.identity == identity);
    let has_number = |name: &str| {
        name.rsplit_once('_')
            .is_some_and(|(_, last)| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
    };
    let named: Vec<&str> = live
        .tables
        .iter()
        .filter(|table| has_number(&table.name.name) && !is_expected(&table.identity))
        .map(|table| table.identity.as_str())
        .collect();
    if named.is_empty() { Ok(BTreeSet::new()) } else { read(Some(named)) }
}

/// The identities of all shards.
pub fn all() -> Result<BTreeSet<String>, Error> {
    read(None)
}

fn read(named: Option<Vec<&str>>) -> Result<BTreeSet<String>, Error> {
    as_extension_owner(|| {
        match spi::read_one::<bool>("SELECT to_regclass('pg_catalog.pg_dist_shard') IS NOT NULL", &[])? {
            Some(true) => spi::read_json("shards", SHARDS, &[named.into()]),
            _ => Ok(BTreeSet::new()),
        }
    })
}

/// Whether the change is a shard that is here, or something on one.
pub fn is_about(change: &Change, shards: &BTreeSet<String>) -> bool {
    let Change::Extra(object) = change else { return false };
    shards.contains(&object.identity()) || ignore::whole(*object).is_some_and(|whole| shards.contains(&whole))
}

/// Of a name that is too long with the number, the engine keeps the beginning, and puts a number of eight digits before.
const SHARDS: &str = "
SELECT coalesce(json_agg(format('%I.%I', n.nspname, c.relname)), '[]')::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND ($1::text[] IS NULL OR format('%I.%I', n.nspname, c.relname) = ANY ($1))
   AND EXISTS (SELECT FROM pg_catalog.pg_dist_shard s JOIN pg_class t ON t.oid = s.logicalrelid
                WHERE t.relnamespace = c.relnamespace
                  AND (c.relname = t.relname || '_' || s.shardid
                       OR octet_length(t.relname || '_' || s.shardid) > 63
                          AND right(c.relname, length(s.shardid::text) + 1) = '_' || s.shardid
                          AND starts_with(t.relname, left(c.relname, -length('_12345678_' || s.shardid)))))";
