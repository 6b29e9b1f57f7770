-- A constraint whose own triggers somebody has switched off is not checked: that is one item of the constraint, for a person.
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    CREATE TABLE a (id int PRIMARY KEY);
    CREATE TABLE b (id int PRIMARY KEY, a int CONSTRAINT b_fk REFERENCES a ON DELETE CASCADE, n int CONSTRAINT b_n UNIQUE DEFERRABLE);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER on_b BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER off_b BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION note();
    ALTER TABLE b DISABLE TRIGGER off_b;
    CREATE TABLE p (id int, a int CONSTRAINT p_fk REFERENCES a) PARTITION BY LIST (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    CREATE TABLE q (id int PRIMARY KEY, b int CONSTRAINT q_fk REFERENCES b);
    ALTER TABLE q DISABLE TRIGGER ALL;
$$)));
SELECT version, status FROM nself_migrate_up();
-- What the migrations switched off is expected.
SELECT count(*) AS drift FROM nself_drift();
-- Of the table that refers: the constraint that can wait is not checked either, and a user's trigger does not fire.
ALTER TABLE b DISABLE TRIGGER ALL;
INSERT INTO b VALUES (1, 999, 1);
\x on
SELECT kind, object_type, identity, expected, actual, safety, reason, remedy FROM nself_drift();
\x off
SELECT object_type, live, expected FROM nself_drift_not_compared();
-- A heal lets a user's trigger fire again, as ever, and leaves the rest to a person.
SELECT object_type, identity, status FROM nself_heal(true);
SELECT tgname::text !~ '^on_b' AS server_s, tgenabled, count(*) FROM pg_trigger WHERE tgrelid = 'b'::regclass AND tgname <> 'off_b' GROUP BY 1, 2 ORDER BY 1, 2;
-- The remedies lead back, and leave a user's triggers as they are.
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
DELETE FROM b;
INSERT INTO b VALUES (1, 999, 1);
-- Of the table that is referred to: nothing cascades any more.
ALTER TABLE a DISABLE TRIGGER ALL;
SELECT kind, identity, expected, actual, safety, remedy FROM nself_drift();
ALTER TABLE a ENABLE TRIGGER ALL;
SELECT count(*) AS drift FROM nself_drift();
-- Of one partition.
ALTER TABLE p1 DISABLE TRIGGER ALL;
SELECT kind, identity, expected, actual, safety, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
-- One trigger alone, in another way.
DO $$ BEGIN
    EXECUTE (SELECT format('ALTER TABLE b ENABLE ALWAYS TRIGGER %I', tgname) FROM pg_trigger
              WHERE tgrelid = 'b'::regclass AND tgtype & 4 <> 0 AND tgconstraint = (SELECT oid FROM pg_constraint WHERE conname = 'b_fk'));
    EXECUTE (SELECT format('ALTER TABLE b ENABLE REPLICA TRIGGER %I', tgname) FROM pg_trigger
              WHERE tgrelid = 'b'::regclass AND tgconstraint = (SELECT oid FROM pg_constraint WHERE conname = 'b_n'));
END $$;
SELECT kind, identity, expected, actual, safety, remedy FROM nself_drift();
ALTER TABLE b ENABLE TRIGGER ALL;
ALTER TABLE b DISABLE TRIGGER off_b;
-- Somebody switches on what the migrations switched off: the remedy switches it off.
ALTER TABLE q ENABLE TRIGGER ALL;
SELECT kind, identity, expected, actual, safety, reason, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
-- What a heal makes anew is checked; that the migrations did not want that is told.
ALTER TABLE q DROP CONSTRAINT q_fk;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, identity, expected, actual, safety FROM nself_drift();
-- Who switched it off is named.
DROP TABLE q;
SET nself.capture_ddl = on;
ALTER TABLE a DISABLE TRIGGER ALL;
SELECT identity, changed_by = current_user AS by_us, command FROM nself_drift() WHERE object_type = 'table constraint';
