-- Only what differs is read, and what has to do with it. What somebody changes in one place may show in the text of
-- another, and parts of a relation are found wherever the server keeps them.
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
SET client_min_messages = error;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $migration$
    CREATE TYPE mood AS ENUM ('calm', 'cross');
    CREATE TYPE pair AS (a int, b int);
    CREATE DOMAIN small AS int CONSTRAINT smallish CHECK (VALUE < 100);
    CREATE SEQUENCE numbers;
    CREATE TABLE owner (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, feels mood DEFAULT 'calm');
    CREATE TABLE thing (id int PRIMARY KEY DEFAULT nextval('numbers'), owner int REFERENCES owner, size int, shape pair,
                        CONSTRAINT sane CHECK (size > 0));
    CREATE TABLE small_thing (CHECK (size < 10)) INHERITS (thing);
    CREATE TABLE log (at date, what text) PARTITION BY RANGE (at);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE INDEX by_size ON thing (size) WHERE size > 5;
    CREATE STATISTICS spread ON size, owner FROM thing;
    CREATE FUNCTION big(s int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT s > 100';
    CREATE FUNCTION count_things() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(size) FROM thing; END;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE VIEW seen AS SELECT o.name, t.size, big(t.size) FROM owner o JOIN thing t ON t.owner = o.id;
    CREATE VIEW seen_again AS SELECT name FROM seen WHERE size > 1;
    CREATE MATERIALIZED VIEW kept AS SELECT size FROM thing;
    CREATE INDEX kept_by_size ON kept (size);
    CREATE TRIGGER touched BEFORE UPDATE ON thing FOR EACH ROW WHEN (OLD.size > NEW.size) EXECUTE FUNCTION touch();
    CREATE RULE nothing AS ON DELETE TO owner DO INSTEAD NOTHING;
    ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON thing USING (EXISTS (SELECT FROM owner o WHERE o.id = thing.owner AND o.name = current_user));
    CREATE PUBLICATION news FOR TABLE owner WHERE (id > 5);
    COMMENT ON STATISTICS spread IS 'said';
    COMMENT ON INDEX by_size IS 'said';
    COMMENT ON SEQUENCE owner_id_seq IS 'said';
    COMMENT ON CONSTRAINT sane ON thing IS 'said';
    COMMENT ON TRIGGER touched ON thing IS 'said';
    COMMENT ON RULE nothing ON owner IS 'said';
    COMMENT ON CONSTRAINT smallish ON DOMAIN small IS 'said';
    COMMENT ON POLICY own ON thing IS 'said';
    COMMENT ON COLUMN pair.a IS 'said';
    COMMENT ON TYPE pair IS 'said';
    GRANT SELECT ON SEQUENCE owner_id_seq TO PUBLIC;
    GRANT SELECT (size) ON thing TO PUBLIC;
$migration$)));
SELECT version, status FROM nself_migrate_up();
SELECT * FROM nself_drift();

-- One change at a time.
CREATE PROCEDURE pg_temp.tell(damage text) LANGUAGE plpgsql AS $$
DECLARE item record;
BEGIN
    EXECUTE damage;
    RAISE NOTICE '%', damage;
    FOR item IN SELECT kind, object_type, identity FROM nself_drift() LOOP
        RAISE NOTICE '    % % %', item.kind, item.object_type, item.identity;
    END LOOP;
    ROLLBACK;
END $$;
\set VERBOSITY terse
SET client_min_messages = notice;
CALL pg_temp.tell('ALTER TABLE thing RENAME size TO extent');
CALL pg_temp.tell('ALTER TABLE owner RENAME TO possessor');
CALL pg_temp.tell('ALTER TYPE mood RENAME VALUE ''calm'' TO ''quiet''');
CALL pg_temp.tell('ALTER SEQUENCE numbers RENAME TO figures');
CALL pg_temp.tell('ALTER FUNCTION big RENAME TO large');
CALL pg_temp.tell('ALTER VIEW seen RENAME size TO extent');
CALL pg_temp.tell('ALTER TYPE pair RENAME ATTRIBUTE a TO c');
CALL pg_temp.tell('COMMENT ON STATISTICS spread IS NULL');
CALL pg_temp.tell('COMMENT ON INDEX by_size IS ''other''');
CALL pg_temp.tell('COMMENT ON SEQUENCE owner_id_seq IS NULL');
CALL pg_temp.tell('COMMENT ON CONSTRAINT sane ON thing IS NULL');
CALL pg_temp.tell('COMMENT ON TRIGGER touched ON thing IS NULL');
CALL pg_temp.tell('COMMENT ON RULE nothing ON owner IS NULL');
CALL pg_temp.tell('COMMENT ON POLICY own ON thing IS NULL');
CALL pg_temp.tell('COMMENT ON CONSTRAINT smallish ON DOMAIN small IS NULL');
CALL pg_temp.tell('COMMENT ON COLUMN pair.a IS NULL');
CALL pg_temp.tell('COMMENT ON TYPE pair IS NULL');
CALL pg_temp.tell('COMMENT ON MATERIALIZED VIEW kept IS ''new''');
CALL pg_temp.tell('COMMENT ON FUNCTION big IS ''new''');
CALL pg_temp.tell('REVOKE SELECT ON SEQUENCE owner_id_seq FROM PUBLIC');
CALL pg_temp.tell('REVOKE SELECT (size) ON thing FROM PUBLIC');
CALL pg_temp.tell('ALTER STATISTICS spread SET STATISTICS 50');
CALL pg_temp.tell('DROP INDEX kept_by_size');
CALL pg_temp.tell('ALTER TABLE log DETACH PARTITION log_1');
CALL pg_temp.tell('ALTER TABLE small_thing NO INHERIT thing');
CALL pg_temp.tell('ALTER TABLE thing ADD COLUMN colour text');
CALL pg_temp.tell('ALTER PUBLICATION news SET TABLE owner WHERE (id > 6)');
CALL pg_temp.tell('CREATE OR REPLACE FUNCTION big(s int) RETURNS boolean LANGUAGE sql IMMUTABLE AS ''SELECT s > 200''');
CALL pg_temp.tell('ALTER TABLE owner ALTER id SET GENERATED BY DEFAULT');
CALL pg_temp.tell('ALTER SEQUENCE owner_id_seq INCREMENT 5');
CALL pg_temp.tell('ALTER TABLE thing SET (toast.autovacuum_enabled = off)');
CALL pg_temp.tell('ALTER DOMAIN small DROP CONSTRAINT smallish');
CALL pg_temp.tell('DROP TABLE log CASCADE');

-- A kind or a state that nobody has heard of is counted, wherever the server shows it.
BEGIN;
SET LOCAL allow_system_table_mods = on;
UPDATE pg_trigger SET tgenabled = 'Z' WHERE tgname = 'touched';
UPDATE pg_attribute SET attstorage = '?' WHERE attrelid = 'owner'::regclass AND attname IN ('name', 'feels');
UPDATE pg_class SET relreplident = '?' WHERE oid = 'owner'::regclass;
UPDATE pg_policy SET polcmd = '?';
UPDATE pg_proc SET proparallel = '?' WHERE proname = 'big';
SELECT * FROM nself_drift_not_compared();
ROLLBACK;
SELECT * FROM nself_drift_not_compared();
