-- Collations: model::Definition. Their versions are the operating system's business.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'COLLATION ' || i.identity AS sql_name,
               json_build_object('schema', n.nspname, 'name', c.collname) AS name,
               pg_get_userbyid(c.collowner) AS owner,
               NULL AS of,
               format('CREATE COLLATION %s (%s)', i.identity, concat_ws(', ',
                      'provider = ' || CASE c.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu'
                                                       WHEN 'b' THEN 'builtin' END,
                      CASE WHEN NOT c.collisdeterministic THEN 'deterministic = false' END,
                      'locale = ' || quote_literal(:collation_locale),
                      'lc_collate = ' || quote_literal(c.collcollate),
                      'lc_ctype = ' || quote_literal(c.collctype),
                      'rules = ' || quote_literal(:collation_rules))) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_collation c
          JOIN pg_namespace n ON n.oid = c.collnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_collation'::regclass, c.oid, 0) i
         WHERE c.collencoding IN (-1, (SELECT b.encoding FROM pg_database b WHERE b.datname = current_database()))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_collation'::regclass AND m.objid = c.oid AND m.deptype = 'e')) x
