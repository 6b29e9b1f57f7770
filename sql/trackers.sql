-- The tables of this database that are lists of applied migrations of other tools, as src/migrations/adopt.rs knows these.
-- Of a table that two tools can have, the one that names its schema.
SELECT coalesce(json_agg(json_build_array(f.place, format('%I.%I', f.nspname, f.relname)) ORDER BY f.place, f.nspname COLLATE "C"), '[]')::text
  FROM (SELECT DISTINCT ON (r.oid) t.place, n.nspname, r.relname
          FROM json_to_recordset($1) t(place int, schema text, "table" text, columns text[], without text[])
          JOIN pg_class r ON r.relname = t."table"::name AND r.relkind = 'r'
          JOIN pg_namespace n ON n.oid = r.relnamespace AND (t.schema IS NULL OR n.nspname = t.schema::name)
         CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE a.attname::text = ANY (t.columns)) AS own,
                                    count(*) FILTER (WHERE a.attname::text = ANY (t.without)) AS others
                               FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) has
         WHERE has.own = cardinality(t.columns) AND has.others = 0
         ORDER BY r.oid, t.schema IS NULL, t.place) f
