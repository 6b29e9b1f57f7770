//! What others hold. Nobody is made to wait for what is compared, and a comparison waits for nobody: what somebody has
//! locked against readers is left out, and told. Printing a text needs the weakest lock of the tables that it speaks of,
//! so these are tried first, one by one; a lock that somebody takes after that is waited for for a moment only.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::model::Address;
use pgrx::pg_sys;

use crate::error::Error;
use crate::server::session::with_settings;
use crate::server::spi;
use crate::server::transaction::undone;

/// How long a reader waits for a lock at most, in milliseconds.
const MOMENT: i32 = 20;

/// Runs `work`, which only reads: it waits for a lock for a moment at most, and lets go of all locks that it has taken.
/// The moment is over before the server looks for deadlocks, so that nobody else is ended for it.
pub fn glance<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: plain reads of two settings, in milliseconds; a lock_timeout of 0 is no limit.
    let (deadlock, own) = unsafe { (pg_sys::DeadlockTimeout, pg_sys::LockTimeout) };
    let moment = MOMENT.min((deadlock / 4).max(1));
    let moment = if own > 0 { moment.min(own) } else { moment };
    undone(|| with_settings(&[("lock_timeout", &moment.to_string())], work))
}

/// Whether an error says that a lock could not be had at once.
pub fn is_locked(error: &Error) -> bool {
    match error {
        Error::Locked { .. } => true,
        Error::Server(error) => matches!(error.sqlstate().as_str(), "55P03" | "40P01"),
        _ => false,
    }
}

/// Whether a relation could be read now. Nobody waits, and no lock is kept.
pub fn can_be_read(relation: pg_sys::Oid) -> bool {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: the lock is let go of at once.
    unsafe {
        let is_free = pg_sys::ConditionalLockRelationOid(relation, lock);
        if is_free {
            pg_sys::UnlockRelationOid(relation, lock);
        }
        is_free
    }
}

/// A relation that may be read.
pub struct Wanted {
    pub identity: String,
    pub oid: pg_sys::Oid,
    /// As in pg_class.
    pub kind: u8,
}

/// What cannot be read now.
#[derive(Default)]
pub struct Held {
    /// By identity: the type, and why.
    pub relations: BTreeMap<String, (&'static str, String)>,
    /// What belongs to no relation, and why.
    pub rest: Vec<(Address, String)>,
    /// The relations that are locked.
    pub locked: Vec<pg_sys::Oid>,
}

/// What of these relations, and of the rest if that is wanted, cannot be read now. `all` is for when it was not enough
/// to look at what is known to need a lock.
pub fn among(wanted: &[Wanted], rest: bool, all: bool) -> Result<Held, Error> {
    let oids: Vec<pg_sys::Oid> = wanted.iter().map(|relation| relation.oid).collect();
    let mut needs: Vec<(u32, u32)> = spi::read_json("texts", TEXTS, &[oids.into()])?;
    if all {
        needs.extend(wanted.iter().map(|relation| (relation.oid.to_u32(), relation.oid.to_u32())));
    }
    let parts: Vec<(u32, String, String)> = match rest {
        true => spi::read_json("texts of the rest", TEXTS_OF_REST, &[])?,
        false => Vec::new(),
    };
    let needed: BTreeSet<u32> =
        needs.iter().map(|(_, needed)| *needed).chain(parts.iter().map(|(needed, ..)| *needed)).collect();
    let locked: Vec<pg_sys::Oid> =
        needed.into_iter().map(pg_sys::Oid::from).filter(|oid| !can_be_read(*oid)).collect();
    if locked.is_empty() {
        return Ok(Held::default());
    }
    let who: BTreeMap<u32, String> = spi::read_json("who has locked", WHO, &[locked.clone().into()])?;
    let why = |needed: &u32| {
        let who = who.get(needed).map_or("another session has locked what it needs", String::as_str);
        format!("{who}, so this cannot be compared now")
    };
    let is_locked = |needed: &u32| locked.contains(&pg_sys::Oid::from(*needed));
    let mut held = Held::default();
    let by_oid: BTreeMap<u32, &Wanted> = wanted.iter().map(|one| (one.oid.to_u32(), one)).collect();
    for (of, needed) in needs.iter().filter(|(_, needed)| is_locked(needed)) {
        if let Some(relation) = by_oid.get(of) {
            held.relations.insert(relation.identity.clone(), (type_of(relation.kind), why(needed)));
        }
    }
    for (needed, object_type, identity) in parts.iter().filter(|(needed, ..)| is_locked(needed)) {
        held.rest.push((Address::new(object_type, identity), why(needed)));
    }
    held.locked = locked;
    Ok(held)
}

fn type_of(kind: u8) -> &'static str {
    match kind {
        b'v' => "view",
        b'm' => "materialized view",
        b'f' => "foreign table",
        b'S' => "sequence",
        b'c' => "composite type",
        _ => "table",
    }
}

/// Which of the relations $1 have texts, and the relations that these speak of: [[of, needed], …].
const TEXTS: &str = "
SELECT coalesce(json_agg(json_build_array(x.of::int8, x.needed::int8)), '[]')::text
  FROM (SELECT r.oid, r.oid
          FROM pg_class r
         WHERE r.oid = ANY ($1)
           AND (r.relkind IN ('v', 'm') OR r.relhasrules OR r.relpartbound IS NOT NULL
                OR EXISTS (SELECT FROM pg_attrdef d WHERE d.adrelid = r.oid)
                OR EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = r.oid AND c.conbin IS NOT NULL)
                OR EXISTS (SELECT FROM pg_index i
                            WHERE i.indrelid = r.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
                OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid)
                OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = r.oid AND t.tgqual IS NOT NULL)
                OR EXISTS (SELECT FROM pg_statistic_ext s WHERE s.stxrelid = r.oid AND s.stxexprs IS NOT NULL))
         UNION
        SELECT w.ev_class, d.refobjid
          FROM pg_rewrite w
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                          AND d.refclassid = 'pg_class'::regclass
         WHERE w.ev_class = ANY ($1)
         UNION
        SELECT p.polrelid, d.refobjid
          FROM pg_policy p
          JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                          AND d.refclassid = 'pg_class'::regclass
         WHERE p.polrelid = ANY ($1)) x(of, needed)";

/// The relations that bodies of functions and conditions of publications speak of: [[needed, type, identity], …].
const TEXTS_OF_REST: &str = "
SELECT coalesce(json_agg(json_build_array(x.needed::int8, i.type, i.identity)), '[]')::text
  FROM (SELECT DISTINCT 'pg_proc'::regclass, p.oid, d.refobjid
          FROM pg_proc p
          JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.refclassid = 'pg_class'::regclass
         WHERE p.prosqlbody IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid AND m.deptype = 'e')
         UNION
        SELECT 'pg_publication_rel'::regclass, m.oid, m.prrelid FROM pg_publication_rel m WHERE m.prqual IS NOT NULL)
       x(class, oid, needed)
 CROSS JOIN LATERAL pg_identify_object(x.class, x.oid, 0) i";

/// Who has locked the relations $1 against readers, or waits for that: {relation: sentence, …}.
const WHO: &str = "
SELECT coalesce(json_object_agg(x.relation, x.who), '{}')::text
  FROM (SELECT DISTINCT ON (l.relation) l.relation,
               format('process %s %s %I.%I', l.pid, CASE WHEN l.granted THEN 'has locked' ELSE 'waits for a lock of' END,
                      n.nspname, r.relname) AS who
          FROM pg_locks l
          JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
          JOIN pg_class r ON r.oid = l.relation
          JOIN pg_namespace n ON n.oid = r.relnamespace
         WHERE l.locktype = 'relation' AND l.relation = ANY ($1) AND l.mode = 'AccessExclusiveLock'
           AND l.pid <> pg_backend_pid()
         ORDER BY l.relation, l.granted DESC, l.pid) x";
