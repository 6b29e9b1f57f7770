-- Range types, base types and shells, which are a name and no more: model::Definition. What the server makes with a
-- type, as its array or its multirange, belongs to it.
WITH own AS MATERIALIZED (
    SELECT t.* FROM pg_type t
     WHERE t.oid >= 16384
       AND (t.typtype = 'r'
            OR t.typtype = 'p' AND NOT t.typisdefined
            -- The array of another type is part of that.
            OR t.typtype = 'b' AND (t.typelem = 0 OR NOT EXISTS (SELECT FROM pg_type e
                                                                 WHERE e.oid = t.typelem AND e.typarray = t.oid)))
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'TYPE ' || i.identity AS sql_name,
               json_build_object('schema', n.nspname, 'name', t.typname) AS name,
               pg_get_userbyid(t.typowner) AS owner,
               NULL AS of,
               concat('CREATE TYPE ' || i.identity, ' AS RANGE (' || r.settings || ')',
                      ' (' || b.settings || ')') AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM own t
          JOIN pg_namespace n ON n.oid = t.typnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_type'::regclass, t.oid, 0) i
          LEFT JOIN LATERAL (
                SELECT concat_ws(', ',
                           'SUBTYPE = ' || format_type(g.rngsubtype, NULL),
                           'SUBTYPE_OPCLASS = ' || (SELECT format('%I.%I', cn.nspname, c.opcname)
                                                      FROM pg_opclass c JOIN pg_namespace cn ON cn.oid = c.opcnamespace
                                                     WHERE c.oid = g.rngsubopc AND NOT c.opcdefault),
                           'COLLATION = ' || (SELECT format('%I.%I', cn.nspname, c.collname)
                                                FROM pg_collation c
                                                JOIN pg_namespace cn ON cn.oid = c.collnamespace
                                                JOIN pg_type s ON s.oid = g.rngsubtype
                                               WHERE c.oid = g.rngcollation AND c.oid <> s.typcollation),
                           'CANONICAL = ' || nullif(g.rngcanonical, 0)::regproc,
                           'SUBTYPE_DIFF = ' || nullif(g.rngsubdiff, 0)::regproc,
                           'MULTIRANGE_TYPE_NAME = ' || format_type(g.rngmultitypid, NULL)) AS settings
                  FROM pg_range g WHERE g.rngtypid = t.oid) r ON true
          LEFT JOIN LATERAL (
                SELECT concat_ws(', ',
                           'INPUT = ' || t.typinput::regproc,
                           'OUTPUT = ' || t.typoutput::regproc,
                           'RECEIVE = ' || nullif(t.typreceive, 0)::regproc,
                           'SEND = ' || nullif(t.typsend, 0)::regproc,
                           'TYPMOD_IN = ' || nullif(t.typmodin, 0)::regproc,
                           'TYPMOD_OUT = ' || nullif(t.typmodout, 0)::regproc,
                           'ANALYZE = ' || nullif(t.typanalyze, 0)::regproc,
                           'SUBSCRIPT = ' || nullif(t.typsubscript, 0)::regproc,
                           'INTERNALLENGTH = ' || CASE WHEN t.typlen < 0 THEN 'VARIABLE' ELSE t.typlen::text END,
                           CASE WHEN t.typbyval THEN 'PASSEDBYVALUE' END,
                           'ALIGNMENT = ' || CASE t.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2'
                                                             WHEN 'i' THEN 'int4' WHEN 'd' THEN 'double' END,
                           'STORAGE = ' || CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                                             WHEN 'x' THEN 'extended' WHEN 'm' THEN 'main' END,
                           'CATEGORY = ' || quote_literal(t.typcategory::text),
                           CASE WHEN t.typispreferred THEN 'PREFERRED = true' END,
                           'DEFAULT = ' || quote_literal(t.typdefault),
                           'ELEMENT = ' || format_type(nullif(t.typelem, 0), NULL),
                           'DELIMITER = ' || quote_literal(t.typdelim::text),
                           CASE WHEN t.typcollation <> 0 THEN 'COLLATABLE = true' END) AS settings
                 WHERE t.typtype = 'b') b ON true
         WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid AND m.deptype = 'e')) x
