-- Operator classes with the members that are theirs alone: model::Definition.
WITH member AS (
    SELECT d.refobjid AS class, 1 AS sort, o.amopstrategy AS number, o.amoplefttype AS "left",
           o.amoprighttype AS "right",
           concat('OPERATOR ' || o.amopstrategy, ' ' || o.amopopr::regoperator,
                  ' FOR ORDER BY ' || (SELECT format('%I.%I', n.nspname, f.opfname)
                                         FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace
                                        WHERE f.oid = o.amopsortfamily)) AS member
      FROM pg_depend d JOIN pg_amop o ON o.oid = d.objid
     WHERE d.classid = 'pg_amop'::regclass AND d.refclassid = 'pg_opclass'::regclass
     UNION ALL
    SELECT d.refobjid, 2, p.amprocnum, p.amproclefttype, p.amprocrighttype,
           format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
                  format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)
      FROM pg_depend d JOIN pg_amproc p ON p.oid = d.objid
     WHERE d.classid = 'pg_amproc'::regclass AND d.refclassid = 'pg_opclass'::regclass
     UNION ALL
    -- There must be at least one item, and to store what the class is for says nothing.
    SELECT c.oid, 3, 0, 0, 0, 'STORAGE ' || format_type(coalesce(nullif(c.opckeytype, 0), c.opcintype), NULL)
      FROM pg_opclass c
     WHERE c.opckeytype <> 0
        OR NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid
                          AND d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass))
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'OPERATOR CLASS ' || i.identity AS sql_name,
               json_build_object('schema', n.nspname, 'name', c.opcname) AS name,
               pg_get_userbyid(c.opcowner) AS owner,
               NULL AS of,
               format('CREATE OPERATOR CLASS %I.%I %sFOR TYPE %s USING %I FAMILY %I.%I AS %s', n.nspname, c.opcname,
                      CASE WHEN c.opcdefault THEN 'DEFAULT ' END, format_type(c.opcintype, NULL), a.amname, fn.nspname,
                      f.opfname,
                      (SELECT string_agg(b.member, ', ' ORDER BY b.sort, b.number,
                                                          format_type(b.left, NULL) COLLATE "C",
                                                          format_type(b.right, NULL) COLLATE "C")
                         FROM member b WHERE b.class = c.oid)) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_opclass c
          JOIN pg_namespace n ON n.oid = c.opcnamespace
          JOIN pg_am a ON a.oid = c.opcmethod
          JOIN pg_opfamily f ON f.oid = c.opcfamily
          JOIN pg_namespace fn ON fn.oid = f.opfnamespace
         CROSS JOIN LATERAL pg_identify_object('pg_opclass'::regclass, c.oid, 0) i
         WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_opclass'::regclass AND m.objid = c.oid AND m.deptype = 'e')) x
