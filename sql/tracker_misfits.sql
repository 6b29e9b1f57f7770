-- The tables of this database that have the name of a list of another tool and none of the forms that are known, as
-- src/migrations/trackers.rs knows these.
SELECT coalesce(json_agg(DISTINCT format('%I.%I', n.nspname, r.relname)), '[]')::text
  FROM json_to_recordset($1) t(schema text, "table" text)
  JOIN pg_class r ON r.relname = t."table"::name AND r.relkind NOT IN ('i', 'I', 'S', 't', 'c')
  JOIN pg_namespace n ON n.oid = r.relnamespace AND (t.schema IS NULL OR n.nspname = t.schema::name)
