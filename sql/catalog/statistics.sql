-- Extended statistics: model::Definition. Columns are sorted by name: their order has no meaning, and the server keeps
-- that of the table.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'STATISTICS ' || i.identity AS sql_name,
               json_build_object('schema', n.nspname, 'name', s.stxname) AS name,
               pg_get_userbyid(s.stxowner) AS owner,
               json_build_object('object_type', t.type, 'identity', t.identity,
                                 'name', json_build_object('schema', rn.nspname, 'name', r.relname)) AS of,
               format(d.form, concat_ws(', ', d.columns, d.expressions)) AS def,
               CASE WHEN nullif(s.stxstattarget, -1) IS NULL THEN '[]'::json
                    ELSE json_build_array(format('ALTER STATISTICS %s SET STATISTICS %s', i.identity,
                                                 s.stxstattarget)) END AS more,
               CASE WHEN d.expressions IS NOT NULL THEN format(d.form, concat_ws(', ', d.columns, '()')) END AS shape,
               'SELECT ' || d.expressions || ' FROM ' || t.identity AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_statistic_ext s
          JOIN pg_namespace n ON n.oid = s.stxnamespace
          JOIN pg_class r ON r.oid = s.stxrelid
          JOIN pg_namespace rn ON rn.oid = r.relnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_statistic_ext'::regclass, s.oid, 0) i
         CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) t
         CROSS JOIN LATERAL (
                SELECT (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
                          FROM pg_attribute a
                         WHERE a.attrelid = r.oid AND a.attnum = ANY (s.stxkeys::int2[])) AS columns,
                       (SELECT string_agg(format('(%s)', e.expression), ', ' ORDER BY e.n)
                          FROM unnest(pg_get_statisticsobjdef_expressions(s.oid)) WITH ORDINALITY e(expression, n))
                           AS expressions,
                       (SELECT string_agg(CASE k.kind WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
                                                      WHEN 'm' THEN 'mcv' END, ', ' ORDER BY k.kind)
                          FROM unnest(s.stxkind) k(kind) WHERE k.kind <> 'e') AS kinds) c
         -- Of a single expression no kinds may be named. A percent sign in a name is not one of the form.
         CROSS JOIN LATERAL (
                SELECT c.*, replace(format('CREATE STATISTICS %s', i.identity), '%', '%%')
                            || coalesce(' (' || c.kinds || ')', '') || ' ON %s FROM '
                            || replace(t.identity, '%', '%%') AS form) d
         WHERE ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_statistic_ext'::regclass AND m.objid = s.oid AND m.deptype = 'e')) x
