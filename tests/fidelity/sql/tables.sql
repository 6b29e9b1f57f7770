-- Where rows lie: each table's name, its file, the tables above it, and its columns, sorted.
SELECT format('%I.%I', n.nspname, c.relname) AS name,
       c.relfilenode,
       ARRAY(WITH RECURSIVE above (oid) AS (
                 SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid
                 UNION SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.oid)
             SELECT format('%I.%I', pn.nspname, p.relname)
               FROM above JOIN pg_class p ON p.oid = above.oid JOIN pg_namespace pn ON pn.oid = p.relnamespace) AS above,
       ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated) AND c.relpersistence <> 't'
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself')
   AND c.relam IN (SELECT oid FROM pg_am WHERE amname = 'heap' OR amhandler::text LIKE 'heap%')
