-- The members of extensions: members::Contents.
SELECT coalesce(json_agg(e ORDER BY e.identity COLLATE "C"), '[]')::text
  FROM (SELECT quote_ident(x.extname) AS identity,
               (SELECT coalesce(json_agg(json_build_object('object_type', i.type, 'identity', i.identity)
                                         ORDER BY i.identity COLLATE "C", i.type), '[]')
                  FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
                  LEFT JOIN pg_type t ON t.oid = d.objid AND d.classid = 'pg_type'::regclass
                  LEFT JOIN pg_class r ON r.oid = t.typrelid
                 WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid AND d.deptype = 'e'
                   -- Since PostgreSQL 18 a row type and an array type are members with what they are of.
                   AND coalesce(r.relkind = 'c', true)
                   AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)) AS contents
          FROM pg_extension x
         WHERE x.extname NOT IN ('nself_heal', 'plpgsql')) e
