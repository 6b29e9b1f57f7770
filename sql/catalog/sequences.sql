-- Sequences but those of identity columns: model::Sequence. What a sequence has counted up to is data.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT format('%I.%I', n.nspname, r.relname) AS identity,
               json_build_object('schema', n.nspname, 'name', r.relname) AS name,
               pg_get_userbyid(r.relowner) AS owner,
               r.relpersistence = 'u' AS unlogged,
               json_build_object('data_type', format_type(s.seqtypid, NULL), 'start', s.seqstart,
                                 'increment', s.seqincrement, 'min', s.seqmin, 'max', s.seqmax,
                                 'cache', s.seqcache, 'cycle', s.seqcycle) AS numbers,
               (SELECT json_build_object('table', json_build_object('schema', tn.nspname, 'name', t.relname),
                                         'column', a.attname,
                                         'identity', format('%I.%I.%I', tn.nspname, t.relname, a.attname))
                  FROM pg_depend o
                  JOIN pg_class t ON t.oid = o.refobjid
                  JOIN pg_namespace tn ON tn.oid = t.relnamespace
                  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = o.refobjsubid
                 WHERE o.classid = 'pg_class'::regclass AND o.objid = r.oid AND o.objsubid = 0
                   AND o.refclassid = 'pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype = 'a') AS owned_by
          FROM pg_class r
          JOIN pg_sequence s ON s.seqrelid = r.oid
          JOIN pg_namespace n ON n.oid = r.relnamespace
         WHERE r.relpersistence <> 't' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
                              AND (d.deptype = 'e'
                                   OR d.deptype = 'i' AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0))) x
