-- E4: how the server prints an expression depends on the search_path of whoever asks: app.f() or f(). The report must not,
-- and must tell app.f() from other.f().
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE SCHEMA app;
    CREATE SCHEMA other;
    SET search_path = app, public;
    CREATE TYPE st AS ENUM ('x', 'y');
    CREATE FUNCTION f() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
    CREATE FUNCTION other.f() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
    CREATE TABLE t (a int DEFAULT f(), s st DEFAULT 'x', CONSTRAINT c CHECK (a > f()), CONSTRAINT s CHECK (s <> 'y'));
    CREATE INDEX i ON t ((a + f())) WHERE s = 'x';
    CREATE VIEW v AS SELECT f() AS f, s FROM t WHERE s <> 'y';
    CREATE POLICY p ON t USING (a = f());
    CREATE FUNCTION g(x st DEFAULT 'x') RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT f() WHERE x = 'y'; END;
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SET search_path = app, other, public;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SET search_path = '';
SELECT kind, object_type, identity, expected, actual FROM public.nself_drift();
DELETE FROM nself.expected_state;
SELECT kind, object_type, identity, expected, actual FROM public.nself_drift();

-- What is healed by somebody with such a search_path refers to what it should.
SET search_path = other, app, public;
ALTER TABLE t DROP CONSTRAINT c, DROP COLUMN s CASCADE;
DROP POLICY p ON t;
ALTER TABLE t ALTER a DROP DEFAULT;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();

-- The other function of that name: printed with this search_path, both are f().
ALTER TABLE t ALTER a SET DEFAULT f();
ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > f());
ALTER POLICY p ON t USING (a = f());
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() \g (format=unaligned)
