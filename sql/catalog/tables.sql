-- Tables, partitioned tables and partitions with their columns: model::Table.
WITH RECURSIVE constrained_domain AS (
    -- Domains that refuse some values, themselves or through the domain that they are made from.
    SELECT t.oid
      FROM pg_type t
     WHERE t.typtype = 'd'
       AND (t.typnotnull OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid))
     UNION
    SELECT t.oid
      FROM pg_type t JOIN constrained_domain b ON b.oid = t.typbasetype
     WHERE t.typtype = 'd'
),
relation AS (
    SELECT r.oid, r.relname, r.relkind, r.relowner, r.relpersistence, r.relispartition, r.relpartbound, r.reloftype,
           n.nspname, format('%I.%I', n.nspname, r.relname) AS identity
      FROM pg_class r
      JOIN pg_namespace n ON n.oid = r.relnamespace
     WHERE r.relkind IN ('r', 'p') AND r.relpersistence <> 't'
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself')
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
                          AND d.deptype = 'e')
),
default_sequence AS (
    SELECT d.oid AS default_oid, json_agg(format('%I.%I', n.nspname, s.relname) ORDER BY s.relname COLLATE "C") AS names
      FROM pg_attrdef d
      JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
      JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
      JOIN pg_namespace n ON n.oid = s.relnamespace
     GROUP BY d.oid
),
identity_sequence AS (
    SELECT p.refobjid AS attrelid, p.refobjsubid AS attnum,
           json_build_object('schema', n.nspname, 'name', c.relname) AS name,
           json_build_object('data_type', format_type(s.seqtypid, NULL), 'start', s.seqstart,
                             'increment', s.seqincrement, 'min', s.seqmin, 'max', s.seqmax,
                             'cache', s.seqcache, 'cycle', s.seqcycle) AS numbers
      FROM pg_sequence s
      JOIN pg_class c ON c.oid = s.seqrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_depend p ON p.classid = 'pg_class'::regclass AND p.objid = c.oid AND p.objsubid = 0
                      AND p.refclassid = 'pg_class'::regclass AND p.refobjsubid > 0 AND p.deptype = 'i'
),
table_column AS (
    SELECT a.attrelid,
           json_agg(json_build_object(
               'identity', format('%s.%I', r.identity, a.attname),
               'name', a.attname,
               'type_name', format_type(a.atttypid, a.atttypmod),
               'collation', CASE WHEN a.attcollation <> t.typcollation
                                 THEN (SELECT format('%I.%I', cn.nspname, c.collname)
                                         FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
                                        WHERE c.oid = a.attcollation) END,
               'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
               'not_null', a.attnotnull,
               'identity_column', CASE WHEN a.attidentity <> ''
                                       THEN json_build_object('always', a.attidentity = 'a', 'sequence', i.name,
                                                              'numbers', i.numbers) END,
               'generated', CASE WHEN a.attgenerated <> ''
                                 THEN json_build_object('expression', pg_get_expr(d.adbin, d.adrelid),
                                                        'stored', a.attgenerated = 's') END,
               'inherited', a.attinhcount > 0 AND NOT a.attislocal,
               'constrained_domain', t.typtype = 'd' AND a.atttypid IN (SELECT oid FROM constrained_domain),
               'sequences', coalesce(q.names, '[]')) ORDER BY a.attnum) AS columns
      FROM relation r
      JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN default_sequence q ON q.default_oid = d.oid
      LEFT JOIN identity_sequence i ON i.attrelid = a.attrelid AND i.attnum = a.attnum
     GROUP BY a.attrelid
),
parent AS (
    SELECT h.inhrelid,
           json_agg(json_build_object('identity', format('%I.%I', n.nspname, r.relname),
                                      'name', json_build_object('schema', n.nspname, 'name', r.relname))
                    ORDER BY h.inhseqno) AS parents
      FROM pg_inherits h
      JOIN pg_class r ON r.oid = h.inhparent
      JOIN pg_namespace n ON n.oid = r.relnamespace
     GROUP BY h.inhrelid
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT r.identity,
               json_build_object('schema', r.nspname, 'name', r.relname) AS name,
               pg_get_userbyid(r.relowner) AS owner,
               r.relpersistence = 'u' AS unlogged,
               CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END AS partition_key,
               CASE WHEN r.relispartition
                    THEN json_build_object('parent', p.parents -> 0, 'bound', pg_get_expr(r.relpartbound, r.oid))
               END AS partition_of,
               CASE WHEN r.relispartition THEN '[]' ELSE coalesce(p.parents, '[]') END AS inherits,
               CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END AS of_type,
               coalesce(c.columns, '[]') AS columns
          FROM relation r
          LEFT JOIN table_column c ON c.attrelid = r.oid
          LEFT JOIN parent p ON p.inhrelid = r.oid) x
