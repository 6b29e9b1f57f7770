-- Schemas: model::Schema.
SELECT coalesce(json_agg(s ORDER BY s.identity COLLATE "C"), '[]')::text
  FROM (SELECT quote_ident(n.nspname) AS identity,
               n.nspname AS name,
               pg_get_userbyid(n.nspowner) AS owner
          FROM pg_namespace n
         WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')) s
