//! What pg_dump is silent about. It is asked of the catalogs, by queries that share nothing with the product's: constraints whose
//! own triggers somebody has switched, and privileges on members of extensions that are no more what the script gave.

use std::collections::BTreeSet;

use nself_harness::{Doing, Error};
use postgres::Client;

use super::fact::{Address, Fact, Facts, State};

/// Constraints that are not carried out as they were made, each with the triggers that are switched: those of partitions
/// count as those of the constraint that was declared.
const SWITCHED: &str = "
WITH RECURSIVE part(oid, declared) AS (
    SELECT oid, oid FROM pg_constraint WHERE conparentid = 0
    UNION ALL
    SELECT c.oid, p.declared FROM part p JOIN pg_constraint c ON c.conparentid = p.oid)
SELECT format('%I on %I.%I', k.conname, n.nspname, r.relname),
       string_agg(DISTINCT concat_ws(' ', t.tgrelid::regclass, t.tgtype, t.tgenabled), ', ')
  FROM pg_trigger t
  JOIN part p ON p.oid = t.tgconstraint
  JOIN pg_constraint k ON k.oid = p.declared
  JOIN pg_class r ON r.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE t.tgisinternal AND t.tgenabled <> 'O'
 GROUP BY 1";

/// Of each member whose privileges were touched, what a role may do now, and what it could when the script had run.
const MEMBERS: &str = "
WITH member AS (
    SELECT d.classid, d.objid, quote_ident(e.extname) AS extension
      FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
     WHERE d.deptype = 'e' AND e.extname NOT IN ('nself_heal', 'plpgsql')),
touched AS (
    SELECT m.*, x.owner, x.now, coalesce(i.initprivs, acldefault(x.sort::\"char\", x.owner)) AS at_first
      FROM member m
      JOIN (SELECT 'pg_proc'::regclass, oid, proowner, proacl, 'f' FROM pg_proc
            UNION ALL
            SELECT 'pg_class'::regclass, oid, relowner, relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END FROM pg_class
             WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            UNION ALL
            SELECT 'pg_type'::regclass, oid, typowner, typacl, 'T' FROM pg_type
            UNION ALL
            SELECT 'pg_namespace'::regclass, oid, nspowner, nspacl, 'n' FROM pg_namespace
           ) x(classid, objid, owner, now, sort) USING (classid, objid)
      LEFT JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid AND i.objsubid = 0
     WHERE x.now IS NOT NULL),
said AS (
    SELECT classid, objid, extension, owner, a.is_now, p.grantee, p.privilege_type, p.is_grantable
      FROM touched, LATERAL (VALUES (true, now), (false, at_first)) a(is_now, acl), aclexplode(a.acl) p)
SELECT o.type, o.identity, s.extension,
       CASE WHEN s.grantee = 0 THEN 'PUBLIC' WHEN s.grantee = s.owner THEN 'owner'
            ELSE quote_ident(pg_get_userbyid(s.grantee)) END,
       coalesce(array_agg(concat_ws(' ', s.privilege_type, CASE WHEN s.is_grantable THEN '*' END)) FILTER (WHERE s.is_now), '{}'),
       coalesce(array_agg(concat_ws(' ', s.privilege_type, CASE WHEN s.is_grantable THEN '*' END)) FILTER (WHERE NOT s.is_now), '{}')
  FROM said s CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, 0) o
 GROUP BY 1, 2, 3, 4";

/// Adds it to what a dump of the same database says.
pub fn add(client: &mut Client, facts: &mut Facts) -> Result<(), Error> {
    client.batch_execute("SET search_path = pg_catalog").doing("asking what the dump does not say")?;
    for row in client.query(SWITCHED, &[]).doing("asking for triggers that are switched")? {
        let address = Address::new("table constraint", row.get::<_, String>(0));
        if let Some(State::Constraint { text, .. }) = facts.get_mut(&address).map(|fact| &mut fact.state) {
            text.push_str(&format!(" switched: {}", row.get::<_, String>(1)));
        }
    }
    for row in client.query(MEMBERS, &[]).doing("asking for privileges on members of extensions")? {
        let [object_type, identity, extension, grantee]: [String; 4] =
            [0, 1, 2, 3].map(|place| row.get(place));
        let address = Address::new("grant", format!("{grantee} on {object_type} {identity}"));
        let (now, at_first) = (privileges(row.get(4)), privileges(row.get(5)));
        // The dump tells what was changed of them, but not what there was.
        facts.remove(&address);
        if now != at_first {
            let inside = vec![Address::new("extension", extension)];
            let mut fact = Fact::new(State::Privileges(now), inside);
            fact.absent = Some(State::Privileges(at_first));
            facts.insert(address, fact);
        }
    }
    Ok(())
}

/// `SELECT`, or `SELECT *` for one that may be handed on.
fn privileges(words: Vec<String>) -> BTreeSet<(String, bool)> {
    let privilege = |word: String| match word.strip_suffix(" *") {
        Some(name) => (name.to_owned(), true),
        None => (word, false),
    };
    words.into_iter().map(privilege).collect()
}
