-- Joining a database that another tool has migrated: its list is found, read and believed.
SET client_min_messages = warning;
CREATE EXTENSION nself_heal;
CREATE PROCEDURE put(VARIADIC files text[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', files[2 * n - 1], 'content', files[2 * n]))
                                               FROM generate_series(1, array_length(files, 1) / 2) n));
END $$;
CALL put('0001_people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text);',
         '0002_mail.sql', 'ALTER TABLE people ADD COLUMN mail text; CREATE INDEX people_mail ON people (mail);',
         '0003_teams.sql', 'CREATE TABLE teams (id int PRIMARY KEY, boss int REFERENCES people, platform int REFERENCES platform.users);');
SELECT * FROM nself_adopt();
SELECT * FROM nself_adopt('drizle');
-- The platform's, and what the tool did: all but the last. Somebody has dropped an index since, and added a table by hand.
CREATE SCHEMA platform;
CREATE TABLE platform.users (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY, name text, mail text);
CREATE TABLE by_hand (a int);

-- Drizzle knows hashes. One is of a file that was changed, one of none.
CREATE SCHEMA drizzle;
CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
INSERT INTO drizzle.__drizzle_migrations (hash, created_at)
SELECT checksum, 1700000000000 + seq FROM nself.journal WHERE version IN ('0001', '0002') ORDER BY seq;
SELECT version, name, state, source, applied_at IS NULL AS no_time, note FROM nself_adopt();
-- Instead of "already exists".
SELECT nself_migrate_up();
SELECT nself_drift();
-- Who may only look sees it, and writes nothing.
SELECT count(*) FROM nself.ledger;
SELECT version, state FROM nself_adopt(confirm => true);
SELECT version, state FROM nself_adopt(confirm => true);
SELECT version, state, note FROM nself_migrate_status();
SELECT direction, version, name, adopted, logged_in_as = session_user AS by_me FROM nself.ledger ORDER BY id;
SELECT object_type, identity FROM nself_ground();
-- The truth about the past.
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
-- A tenant begins from nothing, whatever the list says.
BEGIN;
SELECT version, status FROM nself_migrate_up(target => '0002', tenant => 'regress_tenant');
ROLLBACK;
-- And it goes on.
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();

-- A baseline: what is here is what they gave.
SELECT * FROM nself_baseline('0002');
SELECT * FROM nself_baseline('0004');
SELECT * FROM nself_baseline();
SELECT * FROM nself_baseline('3');
SELECT * FROM nself_baseline('0003', confirm => true);
SELECT kind, object_type, identity FROM nself_drift();
SELECT direction, version, name, adopted FROM nself.ledger ORDER BY id DESC LIMIT 1;
-- It is expected from now on, and what comes after it is replayed on it.
DROP TABLE by_hand;
CALL put('0001_people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text);',
         '0002_mail.sql', 'ALTER TABLE people ADD COLUMN mail text; CREATE INDEX people_mail ON people (mail);',
         '0003_teams.up.sql', 'CREATE TABLE teams (id int PRIMARY KEY, boss int REFERENCES people, platform int REFERENCES platform.users);',
         '0003_teams.down.sql', 'DROP TABLE teams',
         '0004_more.sql', 'ALTER TABLE people ADD COLUMN age int');
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
-- A down part of what it covers is replayed, too.
SELECT nself_migrate_down();
CALL put('0001_people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text);',
         '0002_mail.sql', 'ALTER TABLE people ADD COLUMN mail text; CREATE INDEX people_mail ON people (mail);',
         '0003_teams.up.sql', 'CREATE TABLE teams (id int PRIMARY KEY, boss int REFERENCES people, platform int REFERENCES platform.users);',
         '0003_teams.down.sql', 'DROP TABLE teams',
         '0004_more.up.sql', 'ALTER TABLE people ADD COLUMN age int',
         '0004_more.down.sql', 'ALTER TABLE people DROP COLUMN age');
SELECT version, status FROM nself_migrate_down(steps => 2);
SELECT kind, object_type, identity FROM nself_drift();
CREATE TABLE teams (a int);
SELECT kind, object_type, identity FROM nself_drift();
DROP TABLE teams;
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();

-- What no replay can repeat: it needs rows. A baseline is the way out.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
CALL put('0001_people.sql', 'CREATE TABLE people (id int PRIMARY KEY, name text);',
         '0002_mail.sql', 'ALTER TABLE people ADD COLUMN mail text; CREATE INDEX people_mail ON people (mail);',
         '0003_teams.up.sql', 'CREATE TABLE teams (id int PRIMARY KEY, boss int REFERENCES people, platform int REFERENCES platform.users);',
         '0003_teams.down.sql', 'DROP TABLE teams',
         '0004_more.up.sql', 'ALTER TABLE people ADD COLUMN age int',
         '0004_more.down.sql', 'ALTER TABLE people DROP COLUMN age',
         '0005_rows.sql', 'DO $$ BEGIN IF NOT EXISTS (SELECT FROM people) THEN RAISE ''nobody is there''; END IF; END $$; CREATE TABLE later (a int)');
INSERT INTO people VALUES (1, 'x');
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
ALTER EVENT TRIGGER nself_note_ddl ENABLE;
SELECT nself_drift();
SELECT kind, identity, actual FROM nself_baseline('0005', confirm => true);
SELECT kind, object_type, identity FROM nself_drift();

-- A dump of pg_dump as the first migration: two lines are for psql alone.
DROP EXTENSION nself_heal CASCADE;
CREATE EXTENSION nself_heal;
CALL put('0001_dump.sql', E'--\n\\restrict aB1\nSET check_function_bodies = false;\nSELECT pg_catalog.set_config(''search_path'', '''', false);\n'
                          'CREATE TABLE public.dumped (a integer);\n\\unrestrict aB1\n');
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
CALL put('0001_dump.sql', E'--\n\\restrict xY2\nSET check_function_bodies = false;\nSELECT pg_catalog.set_config(''search_path'', '''', false);\n'
                          'CREATE TABLE public.dumped (a integer);\n\\unrestrict xY2\n');
SELECT version, state FROM nself_migrate_status();
CALL put('0001_dump.sql', E'\\restrict aB1; DROP TABLE public.dumped\n');

-- Other tools' lists. Each has the same two migrations, of which the first is applied.
DROP SCHEMA drizzle CASCADE;
CREATE PROCEDURE anew() LANGUAGE plpgsql AS $$
BEGIN
    DROP EXTENSION nself_heal CASCADE;
    CREATE EXTENSION nself_heal;
    CALL put('20240101000000_one/migration.sql', 'CREATE TABLE one (a int)', '20240102000000_two/migration.sql', 'CREATE TABLE two (a int)');
END $$;
CALL anew();
CREATE TABLE _prisma_migrations (id text, checksum text, finished_at timestamptz, migration_name text, logs text,
                                 rolled_back_at timestamptz, started_at timestamptz, applied_steps_count int);
INSERT INTO _prisma_migrations SELECT '1', checksum, '2024-01-01 00:00+00', '20240101000000_one', NULL, NULL, '2024-01-01 00:00+00', 1
  FROM nself.journal WHERE name LIKE '%one';
INSERT INTO _prisma_migrations VALUES ('2', 'x', NULL, '20240102000000_two', 'it broke', NULL, '2024-01-02 00:00+00', 0),
                                      ('3', 'x', '2024-01-03 00:00+00', '20240103000000_three', NULL, NULL, '2024-01-03 00:00+00', 1);
SET timezone = 'UTC';
SELECT * FROM nself_adopt();
DROP TABLE _prisma_migrations;
CREATE TABLE _sqlx_migrations (version bigint, description text, installed_on timestamptz, success boolean, checksum bytea, execution_time bigint);
INSERT INTO _sqlx_migrations SELECT 20240101000000, 'one', '2024-01-01 00:00+00', true, sha384(convert_to(up_sql, 'UTF8')), 1
  FROM nself.journal WHERE name LIKE '%one';
SELECT * FROM nself_adopt();
UPDATE _sqlx_migrations SET checksum = '\x00';
SELECT version, state, note FROM nself_adopt();
-- Another one beside it.
CREATE TABLE schema_migrations (version bigint, dirty boolean);
INSERT INTO schema_migrations VALUES (20240102000000, true);
SELECT * FROM nself_adopt();
SELECT version, state, source, note FROM nself_adopt('golang-migrate');
SELECT version, state, source, note FROM nself_adopt('public._sqlx_migrations');
SELECT * FROM nself_adopt('public.nothing');
SELECT * FROM nself_adopt('goose');
DROP TABLE _sqlx_migrations;
ALTER TABLE schema_migrations DROP COLUMN dirty;
SELECT version, state, source, note FROM nself_adopt();
DROP TABLE schema_migrations;
CREATE SCHEMA hdb_catalog;
CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid, version text, upgraded_on timestamptz, cli_state jsonb);
INSERT INTO hdb_catalog.hdb_version VALUES (NULL, '48', now(), '{}');
SELECT * FROM nself_adopt();
UPDATE hdb_catalog.hdb_version SET cli_state = '{"migrations": {"default": {"20240101000000": false}}}';
CREATE TABLE hdb_catalog.schema_migrations (version bigint, dirty boolean);
INSERT INTO hdb_catalog.schema_migrations VALUES (20240102000000, false);
SELECT version, state, source, note FROM nself_adopt();
DROP SCHEMA hdb_catalog CASCADE;
CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied boolean, tstamp timestamp);
INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (0, true, now()), (20240101000000, true, '2024-01-01'),
    (20240102000000, true, '2024-01-02'), (20240102000000, false, '2024-01-03');
SELECT * FROM nself_adopt();
DROP TABLE goose_db_version;
-- A list that its owner has made of code of hers runs nothing of it.
CREATE ROLE regress_adopt_mallory;
CREATE SCHEMA mallory AUTHORIZATION regress_adopt_mallory;
SET ROLE regress_adopt_mallory;
CREATE TABLE mallory.ran (by name);
CREATE TYPE mallory.version AS (a int);
CREATE FUNCTION mallory.text_of(mallory.version) RETURNS text LANGUAGE plpgsql AS
    'BEGIN INSERT INTO mallory.ran VALUES (current_user); RETURN ''20240101000000''; END';
CREATE CAST (mallory.version AS text) WITH FUNCTION mallory.text_of(mallory.version);
CREATE TABLE mallory.schema_migrations (version mallory.version);
INSERT INTO mallory.schema_migrations VALUES (ROW(1));
RESET ROLE;
SELECT * FROM nself_adopt();
-- Nor does it keep anybody from migrating.
SELECT version, status FROM nself_migrate_up();
SELECT * FROM mallory.ran;
-- The control: read otherwise, it runs.
SELECT version::text FROM mallory.schema_migrations;
SELECT * FROM mallory.ran;
DROP OWNED BY regress_adopt_mallory CASCADE;
DROP ROLE regress_adopt_mallory;
