-- E28: what has the right name may mean something else, or be switched off: another expression, a disabled trigger that
-- prints like an enabled one, a policy on a table whose row security is off. What only has to be switched on again is
-- switched on, what would have to be replaced is told.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE t (id int PRIMARY KEY, n int, CONSTRAINT c1 CHECK (n > 0), CONSTRAINT c2 UNIQUE (n), CONSTRAINT c3 FOREIGN KEY (n) REFERENCES t (id) ON DELETE CASCADE, CONSTRAINT c4 CHECK (n < 100));
    CREATE TRIGGER on_insert BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TRIGGER on_update BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TRIGGER off_anyway BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION touch();
    ALTER TABLE t DISABLE TRIGGER off_anyway;
    CREATE TRIGGER on_replica BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION touch();
    ALTER TABLE t ENABLE ALWAYS TRIGGER on_replica;
    CREATE RULE quiet AS ON DELETE TO t DO ALSO NOTHING;
    CREATE POLICY own ON t USING (n > 0);
    CREATE POLICY strict ON t AS RESTRICTIVE FOR SELECT TO PUBLIC USING (n > 1);
    ALTER TABLE t ENABLE ROW LEVEL SECURITY;
    ALTER TABLE t FORCE ROW LEVEL SECURITY;
    CREATE FUNCTION fmt(n int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT ''int''';
    CREATE FUNCTION fmt(n anyelement) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT ''any''';
    CREATE TABLE two (id int, by_default text DEFAULT fmt(1), CONSTRAINT formed CHECK (fmt(id) > ''));
    CREATE INDEX of_fmt ON two (fmt(id));
    CREATE VIEW formed AS SELECT fmt(1) AS f;
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Switched off.
SELECT pg_get_triggerdef(oid) AS def FROM pg_trigger WHERE tgname = 'on_insert' \gset
ALTER TABLE t DISABLE TRIGGER on_insert, ENABLE REPLICA TRIGGER on_update, DISABLE RULE quiet, DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
SELECT pg_get_triggerdef(oid) = :'def' AS prints_as_before FROM pg_trigger WHERE tgname = 'on_insert';
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift();
SELECT object_type, identity, ddl, status, detail FROM nself_heal(true) WHERE status <> 'manual' \g (format=unaligned)
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 't';
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 't'::regclass AND NOT tgisinternal ORDER BY tgname;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Another meaning under the same name, for each kind.
ALTER TABLE t DROP CONSTRAINT c1, ADD CONSTRAINT c1 CHECK (n > 5), DROP CONSTRAINT c2, ADD CONSTRAINT c2 CHECK (n > 0),
    DROP CONSTRAINT c3, ADD CONSTRAINT c3 FOREIGN KEY (n) REFERENCES t (id) ON DELETE SET NULL,
    DROP CONSTRAINT c4, ADD CONSTRAINT c4 CHECK (n < 100) NOT VALID;
ALTER TABLE t DISABLE TRIGGER on_replica, ENABLE TRIGGER off_anyway;
DROP TRIGGER on_update ON t;
CREATE TRIGGER on_update AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
DROP POLICY strict ON t;
CREATE POLICY strict ON t AS PERMISSIVE FOR SELECT TO PUBLIC USING (n > 1);
ALTER POLICY own ON t TO CURRENT_USER;
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
-- One text may mean either of two functions: what was made while there was only the one means that one for good.
DROP FUNCTION fmt(int) CASCADE;
ALTER TABLE two ALTER by_default SET DEFAULT fmt(1), ADD CONSTRAINT formed CHECK (fmt(id) > '');
CREATE INDEX of_fmt ON two (fmt(id));
CREATE VIEW formed AS SELECT fmt(1) AS f;
CREATE FUNCTION fmt(n int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT ''int''';
SELECT pg_get_viewdef('formed');
SELECT kind, object_type, identity, expected, actual, safety, reason FROM nself_drift() WHERE identity ~ 'two|form|fmt' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true) WHERE status = 'applied';
SELECT unnest(string_to_array(remedy, E';\n')) FROM nself_drift() WHERE identity ~ 'two|form|fmt' \gexec
SELECT kind, object_type, identity, remedy FROM nself_drift() WHERE identity ~ 'two|form|fmt';
