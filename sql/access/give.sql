-- The statements that give a level ($4) to a role ($5, as SQL): its key, and all that it and those before it open.
SELECT coalesce(json_agg(format('GRANT %s ON %s TO %s', o.privileges, o.sql, $5)), '[]')::text
  FROM (SELECT concat(g.privilege, CASE WHEN g.in_column IS NOT NULL
                                        THEN ' (' || string_agg(quote_ident(g.in_column), ', ') || ')' END), t.sql
          FROM given g
          JOIN (SELECT CASE p.pronamespace WHEN 'nself'::regnamespace THEN 'key' ELSE 'function' END, p.proname,
                       format('ROUTINE %s', p.oid::regprocedure)
                  FROM pg_extension e
                  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
                  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
                 WHERE e.extname = 'nself_heal'
                 UNION ALL
                SELECT k.kind, r.relname, format('TABLE nself.%I', r.relname)
                  FROM pg_class r CROSS JOIN (VALUES ('relation'), ('column')) k(kind)
                 WHERE r.relnamespace = 'nself'::regnamespace
                 UNION ALL
                SELECT 'schema', 'nself', 'SCHEMA nself'
                 UNION ALL
                SELECT 'schema', n.nspname, format('SCHEMA %I', n.nspname)
                  FROM nself.installed_api i JOIN pg_namespace n ON i.object_type = 'schema' AND n.nspname = i.identity
                 UNION ALL
                SELECT 'api_function', p.proname, format('ROUTINE %s', p.oid::regprocedure)
                  FROM nself.installed_api i
                  JOIN pg_proc p ON p.oid = CASE i.object_type WHEN 'function' THEN to_regprocedure(i.identity) END
                 UNION ALL
                SELECT 'api_relation', r.relname, format('TABLE %s', r.oid::regclass)
                  FROM nself.installed_api i
                  JOIN pg_class r ON r.oid = CASE i.object_type WHEN 'table' THEN to_regclass(i.identity) END) t(target, name, sql)
            ON t.target = g.target AND t.name = g.name
         WHERE g.level <= $4 AND (g.target <> 'key' OR g.level = $4)
         GROUP BY t.sql, g.privilege, g.in_column IS NOT NULL) o(privileges, sql)
