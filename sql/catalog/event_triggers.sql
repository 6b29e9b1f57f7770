-- Event triggers: model::Definition.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               format('EVENT TRIGGER %I', e.evtname) AS sql_name,
               NULL AS name,
               pg_get_userbyid(e.evtowner) AS owner,
               NULL AS of,
               concat(format('CREATE EVENT TRIGGER %I ON %s', e.evtname, e.evtevent),
                      -- In the order of the alphabet: it has no meaning.
                      ' WHEN TAG IN (' || (SELECT string_agg(quote_literal(g.tag), ', ' ORDER BY g.tag COLLATE "C")
                                             FROM unnest(e.evttags) g(tag)) || ')',
                      ' EXECUTE FUNCTION ', (SELECT format('%I.%I()', n.nspname, p.proname)
                                               FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                                              WHERE p.oid = e.evtfoid)) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               CASE e.evtenabled WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
                                 WHEN 'A' THEN 'always' END AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_event_trigger e
         CROSS JOIN LATERAL pg_identify_object('pg_event_trigger'::regclass, e.oid, 0) i
         WHERE NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid AND m.deptype = 'e')) x
