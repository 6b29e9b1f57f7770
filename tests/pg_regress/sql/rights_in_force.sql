-- Migrations, jobs and replays have the rights that were in force when they were asked for, never those of the login
-- behind them. The payload of every attack writes down who it is.
CREATE ROLE regress_mallory LOGIN;
CREATE ROLE regress_team NOLOGIN;
CREATE ROLE regress_other NOLOGIN;
GRANT regress_team TO regress_mallory;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
ALTER DATABASE regress_rights_in_force SET nself.shadow_keep_from = -1;
SET nself.shadow_keep_from = -1;
CREATE SCHEMA app AUTHORIZATION regress_mallory;
GRANT CREATE ON DATABASE regress_rights_in_force TO regress_mallory;
GRANT ALL ON SCHEMA app TO regress_team;
SELECT nself_grant_access('regress_mallory', 'migrate'), nself_grant_access('regress_team', 'migrate');
-- A migration is loaded, and applied by a superuser who has taken a weaker role.
CREATE PROCEDURE try_as(role text, up text, down text DEFAULT 'SELECT 1') LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_try.up.sql', 'content', up),
                                                              jsonb_build_object('path', '1_try.down.sql', 'content', down)));
    PERFORM set_config('role', role, true);
    PERFORM count(*) FROM nself_migrate_up();
    PERFORM set_config('role', 'none', true);
END $$;

-- The control: what plain psql gives away.
BEGIN;
SET LOCAL ROLE regress_mallory;
RESET ROLE;
SELECT current_user;
ROLLBACK;

BEGIN;
CALL try_as('regress_mallory', 'RESET ROLE; CREATE TABLE app.t AS SELECT current_user::text AS who; SET ROLE NONE; INSERT INTO app.t SELECT current_user;
    SET SESSION AUTHORIZATION DEFAULT; INSERT INTO app.t SELECT current_user; RESET SESSION AUTHORIZATION; INSERT INTO app.t SELECT current_user');
SELECT who, count(*) FROM app.t GROUP BY 1;
ROLLBACK;
\set VERBOSITY terse
CALL try_as('regress_mallory', $$DO 'BEGIN RESET ROLE; RAISE NOTICE ''I am %'', current_user; END'$$);
CALL try_as('regress_mallory', $$SELECT set_config('role', 'none', false)$$);
CALL try_as('regress_mallory', $$SELECT set_config('session_authorization', 'postgres', false)$$);
CALL try_as('regress_mallory', $$CREATE FUNCTION app.f() RETURNS text LANGUAGE sql SET role = postgres AS 'SELECT current_user::text'; SELECT app.f()$$);
CALL try_as('regress_mallory', 'SET ROLE postgres');
CALL try_as('regress_mallory', 'SET ROLE regress_other');
CALL try_as('regress_mallory', 'SET SESSION AUTHORIZATION postgres');
CALL try_as('regress_mallory', 'SET ROLE nobody_of_this_name');
CALL try_as('regress_mallory', $$SET LOCAL "Role" TO 'postgres'$$);
-- What would run at the end of the transaction, when the superuser has gone back: a cursor that is held, a check.
CALL try_as('regress_mallory', 'DECLARE c CURSOR WITH HOLD FOR SELECT current_user');
CALL try_as('regress_mallory', $$DO 'BEGIN EXECUTE ''DECLARE c CURSOR WITH HOLD FOR SELECT current_user''; END'$$);
CALL try_as('regress_mallory', $$CREATE SCHEMA hidden; CREATE TABLE hidden.t (i int);
    CREATE FUNCTION hidden.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''I am %'', current_user; RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER t AFTER INSERT ON hidden.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hidden.f();
    INSERT INTO hidden.t VALUES (1); REVOKE USAGE ON SCHEMA hidden FROM regress_mallory$$);
\set VERBOSITY default
-- What the role may become, it may become, and come back from.
BEGIN;
CALL try_as('regress_mallory', 'SET ROLE regress_team; CREATE TABLE app.team (); SET LOCAL ROLE regress_team; CREATE TABLE app.local ();
    RESET ROLE; CREATE TABLE app.own ()', 'RESET ROLE; DROP TABLE app.own; CREATE TABLE app.down ()');
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'app' ORDER BY 1;
-- The down part as well; and afterwards the session is what it was.
SET LOCAL ROLE regress_mallory;
SELECT status FROM nself_migrate_down();
SELECT current_user, session_user;
RESET ROLE;
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'app' ORDER BY 1;
SELECT direction, applied_by, logged_in_as FROM nself.ledger ORDER BY id;
ROLLBACK;
-- A login that says it is another one.
BEGIN;
SET LOCAL SESSION AUTHORIZATION regress_mallory;
SELECT state FROM nself_journal_put('[{"path": "1_a.sql", "content": "RESET SESSION AUTHORIZATION; CREATE TABLE app.t AS SELECT current_user::text AS who"}]');
SELECT status FROM nself_migrate_up();
SELECT who FROM app.t;
ROLLBACK;
-- A superuser's own session is as free as ever.
BEGIN;
SELECT state FROM nself_journal_put('[{"path": "1_a.sql", "content": "SET ROLE regress_team; CREATE TABLE app.a (); RESET ROLE; CREATE TABLE app.b ()"}]');
SELECT status FROM nself_migrate_up();
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'app' ORDER BY 1;
ROLLBACK;

-- The replay has the rights of the role, not of the login: what is read in the shadow is what the role made there.
GRANT CREATE ON DATABASE regress_rights_in_force TO regress_team;
SELECT state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_who.sql', 'content', $$
    CREATE SCHEMA team; RESET ROLE; CREATE TABLE team.second ();
    DO 'BEGIN EXECUTE format(''CREATE TABLE team.%I ()'', ''made by '' || current_user ||
        (SELECT CASE WHEN rolsuper THEN '', a superuser'' ELSE '''' END FROM pg_roles WHERE rolname = current_user)); END'$$)));
SET ROLE regress_team;
SELECT status FROM nself_migrate_up();
RESET ROLE;
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'team' ORDER BY 1;
SELECT kind, identity FROM nself_drift();

-- Rights that are lent start nothing: by a function of mallory's that the server evaluates with her rights for somebody
-- else, or by one that is SECURITY DEFINER.
GRANT CREATE ON SCHEMA public TO regress_mallory;
\c - regress_mallory
CREATE FUNCTION start(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF session_user <> current_user THEN
        BEGIN PERFORM public.nself_migrate_up_start(); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE '%', SQLERRM; END;
        BEGIN PERFORM public.nself_heal_start(); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE '%', SQLERRM; END;
        BEGIN PERFORM public.nself_migrate_up(); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE '%', SQLERRM; END;
        BEGIN PERFORM public.nself_migrate_down(); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE '%', SQLERRM; END;
        BEGIN PERFORM public.nself_heal(true); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE '%', SQLERRM; END;
        BEGIN PERFORM public.nself_journal_put('[]'); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE '%', SQLERRM; END;
    END IF;
    RETURN i;
END $$;
CREATE TABLE bait (i int);
CREATE INDEX bait_start ON bait (start(i));
INSERT INTO bait VALUES (1);
\c - postgres
REINDEX INDEX bait_start;
GRANT regress_mallory TO postgres;
CREATE FUNCTION lend() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT nself_migrate_up_start()';
SELECT lend();
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) AS jobs FROM nself.job_log;

DROP OWNED BY regress_mallory, regress_team CASCADE;
DROP ROLE regress_mallory, regress_team, regress_other;
