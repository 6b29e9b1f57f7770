-- Adds a row that says something ($3) of an applied migration ($1, of tenant $2), with the reason ($4) and who says it: the
-- session user ($5) and the role whose rights are in force ($6).
INSERT INTO nself.ledger (version, name, path, direction, tenant, sql, breakpoints, checksum, logged_in_as, applied_by, settings,
                          duration_ms, reason)
SELECT a.version, a.name, a.path, $3, a.tenant, '', false, a.checksum, $5, $6, '{}', 0, $4
  FROM nself.applied a WHERE a.version = $1 AND a.tenant IS NOT DISTINCT FROM $2
