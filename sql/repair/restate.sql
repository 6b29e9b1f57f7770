-- Adds rows for applied migrations ($1, of tenant $2) under the versions, names and paths that their files have now, each in the
-- place of the row that it stands for; with another SQL, where one is given. First the old versions are withdrawn, as one can
-- be the new one of another row. A reset of the checksum goes along. $3 and $4: the session user and the role of who asks.
WITH moved AS (
    SELECT a.*, g.new, g.name AS new_name, g.path AS new_path, coalesce(g.sql, a.sql) AS new_sql,
           coalesce(a.place, a.id) AS new_place
      FROM json_to_recordset($1) g(version text, new text, name text, path text, sql text)
      JOIN nself.applied a ON a.version = g.version AND a.tenant IS NOT DISTINCT FROM $2
)
INSERT INTO nself.ledger (version, name, path, direction, tenant, sql, breakpoints, checksum, logged_in_as, applied_by, settings,
                          rights, applied_at, duration_ms, in_transaction, statements_done, statement_begun, adopted, mirrored,
                          reason, place)
SELECT version, name, path, direction, tenant, sql, breakpoints, checksum, logged_in_as, applied_by, settings,
       rights, applied_at, duration_ms, in_transaction, statements_done, statement_begun, adopted, mirrored, reason, place
  FROM (SELECT 1 AS part, m.new_place, m.version, m.name, m.path, 'withdraw' AS direction, m.tenant, '' AS sql, false AS breakpoints,
               m.checksum, $3 AS logged_in_as, $4 AS applied_by, '{}'::jsonb AS settings, '{}'::jsonb AS rights,
               clock_timestamp() AS applied_at, 0::bigint AS duration_ms, true AS in_transaction,
               NULL::integer AS statements_done, NULL::text AS statement_begun, NULL::text AS adopted, NULL::text AS mirrored,
               format('its file is %s now', m.new_path) AS reason, NULL::bigint AS place
          FROM moved m WHERE m.version <> m.new
         UNION ALL
        SELECT 2, m.new_place, m.new, m.new_name, m.new_path, 'up', m.tenant, m.new_sql, m.breakpoints, m.checksum, m.logged_in_as,
               m.applied_by, m.settings, m.rights, m.applied_at, m.duration_ms, m.in_transaction, m.statements_done,
               m.statement_begun, m.adopted, m.mirrored, NULL, m.new_place
          FROM moved m
         UNION ALL
        SELECT 3, m.new_place, m.new, m.new_name, m.new_path, 'reset', r.tenant, r.sql, r.breakpoints, r.checksum, r.logged_in_as,
               r.applied_by, r.settings, r.rights, r.applied_at, r.duration_ms, true, NULL, NULL, NULL, NULL, r.reason, NULL
          FROM moved m
          JOIN LATERAL (SELECT l.* FROM nself.ledger l
                         WHERE l.direction = 'reset' AND l.version = m.version AND l.tenant IS NOT DISTINCT FROM m.tenant AND l.id > m.id
                         ORDER BY l.id DESC LIMIT 1) r ON true) x
 ORDER BY part, new_place
