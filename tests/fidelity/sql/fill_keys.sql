-- Foreign keys, the longest first: those leave the least freedom. Those of partitions hold for what goes into the
-- partitioned table.
SELECT DISTINCT coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid) AS relid, k.confrelid AS refers_to,
       format('%I.%I', n.nspname, r.relname) AS name,
       ARRAY(SELECT quote_ident(a.attname) FROM unnest(k.conkey) WITH ORDINALITY u(num, ord)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.ord) AS columns,
       ARRAY(SELECT quote_ident(a.attname) FROM unnest(k.confkey) WITH ORDINALITY u(num, ord)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.ord) AS key,
       EXISTS (SELECT FROM pg_attribute a
                WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attnotnull) AS required,
       cardinality(k.conkey) AS length
  FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE k.contype = 'f' AND NOT r.relispartition
 ORDER BY length DESC, relid, columns, name
