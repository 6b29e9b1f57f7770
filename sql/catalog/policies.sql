-- Row security policies: model::Definition. Whether a table heeds them is a field of the table.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               format('POLICY %I ON %s', y.polname, t.identity) AS sql_name,
               NULL AS name,
               NULL AS owner,
               json_build_object('object_type', t.type, 'identity', t.identity,
                                 'name', json_build_object('schema', n.nspname, 'name', r.relname)) AS of,
               concat(d.head, ' USING (' || d.using_expression || ')', ' WITH CHECK (' || d.check_expression || ')')
                   AS def,
               '[]'::json AS more,
               concat(d.head, CASE WHEN d.using_expression IS NOT NULL THEN ' USING ()' END,
                      CASE WHEN d.check_expression IS NOT NULL THEN ' WITH CHECK ()' END) AS shape,
               CASE WHEN coalesce(d.using_expression, d.check_expression) IS NOT NULL
                    THEN format('SELECT %s FROM ONLY %s', concat_ws(', ', '(' || d.using_expression || ')',
                                                                    '(' || d.check_expression || ')'), t.identity)
               END AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_policy y
          JOIN pg_class r ON r.oid = y.polrelid
          JOIN pg_namespace n ON n.oid = r.relnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_policy'::regclass, y.oid, 0) i
         CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) t
         CROSS JOIN LATERAL (
                SELECT concat(format('CREATE POLICY %I ON %s', y.polname, t.identity),
                              CASE WHEN NOT y.polpermissive THEN ' AS RESTRICTIVE' END,
                              CASE y.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT'
                                            WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' END,
                              ' TO ' || (SELECT string_agg(u.grantee, ', ' ORDER BY u.grantee COLLATE "C")
                                           FROM (SELECT CASE WHEN p.role = 0 THEN 'PUBLIC'
                                                             ELSE quote_ident(pg_get_userbyid(p.role)) END
                                                   FROM unnest(y.polroles) p(role)) u(grantee))) AS head,
                       pg_get_expr(y.polqual, y.polrelid) AS using_expression,
                       pg_get_expr(y.polwithcheck, y.polrelid) AS check_expression) d
         WHERE r.relpersistence <> 't' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_class'::regclass AND m.objid = r.oid AND m.objsubid = 0
                              AND m.deptype = 'e')) x
