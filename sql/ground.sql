-- The ground that was kept last, with what somebody has taken out of it since. Nothing if none was kept.
SELECT (SELECT json_build_object(
                   'schema', g.ground, 'server', g.ground -> 'server', 'version', g.version, 'kept_at', g.applied_at::text,
                   'forgotten', (SELECT coalesce(json_agg(json_build_object('pattern', f.name, 'by', f.applied_by,
                                                                            'at', f.applied_at::text) ORDER BY f.id), '[]')
                                   FROM nself.ledger f WHERE f.direction = 'forget' AND f.id > g.id))::text
          FROM nself.ledger g WHERE g.direction = 'ground' ORDER BY g.id DESC LIMIT 1)
