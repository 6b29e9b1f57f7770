-- The product watches itself: what somebody alters of its own objects, or makes in its schema, is drift like any other.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int)"}]');
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
SELECT count(*) > 100 AS known FROM nself.installed;
-- pg_upgrade makes each view of its printed text, and that is printed as the same text again.
CREATE FUNCTION pg_temp.is_stable(own regclass) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE OR REPLACE TEMP VIEW again AS ' || pg_get_viewdef(own);
    RETURN pg_get_viewdef(own) = pg_get_viewdef('pg_temp.again'::regclass);
END $$;
SELECT pg_temp.is_stable('nself.applied') AS applied \gset
DROP VIEW pg_temp.again;
SELECT pg_temp.is_stable('nself.jobs') AS jobs \gset
DROP VIEW pg_temp.again;
SELECT pg_temp.is_stable('nself.rights_held') AS rights_held \gset
DROP VIEW pg_temp.again;
\echo :applied :jobs :rights_held
SELECT count(*) AS views FROM pg_class WHERE relkind = 'v' AND relnamespace = 'nself'::regnamespace;
-- Each alone.
CREATE FUNCTION pg_temp.alone(statement text) RETURNS TABLE (kind text, object_type text, identity text, safety text, remedy text) LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE statement;
        RETURN QUERY SELECT d.kind, d.object_type, d.identity, d.safety, d.remedy FROM nself_drift() d;
        RAISE EXCEPTION USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
    END;
END $$;
SELECT * FROM pg_temp.alone('CREATE TABLE nself.x (i int PRIMARY KEY, s serial)');
SELECT * FROM pg_temp.alone('CREATE TYPE nself.mood AS ENUM ()');
SELECT * FROM pg_temp.alone('CREATE FUNCTION nself.f() RETURNS int LANGUAGE sql AS ''SELECT 1''');
SELECT * FROM pg_temp.alone('ALTER TABLE nself.ledger ADD COLUMN x int');
SELECT * FROM pg_temp.alone('ALTER TABLE nself.ledger ALTER COLUMN name DROP NOT NULL');
SELECT * FROM pg_temp.alone('ALTER TABLE nself.journal DROP COLUMN snapshot');
SELECT * FROM pg_temp.alone('ALTER TABLE nself.ledger DROP CONSTRAINT ledger_direction_check');
SELECT * FROM pg_temp.alone('CREATE INDEX more ON nself.ledger (name)');
SELECT * FROM pg_temp.alone('DROP INDEX nself.ddl_log_at');
SELECT * FROM pg_temp.alone('ALTER TABLE nself.ledger DISABLE TRIGGER append_only');
SELECT * FROM pg_temp.alone('DROP TRIGGER append_only ON nself.ledger');
SELECT * FROM pg_temp.alone('ALTER TABLE nself.ledger ENABLE TRIGGER others');
SELECT * FROM pg_temp.alone('CREATE RULE quiet AS ON INSERT TO nself.ddl_log DO INSTEAD NOTHING');
SELECT * FROM pg_temp.alone('ALTER TABLE nself.heal_events SET UNLOGGED');
SELECT * FROM pg_temp.alone('ALTER EVENT TRIGGER nself_note_ddl DISABLE');
SELECT * FROM pg_temp.alone('ALTER EXTENSION nself_heal DROP EVENT TRIGGER nself_note_drop; DROP EVENT TRIGGER nself_note_drop');
SELECT * FROM pg_temp.alone('ALTER FUNCTION nself_drift(text, text, boolean) SECURITY DEFINER');
SELECT * FROM pg_temp.alone('CREATE OR REPLACE FUNCTION nself.refuse_change() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''');
SELECT * FROM pg_temp.alone('CREATE OR REPLACE VIEW nself.applied AS SELECT * FROM nself.ledger');
SELECT * FROM pg_temp.alone('TRUNCATE nself.installed');
SELECT * FROM pg_temp.alone('ALTER EXTENSION nself_heal DROP TABLE nself.installed; DROP TABLE nself.installed');
SELECT count(*) AS drift FROM nself_drift();
-- The remedies lead back, and a heal leaves it to a person.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
ALTER TABLE nself.ledger DISABLE TRIGGER append_only;
ALTER TABLE nself.ledger ENABLE REPLICA TRIGGER others;
ALTER TABLE nself.ledger ADD COLUMN x int, DROP CONSTRAINT ledger_direction_check;
DROP INDEX nself.ddl_log_at;
CREATE TABLE nself.x (i int);
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
-- It can be allowed.
CREATE TABLE nself.ours (i int);
INSERT INTO nself.allowed_drift (pattern, reason) VALUES ('nself.ours', 'a test');
SELECT count(*) AS drift FROM nself_drift();
-- Only the script says what is installed.
SELECT nself.note_installed();
