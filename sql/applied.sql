-- The migrations that are applied now, each with what its checksum was reset to since it was applied, and whether it was
-- retired. In order.
SELECT coalesce(json_agg(x ORDER BY coalesce(x.place, x.id)), '[]')::text
  FROM (SELECT a.*, r.said AS reset, t.said AS retired
          FROM (SELECT * FROM nself.applied :which) a
          LEFT JOIN (SELECT DISTINCT ON (l.version, l.tenant) l.id, l.version, l.tenant,
                            json_build_object('sql', l.sql, 'checksum', l.checksum, 'reason', l.reason,
                                              'by', l.applied_by, 'at', to_char(l.applied_at, 'YYYY-MM-DD')) AS said
                       FROM nself.ledger l WHERE l.direction = 'reset' ORDER BY l.version, l.tenant, l.id DESC) r
            ON r.version = a.version AND r.tenant IS NOT DISTINCT FROM a.tenant AND r.id > a.id
          LEFT JOIN (SELECT DISTINCT ON (l.version, l.tenant) l.id, l.version, l.tenant,
                            json_build_object('by', l.applied_by, 'at', to_char(l.applied_at, 'YYYY-MM-DD')) AS said
                       FROM nself.ledger l WHERE l.direction = 'retire' ORDER BY l.version, l.tenant, l.id DESC) t
            ON t.version = a.version AND t.tenant IS NOT DISTINCT FROM a.tenant AND t.id > a.id) x
