-- What the body of a function speaks of is known to nobody: it is found out by trying, and one heal is enough.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_bodies.sql', 'content', $$
    CREATE SCHEMA app;
    CREATE TABLE app.src (id bigint PRIMARY KEY, code text NOT NULL);
    CREATE MATERIALIZED VIEW app.z_blocker AS SELECT id, code FROM app.src;
    CREATE FUNCTION app.z_helper() RETURNS SETOF app.z_blocker LANGUAGE sql STABLE AS 'SELECT * FROM app.z_blocker';
    CREATE FUNCTION app.wrapper() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM app.z_helper()';
    CREATE MATERIALIZED VIEW app.z_eval AS SELECT app.wrapper() AS n;
    CREATE FUNCTION app.eval() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT n FROM app.z_eval';
    CREATE MATERIALIZED VIEW app.a_eval AS SELECT app.eval() AS n;
    CREATE INDEX ON app.a_eval (n);
$$)));
SELECT version, status FROM nself_migrate_up();
DROP MATERIALIZED VIEW app.a_eval, app.z_eval, app.z_blocker CASCADE;
DROP FUNCTION app.wrapper(), app.eval();
SELECT identity, status FROM nself_heal();
SELECT identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
