-- Every object is altered in each way that its kind knows.
SELECT 'column type' AS kind, address AS label, format('ALTER TABLE %s ALTER COLUMN %s TYPE %s', q, c, wider) AS sql
  FROM col, LATERAL (SELECT CASE
           WHEN typtype <> 'b' THEN NULL
           WHEN atttypid = 'varchar'::regtype AND atttypmod > 0 THEN 'text'
           WHEN atttypid = 'varchar'::regtype THEN 'text'
           WHEN atttypid = 'text'::regtype THEN 'character varying(2000)'
           WHEN atttypid = 'bpchar'::regtype THEN 'text'
           WHEN atttypid = 'int2'::regtype THEN 'integer'
           WHEN atttypid = 'int4'::regtype THEN 'bigint'
           WHEN atttypid = 'int8'::regtype THEN 'numeric'
           WHEN atttypid = 'float4'::regtype THEN 'double precision'
           WHEN atttypid = 'numeric'::regtype AND atttypmod > 0 THEN 'numeric'
           WHEN atttypid = 'numeric'::regtype THEN 'numeric(30,10)'
           WHEN atttypid = 'timestamp'::regtype THEN 'timestamp with time zone'
           WHEN atttypid = 'timestamptz'::regtype THEN 'timestamp(3) with time zone'
           WHEN atttypid = 'date'::regtype THEN 'timestamp without time zone'
           WHEN atttypid = 'json'::regtype THEN 'jsonb'
           WHEN atttypid = 'jsonb'::regtype THEN 'json'
           WHEN atttypid = 'uuid'::regtype THEN 'text'
       END AS wider) w
 WHERE wider IS NOT NULL AND attidentity = '' AND attgenerated = '' AND attinhcount = 0 AND relkind <> 'f' AND NOT is_read
UNION ALL
SELECT 'varchar length', address, format('ALTER TABLE %s ALTER COLUMN %s TYPE character varying(%s)', q, c, atttypmod - 4 + 100)
  FROM col WHERE atttypid = 'varchar'::regtype AND atttypmod > 0 AND attinhcount = 0 AND relkind <> 'f' AND NOT is_read
UNION ALL
SELECT 'column collation', address, format('ALTER TABLE %s ALTER COLUMN %s TYPE %s COLLATE "POSIX"', q, c, type_name)
  FROM col WHERE typcategory = 'S' AND typtype = 'b' AND attinhcount = 0 AND relkind <> 'f' AND attgenerated = ''
   AND attname < 'n' AND NOT is_read
UNION ALL
SELECT 'set default', address,
       format('ALTER %s %s ALTER COLUMN %s SET DEFAULT NULL::%s', kind, q, c, type_name)
  FROM col WHERE default_text IS NULL AND attidentity = '' AND attgenerated = '' AND typtype = 'b' AND typcategory IN ('S', 'N')
   AND atttypmod > 0
UNION ALL
SELECT 'set default', address, format('ALTER %s %s ALTER COLUMN %s SET DEFAULT %s', kind, q, c, other)
  FROM col, LATERAL (SELECT CASE WHEN typtype <> 'b' THEN NULL WHEN typcategory = 'N' AND atttypid <> 'regclass'::regtype THEN '42'
                                 WHEN typcategory = 'S' THEN quote_literal('zz')
                                 WHEN typcategory = 'B' THEN '(1 = 2)' WHEN atttypid = 'jsonb'::regtype THEN '''{"z": 1}'''
                                 WHEN atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN 'clock_timestamp()'
                            END AS other) o
 WHERE other IS NOT NULL AND attidentity = '' AND attgenerated = ''
UNION ALL
SELECT 'set not null', address,
       format('UPDATE %s SET %s = (SELECT %s FROM %s WHERE %s IS NOT NULL LIMIT 1) WHERE %s IS NULL; ALTER TABLE %s ALTER COLUMN %s SET NOT NULL',
              q, c, c, q, c, c, q, c)
  FROM col WHERE NOT attnotnull AND attinhcount = 0 AND relkind = 'r' AND attgenerated = ''
   AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = relid)
UNION ALL
SELECT 'identity always', address,
       format('ALTER TABLE %s ALTER COLUMN %s SET GENERATED %s', q, c, CASE attidentity WHEN 'a' THEN 'BY DEFAULT' ELSE 'ALWAYS' END)
  FROM col WHERE attidentity <> '' AND attinhcount = 0
UNION ALL
SELECT 'identity numbering', address, format('ALTER TABLE %s ALTER COLUMN %s SET INCREMENT 7', q, c)
  FROM col WHERE attidentity <> '' AND attinhcount = 0
UNION ALL
SELECT 'column storage', address, format('ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s', q, c,
                                         CASE attstorage WHEN 'e' THEN 'MAIN' ELSE 'EXTERNAL' END)
  FROM col WHERE typstorage = 'x' AND relkind IN ('r', 'p') AND attinhcount = 0 AND attname < 'f'
UNION ALL
SELECT 'column compression', address, format('ALTER TABLE %s ALTER COLUMN %s SET COMPRESSION %s', q, c,
                                             CASE attcompression WHEN '' THEN 'pglz' ELSE 'default' END)
  FROM col WHERE typstorage = 'x' AND relkind IN ('r', 'p') AND attinhcount = 0 AND (attname < 'e' OR attcompression <> '')
UNION ALL
SELECT 'column statistics', address, format('ALTER %s %s ALTER COLUMN %s SET STATISTICS 77', kind, q, c)
  FROM col WHERE attinhcount = 0 AND attname < 'e'
UNION ALL
SELECT 'column options', address, format('ALTER %s %s ALTER COLUMN %s SET (n_distinct = 77)', kind, q, c)
  FROM col WHERE attinhcount = 0 AND (attname < 'd' OR attoptions IS NOT NULL)
UNION ALL
SELECT 'enum label added', q, format('ALTER TYPE %s ADD VALUE %L', q, 'nself extra') FROM typ WHERE typtype = 'e'
UNION ALL
SELECT 'enum label added first', q,
       format('ALTER TYPE %s ADD VALUE %L BEFORE %L', q, 'nself extra',
              (SELECT enumlabel FROM pg_enum WHERE enumtypid = typ.oid ORDER BY enumsortorder LIMIT 1))
  FROM typ WHERE typtype = 'e'
UNION ALL
SELECT 'enum label renamed', format('%s %L', q, e.enumlabel), format('ALTER TYPE %s RENAME VALUE %L TO %L', q, e.enumlabel, e.enumlabel || ' renamed')
  FROM typ JOIN pg_enum e ON e.enumtypid = typ.oid
UNION ALL
-- The type without one of its labels, in the place of the old one.
SELECT 'enum label dropped', format('%s %L', t.q, e.enumlabel),
       format('ALTER TYPE %s RENAME TO nself_old; CREATE TYPE %s AS ENUM (%s); ', t.q, t.q,
              (SELECT coalesce(string_agg(quote_literal(o.enumlabel), ', ' ORDER BY o.enumsortorder), '')
                 FROM pg_enum o WHERE o.enumtypid = t.oid AND o.enumlabel <> e.enumlabel))
       || format('DROP TYPE %s CASCADE', regexp_replace(t.q, '[^.]+$', 'nself_old'))
  FROM typ t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typtype = 'e'
   AND NOT EXISTS (SELECT FROM col c WHERE c.atttypid = t.oid)
UNION ALL
SELECT 'domain default', q, format('ALTER DOMAIN %s %s', q, CASE WHEN typdefault IS NULL THEN 'SET DEFAULT NULL::' || format_type(typbasetype, NULL) ELSE 'DROP DEFAULT' END)
  FROM typ WHERE typtype = 'd' AND typdefault IS NOT NULL
UNION ALL
SELECT 'domain not null', q, format('ALTER DOMAIN %s %s NOT NULL', q, CASE WHEN typnotnull THEN 'DROP' ELSE 'SET' END)
  FROM typ WHERE typtype = 'd'
UNION ALL
SELECT 'domain constraint replaced', format('%I on %s', k.conname, t.q),
       format('ALTER DOMAIN %s DROP CONSTRAINT %I; ALTER DOMAIN %s ADD CONSTRAINT %I CHECK (VALUE IS NULL OR VALUE IS NOT NULL)', t.q, k.conname, t.q, k.conname)
  FROM pg_constraint k JOIN typ t ON t.oid = k.contypid WHERE k.contype = 'c'
UNION ALL
SELECT 'composite attribute added', q, format('ALTER TYPE %s ADD ATTRIBUTE nself_extra integer CASCADE', q) FROM typ WHERE typtype = 'c'
UNION ALL
SELECT 'sequence increment', q, format('ALTER SEQUENCE %s INCREMENT 7', q) FROM rel r
 WHERE relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'i')
UNION ALL
SELECT 'sequence maximum', q, format('ALTER SEQUENCE %s MAXVALUE 1000000', q) FROM rel r
 WHERE relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'i')
UNION ALL
SELECT 'sequence cycle', q, format('ALTER SEQUENCE %s %s', q, CASE WHEN s.seqcycle THEN 'NO CYCLE' ELSE 'CYCLE' END)
  FROM rel r JOIN pg_sequence s ON s.seqrelid = r.oid
 WHERE relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'i')
UNION ALL
SELECT 'sequence owner', q, format('ALTER SEQUENCE %s OWNED BY NONE', q) FROM rel r
 WHERE relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'a')
UNION ALL
SELECT 'index predicate', address,
       format('DROP INDEX %s; %s', address,
              regexp_replace(def, ' WHERE .*$', ''))
  FROM idx WHERE NOT relispartition AND relkind = 'r' AND partial
UNION ALL
SELECT 'index predicate', address, format('DROP INDEX %s; %s WHERE (1 = 1)', address, def)
  FROM idx WHERE NOT relispartition AND relkind = 'r' AND NOT partial
UNION ALL
SELECT 'index made anew as hash', address,
       format('DROP INDEX %s; CREATE INDEX %s ON %s USING hash (%s)', address, c, q, pg_get_indexdef(idx.oid, 1, false))
  FROM idx WHERE amname = 'btree' AND NOT indisunique AND relkind = 'r' AND NOT relispartition
UNION ALL
SELECT 'index parameters', address, format('ALTER INDEX %s SET (fillfactor = 55)', address)
  FROM idx WHERE amname = 'btree' AND relkind IN ('r', 'm') AND NOT relispartition
UNION ALL
SELECT 'foreign-key action', format('%s on %s', c, q),
       format('ALTER TABLE %s DROP CONSTRAINT %s; ALTER TABLE %s ADD CONSTRAINT %s %s', q, c, q, c,
              CASE WHEN confdeltype = 'c' THEN replace(def, ' ON DELETE CASCADE', ' ON DELETE RESTRICT')
                   WHEN def ~ ' ON DELETE ' THEN regexp_replace(def, ' ON DELETE (SET NULL|SET DEFAULT|RESTRICT)( \([^)]*\))?', ' ON DELETE CASCADE')
                   ELSE regexp_replace(def, '( DEFERRABLE| INITIALLY| NOT VALID|$)', ' ON DELETE CASCADE\1') END)
  FROM con WHERE contype = 'f' AND conparentid = 0 AND coninhcount = 0
UNION ALL
SELECT 'foreign key deferrable', format('%s on %s', c, q),
       format('ALTER TABLE %s ALTER CONSTRAINT %s %s', q, c, CASE WHEN condeferrable THEN 'NOT DEFERRABLE' ELSE 'DEFERRABLE' END)
  FROM con WHERE contype = 'f' AND conparentid = 0
UNION ALL
SELECT 'check replaced', format('%s on %s', c, q),
       format('ALTER %s %s DROP CONSTRAINT %s; ALTER %s %s ADD CONSTRAINT %s CHECK (1 < 2)', kind, q, c, kind, q, c)
  FROM con WHERE contype = 'c' AND coninhcount = 0
UNION ALL
SELECT 'constraint not valid', format('%s on %s', c, q),
       format('ALTER %s %s DROP CONSTRAINT %s; ALTER %s %s ADD CONSTRAINT %s %s NOT VALID', kind, q, c, kind, q, c, def)
  FROM con WHERE contype IN ('c', 'f') AND coninhcount = 0 AND convalidated AND conparentid = 0 AND relkind = 'r'
UNION ALL
SELECT 'constraint validated', format('%s on %s', c, q), format('ALTER TABLE %s VALIDATE CONSTRAINT %s', q, c)
  FROM con WHERE contype IN ('c', 'f') AND NOT convalidated AND coninhcount = 0
UNION ALL
SELECT 'view text', q,
       format('CREATE OR REPLACE VIEW %s AS SELECT * FROM (%s) nself_v WHERE (1 = 1)', q, rtrim(pg_get_viewdef(oid), ';'))
  FROM rel WHERE relkind = 'v'
UNION ALL
SELECT 'view option', q, format('ALTER VIEW %s SET (security_barrier = %s)', q,
                                NOT coalesce('security_barrier=true' = ANY (reloptions), false))
  FROM rel WHERE relkind = 'v'
UNION ALL
SELECT 'materialized view text', q,
       format('DROP MATERIALIZED VIEW %s CASCADE; CREATE MATERIALIZED VIEW %s AS SELECT * FROM (%s) nself_v WHERE (1 = 1)', q, q,
              rtrim(pg_get_viewdef(oid), ';'))
  FROM rel WHERE relkind = 'm'
UNION ALL
SELECT 'function volatility', signature,
       format('ALTER FUNCTION %s %s', signature, CASE provolatile WHEN 's' THEN 'VOLATILE' ELSE 'STABLE' END)
  FROM routine WHERE prokind IN ('f', 'w')
UNION ALL
SELECT 'function security', signature,
       format('ALTER %s %s SECURITY %s', kind, signature, CASE WHEN prosecdef THEN 'INVOKER' ELSE 'DEFINER' END)
  FROM routine WHERE prokind IN ('f', 'p', 'w')
UNION ALL
SELECT 'function setting', signature, format('ALTER %s %s SET work_mem = ''7MB''', kind, signature)
  FROM routine WHERE prokind IN ('f', 'p', 'w')
UNION ALL
SELECT 'function cost', signature, format('ALTER %s %s COST 777', kind, signature) FROM routine WHERE prokind IN ('f', 'w')
UNION ALL
SELECT 'function body', signature,
       replace(pg_get_functiondef(oid), prosrc, prosrc || E'\n -- changed by hand\n')
  FROM routine WHERE prokind IN ('f', 'p', 'w') AND NOT parsed AND lanname IN ('sql', 'plpgsql') AND prosrc <> ''
UNION ALL
SELECT 'trigger state', format('%s on %s', c, q) || ': ' || state, format('ALTER TABLE %s %s TRIGGER %s', q, state, c)
  FROM trg, unnest('{ENABLE,DISABLE,ENABLE REPLICA,ENABLE ALWAYS}'::text[]) state
 WHERE kind <> 'VIEW' AND (CASE tgenabled WHEN 'O' THEN 'ENABLE' WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END) <> state
UNION ALL
SELECT 'all triggers disabled', q, format('ALTER TABLE %s DISABLE TRIGGER ALL', q) FROM rel
 WHERE relkind IN ('r', 'p') AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = rel.oid)
   -- Of a partition pg_dump writes statements for triggers that a restored one has under other names.
   AND NOT relispartition
UNION ALL
SELECT 'owner', q, format('ALTER %s %s OWNER TO pg_monitor', kind, q)
  FROM rel WHERE relkind IN ('r', 'p', 'f', 'v', 'm') OR relkind = 'S' AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = rel.oid AND d.deptype IN ('a', 'i')
                                      AND d.refclassid = 'pg_class'::regclass)
UNION ALL
SELECT 'owner', signature, format('ALTER %s %s OWNER TO pg_monitor', kind, signature) FROM routine
 -- What an event trigger runs nobody's heal runs any more, whatever it was to do: see docs/security.md.
 WHERE NOT EXISTS (SELECT FROM pg_event_trigger e WHERE e.evtfoid = routine.oid)
UNION ALL
SELECT 'owner', q, format('ALTER TYPE %s OWNER TO pg_monitor', q) FROM typ
UNION ALL
SELECT 'owner', q, format('ALTER SCHEMA %s OWNER TO pg_monitor', q) FROM ns WHERE nspname <> 'public'
UNION ALL
SELECT 'trigger event', format('%s on %s', c, q),
       format('DROP TRIGGER %s ON %s; %s', c, q,
              CASE WHEN def ~ '(BEFORE|AFTER) (INSERT|DELETE) ON' THEN regexp_replace(def, '(BEFORE|AFTER) (INSERT|DELETE) ON', '\1 INSERT OR DELETE ON')
                   ELSE regexp_replace(def, '(BEFORE|AFTER|INSTEAD OF) .*? ON ', '\1 DELETE ON ') END)
  FROM trg WHERE def !~ 'REFERENCING|new\.|old\.' AND def !~ '(BEFORE|AFTER|INSTEAD OF) DELETE ON'
UNION ALL
SELECT 'rule state', format('%s on %s', c, q), format('ALTER TABLE %s %s RULE %s', q, CASE ev_enabled WHEN 'D' THEN 'ENABLE' ELSE 'DISABLE' END, c)
  FROM rul WHERE kind = 'TABLE'
UNION ALL
SELECT 'event trigger state', quote_ident(evtname),
       format('ALTER EVENT TRIGGER %I %s', evtname, CASE evtenabled WHEN 'D' THEN 'ENABLE' ELSE 'DISABLE' END)
  FROM pg_event_trigger e WHERE NOT pg_temp.is_member('pg_event_trigger', e.oid)
UNION ALL
SELECT 'policy using', format('%s on %s', c, q), format('ALTER POLICY %s ON %s USING (1 = 2)', c, q) FROM pol WHERE has_using
UNION ALL
SELECT 'policy check', format('%s on %s', c, q), format('ALTER POLICY %s ON %s WITH CHECK (1 = 2)', c, q) FROM pol WHERE has_check
UNION ALL
SELECT 'policy roles', format('%s on %s', c, q), format('ALTER POLICY %s ON %s TO pg_monitor', c, q) FROM pol
UNION ALL
SELECT 'row security', q, format('ALTER TABLE %s %s ROW LEVEL SECURITY', q, CASE WHEN relrowsecurity THEN 'DISABLE' ELSE 'ENABLE' END)
  FROM rel WHERE relkind IN ('r', 'p')
UNION ALL
SELECT 'forced row security', q, format('ALTER TABLE %s %s ROW LEVEL SECURITY', q, CASE WHEN relforcerowsecurity THEN 'NO FORCE' ELSE 'FORCE' END)
  FROM rel WHERE relkind IN ('r', 'p') AND (relrowsecurity OR relforcerowsecurity OR relname < 'e')
UNION ALL
SELECT 'table fillfactor', q, format('ALTER TABLE %s SET (fillfactor = 55)', q) FROM rel WHERE relkind = 'r'
UNION ALL
SELECT 'table parameters', q, format('ALTER TABLE %s RESET (%s)', q, (SELECT string_agg(split_part(o, '=', 1), ', ') FROM unnest(reloptions) o))
  FROM rel WHERE relkind = 'r' AND reloptions IS NOT NULL
UNION ALL
SELECT 'toast parameters', q, format('ALTER TABLE %s SET (toast.autovacuum_enabled = off)', q)
  FROM rel r JOIN pg_class c ON c.oid = r.oid WHERE r.relkind = 'r' AND c.reltoastrelid <> 0 AND r.relname < 'f'
UNION ALL
SELECT 'replica identity', q, format('ALTER TABLE %s REPLICA IDENTITY %s', q, CASE relreplident WHEN 'd' THEN 'FULL' ELSE 'DEFAULT' END)
  FROM rel WHERE relkind IN ('r', 'p')
UNION ALL
SELECT 'cluster mark', idx.address, format('ALTER TABLE %s CLUSTER ON %s', idx.q, idx.c)
  FROM idx WHERE amname = 'btree' AND relkind = 'r' AND NOT partial
UNION ALL
SELECT 'unlogged', q, format('ALTER TABLE %s SET %s', q, CASE relpersistence WHEN 'u' THEN 'LOGGED' ELSE 'UNLOGGED' END)
  FROM rel r WHERE relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND r.oid IN (k.conrelid, k.confrelid))
UNION ALL
SELECT 'publication parameters', quote_ident(pubname),
       format('ALTER PUBLICATION %I SET (publish = %L)', pubname, CASE WHEN pubupdate THEN 'insert' ELSE 'insert, update' END)
  FROM pg_publication
UNION ALL
SELECT 'text search mapping', n.on_what, format('ALTER %s DROP MAPPING IF EXISTS FOR email', n.on_what)
  FROM named n WHERE n.kind = 'TEXT SEARCH CONFIGURATION'
UNION ALL
SELECT 'server options', n.on_what, format('ALTER %s OPTIONS (ADD nself_extra ''1'')', n.on_what)
  FROM named n WHERE n.kind IN ('SERVER', 'FOREIGN DATA WRAPPER')
UNION ALL
SELECT 'foreign table options', q, format('ALTER FOREIGN TABLE %s OPTIONS (ADD nself_extra ''1'')', q) FROM rel WHERE relkind = 'f'
UNION ALL
SELECT 'extended statistics target', n.on_what, format('ALTER %s SET STATISTICS 77', n.on_what) FROM named n WHERE n.kind = 'STATISTICS'
UNION ALL
SELECT 'comment changed', n.on_what, format('COMMENT ON %s IS %L', n.on_what, 'changed; by ''hand''')
  FROM named n
 WHERE CASE n.part WHEN 0 THEN obj_description(n.oid, n.class::text) ELSE col_description(n.oid, n.part) END IS NOT NULL
UNION ALL
SELECT 'comment added', n.on_what, format('COMMENT ON %s IS %L', n.on_what, 'added by hand')
  FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY on_what) AS number FROM named
         -- pg_dump leaves out the comment on what a table has from its parent.
         WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE class = 'pg_constraint'::regclass AND k.oid = named.oid AND NOT k.conislocal)) n
 WHERE number <= 5
   AND CASE n.part WHEN 0 THEN obj_description(n.oid, n.class::text) ELSE col_description(n.oid, n.part) END IS NULL
 ORDER BY 1, 2, 3
