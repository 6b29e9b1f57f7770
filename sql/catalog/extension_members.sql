-- The members of extensions: members::Contents.
SELECT coalesce(json_agg(e ORDER BY e.identity COLLATE "C"), '[]')::text
  FROM (SELECT quote_ident(x.extname) AS identity,
               (SELECT coalesce(json_agg(json_build_object('object_type', i.type, 'identity', i.identity)
                                         ORDER BY i.identity COLLATE "C", i.type), '[]')
                  FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
                 WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid AND d.deptype = 'e') AS contents
          FROM pg_extension x
         WHERE x.extname NOT IN ('nself_heal', 'plpgsql')) e
