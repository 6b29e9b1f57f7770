-- Every grant is revoked, and each object gets one more.
WITH acl AS (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, q AS name, '' AS part, relacl AS acl, relowner AS owner
      FROM rel WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    UNION ALL SELECT 'TABLE', q, format('(%s)', c), attacl, 0 FROM col
    UNION ALL SELECT CASE kind WHEN 'PROCEDURE' THEN 'PROCEDURE' ELSE 'FUNCTION' END, signature, '', proacl, proowner FROM routine
    UNION ALL SELECT 'TYPE', q, '', typacl, typowner FROM typ
    UNION ALL SELECT 'SCHEMA', ns.q, '', n.nspacl, n.nspowner FROM ns JOIN pg_namespace n ON n.oid = ns.oid WHERE n.nspname <> 'public'
    UNION ALL SELECT 'FOREIGN SERVER', quote_ident(srvname), '', srvacl, srvowner FROM pg_foreign_server
    UNION ALL SELECT 'FOREIGN DATA WRAPPER', quote_ident(fdwname), '', fdwacl, fdwowner FROM pg_foreign_data_wrapper f
              WHERE NOT pg_temp.is_member('pg_foreign_data_wrapper', f.oid)),
given AS (
    SELECT DISTINCT acl.kind, acl.name, acl.part, acl.owner, x.grantee, x.privilege_type, x.is_grantable,
           CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS who
      FROM acl, aclexplode(acl.acl) x)
SELECT 'revoke' AS kind, format('%s on %s %s%s from %s', privilege_type, given.kind, name, part, who) AS label,
       format('REVOKE %s%s ON %s %s FROM %s CASCADE', privilege_type, part, given.kind, name, who) AS sql
  FROM given WHERE grantee <> owner
UNION ALL
SELECT DISTINCT 'revoke all', format('%s %s from %s', given.kind, name, who),
       format('REVOKE ALL ON %s %s FROM %s CASCADE', given.kind, name, who)
  FROM given WHERE grantee <> owner AND part = ''
UNION ALL
SELECT 'grant option revoked', format('%s on %s %s%s from %s', privilege_type, given.kind, name, part, who),
       format('REVOKE GRANT OPTION FOR %s%s ON %s %s FROM %s CASCADE', privilege_type, part, given.kind, name, who)
  FROM given WHERE is_grantable AND grantee <> owner
UNION ALL
SELECT 'grant option added', format('%s on %s %s%s to %s', privilege_type, given.kind, name, part, who),
       format('GRANT %s%s ON %s %s TO %s WITH GRANT OPTION', privilege_type, part, given.kind, name, who)
  FROM given WHERE NOT is_grantable AND grantee NOT IN (owner, 0)
UNION ALL
SELECT 'grant added', format('%s %s%s', acl.kind, name, part),
       format('GRANT %s%s ON %s %s TO pg_monitor', p.privilege, part, acl.kind, name)
  FROM (SELECT *, row_number() OVER (PARTITION BY acl.kind, part = '' ORDER BY name, part) AS number FROM acl) acl,
       LATERAL (SELECT CASE acl.kind WHEN 'TABLE' THEN 'SELECT' WHEN 'FUNCTION' THEN 'EXECUTE' WHEN 'PROCEDURE' THEN 'EXECUTE'
                                     ELSE 'USAGE' END AS privilege) p
 WHERE number <= 10
UNION ALL
SELECT 'revoke from public', format('%s %s', acl.kind, name), format('REVOKE ALL ON %s %s FROM PUBLIC', acl.kind, name)
  FROM (SELECT *, row_number() OVER (PARTITION BY acl.kind ORDER BY name) AS number FROM acl) acl
 WHERE acl.kind IN ('FUNCTION', 'PROCEDURE', 'TYPE') AND acl.acl IS NULL AND number <= 10
UNION ALL
SELECT 'owner''s grant revoked', format('%s %s', acl.kind, name),
       format('REVOKE %s ON %s %s FROM %I', CASE acl.kind WHEN 'TABLE' THEN 'DELETE' ELSE 'USAGE' END, acl.kind, name, pg_get_userbyid(owner))
  FROM (SELECT *, row_number() OVER (PARTITION BY acl.kind ORDER BY name) AS number FROM acl WHERE part = '') acl
 WHERE acl.kind IN ('TABLE', 'SEQUENCE', 'TYPE', 'SCHEMA') AND number <= 5
UNION ALL
SELECT 'default privileges revoked', format('%s %s %s', pg_get_userbyid(d.defaclrole), n.nspname, d.defaclobjtype),
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM %s', pg_get_userbyid(d.defaclrole),
              ' IN SCHEMA ' || quote_ident(n.nspname),
              CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
              CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
  FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) x
UNION ALL
SELECT 'default privileges added', q, format('ALTER DEFAULT PRIVILEGES IN SCHEMA %s GRANT SELECT ON TABLES TO pg_monitor', q) FROM ns
UNION ALL
SELECT replace(change.kind, 'member', f.kind), f.signature, format(change.sql, f.signature)
  FROM (SELECT 'extension''s member' AS kind, p.oid::regprocedure::text AS signature,
               row_number() OVER (PARTITION BY d.refobjid ORDER BY p.oid) AS number
          FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
          JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
         WHERE e.extname NOT IN ('plpgsql', 'nself_heal') AND p.prokind = 'f' AND p.proacl IS NULL
         UNION ALL
        SELECT 'server''s own', 'pg_catalog.pg_sleep(double precision)', 1) f,
       (VALUES ('revoke from public: member', 'REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC'),
               ('grant added: member', 'GRANT EXECUTE ON FUNCTION %s TO pg_monitor')) change(kind, sql)
 WHERE f.number <= 3
UNION ALL
SELECT 'default privileges added', 'everywhere', 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC'
 ORDER BY 1, 2, 3
