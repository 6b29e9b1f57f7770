-- E26: each kind of step takes a lock of its own strength, until the caller's transaction ends, and a heal waits for it no
-- longer than it is told to. Which lock that is, is what the documentation of nself_heal() says.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TABLE p (id int PRIMARY KEY);
    CREATE TABLE c1 (id int, extra text);
    CREATE TABLE c2 (id int CONSTRAINT c2_check CHECK (id > 0));
    CREATE TABLE c3 (id int CONSTRAINT c3_fk REFERENCES p);
    CREATE TABLE c4 (id int);
    CREATE INDEX c4_idx ON c4 (id);
    CREATE TABLE c5 (id int DEFAULT 7);
    CREATE TABLE c6 (id int);
    CREATE POLICY c6_policy ON c6 USING (true);
    CREATE TABLE c7 (id int);
    ALTER TABLE c7 ENABLE ROW LEVEL SECURITY;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE c8 (id int);
    CREATE TRIGGER c8_touch BEFORE INSERT ON c8 FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TABLE c9 (id int CONSTRAINT c9_key UNIQUE);
    CREATE TABLE untouched (id int);
$$)));
SELECT version, status FROM nself_migrate_up();
ALTER TABLE c1 DROP COLUMN extra;
ALTER TABLE c2 DROP CONSTRAINT c2_check;
ALTER TABLE c3 DROP CONSTRAINT c3_fk;
DROP INDEX c4_idx;
ALTER TABLE c5 ALTER id DROP DEFAULT;
DROP POLICY c6_policy ON c6;
ALTER TABLE c7 DISABLE ROW LEVEL SECURITY;
DROP TRIGGER c8_touch ON c8;
ALTER TABLE c9 DROP CONSTRAINT c9_key;
-- A report and a dry run lock nothing that an application would notice.
BEGIN;
SELECT count(*) AS drift FROM nself_drift();
SELECT count(*) AS planned FROM nself_heal();
SELECT relation::regclass, mode FROM pg_locks
 WHERE pid = pg_backend_pid() AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') AND mode <> 'AccessShareLock';
COMMIT;
-- The strongest lock on each table, and none on a table that nothing is done to.
BEGIN;
SELECT count(*) AS applied FROM nself_heal(true) WHERE status = 'applied';
SELECT c.relname, (array_agg(l.mode ORDER BY array_position('{AccessExclusiveLock,ExclusiveLock,ShareRowExclusiveLock,ShareLock,ShareUpdateExclusiveLock,RowExclusiveLock,RowShareLock,AccessShareLock}', l.mode)))[1] AS strongest
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
 WHERE l.pid = pg_backend_pid() AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND l.mode <> 'AccessShareLock'
 GROUP BY 1 ORDER BY 1;
ROLLBACK;
-- Each step is one statement or two, and checks of the rows that are there do not need the strongest lock.
SELECT identity, ddl FROM nself_heal() WHERE object_type = 'table constraint' \g (format=unaligned)
-- It waits as long as it is told to, and leaves the caller's own setting alone.
SHOW nself.heal_lock_timeout;
SET lock_timeout = '7s';
SELECT count(*) AS applied FROM nself_heal(true) WHERE status = 'applied';
SHOW lock_timeout;
SELECT kind, object_type, identity FROM nself_drift();
