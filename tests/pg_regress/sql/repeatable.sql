-- Flyway's R__name.sql runs again, after the others, whenever its file has changed; U1__name.sql undoes V1__name.sql.
SET client_min_messages = warning;
CREATE EXTENSION nself_heal;
CREATE FUNCTION files(VARIADIC files text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', files[2 * n - 1], 'content', files[2 * n])) FROM generate_series(1, array_length(files, 1) / 2) n $$;
INSERT INTO nself.allowed_drift (pattern, reason) VALUES ('public.files*', 'of this test');
SELECT version, name, state FROM nself_journal_put(files(
    'V1__people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text)',
    'U1__people.sql', 'DROP VIEW names; DROP TABLE people',
    'R__views.sql', 'CREATE OR REPLACE VIEW names AS SELECT name FROM people',
    'R__.sql', 'SELECT 1'));
SELECT version, status FROM nself_migrate_up();
SELECT kind, identity FROM nself_drift();
-- What it makes is expected, and healed.
DROP VIEW names;
SELECT identity, status FROM nself_heal(true);
-- The others first, then it, if it has changed.
SELECT version, state FROM nself_journal_put(files(
    'V1__people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text)',
    'V2__mail.sql', 'ALTER TABLE people ADD COLUMN mail text',
    'R__views.sql', 'CREATE OR REPLACE VIEW names AS SELECT name FROM people'));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) FROM nself_journal_put(files(
    'V1__people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text)',
    'V2__mail.sql', 'ALTER TABLE people ADD COLUMN mail text',
    'V3__age.sql', 'ALTER TABLE people ADD COLUMN age int',
    'U3__age.sql', 'DROP VIEW ages; ALTER TABLE people DROP COLUMN age',
    'R__views.sql', 'CREATE OR REPLACE VIEW ages AS SELECT age FROM people'));
SELECT version, state, note FROM nself_migrate_status();
SELECT version, status FROM nself_migrate_up();
SELECT version, state, note FROM nself_migrate_status();
SELECT version, status FROM nself_migrate_verify();
-- Of each run what it made is there.
SELECT kind, identity FROM nself_drift();
DROP VIEW names, ages;
SELECT identity, status FROM nself_heal(true);
SELECT nself_migrate_up();
-- A down goes past it.
SELECT version, status FROM nself_migrate_down();
SELECT version, state FROM nself_migrate_status();
SELECT kind, identity FROM nself_drift();
-- Flyway's list knows it by its file.
DROP EXTENSION nself_heal CASCADE;
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put(files('V1__people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text)',
    'R__all_views.sql', 'CREATE OR REPLACE VIEW names AS SELECT name FROM people'));
CREATE TABLE flyway_schema_history (installed_rank int NOT NULL PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL);
INSERT INTO flyway_schema_history VALUES (1, '1', 'people', 'SQL', 'V1__people.sql', 0, 'me', now(), 1, true), (2, NULL, 'all views', 'SQL', 'R__all_views.sql', 0, 'me', now(), 1, true);
SELECT version, state FROM nself_adopt(confirm => true);
SELECT count(*) FROM nself_journal_put(files('V1__people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text)',
    'R__all_views.sql', 'CREATE OR REPLACE VIEW all_names AS SELECT name FROM people'));
SET nself.mirror_tracker = on;
SELECT version, status FROM nself_migrate_up();
SELECT installed_rank, version, description, type, script, checksum FROM flyway_schema_history;
SELECT version, state FROM nself_migrate_status();
