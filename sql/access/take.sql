-- The statements that take a level ($4) from a role ($5), or all rights if there is no level; each is for the role that
-- gave the right.
SELECT coalesce(json_agg(json_build_object('grantor', h.grantor::int8, 'sql', format('REVOKE %s%s ON %s FROM %s CASCADE',
                         h.privilege, ' (' || quote_ident(h.in_column) || ')', h.sql,
                         CASE $5::oid WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid($5::oid)) END))), '[]')::text
  FROM held h
 WHERE h.grantee = $5::oid
   AND ($4 IS NULL
        OR EXISTS (SELECT FROM given g
                    WHERE g.target = h.target AND g.name = h.name AND g.in_column IS NOT DISTINCT FROM h.in_column
                      AND g.privilege = h.privilege AND g.level <= $4 AND (g.target <> 'key' OR g.level = $4)))
