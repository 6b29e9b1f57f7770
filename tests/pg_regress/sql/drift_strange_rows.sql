-- A row of a catalog that no command makes, as a later server may have one: its object is not compared, and named as such.
-- Everything else is.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $m$
    CREATE TABLE strange (a int PRIMARY KEY, b int);
    CREATE INDEX strange_b ON strange (b);
    COMMENT ON COLUMN strange.b IS 'b';
    CREATE TABLE refers (a int REFERENCES strange);
    CREATE TABLE plain (a int, b int);
    CREATE POLICY strange_policy ON plain FOR SELECT USING (true);
    CREATE POLICY good_policy ON plain FOR SELECT USING (true);
    CREATE COLLATION strange_collation FROM "C";
    CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
$m$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
SET allow_system_table_mods = on;
UPDATE pg_class SET relreplident = 'x' WHERE oid = 'strange'::regclass;
UPDATE pg_policy SET polcmd = 'x' WHERE polname = 'strange_policy';
UPDATE pg_collation SET collprovider = 'x' WHERE collname = 'strange_collation';
RESET allow_system_table_mods;
DROP FUNCTION f(int);
DROP POLICY good_policy ON plain;
ALTER TABLE plain DROP COLUMN b;
CREATE TABLE extra (a int);
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, live, expected, unnest(names) AS name FROM nself_drift_not_compared() WHERE names IS NOT NULL;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, safety FROM nself_drift();
