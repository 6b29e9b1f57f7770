-- The relations that these names are of, as event triggers call objects, or that they are on, with their kinds; and those
-- whose columns and constraints follow such a relation's, or of which only a column is named. `has`: which of the queries in
-- sql/catalog/ that few relations have something for find something of it. $1: the names.
WITH RECURSIVE named AS (
    SELECT t.name AS touched, regexp_replace(t.name, '^(comment|grant) ', '') AS name FROM unnest($1) t(name)
),
identity AS (
    SELECT n.touched,
           CASE -- table column s.t.c
                WHEN n.name ~ '^(foreign table|materialized view|table|view) column '
                THEN regexp_replace(regexp_replace(n.name, '^[a-z ]+ column ', ''), '\.("([^"]|"")+"|[^".]+)$', '')
                -- trigger x on s.t
                WHEN n.name ~ '^(trigger|rule|policy|table constraint) .* on ' THEN regexp_replace(n.name, '^.* on ', '')
                WHEN n.name ~ '^(foreign table|materialized view|composite type|type|table|view|sequence|index) '
                THEN regexp_replace(n.name, '^(foreign table|materialized view|composite type|[a-z]+) ', '') END AS of
      FROM named n
),
relation AS (
    SELECT DISTINCT ON (r.oid) r.oid, i.touched, i.touched ~ '^[a-z ]+ column ' AS is_column
      -- What is no name of a relation, because a name holds ' on ', is of none.
      FROM (SELECT i.touched, to_regclass(i.of) AS oid FROM identity i
             WHERE i.of ~ '^("([^"]|"")+"|[^".]+)\.("([^"]|"")+"|[^".]+)$') i
      JOIN pg_class c ON c.oid = i.oid AND c.oid >= 16384
      LEFT JOIN pg_index x ON x.indexrelid = c.oid
      JOIN pg_class r ON r.oid = coalesce(x.indrelid, c.oid)
     ORDER BY r.oid, i.touched ~ '^[a-z ]+ column ', i.touched
),
follower AS (
    SELECT oid, touched FROM relation
     UNION
    SELECT n.oid, f.touched FROM follower f,
           LATERAL (SELECT h.inhrelid AS oid FROM pg_inherits h WHERE h.inhparent = f.oid
                     UNION ALL
                    SELECT c.oid FROM pg_class r JOIN pg_class c ON c.reloftype = r.reltype
                     WHERE r.oid = f.oid AND r.relkind = 'c') n
)
SELECT coalesce(json_agg(json_build_object('oid', f.oid::int8, 'kind', ascii(r.relkind::text), 'follows',
           CASE WHEN f.oid NOT IN (SELECT oid FROM relation WHERE NOT is_column)
                THEN json_build_array(format('%s %I.%I', CASE r.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END,
                                             n.nspname, r.relname), f.touched) END,
           'has', (SELECT coalesce(json_agg(k.query), '[]')
                     FROM (VALUES ('rules', r.relhasrules AND EXISTS (SELECT FROM pg_rewrite w
                                                                       WHERE w.ev_class = r.oid AND w.rulename <> '_RETURN')),
                                  ('triggers', r.relhastriggers AND EXISTS (SELECT FROM pg_trigger g
                                                                             WHERE g.tgrelid = r.oid AND NOT g.tgisinternal)),
                                  ('policies', EXISTS (SELECT FROM pg_policy y WHERE y.polrelid = r.oid)),
                                  ('statistics', EXISTS (SELECT FROM pg_statistic_ext s WHERE s.stxrelid = r.oid)),
                                  ('acls', r.relacl IS NOT NULL
                                           OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attacl IS NOT NULL)
                                           OR EXISTS (SELECT FROM pg_type t WHERE t.oid = r.reltype AND t.typacl IS NOT NULL))
                          ) k(query, finds)
                    WHERE k.finds))), '[]')::text
  FROM (SELECT oid, min(touched) AS touched FROM follower GROUP BY oid) f
  JOIN pg_class r ON r.oid = f.oid
  JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c') AND r.relpersistence <> 't'
