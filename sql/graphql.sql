-- What is in schema nself_api: core::graphql::changes::Live.
SELECT json_build_object(
    'exists', n.oid IS NOT NULL,
    'is_marked', coalesce(starts_with(obj_description(n.oid, 'pg_namespace'), $1), false),
    'tables', (SELECT coalesce(json_agg(json_build_object(
                          'identity', i.identity, 'sql', r.oid::regclass,
                          'columns', (SELECT coalesce(json_agg(concat(a.attname, ' ', format_type(a.atttypid, a.atttypmod),
                                                                      CASE WHEN a.attnotnull THEN ' NOT NULL' END) ORDER BY a.attnum), '[]')
                                        FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
                          'holds_no_rows', EXISTS (SELECT FROM pg_constraint k
                                                    WHERE k.conrelid = r.oid AND k.contype = 'c' AND k.convalidated
                                                      AND pg_get_constraintdef(k.oid) = 'CHECK (false)'))
                      ORDER BY i.identity COLLATE "C"), '[]')
                 FROM pg_class r CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) i
                WHERE r.relnamespace = n.oid AND r.relkind = 'r'),
    'functions', (SELECT coalesce(json_agg(json_build_object(
                             'identity', i.identity, 'sql', p.oid::regprocedure,
                             'shape', format('(%s) %s', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)),
                             'rows', t.typrelid::regclass) ORDER BY i.identity COLLATE "C"), '[]')
                    FROM pg_proc p
                    JOIN pg_type t ON t.oid = p.prorettype
                   CROSS JOIN LATERAL pg_identify_object('pg_proc'::regclass, p.oid, 0) i
                   WHERE p.pronamespace = n.oid AND p.prokind = 'f'))::text
  FROM (SELECT to_regnamespace('nself_api')::oid) n(oid)
