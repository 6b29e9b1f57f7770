-- Since PostgreSQL 17 a partitioned table can have an identity column, and its partitions have it from there, without a
-- sequence of their own.
CREATE EXTENSION nself_heal;
SELECT current_setting('server_version_num')::int < 170000 AS too_old \gset
\if :too_old
    \quit
\endif
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_p.sql', 'content', $m$
    CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY, k int) PARTITION BY LIST (k);
    CREATE TABLE c1 PARTITION OF p FOR VALUES IN (1);
    CREATE TABLE c2 PARTITION OF p FOR VALUES IN (2);
$m$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO p (k) VALUES (1), (2);
SELECT kind, object_type, identity FROM nself_drift();
-- One that somebody makes by hand.
CREATE TABLE by_hand (id int GENERATED ALWAYS AS IDENTITY, k int) PARTITION BY LIST (k);
CREATE TABLE by_hand_1 PARTITION OF by_hand FOR VALUES IN (1);
SELECT kind, object_type, identity FROM nself_drift();
DROP TABLE by_hand;
-- A partition is lost.
DROP TABLE c2;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
INSERT INTO p (k) VALUES (2) RETURNING *;
SELECT kind, object_type, identity FROM nself_drift();
-- One is taken out.
ALTER TABLE p DETACH PARTITION c1;
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift() \gx
SELECT remedy FROM nself_drift() \gexec
SELECT kind, object_type, identity FROM nself_drift();
-- The identity itself is lost: it is given back, and goes on behind the highest number.
ALTER TABLE p ALTER COLUMN id DROP IDENTITY;
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift() \gx
SELECT object_type, identity, status, detail FROM nself_heal(true);
INSERT INTO p (k) VALUES (1) RETURNING *;
SELECT kind, object_type, identity FROM nself_drift();
-- And the column.
ALTER TABLE p DROP COLUMN id;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
INSERT INTO p (k) VALUES (2);
SELECT count(*), count(DISTINCT id) FROM p;
SELECT kind, object_type, identity FROM nself_drift();
