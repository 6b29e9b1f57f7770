-- Needs extensions: hstore citext pg_trgm
-- What somebody adds to an extension, takes out of it or moves with it is one item, of the extension.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_m.sql', 'content', $m$
    CREATE EXTENSION hstore;
    CREATE TABLE a (id int PRIMARY KEY, h hstore DEFAULT '' CHECK (h ? 'x' OR true));
    CREATE INDEX a_h ON a USING gin (h);
    CREATE VIEW v AS SELECT akeys(h) AS k FROM a;
    CREATE FUNCTION f(h hstore) RETURNS hstore LANGUAGE sql AS 'SELECT h';
    CREATE TYPE pair AS (a hstore, b hstore[]);
    COMMENT ON TABLE a IS 'public.hstore stays as it is written, e.hstore too';
$m$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
-- A table that the migrations made, and one that nobody expects.
ALTER EXTENSION hstore ADD TABLE a;
ALTER TABLE a ADD COLUMN x int;
CREATE TABLE hidden (a int);
ALTER EXTENSION hstore ADD TABLE hidden;
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift() \gx
SELECT object_type, live, expected, names FROM nself_drift_not_compared();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT remedy FROM nself_drift() \gexec
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
ALTER TABLE a DROP COLUMN x;
DROP TABLE hidden;
SELECT kind, object_type, identity FROM nself_drift();
-- A function that was taken out.
ALTER EXTENSION hstore DROP FUNCTION akeys(hstore);
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift() \gx
SELECT remedy FROM nself_drift() \gexec
SELECT kind, object_type, identity FROM nself_drift();
-- All of it in another schema.
CREATE SCHEMA e;
ALTER EXTENSION hstore SET SCHEMA e;
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift() \gx
SELECT object_type, identity, status FROM nself_heal(true);
SELECT remedy FROM nself_drift() ORDER BY object_type \gexec
SELECT kind, object_type, identity FROM nself_drift();
-- A version is compared where a migration names it, and its members go with it. Elsewhere it is the server's.
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_m.sql', 'content', (SELECT up_sql FROM nself.journal)),
    jsonb_build_object('path', '2_named.sql', 'content', $m$
        CREATE EXTENSION citext VERSION '1.4';
        ALTER EXTENSION citext UPDATE TO '1.5';
        CREATE EXTENSION IF NOT EXISTS citext VERSION '1.4';
        CREATE EXTENSION pg_trgm;
    $m$)));
SELECT version, status FROM nself_migrate_up();
DROP EXTENSION pg_trgm;
CREATE EXTENSION pg_trgm VERSION '1.3';
SELECT kind, object_type, identity FROM nself_drift();
SELECT * FROM nself_drift_not_compared();
ALTER EXTENSION citext UPDATE TO '1.6';
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift();
-- The server may know no way back. Heal makes the version that is named.
DROP EXTENSION citext;
SELECT identity, ddl, status FROM nself_heal(true);
SELECT extversion FROM pg_extension WHERE extname = 'citext';
DROP EXTENSION citext;
CREATE EXTENSION citext VERSION '1.4';
SELECT identity, expected, actual, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT kind, object_type, identity FROM nself_drift();
