-- The columns of each table in its order.
SELECT coalesce(json_object_agg(t.identity, t.columns), '{}')::text
  FROM (SELECT format('%I.%I', n.nspname, r.relname) AS identity, json_agg(a.attname ORDER BY a.attnum) AS columns
          FROM pg_class r
          JOIN pg_namespace n ON n.oid = r.relnamespace
          JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE r.relkind IN ('r', 'p', 'f') AND r.relpersistence <> 't'
           AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
         GROUP BY 1) t
