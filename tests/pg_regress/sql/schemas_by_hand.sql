-- Schemas that somebody made by hand, and migrations with bare names: the search_path says where these go, whether by the
-- name of the role or by a setting of the database. What goes there is expected there, and nothing is made a second time.
CREATE ROLE regress_by_hand;
CREATE SCHEMA regress_by_hand AUTHORIZATION regress_by_hand;
CREATE SCHEMA app;
CREATE EXTENSION nself_heal;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
SELECT nself_grant_access('regress_by_hand', 'migrate');
SET ROLE regress_by_hand;
SHOW search_path;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_user.sql', 'content', $$
    CREATE TYPE mood AS ENUM ('a');
    CREATE SEQUENCE s;
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE t1 (id int PRIMARY KEY, m mood);
    CREATE VIEW v AS SELECT id FROM t1;
$$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO t1 VALUES (1);
RESET ROLE;
SELECT to_regclass('regress_by_hand.t1') AS made_in;
SELECT kind, object_type, identity FROM nself_drift();
-- The database says so, and names nothing else.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app', current_database()); END $$;
\connect -
SET nself.shadow_keep_from = -1;
SHOW search_path;
SELECT version, state FROM public.nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', '2_app.sql', 'content', (SELECT up_sql FROM nself.journal))));
SELECT version, status FROM public.nself_migrate_up();
SELECT to_regclass('app.t1') AS made_in;
SELECT kind, object_type, identity FROM public.nself_drift();
-- What is lost comes back where it was.
SET nself.trusted_authors = 'regress_by_hand';
DROP VIEW v;
DROP FUNCTION regress_by_hand.f();
SELECT object_type, identity, status FROM public.nself_heal(true);
SELECT kind, object_type, identity FROM public.nself_drift();
SELECT n.nspname, count(*) FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE r.relname IN ('t1', 's', 'v', 't1_pkey') GROUP BY 1 ORDER BY 1;
DROP OWNED BY regress_by_hand CASCADE;
DROP ROLE regress_by_hand;
