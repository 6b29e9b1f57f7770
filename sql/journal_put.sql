-- Makes the journal equal to a list of migrations ($1), which a role ($2) has loaded, and says what that changed. One statement, so an error leaves
-- the journal as it was. All parts see the journal as it was before.
WITH given AS (
    SELECT g.*
      FROM json_to_recordset($1) AS g(seq int, version text, name text, path text, layout text, up_sql text,
           down_sql text, down_path text, checksum text, down_checksum text, snapshot jsonb, breakpoints boolean,
           up_line int, down_line int, in_transaction boolean, down_in_transaction boolean)
),
removed AS (
    DELETE FROM nself.journal j
     WHERE NOT EXISTS (SELECT FROM given g WHERE g.version = j.version)
    RETURNING j.version, j.name, j.seq
),
written AS (
    INSERT INTO nself.journal AS j (seq, version, name, path, layout, up_sql, down_sql, down_path, checksum,
                                    down_checksum, snapshot, breakpoints, up_line, down_line, in_transaction,
                                    down_in_transaction, loaded_by)
    SELECT seq, version, name, path, layout, up_sql, down_sql, down_path, checksum, down_checksum, snapshot,
           breakpoints, up_line, down_line, in_transaction, down_in_transaction, $2
      FROM given
    ON CONFLICT (version) DO UPDATE
       SET seq = excluded.seq, name = excluded.name, path = excluded.path, layout = excluded.layout,
           up_sql = excluded.up_sql, down_sql = excluded.down_sql, down_path = excluded.down_path,
           checksum = excluded.checksum, down_checksum = excluded.down_checksum, snapshot = excluded.snapshot,
           breakpoints = excluded.breakpoints, up_line = excluded.up_line, down_line = excluded.down_line,
           in_transaction = excluded.in_transaction, down_in_transaction = excluded.down_in_transaction,
           loaded_at = now(), loaded_by = excluded.loaded_by
     WHERE (j.seq, j.name, j.path, j.layout, j.checksum, j.down_checksum, j.snapshot, j.breakpoints,
            j.in_transaction, j.down_in_transaction, j.loaded_by)
           IS DISTINCT FROM (excluded.seq, excluded.name, excluded.path, excluded.layout, excluded.checksum,
                             excluded.down_checksum, excluded.snapshot, excluded.breakpoints,
                             excluded.in_transaction, excluded.down_in_transaction, excluded.loaded_by)
    RETURNING j.version
),
loaded AS (
    SELECT g.seq, g.version, g.name,
           CASE WHEN old.version IS NULL THEN 'added' WHEN d.differs <> '' THEN 'changed' ELSE 'unchanged' END AS state,
           CASE WHEN old.version IS NOT NULL THEN nullif(d.differs, '') END AS note
      FROM given g
      LEFT JOIN nself.journal old ON old.version = g.version
     CROSS JOIN LATERAL (SELECT concat_ws(', ',
           CASE WHEN old.seq <> g.seq THEN 'place in the order' END,
           CASE WHEN old.name <> g.name THEN 'name' END,
           CASE WHEN old.path <> g.path THEN 'path' END,
           CASE WHEN old.layout <> g.layout THEN 'layout' END,
           CASE WHEN old.up_sql <> g.up_sql THEN 'up part' WHEN old.checksum <> g.checksum THEN 'bytes' END,
           CASE WHEN old.down_sql IS DISTINCT FROM g.down_sql THEN 'down part'
                WHEN old.down_checksum IS DISTINCT FROM g.down_checksum THEN 'bytes of the down part' END,
           CASE WHEN old.snapshot IS DISTINCT FROM g.snapshot THEN 'snapshot' END,
           CASE WHEN old.breakpoints <> g.breakpoints THEN 'breakpoints' END,
           CASE WHEN old.in_transaction <> g.in_transaction OR old.down_in_transaction <> g.down_in_transaction
                THEN 'transaction' END)) AS d (differs)
    UNION ALL
    SELECT r.seq, r.version, r.name, 'removed', NULL FROM removed r
)
SELECT coalesce(json_agg(json_build_object('version', version, 'name', name, 'state', state, 'note', note)
                         ORDER BY seq, state), '[]')::text
  FROM loaded
