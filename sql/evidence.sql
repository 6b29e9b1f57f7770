-- The evidence since the ground was kept, in order, each with whether a migration came after it of which it was not seen what
-- it touched; and those migrations. The evidence of a migration is in the next row of evidence, and that names it.
WITH since AS (
    SELECT l.* FROM nself.ledger l
     WHERE l.id > (SELECT coalesce(max(g.id), 0) FROM nself.ledger g WHERE g.direction = 'ground')
),
unseen AS (
    SELECT r.id, r.version FROM since r
     WHERE r.direction IN ('up', 'down')
       AND NOT coalesce((SELECT e.evidence::jsonb -> 'versions' ? r.version
                           FROM since e WHERE e.direction = 'evidence' AND e.id > r.id
                          ORDER BY e.id LIMIT 1), false)
)
SELECT json_build_array(
           (SELECT coalesce(json_agg(json_build_object('evidence', e.evidence,
                                                       'is_outdated', EXISTS (SELECT FROM unseen u WHERE u.id > e.id))
                                     ORDER BY e.id), '[]')
              FROM since e WHERE e.direction = 'evidence'),
           (SELECT coalesce(json_agg(DISTINCT u.version), '[]') FROM unseen u))::text
