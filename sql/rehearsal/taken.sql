-- What this process holds now: every relation of a user, with its file and how often this transaction has read all of it,
-- and the locks on them.
SELECT json_build_object(
    'relations', (
        SELECT coalesce(json_object_agg(c.oid, json_build_object(
                   'identity', format('%I.%I', n.nspname, c.relname),
                   'kind', c.relkind,
                   'file', c.relfilenode::bigint,
                   'scans', CASE WHEN c.relkind IN ('r', 'm') THEN pg_stat_get_xact_numscans(c.oid) ELSE 0 END,
                   'table', i.indrelid::bigint)), '{}')
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_index i ON i.indexrelid = c.oid
         WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f', 'i', 'I')
           AND n.nspname !~ '^pg_(toast|temp)'
    ),
    'locks', (
        SELECT coalesce(json_agg(json_build_array(l.relation::bigint, l.mode)), '[]')
          FROM pg_locks l
         WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
    ))::text
