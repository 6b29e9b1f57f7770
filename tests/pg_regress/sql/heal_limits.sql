-- What the server itself cannot do is blocked from the start, with its reason; rows in the way are counted before.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_m.sql', 'content', $m$
    CREATE DOMAIN d AS text CONSTRAINT ok CHECK (VALUE ~ '^x');
    CREATE DOMAIN plain AS text CONSTRAINT ok CHECK (VALUE ~ '^x');
    CREATE DOMAIN inner_one AS text CONSTRAINT ok CHECK (VALUE ~ '^x');
    CREATE TYPE pair AS (a inner_one, b int);
    CREATE TABLE t (id int PRIMARY KEY, a d[], p plain, c pair);
    CREATE TABLE wide (id int, late timestamptz DEFAULT clock_timestamp(), easy int DEFAULT 1);
    CREATE TABLE copies (w wide);
    CREATE TABLE many (id int, x int);
    CREATE TABLE p (k int) PARTITION BY LIST (k);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    CREATE TABLE pd PARTITION OF p DEFAULT;
$m$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO t VALUES (1, '{x}', 'x', ('x', 1));
-- A check of a domain whose values are within others.
ALTER DOMAIN d DROP CONSTRAINT ok;
ALTER DOMAIN plain DROP CONSTRAINT ok;
ALTER DOMAIN inner_one DROP CONSTRAINT ok;
SELECT identity, safety, reason, remedy FROM nself_drift();
SELECT identity, status FROM nself_heal(true);
SELECT remedy FROM nself_drift() \gexec
SELECT identity, safety, reason, remedy FROM nself_drift();
BEGIN;
DO $$ BEGIN ALTER DOMAIN d VALIDATE CONSTRAINT ok; EXCEPTION WHEN feature_not_supported THEN RAISE NOTICE '%', SQLERRM; END $$;
ROLLBACK;
-- A table whose rows are in another one.
ALTER TABLE wide DROP COLUMN late, DROP COLUMN easy;
SELECT identity, safety, reason FROM nself_drift() WHERE identity LIKE '%wide%';
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE '%wide%';
-- A table that has had as many columns as one can have.
ALTER TABLE many DROP COLUMN x;
DO $$
BEGIN
    FOR i IN 1..1598 LOOP
        EXECUTE 'ALTER TABLE many ADD COLUMN y int';
        EXECUTE 'ALTER TABLE many DROP COLUMN y';
    END LOOP;
END $$;
SELECT identity, safety, reason FROM nself_drift() WHERE identity LIKE '%many%';
SELECT identity, status FROM nself_heal() WHERE identity LIKE '%many%';
-- Rows of the default partition that belong to the one that is lost.
DROP TABLE p1;
INSERT INTO p VALUES (1), (1), (2);
SELECT identity, safety, reason FROM nself_drift() WHERE identity LIKE '%p1';
SELECT identity, status, detail FROM nself_heal() WHERE identity LIKE '%p1';
SELECT identity, status, detail FROM nself_heal(true) WHERE identity LIKE '%p1';
DELETE FROM pd WHERE k = 1;
SELECT identity, status, detail FROM nself_heal(true) WHERE identity LIKE '%p1';
-- Rows that exclude each other.
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_m.sql', 'content', (SELECT up_sql FROM nself.journal WHERE version = '1')),
    jsonb_build_object('path', '2_m.sql', 'content', $m$
    CREATE TABLE room (id int, during int4range, gone boolean DEFAULT false,
                       CONSTRAINT once EXCLUDE USING gist (during WITH &&) WHERE (NOT gone));
$m$))) WHERE version = '2';
SELECT version, status FROM nself_migrate_up();
ALTER TABLE room DROP CONSTRAINT once;
INSERT INTO room VALUES (1, '[1,3)', false), (1, '[2,4)', false), (1, '[3,5)', false), (2, '[9,10)', false), (3, '[1,9)', true);
SELECT identity, safety, reason FROM nself_drift() WHERE identity LIKE 'once%';
SELECT identity, status FROM nself_heal() WHERE identity LIKE 'once%';
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE 'once%';
SELECT split_part(reason, 'Find them: ', 2) AS find FROM nself_drift() WHERE identity LIKE 'once%' \gexec
DELETE FROM room WHERE during = '[2,4)';
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE 'once%';
