-- Of these objects, each as two names by which a migration touches it, those of which the privileges were noted by a server
-- before this major version: last with a GRANT, else with the ground, else with the object, when it was made.
WITH ground AS (
    SELECT l.id, (l.ground ->> 'server')::int AS server, l.ground -> 'acls' AS acls
      FROM nself.ledger l WHERE l.direction = 'ground' ORDER BY l.id DESC LIMIT 1
),
in_ground AS MATERIALIZED (
    SELECT concat(a ->> 'object_type', ' ', a ->> 'identity') AS name, g.server
      FROM ground g CROSS JOIN json_array_elements(CASE json_typeof(g.acls) WHEN 'array' THEN g.acls ELSE '[]' END) a
),
noted AS (
    SELECT e.ledger_id AS id, (e.evidence ->> 'server')::int AS server, e.evidence -> 'touched' AS touched
      FROM nself.evidence e WHERE e.ledger_id > coalesce((SELECT id FROM ground), 0)
)
SELECT coalesce(json_agg(n.place), '[]')::text
  FROM unnest($1, $2) WITH ORDINALITY n(itself, whole, place)
 WHERE coalesce((SELECT o.server FROM noted o WHERE (o.touched ->> n.itself) IS NOT NULL ORDER BY o.id DESC LIMIT 1),
                (SELECT g.server FROM in_ground g WHERE g.name = n.whole LIMIT 1),
                (SELECT o.server FROM noted o WHERE (o.touched ->> n.whole) IS NOT NULL ORDER BY o.id LIMIT 1)) < $3
