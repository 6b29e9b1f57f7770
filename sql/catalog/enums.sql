-- Enum types: model::Enum.
SELECT coalesce(json_agg(e ORDER BY e.identity COLLATE "C"), '[]')::text
  FROM (SELECT format('%I.%I', n.nspname, t.typname) AS identity,
               json_build_object('schema', n.nspname, 'name', t.typname) AS name,
               pg_get_userbyid(t.typowner) AS owner,
               coalesce((SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder)
                           FROM pg_enum l WHERE l.enumtypid = t.oid), '[]') AS labels
          FROM pg_type t
          JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE t.typtype = 'e'
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')) e
