-- Extensions: model::Extension. This product itself and the language that every database has are not schema.
SELECT coalesce(json_agg(e ORDER BY e.identity COLLATE "C"), '[]')::text
  FROM (SELECT quote_ident(x.extname) AS identity,
               x.extname AS name,
               n.nspname AS schema,
               pg_get_userbyid(x.extowner) AS owner
          FROM pg_extension x
          JOIN pg_namespace n ON n.oid = x.extnamespace
         WHERE x.extname NOT IN ('nself_heal', 'plpgsql')) e
