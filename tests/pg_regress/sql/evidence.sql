-- Evidence: migrations that look at what a replay has not. What they did here counts.
SET client_min_messages = warning;
CREATE EXTENSION nself_heal;
-- A kept shadow would need the role.
SET nself.shadow_keep_from = -1;
CREATE TABLE files (path text PRIMARY KEY, content text);
CREATE PROCEDURE add(path text, content text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO files VALUES (path, content);
    PERFORM count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', f.path, 'content', f.content)) FROM files f));
    PERFORM count(*) FROM nself_migrate_up();
END $$;

-- Tables that a migration makes from rows.
CALL add('0001_hub.sql', 'CREATE SCHEMA hub; CREATE TABLE hub.tenant (slug text PRIMARY KEY);');
INSERT INTO hub.tenant VALUES ('a'), ('b');
CALL add('0002_tenants.sql', $m$DO $do$ DECLARE t text; BEGIN
    FOR t IN SELECT slug FROM hub.tenant ORDER BY 1 LOOP
        EXECUTE format('CREATE TABLE hub.%I (id int PRIMARY KEY, who text)', 't_' || t);
        EXECUTE format('CREATE INDEX ON hub.%I (who)', 't_' || t);
        EXECUTE format('COMMENT ON TABLE hub.%I IS %L', 't_' || t, t);
    END LOOP; END $do$ $m$);
RESET client_min_messages;
SELECT * FROM nself_drift();
SELECT version, name, status, expected, actual FROM nself_migrate_verify(replay => true) WHERE status <> 'ok';
-- They are expected: what is lost of them is drift, and healed.
DROP INDEX hub.t_a_who_idx;
DROP TABLE hub.t_b;
SET client_min_messages = warning;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
-- A role that was made because it was not there, with what it may.
CALL add('0005_role.sql', $m$DO $do$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'regress_evidence_reader') THEN
        CREATE ROLE regress_evidence_reader;
        GRANT USAGE ON SCHEMA hub TO regress_evidence_reader;
        GRANT SELECT ON hub.tenant TO regress_evidence_reader;
    END IF; END $do$ $m$);
SELECT kind, object_type, identity FROM nself_drift();
-- A partition that is named after a moment, and a comment with the name of the database.
CALL add('0006_day.sql', $$
    CREATE TABLE log (at timestamptz NOT NULL) PARTITION BY RANGE (at);
    DO $do$ BEGIN EXECUTE format('CREATE TABLE log_%s PARTITION OF log DEFAULT', to_char(clock_timestamp(), 'US')); END $do$;
    DO $do$ BEGIN EXECUTE format('COMMENT ON TABLE log IS %L', current_database()); END $do$;
$$);
SELECT kind, object_type, identity FROM nself_drift();

-- IF NOT EXISTS that meets what somebody made by hand gives what the replay gives.
CREATE TABLE by_hand (a bigint);
CALL add('0007_if.sql', 'CREATE TABLE IF NOT EXISTS by_hand (a int, b text)');
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- What somebody had changed before a migration altered it is not made right by that.
DROP TABLE by_hand;
SELECT object_type, identity, status FROM nself_heal(true);
CALL add('0008_plain.sql', 'CREATE TABLE plain (a int, b int)');
ALTER TABLE plain ALTER COLUMN a TYPE bigint;
CALL add('0009_plain.sql', 'ALTER TABLE plain ADD COLUMN c int');
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
ALTER TABLE plain ALTER COLUMN a TYPE int;
SELECT kind, object_type, identity FROM nself_drift();

-- The sequence of a column is not touched with its table.
CALL add('0011_serial.sql', 'CREATE TABLE serial (id bigserial PRIMARY KEY, note text)');
CALL add('0012_serial.sql', 'ALTER TABLE serial RENAME note TO remark');
CALL add('0013_serial.sql', 'ALTER TABLE serial ALTER remark TYPE varchar(20)');
SELECT kind, object_type, identity FROM nself_drift();
-- A later migration changes, renames and drops them.
CALL add('0110_more.sql', 'ALTER TABLE hub.t_a ADD COLUMN more int; ALTER TABLE hub.t_b RENAME TO u_b;');
SELECT kind, object_type, identity FROM nself_drift();
CALL add('0111_gone.sql', 'DROP TABLE hub.t_a;');
SELECT kind, object_type, identity FROM nself_drift();
SELECT version, regexp_replace(name, 'log_\d+', 'log_*') AS name, status, regexp_replace(expected, '^nself_shadow_.*', 'a shadow') AS expected,
       left(replace(actual, 'MAINTAIN to owner, ', ''), 60) AS actual
  FROM nself_migrate_verify(replay => true) WHERE status <> 'ok';

-- Rows that somebody put right by hand: no replay can repeat that. What happened here counts from there on.
CALL add('0112_p.sql', 'CREATE TABLE p (id int PRIMARY KEY, name text); INSERT INTO p VALUES (1, NULL);');
UPDATE p SET name = 'x';
CALL add('0113_p.sql', 'ALTER TABLE p ALTER COLUMN name SET NOT NULL; CREATE INDEX p_name ON p (name);');
RESET client_min_messages;
SELECT * FROM nself_drift();
SELECT version, name, status, actual FROM nself_migrate_verify(replay => true) WHERE version IN ('0112', '0113');
SET client_min_messages = warning;
DROP INDEX p_name;
ALTER TABLE p ALTER COLUMN name DROP NOT NULL;
CREATE TABLE extra (a int);
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
DROP TABLE extra;
-- And it goes on.
CALL add('0114_p.sql', 'ALTER TABLE p ADD COLUMN more text; CREATE VIEW names AS SELECT name FROM p;');
SELECT kind, object_type, identity FROM nself_drift();
DROP VIEW names;
SELECT object_type, identity, status FROM nself_heal(true);
-- A migration that wants rows to be there.
CALL add('0115_rows.sql', $m$DO $do$ BEGIN IF NOT EXISTS (SELECT FROM p) THEN RAISE 'nobody'; END IF; END $do$; CREATE TABLE last (a int);$m$);
SELECT kind, object_type, identity FROM nself_drift();

-- What follows a touched table, or names what has another name since, was not touched itself.
CALL add('0120_follows.sql', $$
    CREATE TABLE list (kind text NOT NULL, note text) PARTITION BY LIST (kind);
    CREATE TABLE list_a PARTITION OF list FOR VALUES IN ('a');
    CREATE TYPE spot AS (x int);
    CREATE TABLE spots OF spot;
    CREATE VIEW notes AS SELECT note FROM list;
$$);
CALL add('0121_follows.sql', $$
    ALTER TABLE list ADD COLUMN more int;
    ALTER TABLE list ADD CHECK (more > 0);
    CREATE INDEX ON list (more);
    ALTER TYPE spot ADD ATTRIBUTE y int CASCADE;
$$);
SELECT kind, object_type, identity FROM nself_drift();
CALL add('0122_follows.sql', 'ALTER TABLE list RENAME note TO remark; ALTER TYPE spot RENAME ATTRIBUTE y TO z CASCADE');
SELECT kind, object_type, identity FROM nself_drift();

-- Without event triggers the schema is read before and after each migration.
CREATE TABLE q (a int);
INSERT INTO q VALUES (1);
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
CALL add('0130_blind.sql', $m$DO $do$ BEGIN IF EXISTS (SELECT FROM p) THEN CREATE TABLE blind (a int); END IF; END $do$ $m$);
-- Of two at once it is known which of them made what. The hand-made table is nobody's.
INSERT INTO files VALUES ('0131_blind.sql', $m$DO $do$ BEGIN IF EXISTS (SELECT FROM q) THEN CREATE TABLE first (a int CHECK (a > 0)); CREATE INDEX by_a ON first (a);
    COMMENT ON TABLE first IS 'made blindly'; CREATE VIEW of_first AS SELECT a FROM first; CREATE FUNCTION f_blind() RETURNS int LANGUAGE sql AS 'SELECT 1'; END IF; END $do$ $m$);
CALL add('0132_blind.sql', $m$DO $do$ BEGIN IF EXISTS (SELECT FROM q) THEN ALTER TABLE first ADD COLUMN b int; CREATE TABLE second (a int); DROP TABLE blind; END IF; END $do$ $m$);
SELECT e.evidence ->> 'versions' AS versions, t.key AS touched, t.value AS by
  FROM (SELECT evidence FROM nself.evidence ORDER BY ledger_id DESC LIMIT 1) e, json_each_text(e.evidence -> 'touched') t ORDER BY 2;
SELECT kind, object_type, identity FROM nself_drift();
DROP TABLE second;
DROP INDEX by_a;
SELECT object_type, identity, status FROM nself_heal(true);
ALTER EVENT TRIGGER nself_note_ddl ENABLE;
SELECT kind, object_type, identity FROM nself_drift();
-- How something was before a migration that was not seen counts no more, where the replay knows of it.
SELECT count(*) FROM nself_baseline('0132', confirm => true);
CALL add('0201_seen.sql', 'ALTER TABLE plain ADD COLUMN seen int');
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
CALL add('0202_blind.sql', 'ALTER TABLE plain ADD COLUMN unseen int');
DELETE FROM nself.evidence WHERE ledger_id = (SELECT max(id) FROM nself.ledger);
SELECT kind, object_type, identity FROM nself_drift();
ALTER EVENT TRIGGER nself_note_ddl ENABLE;
CALL add('0203_seen.sql', 'ALTER TABLE plain ADD COLUMN seen_again int');
SELECT kind, object_type, identity FROM nself_drift();
SELECT direction, count(*) FROM nself.ledger GROUP BY 1 ORDER BY 1;
-- A role that is gone gets nothing, and owns nothing.
CREATE ROLE regress_evidence_owner;
CALL add('0204_role.sql', $$CREATE SCHEMA of_role AUTHORIZATION regress_evidence_owner; GRANT SELECT ON plain TO regress_evidence_owner;
    CREATE TABLE of_role.t (a int PRIMARY KEY); ALTER TABLE of_role.t OWNER TO regress_evidence_owner;$$);
DROP OWNED BY regress_evidence_owner, regress_evidence_reader;
DROP ROLE regress_evidence_owner, regress_evidence_reader;
SELECT kind, object_type, identity, safety, reason FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
CREATE ROLE regress_evidence_owner;
CREATE ROLE regress_evidence_reader;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
DROP OWNED BY regress_evidence_owner, regress_evidence_reader;
DROP ROLE regress_evidence_owner, regress_evidence_reader;

-- What somebody did to a part of a table stays drift when a later migration touches the table.
CALL add('0301_parts.sql', 'CREATE TABLE parts (a int); CREATE INDEX parts_a ON parts (a); ALTER TABLE parts ADD CONSTRAINT positive CHECK (a > 0);
    COMMENT ON TABLE parts IS ''of many parts''; GRANT SELECT ON parts TO PUBLIC; CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NEW; END'';
    CREATE TRIGGER stamp BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION stamp(); CREATE INDEX parts_twice ON parts ((a * 2))');
SELECT count(*) AS drift FROM nself_drift() WHERE identity ~ 'parts';
DROP INDEX parts_a;
ALTER TABLE parts DROP CONSTRAINT positive;
COMMENT ON TABLE parts IS NULL;
REVOKE SELECT ON parts FROM PUBLIC;
GRANT INSERT ON parts TO PUBLIC;
ALTER TABLE parts DISABLE TRIGGER stamp;
ALTER INDEX parts_twice SET (fillfactor = 60);
CALL add('0302_parts.sql', 'ALTER TABLE parts ADD COLUMN b int');
SELECT kind, object_type, identity FROM nself_drift() WHERE identity ~ 'parts';
-- An index that a later migration makes a key is no index any more.
CALL add('0303_key.sql', 'CREATE TABLE of_key (a int NOT NULL); CREATE UNIQUE INDEX "Of key" ON of_key (a)');
CALL add('0304_key.sql', 'ALTER TABLE of_key ADD CONSTRAINT "Of key" PRIMARY KEY USING INDEX "Of key"');
SELECT kind, object_type, identity FROM nself_drift() WHERE identity ~* 'of.key';
-- What is said of something goes with it.
CALL add('0305_said.sql', $m$
    CREATE SCHEMA said; COMMENT ON SCHEMA said IS 'x'; GRANT USAGE ON SCHEMA said TO PUBLIC;
    CREATE FUNCTION said.f(a varchar) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION said.f IS 'x'; REVOKE ALL ON FUNCTION said.f FROM PUBLIC;
    CREATE TYPE said.e AS ENUM ('a'); COMMENT ON TYPE said.e IS 'x'; REVOKE ALL ON TYPE said.e FROM PUBLIC;
    CREATE TYPE said.c AS (a int); COMMENT ON TYPE said.c IS 'x'; COMMENT ON COLUMN said.c.a IS 'x';
    CREATE DOMAIN said.d AS int CONSTRAINT positive CHECK (VALUE > 0); COMMENT ON CONSTRAINT positive ON DOMAIN said.d IS 'x';
    CREATE VIEW said.v AS SELECT 1 AS a; COMMENT ON VIEW said.v IS 'x'; COMMENT ON COLUMN said.v.a IS 'x'; GRANT SELECT ON said.v TO PUBLIC;
    CREATE SEQUENCE said.s; COMMENT ON SEQUENCE said.s IS 'x';
    CREATE TABLE said.t (a int CONSTRAINT positive CHECK (a > 0)); COMMENT ON CONSTRAINT positive ON said.t IS 'x'; COMMENT ON COLUMN said.t.a IS 'x';
    CREATE INDEX t_a ON said.t (a); COMMENT ON INDEX said.t_a IS 'x';
    CREATE FUNCTION said.tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER tg BEFORE INSERT ON said.t FOR EACH ROW EXECUTE FUNCTION said.tf(); COMMENT ON TRIGGER tg ON said.t IS 'x';
    CREATE POLICY p ON said.t; COMMENT ON POLICY p ON said.t IS 'x';
    CREATE TEXT SEARCH DICTIONARY said.dict (TEMPLATE = simple); COMMENT ON TEXT SEARCH DICTIONARY said.dict IS 'x';
    CREATE FOREIGN DATA WRAPPER said_fdw; COMMENT ON FOREIGN DATA WRAPPER said_fdw IS 'x'; GRANT USAGE ON FOREIGN DATA WRAPPER said_fdw TO PUBLIC;
    CREATE AGGREGATE said.agg(int) (SFUNC = int4pl, STYPE = int); COMMENT ON AGGREGATE said.agg(int) IS 'x'$m$);
CALL add('0306_unsaid.sql', $m$
    DROP FUNCTION said.f; DROP TYPE said.e; DROP TYPE said.c; DROP DOMAIN said.d; DROP VIEW said.v; DROP SEQUENCE said.s; DROP AGGREGATE said.agg(int);
    DROP TEXT SEARCH DICTIONARY said.dict; DROP FOREIGN DATA WRAPPER said_fdw; DROP TRIGGER tg ON said.t; DROP POLICY p ON said.t; DROP INDEX said.t_a;
    ALTER TABLE said.t DROP COLUMN a$m$);
SELECT kind, object_type, identity FROM nself_drift() WHERE identity ~ 'said';
CALL add('0307_gone.sql', 'DROP SCHEMA said CASCADE');
SELECT kind, object_type, identity FROM nself_drift() WHERE identity ~ 'said';
