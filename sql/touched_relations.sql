-- The relations that these names are of, as event triggers call objects, or that they are on, with their kinds. $1: the
-- names.
WITH named AS (
    SELECT regexp_replace(t.name, '^(comment|grant) ', '') AS name FROM unnest($1) t(name)
),
identity AS (
    SELECT DISTINCT
           CASE -- table column s.t.c
                WHEN n.name ~ '^(foreign table|materialized view|table|view) column '
                THEN regexp_replace(regexp_replace(n.name, '^[a-z ]+ column ', ''), '\.("([^"]|"")+"|[^".]+)$', '')
                -- trigger x on s.t
                WHEN n.name ~ '^(trigger|rule|policy|table constraint) .* on ' THEN regexp_replace(n.name, '^.* on ', '')
                WHEN n.name ~ '^(foreign table|materialized view|composite type|type|table|view|sequence|index) '
                THEN regexp_replace(n.name, '^(foreign table|materialized view|composite type|[a-z]+) ', '') END AS of
      FROM named n
)
SELECT coalesce(json_agg(json_build_array(f.oid, f.kind)), '[]')::text
  FROM (SELECT DISTINCT r.oid::int8 AS oid, ascii(r.relkind::text) AS kind
          FROM (SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 16384) c
          JOIN identity i ON i.of = c.name
          LEFT JOIN pg_index x ON x.indexrelid = c.oid
          JOIN pg_class r ON r.oid = coalesce(x.indrelid, c.oid)
         WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c') AND r.relpersistence <> 't') f
