-- Remedies of what heal leaves to a person run as they are, and lead to what the migrations say.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_m.sql', 'content', $m$
    CREATE TABLE r (id int PRIMARY KEY, a int CONSTRAINT r_a UNIQUE);
    CREATE TABLE link (a int CONSTRAINT link_a REFERENCES r (a));
    CREATE FUNCTION n() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON r DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION n();
    CREATE TRIGGER off BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION n();
    ALTER TABLE r DISABLE TRIGGER off;
    CREATE POLICY p ON r AS RESTRICTIVE USING (id > 0);
    CREATE POLICY q ON r FOR SELECT USING (id > 0);
$m$)));
SELECT version, status FROM nself_migrate_up();
DROP TRIGGER late ON r;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON r DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION n();
DROP TRIGGER off ON r;
CREATE TRIGGER off AFTER INSERT ON r FOR EACH ROW EXECUTE FUNCTION n();
ALTER TABLE r DISABLE TRIGGER off;
DROP POLICY p ON r;
CREATE POLICY p ON r AS RESTRICTIVE USING (id > 1);
ALTER POLICY q ON r TO pg_monitor;
ALTER TABLE link DROP CONSTRAINT link_a;
ALTER TABLE r DROP CONSTRAINT r_a, ADD CONSTRAINT r_a UNIQUE NULLS NOT DISTINCT (a);
ALTER TABLE link ADD CONSTRAINT link_a FOREIGN KEY (a) REFERENCES r (a);
SELECT kind, object_type, identity, safety, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT kind, object_type, identity, safety, remedy FROM nself_drift();
-- A key whose index somebody has marked invalid.
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'r_a'::regclass;
SELECT kind, object_type, identity, expected, actual, safety, reason, remedy FROM nself_drift() \gx
SELECT remedy FROM nself_drift() \gexec
SELECT indisvalid FROM pg_index WHERE indexrelid = 'r_a'::regclass;
SELECT kind, object_type, identity FROM nself_drift();
-- What hangs on an extra key is said.
ALTER TABLE r ADD COLUMN b int, ADD CONSTRAINT r_b UNIQUE (b);
CREATE TABLE more (b int CONSTRAINT more_b REFERENCES r (b));
SELECT identity, remedy FROM nself_drift() WHERE identity LIKE 'r_b%';
