-- Adds the row that says that the statement has ended which was begun of a migration ($1, of tenant $2), and with the last one
-- ($3) the migration, in the name of who began it.
INSERT INTO nself.ledger (version, name, path, direction, tenant, sql, breakpoints, checksum, logged_in_as, applied_by, settings,
                          rights, duration_ms, in_transaction, statements_done, adopted, mirrored)
SELECT a.version, a.name, a.path, 'up', a.tenant, a.sql, a.breakpoints, a.checksum, a.logged_in_as, a.applied_by, a.settings,
       a.rights, a.duration_ms, a.in_transaction, CASE WHEN NOT $3 THEN a.statements_done + 1 END, a.adopted, a.mirrored
  FROM nself.applied a
 WHERE a.version = $1 AND a.tenant IS NOT DISTINCT FROM $2 AND a.statement_begun IS NOT NULL
