-- Conversions between encodings: model::Definition.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'CONVERSION ' || i.identity AS sql_name,
               json_build_object('schema', n.nspname, 'name', c.conname) AS name,
               pg_get_userbyid(c.conowner) AS owner,
               NULL AS of,
               format('CREATE %sCONVERSION %s FOR %L TO %L FROM %s', CASE WHEN c.condefault THEN 'DEFAULT ' END,
                      i.identity, pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding),
                      c.conproc::regproc) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_conversion c
          JOIN pg_namespace n ON n.oid = c.connamespace
         CROSS JOIN LATERAL pg_identify_object('pg_conversion'::regclass, c.oid, 0) i
         WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_conversion'::regclass AND m.objid = c.oid AND m.deptype = 'e')) x
