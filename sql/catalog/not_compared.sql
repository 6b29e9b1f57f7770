-- What a schema may also hold and the reader does not read, counted by kind: Catalog::not_compared. Known kinds are
-- listed, and everything else is counted: what a later server adds is never silence. A test creates one object of each.
WITH ours AS (
    SELECT oid FROM pg_namespace
     WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'nself')
),
-- Large catalogs are read once, for the few rows that matter.
dependence AS MATERIALIZED (
    SELECT classid, objid, refobjid, deptype FROM pg_depend
     WHERE deptype IN ('e', 'x')
        OR classid NOT IN (
           'pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass,
           'pg_attrdef'::regclass, 'pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
           'pg_event_trigger'::regclass, 'pg_namespace'::regclass, 'pg_extension'::regclass,
           'pg_collation'::regclass, 'pg_conversion'::regclass, 'pg_cast'::regclass, 'pg_operator'::regclass,
           'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_amop'::regclass, 'pg_amproc'::regclass,
           'pg_am'::regclass, 'pg_transform'::regclass, 'pg_language'::regclass, 'pg_ts_config'::regclass,
           'pg_ts_dict'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass,
           'pg_statistic_ext'::regclass, 'pg_publication'::regclass, 'pg_publication_rel'::regclass,
           'pg_publication_namespace'::regclass, 'pg_foreign_data_wrapper'::regclass,
           'pg_foreign_server'::regclass, 'pg_user_mapping'::regclass, 'pg_default_acl'::regclass,
           -- Counted on their own.
           'pg_largeobject'::regclass, 'pg_subscription'::regclass)
),
attribute AS MATERIALIZED (
    SELECT attrelid, attnum, attacl, attfdwoptions, nullif(attstattarget, -1) IS NOT NULL AS has_target,
           attgenerated NOT IN ('', 's', 'v') OR attidentity NOT IN ('', 'a', 'd')
           OR attstorage NOT IN ('p', 'e', 'x', 'm') OR attcompression NOT IN ('', 'p', 'l') AS is_unknown
      FROM pg_attribute
     WHERE attacl IS NOT NULL OR attfdwoptions IS NOT NULL
        OR attnum > 0 AND NOT attisdropped
           AND (nullif(attstattarget, -1) IS NOT NULL
                OR attgenerated NOT IN ('', 's', 'v') OR attidentity NOT IN ('', 'a', 'd')
                OR attstorage NOT IN ('p', 'e', 'x', 'm') OR attcompression NOT IN ('', 'p', 'l'))
),
member AS MATERIALIZED (SELECT classid, objid, refobjid FROM dependence WHERE deptype = 'e'),
relation AS MATERIALIZED (
    SELECT r.oid, r.relkind, r.relpersistence, r.relreplident FROM pg_class r
     WHERE r.relnamespace IN (SELECT oid FROM ours) AND r.relpersistence <> 't'
       AND r.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass)
),
-- Privileges on members of extensions: what the extension itself granted is in pg_init_privs. Those of this product are
-- how it is set up, and no schema.
member_acl AS (
    SELECT m.classid, o.oid, o.subid, o.acl, acldefault(o.sort::"char", o.owner) AS by_default
      FROM member m
      JOIN pg_extension e ON e.oid = m.refobjid AND e.extname <> 'nself_heal'
     CROSS JOIN LATERAL (
            SELECT r.oid, 0 AS subid, r.relacl AS acl, r.relowner AS owner,
                   CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END AS sort
              FROM pg_class r
             WHERE m.classid = 'pg_class'::regclass AND r.oid = m.objid AND r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
             UNION ALL
            SELECT r.oid, a.attnum, a.attacl, r.relowner, 'c'
              FROM pg_class r JOIN attribute a ON a.attrelid = r.oid
             WHERE m.classid = 'pg_class'::regclass AND r.oid = m.objid AND a.attacl IS NOT NULL
             UNION ALL
            SELECT oid, 0, proacl, proowner, 'f' FROM pg_proc WHERE m.classid = 'pg_proc'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, typacl, typowner, 'T' FROM pg_type WHERE m.classid = 'pg_type'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, nspacl, nspowner, 'n' FROM pg_namespace
             WHERE m.classid = 'pg_namespace'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, lanacl, lanowner, 'l' FROM pg_language
             WHERE m.classid = 'pg_language'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, fdwacl, fdwowner, 'F' FROM pg_foreign_data_wrapper
             WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, srvacl, srvowner, 'S' FROM pg_foreign_server
             WHERE m.classid = 'pg_foreign_server'::regclass AND oid = m.objid) o
),
-- The options of what is foreign, as the reader shows them.
option AS (
    SELECT o.option_name
      FROM (SELECT fdwoptions FROM pg_foreign_data_wrapper
             UNION ALL SELECT srvoptions FROM pg_foreign_server
             UNION ALL SELECT ftoptions FROM pg_foreign_table
             UNION ALL SELECT attfdwoptions FROM attribute WHERE attfdwoptions IS NOT NULL) f(options)
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
    UNION ALL SELECT 'privileges on a member of an extension', count(*), '[]'
                FROM member_acl a
                LEFT JOIN pg_init_privs p ON p.classoid = a.classid AND p.objoid = a.oid AND p.objsubid = a.subid
               WHERE ARRAY(SELECT e::text FROM aclexplode(coalesce(a.acl, a.by_default)) e ORDER BY 1)
                  <> ARRAY(SELECT e::text FROM aclexplode(coalesce(p.initprivs, a.by_default)) e ORDER BY 1)
    UNION ALL SELECT 'privileges on the row type of a table', count(*), '[]'
                FROM pg_type t JOIN relation r ON r.oid = t.typrelid WHERE r.relkind <> 'c' AND t.typacl IS NOT NULL
    UNION ALL SELECT 'shell operator', count(*), '[]' FROM pg_operator o
               WHERE o.oprcode = 0 AND o.oprnamespace IN (SELECT oid FROM ours)
                 AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_operator'::regclass AND m.objid = o.oid)
    UNION ALL SELECT 'statistics target of a constraint''s index', count(*), '[]'
                FROM relation r
                JOIN attribute a ON a.attrelid = r.oid AND a.has_target
                JOIN pg_constraint k ON k.conindid = r.oid AND k.contype IN ('p', 'u', 'x')
    -- Of routines, triggers, materialized views and indexes it is read, but not of the index of a constraint.
    UNION ALL SELECT 'dependence on an extension', count(*), '[]'
                FROM dependence d
                LEFT JOIN pg_class r ON r.oid = d.objid AND d.classid = 'pg_class'::regclass
                LEFT JOIN pg_constraint k ON k.conindid = r.oid AND k.contype IN ('p', 'u', 'x')
               WHERE d.deptype = 'x' AND d.classid NOT IN ('pg_proc'::regclass, 'pg_trigger'::regclass)
                 AND coalesce(r.relkind NOT IN ('i', 'I', 'm') OR k.oid IS NOT NULL, true)
    -- From here on: what this program has not heard of.
    UNION ALL SELECT format('relation of kind "%s"', r.relkind), count(*), '[]' FROM relation r
               WHERE r.relkind NOT IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I', 'c', 't') GROUP BY r.relkind
    UNION ALL SELECT 'relation in an unknown state', count(*), '[]' FROM relation r
               WHERE r.relpersistence NOT IN ('p', 'u') OR r.relreplident NOT IN ('d', 'n', 'f', 'i')
    UNION ALL SELECT 'column in an unknown state', count(*), '[]'
                FROM attribute a JOIN relation r ON r.oid = a.attrelid WHERE a.is_unknown
    UNION ALL SELECT format('type of kind "%s"', t.typtype), count(*), '[]' FROM pg_type t
               WHERE t.typnamespace IN (SELECT oid FROM ours)
                 AND (t.typtype NOT IN ('b', 'c', 'd', 'e', 'p', 'r', 'm') OR t.typtype = 'p' AND t.typisdefined)
               GROUP BY t.typtype
    UNION ALL SELECT format('constraint of kind "%s"', k.contype), count(*), '[]' FROM pg_constraint k
               WHERE k.connamespace IN (SELECT oid FROM ours)
                 AND k.contype NOT IN ('c', 'f', 'p', 'u', 'x', 't', 'n') GROUP BY k.contype
    UNION ALL SELECT format('routine of kind "%s"', p.prokind), count(*), '[]' FROM pg_proc p
               WHERE p.pronamespace IN (SELECT oid FROM ours) AND p.prokind NOT IN ('f', 'p', 'a', 'w')
               GROUP BY p.prokind
    UNION ALL SELECT 'aggregate in an unknown state', count(*), '[]'
                FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
               WHERE p.pronamespace IN (SELECT oid FROM ours)
                 AND (a.aggkind NOT IN ('n', 'o', 'h') OR a.aggfinalmodify NOT IN ('r', 's', 'w')
                      OR a.aggmfinalmodify NOT IN ('r', 's', 'w') OR p.proparallel NOT IN ('s', 'r', 'u'))
    UNION ALL SELECT 'trigger in an unknown state', count(*), '[]'
                FROM pg_trigger g JOIN relation r ON r.oid = g.tgrelid
               WHERE g.tgtype & ~127 <> 0 OR g.tgenabled NOT IN ('O', 'D', 'R', 'A')
    UNION ALL SELECT 'rule in an unknown state', count(*), '[]' FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
               WHERE w.ev_type NOT IN ('1', '2', '3', '4') OR w.ev_enabled NOT IN ('O', 'D', 'R', 'A')
    UNION ALL SELECT 'event trigger in an unknown state', count(*), '[]' FROM pg_event_trigger
               WHERE evtenabled NOT IN ('O', 'D', 'R', 'A')
    UNION ALL SELECT 'policy for an unknown command', count(*), '[]' FROM pg_policy
               WHERE polcmd NOT IN ('r', 'a', 'w', 'd', '*')
    UNION ALL SELECT 'collation of an unknown provider', count(*), '[]' FROM pg_collation
               WHERE collnamespace IN (SELECT oid FROM ours) AND collprovider NOT IN ('c', 'i', 'b')
    UNION ALL SELECT 'cast of an unknown method', count(*), '[]' FROM pg_cast
               WHERE oid >= 16384 AND (castmethod NOT IN ('f', 'b', 'i') OR castcontext NOT IN ('e', 'a', 'i'))
    UNION ALL SELECT 'access method of an unknown type', count(*), '[]' FROM pg_am
               WHERE oid >= 16384 AND amtype NOT IN ('t', 'i')
    UNION ALL SELECT 'operator class member of an unknown purpose', count(*), '[]' FROM pg_amop
               WHERE oid >= 16384 AND amoppurpose NOT IN ('s', 'o')
    UNION ALL SELECT 'statistics object of an unknown kind', count(*), '[]' FROM pg_statistic_ext
               WHERE NOT stxkind <@ ARRAY['d', 'f', 'm', 'e']::"char"[]
    UNION ALL SELECT 'default privileges of an unknown kind', count(*), '[]' FROM pg_default_acl
               WHERE defaclobjtype NOT IN ('r', 'S', 'f', 'T', 'n', 'L')
    UNION ALL SELECT format('object of %s', d.classid::regclass), count(DISTINCT d.objid), '[]'
                FROM dependence d WHERE d.deptype NOT IN ('e', 'x')
               GROUP BY d.classid
)
SELECT coalesce(json_object_agg(object_type, json_build_object('count', n, 'names', names)
                                ORDER BY object_type COLLATE "C"), '{}')::text
  FROM kind WHERE n > 0
