-- The ground: what stood here before the first migration is expected. Schemas that a platform brings, extensions and
-- schemas that somebody made by hand, another tool's own list, owners and rights.
SET client_min_messages = warning;
CREATE ROLE regress_ground_platform;
CREATE ROLE regress_ground_reader;
RESET client_min_messages;

CREATE SCHEMA auth AUTHORIZATION regress_ground_platform;
CREATE TYPE auth.level AS ENUM ('low', 'high');
CREATE TABLE auth.users (id int PRIMARY KEY, level auth.level NOT NULL DEFAULT 'low', code varchar(4) CHECK (code IN ('a', 'b')));
ALTER TYPE auth.level OWNER TO regress_ground_platform;
ALTER TABLE auth.users OWNER TO regress_ground_platform;
COMMENT ON TABLE auth.users IS 'the platform''s';
CREATE INDEX users_level ON auth.users (level);
CREATE FUNCTION auth.uid() RETURNS int LANGUAGE sql STABLE AS 'SELECT id FROM auth.users ORDER BY 1 LIMIT 1';
ALTER FUNCTION auth.uid() OWNER TO regress_ground_platform;
REVOKE ALL ON FUNCTION auth.uid() FROM PUBLIC;
GRANT USAGE ON SCHEMA auth TO regress_ground_reader;
GRANT SELECT ON auth.users TO regress_ground_reader;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA auth GRANT SELECT ON TABLES TO regress_ground_reader;
GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO regress_ground_reader;
-- What an owner, or PUBLIC, was given by hand, as Supabase and databases of before PostgreSQL 15 have it.
ALTER DEFAULT PRIVILEGES IN SCHEMA auth GRANT SELECT ON SEQUENCES TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO PUBLIC;
-- By hand, beside what the migrations will make.
CREATE SCHEMA app;
CREATE TABLE public._sqlx_migrations (version bigint PRIMARY KEY);
CREATE TABLE app.kept (a bigint);
-- Something that only this database lets be.
CREATE FUNCTION only_here(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_database() <> 'regress_ground' THEN
        RAISE EXCEPTION 'not here, says %', current_user;
    END IF;
    RETURN true;
END $$;
CREATE TABLE auth.special (id int);
CREATE INDEX special_here ON auth.special (id) WHERE only_here(1);
-- The same, by somebody whom the server does not trust: it runs with her rights.
CREATE FUNCTION auth.only_here(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_database() <> 'regress_ground' THEN
        RAISE EXCEPTION 'not here, says %', current_user;
    END IF;
    RETURN true;
END $$;
ALTER FUNCTION auth.only_here(int) OWNER TO regress_ground_platform;
CREATE INDEX special_hers ON auth.special (id) WHERE auth.only_here(1);
-- It would refuse each CREATE TABLE after it.
CREATE FUNCTION no_bad_names() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE 'auth.%') THEN
        RAISE EXCEPTION 'no more in schema auth';
    END IF;
END $$;
CREATE EVENT TRIGGER names ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION no_bad_names();

CREATE EXTENSION nself_heal;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
SELECT count(*) FROM nself_ground();
SELECT nself_ground_forget('auth.*');
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_notes.sql', 'content', $$
        CREATE TABLE notes (id int PRIMARY KEY, owner int DEFAULT auth.uid() REFERENCES auth.users);
        CREATE TYPE mood AS ENUM ('glad');
        DELETE FROM public._sqlx_migrations WHERE version = 7;
    $$),
    jsonb_build_object('path', '2_more.sql', 'content', $$
        ALTER TABLE auth.users ADD COLUMN mood app.mood;
        CREATE TABLE IF NOT EXISTS kept (a int, b text);
    $$)));
SET search_path = app, public;
SET client_min_messages = warning;
SELECT version, status FROM nself_migrate_up();
RESET client_min_messages;
SELECT * FROM nself_drift();
SELECT version, statement, what, reason FROM nself_replay_left_out();
SELECT object_type, identity, definition, kept_at <= now() AS kept, forgotten_by FROM nself_ground();

-- What is lost of it is drift, and is healed.
DROP INDEX auth.users_level;
COMMENT ON TABLE auth.users IS NULL;
DROP INDEX auth.special_here;
GRANT USAGE ON SCHEMA public TO PUBLIC;
ALTER FUNCTION auth.uid() OWNER TO CURRENT_USER;
SET client_min_messages = warning;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
ALTER FUNCTION auth.uid() OWNER TO regress_ground_platform;
SELECT kind, object_type, identity, safety FROM nself_drift();

-- It is taken out of the expected schema by who may.
SELECT object_type, identity FROM nself_ground_forget('auth.special*');
SELECT object_type, identity FROM nself_ground_forget('app.kep_');
-- From now on it is what the migration says that made it if it was not there.
SELECT object_type, identity FROM nself_ground_forget('*.kept');
SELECT object_type, identity FROM nself_ground_forget();
SELECT kind, object_type, identity, expected, actual, remedy FROM nself_drift();
SELECT object_type, identity, forgotten_by = current_user AS by_me, forgotten_at <= clock_timestamp() AS before_now
  FROM nself_ground() WHERE forgotten_by IS NOT NULL;

-- The ledger holds it, and is append-only.
SELECT direction, name, version, ground IS NOT NULL AS holds_it FROM nself.ledger ORDER BY id;

SET client_min_messages = warning;
DROP EVENT TRIGGER names;
DROP SCHEMA auth, app CASCADE;
DROP EXTENSION nself_heal CASCADE;
DROP OWNED BY regress_ground_platform, regress_ground_reader;
DROP ROLE regress_ground_platform, regress_ground_reader;
