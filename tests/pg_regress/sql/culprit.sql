-- Drift is told with its culprit: event triggers note each DDL that is not the product's own.
CREATE ROLE regress_culprit LOGIN;
CREATE EXTENSION nself_heal;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_shop.sql', 'content', $$
    CREATE TABLE orders (id int PRIMARY KEY, note text DEFAULT 'none', total int CHECK (total > 0));
    CREATE INDEX by_note ON orders (note);
    CREATE VIEW totals AS SELECT id, total FROM orders;
    CREATE TYPE mood AS ENUM ('calm', 'cross');
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    GRANT ALL ON orders TO regress_culprit;
    ALTER TABLE orders OWNER TO regress_culprit;
$$)));
-- Migrations have their ledger, so they are not noted, nor are the things of a session.
SELECT version, status FROM nself_migrate_up();
CREATE TEMP TABLE passing (n int);
DROP TABLE passing;
SELECT tag, objects FROM nself.ddl_log ORDER BY at;

-- Somebody else changes this and that.
SET SESSION AUTHORIZATION regress_culprit;
SET application_name = 'console';
ALTER TABLE orders DROP COLUMN note;
ALTER TABLE orders ADD COLUMN extra int, ALTER COLUMN total SET DEFAULT 7;
COMMENT ON COLUMN orders.total IS 'in cents';
REVOKE DELETE ON orders FROM regress_culprit;
GRANT SELECT ON orders TO PUBLIC;
RESET SESSION AUTHORIZATION;
SET ROLE regress_culprit;
ALTER TABLE orders RENAME id TO number;
RESET ROLE;
DROP VIEW totals;
SET ROLE regress_culprit;
ALTER TABLE orders ALTER COLUMN total TYPE bigint;
RESET ROLE;
ALTER TYPE mood ADD VALUE 'glad';
CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2';
SET application_name = 'psql';
SELECT logged_in_as, application_name, tag, objects, dropped, rewrote FROM nself.ddl_log ORDER BY at;
SELECT kind, object_type, identity, changed_by, changed_at > now() - interval '1 hour' AS lately, command FROM nself_drift();

-- The history keeps it. What a heal does is not noted.
SELECT object_type, identity, status FROM nself_heal(true) WHERE status = 'applied';
SELECT object_type, identity, changed_by, changed_at IS NOT NULL AS known, command FROM nself_heal_steps() ORDER BY step;
SELECT count(*) FROM nself.ddl_log;

-- The last word counts, and what was rolled back was never said.
ALTER TABLE orders DROP COLUMN note;
SET client_min_messages = error;
BEGIN;
ALTER TABLE orders DROP COLUMN total CASCADE;
ROLLBACK;
BEGIN;
SAVEPOINT a;
COMMENT ON TABLE orders IS 'taken back';
ROLLBACK TO a;
COMMENT ON TABLE orders IS 'stays';
-- Within the transaction it is known, too.
SELECT kind, identity, changed_by, command FROM nself_drift() WHERE object_type = 'comment';
COMMIT;
RESET client_min_messages;
SELECT objects FROM nself.ddl_log WHERE at > now() - interval '1 hour' AND objects @> '{comment table public.orders}';
SELECT kind, identity, changed_by, command FROM nself_drift() WHERE kind = 'missing';

-- A migration that fails does not hide what comes after it.
SELECT version, state FROM nself_journal_put(
    (SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', '2_bad.sql', 'content', 'CREATE TABLE half (n int); SELECT 1 / 0;')));
SELECT version, status FROM nself_migrate_up();
CREATE TABLE whole (n int);
SELECT tag, objects FROM nself.ddl_log ORDER BY at DESC LIMIT 1;

-- A new table is noted by its whole name, with what comes along with it; one that was there already, or is the
-- session's own, is not.
CREATE SCHEMA "My";
SET search_path = "My";
CREATE TABLE "T" (n int PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE IF NOT EXISTS "T" (n int);
CREATE TABLE "U" (LIKE "T", n_id serial);
CREATE TABLE "V" AS SELECT 1 AS one;
SET search_path = pg_temp, public;
CREATE TABLE mine (n int);
CREATE TABLE public.ours (n int);
RESET search_path;
SELECT tag, objects FROM (SELECT * FROM nself.ddl_log ORDER BY at DESC LIMIT 5) five ORDER BY at;

-- What an extension's script makes is the extension's business.
SELECT count(*) AS noted FROM nself.ddl_log \gset
SELECT name AS ext FROM pg_available_extensions WHERE name IN ('hstore', 'vector', 'citext', 'pg_trgm') ORDER BY name LIMIT 1 \gset
CREATE EXTENSION :ext;
SELECT tag, array_length(objects, 1) AS objects, objects[1] = 'extension ' || :'ext' AS itself
  FROM nself.ddl_log ORDER BY at OFFSET :noted;
DROP EXTENSION :ext;

-- No password is kept, and no more than 10 kB.
CREATE FOREIGN DATA WRAPPER anything;
CREATE SERVER far FOREIGN DATA WRAPPER anything OPTIONS (host 'h');
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'u', password 'secret');
SELECT format('COMMENT ON TABLE orders IS %L', repeat('long ', 5000)) AS long \gset
\set ECHO none
:long;
\set ECHO all
SELECT tag, objects, CASE WHEN length(command) < 200 THEN command END AS command, octet_length(command) AS bytes
  FROM nself.ddl_log ORDER BY at DESC LIMIT 3;

-- An innocent is not named: the table was altered by somebody else, and who dropped the column was not seen.
SET nself.capture_ddl = off;
ALTER TABLE orders DROP COLUMN IF EXISTS extra, DROP COLUMN total CASCADE;
RESET nself.capture_ddl;
ALTER TABLE orders SET (fillfactor = 90);
SELECT kind, object_type, identity, changed_by, command FROM nself_drift() WHERE identity ~ 'orders($|.total)';

-- Nobody's DDL fails for want of a right, or because the log is locked, broken or gone.
REVOKE ALL ON SCHEMA nself FROM PUBLIC;
SET SESSION AUTHORIZATION regress_culprit;
ALTER TABLE orders ADD COLUMN quiet int;
RESET SESSION AUTHORIZATION;
SELECT logged_in_as, objects FROM nself.ddl_log ORDER BY at DESC LIMIT 1;
SELECT count(*) AS noted FROM nself.ddl_log \gset
ALTER TABLE nself.ddl_log ADD CONSTRAINT nothing CHECK (false) NOT VALID;
CREATE TABLE kept (n int);
SELECT count(*) - :noted AS noted_since, to_regclass('kept') IS NOT NULL AS made FROM nself.ddl_log;
ALTER TABLE nself.ddl_log DROP CONSTRAINT nothing;
ALTER EXTENSION nself_heal DROP TABLE nself.ddl_log;
DROP TABLE nself.ddl_log;
CREATE TABLE kept_too (n int);
SELECT to_regclass('kept_too') IS NOT NULL AS made;
SELECT kind, identity, changed_by FROM nself_drift() WHERE identity = 'public.kept_too';

-- A superuser switches it off.
SET nself.capture_ddl = off;
CREATE TABLE unseen (n int);
SET SESSION AUTHORIZATION regress_culprit;
SET nself.capture_ddl = on;
RESET SESSION AUTHORIZATION;
DROP EXTENSION nself_heal;
SELECT evtname FROM pg_event_trigger;
DROP OWNED BY regress_culprit CASCADE;
DROP ROLE regress_culprit;
