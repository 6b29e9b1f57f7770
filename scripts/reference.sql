-- docs/reference.md, from what the catalogs say of functions, relations and settings. Run by scripts/reference in a database
-- with the extension.
SET search_path = pg_catalog, pg_temp;

\qecho '# Reference'
\qecho
\qecho 'Every function, relation and setting, as the extension itself describes them: `make reference` writes this document from a'
\qecho 'server''s catalogs. `\\df+`, `\\d+` and `pg_settings` tell the same in psql. Each argument has a default and can be named:'
\qecho '`nself_drift(against => ''journal'')`. What the levels are, and who has which, is told in [security.md](security.md).'
\qecho
\qecho '## Functions'
SELECT format(E'\n### %s\n\n```\n%s(%s)\n    %s\n```\n\n%s', p.proname, p.proname, pg_get_function_arguments(p.oid),
              'RETURNS ' || pg_get_function_result(p.oid), obj_description(p.oid, 'pg_proc'))
  FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
  JOIN pg_proc p ON p.oid = d.objid
 WHERE e.extname = 'nself_heal' AND p.pronamespace = e.extnamespace AND p.prorettype <> 'event_trigger'::regtype
 ORDER BY p.proname COLLATE "C", pg_get_function_arguments(p.oid) COLLATE "C";

\qecho
\qecho '## Tables and views'
\qecho
\qecho 'All of them are in schema `nself`. `pg_dump` keeps the rows of tables that hold what cannot be made again.'
SELECT format(E'\n### nself.%s\n\n%s %s.\n\n| column | type | meaning |\n|---|---|---|\n%s', c.relname,
              CASE c.relkind WHEN 'v' THEN 'View.' ELSE 'Table.' END, rtrim(obj_description(c.oid, 'pg_class'), '.'),
              (SELECT string_agg(format('| `%s` | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
                                        replace(coalesce(col_description(c.oid, a.attnum), ''), '|', '\|')), E'\n' ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
  FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_class'::regclass
  JOIN pg_class c ON c.oid = d.objid
 WHERE e.extname = 'nself_heal' AND c.relkind IN ('r', 'v')
 ORDER BY c.relname COLLATE "C";

\qecho
\qecho '## Settings'
\qecho
\qecho '| setting | default | set by | meaning |'
\qecho '|---|---|---|---|'
SELECT format('| `%s` | %s | %s | %s |', name, CASE WHEN boot_val <> '' THEN format('`%s`', current_setting(name)) END,
              CASE context WHEN 'user' THEN 'anybody' WHEN 'superuser' THEN 'a superuser' WHEN 'sighup' THEN 'the configuration, read again on reload'
                           WHEN 'postmaster' THEN 'the configuration, read at start' ELSE context END,
              replace(concat_ws(' ', rtrim(short_desc, '.') || '.', extra_desc, 'One of ' || array_to_string(enumvals, ', ') || '.'), '|', '\|'))
  FROM pg_settings WHERE name LIKE 'nself.%' ORDER BY name COLLATE "C";
