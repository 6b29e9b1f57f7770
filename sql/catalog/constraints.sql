-- Primary keys, unique, foreign key, check and exclusion constraints of tables and foreign tables: model::Constraint.
-- Of a foreign key on or to a partitioned table only the one that was declared: the others are its clones.
WITH RECURSIVE switched AS (
    -- Triggers that carry out a constraint and that somebody has switched, by that constraint and those that it is a clone of.
    SELECT g.tgconstraint AS oid, g.tgrelid, g.tgtype, g.tgenabled
      FROM pg_trigger g
     WHERE g.tgisinternal AND g.tgenabled <> 'O' AND g.tgconstraint <> 0
     UNION ALL
    SELECT c.conparentid, s.tgrelid, s.tgtype, s.tgenabled
      FROM switched s JOIN pg_constraint c ON c.oid = s.oid
     WHERE c.conparentid <> 0
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT format('%I on %s', k.conname, t.identity) AS identity,
               k.conname AS name,
               json_build_object('schema', t.nspname, 'name', t.relname) AS table,
               t.identity AS table_identity,
               CASE t.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END AS table_type,
               CASE k.contype WHEN 'p' THEN 'primary' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign'
                              WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' END AS kind,
               regexp_replace(k.def, ' NOT VALID$', '') AS def,
               coalesce(k.parameters, '[]') AS parameters,
               k.tablespace,
               k.convalidated OR NOT :conenforced AS validated,
               coalesce(k.index_valid, true) AS index_valid,
               k.coninhcount > 0 AND NOT k.conislocal AS inherited,
               coalesce((SELECT json_agg(format('%s.%I', t.identity, a.attname) ORDER BY a.attnum)
                           FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)), '[]')
                   AS columns,
               CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid)
                              WHEN 'x' THEN (SELECT pg_get_expr(i.indpred, i.indrelid) FROM pg_index i
                                              WHERE i.indexrelid = k.conindid) END AS expression,
               -- A key with a period (PostgreSQL 18) is no list of equal columns, so it has no duplicates to look for.
               CASE WHEN k.contype IN ('p', 'u') AND NOT :conperiod
                    THEN json_build_object(
                           'parts', (SELECT json_agg(quote_ident(a.attname) ORDER BY u.n)
                                       FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
                                       JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
                           'nulls_not_distinct', coalesce((SELECT i.indnullsnotdistinct FROM pg_index i
                                                            WHERE i.indexrelid = k.conindid), false),
                           'predicate', NULL)
                    WHEN k.contype = 'x'
                    THEN (SELECT json_build_object(
                           'parts', json_agg(pg_get_indexdef(k.conindid, u.n::int, false) ORDER BY u.n),
                           'nulls_not_distinct', false,
                           'predicate', (SELECT pg_get_expr(i.indpred, i.indrelid) FROM pg_index i WHERE i.indexrelid = k.conindid),
                           'operators', json_agg(format('%I.%s', n.nspname, o.oprname) ORDER BY u.n))
                            FROM unnest(k.conexclop) WITH ORDINALITY u(op, n)
                            JOIN pg_operator o ON o.oid = u.op
                            JOIN pg_namespace n ON n.oid = o.oprnamespace) END AS key,
               CASE WHEN k.contype = 'f'
                    THEN (SELECT json_build_object(
                           'table', json_build_object('schema', rn.nspname, 'name', r.relname),
                           'table_identity', format('%I.%I', rn.nspname, r.relname),
                           'from', json_agg(a.attname ORDER BY u.n),
                           'to', json_agg(b.attname ORDER BY u.n),
                           'operators', json_agg(format('%I.%s', opn.nspname, o.oprname) ORDER BY u.n),
                           'columns', json_agg(format('%I.%I.%I', rn.nspname, r.relname, b.attname) ORDER BY u.n),
                           'match_full', k.confmatchtype = 'f',
                           'period', :conperiod)
                            FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY u(from_att, to_att, op, n)
                            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.from_att
                            JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.to_att
                            JOIN pg_operator o ON o.oid = u.op
                            JOIN pg_namespace opn ON opn.oid = o.oprnamespace
                            JOIN pg_class r ON r.oid = k.confrelid
                            JOIN pg_namespace rn ON rn.oid = r.relnamespace
                           GROUP BY rn.nspname, r.relname) END AS references,
               coalesce((SELECT json_agg(DISTINCT jsonb_build_object(
                                  'table_identity', format('%I.%I', wn.nspname, w.relname),
                                  'table', jsonb_build_object('schema', wn.nspname, 'name', w.relname),
                                  'events', concat_ws(' or ', CASE WHEN s.tgtype & 4 <> 0 THEN 'INSERT' END,
                                                              CASE WHEN s.tgtype & 8 <> 0 THEN 'DELETE' END,
                                                              CASE WHEN s.tgtype & 16 <> 0 THEN 'UPDATE' END),
                                  'state', CASE s.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
                                                            WHEN 'A' THEN 'always' END))
                           FROM switched s
                           JOIN pg_class w ON w.oid = s.tgrelid
                           JOIN pg_namespace wn ON wn.oid = w.relnamespace
                          WHERE s.oid = k.oid), '[]') AS switched
          FROM (SELECT c.*,
                       -- Of an exclusion constraint the server prints the settings of its index, before the condition.
                       CASE WHEN c.contype = 'x' THEN replace(p.def, g.printed || d.tail, d.tail) ELSE p.def END AS def,
                       CASE WHEN c.contype <> 'x' OR strpos(p.def, g.printed || d.tail) > 0 THEN g.parameters END AS parameters,
                       (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = x.reltablespace) AS tablespace,
                       i.indisvalid AND i.indisready AS index_valid
                  FROM pg_constraint c
                  LEFT JOIN pg_index i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
                  LEFT JOIN pg_class x ON x.oid = i.indexrelid
                 CROSS JOIN LATERAL (SELECT pg_get_constraintdef(c.oid) AS def) p
                 CROSS JOIN LATERAL (SELECT concat(' WHERE (' || pg_get_expr(i.indpred, i.indrelid) || ')',
                                                   substring(p.def FROM '(?: DEFERRABLE)?(?: INITIALLY DEFERRED)?$'))
                                                AS tail) d
                 CROSS JOIN LATERAL (SELECT format(' WITH (%s)', string_agg(
                                                format('%I=%s', o.option_name,
                                                       CASE WHEN quote_ident(o.option_value) = o.option_value
                                                            THEN o.option_value ELSE quote_literal(o.option_value) END),
                                                ', ' ORDER BY o.ordinality)) AS printed,
                                            json_agg(:plain_option ORDER BY o.option_name COLLATE "C") AS parameters
                                       FROM pg_options_to_table(x.reloptions) WITH ORDINALITY o) g
                 WHERE c.contype IN ('p', 'u', 'f', 'c', 'x') AND c.conrelid <> 0 AND ($1::oid[] IS NULL OR c.conrelid = ANY ($1))
                   AND NOT (c.contype = 'f' AND c.conparentid <> 0)) k
          JOIN (SELECT r.oid, r.relname, r.relkind, n.nspname, format('%I.%I', n.nspname, r.relname) AS identity
                  FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
                 WHERE r.relkind IN ('r', 'p', 'f') AND r.relpersistence <> 't'
                   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
                   AND NOT EXISTS (SELECT FROM pg_depend d
                                    WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
                                      AND d.deptype = 'e')) t ON t.oid = k.conrelid) x
