-- The places, from zero, of those rights that their roles have not: roles, privileges, what they are on (kind, schema, name)
-- and a list of columns. What is not there is no lack.
SELECT coalesce(json_agg(q.place - 1 ORDER BY q.place), '[]')::text
  FROM ROWS FROM (unnest($1::oid[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]),
                  unnest($6::text[])) WITH ORDINALITY q(role, privilege, kind, schema, name, columns, place)
  JOIN pg_roles r ON r.oid = q.role
 WHERE NOT r.rolsuper
   AND NOT coalesce(CASE q.kind
         WHEN 'database' THEN has_database_privilege(q.role, current_database(), q.privilege)
         WHEN 'schema' THEN (SELECT has_schema_privilege(q.role, n.oid, q.privilege) FROM pg_namespace n
                              WHERE n.nspname = q.name::name)
         WHEN 'table' THEN (SELECT has_table_privilege(q.role, c.oid, q.privilege)
                                OR NOT EXISTS (SELECT FROM json_array_elements_text(q.columns::json) k(name)
                                                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = k.name::name
                                                WHERE NOT has_column_privilege(q.role, c.oid, a.attnum, q.privilege))
                              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                             WHERE n.nspname = q.schema::name AND c.relname = q.name::name)
         WHEN 'type' THEN (SELECT has_type_privilege(q.role, t.oid, q.privilege)
                             FROM parse_ident(q.name, false) i
                             JOIN pg_namespace n ON n.nspname = i[1]::name
                             JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = i[2]::name)
         WHEN 'language' THEN (SELECT NOT l.lanpltrusted OR has_language_privilege(q.role, l.oid, q.privilege)
                                 FROM pg_language l WHERE l.lanname = q.name::name)
         WHEN 'server' THEN (SELECT has_server_privilege(q.role, s.oid, q.privilege) FROM pg_foreign_server s
                              WHERE quote_ident(s.srvname) = q.name)
         WHEN 'extension' THEN (SELECT bool_or(NOT v.superuser
                                               OR v.trusted AND has_database_privilege(q.role, current_database(), q.privilege))
                                  FROM pg_available_extensions x
                                  JOIN pg_available_extension_versions v ON v.name = x.name AND v.version = x.default_version
                                 WHERE x.name = q.name::name)
       END, true)
