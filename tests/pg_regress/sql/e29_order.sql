-- E29: what is missing stands on what else is missing: a column under an index, that under a foreign key, a function under a
-- default, a policy and a trigger, and two tables each under a foreign key of the other. One heal does all of it, in order.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE SCHEMA z;
    CREATE SCHEMA a;
    CREATE TYPE z.kind AS ENUM ('x', 'y');
    CREATE DOMAIN z.code AS text CHECK (VALUE <> '');
    CREATE FUNCTION z.next(z.code) RETURNS z.code LANGUAGE sql IMMUTABLE AS $f$ SELECT ($1 || '1')::z.code $f$;
    CREATE FUNCTION z.who() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION z.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE a.one (id int PRIMARY KEY, code z.code DEFAULT z.next('a'), k z.kind DEFAULT 'y', two_id int);
    CREATE TABLE a.two (id int, one_id int, one_code z.code, CONSTRAINT two_one FOREIGN KEY (one_id) REFERENCES a.one);
    CREATE UNIQUE INDEX two_key ON a.two (id);
    CREATE UNIQUE INDEX one_code ON a.one (code);
    ALTER TABLE a.one ADD CONSTRAINT one_two FOREIGN KEY (two_id) REFERENCES a.two (id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE a.two ADD CONSTRAINT two_code FOREIGN KEY (one_code) REFERENCES a.one (code);
    CREATE INDEX one_next ON a.one (z.next(code));
    CREATE POLICY own ON a.one USING (id = z.who() AND EXISTS (SELECT FROM a.two WHERE one_id = one.id));
    CREATE TRIGGER touch BEFORE UPDATE ON a.one FOR EACH ROW WHEN (NEW.k = 'x') EXECUTE FUNCTION z.touch();
    CREATE VIEW a.v1 AS SELECT one.id, code, two.id AS two FROM a.one JOIN a.two ON two.one_id = one.id;
    CREATE VIEW a.a_view AS SELECT * FROM a.v1 WHERE id = z.who();
    CREATE FUNCTION a.of_view() RETURNS SETOF a.a_view LANGUAGE sql BEGIN ATOMIC SELECT * FROM a.a_view; END;
    CREATE MATERIALIZED VIEW a.a_mat AS SELECT * FROM a.v1;
    CREATE UNIQUE INDEX a_mat_id ON a.a_mat (id);
    CREATE TABLE a.typed (v a.v1);
    CREATE TABLE a.kid (more int) INHERITS (a.two);
    COMMENT ON FUNCTION a.of_view() IS 'All of it';
    GRANT SELECT ON a.a_view TO PUBLIC;
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SET client_min_messages = warning;
-- Columns go with what was made of them.
ALTER TABLE a.one DROP COLUMN code CASCADE, DROP COLUMN two_id;
ALTER TABLE a.two DROP COLUMN id CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Functions and types.
DROP FUNCTION z.who(), z.next(z.code), z.touch() CASCADE;
DROP TYPE z.kind CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- A table that others refer to.
DROP TABLE a.two CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Everything.
DROP SCHEMA z, a CASCADE;
SELECT count(*) > 20 AS steps, bool_and(status = 'applied') AS all_applied FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- It works: the two tables refer to each other.
BEGIN;
INSERT INTO a.one (id, two_id) VALUES (1, 1);
INSERT INTO a.two VALUES (1, 1, 'a1');
COMMIT;
SELECT * FROM a.of_view();
