-- Composite types that stand alone (those of tables are part of their table): model::Composite.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT format('%I.%I', n.nspname, t.typname) AS identity,
               json_build_object('schema', n.nspname, 'name', t.typname) AS name,
               pg_get_userbyid(t.typowner) AS owner,
               coalesce((SELECT json_agg(json_build_object(
                                  'name', a.attname,
                                  'type_name', format_type(a.atttypid, a.atttypmod),
                                  'collation', (SELECT format('%I.%I', cn.nspname, c.collname)
                                                  FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
                                                 WHERE c.oid = a.attcollation AND c.oid <> b.typcollation))
                                ORDER BY a.attnum)
                           FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
                          WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS attributes
          FROM pg_class r
          JOIN pg_type t ON t.oid = r.reltype
          JOIN pg_namespace n ON n.oid = r.relnamespace
         WHERE r.relkind = 'c' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')) x
