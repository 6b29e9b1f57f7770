-- Who may call what: EXECUTE alone opens nothing, a level does; nobody has either at first, whatever default privileges
-- say.
CREATE ROLE regress_anon;
CREATE ROLE regress_none;
CREATE ROLE regress_look LOGIN;
CREATE ROLE regress_heal LOGIN;
CREATE ROLE regress_migrate LOGIN;
CREATE ROLE regress_admin LOGIN;
CREATE ROLE regress_inherits;
CREATE ROLE regress_switches NOINHERIT;
-- As Supabase has it, and wider.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO regress_anon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO regress_anon;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO regress_anon WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO regress_anon, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_anon;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO regress_anon;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_anon, PUBLIC;
-- The control: they are in force.
CREATE SCHEMA control;
CREATE TABLE control.t (id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION control.f() RETURNS int LANGUAGE sql RETURN 1;
SELECT has_schema_privilege('regress_anon', 'control', 'CREATE') AS schema, has_table_privilege('regress_anon', 'control.t', 'DELETE') AS "table",
       has_sequence_privilege('regress_anon', 'control.t_id_seq', 'UPDATE') AS sequence, has_function_privilege('regress_anon', 'control.f()', 'EXECUTE') AS function;
CREATE EXTENSION nself_heal;
-- Found by the catalogs, and not by what the product says of itself.
CREATE VIEW member AS
    SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
      FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'nself_heal';
SELECT classid::regclass, count(*) > 0 AS some,
       count(*) FILTER (WHERE CASE classid WHEN 'pg_proc'::regclass THEN has_function_privilege(r.oid, objid, 'EXECUTE')
                                           WHEN 'pg_namespace'::regclass THEN has_schema_privilege(r.oid, objid, 'USAGE, CREATE')
                                           WHEN 'pg_class'::regclass
                                           THEN CASE (SELECT relkind FROM pg_class WHERE oid = objid) WHEN 'S'
                                                THEN has_sequence_privilege(r.oid, objid, 'USAGE, SELECT, UPDATE')
                                                ELSE has_any_column_privilege(r.oid, objid, 'SELECT, INSERT, UPDATE')
                                                     OR has_table_privilege(r.oid, objid, 'DELETE, TRUNCATE, TRIGGER') END
                                           END) AS open
  FROM member CROSS JOIN (SELECT oid FROM pg_roles WHERE rolname IN ('regress_anon', 'regress_none')) r
 WHERE classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_namespace'::regclass) GROUP BY 1 ORDER BY 1::text;
SELECT count(*) AS held FROM nself.rights_held;
-- What is in force is what the extension has set up: a dump holds nothing of it.
SELECT count(*) > 30 AS functions, count(*) FILTER (WHERE p.proacl IS DISTINCT FROM i.initprivs) AS other
  FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  LEFT JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid;
SELECT count(*) AS other FROM member m JOIN pg_class r ON m.classid = 'pg_class'::regclass AND r.oid = m.objid
  LEFT JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid WHERE r.relacl IS DISTINCT FROM i.initprivs;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON FUNCTIONS FROM regress_anon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM regress_anon;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM regress_anon;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_anon, PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM regress_anon;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM regress_anon;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM regress_anon, PUBLIC;
DROP SCHEMA control CASCADE;

-- Levels are given by name, and each gives what it says and no more.
SELECT nself_grant_access('regress_look', 'look'), nself_grant_access('regress_heal', 'heal'),
       nself_grant_access('regress_migrate', 'migrate'), nself_grant_access('regress_admin', 'admin');
SELECT g.name AS role, h.privilege, h.target, concat(h.name, ' (' || string_agg(h.in_column, ', ' ORDER BY h.in_column) || ')') AS on
  FROM nself.rights_held h JOIN (VALUES ('regress_look', ''), ('regress_heal', 'regress_look'), ('regress_migrate', 'regress_heal'),
       ('regress_admin', 'regress_migrate')) g(name, before) ON h.grantee = g.name::regrole
 WHERE NOT EXISTS (SELECT FROM nself.rights_held b WHERE b.grantee::regrole::text = g.before
                      AND (b.sql, b.in_column, b.privilege) IS NOT DISTINCT FROM (h.sql, h.in_column, h.privilege))
 GROUP BY g.name, h.privilege, h.target, h.name
 ORDER BY array_position('{regress_look,regress_heal,regress_migrate,regress_admin}', g.name), 2, 3, h.name;

-- Each function is refused without its level, also to those who may EXECUTE all of them, and allowed with it.
CREATE TABLE call (call text);
INSERT INTO call VALUES ('nself_access()'), ('nself_access_level()'), ('nself_adopt()'), ('nself_adopt(confirm => true)'), ('nself_servable()'),
    ('nself_baseline()'), ('nself_baseline(confirm => true)'), ('nself_ground()'), ('nself_ground_platform()'), ('nself_ground_platform(confirm => true)'), ('nself_ground_forget()'), ('nself_drift()'), ('nself_drift_not_compared()'), ('nself_environment()'), ('nself_heal()'),
    ('nself_heal(true)'), ('nself_heal_disable()'), ('nself_heal_enable()'), ('nself_heal_history()'), ('nself_heal_start()'),
    ('nself_heal_status()'), ('nself_heal_steps()'), ('nself_ignored()'), ('nself_replay_left_out()'), ('nself_job()'), ('nself_job_cancel()'),
    ('nself_journal_load()'), ('nself_journal_needs()'), ('nself_journal_put()'), ('nself_journal_unchanged()'), ('nself_migrate_down()'), ('nself_migrate_down(dry_run => true)'), ('nself_migrate_rehearse()'), ('nself_migrate_status()'),
    ('nself_migrate_up()'), ('nself_migrate_up(dry_run => true)'), ('nself_migrate_up_start()'), ('nself_migrate_verify()'),
    ('nself_migrate_conflicts()'), ('nself_migrate_renumber()'), ('nself_migrate_repair()'), ('nself_journal_rebase()'), ('nself_migrate_reset_checksum()'),
    ('nself_tenant_add()'), ('nself_api_install()'), ('nself_api_uninstall()'), ('nself_tenant_remove()'), ('nself_tenant_status()'), ('nself_tenant_up()'), ('nself_tenant_up_start()'), ('nself_tenant_up(dry_run => true)'), ('nself_tenant_drift()'),
    ('nself_grant_access(''regress_none'', ''admin'')'), ('nself_allow(''nothing'', ''a test'')'), ('nself_revoke_access(''regress_admin'')');
SELECT p.proname AS forgotten FROM member m JOIN pg_proc p ON p.oid = m.objid AND m.classid = 'pg_proc'::regclass
 WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM call c WHERE c.call LIKE p.proname || '(%');
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT * FROM ' || call;
    RAISE EXCEPTION USING ERRCODE = 'DONE0';
EXCEPTION WHEN SQLSTATE 'DONE0' THEN RETURN 'yes';
          WHEN insufficient_privilege THEN RETURN CASE WHEN SQLERRM ~ 'needs level' THEN 'no' WHEN SQLERRM ~ 'for function' THEN 'no EXECUTE' ELSE SQLERRM END;
          WHEN OTHERS THEN RETURN 'yes ' || SQLSTATE;
END $$;
CREATE TABLE tried (role text, call text, outcome text);
GRANT SELECT ON call TO PUBLIC;
GRANT INSERT ON tried TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_admin', current_database()); END $$;
SET client_min_messages = error;
SET ROLE regress_none;
INSERT INTO tried SELECT 'none', call, try(call) FROM call;
SET ROLE regress_look;
INSERT INTO tried SELECT 'look', call, try(call) FROM call;
SET ROLE regress_heal;
INSERT INTO tried SELECT 'heal', call, try(call) FROM call;
SET ROLE regress_migrate;
INSERT INTO tried SELECT 'migrate', call, try(call) FROM call;
SET ROLE regress_admin;
INSERT INTO tried SELECT 'admin', call, try(call) FROM call;
RESET ROLE;
RESET client_min_messages;
SELECT call, outcome, string_agg(role, ' ' ORDER BY array_position('{none,look,heal,migrate,admin}', role)) AS roles
  FROM tried GROUP BY 1, 2 ORDER BY min(array_position('{none,look,heal,migrate,admin}', role)) FILTER (WHERE outcome LIKE 'yes%') NULLS FIRST, 1, 2;

-- What did that is seen, and it is counted.
SELECT role, level, through, granted_by, note FROM nself_access() WHERE role ~ '^(public|regress)' OR through = 'owner of the extension';
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION try(text) TO PUBLIC;
-- A key without EXECUTE; a right on a table; the right to give rights.
GRANT EXECUTE ON FUNCTION nself.may_heal() TO regress_none;
GRANT SELECT ON nself.ledger TO regress_anon;
GRANT EXECUTE ON FUNCTION nself_heal(boolean, text[], text, boolean) TO regress_look WITH GRANT OPTION;
SET ROLE regress_none;
SELECT * FROM nself_heal();
RESET ROLE;
SELECT role, level, through, note FROM nself_access() WHERE role IN ('regress_none', 'regress_anon', 'regress_look');
SELECT version, state FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (id int); CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host ''h'', password ''hush'');"},
    {"path": "1_t.down.sql", "content": "DROP TABLE t;\n-- was redis://u:hush@h\n"}]');
SELECT version, state, note FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (id int, password text DEFAULT ''x'');"},
    {"path": "1_t.down.sql", "content": "DROP TABLE t;\nDO $$ BEGIN ALTER ROLE nobody PASSWORD ''hush''; END $$;"}]');
SELECT version, status FROM nself_migrate_up();
SELECT * FROM nself_drift_not_compared();
REVOKE EXECUTE ON FUNCTION nself.may_heal() FROM regress_none;
REVOKE SELECT ON nself.ledger FROM regress_anon;
REVOKE GRANT OPTION FOR EXECUTE ON FUNCTION nself_heal(boolean, text[], text, boolean) FROM regress_look;
SELECT * FROM nself_drift_not_compared();

-- The refusal names function, level and role. What counts is the role whose rights are in force.
GRANT EXECUTE ON FUNCTION nself_drift(text, text, boolean) TO regress_none;
SET ROLE regress_none;
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
SELECT nself_access_level();
SET ROLE regress_look;
SELECT * FROM nself_heal(true);
SELECT nself_access_level();
SELECT nself_grant_access('regress_look', 'admin');
SELECT nself.may_admin();
RESET ROLE;
REVOKE EXECUTE ON FUNCTION nself_drift(text, text, boolean) FROM regress_none;

-- Who may only look sees no SQL of migrations, also not a part of it in what the server says; who may migrate does.
SET client_min_messages = error;
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (id int, password text DEFAULT ''x'');"},
    {"path": "1_t.down.sql", "content": "DROP TABLE t;\nDO $$ BEGIN ALTER ROLE nobody PASSWORD ''hush''; END $$;"},
    {"path": "2_u.sql", "content": "SELECT ''hush''::int; CREATE TABLE u (a text DEFAULT ''kept''); SELECT ''postgres://u:hush@h''; ALTER ROLE nobody PASSWORD ''hush'';"}]');
INSERT INTO nself.job_log (kind, arguments, settings, logged_in_as, run_by, state, ended_at, statement, error, sqlstate, hint)
    SELECT kind, '{}', '{"app.key": "hush"}', 'x', 'x', 'failed', now(), 'SELECT ''hush''', 'invalid: "hush"', '22P02', 'hush'
      FROM unnest('{migrate up,heal}'::text[]) kind;
RESET client_min_messages;
\c - regress_look
SELECT sql FROM nself_migrate_up(dry_run => true);
SELECT sql FROM nself_migrate_down(dry_run => true);
SELECT kind, state, statement, error, sqlstate, hint FROM nself.jobs;
SELECT kind, state, statement, error, sqlstate, hint FROM nself_job((SELECT min(job) FROM nself.jobs));
SELECT settings FROM nself.job_log;
SELECT settings FROM nself.ledger;
SELECT count(*) FROM nself_drift('journal');
SELECT version, state FROM nself_migrate_status();
SELECT version, path, checksum = '' AS none FROM nself.journal ORDER BY 1;
SELECT version, applied_by FROM nself.applied;
SELECT count(*) FROM nself.jobs, nself.ddl_log, nself.heal_steps;
SELECT up_sql FROM nself.journal;
SELECT down_sql, snapshot FROM nself.journal;
SELECT sql FROM nself.ledger;
SELECT sql FROM nself.applied;
SELECT * FROM nself.expected_state;
INSERT INTO nself.allowed_drift (pattern, reason) VALUES ('*', 'I may not');
\c - regress_migrate
SELECT sql FROM nself_migrate_up(dry_run => true);
SELECT kind, statement, error, hint FROM nself.jobs;
SELECT kind, statement, error, hint FROM nself_job((SELECT min(job) FROM nself.jobs));
SELECT count(*) FROM nself_drift('journal');
SELECT count(sql) FROM nself.ledger;
INSERT INTO nself.ledger (version) VALUES ('3');
\c - regress_admin
INSERT INTO nself.allowed_drift (pattern, reason) VALUES ('public.trial', 'a trial');
UPDATE nself.allowed_drift SET reason = 'over';
DELETE FROM nself.allowed_drift;
DELETE FROM nself.journal;
-- A level is for its holder to give on, and by membership; PUBLIC can look.
SELECT nself_grant_access('regress_look', 'heal');
SELECT nself_grant_access('public', 'heal');
SELECT nself_grant_access('public', 'look');
SELECT nself_grant_access('nobody_is_called_this', 'look');
SELECT nself_grant_access('regress_none', 'owner');
SELECT nself_grant_access('regress_none');
SELECT nself_grant_access();
SELECT nself_revoke_access();
SELECT nself_revoke_access('regress_none', 'all');
\c - postgres
SET ROLE regress_none;
SELECT nself_access_level();
SELECT count(*) > 0 AS sees FROM nself_heal_status();
RESET ROLE;
SELECT nself_revoke_access('PUBLIC');
GRANT regress_heal TO regress_inherits, regress_switches;
SET ROLE regress_inherits;
SELECT nself_access_level();
SET ROLE regress_switches;
SELECT nself_access_level();
RESET ROLE;
SELECT role, level, through, granted_by, note FROM nself_access() WHERE role ~ '^(public|regress)';

-- A level that is taken is gone, another one stays, and with the last one all else goes, whoever gave it.
SELECT nself_grant_access('regress_migrate', 'look');
SELECT nself_revoke_access('regress_migrate', 'migrate');
SELECT nself_revoke_access('regress_look', 'admin');
SELECT nself_revoke_access('regress_look', 'look');
SELECT role, level, through, note FROM nself_access() WHERE role IN ('regress_migrate', 'regress_look');
GRANT EXECUTE ON FUNCTION nself_drift(text, text, boolean) TO regress_admin WITH GRANT OPTION;
SET ROLE regress_admin;
GRANT EXECUTE ON FUNCTION nself_drift(text, text, boolean) TO regress_look;
RESET ROLE;
GRANT SELECT ON nself.expected_state TO regress_look;
SELECT nself_revoke_access('regress_look');
SELECT nself_revoke_access('regress_inherits');
SELECT grantee::regrole, name, privilege FROM nself.rights_held WHERE grantee IN ('regress_look'::regrole, 'regress_inherits'::regrole);
-- The scripts of the extension alone can do it for all.
SELECT nself.reset_access(false);
SET ROLE regress_admin;
SELECT nself_revoke_access('regress_heal'), nself_revoke_access('regress_migrate'), nself_revoke_access('regress_admin');
SELECT nself_access_level();
RESET ROLE;
SELECT count(*) AS held FROM nself.rights_held;
-- Rights are given as the owner of the extension, and nobody's event trigger runs as that. The control: it runs otherwise.
CREATE TABLE ran (who text, tag text);
CREATE FUNCTION spy() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO ran VALUES (current_user, tg_tag); END';
CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION spy();
SELECT nself_grant_access('regress_none', 'look');
SELECT nself_revoke_access('regress_none');
SELECT * FROM ran;
GRANT EXECUTE ON FUNCTION nself_drift(text, text, boolean) TO regress_none;
REVOKE EXECUTE ON FUNCTION nself_drift(text, text, boolean) FROM regress_none;
SELECT * FROM ran;
DROP EVENT TRIGGER spy;
DROP FUNCTION spy();
DROP TABLE ran;
-- It is all in the transaction of its caller.
BEGIN;
SELECT nself_grant_access('regress_none', 'admin');
ROLLBACK;
SELECT count(*) AS held FROM nself.rights_held;
BEGIN READ ONLY;
SELECT nself_grant_access('regress_none', 'admin');
ROLLBACK;
DROP VIEW member;
DROP TABLE tried, call;
DROP FUNCTION try(text);
-- Everybody is meant, also where a role has that name.
CREATE ROLE "PUBLIC";
SELECT nself_grant_access('PUBLIC', 'look');
SELECT role, level, through FROM nself_access() WHERE role IN ('public', 'PUBLIC') ORDER BY role;
SELECT nself_revoke_access('PUBLIC', 'look');
SELECT role, level, through FROM nself_access() WHERE role IN ('public', 'PUBLIC') ORDER BY role;
SELECT nself_grant_access('public', 'look');
DROP ROLE "PUBLIC";
DROP ROLE regress_anon, regress_none, regress_look, regress_heal, regress_migrate, regress_admin, regress_inherits, regress_switches;
