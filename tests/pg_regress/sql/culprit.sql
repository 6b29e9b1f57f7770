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

-- Of two who did something to an object, only who can have made this difference is named.
RESET nself.capture_ddl;
CREATE ROLE regress_innocent SUPERUSER;
ALTER ROLE regress_culprit SUPERUSER;
SELECT version, state FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal WHERE version = '1')
    || jsonb_build_array(jsonb_build_object('path', '2_kinds.sql', 'content', $$
    CREATE TABLE t (id int PRIMARY KEY, doc text, z int) WITH (fillfactor = 70);
    CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
    CREATE SEQUENCE s;
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    COMMENT ON TABLE t IS 'x';
    CREATE TYPE ct AS (a int);
    GRANT SELECT (id) ON t TO PUBLIC;
    CREATE TABLE rls (a int);
    ALTER TABLE rls ENABLE ROW LEVEL SECURITY;
    ALTER TABLE rls FORCE ROW LEVEL SECURITY;
    CREATE TABLE p (a int) PARTITION BY LIST (a);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    CREATE TABLE p2 (a int);
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
$$))) WHERE state <> 'unchanged';
SELECT version, status FROM nself_migrate_up();
SET SESSION AUTHORIZATION regress_culprit;
ALTER TABLE t SET (fillfactor = 50);
ALTER MATERIALIZED VIEW mv SET (autovacuum_enabled = false);
ALTER SEQUENCE s INCREMENT BY 5;
ALTER FUNCTION f() SECURITY DEFINER;
ALTER TABLE t ADD COLUMN mail text UNIQUE;
COMMENT ON TABLE t IS NULL;
ALTER TYPE ct ALTER ATTRIBUTE a TYPE bigint;
REVOKE SELECT (id) ON t FROM PUBLIC;
ALTER TABLE rls NO FORCE ROW LEVEL SECURITY;
ALTER TABLE p DETACH PARTITION p1;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
CREATE TABLE by_hand (a int);
DO $$ BEGIN EXECUTE 'CREATE TABLE by_code (a int)'; END $$;
-- Of several statements in one text the one that did it is told, where none of them can run others.
CREATE TABLE one (a int) \; ALTER TABLE one ADD b int \; CREATE TABLE two (a text DEFAULT ';') \; ALTER TABLE one DROP b;
SELECT 1 \; CREATE TABLE three (a int);
SET SESSION AUTHORIZATION regress_innocent;
ALTER TABLE t ADD COLUMN passing int;
ALTER TABLE t DROP COLUMN passing;
ALTER TABLE t ALTER COLUMN z SET STATISTICS 7, ALTER COLUMN z SET STATISTICS -1;
ALTER TABLE t RENAME TO u;
ALTER TABLE u RENAME TO t;
REFRESH MATERIALIZED VIEW mv;
ALTER SEQUENCE s OWNED BY t.id;
ALTER SEQUENCE s OWNED BY NONE;
ALTER FUNCTION f() RENAME TO g;
ALTER FUNCTION g() RENAME TO f;
ALTER TABLE p2 SET (fillfactor = 80);
ALTER TABLE p2 RESET (fillfactor);
ALTER TABLE by_hand ALTER COLUMN a SET NOT NULL;
GRANT SELECT (doc) ON t TO regress_innocent;
REVOKE SELECT (doc) ON t FROM regress_innocent;
-- Who acts as somebody else is told with both.
SET ROLE regress_culprit;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE SELECT ON TABLES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT SELECT ON TABLES TO regress_innocent;
RESET SESSION AUTHORIZATION;
SELECT kind, object_type, identity, changed_by, command FROM nself_drift()
 WHERE identity ~ '^public.(t|mv|s|f|ct|p1|p2|rls|by_hand|by_code|one|two|three|t.mail)($|\()|t_mail_key|default acl|table public.t$|public.t.id';
SELECT tag, actions FROM nself.ddl_log WHERE logged_in_as = 'regress_innocent' AND actions <> '{}' ORDER BY at;
SET nself.capture_ddl = off;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public REVOKE SELECT ON TABLES FROM regress_innocent;
DROP OWNED BY regress_innocent;
DROP ROLE regress_innocent;
RESET nself.capture_ddl;
ALTER ROLE regress_culprit NOSUPERUSER;

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
