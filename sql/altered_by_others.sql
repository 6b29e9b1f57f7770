-- Of these names those that somebody else than migrations and heals has altered since the first migration, or may have: what
-- happened before DDL was noted here is not known. $1: the names, as event triggers call objects.
SELECT coalesce(json_agg(n.name), '[]')::text
  FROM unnest($1) n(name)
 WHERE (SELECT min(l.applied_at) FROM nself.ledger l) < (SELECT s.at FROM nself.ddl_noted_since s)
    OR EXISTS (SELECT FROM nself.altered_by_others a WHERE a.name = n.name)
    OR EXISTS (SELECT FROM nself.ddl_log d WHERE d.objects @> ARRAY[n.name] AND d.at > (SELECT min(l.applied_at) FROM nself.ledger l))
