-- E23: ADD COLUMN IF NOT EXISTS and CREATE TABLE IF NOT EXISTS succeed where something of that name is there, and change
-- nothing. That is no heal: what is there and is another thing is told, and counts as drift until it is put right.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TABLE t (id int, a jsonb NOT NULL);
    CREATE TABLE m (a int, b int);
    CREATE INDEX i ON m (a, b);
    CREATE SEQUENCE s AS int INCREMENT BY 5;
$$)));
SELECT version, status FROM nself_migrate_up();
DROP TABLE t, m;
DROP SEQUENCE s;
CREATE TABLE t (id int, a varchar(10));
CREATE TABLE m (a int, c int);
CREATE INDEX i ON m (c);
CREATE SEQUENCE s;
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift();
-- What a tool with IF NOT EXISTS would run, and would call a success.
SET client_min_messages = error;
ALTER TABLE t ADD COLUMN IF NOT EXISTS a jsonb NOT NULL;
CREATE TABLE IF NOT EXISTS m (a int, b int);
CREATE INDEX IF NOT EXISTS i ON m (a);
CREATE SEQUENCE IF NOT EXISTS s AS int INCREMENT BY 5;
RESET client_min_messages;
SELECT object_type, identity, ddl LIKE '%IF NOT EXISTS%' AS pretends, status FROM nself_heal(true);
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT drift_items, applied, manual, blocked, outcome FROM nself_heal_history();
-- A migration that says IF NOT EXISTS gives what the replay gives: what somebody had made before is still drift.
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '2_if.sql', 'content',
    'CREATE TABLE IF NOT EXISTS late (a int, b text); CREATE INDEX IF NOT EXISTS late_i ON late (a)'))) WHERE state = 'added';
CREATE TABLE late (a bigint);
SET client_min_messages = warning;
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() WHERE identity LIKE '%late%';
