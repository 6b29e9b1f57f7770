-- What somebody adds by hand, and what somebody renames.
WITH tab AS (SELECT * FROM rel WHERE relkind = 'r' AND NOT relispartition)
SELECT 'extra column' AS kind, q AS label, format('ALTER TABLE %s ADD COLUMN nself_extra integer', q) AS sql FROM rel
 WHERE relkind IN ('r', 'p') AND NOT relispartition AND reloftype = 0
UNION ALL
SELECT 'extra column, filled', q, format('ALTER TABLE %s ADD COLUMN nself_extra text NOT NULL DEFAULT ''x''', q) FROM tab
 WHERE reloftype = 0
UNION ALL
SELECT 'extra table', q, format('CREATE TABLE %s.nself_extra (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text NOT NULL DEFAULT ''x'' CHECK (a <> ''''))', q) FROM ns
UNION ALL
SELECT 'extra index', q, format('CREATE INDEX nself_extra ON %s ((1))', q) FROM tab
UNION ALL
SELECT 'extra check', q, format('ALTER TABLE %s ADD CONSTRAINT nself_extra CHECK (1 < 2)', q) FROM tab
UNION ALL
SELECT 'extra trigger', q,
       format('CREATE TRIGGER nself_extra BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', q)
  FROM tab
UNION ALL
SELECT 'extra policy', q, format('CREATE POLICY nself_extra ON %s USING (true)', q) FROM tab WHERE relname < 'n'
UNION ALL
SELECT 'extra rule', q, format('CREATE RULE nself_extra AS ON DELETE TO %s DO NOTHING', q) FROM tab WHERE relname < 'f'
UNION ALL
SELECT 'extra statistics', t.q, format('CREATE STATISTICS %s.nself_extra ON %s FROM %s', n.q, string_agg(c.c, ', '), t.q)
  FROM tab t JOIN ns n ON n.oid = t.relnamespace JOIN col c ON c.relid = t.oid AND c.attnum <= 2 AND c.attgenerated = ''
 GROUP BY t.q, n.q HAVING count(*) = 2
UNION ALL
SELECT 'extra inheriting table', q, format('CREATE TABLE %s_nself_extra () INHERITS (%s)', q, q)
  FROM tab WHERE q !~ '"' AND relname < 'f'
UNION ALL
SELECT 'extra view', q, format('CREATE VIEW %s.nself_extra AS SELECT 1 AS a', q) FROM ns
UNION ALL
SELECT 'extra materialized view', q, format('CREATE MATERIALIZED VIEW %s.nself_extra AS SELECT 1 AS a', q) FROM ns
UNION ALL
SELECT 'extra function', q, format('CREATE FUNCTION %s.nself_extra(integer) RETURNS integer LANGUAGE sql AS ''SELECT 1''', q) FROM ns
UNION ALL
SELECT 'extra procedure', q, format('CREATE PROCEDURE %s.nself_extra() LANGUAGE sql AS ''SELECT 1''', q) FROM ns
UNION ALL
SELECT 'extra sequence', q, format('CREATE SEQUENCE %s.nself_extra', q) FROM ns
UNION ALL
SELECT 'extra type', q, format('CREATE TYPE %s.nself_extra AS ENUM (''a'')', q) FROM ns
UNION ALL
SELECT 'extra composite type', q, format('CREATE TYPE %s.nself_extra AS (a integer)', q) FROM ns
UNION ALL
SELECT 'extra domain', q, format('CREATE DOMAIN %s.nself_extra AS integer CHECK (VALUE > 0)', q) FROM ns
UNION ALL
SELECT 'extra collation', q, format('CREATE COLLATION %s.nself_extra (locale = ''C'')', q) FROM ns
UNION ALL
SELECT 'extra schema', 'database', 'CREATE SCHEMA nself_extra'
UNION ALL
SELECT 'extra publication', 'database', 'CREATE PUBLICATION nself_extra'
UNION ALL
SELECT 'extra overload', signature,
       format('CREATE FUNCTION %s(nself_a integer, nself_b integer, nself_c point) RETURNS integer LANGUAGE sql AS ''SELECT 1''', q)
  FROM routine WHERE prokind = 'f'
UNION ALL
SELECT 'rename column', address, format('ALTER %s %s RENAME COLUMN %s TO nself_renamed', kind, q, c) FROM col
 WHERE attinhcount = 0 AND NOT EXISTS (SELECT FROM pg_class o WHERE o.oid = relid AND o.reloftype <> 0)
UNION ALL
-- Nothing but its place: it goes to the end.
SELECT 'column moved', c.address, format('ALTER TABLE %1$s RENAME COLUMN %2$s TO nself_old; ALTER TABLE %1$s ADD COLUMN %2$s %3$s; ALTER TABLE %1$s DROP COLUMN nself_old', c.q, c.c, c.type_name)
  FROM col c JOIN pg_attribute a ON a.attrelid = c.relid AND a.attnum = c.attnum
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.attinhcount = 0 AND NOT c.is_read AND NOT c.attnotnull
   AND c.default_text IS NULL AND c.attidentity = '' AND c.attgenerated = '' AND c.attcompression = '' AND c.attacl IS NULL
   AND c.attstorage = c.typstorage AND NOT EXISTS (SELECT FROM unnest(c.attoptions) o(option) WHERE option NOT LIKE 'pg\_attver=%')
   AND col_description(c.relid, c.attnum) IS NULL
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.relid AND d.refobjsubid = c.attnum)
   AND EXISTS (SELECT FROM pg_attribute n WHERE n.attrelid = c.relid AND n.attnum > c.attnum AND NOT n.attisdropped)
UNION ALL
SELECT 'rename ' || lower(kind), q, format('ALTER %s %s RENAME TO nself_renamed', kind, q)
  FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT 'rename sequence', q, format('ALTER SEQUENCE %s RENAME TO nself_renamed', q) FROM rel WHERE relkind = 'S'
UNION ALL
SELECT 'rename index', address, format('ALTER INDEX %s RENAME TO nself_renamed', address) FROM idx
UNION ALL
SELECT 'rename constraint', format('%s on %s', c, q), format('ALTER %s %s RENAME CONSTRAINT %s TO nself_renamed', kind, q, c)
  FROM con WHERE coninhcount = 0 AND conparentid = 0 AND relkind <> 'f'
UNION ALL
SELECT 'rename type', q, format('ALTER %s %s RENAME TO nself_renamed', kind, q) FROM typ WHERE typtype <> 'c'
UNION ALL
SELECT 'rename function', signature, format('ALTER %s %s RENAME TO nself_renamed', kind, signature) FROM routine
UNION ALL
SELECT 'rename trigger', format('%s on %s', c, q), format('ALTER TRIGGER %s ON %s RENAME TO nself_renamed', c, q) FROM trg
UNION ALL
SELECT 'rename policy', format('%s on %s', c, q), format('ALTER POLICY %s ON %s RENAME TO nself_renamed', c, q) FROM pol
UNION ALL
SELECT 'rename schema', q, format('ALTER SCHEMA %s RENAME TO nself_renamed', q) FROM ns WHERE nspname <> 'public'
UNION ALL
SELECT 'move to another schema', r.q, format('CREATE SCHEMA nself_extra; ALTER TABLE %s SET SCHEMA nself_extra', r.q) FROM rel r
 WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname < 'f'
 ORDER BY 1, 2, 3
