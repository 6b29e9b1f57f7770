-- Functions, procedures and aggregates: model::Definition. Those that the server makes for a range type belong to it.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C", x.object_type), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               d.sql_name,
               json_build_object('schema', n.nspname, 'name', p.proname) AS name,
               pg_get_userbyid(p.proowner) AS owner,
               NULL AS of,
               CASE WHEN p.prokind = 'a' THEN format('CREATE AGGREGATE %I.%I(%s) (%s)', n.nspname, p.proname,
                                                     coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'),
                                                     s.settings)
                    ELSE regexp_replace(rtrim(pg_get_functiondef(p.oid), E'\n'), '^CREATE OR REPLACE ', 'CREATE ')
               END AS def,
               coalesce((SELECT json_agg(format('ALTER %s DEPENDS ON EXTENSION %I', d.sql_name, e.extname)
                                         ORDER BY e.extname COLLATE "C")
                           FROM pg_depend x JOIN pg_extension e ON e.oid = x.refobjid
                          WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid
                            AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'x'), '[]') AS more,
               b.shape,
               b.query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace
          LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
         CROSS JOIN LATERAL pg_identify_object('pg_proc'::regclass, p.oid, 0) i
         -- An aggregate of no arguments is spoken of with a star.
         CROSS JOIN LATERAL (SELECT upper(i.type) || ' ' || CASE WHEN p.prokind = 'a' AND p.pronargs = 0
                                                                 THEN format('%I.%I(*)', n.nspname, p.proname)
                                                                 ELSE i.identity END AS sql_name) d
          -- The server prints no aggregate as a statement.
          LEFT JOIN LATERAL (
                SELECT concat_ws(', ',
                           'SFUNC = ' || a.aggtransfn::regproc,
                           'STYPE = ' || format_type(a.aggtranstype, NULL),
                           'SSPACE = ' || nullif(a.aggtransspace, 0),
                           'FINALFUNC = ' || nullif(a.aggfinalfn, 0)::regproc,
                           CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
                           'FINALFUNC_MODIFY = ' || m.final,
                           'COMBINEFUNC = ' || nullif(a.aggcombinefn, 0)::regproc,
                           'SERIALFUNC = ' || nullif(a.aggserialfn, 0)::regproc,
                           'DESERIALFUNC = ' || nullif(a.aggdeserialfn, 0)::regproc,
                           'INITCOND = ' || quote_literal(a.agginitval),
                           'MSFUNC = ' || nullif(a.aggmtransfn, 0)::regproc,
                           'MINVFUNC = ' || nullif(a.aggminvtransfn, 0)::regproc,
                           'MSTYPE = ' || format_type(nullif(a.aggmtranstype, 0), NULL),
                           'MSSPACE = ' || nullif(a.aggmtransspace, 0),
                           'MFINALFUNC = ' || nullif(a.aggmfinalfn, 0)::regproc,
                           CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
                           CASE WHEN a.aggmtransfn <> 0 THEN 'MFINALFUNC_MODIFY = ' || m.moving_final END,
                           'MINITCOND = ' || quote_literal(a.aggminitval),
                           'SORTOP = ' || (SELECT format('OPERATOR(%I.%s)', opn.nspname, o.oprname)
                                             FROM pg_operator o JOIN pg_namespace opn ON opn.oid = o.oprnamespace
                                            WHERE o.oid = a.aggsortop),
                           'PARALLEL = ' || CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED'
                                                               ELSE 'UNSAFE' END,
                           CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END) AS settings
                  FROM (SELECT CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE'
                                                     WHEN 'w' THEN 'READ_WRITE' END AS final,
                               CASE a.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE'
                                                      WHEN 'w' THEN 'READ_WRITE' END AS moving_final) m) s ON true
          -- Defaults of arguments, and a body that is kept as statements: these may be printed in two forms.
          LEFT JOIN LATERAL (
                SELECT concat(left(t.head, strpos(t.head, t.arguments) - 1), pg_get_function_identity_arguments(p.oid),
                              substr(t.head, strpos(t.head, t.arguments) + length(t.arguments))) AS shape,
                       'SELECT ' || pg_get_expr(p.proargdefaults, 0) AS query
                  FROM (SELECT regexp_replace(left(f.def, length(f.def) - coalesce(length(f.body), 0)),
                                              '^CREATE OR REPLACE ', 'CREATE ') AS head, f.arguments
                          FROM (SELECT CASE WHEN p.prokind <> 'a' THEN rtrim(pg_get_functiondef(p.oid), E'\n') END AS def,
                                       pg_get_function_arguments(p.oid) AS arguments,
                                       rtrim(pg_get_function_sqlbody(p.oid), E'\n') AS body) f) t) b
            ON p.prokind <> 'a' AND (p.proargdefaults IS NOT NULL OR p.prosqlbody IS NOT NULL)
         WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           -- A body that is kept as what it means can only be printed when its tables can be read.
           AND NOT (p.prosqlbody IS NOT NULL
                    AND EXISTS (SELECT FROM pg_depend d
                                 WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($3)))
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid
                              AND (m.deptype = 'e' OR m.deptype = 'i' AND m.refclassid = 'pg_type'::regclass))) x
