-- What a schema may also hold and the reader does not read, counted by kind. What this program has not even heard of is
-- counted where rows are taken into digests (src/digest/known.rs).
WITH ours AS (
    SELECT oid FROM pg_namespace
     WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'nself', 'nself_api')
),
-- By the index: who belongs to an extension, or depends on one.
dependence AS MATERIALIZED (
    SELECT classid, objid, refobjid, deptype FROM pg_depend
     WHERE refclassid = 'pg_extension'::regclass AND deptype IN ('e', 'x')
),
member AS MATERIALIZED (SELECT classid, objid, refobjid FROM dependence WHERE deptype = 'e'),
-- The options of what is foreign, as the reader shows them.
option AS (
    SELECT o.option_name
      FROM (SELECT fdwoptions FROM pg_foreign_data_wrapper
             UNION ALL SELECT srvoptions FROM pg_foreign_server
             UNION ALL SELECT ftoptions FROM pg_foreign_table
             UNION ALL SELECT a.attfdwoptions FROM pg_foreign_table t JOIN pg_attribute a ON a.attrelid = t.ftrelid) f(options)
     CROSS JOIN LATERAL pg_options_to_table(f.options) o
     WHERE o.option_name ~* :secret
     UNION ALL
    SELECT o.option_name FROM pg_user_mappings u CROSS JOIN LATERAL pg_options_to_table(u.umoptions) o
     WHERE o.option_name !~* '^(user|username|user_name)$'
),
kind(object_type, n, names) AS (
    SELECT 'subscription', count(*), coalesce(json_agg(quote_ident(subname) ORDER BY subname COLLATE "C"), '[]')
      FROM pg_subscription
     WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'security label', count(*), '[]' FROM pg_seclabel
    UNION ALL SELECT 'large object', count(*), '[]' FROM pg_largeobject_metadata
    UNION ALL SELECT 'secret option', count(*), '[]' FROM option
    -- The condition is that of the view pg_user_mappings.
    UNION ALL SELECT 'user mapping with hidden options', count(*), '[]'
                FROM pg_user_mappings u JOIN pg_foreign_server s ON s.oid = u.srvid
               WHERE NOT (u.umuser <> 0 AND u.usename = current_user
                          AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE'))
                          OR u.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE')
                          OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
    UNION ALL SELECT 'privileges on the row type of a table', count(*), '[]'
                FROM pg_type t JOIN pg_class r ON r.oid = t.typrelid
               WHERE r.relkind <> 'c' AND r.relpersistence <> 't' AND r.relnamespace IN (SELECT oid FROM ours)
                 AND t.typacl IS NOT NULL
                 AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = r.oid)
    UNION ALL SELECT 'shell operator', count(*), '[]' FROM pg_operator o
               WHERE o.oprcode = 0 AND o.oprnamespace IN (SELECT oid FROM ours)
                 AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_operator'::regclass AND m.objid = o.oid)
    UNION ALL SELECT 'statistics target of a constraint''s index', count(*), '[]'
                -- Only an expression has a target of its own, and only an exclusion constraint has expressions.
                FROM pg_constraint k
               CROSS JOIN LATERAL (SELECT a.attrelid FROM pg_attribute a
                                    WHERE a.attrelid = k.conindid AND nullif(a.attstattarget, -1) IS NOT NULL
                                      AND a.attnum > 0 AND NOT a.attisdropped OFFSET 0) a
               WHERE k.contype = 'x' AND k.connamespace IN (SELECT oid FROM ours)
                 AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = k.conrelid)
    -- Of routines, triggers, materialized views and indexes it is read, but not of the index of a constraint.
    UNION ALL SELECT 'dependence on an extension', count(*), '[]'
                FROM dependence d
                LEFT JOIN pg_class r ON r.oid = d.objid AND d.classid = 'pg_class'::regclass
                LEFT JOIN pg_constraint k ON k.conindid = r.oid AND k.contype IN ('p', 'u', 'x')
               WHERE d.deptype = 'x' AND d.classid NOT IN ('pg_proc'::regclass, 'pg_trigger'::regclass)
                 AND coalesce(r.relkind NOT IN ('i', 'I', 'm') OR k.oid IS NOT NULL, true)
)
SELECT coalesce(json_object_agg(object_type, json_build_object('count', n, 'names', names)
                                ORDER BY object_type COLLATE "C"), '{}')::text
  FROM kind WHERE n > 0
