-- Operators: model::Definition. One that is only spoken of by others, and has no function, is a shell and not read.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'OPERATOR ' || i.identity AS sql_name,
               json_build_object('schema', n.nspname, 'name', o.oprname) AS name,
               pg_get_userbyid(o.oprowner) AS owner,
               NULL AS of,
               format('CREATE OPERATOR %I.%s (%s)', n.nspname, o.oprname, concat_ws(', ',
                      'FUNCTION = ' || o.oprcode::regproc,
                      'LEFTARG = ' || format_type(nullif(o.oprleft, 0), NULL),
                      'RIGHTARG = ' || format_type(nullif(o.oprright, 0), NULL),
                      'COMMUTATOR = ' || (SELECT format('OPERATOR(%I.%s)', cn.nspname, c.oprname)
                                            FROM pg_operator c JOIN pg_namespace cn ON cn.oid = c.oprnamespace
                                           WHERE c.oid = o.oprcom),
                      'NEGATOR = ' || (SELECT format('OPERATOR(%I.%s)', cn.nspname, c.oprname)
                                         FROM pg_operator c JOIN pg_namespace cn ON cn.oid = c.oprnamespace
                                        WHERE c.oid = o.oprnegate),
                      'RESTRICT = ' || nullif(o.oprrest, 0)::regproc,
                      'JOIN = ' || nullif(o.oprjoin, 0)::regproc,
                      CASE WHEN o.oprcanhash THEN 'HASHES' END,
                      CASE WHEN o.oprcanmerge THEN 'MERGES' END)) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_operator o
          JOIN pg_namespace n ON n.oid = o.oprnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_operator'::regclass, o.oid, 0) i
         WHERE o.oprcode <> 0
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_operator'::regclass AND m.objid = o.oid AND m.deptype = 'e')) x
