-- Domains with their checks: model::Domain.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT format('%I.%I', n.nspname, t.typname) AS identity,
               json_build_object('schema', n.nspname, 'name', t.typname) AS name,
               pg_get_userbyid(t.typowner) AS owner,
               format_type(t.typbasetype, t.typtypmod) AS base_type,
               (SELECT format('%I.%I', cn.nspname, c.collname)
                  FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
                 WHERE c.oid = t.typcollation AND c.oid <> b.typcollation) AS collation,
               -- That NULL is kept where the type has a length, and says nothing.
               CASE WHEN pg_get_expr(t.typdefaultbin, 0) !~ '^NULL::' THEN pg_get_expr(t.typdefaultbin, 0) END AS default,
               t.typnotnull AS not_null,
               (SELECT k.conname FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'n') AS not_null_name,
               coalesce((SELECT json_agg(json_build_object(
                                  'identity', format('%I on %I.%I', k.conname, n.nspname, t.typname),
                                  'name', k.conname,
                                  'def', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
                                  'validated', k.convalidated) ORDER BY k.conname COLLATE "C")
                           FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '[]') AS checks
          FROM pg_type t
          JOIN pg_namespace n ON n.oid = t.typnamespace
          JOIN pg_type b ON b.oid = t.typbasetype
         WHERE t.typtype = 'd'
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')) x
