-- E17: partitions have copies of the keys, foreign keys, triggers and indexes of their table. The table's is healed and the
-- copies come with it; a copy is no drift of its own, nor is a partition that rows or a job made.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_parts.sql', 'content', $$
    CREATE TABLE owner (id int PRIMARY KEY);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE ev (day date NOT NULL, id int NOT NULL, owner_id int, note text DEFAULT 'x',
        CONSTRAINT ev_pkey PRIMARY KEY (day, id),
        CONSTRAINT ev_owner_fk FOREIGN KEY (owner_id) REFERENCES owner,
        CONSTRAINT ev_note CHECK (note <> '')) PARTITION BY RANGE (day);
    CREATE INDEX ev_note_idx ON ev (note);
    CREATE TRIGGER ev_touch BEFORE INSERT ON ev FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY LIST (id);
    CREATE TABLE ev_2_a PARTITION OF ev_2 FOR VALUES IN (1, 2);
    CREATE INDEX ev_1_own ON ev_1 (owner_id);
    CREATE TABLE refers (day date, id int, CONSTRAINT refers_fk FOREIGN KEY (day, id) REFERENCES ev);
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Partitions that no migration makes, with all the copies, and one with an index of its own.
CREATE TABLE ev_3 PARTITION OF ev FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
CREATE TABLE ev_2_b PARTITION OF ev_2 DEFAULT;
CREATE INDEX ev_3_own ON ev_3 (owner_id);
INSERT INTO ev SELECT day, 1 FROM unnest('{2026-01-05,2026-02-05,2026-03-05}'::date[]) day;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT object_type, identity FROM nself_ignored() WHERE identity IS NOT NULL;
-- The table's own go: each is one difference and one step, and all partitions have them again.
DROP TRIGGER ev_touch ON ev;
ALTER TABLE ev DROP CONSTRAINT ev_owner_fk, DROP CONSTRAINT ev_note, DROP CONSTRAINT ev_pkey CASCADE;
DROP INDEX ev_note_idx;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT count(*) FILTER (WHERE contype = 'p') AS keys, count(*) FILTER (WHERE contype = 'f') AS foreign_keys, count(*) FILTER (WHERE contype = 'c') AS checks,
       bool_and(convalidated) AS valid
  FROM pg_constraint WHERE conrelid IN (SELECT relid FROM pg_partition_tree('ev')) AND confrelid IN (0, 'owner'::regclass) AND contype IN ('p', 'f', 'c');
SELECT count(*) AS triggers FROM pg_trigger WHERE tgname = 'ev_touch';
SELECT bool_and(indisvalid) AS valid, count(*) AS indexes FROM pg_index WHERE indrelid IN (SELECT relid FROM pg_partition_tree('ev'));
-- A column comes back on the table, and with it on the partitions. What is a partition's own comes back there.
ALTER TABLE ev DROP COLUMN note;
DROP INDEX ev_1_own;
ALTER TABLE ev_2 ALTER COLUMN owner_id SET DEFAULT 7;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
ALTER TABLE ev_2 ALTER COLUMN owner_id DROP DEFAULT;
-- Rows in the way of a foreign key: on older servers it cannot be NOT VALID here, so it is not begun at all.
ALTER TABLE ev DROP CONSTRAINT ev_owner_fk;
UPDATE ev SET owner_id = 99 WHERE day = '2026-03-05';
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
UPDATE ev SET owner_id = NULL;
SELECT object_type, identity, status FROM nself_heal(true);
-- An index on the table alone is not valid until each partition has attached its own: named, with what is to be done.
DROP INDEX ev_note_idx;
CREATE INDEX ev_note_idx ON ONLY ev (note);
SELECT kind, identity, safety, remedy FROM nself_drift() WHERE identity = 'public.ev_note_idx' \g (format=unaligned)
SELECT identity, status FROM nself_heal(true) WHERE identity = 'public.ev_note_idx';
SET client_min_messages = warning;
DO $$
DECLARE part regclass;
BEGIN
    CREATE INDEX IF NOT EXISTS ev_2_note_idx ON ONLY ev_2 (note);
    FOR part IN SELECT relid FROM pg_partition_tree('ev') WHERE isleaf LOOP
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (note)', part || '_note_idx', part);
        EXECUTE format('ALTER INDEX %s ATTACH PARTITION %I', CASE WHEN part::text LIKE 'ev_2%' THEN 'ev_2_note_idx' ELSE 'ev_note_idx' END, part || '_note_idx');
    END LOOP;
    ALTER INDEX ev_note_idx ATTACH PARTITION ev_2_note_idx;
END $$;
RESET client_min_messages;
SELECT kind, object_type, identity FROM nself_drift();
-- The copy of a trigger that somebody disabled on one partition does not fire there: it is switched on again.
ALTER TABLE ev_1 DISABLE TRIGGER ev_touch;
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() WHERE object_type = 'trigger';
SELECT object_type, identity, status FROM nself_heal(true) WHERE object_type = 'trigger';
SELECT tgrelid::regclass AS "table", tgenabled FROM pg_trigger WHERE tgname = 'ev_touch' AND tgenabled <> 'O';
-- A partition that somebody detached has the copies as its own now. It is told, and left; attached again, it is as it was.
ALTER TABLE ev DETACH PARTITION ev_1;
SELECT kind, object_type, identity, safety, remedy FROM nself_drift() WHERE object_type = 'table' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true) WHERE status <> 'manual';
ALTER TABLE ev ATTACH PARTITION ev_1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
SELECT kind, object_type, identity FROM nself_drift();
-- A partition of a migration that somebody dropped comes back, empty, with its copies.
ALTER TABLE ev_2 DETACH PARTITION ev_2_a;
DROP TABLE ev_2_a;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
