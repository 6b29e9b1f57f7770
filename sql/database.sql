-- What belongs to this database itself: a replay leaves it out, because the shadow is another database. Counted by kind, with
-- names. Settings are named without their values, which may be secret.
WITH own AS (SELECT oid, datdba, datacl FROM pg_database WHERE datname = current_database()),
privilege AS (
    SELECT side.is_live, a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
      FROM own
     CROSS JOIN LATERAL (VALUES (true, coalesce(own.datacl, acldefault('d', own.datdba))),
                                (false, acldefault('d', own.datdba))) side(is_live, acl)
     CROSS JOIN LATERAL aclexplode(side.acl) a
),
item(kind, name) AS (
    SELECT 'privilege on the database',
           format(CASE WHEN bool_or(is_live) THEN '%s to %s' ELSE '%s revoked from %s' END, privilege, grantee)
      FROM privilege
     GROUP BY privilege, grantee
    HAVING bool_or(is_live) <> bool_or(NOT is_live)
     UNION ALL
    SELECT 'setting of the database',
           concat(split_part(c, '=', 1), ' of role ' || quote_ident(pg_get_userbyid(nullif(s.setrole, 0))))
      FROM own JOIN pg_db_role_setting s ON s.setdatabase = own.oid CROSS JOIN LATERAL unnest(s.setconfig) c
     UNION ALL
    SELECT 'comment on the database', left(d.description, 60)
      FROM own JOIN pg_shdescription d ON d.classoid = 'pg_database'::regclass AND d.objoid = own.oid
     -- As initdb makes it.
     WHERE (current_database(), d.description) <> ('postgres', 'default administrative connection database')
)
SELECT json_object_agg(kind, names)::text
  FROM (SELECT kind, json_agg(name ORDER BY name COLLATE "C") AS names FROM item GROUP BY kind) k
