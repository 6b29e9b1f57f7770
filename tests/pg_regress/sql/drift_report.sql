-- The drift report: what differs between the migrations and the live schema, kind by kind.
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;

-- Before any migration is applied there is nothing to compare with. Each function says so, and says what to do.
SELECT * FROM nself_drift();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_drift_not_compared();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_heal();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_heal(true);
\echo :LAST_ERROR_SQLSTATE
SELECT nself_heal_start();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_drift('yesterday');
\echo :LAST_ERROR_SQLSTATE
SELECT enabled, auto_run, last_run_at, last_outcome, drift_items, expected_state_age FROM nself_heal_status();

SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_all.sql', 'content', $$
        CREATE SCHEMA app;
        CREATE SCHEMA spare;
        CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
        CREATE TYPE app.color AS ENUM ('red', 'green');
        CREATE DOMAIN app.email AS text COLLATE "C" DEFAULT 'a@x' NOT NULL CONSTRAINT email_at CHECK (VALUE LIKE '%@%');
        CREATE DOMAIN app.tiny AS int;
        CREATE TYPE app.address AS (street text, zip varchar(10), town text COLLATE "C");
        CREATE TYPE app.point2 AS (x int, y int);
        CREATE SEQUENCE app.numbers AS int START 100 INCREMENT 10 MINVALUE 1 MAXVALUE 9999 CACHE 5 CYCLE;
        CREATE SEQUENCE app.more;
        CREATE TABLE app.parent (id int PRIMARY KEY, code text);
        CREATE TABLE app.child (extra text) INHERITS (app.parent);
        CREATE TABLE app.item (
            id int GENERATED ALWAYS AS IDENTITY (START 5) PRIMARY KEY,
            name text COLLATE "C" NOT NULL,
            plain varchar(20),
            qty int DEFAULT 1,
            twice int GENERATED ALWAYS AS (qty * 2) STORED,
            parent_id int,
            span int4range
        );
        CREATE TABLE app.scratch (a int);
        CREATE TABLE app.gone (a int PRIMARY KEY, b text UNIQUE);
        CREATE TABLE app.log (day date NOT NULL, what text) PARTITION BY RANGE (day);
        CREATE TABLE app.log_1 PARTITION OF app.log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE app.log_2 PARTITION OF app.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE INDEX log_what ON app.log (what);
    $$),
    jsonb_build_object('path', '2_rules.sql', 'content', $$
        ALTER TABLE app.item
            ADD CONSTRAINT item_name_key UNIQUE NULLS NOT DISTINCT (name) INCLUDE (qty),
            ADD CONSTRAINT item_plain_key UNIQUE (plain) DEFERRABLE INITIALLY DEFERRED,
            ADD CONSTRAINT item_parent_fk FOREIGN KEY (parent_id) REFERENCES app.parent ON DELETE CASCADE
                DEFERRABLE INITIALLY IMMEDIATE,
            ADD CONSTRAINT item_qty_check CHECK (qty > 0),
            ADD CONSTRAINT item_later_check CHECK (qty < 1000) NOT VALID,
            ADD CONSTRAINT item_span_excl EXCLUDE USING gist (span WITH &&);
        CREATE INDEX item_lower ON app.item (lower(name) text_pattern_ops, qty DESC) WHERE qty > 5;
        CREATE INDEX item_hash ON app.item USING hash (plain);
        CREATE INDEX item_span ON app.item USING gist (span);
        CREATE UNIQUE INDEX scratch_a ON app.scratch (a);
    $$)));

-- Nothing of a pending migration is drift, unless somebody asks what the whole journal would give.
SELECT version, status FROM nself_migrate_up(max_count => 1);
SELECT count(*) AS drift FROM nself_drift();
SELECT kind, object_type, identity, safety FROM nself_drift('journal');
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
SELECT count(*) AS drift FROM nself_drift(against => 'journal');
SELECT count(*) AS drift FROM nself_drift(NULL);
SELECT * FROM nself_drift_not_compared();
SELECT * FROM nself_heal(true);

-- What is temporary and what is the product's own are not drift.
CREATE TEMP TABLE scribble (a int PRIMARY KEY);
CREATE TEMP SEQUENCE temp_numbers;
CREATE TYPE pg_temp.temp_mood AS ENUM ('sad');
SELECT count(*) AS drift FROM nself_drift();

-- Missing.
BEGIN;
DROP SCHEMA spare;
DROP TYPE app.color, app.point2;
DROP DOMAIN app.tiny;
ALTER DOMAIN app.email DROP CONSTRAINT email_at;
DROP SEQUENCE app.more;
DROP TABLE app.gone, app.log_2;
DROP INDEX app.item_hash, app.log_what;
ALTER TABLE app.item DROP COLUMN plain, DROP CONSTRAINT item_qty_check, DROP CONSTRAINT item_span_excl,
    DROP CONSTRAINT item_parent_fk, ALTER COLUMN qty DROP DEFAULT, ALTER COLUMN name DROP NOT NULL;
-- From PostgreSQL 18 on a NOT NULL has a name.
\set remedy 'regexp_replace(regexp_replace(remedy, $r$ADD CONSTRAINT "\\w+" NOT NULL ("\\w+")$r$, $r$ALTER COLUMN \\1 SET NOT NULL$r$), $r$CONSTRAINT "\\w+" (NOT NULL)$r$, $r$\\1$r$, $r$g$r$)' 
SELECT kind, object_type, identity, expected, actual, :remedy AS remedy, safety, reason FROM nself_drift() \g (format=unaligned)
ROLLBACK;

-- Extra.
BEGIN;
CREATE SCHEMA other;
ALTER TYPE app.mood ADD VALUE 'bored' AFTER 'sad';
CREATE TYPE other.size AS ENUM ('s', 'm');
CREATE DOMAIN other.small AS smallint CHECK (VALUE < 10);
ALTER DOMAIN app.tiny ADD CONSTRAINT tiny_check CHECK (VALUE < 10);
CREATE TYPE other.pair AS (a int, b int);
CREATE SEQUENCE other.counter;
CREATE TABLE other.plain (a int PRIMARY KEY, b text UNIQUE, CHECK (a > 0));
CREATE UNLOGGED TABLE other.quick (a int);
CREATE TABLE other.parts (a int) PARTITION BY LIST (a);
CREATE TABLE app.log_3 PARTITION OF app.log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
ALTER TABLE app.item ADD COLUMN note text COLLATE "C", ADD CONSTRAINT item_note_check CHECK (note <> '');
ALTER TABLE app.scratch ALTER COLUMN a SET DEFAULT 0, ALTER COLUMN a SET NOT NULL;
CREATE INDEX item_qty ON app.item (qty);
SELECT kind, object_type, identity, expected, actual, remedy, safety, reason FROM nself_drift() \g (format=unaligned)
ROLLBACK;

-- Changed.
BEGIN;
ALTER TYPE app.mood RENAME TO mood_old;
CREATE TYPE app.mood AS ENUM ('ok', 'sad', 'happy');
DROP TYPE app.mood_old;
ALTER DOMAIN app.email DROP NOT NULL;
ALTER DOMAIN app.email SET DEFAULT 'b@x';
ALTER DOMAIN app.email DROP CONSTRAINT email_at;
ALTER DOMAIN app.email ADD CONSTRAINT email_at CHECK (VALUE <> '');
DROP DOMAIN app.tiny;
CREATE DOMAIN app.tiny AS smallint;
ALTER TYPE app.address ALTER ATTRIBUTE zip TYPE varchar(12), DROP ATTRIBUTE town;
ALTER SEQUENCE app.numbers INCREMENT 5 NO CYCLE;
ALTER SEQUENCE app.more OWNED BY app.scratch.a;
ALTER TABLE app.scratch SET UNLOGGED;
ALTER TABLE app.child NO INHERIT app.parent;
ALTER TABLE app.log DETACH PARTITION app.log_2;
ALTER TABLE app.item ALTER COLUMN name TYPE text COLLATE "POSIX", ALTER COLUMN plain TYPE text,
    ALTER COLUMN qty SET DEFAULT 2, ALTER COLUMN twice DROP EXPRESSION, ALTER COLUMN id SET GENERATED BY DEFAULT SET START 7;
ALTER TABLE app.item DROP CONSTRAINT item_name_key, ADD CONSTRAINT item_name_key UNIQUE (name),
    DROP CONSTRAINT item_plain_key, ADD CONSTRAINT item_plain_key UNIQUE (plain),
    DROP CONSTRAINT item_qty_check, ADD CONSTRAINT item_qty_check CHECK (qty > 0) NOT VALID,
    ALTER CONSTRAINT item_parent_fk DEFERRABLE INITIALLY DEFERRED;
DROP INDEX app.item_lower, app.item_hash;
CREATE INDEX item_lower ON app.item (lower(name), qty DESC) WHERE qty > 5;
CREATE INDEX item_hash ON app.item USING btree (plain);
SELECT kind, object_type, identity, expected, actual, remedy, safety, reason FROM nself_drift() \g (format=unaligned)
ROLLBACK;
-- A check that is stronger than the migrations left it is no drift.
ALTER TABLE app.item VALIDATE CONSTRAINT item_later_check;
SELECT count(*) AS drift FROM nself_drift();

-- The order of a table's columns is no drift.
ALTER TABLE app.scratch ADD COLUMN b int, DROP COLUMN a;
ALTER TABLE app.scratch ADD COLUMN a int, DROP COLUMN b;
CREATE UNIQUE INDEX scratch_a ON app.scratch (a);
SELECT count(*) AS drift FROM nself_drift();

-- An index that a failed CREATE INDEX CONCURRENTLY left behind looks like one, and serves nobody. It is rebuilt, once
-- the rows let it be.
DROP INDEX app.scratch_a;
INSERT INTO app.scratch (a) VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY scratch_a ON app.scratch (a);
SELECT kind, identity, expected, actual, remedy, safety, reason FROM nself_drift() \g (format=unaligned)
SELECT identity, status, detail FROM nself_heal(true) \g (format=unaligned)
DELETE FROM app.scratch;
SELECT identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT count(*) AS drift FROM nself_drift();

-- A pending migration is not drift, also when somebody made by hand what it will make; a migration that is undone is
-- not expected any more.
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '3_hat.up.sql', 'content', 'CREATE TABLE app.hat (size int);'),
    jsonb_build_object('path', '3_hat.down.sql', 'content', 'DROP TABLE app.hat;')));
SELECT count(*) AS drift FROM nself_drift();
SELECT kind, object_type, identity FROM nself_drift('journal');
CREATE TABLE app.hat (size int);
SELECT kind, object_type, identity FROM nself_drift();
SELECT kind, object_type, identity FROM nself_drift('journal');
DROP TABLE app.hat;
SELECT version, status FROM nself_migrate_up();
SELECT version, status FROM nself_migrate_down();
SELECT count(*) AS drift FROM nself_drift();
