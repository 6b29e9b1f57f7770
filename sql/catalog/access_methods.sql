-- Access methods: model::Definition. One has no owner: whoever owns its handler could make it.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'ACCESS METHOD ' || i.identity AS sql_name,
               NULL AS name,
               (SELECT pg_get_userbyid(p.proowner) FROM pg_proc p WHERE p.oid = a.amhandler) AS owner,
               NULL AS of,
               format('CREATE ACCESS METHOD %I TYPE %s HANDLER %s', a.amname,
                      CASE a.amtype WHEN 't' THEN 'TABLE' WHEN 'i' THEN 'INDEX' END, a.amhandler::regproc) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_am a
         CROSS JOIN LATERAL pg_identify_object('pg_am'::regclass, a.oid, 0) i
         WHERE a.oid >= 16384
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_am'::regclass AND m.objid = a.oid AND m.deptype = 'e')) x
