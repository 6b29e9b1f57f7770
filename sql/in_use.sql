-- Who is changing the schema of this database now, so that a worker leaves it in peace: migrations or a heal, a restore,
-- or a session that ran DDL and goes on working. One sentence, or nothing.
SELECT coalesce(
    -- The lock of src/server/own_lock.rs.
    (SELECT format('process %s is running migrations or a heal', l.pid)
       FROM pg_locks l
       JOIN pg_database d ON d.oid = l.database
      WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
        AND (l.classid, l.objid, l.objsubid) = (7236270, 1, 3)
      LIMIT 1),
    (SELECT format('%s is at work (process %s)', a.application_name, a.pid)
       FROM pg_stat_activity a
      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name IN ('pg_restore', 'pg_upgrade')
        -- Anybody can take that name, but not restore something.
        AND (has_database_privilege(a.usesysid, a.datid, 'CREATE')
             OR EXISTS (SELECT FROM pg_namespace n
                         WHERE n.nspname !~ '^pg_' AND has_schema_privilege(a.usesysid, n.oid, 'CREATE')))
      LIMIT 1),
    (SELECT format('process %s ran DDL and is still at work', a.pid)
       FROM pg_stat_activity a
       JOIN LATERAL (SELECT max(l.at) AS at FROM nself.ddl_log l WHERE l.pid = a.pid AND l.at >= a.backend_start) last
            -- The session of an application may have run DDL long ago.
            ON last.at > clock_timestamp() - interval '1 minute' OR last.at IS NOT NULL AND a.query ~* '^\s*(copy|create|alter)\M'
      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
        AND a.state <> 'idle'
      LIMIT 1),
    (SELECT 'DDL was run a moment ago'
       FROM nself.ddl_log l
      WHERE l.at > clock_timestamp() - interval '5 seconds'
      LIMIT 1))
