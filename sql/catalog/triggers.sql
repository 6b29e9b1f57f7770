-- Triggers of users, not those that carry out foreign keys: model::Definition.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               format('TRIGGER %I ON %s', g.tgname, t.identity) AS sql_name,
               NULL AS name,
               NULL AS owner,
               json_build_object('object_type', t.type, 'identity', t.identity,
                                 'name', json_build_object('schema', n.nspname, 'name', r.relname)) AS of,
               d.def,
               coalesce((SELECT json_agg(format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION %I', g.tgname, t.identity,
                                                e.extname) ORDER BY e.extname COLLATE "C")
                           FROM pg_depend x JOIN pg_extension e ON e.oid = x.refobjid
                          WHERE x.classid = 'pg_trigger'::regclass AND x.objid = g.oid
                            AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'x'), '[]') AS more,
               w.part[1] || ' WHEN () ' || w.part[3] AS shape,
               'SELECT (' || w.part[2] || ') FROM ' || t.identity || ' old, ' || t.identity || ' new' AS query,
               CASE g.tgenabled WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
                                WHEN 'A' THEN 'always' END AS state,
               g.tgparentid <> 0 AS inherited,
               NULL AS filled
          FROM pg_trigger g
          JOIN pg_class r ON r.oid = g.tgrelid
          JOIN pg_namespace n ON n.oid = r.relnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_trigger'::regclass, g.oid, 0) i
         CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) t
         CROSS JOIN LATERAL (SELECT pg_get_triggerdef(g.oid) AS def) d
          -- pg_get_expr refuses an expression of two relations, so the condition is cut out of the statement: quoted
          -- names and literals are skipped as a whole, and outside of them the two key words stand only once, but for
          -- CASE WHEN, which is behind the first.
          LEFT JOIN LATERAL (SELECT regexp_match(d.def, '^((?:[^"'']|"[^"]*")*?) WHEN '
                                                     || '\(((?:[^"'']|"[^"]*"|''[^'']*'')*)\) '
                                                     || '(EXECUTE FUNCTION (?:[^"'']|"[^"]*"|''[^'']*'')*)$') AS part
                              WHERE g.tgqual IS NOT NULL) w ON true
         WHERE NOT g.tgisinternal AND r.relpersistence <> 't' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_class'::regclass AND m.objid = r.oid AND m.objsubid = 0
                              AND m.deptype = 'e')) x
