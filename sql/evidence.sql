-- The evidence since the ground was kept, in order, each with whether a migration came after it of which it was not seen what
-- it touched, and the migrations in it that have another version now; and those that were not seen. The evidence of a migration
-- is in the next row of evidence of its tenant, and that names it: several tenants may be migrated side by side.
WITH ground AS (SELECT coalesce(max(id), 0) AS id FROM nself.ledger WHERE direction = 'ground'),
since AS (
    SELECT e.ledger_id AS id, l.tenant, e.evidence FROM nself.evidence e JOIN nself.ledger l ON l.id = e.ledger_id, ground g
     WHERE e.ledger_id > g.id
),
seen AS MATERIALIZED (
    SELECT s.id, s.tenant, (s.evidence -> 'versions')::jsonb AS versions FROM since s
),
moved AS MATERIALIZED (
    SELECT DISTINCT ON (l.place) l.place, l.version FROM nself.ledger l WHERE l.place IS NOT NULL ORDER BY l.place, l.id DESC
),
renamed AS (
    SELECT o.version AS old, m.version AS new, (SELECT min(s.id) FROM since s
                                       WHERE s.id >= o.id AND s.tenant IS NOT DISTINCT FROM o.tenant) AS evidence
      FROM moved m JOIN nself.ledger o ON o.id = m.place AND o.version <> m.version
),
unseen AS (
    SELECT r.id, coalesce(m.version, r.version) AS version
      FROM nself.ledger r CROSS JOIN ground g LEFT JOIN moved m ON m.place = r.id
     WHERE r.id > g.id AND r.direction IN ('up', 'down') AND r.place IS NULL
       AND NOT coalesce((SELECT s.versions ? r.version FROM seen s WHERE s.id >= r.id AND s.tenant IS NOT DISTINCT FROM r.tenant
                              ORDER BY s.id LIMIT 1), false)
)
SELECT json_build_array(
           (SELECT coalesce(json_agg(json_build_object('evidence', e.evidence,
                                                       'is_outdated', EXISTS (SELECT FROM unseen u WHERE u.id > e.id),
                                                       'renamed', (SELECT json_object_agg(n.old, n.new) FROM renamed n
                                                                    WHERE n.evidence = e.id))
                                     ORDER BY e.id), '[]')
              FROM since e),
           (SELECT coalesce(json_agg(DISTINCT u.version), '[]') FROM unseen u))::text
