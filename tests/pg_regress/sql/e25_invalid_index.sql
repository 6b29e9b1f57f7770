-- E25: a CREATE UNIQUE INDEX CONCURRENTLY that fails leaves an index behind that serves nobody; the same with IF NOT EXISTS
-- then skips and says it succeeded. An index that is there and not valid is drift, and is rebuilt.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    CREATE TABLE t (a int, b int, note text);
    CREATE UNIQUE INDEX t_a ON t (a);
    CREATE INDEX t_note ON t (note);
    CREATE TABLE r (a int CONSTRAINT r_a_fk REFERENCES t (a));
$$)));
SELECT version, status FROM nself_migrate_up();
DROP INDEX t_a CASCADE;
INSERT INTO t VALUES (1, 1, 'x'), (1, 2, 'y'), (2, 3, 'z');
CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);
SELECT indisvalid, indisready FROM pg_index WHERE indexrelid = 't_a'::regclass;
SELECT kind, object_type, identity, expected, actual, safety, reason, remedy FROM nself_drift() \g (format=unaligned)
-- The rows are still in the way: told, with a query that finds them, and nothing is done.
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass;
-- The rows are put right.
UPDATE t SET a = 3 WHERE b = 2;
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT indisvalid, indisready, indisunique FROM pg_index WHERE indexrelid = 't_a'::regclass;
SELECT kind, object_type, identity FROM nself_drift();
INSERT INTO t VALUES (1, 4, 'again');
-- An invalid index of the right name and another definition is not rebuilt as if it were the right one.
DROP INDEX t_note;
INSERT INTO t VALUES (9, 1, 'w');
CREATE UNIQUE INDEX CONCURRENTLY t_note ON t (b);
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true);
DROP INDEX t_note;
SELECT object_type, identity, status FROM nself_heal(true);
-- An invalid one that no migration knows does not count as the same under another name.
DROP INDEX t_a CASCADE;
UPDATE t SET a = 1;
CREATE UNIQUE INDEX CONCURRENTLY left_over ON t (a);
UPDATE t SET a = b + length(note) * 10 + ascii(note) * 100;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, safety FROM nself_drift();
