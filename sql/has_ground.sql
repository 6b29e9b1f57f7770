-- Whether this database has anything that a new one lacks, beside this extension: a quick look before the schema is read.
-- Objects that initdb made have numbers below 16384; of them only privileges, and what the schema public is, can be anybody's.
WITH own(classid, objid) AS MATERIALIZED (
    SELECT d.classid, d.objid
      FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'nself_heal'
     UNION ALL
    SELECT 'pg_extension'::regclass, oid FROM pg_extension WHERE extname = 'nself_heal'
     UNION ALL
    -- The schema that the extension was put into.
    SELECT 'pg_namespace'::regclass, extnamespace FROM pg_extension WHERE extname = 'nself_heal'
     UNION ALL
    -- What nself_api_install() makes.
    SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspname = 'nself_api'
     UNION ALL
    SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = to_regnamespace('nself_api')
)
SELECT EXISTS (SELECT FROM pg_namespace n
                WHERE n.oid >= 16384 AND n.nspname NOT LIKE 'pg\_%'
                  AND (('pg_namespace'::regclass)::oid, n.oid) NOT IN (SELECT classid, objid FROM own))
    OR NOT EXISTS (SELECT FROM pg_namespace n
                    WHERE n.nspname = 'public' AND n.nspowner = 'pg_database_owner'::regrole
                      AND (SELECT array_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(n.nspacl) a)
                          = '{=U/pg_database_owner,pg_database_owner=UC/pg_database_owner}')
    OR EXISTS (SELECT FROM pg_extension WHERE extname NOT IN ('nself_heal', 'plpgsql'))
    OR NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'plpgsql')
    OR EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND c.relpersistence <> 't'
                  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('nself', 'nself_api'))
    OR EXISTS (SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                WHERE t.oid >= 16384 AND t.typrelid = 0 AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('nself', 'nself_api'))
    OR EXISTS (SELECT FROM pg_proc p
                WHERE p.oid >= 16384 AND (('pg_proc'::regclass)::oid, p.oid) NOT IN (SELECT classid, objid FROM own))
    OR EXISTS (SELECT FROM pg_event_trigger t
                WHERE (('pg_event_trigger'::regclass)::oid, t.oid) NOT IN (SELECT classid, objid FROM own))
    OR EXISTS (SELECT FROM pg_publication) OR EXISTS (SELECT FROM pg_foreign_data_wrapper)
    OR EXISTS (SELECT FROM pg_default_acl)
    OR EXISTS (SELECT FROM pg_cast WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_operator WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_opclass WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_opfamily WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_am WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_language WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_collation WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_conversion WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_transform WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_ts_config WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_ts_dict WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_ts_parser WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_ts_template WHERE oid >= 16384)
    -- Privileges on the server's own objects. Those of the information schema have no note of what initdb gave.
    OR EXISTS (SELECT FROM pg_class c
                 LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0
                WHERE c.oid < 16384 AND c.relacl IS NOT NULL AND c.relacl IS DISTINCT FROM i.initprivs
                  AND NOT (c.relnamespace = 'information_schema'::regnamespace
                           AND (SELECT count(*) = 2 AND bool_or(a.grantee = 0) AND bool_or(a.grantee = c.relowner)
                                  FROM (SELECT grantee FROM aclexplode(c.relacl) GROUP BY 1) a)))
    OR EXISTS (SELECT FROM pg_attribute a
                 LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = a.attrelid AND i.objsubid = a.attnum
                WHERE a.attrelid < 16384 AND a.attacl IS NOT NULL AND a.attacl IS DISTINCT FROM i.initprivs)
    OR EXISTS (SELECT FROM pg_proc p
                 LEFT JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid AND i.objsubid = 0
                WHERE p.oid < 16384 AND p.proacl IS NOT NULL AND p.proacl IS DISTINCT FROM i.initprivs)
    OR EXISTS (SELECT FROM pg_type t WHERE t.oid < 16384 AND t.typacl IS NOT NULL)
    OR EXISTS (SELECT FROM pg_language l
                 LEFT JOIN pg_init_privs i ON i.classoid = 'pg_language'::regclass AND i.objoid = l.oid AND i.objsubid = 0
                WHERE l.oid < 16384 AND l.lanacl IS NOT NULL AND l.lanacl IS DISTINCT FROM i.initprivs)
