-- An event trigger runs with the rights of whoever heals. Where its function is somebody's whom that role does not trust, drift,
-- dry run and heal say alike of the commands that fire it that they are not run; of others they say nothing.
CREATE EXTENSION nself_heal;
CREATE ROLE regress_mallory;
SELECT state FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (i int CHECK (i > 0)); CREATE INDEX t_i ON t (i); COMMENT ON TABLE t IS ''things'';"}]');
SELECT status FROM nself_migrate_up();
CREATE FUNCTION hers() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''hers ran as %'', current_user; END';
ALTER FUNCTION hers() OWNER TO regress_mallory;
DROP INDEX t_i;
ALTER TABLE t DROP CONSTRAINT t_i_check;
COMMENT ON TABLE t IS NULL;
CREATE EVENT TRIGGER hers ON ddl_command_end WHEN TAG IN ('CREATE INDEX', 'COMMENT') EXECUTE FUNCTION hers();
SET nself.trusted_authors = '*';
CREATE VIEW said AS SELECT object_type, identity, safety, reason FROM nself_drift() WHERE kind = 'missing' ORDER BY 1;
SELECT * FROM said;
SELECT object_type, identity, status, detail FROM nself_heal() WHERE status <> 'manual' ORDER BY 1;
SELECT object_type, identity, status, detail FROM nself_heal(true) WHERE status <> 'manual' ORDER BY 1;
-- The control: what is switched off, or somebody's who is trusted, is not in the way.
ALTER EVENT TRIGGER hers DISABLE;
SELECT * FROM said;
ALTER EVENT TRIGGER hers ENABLE;
ALTER FUNCTION hers() OWNER TO postgres;
SELECT object_type, identity, status, detail FROM nself_heal(true) WHERE status <> 'manual' ORDER BY 1;
DROP EVENT TRIGGER hers;
DROP FUNCTION hers;
DROP ROLE regress_mallory;
