-- What pg_partman's retention drops or detaches is gone on purpose: a heal would make it again, and the next run of the
-- retention would take it away again. Its configuration stands for pg_partman here.
CREATE ROLE regress_retention;
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_ev.sql', 'content', $$
    CREATE SCHEMA partman;
    CREATE TABLE partman.part_config (parent_table text PRIMARY KEY, control text, retention text, retention_keep_table boolean);
    CREATE TABLE ev (id bigint, day date NOT NULL) PARTITION BY RANGE (day);
    CREATE INDEX ev_id ON ev (id);
    CREATE TABLE ev_p1 PARTITION OF ev FOR VALUES FROM ('2026-11-01') TO ('2026-11-02');
    CREATE TABLE ev_p2 PARTITION OF ev FOR VALUES FROM ('2026-11-02') TO ('2026-11-03');
    CREATE TABLE ev_p3 PARTITION OF ev FOR VALUES FROM ('2026-11-03') TO ('2026-11-04') PARTITION BY LIST (id);
    CREATE TABLE ev_p3_a PARTITION OF ev_p3 FOR VALUES IN (1);
    CREATE TABLE ev_p4 PARTITION OF ev FOR VALUES FROM ('2026-11-04') TO ('2026-11-05');
    CREATE TABLE ev_p5 PARTITION OF ev FOR VALUES FROM ('2026-11-05') TO ('2026-11-06');
    CREATE TABLE ev_default PARTITION OF ev DEFAULT;
    COMMENT ON TABLE ev_p1 IS 'the first';
    CREATE TABLE "Numbers" (id bigint NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE numbers_1 PARTITION OF "Numbers" FOR VALUES FROM (0) TO (90);
    CREATE TABLE numbers_2 PARTITION OF "Numbers" FOR VALUES FROM (90) TO (100);
    CREATE TABLE numbers_3 PARTITION OF "Numbers" FOR VALUES FROM (100) TO (200);
$$)));
SELECT version, status FROM nself_migrate_up();
CREATE VIEW pg_temp.ignored AS SELECT kind, object_type, identity, reason FROM nself_ignored() WHERE identity IS NOT NULL;
CREATE VIEW pg_temp.drift AS SELECT kind, object_type, identity, safety FROM nself_drift();

-- Without a retention somebody has dropped it by hand.
INSERT INTO partman.part_config VALUES ('public.ev', 'day', NULL, false), ('public.Numbers', 'id', '100', true);
DROP TABLE ev_p1;
TABLE pg_temp.drift;
UPDATE partman.part_config SET retention = '3 days';
TABLE pg_temp.drift;
TABLE pg_temp.ignored;
-- Dropped with its own partitions; detached, with all that it then has of its own.
DROP TABLE ev_p3;
ALTER TABLE ev DETACH PARTITION ev_p2;
ALTER TABLE "Numbers" DETACH PARTITION numbers_1;
TABLE pg_temp.drift;
TABLE pg_temp.ignored;
SELECT object_type, identity, status FROM nself_heal(true);
-- What is younger than a partition that is left is no work of a retention.
DROP TABLE numbers_3, ev_p5;
TABLE pg_temp.drift;
SELECT object_type, identity, status FROM nself_heal(true);
TABLE pg_temp.drift;
-- Nor is it where nothing is left, nor the table itself.
DROP TABLE numbers_2, numbers_3;
TABLE pg_temp.drift;
SELECT object_type, identity, status FROM nself_heal(true);
-- The word of a role that could not drop the partitions itself counts for nothing.
ALTER TABLE partman.part_config OWNER TO regress_retention;
SELECT kind, object_type, identity, safety FROM nself_drift() WHERE object_type = 'table';
SET nself.compare_owners = off;
-- Whoever uses no pg_partman allows what a job of theirs takes away.
SELECT kind, object_type, identity FROM nself_allow('ev_p*', 'a job drops them after three days');
SELECT kind, object_type, identity, safety FROM nself_drift() WHERE object_type = 'table';
DROP OWNED BY regress_retention;
DROP ROLE regress_retention;
