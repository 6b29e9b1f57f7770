//! Partitions that pg_partman's retention has dropped or detached.

use nself_heal_core::model::Catalog;
use nself_heal_core::retention::{Departed, Retained, is_in_question, leave_out};
use pgrx::pg_sys;

use crate::error::Error;
use crate::server::locked::{can_be_read, glance};
use crate::server::spi::{self, with_snapshot};
use crate::server::trust;

/// The tables in which pg_partman is told what to keep, wherever somebody has put it: their identity and OID, and their
/// owner. That they have these columns as plain texts says that reading them runs no code.
const CONFIGURATIONS: &str = "
SELECT coalesce(json_agg(json_build_array(format('%I.%I', n.nspname, r.relname), r.oid::bigint, r.relowner::bigint)), '[]')::text
  FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE r.relname = 'part_config' AND r.relkind = 'r' AND NOT r.relforcerowsecurity
   AND (SELECT count(*) FROM pg_attribute a
         WHERE a.attrelid = r.oid AND a.attname IN ('parent_table', 'retention') AND a.atttypid = 'text'::regtype) = 2";

/// The partitioned tables with a retention. Only whoever has the rights of a table's owner could drop its partitions, so only
/// then the configuration is believed.
const RETAINED: &str = "
SELECT coalesce(json_agg(json_build_object(
           'table', format('%I.%I', n.nspname, r.relname),
           'bounds', (SELECT coalesce(json_agg(pg_get_expr(p.relpartbound, p.oid)), '[]')
                        FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE i.inhparent = r.oid))), '[]')::text
  FROM ONLY {table} c
  JOIN pg_class r ON r.relkind = 'p'
  JOIN pg_namespace n ON n.oid = r.relnamespace AND concat(n.nspname, '.', r.relname) = c.parent_table
 WHERE c.retention IS NOT NULL AND pg_has_role($1, r.relowner, 'USAGE')";

/// Takes what a retention has taken away out of both schemas.
pub fn taken_away(expected: &mut Catalog, live: &mut Catalog) -> Result<Vec<Departed>, Error> {
    if !is_in_question(expected, live) {
        return Ok(Vec::new());
    }
    let mut retained: Vec<Retained> = Vec::new();
    let configurations: Vec<(String, u32, u32)> = spi::read_json("part_config", CONFIGURATIONS, &[])?;
    for (table, oid, owner) in configurations {
        let owner = pg_sys::Oid::from(owner);
        if !can_be_read(pg_sys::Oid::from(oid)) {
            continue;
        }
        let read = || {
            with_snapshot(|| {
                spi::read_json("retention", &RETAINED.replace("{table}", &table), &[owner.into()])
            })
        };
        // Where somebody has locked it, or its owner cannot read it, it says nothing.
        let found: Result<Vec<Retained>, Error> = glance(|| trust::as_owner(owner, read));
        retained.extend(found.unwrap_or_default());
    }
    Ok(leave_out(expected, live, &retained))
}
