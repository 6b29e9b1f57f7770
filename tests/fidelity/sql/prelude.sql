-- What the generators of mutations read: the user's own objects, with their names quoted. Temporary, so gone with the
-- session.
SET search_path = pg_catalog;

CREATE FUNCTION pg_temp.is_member(class regclass, object oid) RETURNS boolean LANGUAGE sql AS
$$ SELECT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = object AND deptype = 'e') $$;

CREATE TEMP VIEW ns AS
SELECT n.oid, n.nspname, quote_ident(n.nspname) AS q
  FROM pg_namespace n
 WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself')
   AND NOT pg_temp.is_member('pg_namespace', n.oid);

-- Relations; kind is the word that DDL has for them.
CREATE TEMP VIEW rel AS
SELECT c.oid, c.relname, c.relkind, c.relnamespace, c.relispartition, c.relpersistence, c.relrowsecurity,
       c.relforcerowsecurity, c.relreplident, c.reloptions, c.reloftype, c.relam, c.relacl, c.relowner, ns.nspname,
       ns.q || '.' || quote_ident(c.relname) AS q,
       CASE c.relkind WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                      WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX'
                      ELSE 'TABLE' END AS kind
  FROM pg_class c JOIN ns ON ns.oid = c.relnamespace
 WHERE NOT pg_temp.is_member('pg_class', c.oid);

-- Columns of tables, those that come from a parent too.
CREATE TEMP VIEW col AS
SELECT r.oid AS relid, r.relkind, r.kind, r.q, a.attnum, a.attname, quote_ident(a.attname) AS c, a.atttypid, a.atttypmod,
       format_type(a.atttypid, a.atttypmod) AS type_name, a.attnotnull, a.attidentity, a.attgenerated, a.attinhcount,
       a.attstorage, a.attcompression, a.attacl, a.attoptions, r.relispartition,
       pg_get_expr(d.adbin, d.adrelid) AS default_text,
       t.typtype, t.typstorage, t.typcategory, r.q || '.' || quote_ident(a.attname) AS address,
       -- By something that the server then does not let it change its type under.
       EXISTS (SELECT FROM pg_depend x
                WHERE x.refclassid = 'pg_class'::regclass AND x.refobjid = r.oid AND x.refobjsubid = a.attnum
                  AND (x.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass)
                       OR x.classid = 'pg_publication_rel'::regclass
                       OR x.classid = 'pg_attrdef'::regclass
                          AND EXISTS (SELECT FROM pg_attrdef o WHERE o.oid = x.objid AND o.adnum <> a.attnum)))
       -- Or because the table is made of a type.
       OR r.reloftype <> 0 AS is_read
  FROM rel r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
 WHERE r.relkind IN ('r', 'p', 'f');

CREATE TEMP VIEW con AS
SELECT k.oid, k.conname, quote_ident(k.conname) AS c, k.contype, k.conrelid, k.contypid, k.conindid, k.coninhcount,
       k.conparentid, k.convalidated, k.confrelid, r.q, r.kind, r.relkind, pg_get_constraintdef(k.oid) AS def,
       k.confdeltype, k.condeferrable
  FROM pg_constraint k JOIN rel r ON r.oid = k.conrelid
 WHERE k.contype IN ('c', 'p', 'u', 'f', 'x');

-- Indexes that no constraint owns.
CREATE TEMP VIEW idx AS
SELECT i.indexrelid AS oid, i.indrelid, x.relname, quote_ident(x.relname) AS c, x.q AS address, r.q, r.relkind,
       pg_get_indexdef(i.indexrelid) AS def, i.indpred IS NOT NULL AS partial, i.indisunique,
       x.relispartition, am.amname
  FROM pg_index i JOIN rel x ON x.oid = i.indexrelid JOIN rel r ON r.oid = i.indrelid
  JOIN pg_am am ON am.oid = x.relam
 WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'));

CREATE TEMP VIEW routine AS
SELECT p.oid, p.proname, p.prokind, ns.q || '.' || quote_ident(p.proname) AS q,
       format('%s.%I(%s)', ns.q, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature,
       CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind,
       p.prosrc, p.provolatile, p.prosecdef, p.proacl, p.proowner, l.lanname, p.prosqlbody IS NOT NULL AS parsed
  FROM pg_proc p JOIN ns ON ns.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
 WHERE NOT pg_temp.is_member('pg_proc', p.oid)
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i');

CREATE TEMP VIEW trg AS
SELECT t.oid, t.tgname, quote_ident(t.tgname) AS c, r.q, r.kind, t.tgenabled, t.tgparentid,
       pg_get_triggerdef(t.oid) AS def
  FROM pg_trigger t JOIN rel r ON r.oid = t.tgrelid
 WHERE NOT t.tgisinternal AND t.tgparentid = 0;

CREATE TEMP VIEW pol AS
SELECT p.oid, p.polname, quote_ident(p.polname) AS c, r.q, p.polqual IS NOT NULL AS has_using,
       p.polwithcheck IS NOT NULL AS has_check
  FROM pg_policy p JOIN rel r ON r.oid = p.polrelid;

CREATE TEMP VIEW rul AS
SELECT w.oid, w.rulename, quote_ident(w.rulename) AS c, r.q, r.kind, w.ev_enabled
  FROM pg_rewrite w JOIN rel r ON r.oid = w.ev_class
 WHERE w.rulename <> '_RETURN';

-- Types that were made as such, not with a table or as an array.
CREATE TEMP VIEW typ AS
SELECT t.oid, t.typname, t.typtype, t.typacl, t.typowner, t.typrelid, t.typbasetype, t.typnotnull, t.typdefault,
       ns.q || '.' || quote_ident(t.typname) AS q,
       CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END AS kind
  FROM pg_type t JOIN ns ON ns.oid = t.typnamespace
 WHERE NOT pg_temp.is_member('pg_type', t.oid)
   AND (t.typtype IN ('d', 'e', 'r') OR t.typtype = 'b' AND t.typelem = 0
        OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'));

-- Objects that a comment can be on and that a grant can be on, as those commands name them.
CREATE TEMP VIEW named AS
SELECT 'pg_class'::regclass AS class, oid, 0 AS part, kind, kind || ' ' || q AS on_what FROM rel
 WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c', 'i', 'I')
UNION ALL SELECT 'pg_class'::regclass, relid, attnum, 'COLUMN', 'COLUMN ' || address FROM col
UNION ALL SELECT 'pg_proc'::regclass, oid, 0, kind, kind || ' ' || signature FROM routine
UNION ALL SELECT 'pg_type'::regclass, oid, 0, kind, kind || ' ' || q FROM typ
UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, 'SCHEMA', 'SCHEMA ' || q FROM ns WHERE nspname <> 'public'
UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, 'CONSTRAINT', format('CONSTRAINT %s ON %s', c, q) FROM con
UNION ALL SELECT 'pg_trigger'::regclass, oid, 0, 'TRIGGER', format('TRIGGER %s ON %s', c, q) FROM trg
UNION ALL SELECT 'pg_policy'::regclass, oid, 0, 'POLICY', format('POLICY %s ON %s', c, q) FROM pol
UNION ALL SELECT 'pg_rewrite'::regclass, oid, 0, 'RULE', format('RULE %s ON %s', c, q) FROM rul
UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, 0, 'STATISTICS',
                 format('STATISTICS %s.%I', ns.q, s.stxname) FROM pg_statistic_ext s JOIN ns ON ns.oid = s.stxnamespace
UNION ALL SELECT 'pg_event_trigger'::regclass, e.oid, 0, 'EVENT TRIGGER', format('EVENT TRIGGER %I', e.evtname)
  FROM pg_event_trigger e WHERE NOT pg_temp.is_member('pg_event_trigger', e.oid)
UNION ALL SELECT 'pg_extension'::regclass, e.oid, 0, 'EXTENSION', format('EXTENSION %I', e.extname)
  FROM pg_extension e WHERE e.extname NOT IN ('plpgsql', 'nself_heal')
UNION ALL SELECT 'pg_publication'::regclass, p.oid, 0, 'PUBLICATION', format('PUBLICATION %I', p.pubname)
  FROM pg_publication p
UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, f.oid, 0, 'FOREIGN DATA WRAPPER',
                 format('FOREIGN DATA WRAPPER %I', f.fdwname)
  FROM pg_foreign_data_wrapper f WHERE NOT pg_temp.is_member('pg_foreign_data_wrapper', f.oid)
UNION ALL SELECT 'pg_foreign_server'::regclass, f.oid, 0, 'SERVER', format('SERVER %I', f.srvname)
  FROM pg_foreign_server f
UNION ALL SELECT 'pg_collation'::regclass, c.oid, 0, 'COLLATION', format('COLLATION %s.%I', ns.q, c.collname)
  FROM pg_collation c JOIN ns ON ns.oid = c.collnamespace WHERE NOT pg_temp.is_member('pg_collation', c.oid)
UNION ALL SELECT 'pg_conversion'::regclass, c.oid, 0, 'CONVERSION', format('CONVERSION %s.%I', ns.q, c.conname)
  FROM pg_conversion c JOIN ns ON ns.oid = c.connamespace WHERE NOT pg_temp.is_member('pg_conversion', c.oid)
UNION ALL SELECT 'pg_ts_config'::regclass, t.oid, 0, 'TEXT SEARCH CONFIGURATION',
                 format('TEXT SEARCH CONFIGURATION %s.%I', ns.q, t.cfgname)
  FROM pg_ts_config t JOIN ns ON ns.oid = t.cfgnamespace WHERE NOT pg_temp.is_member('pg_ts_config', t.oid)
UNION ALL SELECT 'pg_ts_dict'::regclass, t.oid, 0, 'TEXT SEARCH DICTIONARY',
                 format('TEXT SEARCH DICTIONARY %s.%I', ns.q, t.dictname)
  FROM pg_ts_dict t JOIN ns ON ns.oid = t.dictnamespace WHERE NOT pg_temp.is_member('pg_ts_dict', t.oid)
UNION ALL SELECT 'pg_ts_parser'::regclass, t.oid, 0, 'TEXT SEARCH PARSER',
                 format('TEXT SEARCH PARSER %s.%I', ns.q, t.prsname)
  FROM pg_ts_parser t JOIN ns ON ns.oid = t.prsnamespace WHERE NOT pg_temp.is_member('pg_ts_parser', t.oid)
UNION ALL SELECT 'pg_ts_template'::regclass, t.oid, 0, 'TEXT SEARCH TEMPLATE',
                 format('TEXT SEARCH TEMPLATE %s.%I', ns.q, t.tmplname)
  FROM pg_ts_template t JOIN ns ON ns.oid = t.tmplnamespace WHERE NOT pg_temp.is_member('pg_ts_template', t.oid)
UNION ALL SELECT 'pg_operator'::regclass, o.oid, 0, 'OPERATOR',
                 format('OPERATOR %s.%s (%s, %s)', ns.q, o.oprname,
                        CASE o.oprleft WHEN 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL))
  FROM pg_operator o JOIN ns ON ns.oid = o.oprnamespace WHERE NOT pg_temp.is_member('pg_operator', o.oid) AND o.oprcode <> 0
UNION ALL SELECT 'pg_opclass'::regclass, o.oid, 0, 'OPERATOR CLASS',
                 format('OPERATOR CLASS %s.%I USING %I', ns.q, o.opcname, am.amname)
  FROM pg_opclass o JOIN ns ON ns.oid = o.opcnamespace JOIN pg_am am ON am.oid = o.opcmethod
 WHERE NOT pg_temp.is_member('pg_opclass', o.oid)
UNION ALL SELECT 'pg_opfamily'::regclass, o.oid, 0, 'OPERATOR FAMILY',
                 format('OPERATOR FAMILY %s.%I USING %I', ns.q, o.opfname, am.amname)
  FROM pg_opfamily o JOIN ns ON ns.oid = o.opfnamespace JOIN pg_am am ON am.oid = o.opfmethod
 WHERE NOT pg_temp.is_member('pg_opfamily', o.oid)
UNION ALL SELECT 'pg_cast'::regclass, c.oid, 0, 'CAST',
                 format('CAST (%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL))
  FROM pg_cast c WHERE c.oid >= 16384 AND NOT pg_temp.is_member('pg_cast', c.oid)
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')
UNION ALL SELECT 'pg_am'::regclass, a.oid, 0, 'ACCESS METHOD', format('ACCESS METHOD %I', a.amname)
  FROM pg_am a WHERE a.oid >= 16384 AND NOT pg_temp.is_member('pg_am', a.oid)
UNION ALL SELECT 'pg_language'::regclass, l.oid, 0, 'LANGUAGE', format('LANGUAGE %I', l.lanname)
  FROM pg_language l WHERE l.oid >= 16384 AND NOT pg_temp.is_member('pg_language', l.oid)
UNION ALL SELECT 'pg_transform'::regclass, t.oid, 0, 'TRANSFORM',
                 format('TRANSFORM FOR %s LANGUAGE %I', format_type(t.trftype, NULL), l.lanname)
  FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE NOT pg_temp.is_member('pg_transform', t.oid);
