-- Columns of tables that hold values of a domain, or rows of a table, within other values: the first one of each. The server
-- cannot look at those, nor rewrite them.
WITH RECURSIVE asked AS (
    SELECT n.nspname, t.typname, t.oid, t.typtype
      FROM ROWS FROM (unnest($1), unnest($2)) q(schema, name)
      JOIN pg_namespace n ON n.nspname = q.schema::name
      JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = q.name::name
),
-- The domain with those made of it.
plain AS (
    SELECT a.oid AS asked, a.oid FROM asked a
     UNION
    SELECT p.asked, t.oid FROM plain p JOIN pg_type t ON t.typbasetype = p.oid AND t.typtype = 'd'
),
made_of AS (
    SELECT t.oid AS part, t.typarray AS whole FROM pg_type t WHERE t.typarray <> 0
     UNION ALL
    SELECT a.atttypid, r.reltype FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE r.relkind = 'c'
     UNION ALL
    SELECT rngsubtype, rngtypid FROM pg_range
     UNION ALL
    SELECT rngsubtype, rngmultitypid FROM pg_range
),
within AS (
    SELECT p.asked, m.whole FROM plain p JOIN made_of m ON m.part = p.oid
     UNION
    SELECT w.asked, m.whole
      FROM within w
      JOIN (SELECT part, whole FROM made_of
             UNION ALL SELECT typbasetype, oid FROM pg_type WHERE typtype = 'd') m ON m.part = w.whole
),
held AS (
    SELECT asked, whole FROM within
     UNION
    -- Rows of a table are within another one also by themselves.
    SELECT oid, oid FROM asked WHERE typtype = 'c'
)
SELECT coalesce(json_agg(json_build_array(json_build_object('schema', a.nspname, 'name', a.typname), h.identity)), '[]')::text
  FROM asked a
 CROSS JOIN LATERAL (SELECT min(format('%I.%I.%I', n.nspname, r.relname, c.attname) COLLATE "C") AS identity
                       FROM held h
                       JOIN pg_attribute c ON c.atttypid = h.whole AND c.attnum > 0 AND NOT c.attisdropped
                       JOIN pg_class r ON r.oid = c.attrelid AND r.relkind IN ('r', 'p', 'm')
                       JOIN pg_namespace n ON n.oid = r.relnamespace
                      WHERE h.asked = a.oid) h
 WHERE h.identity IS NOT NULL
