-- What is known of relations of this database ($1: their identities), without reading any of their rows.
SELECT coalesce(json_object_agg(w.identity, json_build_object(
           'bytes', s.bytes,
           'rows', s.rows,
           'has_rows', false,
           'writes', s.writes,
           'seconds', (SELECT extract(epoch FROM clock_timestamp() - d.stats_reset)
                         FROM pg_stat_database d WHERE d.datname = current_database()),
           'null_columns', (SELECT coalesce(json_agg(quote_ident(p.attname)), '[]')
                              FROM pg_stats p
                             WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND NOT p.inherited
                               AND p.null_frac = 1),
           'index_scans', pg_stat_get_numscans(c.oid),
           'tables', s.tables)), '{}')::text
  FROM unnest($1) w(identity)
  JOIN pg_class c ON c.oid = to_regclass(w.identity)
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (
      -- A partitioned table has its rows in its partitions.
      SELECT coalesce(sum(pg_total_relation_size(t.oid)), 0)::bigint AS bytes,
             CASE WHEN bool_and(t.reltuples >= 0) THEN sum(t.reltuples) END AS rows,
             coalesce(sum(pg_stat_get_tuples_inserted(t.oid) + pg_stat_get_tuples_updated(t.oid)
                          + pg_stat_get_tuples_deleted(t.oid)), 0)::bigint AS writes,
             coalesce(json_agg(t.oid::bigint) FILTER (WHERE t.relkind IN ('r', 'm')), '[]') AS tables
        FROM pg_class t
       WHERE t.oid = c.oid
          OR c.relkind = 'p' AND t.oid IN (SELECT p.relid FROM pg_partition_tree(c.oid) p WHERE p.isleaf)
  ) s
