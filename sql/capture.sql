-- DDL is noted by event triggers. Where this role may not make those, drift has no culprits, and all else works.
CREATE FUNCTION nself.note_ddl() RETURNS event_trigger LANGUAGE c AS 'MODULE_PATHNAME', 'nself_note_ddl';
COMMENT ON FUNCTION nself.note_ddl() IS
'Refuses or warns of DDL outside a migration, as nself.guard says; a command that commits in the middle, before it begins. Notes a DDL command in nself.ddl_log, if nself.capture_ddl is on and it is not one of nself_heal itself. The noting never fails, and never waits for a lock: what it cannot note it says in the server''s log.';

DO $$
BEGIN
    CREATE EVENT TRIGGER nself_note_ddl ON ddl_command_end EXECUTE FUNCTION nself.note_ddl();
    CREATE EVENT TRIGGER nself_note_drop ON sql_drop EXECUTE FUNCTION nself.note_ddl();
    -- The commands that may commit in the middle, by CONCURRENTLY. An error at their end would leave a part of their work.
    CREATE EVENT TRIGGER nself_guard_begin ON ddl_command_start WHEN TAG IN ('CREATE INDEX', 'DROP INDEX', 'ALTER TABLE')
        EXECUTE FUNCTION nself.note_ddl();
    CREATE EVENT TRIGGER nself_note_rewrite ON table_rewrite EXECUTE FUNCTION nself.note_ddl();
EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN
    RAISE NOTICE 'event triggers are refused here (%), so nself_drift() cannot say who changed what', SQLERRM;
END $$;
