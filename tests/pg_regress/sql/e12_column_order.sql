-- E12: a column that was dropped and added again stands last, and its number is another one. The order of a table's columns
-- is no drift; that of an index, a key or a foreign key is.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    CREATE TABLE t (a int, b int, c int, CONSTRAINT t_key UNIQUE (a, b), CONSTRAINT t_check CHECK (b > a));
    CREATE INDEX t_bc ON t (b, c);
    CREATE VIEW v AS SELECT a, b FROM t;
    CREATE TABLE r (x int, y int, CONSTRAINT r_fk FOREIGN KEY (x, y) REFERENCES t (a, b));
    CREATE STATISTICS s ON c, b, a FROM t;
    GRANT SELECT (b, c) ON t TO PUBLIC;
$$)));
SELECT version, status FROM nself_migrate_up();
ALTER TABLE t DROP COLUMN b CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT string_agg(attname || ' ' || attnum, ', ' ORDER BY attnum) AS columns FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- The whole table in another order.
DROP TABLE t, r CASCADE;
CREATE TABLE t (c int, b int, a int, CONSTRAINT t_key UNIQUE (a, b), CONSTRAINT t_check CHECK (b > a));
CREATE TABLE r (y int, gone int, x int, CONSTRAINT r_fk FOREIGN KEY (x, y) REFERENCES t (a, b));
ALTER TABLE r DROP COLUMN gone;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Here the order means something.
ALTER TABLE r DROP CONSTRAINT r_fk, ADD CONSTRAINT r_fk FOREIGN KEY (y, x) REFERENCES t (a, b);
DROP INDEX t_bc;
CREATE INDEX t_bc ON t (c, b);
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() \g (format=unaligned)
ALTER TABLE r DROP CONSTRAINT r_fk;
ALTER TABLE t DROP CONSTRAINT t_key, ADD CONSTRAINT t_key UNIQUE (b, a);
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() WHERE kind = 'changed' \g (format=unaligned)
-- It is counted, and no report speaks of it.
SELECT * FROM nself_drift_not_compared();
