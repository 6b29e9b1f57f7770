-- The levels that a role ($4, 0 for PUBLIC) holds by itself.
SELECT coalesce(json_agg(DISTINCT o.level), '[]')::text FROM holder o WHERE o.grantee = $4::oid
