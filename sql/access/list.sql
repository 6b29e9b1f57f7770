-- Who can call what, and rights that open nothing or are no part of a level. "becomes": what a role needs to have the
-- rights of another one, or to take them by SET ROLE.
, role AS MATERIALIZED (SELECT oid, rolname, rolsuper FROM pg_roles UNION ALL SELECT 0, 'public', false),
extension AS (
    SELECT e.extnamespace, n.nspowner AS owner
      FROM pg_extension e JOIN pg_namespace n ON n.nspname = 'nself' WHERE e.extname = 'nself_heal'
),
key(grantee, level, grantor) AS (
    SELECT grantee, level, grantor FROM holder UNION ALL SELECT owner, (SELECT max(level) FROM level), NULL FROM extension
),
reached AS MATERIALIZED (
    SELECT r.oid AS role, k.level, k.grantor,
           CASE WHEN k.grantee = r.oid AND k.grantor IS NULL THEN 'owner of the extension'
                WHEN k.grantee = r.oid THEN 'directly'
                WHEN pg_has_role(r.oid, k.grantee, 'USAGE') THEN 'member of ' || quote_ident(pg_get_userbyid(k.grantee))
                ELSE 'SET ROLE ' || quote_ident(pg_get_userbyid(k.grantee)) END AS through
      FROM key k
      JOIN role r ON r.oid = k.grantee
                  OR k.grantee <> 0 AND r.oid <> 0 AND NOT r.rolsuper AND pg_has_role(r.oid, k.grantee, :becomes)
    UNION ALL
    SELECT r.oid, (SELECT max(level) FROM level), NULL, 'superuser'
      FROM role r, extension x WHERE r.rolsuper AND r.oid <> x.owner
),
-- What a role with a level lacks of it.
lack AS (
    SELECT w.role, w.level, w.through,
           concat_ws(', ', 'EXECUTE on ' || CASE WHEN count(w.name) > 3 THEN min(w.name) || format(' and %s others', count(w.name) - 1)
                                                 ELSE string_agg(w.name, ', ' ORDER BY w.name COLLATE "C") END,
                     'USAGE on schema ' || string_agg(w.schema, ', ' ORDER BY w.schema COLLATE "C")) AS what
      FROM (SELECT c.role, c.level, c.through, g.name, NULL
              FROM reached c
              JOIN given g ON g.target = 'function' AND g.level <= c.level
              JOIN extension x ON true
              JOIN pg_proc p ON p.pronamespace = x.extnamespace AND p.proname = g.name
             WHERE NOT CASE c.role WHEN 0
                            THEN EXISTS (SELECT FROM held h WHERE h.grantee = 0 AND h.target = 'function' AND h.name = g.name)
                            WHEN x.owner THEN true
                            ELSE has_function_privilege(c.role, p.oid, 'EXECUTE') END
               AND c.through NOT LIKE 'SET ROLE %'
             UNION ALL
            SELECT c.role, c.level, c.through, 'nself_api.' || g.name, NULL
              FROM reached c
              JOIN given g ON g.target = 'api_function' AND g.level <= c.level
              JOIN extension x ON true
              JOIN (nself.installed_api i
                    JOIN pg_proc p ON p.oid = CASE i.object_type WHEN 'function' THEN to_regprocedure(i.identity) END)
                ON p.proname = g.name
             WHERE NOT CASE c.role WHEN 0
                            THEN EXISTS (SELECT FROM held h WHERE h.grantee = 0 AND h.target = 'api_function' AND h.name = g.name)
                            WHEN x.owner THEN true
                            ELSE has_function_privilege(c.role, p.oid, 'EXECUTE') END
               AND c.through NOT LIKE 'SET ROLE %'
             UNION ALL
            SELECT c.role, c.level, c.through, NULL, quote_ident(n.nspname)
              FROM reached c
              JOIN extension x ON true
              JOIN pg_namespace n
                ON n.oid = x.extnamespace OR n.nspname = 'nself'
                OR EXISTS (SELECT FROM nself.installed_api i WHERE i.object_type = 'schema' AND i.identity = n.nspname)
             WHERE c.role <> 0 AND c.through NOT LIKE 'SET ROLE %'
               AND NOT has_schema_privilege(c.role, n.oid, 'USAGE')) w(role, level, through, name, schema)
     GROUP BY w.role, w.level, w.through
),
-- A right to call that lacks the level, and other rights that no level has given.
other AS (
    SELECT s.grantee AS role, s.grantor,
           CASE WHEN count(DISTINCT o.called) FILTER (WHERE o.is_half) > 3
                THEN min(o.called) FILTER (WHERE o.is_half)
                     || format(' and %s others', count(DISTINCT o.called) FILTER (WHERE o.is_half) - 1)
                ELSE string_agg(DISTINCT o.called, ', ') FILTER (WHERE o.is_half) END AS half,
           string_agg(DISTINCT concat(s.privilege, ' (' || quote_ident(s.in_column) || ')', ' on ',
                                      CASE WHEN s.target = 'schema' THEN 'schema '
                                           WHEN starts_with(s.target, 'api') THEN 'nself_api.'
                                           WHEN s.target <> 'function' THEN 'nself.' END, quote_ident(s.name),
                                      CASE WHEN s.is_grantable THEN ' WITH GRANT OPTION' END), ', ')
               FILTER (WHERE NOT o.is_half) AS stray
      FROM stray s
     CROSS JOIN LATERAL (
           SELECT s.target IN ('function', 'api_function')
                  AND coalesce((SELECT max(c.level) FROM reached c WHERE c.role IN (s.grantee, 0)), -1)
                      < coalesce((SELECT g.level FROM given g WHERE g.target = s.target AND g.name = s.name), -1),
                  concat(CASE s.target WHEN 'api_function' THEN 'nself_api.' END, s.name)
           ) o(is_half, called)
     GROUP BY s.grantee, s.grantor
),
line(role, level, through, grantor, note) AS (
    SELECT c.role, c.level, c.through, c.grantor, 'it lacks ' || k.what
      FROM reached c LEFT JOIN lack k USING (role, level, through)
    UNION ALL
    SELECT o.role, NULL, 'directly', o.grantor,
           concat_ws('; ', 'EXECUTE without the level, which opens nothing: ' || o.half,
                           'no part of its level: ' || o.stray)
      FROM other o
)
SELECT coalesce(json_agg(json_build_object('role', r.rolname, 'level', l.word, 'through', n.through,
                                           'granted_by', g.rolname, 'note', n.note)
                         ORDER BY r.rolname COLLATE "C", n.level DESC NULLS LAST, n.through COLLATE "C"), '[]')::text
  FROM line n
  JOIN role r ON r.oid = n.role
  LEFT JOIN level l ON l.level = n.level
  LEFT JOIN role g ON g.oid = n.grantor
