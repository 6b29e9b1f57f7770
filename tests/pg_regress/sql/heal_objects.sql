-- Whole objects, and what they stand on, come back in the right order.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE SCHEMA app;
    CREATE TYPE app.status AS ENUM ('new', 'open', 'done');
    CREATE DOMAIN app.email AS text CONSTRAINT email_check CHECK (VALUE LIKE '%@%');
    CREATE TYPE app.address AS (street text, zip varchar(10));
    CREATE SEQUENCE app.ticket_seq START 1000;
    CREATE TABLE app.parent (id int PRIMARY KEY, code text UNIQUE);
    CREATE TABLE app.ticket (
        id bigint PRIMARY KEY DEFAULT nextval('app.ticket_seq'),
        parent_code text REFERENCES app.parent (code) ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
        state app.status NOT NULL DEFAULT 'new',
        mail app.email,
        place app.address,
        span int4range,
        CONSTRAINT ticket_span_excl EXCLUDE USING gist (span WITH &&),
        CONSTRAINT ticket_mail_key UNIQUE NULLS NOT DISTINCT (mail) INCLUDE (state)
    );
    ALTER SEQUENCE app.ticket_seq OWNED BY app.ticket.id;
    CREATE INDEX ticket_state ON app.ticket (state DESC NULLS LAST, lower(mail)) INCLUDE (id) WITH (fillfactor = 70)
        WHERE state <> 'done';
    CREATE INDEX ticket_span ON app.ticket USING gist (span);
    CREATE UNLOGGED TABLE app.scratch (a int);
    CREATE TABLE app.event (day date NOT NULL, id int NOT NULL, note text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE app.event_2025 PARTITION OF app.event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE app.event_rest PARTITION OF app.event DEFAULT;
    CREATE INDEX event_note ON app.event (note);
    CREATE TABLE app.child (extra int CHECK (extra > 0)) INHERITS (app.parent);
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();

-- A table goes, with all that hung on it.
DROP TABLE app.parent CASCADE;
SELECT kind, object_type, identity FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();

-- A partitioned table's index goes, and one of its partitions.
DROP INDEX app.event_note;
DROP TABLE app.event_rest;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();
SELECT count(*) AS indexes_of_partitions FROM pg_inherits WHERE inhparent = 'app.event_note'::regclass;

-- A label in the middle of an enum type.
ALTER TYPE app.status RENAME TO status_old;
CREATE TYPE app.status AS ENUM ('new', 'done');
ALTER TABLE app.ticket ALTER COLUMN state DROP DEFAULT;
DROP INDEX app.ticket_state;
ALTER TABLE app.ticket ALTER COLUMN state TYPE app.status USING state::text::app.status;
DROP TYPE app.status_old;
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT enum_range(NULL::app.status);
SELECT count(*) AS drift FROM nself_drift();

-- Everything goes.
INSERT INTO app.parent VALUES (1, 'a');
DROP SCHEMA app CASCADE;
SELECT kind, object_type, identity FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();

-- A sequence that feeds a column with rows goes: the new one begins after them.
INSERT INTO app.ticket (id) VALUES (5000);
DROP SEQUENCE app.ticket_seq CASCADE;
SELECT object_type, identity, status, detail FROM nself_heal(true);
INSERT INTO app.ticket (mail) VALUES ('next@x') RETURNING id > 5000 AS after_the_rows;
SELECT count(*) AS drift FROM nself_drift();
