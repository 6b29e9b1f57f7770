-- The place of the highest level of a role ($2), by itself or by what it is a member of. $1: the keys, in order.
SELECT max(k.n)::int - 1
  FROM unnest($1) WITH ORDINALITY k(key, n)
  JOIN pg_proc p ON p.proname = k.key::name AND p.pronargs = 0
  JOIN pg_namespace s ON s.oid = p.pronamespace AND s.nspname = 'nself'
 WHERE has_function_privilege($2, p.oid, 'EXECUTE')
