-- The latest command in nself.ddl_log that can have made each difference. $1: a list of
-- {place: of the difference, rank: the lowest is tried first, name: under which commands were noted, speaks_of: what a
-- command noted under that name has to speak of, because much else can happen there; NULL for nothing, did: what it can have
-- done to the object, if that was noted, missing: whether the object is missing}.
SELECT DISTINCT ON (w.place) w.place,
       l.logged_in_as || CASE WHEN l.run_by <> l.logged_in_as THEN ' as ' || l.run_by ELSE '' END, l.at, l.command
  FROM json_to_recordset($1) w(place int, rank int, name text, speaks_of text, did text[], missing boolean)
  JOIN nself.ddl_log l ON l.objects @> ARRAY[w.name]
 WHERE CASE WHEN w.speaks_of IS NULL
            THEN CASE WHEN w.name LIKE 'comment %' THEN NOT w.missing OR l.command ~* '\mis\s+null\M'
                      -- What was touched by its old name after it was renamed had that name again.
                      WHEN w.missing THEN l.dropped
                           OR l.actions && w.did AND NOT EXISTS (SELECT FROM nself.ddl_log later
                                                                  WHERE later.objects @> ARRAY[w.name] AND later.at > l.at)
                      ELSE NOT l.dropped
                           AND (l.actions && w.did
                                OR NOT EXISTS (SELECT FROM unnest(l.actions) a(action)
                                                WHERE right(a.action, length(w.name) + 1) = ' ' || w.name)) END
            ELSE NOT l.dropped
                 AND l.command ~* ('(^|[^[:alnum:]_])' || regexp_replace(w.speaks_of, '([^[:alnum:]_ ])', '\\\1', 'g')
                                   || '($|[^[:alnum:]_])')
                 -- What is missing was not missing before such a word.
                 AND (NOT w.missing OR l.command ~* '\m(drop|rename|revoke|disable|no\s+force|set\s+schema)\M')
       END
 ORDER BY w.place, w.rank, l.at DESC
