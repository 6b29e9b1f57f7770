-- Privileges that differ from what an object of the kind has by itself, or from what initdb or the script of its extension
-- gave it: model::Acl. Whether an acl was never touched or came back to the same is no difference; nor is its order.
WITH schema AS (
    SELECT n.oid, n.nspname FROM pg_namespace n
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
),
-- By the index. Those of this product are how it is set up; those of PL/pgSQL every database has.
member AS MATERIALIZED (
    SELECT d.classid, d.objid, d.refobjid AS extension, e.extname
      FROM pg_extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
),
own AS (
    SELECT 'pg_class'::regclass AS classid, r.oid, 0 AS subid, r.relowner AS owner, r.relacl AS acl,
           CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END AS sort,
           CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS keyword
      FROM pg_class r
     WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND r.relpersistence <> 't'
       AND r.relnamespace IN (SELECT oid FROM schema) AND r.relacl IS NOT NULL AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
     UNION ALL
    SELECT 'pg_class'::regclass, r.oid, a.attnum, r.relowner, a.attacl, 'c', 'TABLE'
      FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid
     WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f') AND r.relpersistence <> 't'
       AND r.relnamespace IN (SELECT oid FROM schema) AND a.attacl IS NOT NULL AND NOT a.attisdropped
       AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
     UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 0, p.proowner, p.proacl, 'f',
           CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END
      FROM pg_proc p WHERE $2 AND p.pronamespace IN (SELECT oid FROM schema) AND p.proacl IS NOT NULL
     UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 0, t.typowner, t.typacl, 'T',
           CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END
      FROM pg_type t LEFT JOIN pg_class r ON r.oid = t.typrelid
     WHERE t.typnamespace IN (SELECT oid FROM schema) AND t.typacl IS NOT NULL AND coalesce(r.relkind, 'c') = 'c'
       -- A composite type is a relation.
       AND CASE WHEN r.oid IS NULL THEN $2 ELSE ($1::oid[] IS NULL OR r.oid = ANY ($1)) END
     UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, 0, n.nspowner, n.nspacl, 'n', 'SCHEMA'
      FROM pg_namespace n WHERE $2 AND n.oid IN (SELECT oid FROM schema) AND n.nspacl IS NOT NULL
     UNION ALL
    SELECT 'pg_language'::regclass, l.oid, 0, l.lanowner, l.lanacl, 'l', 'LANGUAGE'
      FROM pg_language l WHERE $2 AND l.oid >= 16384 AND l.lanacl IS NOT NULL
     UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, 0, w.fdwowner, w.fdwacl, 'F', 'FOREIGN DATA WRAPPER'
      FROM pg_foreign_data_wrapper w WHERE $2 AND w.fdwacl IS NOT NULL
     UNION ALL
    SELECT 'pg_foreign_server'::regclass, s.oid, 0, s.srvowner, s.srvacl, 'S', 'FOREIGN SERVER'
      FROM pg_foreign_server s WHERE $2 AND s.srvacl IS NOT NULL
     UNION ALL
    SELECT 'pg_default_acl'::regclass, d.oid, 0, d.defaclrole, d.defaclacl,
           CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype::text END,
           CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                                WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END
      FROM pg_default_acl d
     WHERE $2 AND (d.defaclnamespace = 0 OR d.defaclnamespace IN (SELECT oid FROM schema))
),
member_acl AS (
    SELECT m.classid, m.extension, o.*
      FROM member m
     CROSS JOIN LATERAL (
            SELECT r.oid, 0 AS subid, r.relowner AS owner, r.relacl AS acl,
                   CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END AS sort,
                   CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS keyword
              FROM pg_class r
             WHERE m.classid = 'pg_class'::regclass AND r.oid = m.objid AND r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
             UNION ALL
            SELECT r.oid, a.attnum, r.relowner, a.attacl, 'c', 'TABLE'
              FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid
             WHERE m.classid = 'pg_class'::regclass AND r.oid = m.objid AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
               AND NOT a.attisdropped
             UNION ALL
            SELECT oid, 0, proowner, proacl, 'f', CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END
              FROM pg_proc WHERE m.classid = 'pg_proc'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, typowner, typacl, 'T', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END
              FROM pg_type WHERE m.classid = 'pg_type'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, nspowner, nspacl, 'n', 'SCHEMA'
              FROM pg_namespace WHERE m.classid = 'pg_namespace'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, lanowner, lanacl, 'l', 'LANGUAGE'
              FROM pg_language WHERE m.classid = 'pg_language'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, fdwowner, fdwacl, 'F', 'FOREIGN DATA WRAPPER'
              FROM pg_foreign_data_wrapper WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND oid = m.objid
             UNION ALL
            SELECT oid, 0, srvowner, srvacl, 'S', 'FOREIGN SERVER'
              FROM pg_foreign_server WHERE m.classid = 'pg_foreign_server'::regclass AND oid = m.objid) o
     WHERE $2 AND m.extname NOT IN ('nself_heal', 'plpgsql')
),
noted AS (SELECT classoid, objoid, objsubid FROM pg_init_privs WHERE objoid < 16384),
-- By the index on their numbers. The schema public is as old as the database, but it is anybody's.
built_in AS (
    SELECT 'pg_class'::regclass AS classid, oid, 0 AS subid, relowner AS owner, relacl AS acl,
           CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS sort,
           CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS keyword,
           -- What initdb grants there last, it does not note.
           CASE WHEN relacl IS NOT NULL AND relnamespace = 'information_schema'::regnamespace
                THEN acldefault('r', relowner) || makeaclitem(0, relowner, 'SELECT', false) END AS not_noted
      FROM pg_class WHERE $2 AND oid < 16384 AND (relacl IS NOT NULL OR oid IN (SELECT objoid FROM noted WHERE classoid = 'pg_class'::regclass))
       AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     UNION ALL
    SELECT 'pg_class'::regclass, a.attrelid, a.attnum, r.relowner, a.attacl, 'c', 'TABLE', NULL
      FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
     WHERE $2 AND a.attrelid < 16384 AND (a.attacl IS NOT NULL OR (a.attrelid, a.attnum) IN (SELECT objoid, objsubid FROM noted))
       AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
     UNION ALL
    SELECT 'pg_proc'::regclass, oid, 0, proowner, proacl, 'f', CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, NULL
      FROM pg_proc
     WHERE $2 AND oid < 16384 AND (proacl IS NOT NULL OR oid IN (SELECT objoid FROM noted WHERE classoid = 'pg_proc'::regclass))
     UNION ALL
    SELECT 'pg_type'::regclass, oid, 0, typowner, typacl, 'T', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, NULL
      FROM pg_type
     WHERE $2 AND oid < 16384 AND (typacl IS NOT NULL OR oid IN (SELECT objoid FROM noted WHERE classoid = 'pg_type'::regclass))
     UNION ALL
    SELECT 'pg_namespace'::regclass, oid, 0, nspowner, nspacl, 'n', 'SCHEMA', NULL
      FROM pg_namespace WHERE $2 AND oid < 16384 AND nspname <> 'public'
     UNION ALL
    SELECT 'pg_language'::regclass, oid, 0, lanowner, lanacl, 'l', 'LANGUAGE', NULL
      FROM pg_language WHERE $2 AND oid < 16384
),
object AS (
    SELECT o.*, NULL::oid AS extension, false AS built_in, NULL::aclitem[] AS init
      FROM own o WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = o.classid AND m.objid = o.oid)
     UNION ALL
    SELECT o.classid, o.oid, o.subid, o.owner, o.acl, o.sort, o.keyword, o.extension, false, p.initprivs
      FROM member_acl o
      LEFT JOIN pg_init_privs p ON p.classoid = o.classid AND p.objoid = o.oid AND p.objsubid = o.subid
     WHERE o.acl IS DISTINCT FROM p.initprivs
     UNION ALL
    SELECT o.classid, o.oid, o.subid, o.owner, o.acl, o.sort, o.keyword, NULL, true, coalesce(p.initprivs, o.not_noted)
      FROM built_in o
      LEFT JOIN pg_init_privs p ON p.classoid = o.classid AND p.objoid = o.oid AND p.objsubid = o.subid
     WHERE o.acl IS DISTINCT FROM coalesce(p.initprivs, o.not_noted)
),
-- The owner is named as such: what an owner may do is the same whoever the owner is. A role of that name is quoted.
privilege AS (
    SELECT o.classid, o.oid, o.subid, side.is_default, g.grantee, g.privilege_type AS privilege,
           bool_or(g.is_grantable) AS grantable,
           CASE WHEN bool_and(g.grantor = '') THEN '[]'::json
                ELSE json_agg(DISTINCT g.grantor COLLATE "C" ORDER BY g.grantor COLLATE "C") END AS grantors
      FROM object o
      LEFT JOIN pg_default_acl d ON d.oid = o.oid AND o.classid = 'pg_default_acl'::regclass
     -- In a schema, default privileges are what is added to those that hold everywhere.
     CROSS JOIN LATERAL (VALUES (false, coalesce(o.acl, acldefault(o.sort::"char", o.owner))),
                                (true, CASE WHEN coalesce(d.defaclnamespace, 0) = 0
                                            THEN coalesce(o.init, acldefault(o.sort::"char", o.owner)) END)) side(is_default, acl)
     CROSS JOIN LATERAL (SELECT CASE WHEN e.grantee = 0 THEN 'PUBLIC'
                                     -- What was noted at the beginning names the owner of that time, who granted it.
                                     WHEN e.grantee = o.owner OR side.is_default AND e.grantee = e.grantor THEN 'owner'
                                     WHEN pg_get_userbyid(e.grantee) = 'owner' THEN '"owner"'
                                     ELSE quote_ident(pg_get_userbyid(e.grantee)) END AS grantee,
                                e.privilege_type, e.is_grantable,
                                CASE WHEN e.grantor = o.owner OR side.is_default THEN ''
                                     ELSE pg_get_userbyid(e.grantor)::text END AS grantor
                           FROM aclexplode(side.acl) e) g
     GROUP BY o.classid, o.oid, o.subid, side.is_default, g.grantee, g.privilege_type
),
granted AS (
    SELECT p.classid, p.oid, p.subid,
           -- As text, since a comparison of lists is wanted.
           coalesce(json_agg(p.line ORDER BY p.place) FILTER (WHERE NOT p.is_default), '[]')::text AS grants,
           coalesce(json_agg(p.line ORDER BY p.place) FILTER (WHERE p.is_default), '[]')::text AS default
      FROM (SELECT q.*,
                   json_build_object('grantee', q.grantee, 'privilege', q.privilege, 'grantable', q.grantable,
                                     'grantors', q.grantors) AS line,
                   row_number() OVER (ORDER BY q.grantee COLLATE "C", q.privilege COLLATE "C") AS place
              FROM privilege q) p
     GROUP BY p.classid, p.oid, p.subid
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C", x.object_type), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               pg_get_userbyid(o.owner) AS owner,
               CASE WHEN d.oid IS NOT NULL THEN o.keyword
                    ELSE o.keyword || ' ' || CASE WHEN o.subid = 0 THEN i.identity ELSE r.identity END END AS on,
               (SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = o.oid AND a.attnum = o.subid AND o.subid <> 0) AS column,
               CASE WHEN d.oid IS NOT NULL
                    THEN concat(format('FOR ROLE %I', pg_get_userbyid(d.defaclrole)),
                                (SELECT format(' IN SCHEMA %I', s.nspname) FROM schema s
                                  WHERE s.oid = d.defaclnamespace)) END AS defaults_for,
               CASE WHEN e.extname IS NOT NULL
                    THEN json_build_object('object_type', 'extension', 'identity', quote_ident(e.extname))
                    WHEN o.subid <> 0 THEN json_build_object('object_type', r.type, 'identity', r.identity) END AS of,
               o.built_in,
               coalesce(g.grants, '[]')::json AS grants,
               coalesce(g.default, '[]')::json AS default
          FROM object o
          LEFT JOIN granted g USING (classid, oid, subid)
          LEFT JOIN pg_default_acl d ON d.oid = o.oid AND o.classid = 'pg_default_acl'::regclass
          LEFT JOIN pg_extension e ON e.oid = o.extension
         CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, o.subid) i
          LEFT JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) r ON o.subid <> 0
         WHERE g.grants IS DISTINCT FROM g.default) x
