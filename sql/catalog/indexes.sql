-- Indexes of tables and materialized views that no constraint owns: model::Index.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT format('%I.%I', n.nspname, r.relname) AS identity,
               json_build_object('schema', n.nspname, 'name', r.relname) AS name,
               pg_get_userbyid(t.relowner) AS owner,
               json_build_object('schema', tn.nspname, 'name', t.relname) AS table,
               format('%I.%I', tn.nspname, t.relname) AS table_identity,
               CASE t.relkind WHEN 'm' THEN 'materialized view' ELSE 'table' END AS table_type,
               -- The server prints a partitioned index as ON ONLY: with its partitions is what was meant.
               concat(CASE WHEN r.relkind = 'I'
                           THEN regexp_replace(h.head, '^(CREATE (UNIQUE )?INDEX ("([^"]|"")*"|[^ ]+) ON) ONLY ', '\1 ')
                           ELSE h.head END,
                      d.condition) AS def,
               CASE WHEN h.head = d.head THEN '[]' ELSE g.parameters END AS parameters,
               (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = r.reltablespace) AS tablespace,
               coalesce((SELECT json_agg(s.statement ORDER BY s.statement COLLATE "C")
                           FROM (SELECT format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', n.nspname,
                                               r.relname, a.attnum, a.attstattarget)
                                   FROM pg_attribute a
                                  -- Nothing set is -1 before PostgreSQL 17 and NULL since.
                                  WHERE a.attrelid = r.oid AND nullif(a.attstattarget, -1) IS NOT NULL
                                  UNION ALL
                                 SELECT format('ALTER INDEX %I.%I DEPENDS ON EXTENSION %I', n.nspname, r.relname,
                                               e.extname)
                                   FROM pg_depend x JOIN pg_extension e ON e.oid = x.refobjid
                                  WHERE x.classid = 'pg_class'::regclass AND x.objid = r.oid AND x.objsubid = 0
                                    AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'x'
                                  UNION ALL
                                 -- Of a table these two are fields.
                                 SELECT format('ALTER MATERIALIZED VIEW %I.%I CLUSTER ON %I', tn.nspname, t.relname,
                                               r.relname)
                                  WHERE t.relkind = 'm' AND i.indisclustered
                                  UNION ALL
                                 SELECT format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY USING INDEX %I', tn.nspname,
                                               t.relname, r.relname)
                                  WHERE t.relkind = 'm' AND i.indisreplident) s(statement)), '[]') AS more,
               i.indisunique AS unique,
               i.indnullsnotdistinct AS nulls_not_distinct,
               (SELECT json_agg(pg_get_indexdef(r.oid, g.n, false) ORDER BY g.n)
                  FROM generate_series(1, i.indnkeyatts) g(n)) AS parts,
               pg_get_expr(i.indpred, i.indrelid) AS predicate,
               i.indisvalid AND i.indisready AS valid,
               (SELECT json_build_object('schema', pn.nspname, 'name', p.relname)
                  FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
                 WHERE h.inhrelid = r.oid) AS parent,
               coalesce((SELECT json_agg(format('%I.%I.%I', tn.nspname, t.relname, a.attname) ORDER BY a.attnum)
                           FROM pg_attribute a
                          WHERE a.attrelid = t.oid
                            AND (a.attnum = ANY (i.indkey::int2[])
                                 OR EXISTS (SELECT FROM pg_depend d
                                             WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid
                                               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                                               AND d.refobjsubid = a.attnum))
                            AND a.attnum > 0), '[]') AS columns
          FROM pg_index i
          JOIN pg_class r ON r.oid = i.indexrelid
          JOIN pg_namespace n ON n.oid = r.relnamespace
          JOIN pg_class t ON t.oid = i.indrelid
          JOIN pg_namespace tn ON tn.oid = t.relnamespace
         CROSS JOIN LATERAL (SELECT pg_get_indexdef(r.oid) AS def,
                                    ' WHERE ' || pg_get_expr(i.indpred, i.indrelid) AS condition) p
         CROSS JOIN LATERAL (SELECT CASE WHEN right(p.def, length(p.condition)) = p.condition
                                         THEN left(p.def, length(p.def) - length(p.condition)) ELSE p.def END AS head,
                                    CASE WHEN right(p.def, length(p.condition)) = p.condition THEN p.condition END
                                        AS condition) d
         -- As the server prints them at the end of the head.
         CROSS JOIN LATERAL (SELECT format(' WITH (%s)', string_agg(
                                        format('%I=%s', o.option_name, CASE WHEN quote_ident(o.option_value) = o.option_value
                                                                            THEN o.option_value
                                                                            ELSE quote_literal(o.option_value) END), ', ' ORDER BY o.ordinality))
                                        AS printed,
                                    json_agg(:plain_option ORDER BY o.option_name COLLATE "C") AS parameters
                               FROM pg_options_to_table(r.reloptions) WITH ORDINALITY o) g
         CROSS JOIN LATERAL (SELECT CASE WHEN r.reloptions IS NOT NULL AND right(d.head, length(g.printed)) = g.printed
                                         THEN left(d.head, length(d.head) - length(g.printed)) ELSE d.head END AS head) h
         WHERE t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't' AND ($1::oid[] IS NULL OR t.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_constraint k
                            WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid
                              AND k.contype IN ('p', 'u', 'x'))
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid IN (r.oid, t.oid) AND d.objsubid = 0
                              AND d.deptype = 'e')) x
