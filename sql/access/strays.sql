-- How many there are, and who has them.
SELECT CASE WHEN count(*) > 0
            THEN json_build_object('count', count(*),
                                   'names', (SELECT json_agg(g.name ORDER BY g.name COLLATE "C")
                                               FROM (SELECT DISTINCT CASE s.grantee WHEN 0 THEN 'PUBLIC'
                                                                     ELSE quote_ident(pg_get_userbyid(s.grantee)) END
                                                       FROM stray s) g(name))) END::text
  FROM stray
