-- What a program such as Hasura can serve of a schema: relations with columns and keys, foreign keys, functions.
WITH spaces AS (
    SELECT n.oid, n.nspname::text AS name
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'nself', 'hdb_catalog')
),
columns AS (
    SELECT a.attrelid, a.attnum, a.attname::text AS name, a.attnotnull AS not_null,
           format_type(a.atttypid, NULL) AS type,
           format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) AS base,
           t.typcategory::text AS category
      FROM spaces s
      JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
)
SELECT json_build_object(
    'relations', (
        SELECT coalesce(json_agg(json_build_object(
                   'schema', s.name, 'name', c.relname, 'kind', c.relkind,
                   'columns', (SELECT coalesce(json_agg(json_build_object(
                                          'name', k.name, 'type', k.type, 'base', k.base, 'category', k.category,
                                          'not_null', k.not_null) ORDER BY k.attnum), '[]')
                                 FROM columns k WHERE k.attrelid = c.oid),
                   'primary_key', (SELECT coalesce(json_agg(k.name ORDER BY array_position(p.conkey, k.attnum)), '[]')
                                     FROM pg_constraint p
                                     JOIN columns k ON k.attrelid = p.conrelid AND k.attnum = ANY (p.conkey)
                                    WHERE p.conrelid = c.oid AND p.contype = 'p'))
                   ORDER BY s.name, c.relname), '[]')
          FROM spaces s JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')),
    'foreign_keys', (
        SELECT coalesce(json_agg(json_build_object(
                   'schema', s.name, 'table', c.relname,
                   'columns', (SELECT json_agg(a.attname ORDER BY k.place)
                                 FROM unnest(f.conkey) WITH ORDINALITY k(number, place)
                                 JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
                   'to_schema', n.nspname, 'to_table', t.relname)
                   ORDER BY s.name, c.relname, f.conname), '[]')
          FROM spaces s
          JOIN pg_class c ON c.relnamespace = s.oid
          JOIN pg_constraint f ON f.conrelid = c.oid AND f.contype = 'f'
          JOIN pg_class t ON t.oid = f.confrelid
          JOIN pg_namespace n ON n.oid = t.relnamespace),
    'functions', (
        SELECT coalesce(json_agg(json_build_object(
                   'schema', s.name, 'name', p.proname, 'volatile', p.provolatile = 'v',
                   'variadic', p.provariadic <> 0, 'returns_set', p.proretset,
                   'returns', format_type(p.prorettype, NULL),
                   'returns_relation', (SELECT json_build_object('schema', rn.nspname, 'name', r.relname)
                                          FROM pg_type rt
                                          JOIN pg_class r ON r.oid = rt.typrelid AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
                                          JOIN pg_namespace rn ON rn.oid = r.relnamespace
                                         WHERE rt.oid = p.prorettype),
                   'arguments', (SELECT coalesce(json_agg(json_build_object(
                                            'name', coalesce(p.proargnames[a.place], ''), 'type', format_type(a.type, NULL),
                                            'relation', (SELECT json_build_object('schema', an.nspname, 'name', ac.relname)
                                                           FROM pg_type at
                                                           JOIN pg_class ac ON ac.oid = at.typrelid AND ac.relkind <> 'c'
                                                           JOIN pg_namespace an ON an.oid = ac.relnamespace
                                                          WHERE at.oid = a.type)) ORDER BY a.place), '[]')
                                   FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a(type, place)))
                   ORDER BY s.name, p.proname, p.proargtypes::text), '[]')
          FROM spaces s JOIN pg_proc p ON p.pronamespace = s.oid AND p.prokind = 'f')
)::text
