-- Makes the journal equal to a list of migrations ($1), each with the columns of its row, and says what that changed. One
-- statement, so an error leaves the journal as it was. All parts see the journal as it was before.
WITH given AS (
    SELECT g.* FROM json_populate_recordset(NULL::nself.journal, $1) g
),
removed AS (
    DELETE FROM nself.journal j
     WHERE NOT EXISTS (SELECT FROM given g WHERE g.version = j.version)
    RETURNING j.version, j.name, j.seq
),
written AS (
    INSERT INTO nself.journal AS j (:columns, snapshot)
    SELECT :columns, coalesce(g.snapshot, known.snapshot)
      FROM given g
      -- Of a snapshot that is here the sender knows that it is, and sent the hash alone.
      LEFT JOIN (SELECT DISTINCT ON (k.snapshot_sha256) k.snapshot_sha256 AS sha256, k.snapshot
                   FROM nself.journal k WHERE k.snapshot IS NOT NULL ORDER BY k.snapshot_sha256) known
        ON known.sha256 = g.snapshot_sha256
    ON CONFLICT (version) DO UPDATE
       SET (:columns, snapshot, loaded_at) = ROW (:new, excluded.snapshot, now())
     WHERE (:old) IS DISTINCT FROM (:new) OR j.snapshot IS NULL AND excluded.snapshot IS NOT NULL
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
           CASE WHEN old.snapshot_sha256 IS DISTINCT FROM g.snapshot_sha256 THEN 'snapshot' END,
           CASE WHEN old.generated_at IS DISTINCT FROM g.generated_at THEN 'time' END,
           CASE WHEN old.breakpoints <> g.breakpoints THEN 'breakpoints' END,
           CASE WHEN old.in_transaction <> g.in_transaction OR old.down_in_transaction <> g.down_in_transaction
                THEN 'transaction' END)) AS d (differs)
    UNION ALL
    SELECT r.seq, r.version, r.name, 'removed', NULL FROM removed r
)
SELECT coalesce(json_agg(json_build_object('version', version, 'name', name, 'state', state, 'note', note)
                         ORDER BY seq, state), '[]')::text
  FROM loaded
