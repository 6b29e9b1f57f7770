-- Every object is dropped once, with what depends on it.
SELECT 'drop ' || lower(n.kind) AS kind, n.on_what AS label, format('DROP %s CASCADE', n.on_what) AS sql
  FROM named n
 WHERE n.kind IN ('TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'TYPE', 'DOMAIN', 'FUNCTION',
                  'PROCEDURE', 'AGGREGATE', 'SCHEMA', 'STATISTICS', 'EVENT TRIGGER', 'PUBLICATION', 'SERVER',
                  'FOREIGN DATA WRAPPER', 'COLLATION', 'CONVERSION', 'TEXT SEARCH CONFIGURATION',
                  'TEXT SEARCH DICTIONARY', 'TEXT SEARCH PARSER', 'TEXT SEARCH TEMPLATE', 'OPERATOR', 'OPERATOR CLASS',
                  'OPERATOR FAMILY', 'CAST', 'ACCESS METHOD', 'LANGUAGE', 'TRANSFORM', 'RULE')
   -- An identity column's sequence goes with the column alone.
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE n.class = 'pg_class'::regclass AND n.kind = 'SEQUENCE'
                      AND d.classid = 'pg_class'::regclass AND d.objid = n.oid AND d.deptype = 'i')
UNION ALL
SELECT 'drop trigger', on_what, 'DROP ' || on_what FROM named WHERE kind = 'TRIGGER'
UNION ALL
SELECT 'drop policy', on_what, 'DROP ' || on_what FROM named WHERE kind = 'POLICY'
UNION ALL
SELECT 'drop column', address, format('ALTER %s %s DROP COLUMN %s CASCADE', kind, q, c) FROM col
 WHERE attinhcount = 0 AND NOT EXISTS (SELECT FROM pg_class o WHERE o.oid = relid AND o.reloftype <> 0)
UNION ALL
SELECT 'drop constraint', format('%s on %s', c, q), format('ALTER %s %s DROP CONSTRAINT %s CASCADE', kind, q, c)
  FROM con WHERE coninhcount = 0 AND conparentid = 0
UNION ALL
SELECT 'drop default', address, format('ALTER %s %s ALTER COLUMN %s DROP DEFAULT', kind, q, c)
  FROM col WHERE default_text IS NOT NULL AND attgenerated = ''
UNION ALL
SELECT 'drop not null', address, format('ALTER %s %s ALTER COLUMN %s DROP NOT NULL', kind, q, c)
  FROM col
 WHERE attnotnull AND attidentity = ''
   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relid AND i.indisprimary AND attnum = ANY (i.indkey::int2[]))
   -- On a partition it comes from above.
   AND NOT (attinhcount > 0 AND EXISTS (SELECT FROM pg_inherits h JOIN col p ON p.relid = h.inhparent
                                         WHERE h.inhrelid = col.relid AND p.attname = col.attname AND p.attnotnull))
UNION ALL
SELECT 'drop identity', address, format('ALTER TABLE %s ALTER COLUMN %s DROP IDENTITY', q, c)
  FROM col WHERE attidentity <> '' AND attinhcount = 0
UNION ALL
SELECT 'drop expression', address, format('ALTER TABLE %s ALTER COLUMN %s DROP EXPRESSION', q, c)
  FROM col WHERE attgenerated = 's' AND attinhcount = 0
UNION ALL
SELECT 'drop index', address, format('DROP INDEX %s CASCADE', address) FROM idx WHERE NOT relispartition
UNION ALL
SELECT 'drop domain constraint', format('%I on %s', k.conname, t.q), format('ALTER DOMAIN %s DROP CONSTRAINT %I', t.q, k.conname)
  FROM pg_constraint k JOIN typ t ON t.oid = k.contypid WHERE k.contype = 'c'
UNION ALL
SELECT 'drop comment', n.on_what, format('COMMENT ON %s IS NULL', n.on_what)
  FROM named n
 WHERE coalesce(obj_description(n.oid, n.class::text), '') <> '' AND n.part = 0
UNION ALL
SELECT 'drop comment', n.on_what, format('COMMENT ON %s IS NULL', n.on_what)
  FROM named n
 WHERE n.part > 0 AND col_description(n.oid, n.part) IS NOT NULL
UNION ALL
SELECT 'drop extension', quote_ident(extname), format('DROP EXTENSION %I CASCADE', extname)
  FROM pg_extension WHERE extname NOT IN ('plpgsql', 'nself_heal')
UNION ALL
SELECT 'drop publication relation', format('%s in %I', r.q, p.pubname), format('ALTER PUBLICATION %I DROP TABLE %s', p.pubname, r.q)
  FROM pg_publication_rel pr JOIN pg_publication p ON p.oid = pr.prpubid JOIN rel r ON r.oid = pr.prrelid
UNION ALL
SELECT 'drop publication namespace', format('%s in %I', ns.q, p.pubname),
       format('ALTER PUBLICATION %I DROP TABLES IN SCHEMA %s', p.pubname, ns.q)
  FROM pg_publication_namespace pn JOIN pg_publication p ON p.oid = pn.pnpubid JOIN ns ON ns.oid = pn.pnnspid
UNION ALL
SELECT 'drop user mapping', format('%s on %I', u.usename, u.srvname),
       format('DROP USER MAPPING FOR %s SERVER %I', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END, u.srvname)
  FROM pg_user_mappings u
UNION ALL
SELECT 'detach partition', c.q, format('ALTER TABLE %s DETACH PARTITION %s', p.q, c.q)
  FROM pg_inherits i JOIN rel c ON c.oid = i.inhrelid JOIN rel p ON p.oid = i.inhparent WHERE p.relkind = 'p' AND c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 'no inherit', c.q, format('ALTER TABLE %s NO INHERIT %s', c.q, p.q)
  FROM pg_inherits i JOIN rel c ON c.oid = i.inhrelid JOIN rel p ON p.oid = i.inhparent WHERE p.relkind = 'r' AND c.relkind = 'r'
 ORDER BY 1, 2
