-- The migrations of the journal in their order, as a list of another tool could know them, with what the ledger has of each.
SELECT coalesce(json_agg(json_build_object(
           'version', j.version, 'name', j.name, 'path', j.path, 'checksum', j.checksum, 'generated_at', j.generated_at,
           'ledger', CASE WHEN a.version IS NOT NULL
                          THEN json_build_object('tools', array_remove(ARRAY[a.adopted, a.mirrored], NULL),
                                                 'is_partial', a.statements_done IS NOT NULL) END) ORDER BY j.seq), '[]')::text
  FROM nself.journal j
  LEFT JOIN nself.applied a ON a.version = j.version AND a.tenant IS NULL
