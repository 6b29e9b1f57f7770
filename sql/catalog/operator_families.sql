-- Operator families: model::Definition. A class always names its family, so that each family is there by itself.
-- Members that belong to no class were added by ALTER.
WITH loose AS (
    SELECT d.refobjid AS family, 1 AS sort, o.amopstrategy AS number, o.amoplefttype AS "left",
           o.amoprighttype AS "right",
           concat('OPERATOR ' || o.amopstrategy, ' ' || o.amopopr::regoperator,
                  ' FOR ORDER BY ' || (SELECT format('%I.%I', n.nspname, f.opfname)
                                         FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace
                                        WHERE f.oid = o.amopsortfamily)) AS member
      FROM pg_depend d JOIN pg_amop o ON o.oid = d.objid
     WHERE d.classid = 'pg_amop'::regclass AND d.refclassid = 'pg_opfamily'::regclass
     UNION ALL
    SELECT d.refobjid, 2, p.amprocnum, p.amproclefttype, p.amprocrighttype,
           format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
                  format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)
      FROM pg_depend d JOIN pg_amproc p ON p.oid = d.objid
     WHERE d.classid = 'pg_amproc'::regclass AND d.refclassid = 'pg_opfamily'::regclass
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'OPERATOR FAMILY ' || i.identity AS sql_name,
               json_build_object('schema', n.nspname, 'name', f.opfname) AS name,
               pg_get_userbyid(f.opfowner) AS owner,
               NULL AS of,
               'CREATE OPERATOR FAMILY ' || i.identity AS def,
               coalesce((SELECT json_agg(format('ALTER OPERATOR FAMILY %s ADD %s', i.identity, l.member)
                                         ORDER BY l.sort, l.number, format_type(l.left, NULL) COLLATE "C",
                                                  format_type(l.right, NULL) COLLATE "C")
                           FROM loose l WHERE l.family = f.oid), '[]') AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_opfamily f
          JOIN pg_namespace n ON n.oid = f.opfnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_opfamily'::regclass, f.oid, 0) i
         WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_opfamily'::regclass AND m.objid = f.oid AND m.deptype = 'e')) x
