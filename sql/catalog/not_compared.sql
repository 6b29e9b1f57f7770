-- What a schema may also hold and the reader does not read yet, counted by kind: Catalog::not_compared.
-- A kind that is missing from this list would be silence, so a test creates one object of each.
WITH member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
ours AS (
    SELECT oid FROM pg_namespace
     WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'nself')
),
relation AS (
    SELECT r.* FROM pg_class r
     WHERE r.relnamespace IN (SELECT oid FROM ours) AND r.relpersistence <> 't'
       AND ('pg_class'::regclass, r.oid) NOT IN (SELECT classid, objid FROM member)
),
routine AS (
    SELECT p.* FROM pg_proc p
     WHERE p.pronamespace IN (SELECT oid FROM ours) AND ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, objid FROM member)
),
kind(object_type, n) AS (
    SELECT 'view', count(*) FROM relation WHERE relkind = 'v'
    UNION ALL SELECT 'materialized view', count(*) FROM relation WHERE relkind = 'm'
    UNION ALL SELECT 'foreign table', count(*) FROM relation WHERE relkind = 'f'
    UNION ALL SELECT 'rule', count(*) FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL SELECT CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, count(*)
                FROM routine WHERE ('pg_proc'::regclass, oid) NOT IN
                     (SELECT classid, objid FROM pg_depend WHERE deptype = 'i' AND refclassid = 'pg_type'::regclass) GROUP BY 1
    UNION ALL SELECT 'trigger', count(*) FROM pg_trigger g JOIN relation r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal
    UNION ALL SELECT 'event trigger', count(*) FROM pg_event_trigger
               WHERE ('pg_event_trigger'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'policy', count(*) FROM pg_policy y JOIN relation r ON r.oid = y.polrelid
    UNION ALL SELECT 'row security', count(*) FROM relation WHERE relrowsecurity OR relforcerowsecurity
    -- Of every kind of object; an extension's own comment comes with it.
    UNION ALL SELECT 'comment', count(*) FROM pg_description d
               WHERE (d.objoid >= 16384
                      OR d.classoid = 'pg_namespace'::regclass AND d.objoid IN (SELECT oid FROM ours)
                         AND d.description <> 'standard public schema')
                 AND d.classoid <> 'pg_extension'::regclass
                 AND (d.classoid <> 'pg_class'::regclass OR d.objoid IN (SELECT oid FROM relation))
                 AND (d.classoid, d.objoid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'grant', (SELECT count(*) FROM relation WHERE relacl IS NOT NULL)
                            + (SELECT count(*) FROM routine WHERE proacl IS NOT NULL)
                            + (SELECT count(*) FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
                                WHERE a.attacl IS NOT NULL)
                            + (SELECT count(*) FROM pg_type WHERE typnamespace IN (SELECT oid FROM ours) AND typacl IS NOT NULL)
                            + (SELECT count(*) FROM pg_namespace n WHERE n.oid IN (SELECT oid FROM ours)
                                  AND n.nspacl IS DISTINCT FROM (SELECT p.initprivs FROM pg_init_privs p
                                       WHERE p.classoid = 'pg_namespace'::regclass AND p.objoid = n.oid AND p.objsubid = 0))
                            + (SELECT count(*) FROM pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL)
                            + (SELECT count(*) FROM pg_foreign_server WHERE srvacl IS NOT NULL)
                            + (SELECT count(*) FROM pg_language WHERE lanacl IS NOT NULL)
                            + (SELECT count(*) FROM pg_largeobject_metadata WHERE lomacl IS NOT NULL)
    UNION ALL SELECT 'default privileges', count(*) FROM pg_default_acl
    UNION ALL SELECT 'collation', count(*) FROM pg_collation WHERE collnamespace IN (SELECT oid FROM ours)
               AND ('pg_collation'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'conversion', count(*) FROM pg_conversion WHERE connamespace IN (SELECT oid FROM ours)
               AND ('pg_conversion'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'cast', count(*) FROM pg_cast WHERE oid >= 16384
               AND ('pg_cast'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'transform', count(*) FROM pg_transform
               WHERE ('pg_transform'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'operator', count(*) FROM pg_operator WHERE oprnamespace IN (SELECT oid FROM ours)
               AND ('pg_operator'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'operator class', count(*) FROM pg_opclass WHERE opcnamespace IN (SELECT oid FROM ours)
               AND ('pg_opclass'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'operator family', count(*) FROM pg_opfamily WHERE opfnamespace IN (SELECT oid FROM ours)
               AND ('pg_opfamily'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'access method', count(*) FROM pg_am WHERE oid >= 16384
               AND ('pg_am'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'text search configuration', count(*) FROM pg_ts_config WHERE cfgnamespace IN (SELECT oid FROM ours)
               AND ('pg_ts_config'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'text search dictionary', count(*) FROM pg_ts_dict WHERE dictnamespace IN (SELECT oid FROM ours)
               AND ('pg_ts_dict'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'text search parser', count(*) FROM pg_ts_parser WHERE prsnamespace IN (SELECT oid FROM ours)
               AND ('pg_ts_parser'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'text search template', count(*) FROM pg_ts_template WHERE tmplnamespace IN (SELECT oid FROM ours)
               AND ('pg_ts_template'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'statistics object', count(*) FROM pg_statistic_ext WHERE stxnamespace IN (SELECT oid FROM ours)
    UNION ALL SELECT 'publication', count(*) FROM pg_publication
    UNION ALL SELECT 'subscription', count(*) FROM pg_subscription
               WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'foreign-data wrapper', count(*) FROM pg_foreign_data_wrapper
               WHERE ('pg_foreign_data_wrapper'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'server', count(*) FROM pg_foreign_server
               WHERE ('pg_foreign_server'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT 'user mapping', count(*) FROM pg_user_mappings
    UNION ALL SELECT 'language', count(*) FROM pg_language WHERE oid >= 16384 AND lanname <> 'plpgsql'
               AND ('pg_language'::regclass, oid) NOT IN (SELECT classid, objid FROM member)
    UNION ALL SELECT CASE typtype WHEN 'r' THEN 'range type' ELSE 'base type' END, count(*) FROM pg_type t
               WHERE typnamespace IN (SELECT oid FROM ours) AND (typtype = 'r' OR typtype IN ('b', 'p') AND typelem = 0)
                 AND ('pg_type'::regclass, oid) NOT IN (SELECT classid, objid FROM member) GROUP BY 1
    UNION ALL SELECT 'security label', count(*) FROM pg_seclabel
    UNION ALL SELECT 'large object', count(*) FROM pg_largeobject_metadata
    UNION ALL SELECT 'index of a materialized view', count(*) FROM pg_index i JOIN relation r ON r.oid = i.indrelid
               WHERE r.relkind = 'm'
    UNION ALL SELECT 'storage parameter', count(*) FROM relation WHERE relkind IN ('r', 'p') AND reloptions IS NOT NULL
    UNION ALL SELECT 'tablespace of a table', count(*) FROM relation WHERE relkind IN ('r', 'p') AND reltablespace <> 0
    UNION ALL SELECT 'access method of a table', count(*) FROM relation r JOIN pg_am m ON m.oid = r.relam
               WHERE r.relkind IN ('r', 'p') AND m.amname <> 'heap'
    UNION ALL SELECT 'replica identity', count(*) FROM relation WHERE relkind IN ('r', 'p') AND relreplident <> 'd'
    -- PostgreSQL 18: a NOT NULL is compared, but not whether it was validated and whether children inherit it.
    UNION ALL SELECT 'NOT NULL that is NOT VALID or NO INHERIT', count(*) FROM pg_constraint k
                JOIN relation r ON r.oid = k.conrelid
               WHERE k.contype = 'n' AND (NOT k.convalidated OR k.connoinherit)
    UNION ALL SELECT 'cluster mark', count(*) FROM pg_index i JOIN relation r ON r.oid = i.indrelid WHERE i.indisclustered
    UNION ALL SELECT 'column storage, compression or statistics', count(*)
                FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
               WHERE r.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
                 AND (a.attstorage <> t.typstorage OR a.attcompression <> '' OR coalesce(a.attstattarget, -1) <> -1
                      -- The server's own stamp on each column, since 15.20, is no option.
                      OR EXISTS (SELECT FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_attver=%'))
)
SELECT coalesce(json_object_agg(object_type, n ORDER BY object_type), '{}')::text FROM kind WHERE n > 0
