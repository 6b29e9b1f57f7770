-- A replay goes on from the shadow database that this session has kept, if its chain begins with what was replayed in
-- that; the answer is the same as that of a replay from the beginning.
CREATE EXTENSION nself_heal;
-- No evidence: the replay is the only witness here.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
SET nself.shadow_keep_from = 0;
CREATE TEMP VIEW shadow AS SELECT oid FROM pg_database WHERE datname ~ ('^nself_shadow_\d+_' || pg_backend_pid() || '_');
-- A folder as a client sends it: 1.sql, 2.sql, and so on, and nothing to do to undo them.
CREATE FUNCTION pg_temp.folder(VARIADIC scripts text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', n || '_m.sql', 'content', E'-- UP\n' || s || E'\n-- DOWN\nSELECT 1;'))
      FROM unnest(scripts) WITH ORDINALITY u(s, n)
$$;
\set one 'CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE VIEW notes AS SELECT note FROM orders;'
\set two 'ALTER TABLE orders RENAME note TO remark; CREATE FUNCTION one() RETURNS int LANGUAGE sql AS ''SELECT 1'';'
\set three 'CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY, of int DEFAULT one() REFERENCES orders);'
\set four 'CREATE TABLE later (n int);'
\set broken 'SELECT 1 / (current_database() NOT LIKE ''nself%'')::int;'
\set slow 'SELECT pg_sleep(600) WHERE current_database() LIKE ''nself%'';'
SELECT version, state FROM nself_journal_put(pg_temp.folder(:'one'));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
SELECT kind, object_type, identity FROM nself_drift();
SELECT oid AS kept FROM shadow \gset

-- The next migrations are replayed in the same shadow. What they leave alone is known, what they change is read.
SELECT version, state FROM nself_journal_put(pg_temp.folder(:'one', :'two', :'three'));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
ALTER TABLE items DROP COLUMN of;
COMMENT ON COLUMN orders.remark IS 'mine';
SELECT kind, object_type, identity, expected, remedy FROM nself_drift();
SELECT oid = :kept AS went_on FROM shadow;
COMMENT ON COLUMN orders.remark IS NULL;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();

-- What was rolled back is no beginning of what comes later: the shadow is made anew.
BEGIN;
SELECT version, state FROM nself_journal_put(pg_temp.folder(:'one', :'two', :'three', 'CREATE TABLE never (n int);'));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
SELECT kind, object_type, identity FROM nself_drift();
SELECT oid = :kept AS went_on FROM shadow;
ROLLBACK;
SELECT version, state FROM nself_journal_put(pg_temp.folder(:'one', :'two', :'three', :'four'));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
SELECT kind, object_type, identity FROM nself_drift();
SELECT oid = :kept AS went_on FROM shadow;

-- A superuser may drop any database. Then the replay begins anew.
SELECT version, state FROM nself_journal_put(pg_temp.folder(:'one', :'two', :'three', :'four', 'SELECT 5;'));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
\set ECHO none
SELECT format('DROP DATABASE %I', d.datname) FROM pg_database d JOIN shadow USING (oid) \gexec
\set ECHO all
SELECT count(*) AS kept FROM shadow;
SELECT kind, object_type, identity FROM nself_drift();
SELECT version, status FROM nself_migrate_down();

-- Half a replay is not kept, whether a migration failed or somebody cancelled it.
SELECT version, state FROM nself_journal_put(pg_temp.folder(:'one', :'two', :'three', :'four', :'broken'));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
SELECT kind, object_type, identity FROM nself_drift();
SELECT count(*) AS kept FROM shadow;
SELECT version, status FROM nself_migrate_down();
DELETE FROM nself.expected_state;
SELECT kind, object_type, identity FROM nself_drift();
SELECT count(*) AS kept FROM shadow;
SELECT version, state FROM nself_journal_put(pg_temp.folder(:'one', :'two', :'three', :'four', :'slow'));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
SET statement_timeout = '1s';
SELECT kind, object_type, identity FROM nself_drift();
RESET statement_timeout;
-- It is dropped behind the back of who cancelled.
DO $$
BEGIN
    FOR i IN 1..600 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM shadow);
        PERFORM pg_sleep(0.1);
    END LOOP;
END
$$;
SELECT count(*) AS kept FROM shadow;

-- Who wants no shadow to stay says so.
SELECT version, status FROM nself_migrate_down();
DELETE FROM nself.expected_state;
SET nself.shadow_keep_from = -1;
SELECT kind, object_type, identity FROM nself_drift();
SELECT count(*) AS kept FROM shadow;
