-- What nself.ddl_log tells of objects that may be the same under two names, by their places. $1: missing ones; dropped are
-- those whose drop is the last that happened to them. $2: extra ones; made are those that somebody made and did not rename
-- since, renamed are those that somebody gave their name or their schema.
WITH missing AS MATERIALIZED (
    SELECT m.name, m.place, l.at
      FROM unnest($1) WITH ORDINALITY m(name, place)
     CROSS JOIN LATERAL (SELECT l.at, l.dropped FROM nself.ddl_log l
                          WHERE l.objects @> ARRAY[m.name] ORDER BY l.at DESC LIMIT 1) l
     WHERE l.dropped
),
extra AS MATERIALIZED (
    SELECT e.place, coalesce(l.is_made, false) AS is_made,
           EXISTS (SELECT FROM nself.ddl_log r
                    WHERE r.objects @> ARRAY[e.name] AND r.actions && ARRAY['rename ' || e.name, 'set schema ' || e.name]) AS is_renamed
      FROM unnest($2) WITH ORDINALITY e(name, place)
      LEFT JOIN LATERAL (
           SELECT m.is_made
             FROM nself.ddl_log l
            -- Of what can be replaced it is not known whether it was there before.
            CROSS JOIN LATERAL (SELECT NOT l.dropped
                                       AND (l.tag LIKE 'CREATE %' AND l.tag !~ ' (FUNCTION|PROCEDURE|AGGREGATE|VIEW|LANGUAGE|EXTENSION)$'
                                            OR l.tag = 'SELECT INTO' OR l.actions @> ARRAY['add column ' || e.name])) m(is_made)
            WHERE l.objects @> ARRAY[e.name] AND (l.dropped OR m.is_made)
            ORDER BY l.at DESC LIMIT 1) l ON true
)
SELECT json_build_object(
           'dropped', (SELECT coalesce(json_agg(m.place), '[]')
                         FROM missing m
                        -- Neither a heal nor a migration is in the log.
                        WHERE NOT EXISTS (SELECT FROM nself.heal_steps s JOIN nself.heal_events e USING (event)
                                           WHERE s.status = 'applied' AND concat(s.object_type, ' ', s.identity) = m.name
                                             AND e.at + make_interval(secs => e.duration_ms / 1000.0) > m.at)
                          AND NOT EXISTS (SELECT FROM nself.evidence e JOIN nself.ledger l ON l.id = e.ledger_id
                                           WHERE l.applied_at > m.at AND (e.evidence -> 'touched' ->> m.name) IS NOT NULL)),
           'made', (SELECT coalesce(json_agg(e.place), '[]') FROM extra e WHERE e.is_made AND NOT e.is_renamed),
           'renamed', (SELECT coalesce(json_agg(e.place), '[]') FROM extra e WHERE e.is_renamed))::text
