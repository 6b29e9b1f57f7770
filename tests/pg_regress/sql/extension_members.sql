-- Needs extensions: hstore
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
