-- nself_migrate_verify(rollback => true) runs each migration in a shadow, undoes it, and runs it again.
CREATE EXTENSION nself_heal;
-- It stands here before the first migration, so it is in the shadow, too.
CREATE TABLE stood (id int);
CREATE FUNCTION files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;
SELECT count(*) FROM nself_journal_put(files(
    '1_whole.sql', 'CREATE TABLE t (id int); ALTER TABLE stood ADD COLUMN mail text;',
    '1_whole.down.sql', 'ALTER TABLE stood DROP COLUMN mail; DROP TABLE t;',
    '2_none.sql', 'CREATE INDEX stood_id ON stood (id);',
    '3_leaves.sql', 'CREATE TABLE u (id int); CREATE TYPE kind AS ENUM (''a'');',
    '3_leaves.down.sql', 'DROP TABLE u;',
    '4_beyond.sql', 'ALTER TABLE t ADD COLUMN more int;',
    '4_beyond.down.sql', 'ALTER TABLE t DROP COLUMN more; DROP INDEX stood_id;'));
SELECT version, status FROM nself_migrate_up(target => '3');
SELECT version, status, expected, actual FROM nself_migrate_verify(rollback => true) WHERE status ~ 'rollback' \gx

SELECT count(*) FROM nself_journal_put(files(
    '1_whole.sql', 'CREATE TABLE t (id int); ALTER TABLE stood ADD COLUMN mail text;',
    '1_whole.down.sql', 'ALTER TABLE stood DROP COLUMN mail; DROP TABLE t;',
    '2_none.sql', 'CREATE INDEX stood_id ON stood (id);',
    '2_none.down.sql', 'DROP INDEX stood_id;',
    '3_leaves.sql', 'CREATE TABLE u (id int); CREATE TYPE kind AS ENUM (''a'');',
    '3_leaves.down.sql', 'DROP TABLE u; DROP TYPE kind;',
    '5_nothing.sql', 'SELECT 1;',
    '5_nothing.down.sql', '',
    '6_broken_down.sql', 'CREATE VIEW v AS SELECT id FROM t;',
    '6_broken_down.down.sql', 'DROP VIEW no_such_view;',
    '61_index.sql', E'-- nself:no-transaction\nCREATE INDEX CONCURRENTLY t_id ON t (id);',
    '61_index.down.sql', 'DROP INDEX t_id;',
    '70_fails.sql', 'CREATE TABLE t (id int);',
    '80_after.sql', 'SELECT 1;'));
SELECT version, status, expected, actual FROM nself_migrate_verify(rollback => true) WHERE status ~ 'rollback' \gx
-- Nothing of it is here.
SELECT to_regclass('v') IS NULL AS is_unchanged;
