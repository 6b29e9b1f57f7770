-- Indexes of tables and materialized views that no constraint owns: model::Index.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT format('%I.%I', n.nspname, r.relname) AS identity,
               json_build_object('schema', n.nspname, 'name', r.relname) AS name,
               pg_get_userbyid(t.relowner) AS owner,
               json_build_object('schema', tn.nspname, 'name', t.relname) AS table,
               format('%I.%I', tn.nspname, t.relname) AS table_identity,
               CASE t.relkind WHEN 'm' THEN 'materialized view' ELSE 'table' END AS table_type,
               -- The server prints a partitioned index as ON ONLY: with its partitions is what was meant.
               CASE WHEN r.relkind = 'I'
                    THEN regexp_replace(pg_get_indexdef(r.oid),
                                        '^(CREATE (UNIQUE )?INDEX ("([^"]|"")*"|[^ ]+) ON) ONLY ', '\1 ')
                    ELSE pg_get_indexdef(r.oid) END AS def,
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
               concat_ws('; ', 'USING ' || am.amname,
                         (SELECT string_agg(concat_ws(' ', format('%I.%I', ocn.nspname, oc.opcname),
                                                      -- A column's own collation is told of the column.
                                                      CASE WHEN k.coll IS DISTINCT FROM ta.attcollation
                                                           THEN 'COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END,
                                                      CASE WHEN k.flags & 1 = 1 THEN 'DESC' END,
                                                      CASE WHEN k.flags & 2 = 2 THEN 'NULLS FIRST' END,
                                                      (SELECT string_agg(o, ',' ORDER BY o) FROM unnest(a.attoptions) o
                                                        -- The server's own stamp on each column, since 15.20.
                                                        WHERE o NOT LIKE 'pg\_attver=%')), ', ' ORDER BY k.n)
                            FROM unnest(i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[], i.indkey::int2[])
                                 WITH ORDINALITY k(opclass, coll, flags, attnum, n)
                            LEFT JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = k.attnum AND k.attnum > 0
                            JOIN pg_opclass oc ON oc.oid = k.opclass
                            JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace
                            LEFT JOIN pg_collation co ON co.oid = k.coll
                            LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
                            JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.n),
                         'INCLUDE ' || (SELECT string_agg(pg_get_indexdef(r.oid, g.n, false), ', ' ORDER BY g.n)
                                          FROM generate_series(i.indnkeyatts + 1, i.indnatts) g(n)),
                         'WITH ' || array_to_string(r.reloptions, ', '),
                         'TABLESPACE ' || (SELECT quote_ident(s.spcname) FROM pg_tablespace s
                                            WHERE s.oid = r.reltablespace)) AS shape,
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
          JOIN pg_am am ON am.oid = r.relam
          JOIN pg_class t ON t.oid = i.indrelid
          JOIN pg_namespace tn ON tn.oid = t.relnamespace
         WHERE t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't'
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself')
           AND NOT EXISTS (SELECT FROM pg_constraint k
                            WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid
                              AND k.contype IN ('p', 'u', 'x'))
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid IN (r.oid, t.oid) AND d.objsubid = 0
                              AND d.deptype = 'e')) x
