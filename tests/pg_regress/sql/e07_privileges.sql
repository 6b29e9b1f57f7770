-- E7: privileges that nobody ever touched are kept as nothing, and the same ones after a GRANT and a REVOKE as a list;
-- a list is in the order of the grants. Neither makes a difference to anybody, so neither is drift.
CREATE EXTENSION nself_heal;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
CREATE ROLE regress_e07_a;
CREATE ROLE regress_e07_b;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_acl.sql', 'content', $$
    CREATE SCHEMA app;
    CREATE TABLE app.plain (a int, b int);
    CREATE TABLE app.shared (a int, b int);
    CREATE SEQUENCE app.numbers;
    CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.quiet() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TYPE app.mood AS ENUM ('ok');
    REVOKE EXECUTE ON FUNCTION app.quiet() FROM PUBLIC;
    GRANT SELECT, INSERT ON app.shared TO regress_e07_a;
    GRANT SELECT ON app.shared TO regress_e07_b WITH GRANT OPTION;
    GRANT UPDATE (a, b) ON app.shared TO regress_e07_b;
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Given and taken back.
GRANT ALL ON app.plain, app.numbers TO regress_e07_a;
REVOKE ALL ON app.plain, app.numbers FROM regress_e07_a;
GRANT SELECT (a) ON app.plain TO regress_e07_a;
REVOKE SELECT (a) ON app.plain FROM regress_e07_a;
GRANT USAGE ON SCHEMA app TO regress_e07_a;
REVOKE USAGE ON SCHEMA app FROM regress_e07_a;
GRANT EXECUTE ON FUNCTION app.f() TO regress_e07_a, PUBLIC;
REVOKE EXECUTE ON FUNCTION app.f() FROM regress_e07_a;
GRANT USAGE ON TYPE app.mood TO regress_e07_b;
REVOKE USAGE ON TYPE app.mood FROM regress_e07_b;
SELECT relname, relacl IS NOT NULL AS listed FROM pg_class WHERE relname IN ('plain', 'numbers') ORDER BY relname;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- In another order.
REVOKE ALL ON app.shared FROM regress_e07_a, regress_e07_b, CURRENT_USER;
REVOKE ALL (a, b) ON app.shared FROM regress_e07_b;
GRANT UPDATE (b) ON app.shared TO regress_e07_b;
GRANT SELECT ON app.shared TO regress_e07_b WITH GRANT OPTION;
GRANT INSERT ON app.shared TO regress_e07_a;
GRANT UPDATE (a) ON app.shared TO regress_e07_b;
GRANT SELECT ON app.shared TO regress_e07_a;
GRANT ALL ON app.shared TO CURRENT_USER;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- What does make a difference: a privilege or its grant option gone is given again, one too many is told.
REVOKE INSERT ON app.shared FROM regress_e07_a;
REVOKE GRANT OPTION FOR SELECT ON app.shared FROM regress_e07_b;
REVOKE UPDATE (a) ON app.shared FROM regress_e07_b;
GRANT DELETE ON app.shared TO regress_e07_b;
GRANT EXECUTE ON FUNCTION app.quiet() TO PUBLIC;
REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC;
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift() \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
DROP OWNED BY regress_e07_a, regress_e07_b;
DROP ROLE regress_e07_a, regress_e07_b;
