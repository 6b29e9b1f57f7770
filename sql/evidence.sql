-- The evidence since the ground was kept, in order, each with whether a migration came after it of which it was not seen what
-- it touched; and those migrations. The evidence of a migration is in the next row of evidence of its tenant, and that names
-- it: several tenants may be migrated side by side.
WITH ground AS (SELECT coalesce(max(id), 0) AS id FROM nself.ledger WHERE direction = 'ground'),
since AS (
    SELECT e.ledger_id AS id, l.tenant, e.evidence FROM nself.evidence e JOIN nself.ledger l ON l.id = e.ledger_id, ground g
     WHERE e.ledger_id > g.id
),
seen AS MATERIALIZED (
    SELECT s.id, s.tenant, (s.evidence -> 'versions')::jsonb AS versions FROM since s
),
unseen AS (
    SELECT r.id, r.version FROM nself.ledger r, ground g
     WHERE r.id > g.id AND r.direction IN ('up', 'down')
       AND NOT coalesce((SELECT s.versions ? r.version FROM seen s WHERE s.id >= r.id AND s.tenant IS NOT DISTINCT FROM r.tenant
                              ORDER BY s.id LIMIT 1), false)
)
SELECT json_build_array(
           (SELECT coalesce(json_agg(json_build_object('evidence', e.evidence,
                                                       'is_outdated', EXISTS (SELECT FROM unseen u WHERE u.id > e.id))
                                     ORDER BY e.id), '[]')
              FROM since e),
           (SELECT coalesce(json_agg(DISTINCT u.version), '[]') FROM unseen u))::text
