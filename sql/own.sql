-- What this program's own objects are: the members of its extension, and whatever else is in the schemas nself and nself_api, each
-- with what it is made of: core::own::Own. nself.note_installed() and nself_api_install() keep it, drift compares it. What only
-- servers of one version print has that version.
WITH extension AS (SELECT oid, extowner FROM pg_extension WHERE extname = 'nself_heal'),
member AS (
    SELECT d.classid, d.objid
      FROM extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
     -- Arrays and the rows of tables come with what they are of. They are members, too, on some servers, and after pg_upgrade.
     WHERE d.classid <> 'pg_type'::regclass
        OR NOT EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class r ON r.oid = t.typrelid
                        WHERE t.oid = d.objid AND (t.typcategory = 'A' OR r.relkind <> 'c'))
),
own AS (
    SELECT m.classid, m.objid, true AS is_member FROM member m
     UNION ALL
    SELECT d.classid, d.objid, false
      FROM pg_depend d
     WHERE d.refclassid = 'pg_namespace'::regclass AND d.deptype = 'n'
       AND d.refobjid IN (to_regnamespace('nself'), to_regnamespace('nself_api'))
       AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classid AND m.objid = d.objid)
),
object AS MATERIALIZED (
    SELECT o.*, i.type, i.identity, coalesce(p.identity, CASE WHEN a.is_api THEN 'nself_api' END) AS part_of, a.is_api
      FROM own o
     CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, 0) i
     CROSS JOIN LATERAL (
           SELECT CASE WHEN to_regnamespace('nself_api') IS NULL THEN false
                       ELSE EXISTS (SELECT FROM pg_depend d
                                     WHERE d.classid = o.classid AND d.objid = o.objid AND d.refclassid = 'pg_namespace'::regclass
                                       AND d.refobjid = to_regnamespace('nself_api')) END) a(is_api)
      -- The sequence of a column.
      LEFT JOIN LATERAL (SELECT t.identity FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) t
                          WHERE d.classid = o.classid AND d.objid = o.objid AND d.refclassid = 'pg_class'::regclass
                            AND d.refobjsubid > 0 AND d.deptype IN ('i', 'a')) p ON true
     WHERE o.classid <> 'pg_namespace'::regclass
),
relation AS (
    SELECT r.*, o.identity FROM object o JOIN pg_class r ON o.classid = 'pg_class'::regclass AND r.oid = o.objid
)
SELECT o.type AS object_type, o.identity, o.part_of,
       concat_ws(', ', CASE WHEN o.is_member AND o.is_api THEN 'member of the extension'
                            WHEN NOT o.is_member AND o.part_of IS NULL THEN 'no member of the extension' END,
                 (SELECT concat_ws(', ', concat('persistence ', r.relpersistence), CASE WHEN r.relrowsecurity THEN 'row security' END,
                                   array_to_string(r.reloptions, ', '),
                                   CASE WHEN r.relowner <> e.extowner THEN 'owned by ' || pg_get_userbyid(r.relowner) END)
                    FROM relation r WHERE r.oid = o.objid AND o.classid = 'pg_class'::regclass),
                 (SELECT concat_ws(', ', 'body ' || md5(concat(p.prosrc, ' ', p.probin)), format_type(p.prorettype, NULL),
                                   CASE WHEN o.is_api THEN pg_get_function_arguments(p.oid) END,
                                   l.lanname, p.provolatile, p.proparallel, CASE WHEN p.prosecdef THEN 'security definer' END,
                                   CASE WHEN p.proisstrict THEN 'strict' END, CASE WHEN p.proleakproof THEN 'leakproof' END,
                                   array_to_string(p.proconfig, ', '),
                                   CASE WHEN p.proowner <> e.extowner THEN 'owned by ' || pg_get_userbyid(p.proowner) END)
                    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
                   WHERE p.oid = o.objid AND o.classid = 'pg_proc'::regclass),
                 (SELECT concat_ws(', ', 'at ' || t.evtevent, 'of ' || array_to_string(t.evttags, ' or '),
                                   (SELECT f.identity FROM pg_identify_object('pg_proc'::regclass, t.evtfoid, 0) f),
                                   CASE t.evtenabled WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled replica'
                                                     ELSE 'enabled always' END)
                    FROM pg_event_trigger t WHERE t.oid = o.objid AND o.classid = 'pg_event_trigger'::regclass)) AS says,
       NULL::int AS server
  FROM object o CROSS JOIN extension e
 UNION ALL
SELECT 'table column', format('%s.%I', r.identity, a.attname), r.identity,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END, a.attstorage,
                 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity, ''), nullif(a.attgenerated, '')), NULL
  FROM relation r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE r.relkind IN ('r', 'p', 'f')
 UNION ALL
-- NOT NULL is said by the column.
SELECT 'table constraint', format('%I on %s', k.conname, r.identity), r.identity, pg_get_constraintdef(k.oid), NULL
  FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype NOT IN ('n', 't')
 UNION ALL
SELECT 'index', format('%I.%I', n.nspname, x.relname), r.identity,
       concat_ws(', ', pg_get_indexdef(x.oid), CASE WHEN NOT i.indisvalid THEN 'invalid' END), NULL
  FROM relation r
  JOIN pg_index i ON i.indrelid = r.oid
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = x.relnamespace
 UNION ALL
SELECT 'trigger', format('%I on %s', g.tgname, r.identity), r.identity,
       concat_ws(', ', pg_get_triggerdef(g.oid), CASE g.tgenabled WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled'
                                                                  WHEN 'R' THEN 'enabled replica' ELSE 'enabled always' END), NULL
  FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal
 UNION ALL
SELECT 'rule', format('%I on %s', w.rulename, r.identity), r.identity, concat('event ', w.ev_type, ', state ', w.ev_enabled), NULL
  FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
 UNION ALL
SELECT 'policy', format('%I on %s', y.polname, r.identity), r.identity, y.polcmd::text, NULL
  FROM relation r JOIN pg_policy y ON y.polrelid = r.oid
 UNION ALL
SELECT 'view', r.identity, NULL, 'query ' || md5(pg_get_viewdef(r.oid)), current_setting('server_version_num')::int / 10000
  FROM relation r WHERE r.relkind = 'v'
 UNION ALL
SELECT 'schema', n.nspname, NULL,
       CASE WHEN starts_with(obj_description(n.oid, 'pg_namespace'), 'Made by nself_api_install()') THEN 'made by nself_api_install()'
            ELSE 'made by others' END, NULL
  FROM pg_namespace n WHERE n.nspname = 'nself_api'
