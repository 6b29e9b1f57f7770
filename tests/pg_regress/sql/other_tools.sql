-- After adoption the other tool may go on: what it does is seen, and what is done here is written into its list, too.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE EXTENSION nself_heal;
CREATE PROCEDURE put(VARIADIC files text[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', files[2 * n - 1], 'content', files[2 * n]))
                                               FROM generate_series(1, array_length(files, 1) / 2) n));
END $$;
CREATE PROCEDURE anew() LANGUAGE plpgsql AS $$
BEGIN
    DROP EXTENSION nself_heal CASCADE;
    DROP TABLE IF EXISTS one, two, three;
    CREATE EXTENSION nself_heal;
END $$;

-- Drizzle 0.x goes on: it adds a column and takes one away.
CALL put('meta/_journal.json', '{"dialect": "postgresql", "entries": [
             {"idx": 0, "tag": "0000_one", "when": 1000}, {"idx": 1, "tag": "0001_two", "when": 2000}, {"idx": 2, "tag": "0002_three", "when": 3000}]}',
         '0000_one.sql', 'CREATE TABLE one (a int, b int)',
         '0001_two.sql', 'ALTER TABLE one DROP COLUMN b, ADD COLUMN c text',
         '0002_three.sql', 'CREATE TABLE three (a int)');
CREATE SCHEMA drizzle;
CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
CREATE TABLE one (a int, b int);
INSERT INTO drizzle.__drizzle_migrations (hash, created_at) SELECT checksum, 1000 FROM nself.journal WHERE version = '0000';
SELECT version, state, note FROM nself_migrate_status();
SELECT version, state FROM nself_adopt(confirm => true);
SELECT version, state, note FROM nself_migrate_status();
SELECT relation, tool, unknown, adopted_by = session_user AS by_me FROM nself.adopted_list;
ALTER TABLE one DROP COLUMN b, ADD COLUMN c text;
INSERT INTO drizzle.__drizzle_migrations (hash, created_at) SELECT checksum, 2000 FROM nself.journal WHERE version = '0001';
SELECT version, state, note FROM nself_migrate_status();
SELECT kind, identity, safety FROM nself_drift() WHERE object_type NOT IN ('function', 'procedure');
SELECT * FROM nself_drift_not_compared() WHERE object_type = 'migration';
-- A heal would put back what it took away.
SELECT identity, status FROM nself_heal() WHERE object_type NOT IN ('function', 'procedure');
SELECT identity, status FROM nself_heal(true) WHERE object_type NOT IN ('function', 'procedure');
SELECT nself_migrate_up();
SELECT version, state FROM nself_adopt(confirm => true);
SELECT kind, identity, safety FROM nself_drift() WHERE object_type NOT IN ('function', 'procedure');
SELECT identity, status FROM nself_heal(true) WHERE object_type NOT IN ('function', 'procedure');
-- What the journal does not have is told until it is adopted as such.
INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('abc', 2500);
SELECT version, state, note FROM nself_migrate_status();
SELECT identity, status FROM nself_heal(true) WHERE object_type NOT IN ('function', 'procedure');
SELECT version, name, state FROM nself_adopt(confirm => true);
SELECT identity, status FROM nself_heal(true) WHERE object_type NOT IN ('function', 'procedure');
-- So is what it has taken back.
DELETE FROM drizzle.__drizzle_migrations WHERE created_at = 2000;
SELECT version, state, note FROM nself_migrate_status();
SELECT nself_migrate_up();
SELECT identity, status FROM nself_heal(true) WHERE object_type NOT IN ('function', 'procedure');
ALTER TABLE one DROP COLUMN c, ADD COLUMN b int;
SELECT version, state, note FROM nself_adopt(confirm => true);
SELECT kind, identity, safety FROM nself_drift() WHERE object_type NOT IN ('function', 'procedure');
SELECT version, direction, adopted FROM nself.ledger WHERE direction IN ('up', 'down') ORDER BY id;
-- An empty list, or none, says nothing.
BEGIN;
DELETE FROM drizzle.__drizzle_migrations;
SELECT version, state FROM nself_migrate_status();
DROP TABLE drizzle.__drizzle_migrations;
SELECT identity, status FROM nself_heal(true) WHERE object_type NOT IN ('function', 'procedure');
ROLLBACK;
-- Who may look, and may not read the list, sees it all the same.
CREATE ROLE regress_other_tools;
SELECT count(*) FROM nself_grant_access('regress_other_tools', 'look');
SET ROLE regress_other_tools;
SELECT version, state FROM nself_migrate_status();
RESET ROLE;

-- What is applied here is written into its list, as it would.
SET nself.mirror_tracker = on;
DELETE FROM drizzle.__drizzle_migrations WHERE hash = 'abc';
SELECT version, status FROM nself_migrate_up();
SELECT j.version, d.created_at FROM drizzle.__drizzle_migrations d JOIN nself.journal j ON j.checksum = d.hash ORDER BY d.id;
SELECT version, state FROM nself_migrate_status();
SELECT version, adopted, mirrored FROM nself.applied ORDER BY id;
-- Nothing is half done: what cannot be written there does not run.
CALL put('0000_one.sql', 'CREATE TABLE one (a int, b int)', '0001_two.sql', 'ALTER TABLE one DROP COLUMN b, ADD COLUMN c text',
         '0002_three.sql', 'CREATE TABLE three (a int)', '0003_four.sql', 'CREATE TABLE four (a int)');
SELECT nself_migrate_up();
SELECT nself_migrate_up(dry_run => true);
-- Code of the list's owner runs with the owner's rights alone, and only for who may write there.
CALL put('meta/_journal.json', '{"dialect": "postgresql", "entries": [
             {"idx": 0, "tag": "0000_one", "when": 1000}, {"idx": 1, "tag": "0001_two", "when": 2000}, {"idx": 2, "tag": "0002_three", "when": 3000},
             {"idx": 3, "tag": "0003_four", "when": 4000}]}',
         '0000_one.sql', 'CREATE TABLE one (a int, b int)', '0001_two.sql', 'ALTER TABLE one DROP COLUMN b, ADD COLUMN c text',
         '0002_three.sql', 'CREATE TABLE three (a int)', '0003_four.sql', 'CREATE TABLE four (a int)');
CREATE TABLE ran (by name);
GRANT INSERT, SELECT ON ran TO regress_other_tools;
GRANT USAGE ON SCHEMA drizzle TO regress_other_tools;
CREATE FUNCTION drizzle.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ran VALUES (current_user); RETURN NEW; END';
CREATE TRIGGER note BEFORE INSERT ON drizzle.__drizzle_migrations FOR EACH ROW EXECUTE FUNCTION drizzle.note();
ALTER FUNCTION drizzle.note() OWNER TO regress_other_tools;
ALTER TABLE drizzle.__drizzle_migrations OWNER TO regress_other_tools;
ALTER SEQUENCE drizzle.__drizzle_migrations_id_seq OWNER TO regress_other_tools;
SELECT version, status FROM nself_migrate_up();
SELECT * FROM ran;
CREATE ROLE regress_other_tools_writer;
SELECT count(*) FROM nself_grant_access('regress_other_tools_writer', 'migrate');
CALL put('meta/_journal.json', '{"dialect": "postgresql", "entries": [
             {"idx": 0, "tag": "0000_one", "when": 1000}, {"idx": 1, "tag": "0001_two", "when": 2000}, {"idx": 2, "tag": "0002_three", "when": 3000},
             {"idx": 3, "tag": "0003_four", "when": 4000}, {"idx": 4, "tag": "0004_none", "when": 5000}]}',
         '0000_one.sql', 'CREATE TABLE one (a int, b int)', '0001_two.sql', 'ALTER TABLE one DROP COLUMN b, ADD COLUMN c text',
         '0002_three.sql', 'CREATE TABLE three (a int)', '0003_four.sql', 'CREATE TABLE four (a int)', '0004_none.sql', 'SELECT 1');
SET ROLE regress_other_tools_writer;
SELECT nself_migrate_up();
RESET ROLE;
SET nself.mirror_tracker = off;
DROP SCHEMA drizzle CASCADE;
DROP TABLE ran, four;
DROP OWNED BY regress_other_tools, regress_other_tools_writer;
DROP ROLE regress_other_tools, regress_other_tools_writer;

-- All tools whose lists can be written. The list, as the tool makes it and has filled it after one migration, is adopted; a second
-- one is applied here and undone, and the list is shown after each.
CREATE PROCEDURE both_ways(list text, making text, first text, VARIADIC files text[]) LANGUAGE plpgsql AS $$
DECLARE said text; version text;
BEGIN
    CALL anew();
    DROP SCHEMA IF EXISTS lists CASCADE;
    CREATE SCHEMA lists;
    CALL put(VARIADIC files);
    EXECUTE making;
    SELECT j.version INTO version FROM nself.journal j ORDER BY seq LIMIT 1;
    EXECUTE first USING version;
    CREATE TABLE one (a int);
    SELECT string_agg(concat_ws(' ', a.version, a.state, 'by ' || a.source, a.note), ', ') INTO said FROM nself_adopt(confirm => true) a;
    RAISE WARNING 'adopt: %', said;
    SET LOCAL nself.mirror_tracker = on;
    SELECT string_agg(concat_ws(' ', u.version, u.status), ', ') INTO said FROM nself_migrate_up() u;
    EXECUTE format('SELECT %L || string_agg(%s, ''; '') FROM %s l', 'up ' || coalesce(said, 'nothing') || ': ',
                   'regexp_replace(l::text, ''20[0-9-]{8} [0-9:.]+(\+00)?|202[0-9]-[0-9T:.-]+Z|[0-9a-f]{8}-[0-9a-f-]{27}'', ''~'', ''g'')', list) INTO said;
    RAISE WARNING '%', said;
    SELECT string_agg(concat_ws(' ', s.version, s.state), ', ') INTO said FROM nself_migrate_status() s;
    RAISE WARNING 'status: %', said;
    SELECT string_agg(concat_ws(' ', u.version, u.status), ', ') INTO said FROM nself_migrate_down() u;
    EXECUTE format('SELECT %L || coalesce(string_agg(%s, ''; ''), ''empty'') FROM %s l', 'down ' || said || ': ',
                   'regexp_replace(l::text, ''20[0-9-]{8} [0-9:.]+(\+00)?|202[0-9]-[0-9T:.-]+Z|[0-9a-f]{8}-[0-9a-f-]{27}'', ''~'', ''g'')', list) INTO said;
    RAISE WARNING '%', said;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING '%: %', sqlstate, sqlerrm;
END $$;
CREATE FUNCTION pairs() RETURNS text[] LANGUAGE sql AS $$
    SELECT ARRAY['20240101000000_one.up.sql', 'CREATE TABLE one (a int)', '20240101000000_one.down.sql', 'DROP TABLE one',
                 '20240102000000_add_two.up.sql', 'CREATE TABLE two (a int)', '20240102000000_add_two.down.sql', 'DROP TABLE two'] $$;
CREATE FUNCTION folders() RETURNS text[] LANGUAGE sql AS $$
    SELECT ARRAY['20240101000000_one/migration.sql', 'CREATE TABLE one (a int)', '20240101000000_one/down.sql', 'DROP TABLE one',
                 '20240102000000_add_two/migration.sql', 'CREATE TABLE two (a int)', '20240102000000_add_two/down.sql', 'DROP TABLE two'] $$;
-- drizzle 1.x
CALL both_ways('lists.__drizzle_migrations', 'CREATE TABLE lists.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint, name text, applied_at timestamptz DEFAULT now())',
    'INSERT INTO lists.__drizzle_migrations (hash, created_at, name) SELECT checksum, 1704067200000, ''20240101000000_one'' FROM nself.journal WHERE version = $1', VARIADIC folders());
-- prisma
CALL both_ways('lists._prisma_migrations', 'CREATE TABLE lists._prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)',
    'INSERT INTO lists._prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) SELECT ''1'', checksum, now(), ''20240101000000_one'', 1 FROM nself.journal WHERE version = $1', VARIADIC folders());
-- golang-migrate
CALL both_ways('lists.schema_migrations', 'CREATE TABLE lists.schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)',
    'INSERT INTO lists.schema_migrations VALUES ($1::bigint, false)', VARIADIC pairs());
-- dbmate, and Rails
CALL both_ways('lists.schema_migrations', 'CREATE TABLE lists.schema_migrations (version varchar PRIMARY KEY)', 'INSERT INTO lists.schema_migrations VALUES ($1)', VARIADIC pairs());
-- goose
CALL both_ways('lists.goose_db_version', 'CREATE TABLE lists.goose_db_version (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now())',
    'INSERT INTO lists.goose_db_version (version_id, is_applied) VALUES (0, true), ($1::bigint, true)', VARIADIC pairs());
-- sqlx
CALL both_ways('(SELECT version, description, success, checksum FROM lists._sqlx_migrations)', 'CREATE TABLE lists._sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)',
    'INSERT INTO lists._sqlx_migrations (version, description, success, checksum, execution_time) SELECT $1::bigint, ''one'', true, sha384(convert_to(up_sql, ''UTF8'')), 1 FROM nself.journal WHERE version = $1', VARIADIC pairs());
-- diesel
CALL both_ways('lists.__diesel_schema_migrations', 'CREATE TABLE lists.__diesel_schema_migrations (version varchar(50) PRIMARY KEY NOT NULL, run_on timestamp NOT NULL DEFAULT current_timestamp)',
    'INSERT INTO lists.__diesel_schema_migrations VALUES (replace($1, ''-'', ''''))', '2024-01-01-000000_one/up.sql', 'CREATE TABLE one (a int)', '2024-01-01-000000_one/down.sql', 'DROP TABLE one',
    '2024-01-02-000000_two/up.sql', 'CREATE TABLE two (a int)', '2024-01-02-000000_two/down.sql', 'DROP TABLE two');
-- flyway
CALL both_ways('(SELECT installed_rank, version, description, type, script, checksum, installed_by, success FROM lists.flyway_schema_history)', 'CREATE TABLE lists.flyway_schema_history (installed_rank int NOT NULL PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL)',
    'INSERT INTO lists.flyway_schema_history VALUES (1, $1, ''one'', ''SQL'', ''V1__one.sql'', 0, ''me'', now(), 1, true)', 'V1__one.sql', 'CREATE TABLE one (a int)', 'V2.1__add_two.sql', 'CREATE TABLE two (a int)');
-- refinery
CALL both_ways('lists.refinery_schema_history', 'CREATE TABLE lists.refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255))',
    'INSERT INTO lists.refinery_schema_history VALUES ($1::int, ''one'', '''', '''')', 'V1__one.sql', 'CREATE TABLE one (a int)', 'V2__add_two.sql', 'CREATE TABLE two (a int)');
-- node-pg-migrate
CALL both_ways('lists.pgmigrations', 'CREATE TABLE lists.pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)',
    'INSERT INTO lists.pgmigrations (name, run_on) VALUES ($1 || ''_one'', now())', '1704067200000_one.sql', E'-- Up Migration\nCREATE TABLE one (a int);\n-- Down Migration\nDROP TABLE one;',
    '1704067300000_add-two.sql', E'-- Up Migration\nCREATE TABLE two (a int);\n-- Down Migration\nDROP TABLE two;');
-- knex, which writes in JavaScript
CALL both_ways('lists.knex_migrations', 'CREATE TABLE lists.knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz)',
    'INSERT INTO lists.knex_migrations (name, batch, migration_time) VALUES ($1 || ''_one.js'', 1, now())', VARIADIC pairs());
DROP SCHEMA lists CASCADE;
-- graphile-migrate
CREATE SCHEMA graphile_migrate;
CALL both_ways('graphile_migrate.migrations', 'CREATE TABLE graphile_migrate.migrations (hash text PRIMARY KEY, previous_hash text REFERENCES graphile_migrate.migrations, filename text NOT NULL, date timestamptz NOT NULL DEFAULT now())',
    'INSERT INTO graphile_migrate.migrations VALUES (''sha1:aa'', NULL, $1 || ''.sql'')', '000001.sql', E'--! Previous: -\n--! Hash: sha1:aa\n\nCREATE TABLE one (a int);\n',
    '000002-add-two.sql', E'--! Previous: sha1:aa\n--! Hash: sha1:bb\n\nCREATE TABLE two (a int);\n');
DROP SCHEMA graphile_migrate CASCADE;
-- supabase
CREATE SCHEMA supabase_migrations;
CALL both_ways('supabase_migrations.schema_migrations', 'CREATE TABLE supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY, statements text[], name text)',
    'INSERT INTO supabase_migrations.schema_migrations VALUES ($1, ''{}'', ''one'')', '20240101000000_one.sql', 'CREATE TABLE one (a int)', '20240102000000_add_two.sql', 'CREATE TABLE two (a int); CREATE INDEX two_a ON two (a);');
DROP SCHEMA supabase_migrations CASCADE;
-- hasura, whose newer list is a document, with one list a database of its own
CREATE SCHEMA hdb_catalog;
CALL both_ways('hdb_catalog.hdb_version', 'CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), version text NOT NULL, upgraded_on timestamptz NOT NULL, cli_state jsonb NOT NULL DEFAULT ''{}'', console_state jsonb NOT NULL DEFAULT ''{}'')',
    'INSERT INTO hdb_catalog.hdb_version (version, upgraded_on, cli_state) VALUES (''48'', ''2024-01-01 00:00+00'', jsonb_build_object(''settings'', ''{}''::jsonb, ''migrations'', jsonb_build_object(''default'', jsonb_build_object($1, false))))',
    '1704067200000_one/up.sql', 'CREATE TABLE one (a int)', '1704067200000_one/down.sql', 'DROP TABLE one',
    '1704067300000_two/up.sql', 'CREATE TABLE two (a int)', '1704067300000_two/down.sql', 'DROP TABLE two');
DROP SCHEMA hdb_catalog CASCADE;
CREATE SCHEMA hdb_catalog;
CALL both_ways('hdb_catalog.hdb_version', 'CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), version text NOT NULL, upgraded_on timestamptz NOT NULL, cli_state jsonb NOT NULL DEFAULT ''{}'', console_state jsonb NOT NULL DEFAULT ''{}'')',
    'INSERT INTO hdb_catalog.hdb_version (version, upgraded_on, cli_state) VALUES (''48'', ''2024-01-01 00:00+00'', jsonb_build_object(''migrations'', jsonb_build_object(''default'', jsonb_build_object($1, false), ''other'', ''{}''::jsonb)))',
    '1704067200000_one/up.sql', 'CREATE TABLE one (a int)', '1704067200000_one/down.sql', 'DROP TABLE one',
    '1704067300000_two/up.sql', 'CREATE TABLE two (a int)', '1704067300000_two/down.sql', 'DROP TABLE two');
DROP SCHEMA hdb_catalog CASCADE;
-- Earlier programs of the family keep versions, or names. How they write is not known.
CALL anew();
CALL put('001_one.sql', 'CREATE TABLE one (a int)', '002_two.sql', 'CREATE TABLE two (a int)');
CREATE TABLE np_migrations (version text);
INSERT INTO np_migrations VALUES ('001');
CREATE TABLE _nself_migrations (name text, at timestamptz);
SELECT version, state, source FROM nself_adopt();
INSERT INTO _nself_migrations VALUES ('001_one.sql', now()), ('002_two.sql', now());
SELECT version, state, source FROM nself_adopt();
SELECT version, state, source FROM nself_adopt('public._nself_migrations');
SELECT version, state, source FROM nself_adopt('public.np_migrations');

-- Lists that somebody has edited, or that a tool of another time keeps.
CALL anew();
DROP TABLE np_migrations, _nself_migrations;
CALL put('001_one.sql', 'CREATE TABLE one (a int)', '002_two.sql', 'CREATE TABLE two (a int)');
CREATE TABLE schema_migrations (version text);
INSERT INTO schema_migrations VALUES ('abc'), (NULL), (''), ('001'), ('1');
SELECT version, name, state, note FROM nself_adopt();
DROP TABLE schema_migrations;
CREATE SCHEMA hdb_catalog;
CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid, version text, cli_state jsonb);
INSERT INTO hdb_catalog.hdb_version VALUES (NULL, '48', '{"migrations": {"default": {"abc": false, "001": false}, "other": [1]}}');
SELECT version, name, state FROM nself_adopt();
UPDATE hdb_catalog.hdb_version SET cli_state = '[]';
SELECT nself_adopt();
DROP SCHEMA hdb_catalog CASCADE;
CREATE SCHEMA drizzle;
CREATE TABLE drizzle.__drizzle_migrations (id int, sha text, created_at bigint);
SELECT nself_adopt();
SELECT nself_adopt('drizzle');
ALTER TABLE drizzle.__drizzle_migrations RENAME sha TO hash;
ALTER TABLE drizzle.__drizzle_migrations ALTER created_at TYPE text;
INSERT INTO drizzle.__drizzle_migrations VALUES (1, 'x', 'soon');
SELECT nself_adopt();
DROP SCHEMA drizzle CASCADE;
CREATE TABLE goose_db_version (id int, version_id bigint, is_applied bool, tstamp timestamp);
INSERT INTO goose_db_version VALUES (1, NULL, true, now()), (2, 1, NULL, NULL), (3, -5, true, now()), (4, 2, true, NULL);
SELECT version, state, note FROM nself_adopt();
DROP TABLE goose_db_version;
-- One with columns more is none of another kind.
CREATE TABLE _sqlx_migrations (version bigint, description text, installed_on timestamptz, success boolean, checksum bytea, execution_time bigint, more text);
INSERT INTO _sqlx_migrations VALUES (1, 'one', NULL, NULL, NULL, NULL, NULL), (2, 'two', now(), true, NULL, NULL, NULL);
SELECT version, state, note FROM nself_adopt();
