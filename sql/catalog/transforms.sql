-- Transforms between types and languages: model::Definition. One has no owner: whoever owns the type may make it.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               format('TRANSFORM FOR %s LANGUAGE %I', format_type(t.oid, NULL), l.lanname) AS sql_name,
               NULL AS name,
               pg_get_userbyid(t.typowner) AS owner,
               NULL AS of,
               format('CREATE TRANSFORM FOR %s LANGUAGE %I (%s)', format_type(t.oid, NULL), l.lanname, concat_ws(', ',
                      'FROM SQL WITH FUNCTION ' || nullif(f.trffromsql, 0)::regprocedure,
                      'TO SQL WITH FUNCTION ' || nullif(f.trftosql, 0)::regprocedure)) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_transform f
          JOIN pg_language l ON l.oid = f.trflang
          JOIN pg_type t ON t.oid = f.trftype
         CROSS JOIN LATERAL pg_identify_object('pg_transform'::regclass, f.oid, 0) i
         WHERE NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_transform'::regclass AND m.objid = f.oid AND m.deptype = 'e')) x
