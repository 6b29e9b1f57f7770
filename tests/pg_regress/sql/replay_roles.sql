-- A replay never has more rights than the role that applied a migration. This is the story of a team whose deployer, no
-- superuser, migrates a schema of its own.
CREATE ROLE regress_deployer LOGIN;
CREATE ROLE regress_owner NOLOGIN;
CREATE ROLE regress_reader LOGIN;
GRANT regress_owner TO regress_deployer;
CREATE EXTENSION nself_heal;
-- No evidence: the replay is the only witness here.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
GRANT CREATE ON DATABASE regress_replay_roles TO regress_deployer;
SELECT nself_grant_access('regress_deployer', 'migrate');

-- Who has not been granted EXECUTE may not ask.
\c - regress_reader
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_heal(true);
\echo :LAST_ERROR_SQLSTATE

-- Each migration leaves a table whose name tells who ran it. The first one tries to get back to a stronger role first.
\c - regress_deployer
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_who.sql', 'content', $$
        CREATE SCHEMA app;
        DO $do$
        DECLARE powers text;
        BEGIN
            RESET SESSION AUTHORIZATION;
            RESET ROLE;
            SELECT CASE WHEN rolsuper OR rolcreaterole OR rolcreatedb OR pg_has_role('pg_execute_server_program', 'usage')
                        THEN 'powerful' ELSE 'weak' END INTO powers FROM pg_roles WHERE rolname = current_user;
            EXECUTE format('CREATE TABLE app.%I ()', concat_ws(' ', session_user, 'as', current_user, powers));
        END $do$;
    $$),
    jsonb_build_object('path', '2_as_owner.sql', 'content', $$
        GRANT CREATE, USAGE ON SCHEMA app TO regress_owner;
        SET ROLE regress_owner;
        DO 'BEGIN EXECUTE format(''CREATE TABLE app.%I ()'', ''made by '' || current_user); END';
    $$),
    jsonb_build_object('path', '3_again.sql', 'content', $$
        DO 'BEGIN EXECUTE format(''CREATE TABLE app.%I ()'', ''then by '' || current_user); END';
    $$)));
SELECT version, status FROM nself_migrate_up();
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'app' ORDER BY 1;
-- The shadow has tables of the same names: the same roles were in force there.
SELECT * FROM nself_drift();
-- The right to EXECUTE is no right to the tables behind.
SELECT * FROM nself.expected_state;
-- A superuser who asks does not lend his rights.
\c - postgres
SELECT version, logged_in_as, applied_by FROM nself.ledger ORDER BY id;
DELETE FROM nself.expected_state;
SELECT * FROM nself_drift();

-- Applied in the name of another role: the replay runs as that one, and knows nothing of the login behind it.
SELECT nself_grant_access('regress_owner', 'migrate');
\c - regress_deployer
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '4_set_role.sql', 'content', $$
        DO 'BEGIN EXECUTE format(''CREATE TABLE app.%I ()'', ''made for '' || current_user); END';
    $$))) WHERE state = 'added';
SET ROLE regress_owner;
SELECT version, status FROM nself_migrate_up();
SELECT * FROM nself_drift();
\c - postgres
DELETE FROM nself.evidence;
SELECT version, logged_in_as, applied_by FROM nself.ledger WHERE version = '4';
SELECT relname, relowner::regrole FROM pg_class WHERE relname LIKE '% for %';

-- A membership that was lost is not given back.
DELETE FROM nself.expected_state;
REVOKE regress_owner FROM regress_deployer;
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
GRANT regress_owner TO regress_deployer;
-- Nobody takes the place of a role that is gone.
ALTER ROLE regress_deployer RENAME TO regress_successor;
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
ALTER ROLE regress_successor RENAME TO regress_deployer;
ALTER ROLE regress_owner RENAME TO regress_successor;
SELECT * FROM nself_drift();
ALTER ROLE regress_successor RENAME TO regress_owner;
SELECT count(*) AS drift FROM nself_drift();

-- A right that the role has from outside the migrations is missing in the empty shadow. The error says so.
CREATE SCHEMA private;
CREATE TABLE private.secret (a int PRIMARY KEY);
GRANT USAGE ON SCHEMA private TO regress_deployer;
GRANT CREATE ON SCHEMA public TO regress_owner;
\c - regress_deployer
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '5_public.sql', 'content', 'SET ROLE regress_owner; CREATE TABLE public.t ()')))
 WHERE state = 'added';
SELECT version, status FROM nself_migrate_up();
\c - postgres
DELETE FROM nself.evidence;
\c - regress_deployer
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_heal(true);
-- Nothing is left of the attempt, and the live database is as before.
SELECT count(*) AS shadows FROM pg_database WHERE datname LIKE 'nself\_shadow\_%';
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public';

\c - postgres
DROP OWNED BY regress_deployer, regress_owner, regress_reader;
DROP ROLE regress_deployer, regress_owner, regress_reader;
