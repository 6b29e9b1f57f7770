-- Procedural languages but those of extensions, as PL/pgSQL is: model::Definition.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'LANGUAGE ' || i.identity AS sql_name,
               NULL AS name,
               pg_get_userbyid(l.lanowner) AS owner,
               NULL AS of,
               concat(CASE WHEN l.lanpltrusted THEN 'CREATE TRUSTED LANGUAGE ' ELSE 'CREATE LANGUAGE ' END,
                      quote_ident(l.lanname),
                      ' HANDLER ' || nullif(l.lanplcallfoid, 0)::regproc, ' INLINE ' || nullif(l.laninline, 0)::regproc,
                      ' VALIDATOR ' || nullif(l.lanvalidator, 0)::regproc) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_language l
         CROSS JOIN LATERAL pg_identify_object('pg_language'::regclass, l.oid, 0) i
         WHERE l.oid >= 16384
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_language'::regclass AND m.objid = l.oid AND m.deptype = 'e')) x
