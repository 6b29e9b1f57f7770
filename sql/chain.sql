-- What a replay runs on top of the ground that was kept last: the migrations that were applied after it and still are, and
-- the down parts of those that were applied before it. Of what runs again whenever its file has changed, each run counts. In
-- order: a row that stands for an earlier one has the place of that one.
WITH ground AS (SELECT coalesce(max(id), 0) AS id FROM nself.ledger WHERE direction = 'ground')
SELECT coalesce(json_agg(x.run || jsonb_build_object('evidence_row', x.evidence_row) ORDER BY x.id), '[]')::text
  FROM (SELECT p.id, to_jsonb(a) AS run, e.id AS evidence_row FROM nself.applied a, ground g,
               LATERAL (SELECT coalesce(a.place, a.id) AS id) p,
               LATERAL (SELECT min(e.ledger_id) AS id FROM nself.evidence e WHERE e.ledger_id >= p.id) e
         WHERE p.id > g.id
         UNION ALL
        SELECT l.id, to_jsonb(l), e.id FROM nself.ledger l, ground g,
               LATERAL (SELECT min(e.ledger_id) AS id FROM nself.evidence e WHERE e.ledger_id >= l.id) e
         WHERE l.direction = 'up' AND l.version LIKE 'R\_\_%' AND l.id > g.id AND l.statements_done IS NULL
           AND l.id < (SELECT a.id FROM nself.applied a WHERE a.version = l.version AND a.tenant IS NOT DISTINCT FROM l.tenant)
         UNION ALL
        SELECT l.id, to_jsonb(l), e.id FROM nself.ledger l, ground g,
               LATERAL (SELECT min(e.ledger_id) AS id FROM nself.evidence e WHERE e.ledger_id >= l.id) e
         WHERE l.direction = 'down' AND l.id > g.id
           AND g.id > (SELECT max(coalesce(u.place, u.id)) FROM nself.ledger u
                        WHERE u.direction = 'up' AND u.version = l.version AND u.tenant IS NOT DISTINCT FROM l.tenant
                          AND u.id < l.id)) x
