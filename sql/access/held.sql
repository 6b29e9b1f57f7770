-- The beginning of queries about rights on this product's own functions and tables. $1: the words of the levels, in
-- order; $2: their keys; $3: what each level gives, a list of {level, on, name, column, privilege}.
WITH level AS MATERIALIZED (
    SELECT w.word, w.key, w.n::int - 1 AS level FROM ROWS FROM (unnest($1), unnest($2)) WITH ORDINALITY w(word, key, n)
),
given AS MATERIALIZED (
    SELECT g.level, g."on" AS target, g.name, g."column" AS in_column, g.privilege
      FROM json_to_recordset($3) g(level int, "on" text, name text, "column" text, privilege text)
),
held AS MATERIALIZED (SELECT * FROM nself.rights_held),
-- Who holds a key by itself. 0 is PUBLIC.
holder AS MATERIALIZED (
    SELECT h.grantee, l.level, h.grantor FROM held h JOIN level l ON h.target = 'key' AND h.name = l.key
),
-- Rights that are no part of a level which their role holds by itself.
stray AS MATERIALIZED (
    SELECT h.*
      FROM held h
     WHERE h.is_grantable
        OR NOT EXISTS (SELECT FROM given g
                        WHERE g.target = h.target AND g.name = h.name AND g.in_column IS NOT DISTINCT FROM h.in_column
                          AND g.privilege = h.privilege
                          AND g.level <= (SELECT max(o.level) FROM holder o WHERE o.grantee = h.grantee))
)
