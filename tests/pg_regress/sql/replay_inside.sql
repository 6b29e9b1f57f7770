-- A replay reads and changes nothing outside its shadow database, whatever calls what reaches outside: a query, DO, a
-- function, a default, a trigger, a view. What it leaves out, it lists. Each part first shows that the migration itself
-- did reach outside.
-- Needs extensions: dblink file_fdw pg_surgery postgres_fdw
CREATE EXTENSION nself_heal;
-- No evidence: the replay is the only witness here.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
SET nself.shadow_keep_from = -1;
SET client_min_messages = error;
SET statement_timeout = '60s';
CREATE DATABASE regress_far;
\c regress_far
CREATE TABLE log (id serial, what text);
CREATE TABLE part (a int, b text);
\c regress_replay_inside
SET nself.capture_ddl = off;
SET nself.shadow_keep_from = -1;
SET client_min_messages = error;
SET statement_timeout = '60s';
-- In the data directory: servers of other versions run this test at the same time.
COPY (SELECT 1, 'one') TO PROGRAM 'cat >regress_replay_inside.csv' (FORMAT csv);

CREATE FUNCTION pg_temp.migrate(path text, content text) RETURNS TABLE (version text, status text) LANGUAGE sql AS $$
    SELECT nself_journal_put(jsonb_build_array(jsonb_build_object('path', path, 'content',
        replace(content, '@sockets@', current_setting('unix_socket_directories')))));
    SELECT version, status FROM nself_migrate_up();
$$;
SELECT * FROM pg_temp.migrate('1_extensions.sql', $$
    CREATE EXTENSION dblink;
    CREATE EXTENSION postgres_fdw;
    CREATE EXTENSION file_fdw;
    CREATE EXTENSION pg_surgery;
    CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '@sockets@', dbname 'regress_far');
    CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'postgres');
    CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
$$);
DELETE FROM nself.evidence;

-- Sessions that a migration ends, one for each way to do it, and one that listens.
CREATE FUNCTION pg_temp.connect() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(dblink_connect(way, format('host=%s dbname=regress_replay_inside user=postgres application_name=regress_%s',
        current_setting('unix_socket_directories'), way)))
      FROM unnest(ARRAY['query', 'do', 'plpgsql', 'sql', 'default', 'trigger', 'view', 'call', 'alias',
        'operator', 'rule', 'listener']) way
$$;
CREATE VIEW pg_temp.sessions AS
    SELECT application_name FROM pg_stat_activity WHERE application_name ~ '^regress_' AND pid <> pg_backend_pid();
SELECT pg_temp.connect();
SELECT dblink_exec('listener', 'LISTEN news');
SELECT * FROM pg_temp.migrate('2_sessions.sql', $$
    LISTEN nobody_tells;
    NOTIFY news, 'by command';
    SELECT pg_notify('news', 'by function');
    SELECT pg_advisory_xact_lock(4711);
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'regress_query';
    DO $do$ BEGIN
        IF NOT pg_terminate_backend((SELECT pid FROM pg_stat_activity WHERE application_name = 'regress_do'), 10000) THEN
            RAISE 'nobody is there';
        END IF;
    END $do$;
    CREATE FUNCTION pid_of(name text) RETURNS int LANGUAGE sql AS
        'SELECT pid FROM pg_stat_activity WHERE application_name = name';
    CREATE FUNCTION end_plpgsql() RETURNS bool LANGUAGE plpgsql AS
        'BEGIN RETURN pg_terminate_backend(pid_of(''regress_plpgsql''), 10000); END';
    CREATE FUNCTION end_sql(name text) RETURNS bool LANGUAGE sql AS 'SELECT pg_terminate_backend(pid_of(name), 10000)';
    CREATE FUNCTION end_by_trigger() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pid_of(''regress_trigger''), 10000); RETURN new; END';
    CREATE PROCEDURE nop(bool) LANGUAGE plpgsql AS 'BEGIN END';
    CREATE VIEW ended AS SELECT pg_terminate_backend(pid_of('regress_view'), 10000) AS ended;
    CREATE FUNCTION alias(int, bigint) RETURNS bool STRICT LANGUAGE internal AS 'pg_terminate_backend';
    CREATE OPERATOR <!> (FUNCTION = pg_terminate_backend, LEFTARG = int, RIGHTARG = bigint);
    CREATE TABLE ends (a int, ended bool DEFAULT end_sql('regress_default'));
    CREATE RULE ends AS ON INSERT TO ends DO ALSO SELECT pg_terminate_backend(pid_of('regress_rule'), 10000);
    CREATE TRIGGER ends BEFORE INSERT ON ends FOR EACH ROW EXECUTE FUNCTION end_by_trigger();
$$);
DELETE FROM nself.evidence;
SELECT * FROM pg_temp.migrate('3_calls.sql', $$
    SELECT end_plpgsql(), end_sql('regress_sql'), alias(pid_of('regress_alias'), 10000);
    INSERT INTO ends VALUES (1);
    CREATE TABLE from_view AS SELECT ended FROM ended;
    SELECT pid_of('regress_operator') <!> 10000::bigint;
    CALL nop(pg_terminate_backend(pid_of('regress_call'), 10000));
$$);
DELETE FROM nself.evidence;
SELECT * FROM pg_temp.sessions;
SELECT extra FROM dblink_get_notify('listener') ORDER BY extra;
SELECT count(dblink_disconnect(c)) FROM unnest(dblink_get_connections()) c;
SELECT pg_temp.connect();
SELECT dblink_exec('listener', 'LISTEN news');
SELECT * FROM dblink('listener', 'SELECT pg_advisory_lock(4711)') AS t(locked text);
SELECT pg_try_advisory_lock(4711);
SELECT * FROM nself_drift();
SELECT count(*) AS still_there FROM pg_temp.sessions;
SELECT extra FROM dblink_get_notify('listener');
SELECT * FROM nself_replay_left_out();
SELECT count(dblink_disconnect(c)) FROM unnest(dblink_get_connections()) c;

-- Rows that are elsewhere: none more, none read.
SELECT * FROM pg_temp.migrate('4_far.sql', $$
    CREATE FOREIGN TABLE far_log (id int, what text) SERVER far OPTIONS (table_name 'log', use_remote_estimate 'true');
    INSERT INTO far_log VALUES (1, 'insert'), (2, 'insert');
    CREATE TABLE parts (a int, b text) PARTITION BY RANGE (a);
    CREATE TABLE near_part PARTITION OF parts FOR VALUES FROM (0) TO (10);
    CREATE FOREIGN TABLE far_part PARTITION OF parts FOR VALUES FROM (10) TO (20) SERVER far OPTIONS (table_name 'part');
    INSERT INTO parts VALUES (1, 'near'), (11, 'far');
    UPDATE parts SET b = b || '!';
    DO 'DECLARE got int; BEGIN INSERT INTO far_log VALUES (3, ''do'') RETURNING id INTO STRICT got; END';
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO far_log VALUES (4, TG_OP); RETURN new; END';
    CREATE TRIGGER tell AFTER INSERT ON near_part FOR EACH ROW EXECUTE FUNCTION tell();
    INSERT INTO parts VALUES (2, 'near');
    SELECT dblink_exec('host=@sockets@ dbname=regress_far user=postgres', 'INSERT INTO log VALUES (5, ''dblink'')');
    CREATE TABLE copies AS SELECT n FROM dblink('host=@sockets@ dbname=regress_far user=postgres', 'SELECT 1') AS t(n int);
    INSERT INTO copies SELECT id FROM far_log WHERE id = 2;
    CREATE FOREIGN TABLE from_file (a int, b text) SERVER files OPTIONS (filename 'regress_replay_inside.csv', format 'csv');
    CREATE TABLE lines AS SELECT * FROM from_file;
    ANALYZE far_log;
    WITH gone AS (DELETE FROM far_log WHERE id = 1 RETURNING id) SELECT count(*) FROM gone;
$$);
DELETE FROM nself.evidence;
SELECT * FROM pg_temp.migrate('5_decides.sql', $$
    DO 'BEGIN IF EXISTS (SELECT FROM far_log) THEN CREATE TABLE decided (a int); END IF; END';
    CREATE SCHEMA imported;
    IMPORT FOREIGN SCHEMA public LIMIT TO (log) FROM SERVER far INTO imported;
$$);
DELETE FROM nself.evidence;
CREATE FUNCTION pg_temp.far() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s %s', id, what) FROM far_log UNION ALL SELECT format('%s %s', a, b) FROM far_part ORDER BY 1
$$;
SELECT * FROM pg_temp.far();
SELECT * FROM copies;
SELECT * FROM lines;
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm regress_replay_inside.csv';
SELECT * FROM from_file;
SELECT kind, object_type, identity FROM nself_drift();
DELETE FROM nself.expected_state;
SELECT count(*) FROM nself_drift();
SELECT * FROM pg_temp.far();
SELECT * FROM nself_replay_left_out() WHERE version >= '4';

-- Files, the server, what all databases share, and languages in which everything can be done.
COMMENT ON DATABASE regress_replay_inside IS 'to be killed';
SELECT pg_relation_filenode('pg_shseclabel') AS file \gset
SELECT * FROM pg_temp.migrate('6_server.sql', $$
    CREATE TABLE doc (body text NOT NULL, image oid NOT NULL, lines int NOT NULL);
    SELECT lo_from_bytea(4711, 'text');
    SELECT lo_export(4711, 'regress_replay_inside.lo');
    INSERT INTO doc SELECT pg_read_file('PG_VERSION'), lo_import('regress_replay_inside.lo'), (SELECT count(*) FROM pg_ls_dir('base'));
    SELECT s.size, d.* FROM pg_stat_file('PG_VERSION') s, LATERAL pg_ls_dir('base') WITH ORDINALITY AS d;
    SELECT (pg_stat_file('PG_VERSION')).size, pg_ls_dir('base');
    SELECT slot_name FROM pg_create_physical_replication_slot('regress_replay_inside');
    SELECT pg_replication_origin_create('regress_replay_inside') > 0;
    UPDATE pg_database SET datconnlimit = 7 WHERE datname = 'regress_far';
    INSERT INTO pg_shdescription VALUES ((SELECT oid FROM pg_database WHERE datname = 'regress_far'), 'pg_database'::regclass, 'by insert');
    MERGE INTO pg_database d USING (VALUES (true)) AS v(a) ON d.datname = 'regress_far'
        WHEN MATCHED THEN UPDATE SET datistemplate = a WHEN NOT MATCHED THEN DO NOTHING;
    CREATE LANGUAGE regress_untrusted HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler;
    CREATE FUNCTION by_untrusted() RETURNS void LANGUAGE regress_untrusted AS 'BEGIN CREATE TABLE by_untrusted (); END';
    SELECT by_untrusted();
    DO LANGUAGE regress_untrusted 'BEGIN CREATE TABLE by_untrusted_do (); END';
    CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE regress_untrusted AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER keep_row BEFORE INSERT ON doc FOR EACH ROW EXECUTE FUNCTION keep_row();
    INSERT INTO doc VALUES ('kept', 0, 0);
    DO 'BEGIN IF EXISTS (SELECT FROM doc WHERE body = ''kept'') THEN CREATE TABLE row_was_kept (); END IF; END';
    LOCK TABLE pg_catalog.pg_tablespace IN SHARE MODE;
    -- The server takes its body for the call, and so knows that it is immutable.
    CREATE FUNCTION short(text) RETURNS text LANGUAGE sql AS 'SELECT lower($1)';
    CREATE INDEX doc_short ON doc (short(body));
    SET LOCAL allow_system_table_mods = on;
    TRUNCATE pg_catalog.pg_shseclabel;
    SELECT heap_force_kill('pg_shdescription', array_agg(ctid)) FROM pg_shdescription WHERE description = 'to be killed';
    SELECT spcname FROM pg_tablespace FOR UPDATE;
    CREATE VIEW spaces AS SELECT * FROM pg_tablespace;
    LOCK TABLE spaces IN ACCESS EXCLUSIVE MODE;
$$);
DELETE FROM nself.evidence;
CREATE FUNCTION pg_temp.outside() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'regress_replay_inside'
    UNION ALL SELECT roname FROM pg_replication_origin WHERE roname = 'regress_replay_inside'
    UNION ALL SELECT format('limit %s, template %s, comment %s', datconnlimit, datistemplate, shobj_description(oid, 'pg_database'))
                FROM pg_database WHERE datname = 'regress_far'
$$;
SELECT * FROM pg_temp.outside();
SELECT count(*), pg_relation_filenode('pg_shseclabel') <> :file AS truncated FROM pg_shdescription WHERE description = 'to be killed';
COMMENT ON DATABASE regress_replay_inside IS 'to be killed';
SELECT pg_relation_filenode('pg_shseclabel') AS file \gset
SELECT pg_read_file('regress_replay_inside.lo');
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm regress_replay_inside.lo';
SELECT pg_drop_replication_slot('regress_replay_inside'), pg_replication_origin_drop('regress_replay_inside');
ALTER DATABASE regress_far CONNECTION LIMIT 9 IS_TEMPLATE false;
COMMENT ON DATABASE regress_far IS NULL;
-- Who asks for the replay may hold a lock that the replay would wait for, where the server sees no deadlock.
BEGIN;
LOCK TABLE pg_tablespace IN SHARE MODE;
-- What an untrusted language does to the schema is not known to the replay.
SELECT kind, object_type, identity FROM nself_drift() WHERE identity !~ 'decided|imported';
COMMIT;
SELECT * FROM pg_temp.outside();
SELECT count(*), pg_relation_filenode('pg_shseclabel') <> :file AS truncated FROM pg_shdescription WHERE description = 'to be killed';
SELECT pg_read_file('regress_replay_inside.lo');
SELECT * FROM nself_replay_left_out() WHERE version = '6';

-- The notice counts them, and so it is when the expected schema is known already.
SET client_min_messages = notice;
SELECT count(*) FROM nself_drift();
SET client_min_messages = error;

-- What cannot be left out fails with the reason: the expressions of ALTER TABLE are no query.
SELECT * FROM pg_temp.migrate('7_default.sql', 'ALTER TABLE doc ADD COLUMN reloaded bool DEFAULT pg_reload_conf()');
DELETE FROM nself.evidence;
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
DROP SERVER far CASCADE;
DROP DATABASE regress_far;
