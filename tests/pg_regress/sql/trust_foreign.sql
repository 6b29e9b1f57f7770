-- Where a foreign table reads is decided by who owns it, also where it is a child of another table. Nobody else's rights are
-- taken there: mallory's server leads back to this database, where a view of hers calls her function.
-- Needs extensions: postgres_fdw
CREATE ROLE regress_mallory LOGIN;
CREATE EXTENSION nself_heal;
CREATE EXTENSION postgres_fdw;
SET nself.capture_ddl = off;
SET client_min_messages = warning;
SET nself.shadow_keep_from = -1;
GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO regress_mallory;
GRANT CREATE ON DATABASE regress_trust_foreign TO regress_mallory;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1.sql', 'content', $$
    CREATE SCHEMA app AUTHORIZATION regress_mallory;
    SET ROLE regress_mallory;
    CREATE TABLE app.data (i int);
    RESET ROLE;
    CREATE FUNCTION known(n int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN coalesce((SELECT max(i) FROM app.data), 0) >= 0; END';
    CREATE TABLE t (i int CONSTRAINT c CHECK (known(i)));
    CREATE MATERIALIZED VIEW m AS SELECT i FROM app.data;
$$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO t VALUES (1);
SELECT format('CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
    split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database()) AS server \gset
SET ROLE regress_mallory;
CREATE SEQUENCE app.ran_as_postgres;
GRANT ALL ON SEQUENCE app.ran_as_postgres TO PUBLIC;
GRANT USAGE ON SCHEMA app TO PUBLIC;
CREATE FUNCTION app.mark() RETURNS int LANGUAGE plpgsql AS
    'BEGIN IF current_user = ''postgres'' THEN PERFORM nextval(''app.ran_as_postgres''); END IF; RETURN 1; END';
CREATE VIEW app.bait AS SELECT app.mark() AS i;
:server;
CREATE USER MAPPING FOR postgres SERVER loop OPTIONS (user 'postgres');
CREATE FOREIGN TABLE app.child () INHERITS (app.data) SERVER loop OPTIONS (schema_name 'app', table_name 'bait');
RESET ROLE;
-- The control: a superuser who reads her table runs it.
SELECT * FROM app.data;
SELECT is_called FROM app.ran_as_postgres;
ALTER SEQUENCE app.ran_as_postgres RESTART;
ALTER TABLE t DROP CONSTRAINT c;
DROP MATERIALIZED VIEW m;
SELECT identity, safety, reason FROM nself_drift() WHERE kind = 'missing';
SELECT identity, status, detail FROM nself_heal() WHERE identity ~ '^public.(t|m)';
SELECT identity, status, detail FROM nself_heal(true) WHERE identity ~ '^public.(t|m)';
SELECT is_called FROM app.ran_as_postgres;

DROP EXTENSION nself_heal;
DROP EXTENSION postgres_fdw CASCADE;
DROP SCHEMA app CASCADE;
DROP OWNED BY regress_mallory;
DROP ROLE regress_mallory;
