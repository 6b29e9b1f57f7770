-- Text search parsers, templates, dictionaries and configurations: model::Definition. Parsers and templates have no
-- owner: only a superuser makes them, so it is whoever owns their functions.
WITH schema AS (
    SELECT n.oid, n.nspname FROM pg_namespace n
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
),
object AS (
    SELECT 'pg_ts_parser'::regclass AS classid, p.oid, p.prsnamespace AS namespace, p.prsname AS name,
           (SELECT f.proowner FROM pg_proc f WHERE f.oid = p.prsstart) AS owner,
           concat_ws(', ', 'START = ' || p.prsstart::regproc, 'GETTOKEN = ' || p.prstoken::regproc,
                     'END = ' || p.prsend::regproc, 'HEADLINE = ' || nullif(p.prsheadline, 0)::regproc,
                     'LEXTYPES = ' || p.prslextype::regproc) AS settings
      FROM pg_ts_parser p
     UNION ALL
    SELECT 'pg_ts_template'::regclass, t.oid, t.tmplnamespace, t.tmplname,
           (SELECT f.proowner FROM pg_proc f WHERE f.oid = t.tmpllexize),
           concat_ws(', ', 'INIT = ' || nullif(t.tmplinit, 0)::regproc, 'LEXIZE = ' || t.tmpllexize::regproc)
      FROM pg_ts_template t
     UNION ALL
    SELECT 'pg_ts_dict'::regclass, d.oid, d.dictnamespace, d.dictname, d.dictowner,
           -- The options are kept as the text of a list.
           concat_ws(', ', (SELECT format('TEMPLATE = %I.%I', n.nspname, t.tmplname)
                              FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
                             WHERE t.oid = d.dicttemplate), d.dictinitoption)
      FROM pg_ts_dict d
     UNION ALL
    SELECT 'pg_ts_config'::regclass, c.oid, c.cfgnamespace, c.cfgname, c.cfgowner,
           (SELECT format('PARSER = %I.%I', n.nspname, p.prsname)
              FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE p.oid = c.cfgparser)
      FROM pg_ts_config c
),
mapping AS (
    SELECT m.mapcfg, t.alias,
           string_agg(format('%I.%I', n.nspname, d.dictname), ', ' ORDER BY m.mapseqno) AS dictionaries
      FROM pg_ts_config_map m
      JOIN pg_ts_config c ON c.oid = m.mapcfg
      JOIN schema s ON s.oid = c.cfgnamespace
      JOIN pg_ts_dict d ON d.oid = m.mapdict
      JOIN pg_namespace n ON n.oid = d.dictnamespace
     CROSS JOIN LATERAL (SELECT k.alias FROM ts_token_type(c.cfgparser) k WHERE k.tokid = m.maptokentype) t
     GROUP BY m.mapcfg, t.alias
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C", x.object_type), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               upper(i.type) || ' ' || i.identity AS sql_name,
               json_build_object('schema', s.nspname, 'name', o.name) AS name,
               pg_get_userbyid(o.owner) AS owner,
               NULL AS of,
               format('CREATE %s %s (%s)', upper(i.type), i.identity, o.settings) AS def,
               coalesce((SELECT json_agg(format('ALTER TEXT SEARCH CONFIGURATION %s ADD MAPPING FOR %I WITH %s',
                                                i.identity, m.alias, m.dictionaries) ORDER BY m.alias COLLATE "C")
                           FROM mapping m WHERE m.mapcfg = o.oid AND o.classid = 'pg_ts_config'::regclass), '[]')
                   AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM object o
          JOIN schema s ON s.oid = o.namespace
         CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i
         WHERE NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = o.classid AND m.objid = o.oid AND m.deptype = 'e')) x
