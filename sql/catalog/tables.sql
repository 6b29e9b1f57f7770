-- Tables, partitioned tables, partitions and foreign tables with their columns: model::Table.
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
    SELECT r.*, n.nspname, format('%I.%I', n.nspname, r.relname) AS identity
      FROM pg_class r
      JOIN pg_namespace n ON n.oid = r.relnamespace
     WHERE r.relkind IN ('r', 'p', 'f') AND r.relpersistence <> 't' AND ($1::oid[] IS NULL OR r.oid = ANY ($1))
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
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
     WHERE ($1::oid[] IS NULL OR d.adrelid = ANY ($1))
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
     WHERE ($1::oid[] IS NULL OR p.refobjid = ANY ($1))
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
               -- A dump writes DEFAULT NULL for a partition without its parent's default, and the server keeps it where the type
               -- has a length. It says something only where the domain has a default, see diff::tables.
               'default', CASE WHEN a.attgenerated = '' AND (t.typtype = 'd' OR e.printed !~ '^NULL::')
                               THEN e.printed END,
               -- Since PostgreSQL 18 each is a constraint.
               'not_null', CASE WHEN a.attnotnull
                                THEN json_build_object('name', k.conname,
                                                       'validated', coalesce(k.convalidated, true),
                                                       'no_inherit', coalesce(k.connoinherit, false)) END,
               -- Since PostgreSQL 17 a partition has its parent's identity, without a sequence of its own.
               'identity_column', CASE WHEN a.attidentity <> '' AND NOT r.relispartition
                                       THEN json_build_object('always', a.attidentity = 'a', 'sequence', i.name,
                                                              'numbers', i.numbers) END,
               'generated', CASE WHEN a.attgenerated <> ''
                                 THEN json_build_object('expression', e.printed,
                                                        'stored', a.attgenerated = 's') END,
               'inherited', a.attinhcount > 0 AND NOT a.attislocal,
               'constrained_domain', t.typtype = 'd' AND a.atttypid IN (SELECT oid FROM constrained_domain),
               -- DEFAULT 'now' and 'today' are kept as the moment when they were set. Where that is now, it is no constant
               -- of the schema.
               'frozen', coalesce(CASE WHEN substring(f.moment FROM f.form) IS NOT NULL
                                       -- Without its time zone, which is that of the migration's session.
                                       THEN abs(extract(epoch FROM f.moment::timestamp - now()::timestamp)) < 15 * 3600
                                            OR length(f.moment) = 10 AND f.moment::date - current_date BETWEEN -1 AND 1 END, false),
               'sequences', coalesce(q.names, '[]'),
               'storage', CASE WHEN a.attstorage <> t.typstorage
                               THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                                      WHEN 'x' THEN 'EXTENDED' WHEN 'm' THEN 'MAIN' END END,
               'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
               -- Nothing set is -1 before PostgreSQL 17 and NULL since.
               'statistics', nullif(a.attstattarget, -1),
               'options', coalesce((SELECT json_agg(:plain_option ORDER BY o.option_name COLLATE "C")
                                      FROM pg_options_to_table(a.attoptions) o
                                     -- The server's own stamp on each column, since 15.20.
                                     WHERE o.option_name <> 'pg_attver'), '[]'),
               'fdw_options', coalesce((SELECT json_agg(o.shown ORDER BY o.shown COLLATE "C")
                                          FROM pg_options_to_table(a.attfdwoptions) f
                                         CROSS JOIN LATERAL (
                                               SELECT f.option_name || '=' ||
                                                      CASE WHEN f.option_name ~* :secret THEN '***'
                                                           ELSE f.option_value END) o(shown)), '[]'))
               ORDER BY a.attnum) AS columns
      FROM relation r
      JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      -- OFFSET 0: otherwise each word that names the text would print it again.
      LEFT JOIN LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid) AS printed OFFSET 0) e ON true
      LEFT JOIN LATERAL (SELECT substring(e.printed FROM '^''([^'']*)''::(?:date|timestamp)') AS moment,
                                '^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::\d\d)?)?)?$' AS form) f ON true
      LEFT JOIN default_sequence q ON q.default_oid = d.oid
      LEFT JOIN identity_sequence i ON i.attrelid = a.attrelid AND i.attnum = a.attnum
      LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum
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
     WHERE ($1::oid[] IS NULL OR h.inhrelid = ANY ($1))
     GROUP BY h.inhrelid
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT r.identity,
               json_build_object('schema', r.nspname, 'name', r.relname) AS name,
               pg_get_userbyid(r.relowner) AS owner,
               r.relpersistence = 'u' AS unlogged,
               (SELECT json_build_object('server', quote_ident(s.srvname),
                                         'options', coalesce(json_agg(o.shown ORDER BY o.shown COLLATE "C")
                                                             FILTER (WHERE o.shown IS NOT NULL), '[]'))
                  FROM pg_foreign_table ft
                  JOIN pg_foreign_server s ON s.oid = ft.ftserver
                  LEFT JOIN LATERAL pg_options_to_table(ft.ftoptions) f ON true
                 CROSS JOIN LATERAL (SELECT f.option_name || '=' ||
                                            CASE WHEN f.option_name ~* :secret THEN '***' ELSE f.option_value END)
                       o(shown)
                 WHERE ft.ftrelid = r.oid
                 GROUP BY s.srvname) AS foreign,
               (SELECT quote_ident(m.amname) FROM pg_am m WHERE m.oid = r.relam AND m.amname <> 'heap')
                   AS access_method,
               (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = r.reltablespace) AS tablespace,
               coalesce((SELECT json_agg(o.parameter ORDER BY o.parameter COLLATE "C")
                           FROM (SELECT :plain_option FROM pg_options_to_table(r.reloptions) o
                                  UNION ALL
                                 SELECT 'toast.' || :plain_option
                                   FROM pg_class toast CROSS JOIN LATERAL pg_options_to_table(toast.reloptions) o
                                  WHERE toast.oid = r.reltoastrelid) o(parameter)), '[]') AS parameters,
               -- A foreign table has none.
               CASE WHEN r.relkind = 'f' THEN 'DEFAULT'
                    ELSE CASE r.relreplident WHEN 'd' THEN 'DEFAULT' WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL'
                                             WHEN 'i' THEN 'INDEX' END END AS replica_identity,
               (SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 WHERE i.indrelid = r.oid AND i.indisreplident AND r.relreplident = 'i') AS replica_index,
               (SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 WHERE i.indrelid = r.oid AND i.indisclustered) AS clustered_on,
               r.relrowsecurity AS row_security,
               r.relforcerowsecurity AS force_row_security,
               CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END AS partition_key,
               CASE WHEN r.relispartition
                    THEN json_build_object('parent', p.parents -> 0, 'bound', pg_get_expr(r.relpartbound, r.oid))
               END AS partition_of,
               pg_get_partition_constraintdef(r.oid) AS partition_condition,
               CASE WHEN r.relispartition THEN '[]' ELSE coalesce(p.parents, '[]') END AS inherits,
               CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END AS of_type,
               coalesce(c.columns, '[]') AS columns
          FROM relation r
          LEFT JOIN table_column c ON c.attrelid = r.oid
          LEFT JOIN parent p ON p.inhrelid = r.oid) x
