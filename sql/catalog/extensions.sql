-- Extensions: model::Extension. This product itself and the language that every database has are not schema.
WITH extension AS (
    SELECT oid, extname, extnamespace, extowner, extversion FROM pg_extension WHERE extname NOT IN ('nself_heal', 'plpgsql')
),
-- By the index.
member AS MATERIALIZED (
    SELECT d.classid, d.objid, e.oid AS extension, e.extowner AS owner
      FROM extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
),
-- What may be altered of a member and is not what an object has by itself, whoever said so: the script or somebody later.
-- digest::members speaks of the same.
said(extension, classid, objid, subid, text) AS (
    SELECT m.extension, m.classid, m.objid, 0, 'OWNER TO ' || quote_ident(pg_get_userbyid(o.refobjid))
      FROM member m
      -- Those of the role that initdb made are not noted.
      JOIN pg_shdepend o ON o.classid = m.classid AND o.objid = m.objid AND o.objsubid = 0 AND o.deptype = 'o'
                        AND o.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
     WHERE o.refobjid <> m.owner
     UNION ALL
    SELECT m.extension, m.classid, m.objid, 0, s.text
      FROM member m JOIN pg_proc p ON p.oid = m.objid
     CROSS JOIN LATERAL (SELECT 'SECURITY DEFINER' WHERE p.prosecdef
                          UNION ALL SELECT 'LEAKPROOF' WHERE p.proleakproof
                          UNION ALL SELECT 'SET ' || c FROM unnest(p.proconfig) c) s(text)
     WHERE m.classid = 'pg_proc'::regclass
     UNION ALL
    SELECT m.extension, m.classid, m.objid, 0, o.text
      FROM member m JOIN pg_class r ON r.oid = m.objid CROSS JOIN LATERAL unnest(r.reloptions) o(text)
     WHERE m.classid = 'pg_class'::regclass
     UNION ALL
    SELECT m.extension, m.classid, m.objid, 0, d.dictinitoption
      FROM member m JOIN pg_ts_dict d ON d.oid = m.objid
     WHERE m.classid = 'pg_ts_dict'::regclass AND d.dictinitoption IS NOT NULL
     UNION ALL
    SELECT m.extension, m.classid, m.objid, 0,
           o.option_name || ' ' || CASE WHEN o.option_name ~* :secret THEN '***' ELSE quote_literal(o.option_value) END
      FROM member m
     CROSS JOIN LATERAL (SELECT fdwoptions FROM pg_foreign_data_wrapper
                          WHERE oid = m.objid AND m.classid = 'pg_foreign_data_wrapper'::regclass
                          UNION ALL
                         SELECT srvoptions FROM pg_foreign_server
                          WHERE oid = m.objid AND m.classid = 'pg_foreign_server'::regclass) f(options)
     CROSS JOIN LATERAL pg_options_to_table(f.options) o
     UNION ALL
    SELECT m.extension, m.classid, m.objid, d.objsubid, 'COMMENT ' || quote_literal(d.description)
      FROM member m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
)
SELECT coalesce(json_agg(e ORDER BY e.identity COLLATE "C"), '[]')::text
  FROM (SELECT quote_ident(x.extname) AS identity,
               x.extname AS name,
               n.nspname AS schema,
               pg_get_userbyid(x.extowner) AS owner,
               x.extversion AS version,
               (SELECT coalesce(json_agg(m ORDER BY m.object COLLATE "C"), '[]')
                  FROM (SELECT i.type || ' ' || i.identity AS object, string_agg(s.text, ', ' ORDER BY s.text COLLATE "C") AS said
                          FROM said s CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, s.subid) i
                         WHERE s.extension = x.oid
                         GROUP BY 1) m) AS members
          FROM extension x
          JOIN pg_namespace n ON n.oid = x.extnamespace) e
