-- Materialized views: model::Definition. Their indexes are read with those of tables. Whether
-- they hold rows is told by `filled` alone.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               format('MATERIALIZED VIEW %I.%I', n.nspname, r.relname) AS sql_name,
               json_build_object('schema', n.nspname, 'name', r.relname) AS name,
               pg_get_userbyid(r.relowner) AS owner,
               NULL AS of,
               d.head || v.query AS def,
               coalesce((SELECT json_agg(s.statement ORDER BY s.place, s.statement COLLATE "C")
                           FROM (SELECT 1 AS place,
                                        format('ALTER MATERIALIZED VIEW %I.%I ALTER COLUMN %I %s', n.nspname, r.relname,
                                               a.attname, p.setting) AS statement
                                   FROM pg_attribute a
                                   JOIN pg_type t ON t.oid = a.atttypid
                                  CROSS JOIN LATERAL (VALUES
                                        (CASE WHEN a.attstorage <> t.typstorage
                                              THEN 'SET STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN'
                                                     WHEN 'e' THEN 'EXTERNAL' WHEN 'x' THEN 'EXTENDED'
                                                     WHEN 'm' THEN 'MAIN' END END),
                                        ('SET COMPRESSION ' || CASE a.attcompression WHEN 'p' THEN 'pglz'
                                                                 WHEN 'l' THEN 'lz4' END),
                                        ('SET STATISTICS ' || NULLIF(a.attstattarget, -1)),
                                        ((SELECT format('SET (%s)', string_agg(:plain_option, ', ' ORDER BY o.option_name COLLATE "C"))
                                            FROM pg_options_to_table(a.attoptions) o
                                           -- The server's own stamp on each column, since 15.20.
                                           WHERE o.option_name <> 'pg_attver'
                                          HAVING count(*) > 0))) p(setting)
                                  WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
                                    AND p.setting IS NOT NULL
                                  UNION ALL
                                 -- USING INDEX is said by that index.
                                 SELECT 2, format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', n.nspname, r.relname,
                                                  CASE r.relreplident WHEN 'n' THEN 'NOTHING' ELSE 'FULL' END)
                                  WHERE r.relreplident IN ('n', 'f')
                                  UNION ALL
                                 SELECT 3, format('ALTER MATERIALIZED VIEW %I.%I DEPENDS ON EXTENSION %I', n.nspname,
                                                  r.relname, e.extname)
                                   FROM pg_depend x JOIN pg_extension e ON e.oid = x.refobjid
                                  WHERE x.classid = 'pg_class'::regclass AND x.objid = r.oid AND x.objsubid = 0
                                    AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'x') s), '[]') AS more,
               d.head AS shape,
               v.query,
               coalesce((SELECT json_agg(o.parameter ORDER BY o.parameter COLLATE "C")
                           FROM (SELECT :plain_option FROM pg_options_to_table(r.reloptions) o
                                  UNION ALL
                                 SELECT 'toast.' || :plain_option FROM pg_options_to_table(toast.reloptions) o) o(parameter)),
                        '[]') AS parameters,
               NULL AS state,
               false AS inherited,
               r.relispopulated AS filled
          FROM pg_class r
          JOIN pg_namespace n ON n.oid = r.relnamespace
          LEFT JOIN pg_am am ON am.oid = r.relam
          LEFT JOIN pg_class toast ON toast.oid = r.reltoastrelid
         CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) i
         CROSS JOIN LATERAL (SELECT rtrim(pg_get_viewdef(r.oid), ';') AS query) v
         CROSS JOIN LATERAL (SELECT concat_ws(' ', 'CREATE MATERIALIZED VIEW', format('%I.%I', n.nspname, r.relname),
                                              CASE WHEN am.amname <> 'heap' THEN format('USING %I', am.amname) END,
                                              (SELECT format('TABLESPACE %I', s.spcname) FROM pg_tablespace s
                                                WHERE s.oid = r.reltablespace),
                                              'AS') AS head) d
         WHERE r.relkind = 'm' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_class'::regclass AND m.objid = r.oid AND m.objsubid = 0
                              AND m.deptype = 'e')) x
