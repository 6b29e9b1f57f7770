-- The migrations of the journal in their order, as a list of another tool could know them, with what the ledger has of each.
SELECT coalesce(json_agg(json_build_object(
           'version', j.version, 'name', j.name, 'path', j.path, 'checksum', j.checksum, 'generated_at', j.generated_at,
           'ledger', CASE WHEN a.version IS NOT NULL
                          -- A list has it by the version that it had then.
                          THEN json_build_object('tools', CASE WHEN o.version <> a.version THEN '{}'
                                                               ELSE array_remove(ARRAY[a.adopted, a.mirrored], NULL) END,
                                                 'is_partial', a.statements_done IS NOT NULL) END,
           'is_withdrawn', coalesce(w.direction = 'withdraw', false)) ORDER BY j.seq), '[]')::text
  FROM nself.journal j
  LEFT JOIN nself.applied a ON a.version = j.version AND a.tenant IS NULL
  LEFT JOIN nself.ledger o ON o.id = a.place
  LEFT JOIN (SELECT DISTINCT ON (l.version) l.version, l.direction FROM nself.ledger l
              WHERE l.direction IN ('up', 'down', 'withdraw') AND l.tenant IS NULL ORDER BY l.version, l.id DESC) w
         ON w.version = j.version
