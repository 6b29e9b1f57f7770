-- Foreign-data wrappers, servers and user mappings: model::Definition. Values that may be secrets are shown as three
-- stars; of a user mapping every value may be one, but for the user's name. Who may not see a mapping's options sees
-- none.
WITH object AS (
    SELECT 'pg_foreign_data_wrapper'::regclass AS classid, w.oid,
           'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname) AS sql_name,
           w.fdwowner AS owner, w.fdwoptions AS options, :secret AS secret,
           concat(format('CREATE FOREIGN DATA WRAPPER %I', w.fdwname), ' HANDLER ' || nullif(w.fdwhandler, 0)::regproc,
                  ' VALIDATOR ' || nullif(w.fdwvalidator, 0)::regproc) AS head
      FROM pg_foreign_data_wrapper w
     UNION ALL
    SELECT 'pg_foreign_server'::regclass, s.oid, 'SERVER ' || quote_ident(s.srvname), s.srvowner, s.srvoptions, :secret,
           concat(format('CREATE SERVER %I', s.srvname), ' TYPE ' || quote_literal(s.srvtype),
                  ' VERSION ' || quote_literal(s.srvversion), format(' FOREIGN DATA WRAPPER %I', w.fdwname))
      FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     UNION ALL
    SELECT 'pg_user_mapping'::regclass, u.umid, format('USER MAPPING FOR %s SERVER %I', g.user, u.srvname), s.srvowner,
           u.umoptions, '^(?!(user|username|user_name)$)',
           format('CREATE USER MAPPING FOR %s SERVER %I', g.user, u.srvname)
           -- The server shows them to few: this is the condition of the view pg_user_mappings.
           || CASE WHEN u.umuser <> 0 AND u.usename = current_user
                        AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE'))
                     OR u.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE')
                     OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN ''
                   ELSE ' OPTIONS (***)' END
      FROM pg_user_mappings u
      JOIN pg_foreign_server s ON s.oid = u.srvid
     CROSS JOIN LATERAL (SELECT CASE WHEN u.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END AS user) g
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C", x.object_type), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               o.sql_name,
               NULL AS name,
               pg_get_userbyid(o.owner) AS owner,
               NULL AS of,
               concat(o.head, (SELECT format(' OPTIONS (%s)', string_agg(
                                          format('%I %L', p.option_name, CASE WHEN p.option_name ~* o.secret THEN '***'
                                                                              ELSE p.option_value END),
                                          ', ' ORDER BY p.option_name COLLATE "C"))
                                 FROM pg_options_to_table(o.options) p
                               HAVING count(*) > 0)) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM object o
         CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i
         WHERE NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = o.classid AND m.objid = o.oid AND m.deptype = 'e')) x
