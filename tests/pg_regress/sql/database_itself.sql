-- What belongs to the database itself is no part of a replay, so it is counted and named. What the server brings, and every
-- database has, is compared with what it was at the beginning.
CREATE ROLE regress_database_reader;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int)"}]');
SELECT version, status FROM nself_migrate_up();
SELECT object_type, live, expected, names FROM nself_drift_not_compared();
SELECT current_database() AS db \gset
REVOKE CONNECT ON DATABASE :"db" FROM PUBLIC;
GRANT CREATE ON DATABASE :"db" TO regress_database_reader WITH GRANT OPTION;
ALTER DATABASE :"db" SET work_mem = '5MB';
ALTER ROLE regress_database_reader IN DATABASE :"db" SET search_path = 'nowhere';
COMMENT ON DATABASE :"db" IS 'ours';
SELECT object_type, live, expected, names FROM nself_drift_not_compared();
-- The report says so, too.
SELECT kind, object_type, identity FROM nself_drift();
-- Nothing is left where everything is as in a new database.
GRANT CONNECT ON DATABASE :"db" TO PUBLIC;
REVOKE CREATE ON DATABASE :"db" FROM regress_database_reader;
ALTER DATABASE :"db" RESET work_mem;
ALTER ROLE regress_database_reader IN DATABASE :"db" RESET search_path;
COMMENT ON DATABASE :"db" IS NULL;
SELECT object_type, live, expected, names FROM nself_drift_not_compared();
-- What the server brings.
GRANT USAGE ON LANGUAGE plpgsql TO regress_database_reader;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC;
GRANT SELECT ON pg_authid TO regress_database_reader;
SELECT kind, object_type, identity, actual, safety, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
