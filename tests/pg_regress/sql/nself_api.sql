-- Schema nself_api: the calls of this extension for Hasura and PostGraphile, made by one function and dropped by another.
CREATE SCHEMA ext;
CREATE EXTENSION nself_heal SCHEMA ext;
SET search_path = public, ext;
CREATE ROLE regress_api_look;
CREATE ROLE regress_api_heal;
CREATE ROLE regress_api_admin;
CREATE ROLE regress_api_none;
GRANT USAGE ON SCHEMA ext TO PUBLIC;
-- Who has a level before gets its rights with the schema, whatever default privileges say.
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_api_none;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_api_none;
SELECT nself_grant_access('regress_api_look', 'look'), nself_grant_access('regress_api_admin', 'admin');
-- A schema of others is left alone.
CREATE SCHEMA nself_api;
SELECT * FROM nself_api_install();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_api_uninstall();
SELECT version FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int)"}]');
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, remedy, reason FROM nself_drift();
DROP SCHEMA nself_api;
SELECT count(*) AS dropped FROM nself_api_uninstall();
-- Level admin alone makes no schema.
SET ROLE regress_api_look;
SELECT * FROM nself_api_install();
SET ROLE regress_api_admin;
SELECT * FROM nself_api_install();
RESET ROLE;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_api_admin', current_database()); END $$;
SET ROLE regress_api_admin;
SELECT done, object_type, count(*) FROM nself_api_install() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM nself_api_install();
RESET ROLE;
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_api_admin', current_database()); END $$;
-- It is no drift, no ground, and nobody's DDL.
SELECT count(*) AS drift FROM nself_drift();
SELECT object_type, names FROM nself_drift_not_compared();
SELECT count(*) AS ground FROM nself_ground() WHERE identity LIKE '%nself_api%';
SELECT count(*) AS noted FROM nself.ddl_log WHERE objects::text LIKE '%nself_api%' AND tag <> 'CREATE SCHEMA' AND tag <> 'DROP SCHEMA';
-- What is there: nothing of it is a member, all of it is of the owner of the extension, and functions have the rights of who calls.
SELECT count(*) AS functions, count(*) FILTER (WHERE p.prosecdef) AS definer, count(*) FILTER (WHERE p.proowner <> e.extowner) AS of_others,
       count(*) FILTER (WHERE p.provariadic <> 0) AS variadic, count(*) - count(DISTINCT p.proname) AS overloads,
       count(*) FILTER (WHERE p.pronargdefaults < p.pronargs) AS without_defaults, count(*) FILTER (WHERE NOT p.proretset) AS no_sets,
       count(*) FILTER (WHERE obj_description(p.oid, 'pg_proc') IS NULL) AS without_comment,
       count(*) FILTER (WHERE EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')) AS members
  FROM pg_proc p, pg_extension e WHERE p.pronamespace = 'nself_api'::regnamespace AND e.extname = 'nself_heal';
SELECT p.provolatile, p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS returns
  FROM pg_proc p WHERE p.pronamespace = 'nself_api'::regnamespace ORDER BY 1, 2;
INSERT INTO nself_api.started_job VALUES (1);
-- Its queries, in a transaction that may only read.
DROP TABLE t;
SET ROLE regress_api_look;
BEGIN READ ONLY;
SELECT kind, object_type, identity, safety FROM nself_api.drift();
SELECT identity, status FROM nself_api.heal_plan();
SELECT version, name, state FROM nself_api.migrate_status();
SELECT version, status FROM nself_api.migrate_plan();
SELECT version, status FROM nself_api.migrate_verify();
SELECT count(*) FROM nself_api.migrate_rehearse();
SELECT * FROM nself_api.tenant_status();
SELECT * FROM nself_api.tenant_drift();
SELECT * FROM nself_api.drift_not_compared();
SELECT source, pattern FROM nself_api.ignored();
SELECT enabled FROM nself_api.heal_status();
SELECT * FROM nself_api.environment();
COMMIT;
-- A level is what it is elsewhere: confirm asks for more than the call.
SELECT identity, status FROM nself_api.heal();
SELECT identity, status FROM nself_api.heal(confirm => true);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_api.heal_start();
SELECT * FROM nself_api.allow('public.x', 'a test');
SELECT * FROM nself_api.migrate_up();
RESET ROLE;
SET ROLE regress_api_none;
SELECT * FROM nself_api.drift();
RESET ROLE;
-- A level that is given later opens it, too, and one that is taken closes it.
SELECT nself_grant_access('regress_api_heal', 'heal');
SET ROLE regress_api_heal;
SELECT count(*) FROM nself_api.jobs();
SELECT count(*) FROM nself_api.job();
SELECT * FROM nself_api.job_cancel();
RESET ROLE;
SELECT identity, status FROM nself_api.heal(confirm => true);
SELECT trigger, confirmed, outcome FROM nself_api.heal_history();
SELECT step, identity, status FROM nself_api.heal_steps();
SELECT enabled FROM nself_api.heal_disable();
SELECT enabled FROM nself_api.heal_enable();
SELECT * FROM nself_api.allow('public.x', 'a test');
SELECT role, level, note FROM nself_access() WHERE role LIKE 'regress_api%';
SELECT n.right AS held_by_none, count(*) FROM (SELECT CASE WHEN has_schema_privilege('regress_api_none', 'nself_api', 'USAGE') THEN 'schema' END
    UNION ALL SELECT 'table' FROM pg_class WHERE relnamespace = 'nself_api'::regnamespace AND has_table_privilege('regress_api_none', oid, 'SELECT')
    UNION ALL SELECT 'function' FROM pg_proc WHERE pronamespace = 'nself_api'::regnamespace AND has_function_privilege('regress_api_none', oid, 'EXECUTE')) n("right")
 WHERE n.right IS NOT NULL GROUP BY 1;
SELECT nself_revoke_access('regress_api_heal');
SELECT has_schema_privilege('regress_api_heal', 'nself_api', 'USAGE') AS schema, has_function_privilege('regress_api_heal', 'nself_api.jobs(int)', 'EXECUTE') AS function;
-- What is given by hand is no part of a level, and is told.
GRANT EXECUTE ON FUNCTION nself_api.jobs(int) TO regress_api_none;
GRANT INSERT ON nself_api.started_job TO regress_api_look;
REVOKE EXECUTE ON FUNCTION nself_api.job(bigint) FROM regress_api_look;
SELECT role, level, note FROM nself_access() WHERE role LIKE 'regress_api%';
SELECT object_type, live, names FROM nself_drift_not_compared();
SELECT * FROM nself_api_install();
SELECT role, level, note FROM nself_access() WHERE role LIKE 'regress_api%';

-- Who alters one is told, as of the other objects of the product, and a second call makes it as it was.
CREATE FUNCTION pg_temp.told() RETURNS TABLE (kind text, object_type text, identity text, remedy text) LANGUAGE sql
    AS 'SELECT kind, object_type, identity, remedy FROM nself_drift()';
ALTER FUNCTION nself_api.heal(boolean, text[], text, boolean) SECURITY DEFINER;
CREATE OR REPLACE FUNCTION nself_api.environment() RETURNS SETOF nself_api.database_environment LANGUAGE sql STABLE AS 'SELECT ''prod'', ''prod''';
ALTER TABLE nself_api.tenant ADD COLUMN more int;
ALTER TABLE nself_api.started_job DROP CONSTRAINT holds_no_rows;
DROP FUNCTION nself_api.ignored(text);
SELECT * FROM pg_temp.told();
SELECT 'nself_api.drift(text, text, boolean)'::regprocedure::oid AS drift, 'nself_api.environment()'::regprocedure::oid AS environment \gset
SELECT * FROM nself_api_install();
SELECT 'nself_api.drift(text, text, boolean)'::regprocedure::oid = :drift AS drift_stays, 'nself_api.environment()'::regprocedure::oid = :environment AS environment_stays;
SELECT * FROM pg_temp.told();
SELECT role, level, note FROM nself_access() WHERE role LIKE 'regress_api%';
-- A comment may be anybody's: it changes what GraphQL calls things.
COMMENT ON FUNCTION nself_api.drift(text, text, boolean) IS '@name schemaDrift';
SELECT * FROM pg_temp.told();
-- Rows of a user's are never dropped.
ALTER TABLE nself_api.started_job DROP CONSTRAINT holds_no_rows;
INSERT INTO nself_api.started_job VALUES (1);
SELECT * FROM nself_api_install();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_api_uninstall();
DELETE FROM nself_api.started_job;
SELECT * FROM nself_api_install();
-- What a user has put there stays, and so does all of it.
CREATE INDEX ON nself_api.tenant (tenant);
CREATE FUNCTION nself_api.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE nself_api.mood AS ENUM ('ok');
SELECT * FROM pg_temp.told();
SELECT * FROM nself_api_install();
SELECT * FROM nself_api_uninstall();
\echo :LAST_ERROR_SQLSTATE
DROP INDEX nself_api.tenant_tenant_idx;
DROP FUNCTION nself_api.mine();
DROP TYPE nself_api.mood;
-- And what depends on it.
CREATE VIEW v AS SELECT kind FROM nself_api.drift();
SELECT * FROM nself_api_uninstall();
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM v;
DROP VIEW v;
-- A migration cannot call them: its replay has no such function.
SELECT version FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int)"}, {"path": "2_api.sql", "content": "SELECT * FROM ext.nself_api_install()"}]');
SELECT version, status FROM nself_migrate_up();
SELECT version FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int)"}]');
-- An event trigger of somebody whom the owner of the extension does not trust does not run with the owner's rights.
CREATE ROLE regress_api_mallory;
CREATE SCHEMA traps AUTHORIZATION regress_api_mallory;
CREATE FUNCTION traps.trap() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''% runs it'', current_user; END';
ALTER FUNCTION traps.trap() OWNER TO regress_api_mallory;
CREATE EVENT TRIGGER trap ON ddl_command_end EXECUTE FUNCTION traps.trap();
SET client_min_messages = warning;
DROP FUNCTION nself_api.job(bigint);
SELECT * FROM nself_api_install();
\echo :LAST_ERROR_SQLSTATE
DROP EVENT TRIGGER trap;
RESET client_min_messages;
SELECT * FROM nself_api_install();
-- The schema of a tenant it cannot be.
SELECT * FROM nself_tenant_add('nself_api');
-- Without the rows that tell of it, as after a restore of the schema alone, it is taken over.
DELETE FROM nself.installed_api;
SELECT * FROM pg_temp.told();
SELECT * FROM nself_api_uninstall();
SELECT done, object_type, count(*) FROM nself_api_install() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM pg_temp.told();
-- An earlier version's set is told, and replaced.
UPDATE nself.installed_api SET says = 'edition 000000000000' WHERE object_type = 'schema';
SELECT * FROM pg_temp.told();
SELECT done, object_type, count(*) FROM nself_api_install() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM pg_temp.told();
-- Where it was dropped by hand, it is missing until somebody says otherwise.
SET client_min_messages = warning;
DROP SCHEMA nself_api CASCADE;
RESET client_min_messages;
SELECT * FROM pg_temp.told();
SELECT * FROM nself_api_uninstall();
SELECT * FROM pg_temp.told();
SELECT count(*) AS made FROM nself_api_install();
SET ROLE regress_api_admin;
SELECT done, object_type, count(*) FROM nself_api_uninstall() GROUP BY 1, 2 ORDER BY 1, 2;
RESET ROLE;
SELECT to_regnamespace('nself_api') IS NULL AS gone;
SELECT * FROM pg_temp.told();
-- Functions go with the extension; the empty tables stay, and are taken over by the next one.
SELECT count(*) AS made FROM nself_api_install();
DROP EXTENSION nself_heal;
SELECT count(*) AS functions FROM pg_proc WHERE pronamespace = 'nself_api'::regnamespace;
SELECT count(*) > 0 AS tables FROM pg_class WHERE relnamespace = 'nself_api'::regnamespace;
CREATE EXTENSION nself_heal;
SELECT done, object_type, count(*) FROM public.nself_api_install() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS dropped FROM public.nself_api_uninstall();
-- What is there before the first migration is the ground, and this schema is none of it.
SELECT count(*) AS made FROM public.nself_api_install();
SELECT version FROM public.nself_journal_put('[{"path": "1_u.sql", "content": "CREATE TABLE u (a int)"}]');
SELECT version, status FROM public.nself_migrate_up();
SELECT object_type, identity FROM public.nself_ground() WHERE object_type IN ('schema', 'function') ORDER BY 1, 2;
SELECT count(*) AS dropped FROM public.nself_api_uninstall();
SELECT kind, identity FROM public.nself_drift();
