-- The second key: a role may call a function of this product if it may EXECUTE that function, and has the level that the
-- function asks for. It has a level if it may EXECUTE the function of that level here. Nobody calls these functions: what
-- counts is who may.
CREATE FUNCTION nself.may_look() RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION nself.may_heal() RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION nself.may_migrate() RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION nself.may_admin() RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
COMMENT ON FUNCTION nself.may_look() IS
'The key of level look: who may EXECUTE it may see the state of schema, migrations, jobs and heals. Given by nself_grant_access().';
COMMENT ON FUNCTION nself.may_heal() IS
'The key of level heal, which includes look: who may EXECUTE it may close drift. Given by nself_grant_access().';
COMMENT ON FUNCTION nself.may_migrate() IS
'The key of level migrate, which includes heal: who may EXECUTE it decides what the journal holds and runs it. Given by nself_grant_access().';
COMMENT ON FUNCTION nself.may_admin() IS
'The key of level admin, which includes migrate: who may EXECUTE it switches the heal of this database, allows drift and gives levels. Given by nself_grant_access().';

-- Each right that somebody other than the owner has on a member of this extension, or on what nself_api_install() has made. All
-- members are found by the catalogs, so that none is forgotten. A NULL list of rights stands for the built-in default, which lets PUBLIC run functions.
-- pg_upgrade makes it of its printed text, which is to be printed as the same text again: hence the names of columns.
CREATE VIEW nself.rights_held AS
    WITH member AS (
        SELECT d.classid, d.objid, false AS is_api
          FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
         WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
           AND e.extname = 'nself_heal'
         UNION ALL
        SELECT CASE i.object_type WHEN 'function' THEN 'pg_catalog.pg_proc'::pg_catalog.regclass
                                  WHEN 'table' THEN 'pg_catalog.pg_class'::pg_catalog.regclass
                                  WHEN 'schema' THEN 'pg_catalog.pg_namespace'::pg_catalog.regclass END,
               CASE i.object_type WHEN 'function' THEN pg_catalog.to_regprocedure(i.identity)::oid
                                  WHEN 'table' THEN pg_catalog.to_regclass(i.identity)::oid
                                  WHEN 'schema' THEN pg_catalog.to_regnamespace(i.identity)::oid END, true
          FROM nself.installed_api i
    )
    SELECT o.target, o.name, o.in_column, o.sql, a.grantor, a.grantee, a.privilege_type AS privilege, a.is_grantable
      FROM (SELECT CASE WHEN m.is_api THEN 'api_function' WHEN p.pronamespace = n.oid THEN 'key' ELSE 'function' END AS target, p.proname AS name,
                   NULL::pg_catalog.name AS in_column,
                   pg_catalog.format('ROUTINE %s', p.oid::pg_catalog.regprocedure) AS sql, p.proowner AS owner,
                   coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) AS acl
              FROM member m
              JOIN pg_catalog.pg_proc p ON m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = m.objid
              JOIN pg_catalog.pg_namespace n ON n.nspname = 'nself'
             UNION ALL
            SELECT CASE WHEN m.is_api THEN 'api_relation' ELSE 'relation' END AS target, r.relname, NULL::pg_catalog.name AS in_column,
                   pg_catalog.format('%s %s', CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                                     r.oid::pg_catalog.regclass), r.relowner, r.relacl
              FROM member m
              JOIN pg_catalog.pg_class r ON m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = m.objid
             UNION ALL
            SELECT CASE WHEN m.is_api THEN 'api_column' ELSE 'column' END AS target, r.relname, a.attname,
                   pg_catalog.format('TABLE %s', r.oid::pg_catalog.regclass), r.relowner, a.attacl
              FROM member m
              JOIN pg_catalog.pg_class r ON m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = m.objid
              JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped
             UNION ALL
            SELECT 'schema' AS target, n.nspname, NULL::pg_catalog.name AS in_column, pg_catalog.format('SCHEMA %I', n.nspname), n.nspowner, n.nspacl
              FROM member m
              JOIN pg_catalog.pg_namespace n
                ON m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND n.oid = m.objid
             UNION ALL
            SELECT 'type' AS target, t.typname, NULL::pg_catalog.name AS in_column, pg_catalog.format('TYPE %s', t.oid::pg_catalog.regtype), t.typowner,
                   coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
              FROM member m
              JOIN pg_catalog.pg_type t ON m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = m.objid
             -- Arrays and the rows of tables have no rights of their own; on some servers they are members, too.
             WHERE t.typcategory <> 'A'
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_class r WHERE r.oid = t.typrelid AND r.relkind <> 'c')) o
     CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) a
     WHERE a.grantee <> o.owner;
COMMENT ON VIEW nself.rights_held IS
    'Each right that somebody other than the owner has on a member of the extension nself_heal, or on what nself_api_install() has made. nself_access() explains them';

CREATE FUNCTION nself.note_installed() RETURNS void LANGUAGE c STRICT
    AS 'MODULE_PATHNAME', 'nself_note_installed_wrapper';
COMMENT ON FUNCTION nself.note_installed() IS
    'For the scripts of this extension alone, at their end: keeps what its objects look like';
CREATE FUNCTION nself.reset_access(keep boolean) RETURNS void LANGUAGE c STRICT
    AS 'MODULE_PATHNAME', 'nself_reset_access_wrapper';
COMMENT ON FUNCTION nself.reset_access(boolean) IS
'The last statement of each script of the extension: takes all rights on its members from everybody but the owner, whatever default privileges have given. keep: whether roles that hold a level get it again, with what it gives in the new version; false at CREATE EXTENSION, true in an update. Fails outside of such a script.';
