-- Rules of tables and views, but those that make a view a view: model::Definition.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               format('RULE %I ON %s', w.rulename, t.identity) AS sql_name,
               NULL AS name,
               NULL AS owner,
               json_build_object('object_type', t.type, 'identity', t.identity,
                                 'name', json_build_object('schema', n.nspname, 'name', r.relname)) AS of,
               rtrim(pg_get_ruledef(w.oid), ';') AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               CASE w.ev_enabled WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
                                 WHEN 'A' THEN 'always' END AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_rewrite w
          JOIN pg_class r ON r.oid = w.ev_class
          JOIN pg_namespace n ON n.oid = r.relnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_rewrite'::regclass, w.oid, 0) i
         CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) t
         WHERE w.rulename <> '_RETURN' AND r.relpersistence <> 't' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_class'::regclass AND m.objid = r.oid AND m.objsubid = 0
                              AND m.deptype = 'e')) x
