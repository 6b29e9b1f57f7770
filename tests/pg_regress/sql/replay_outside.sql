-- A replay stays inside its shadow database: what a migration does to roles, databases, the server and its files is
-- left out and named, so it does not happen twice.
CREATE EXTENSION nself_heal;
-- No evidence: the replay is the only witness here.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_roles.sql', 'content', $$
        CREATE ROLE regress_app LOGIN CONNECTION LIMIT 3;
        CREATE TABLE t (a int);
        ALTER ROLE regress_app SET statement_timeout = '5s';
        GRANT pg_read_all_data TO regress_app;
        COMMENT ON ROLE regress_app IS 'The application';
        DO 'BEGIN ALTER ROLE regress_app VALID UNTIL ''2030-01-01''; END';
        GRANT SELECT ON t TO regress_app;
        ALTER DATABASE regress_replay_outside SET work_mem = '5MB';
        COMMENT ON DATABASE regress_replay_outside IS 'Of the migrations';
        GRANT CONNECT ON DATABASE regress_replay_outside TO regress_app;
        ALTER DATABASE regress_replay_outside CONNECTION LIMIT 50;
        COPY (SELECT 'once') TO PROGRAM 'cat >>regress_replay_outside';
        CREATE FUNCTION make_role() RETURNS void LANGUAGE plpgsql AS 'BEGIN CREATE ROLE regress_by_function; END';
        SELECT make_role();
        CREATE FUNCTION drop_role() RETURNS void LANGUAGE sql AS 'DROP ROLE IF EXISTS regress_by_function';
        CREATE ROLE regress_short_lived;
        REASSIGN OWNED BY regress_short_lived TO CURRENT_USER;
        DROP OWNED BY regress_short_lived;
        DROP ROLE regress_short_lived;
        CREATE TABLE after_all (a int);
    $$)));
SELECT version, status FROM nself_migrate_up();
DELETE FROM nself.evidence;
SELECT pg_read_file('regress_replay_outside');

-- Somebody then does by hand what suits the day. The replay must not undo it, although it runs the migration again.
ALTER ROLE regress_app CONNECTION LIMIT 9 VALID UNTIL 'infinity';
ALTER ROLE regress_app RESET ALL;
REVOKE pg_read_all_data FROM regress_app;
COMMENT ON ROLE regress_app IS 'By hand';
COMMENT ON DATABASE regress_replay_outside IS 'By hand';
ALTER DATABASE regress_replay_outside RESET work_mem;
ALTER DATABASE regress_replay_outside CONNECTION LIMIT 60;
REVOKE CONNECT ON DATABASE regress_replay_outside FROM regress_app;
SELECT drop_role();
SELECT * FROM nself_drift();
SELECT rolconnlimit, rolvaliduntil, rolconfig, shobj_description(r.oid, 'pg_authid') AS comment,
       (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) AS memberships
  FROM pg_roles r WHERE rolname LIKE 'regress\_app' OR rolname IN ('regress_by_function', 'regress_short_lived');
SELECT datconnlimit, datacl, shobj_description(d.oid, 'pg_database') AS comment,
       (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = d.oid AND array_to_string(setconfig, ' ') ~ 'work_mem') AS settings
  FROM pg_database d WHERE datname = current_database();
SELECT pg_read_file('regress_replay_outside');
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm regress_replay_outside';

-- The second time the expected schema is known: nothing is replayed, and what was left out is told all the same.
SELECT * FROM nself_drift();

-- A role that the migrations make and grant to may be gone on this server. The replay says what it misses.
DELETE FROM nself.expected_state;
REVOKE ALL ON t FROM regress_app;
DROP OWNED BY regress_app;
DROP ROLE regress_app;
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
