-- Views: model::Definition.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               format('VIEW %I.%I', n.nspname, r.relname) AS sql_name,
               json_build_object('schema', n.nspname, 'name', r.relname) AS name,
               pg_get_userbyid(r.relowner) AS owner,
               NULL AS of,
               d.head || v.query AS def,
               -- What an INSERT into the view puts into a column that it does not name.
               coalesce((SELECT json_agg(format('ALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s', n.nspname, r.relname,
                                                a.attname, pg_get_expr(e.adbin, e.adrelid))
                                         ORDER BY a.attname COLLATE "C")
                           FROM pg_attrdef e
                           JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
                          WHERE e.adrelid = r.oid), '[]') AS more,
               d.head AS shape,
               v.query,
               -- A check option is one of them, and may be written as such.
               coalesce((SELECT json_agg(:plain_option ORDER BY o.option_name COLLATE "C")
                           FROM pg_options_to_table(r.reloptions) o), '[]') AS parameters,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_class r
          JOIN pg_namespace n ON n.oid = r.relnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) i
         -- OFFSET 0: otherwise each word that names the query would print it again.
         CROSS JOIN LATERAL (SELECT rtrim(pg_get_viewdef(r.oid), ';') AS query OFFSET 0) v
         CROSS JOIN LATERAL (SELECT format('CREATE VIEW %I.%I AS', n.nspname, r.relname) AS head) d
         WHERE r.relkind = 'v' AND r.relpersistence <> 't' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_class'::regclass AND m.objid = r.oid AND m.objsubid = 0
                              AND m.deptype = 'e')) x
