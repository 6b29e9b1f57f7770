-- Migrations that are marked to run without a transaction: how they are known, and what the ledger says of one that has
-- come only so far. What runs them is the executor of jobs; here the ledger is written by hand, as by a job.
CREATE EXTENSION nself_heal;
CREATE FUNCTION pg_temp.files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;
\set marks 'SELECT version, layout, in_transaction, down_in_transaction FROM nself.journal ORDER BY seq'

-- Each tool has a mark of its own; golang-migrate has none, and sends a statement that is alone in its file as it is.
SELECT count(*) FROM nself_journal_put(pg_temp.files(
    '01_plain.up.sql', 'CREATE TABLE a ();',
    '02_own.up.sql', E'-- Large.\n-- nself:no-transaction\nCREATE TABLE b ();',
    '02_own.down.sql', 'DROP TABLE b;',
    '03_sqlx.up.sql', E'-- no-transaction\nCREATE TABLE c ();',
    '03_sqlx.down.sql', E'-- no-transaction\nDROP TABLE c;',
    '04_sqlx_not_first.up.sql', E'\n-- no-transaction\nCREATE TABLE d ();',
    '05_golang.up.sql', E'-- Alone.\nCREATE INDEX CONCURRENTLY i ON a (x);\n',
    '05_golang.down.sql', 'DROP INDEX CONCURRENTLY i',
    '06_golang_two.up.sql', 'VACUUM a; VACUUM b;',
    '07_golang_ordinary.up.sql', 'REINDEX TABLE a;',
    '08_golang_not_sql.up.sql', 'VACUUM (;'));
:marks;
SELECT count(*) FROM nself_journal_put(pg_temp.files(
    '01_dbmate.sql', E'-- migrate:up transaction:false\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;',
    '02_dbmate_down.sql', E'-- migrate:up\nCREATE TABLE a ();\n-- migrate:down transaction:false\nDROP TABLE a;',
    '03_goose.sql', E'-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;',
    '04_goose.sql', E'-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a ();\n-- +goose StatementEnd\n',
    '05_own.sql', E'-- UP\n-- nself:no-transaction\nCREATE TABLE a ();\n-- DOWN\nDROP TABLE a;',
    '06_other_name.sql', 'VACUUM'));
:marks;
-- A mark that would be passed over is refused.
SELECT * FROM nself_journal_put(pg_temp.files('1_a.sql', E'CREATE TABLE a ();\n-- nself:no-transaction\n'));
SELECT * FROM nself_journal_put(pg_temp.files('1_a.sql', E'-- nself:no_transaction\nCREATE TABLE a ();'));

-- Prisma sends a file as it is, too; and what commits in the middle says by that where its transactions end.
SELECT count(*) FROM nself_journal_put(pg_temp.files(
    '20240101000000_lone/migration.sql', 'CREATE INDEX CONCURRENTLY i ON a (x);',
    '20240102000000_two/migration.sql', 'ALTER TYPE mood ADD VALUE ''glad''; CREATE TABLE a ();',
    '20240103000000_parts/migration.sql', E'BEGIN;\nCREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();',
    '20240104000000_around/migration.sql', E'BEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE c ();\nCOMMIT;'));
:marks;
-- Two migrations of one number, where the tool goes by whole names; the one that is applied by the number keeps it.
\set b '20240101000000_b/migration.sql'
\set b_sql 'BEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE b ();\nCOMMIT;'
SELECT version, name, state FROM nself_journal_put(pg_temp.files(:'b', :'b_sql')) WHERE state <> 'removed';
SELECT version, status FROM nself_migrate_up();
SELECT version, name, state FROM nself_journal_put(pg_temp.files(:'b', :'b_sql', '20240101000000_a/migration.sql', 'SELECT 1'));
SELECT version, name, state FROM nself_journal_put(pg_temp.files(:'b', :'b_sql',
    '20240101000000_c/migration.sql', E'CREATE TABLE c ();\nCOMMIT;', '20240101000000_d/migration.sql', E'BEGIN;\nCREATE TABLE d ();'));
SELECT version, status FROM nself_migrate_up();
SELECT version, name, state FROM nself_migrate_status();
SELECT kind, object_type, identity FROM nself_drift();
DROP EXTENSION nself_heal CASCADE;
DROP TABLE b, c, d;
CREATE EXTENSION nself_heal;

-- nself_migrate_up() runs in the transaction of its caller, and says so before anything has run.
SELECT version, state, note FROM nself_journal_put(pg_temp.files(
    '1_first.sql', 'CREATE TABLE first ();',
    '2_marked.sql', E'-- nself:no-transaction\nCREATE TABLE second ();\nCREATE INDEX CONCURRENTLY i ON first ((1));',
    '2_marked.down.sql', E'-- nself:no-transaction\nDROP INDEX CONCURRENTLY i;'));
SELECT version, name, status, sql FROM nself_migrate_up(dry_run => true) \g (format=unaligned)
SELECT * FROM nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
SELECT version, status FROM nself_migrate_up(target => '1');
SELECT * FROM nself_migrate_up(max_count => 1);
-- What cannot be run statement by statement either.
CREATE PROCEDURE pg_temp.try(sql text) LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; hint text;
BEGIN
    PERFORM nself_journal_put(pg_temp.files('1_first.sql', 'CREATE TABLE first ();', '2_marked.sql', E'-- nself:no-transaction\n' || sql));
    PERFORM nself_migrate_up(dry_run => true);
    RAISE INFO 'it is planned';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RAISE INFO '% %', state, message USING HINT = hint;
END $$;
CALL pg_temp.try(E'BEGIN;\nCREATE TABLE a ();\nCOMMIT;');
CALL pg_temp.try(E'CREATE TABLE a ();\nSAVEPOINT s;');
CALL pg_temp.try(E'CREATE TABLE a ();\nCREATE INDEX CONCURRENTLY ON a ((1));');
CALL pg_temp.try('CREATE DATABASE d;');
CALL pg_temp.try('DROP TABLESPACE t;');
CALL pg_temp.try('ALTER SYSTEM SET work_mem = 1;');
CALL pg_temp.try($$CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p;$$);
CALL pg_temp.try('DISCARD ALL;');
CALL pg_temp.try('COPY first FROM STDIN;');
CALL pg_temp.try(E'\nCREATE TABLE a (;');
CALL pg_temp.try('CREATE INDEX CONCURRENTLY i ON first ((1)); DROP INDEX CONCURRENTLY i; REINDEX TABLE CONCURRENTLY first; REINDEX SCHEMA public; VACUUM first; CLUSTER; ALTER TABLE first DETACH PARTITION p CONCURRENTLY');


-- One row of the ledger is written after each statement; the last one says that all of it has run.
CREATE PROCEDURE pg_temp.ran(what text, done int, begun text DEFAULT NULL) LANGUAGE sql AS $$
    INSERT INTO nself.ledger (version, name, path, direction, sql, breakpoints, checksum, logged_in_as, applied_by,
                              settings, duration_ms, in_transaction, statements_done, statement_begun)
    SELECT version, name, path, 'up', up_sql, breakpoints, checksum, session_user, current_user,
           jsonb_build_object('search_path', current_setting('search_path')), 1, false, done, begun
      FROM nself.journal WHERE version = what
$$;
-- E24: an enum value is committed before its first use. So it is in the replay. Its shadow is kept, but one that holds a
-- part of a migration is no beginning for one that is to hold more of it.
SET nself.shadow_keep_from = 0;
SELECT version, state FROM nself_journal_put(pg_temp.files(
    '1_first.sql', 'CREATE TABLE first ();',
    '2_mood.sql', $$CREATE TYPE mood AS ENUM ('sad');$$,
    '3_use.sql', $$
-- nself:no-transaction
ALTER TYPE mood ADD VALUE 'glad';
CREATE TABLE person (id int, mood mood DEFAULT 'glad');
SET search_path = app, public;
CREATE SCHEMA app;
CREATE TABLE late (id int);
CREATE INDEX CONCURRENTLY person_id ON person (id);
CREATE INDEX CONCURRENTLY gone ON person (mood);
DROP INDEX CONCURRENTLY gone;
VACUUM person;
REINDEX TABLE CONCURRENTLY person;
REINDEX SCHEMA public;
CLUSTER;
CREATE TABLE part (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
ALTER TABLE part_2 ADD CHECK (id >= 10 AND id < 20);
ALTER TABLE part DETACH PARTITION part_1 CONCURRENTLY;
ALTER TABLE part DETACH PARTITION part_2 CONCURRENTLY;
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE kinds_a PARTITION OF kinds FOR VALUES IN ('a', NULL);
ALTER TABLE kinds DETACH PARTITION kinds_a CONCURRENTLY;
CLUSTER person USING person_id;$$));
SELECT version, status FROM nself_migrate_up(target => '2');
-- Before the first statement has ended, nothing of it counts.
CALL pg_temp.ran('3', 0, '');
SELECT version, state, note FROM nself_migrate_status();
SELECT kind, object_type, identity FROM nself_drift();
-- After the second one.
ALTER TYPE mood ADD VALUE 'glad';
CREATE TABLE person (id int, mood mood DEFAULT 'glad');
SELECT kind, object_type, identity FROM nself_drift();
CALL pg_temp.ran('3', 1);
CALL pg_temp.ran('3', 2);
SELECT version, state, note FROM nself_migrate_status();
SELECT version, status FROM nself_migrate_verify();
SELECT kind, object_type, identity FROM nself_drift();
SELECT kind, object_type, identity FROM nself_drift('journal');
-- It is not applied, and cannot go on here.
SELECT version, status FROM nself_migrate_up(dry_run => true);
SELECT * FROM nself_migrate_up();
-- All of it. The settings of a statement hold for those after it.
SET search_path = app, public;
CREATE SCHEMA app;
CREATE TABLE late (id int);
CREATE INDEX CONCURRENTLY person_id ON person (id);
CREATE TABLE part (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
ALTER TABLE part_2 ADD CHECK (id >= 10 AND id < 20);
ALTER TABLE part DETACH PARTITION part_1 CONCURRENTLY;
ALTER TABLE part DETACH PARTITION part_2 CONCURRENTLY;
CREATE TABLE kinds (kind text) PARTITION BY LIST (kind);
CREATE TABLE kinds_a PARTITION OF kinds FOR VALUES IN ('a', NULL);
ALTER TABLE kinds DETACH PARTITION kinds_a CONCURRENTLY;
CLUSTER person USING person_id;
RESET search_path;
CALL pg_temp.ran('3', 8, 'app.gone');
SELECT version, state, note FROM nself_migrate_status() WHERE version = '3';
CALL pg_temp.ran('3', NULL);
SELECT version, state, note FROM nself_migrate_status();
SELECT version, status FROM nself_migrate_verify();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT kind, object_type, identity, expected, actual FROM nself_drift('journal');
SELECT * FROM nself_migrate_up();

-- What has run stays as it was in the file; what has not may change, as the cause of a failure may lie there.
SELECT version, state FROM nself_journal_put(pg_temp.files('1_first.sql', 'CREATE TABLE first ();',
    '2_mood.sql', $$CREATE TYPE mood AS ENUM ('sad');$$,
    '3_use.sql', (SELECT up_sql FROM nself.journal WHERE version = '3'),
    '4_more.sql', E'-- nself:no-transaction\nCREATE TABLE more ();\nCREATE TABLE first ();')) WHERE state = 'added';
CREATE TABLE more ();
CALL pg_temp.ran('4', 1);
CREATE PROCEDURE pg_temp.edit(sql text) LANGUAGE sql AS $$
    SELECT nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal
        WHERE version < '4') || pg_temp.files('4_more.sql', sql))
$$;
CALL pg_temp.edit(E'-- nself:no-transaction\nCREATE TABLE more (); -- As before.\nCREATE TABLE other ();\nCREATE TABLE last ();');
SELECT version, state, note FROM nself_migrate_status() WHERE version = '4';
SELECT version, status FROM nself_migrate_up(dry_run => true);
SELECT kind, object_type, identity FROM nself_drift();
SELECT kind, object_type, identity FROM nself_drift('journal');
CALL pg_temp.edit(E'-- nself:no-transaction\nCREATE TABLE more (a int);\nCREATE TABLE other ();');
SELECT version, state, note FROM nself_migrate_status() WHERE version = '4';
SELECT version, status FROM nself_migrate_verify() WHERE version = '4';
SELECT * FROM nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
SELECT kind, object_type, identity FROM nself_drift('journal');
-- Nor may the mark go, or a statement that has run.
CALL pg_temp.edit(E'CREATE TABLE more ();\nCREATE TABLE other ();');
SELECT * FROM nself_migrate_up(dry_run => true);
CALL pg_temp.edit(E'-- nself:no-transaction\n');
SELECT * FROM nself_migrate_up(dry_run => true);
-- A file that cannot be read is told as such.
CALL pg_temp.edit(E'-- nself:no-transaction\nCREATE TABLE more ();\nCREATE TABLE (;');
SELECT version, state, note FROM nself_migrate_status() WHERE version = '4';
SELECT * FROM nself_migrate_up(dry_run => true);
SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal WHERE version < '4'));
SELECT version, state, note FROM nself_migrate_status() WHERE version = '4';

-- A down part runs in the transaction of its caller, if it can; what has run in part can be undone, too.
SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || pg_temp.files('4_more.sql', E'-- nself:no-transaction\nCREATE TABLE more ();\nCREATE TABLE other ();',
             '4_more.down.sql', E'-- nself:no-transaction\nDROP TABLE IF EXISTS other;\nDROP INDEX CONCURRENTLY IF EXISTS no_index;'));
SELECT * FROM nself_migrate_down();
SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal WHERE version < '4')
    || pg_temp.files('4_more.sql', E'-- nself:no-transaction\nCREATE TABLE more ();\nCREATE TABLE other ();',
             '4_more.down.sql', E'-- nself:no-transaction\nDROP TABLE IF EXISTS other;\nDROP TABLE more;'));
SELECT version, status FROM nself_migrate_down();
SELECT version, state, note FROM nself_migrate_status() WHERE version = '4';
SELECT direction, in_transaction, statements_done FROM nself.ledger WHERE version = '4' ORDER BY id;
SELECT kind, object_type, identity FROM nself_drift();
