-- The latest command in nself.ddl_log that can have made each difference. $1: a list of
-- {place: of the difference, rank: the lowest is tried first, name: under which commands were noted, speaks_of: what a
-- command noted under that name has to speak of, because much else can happen there; NULL for nothing, missing: whether
-- the object is missing}.
SELECT DISTINCT ON (w.place) w.place, l.logged_in_as, l.at, l.command
  FROM json_to_recordset($1) w(place int, rank int, name text, speaks_of text, missing boolean)
  JOIN nself.ddl_log l ON l.objects @> ARRAY[w.name]
 WHERE CASE WHEN w.speaks_of IS NULL THEN l.dropped = w.missing
            ELSE NOT l.dropped
                 AND l.command ~* ('(^|[^[:alnum:]_])' || regexp_replace(w.speaks_of, '([^[:alnum:]_ ])', '\\\1', 'g')
                                   || '($|[^[:alnum:]_])')
                 -- What is missing was not missing before such a word.
                 AND (NOT w.missing OR l.command ~* '\m(drop|rename|revoke|disable|set\s+schema)\M')
       END
 ORDER BY w.place, w.rank, l.at DESC
