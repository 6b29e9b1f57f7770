-- What the fidelity program found on the way to exactness: each once drifted, or healed, in a way that it should not.
CREATE EXTENSION nself_heal;
SET client_min_messages = error;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_m.sql', 'content', $migration$
    CREATE SCHEMA m;
    CREATE FUNCTION public.inner_part() RETURNS text LANGUAGE sql AS 'SELECT md5(random()::text)';
    CREATE FUNCTION public.token() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN inner_part(); END';
    CREATE TABLE m.invitation (id int, token text NOT NULL DEFAULT public.token());
    CREATE MATERIALIZED VIEW m.empty AS SELECT 1 AS one WITH NO DATA;
    CREATE FUNCTION m.open() RETURNS int LANGUAGE sql AS 'SELECT 1';
    ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    CREATE FUNCTION m.closed() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION m.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FOREIGN DATA WRAPPER wrap;
    CREATE SERVER far FOREIGN DATA WRAPPER wrap;
    CREATE FOREIGN TABLE m.away (a int NOT NULL, CONSTRAINT away_check CHECK (a > 0)) SERVER far;
    CREATE TABLE m.event (kind text, n int) PARTITION BY LIST (kind);
    CREATE TABLE m.event_a PARTITION OF m.event FOR VALUES IN ('a');
    CREATE TABLE m.event_rest PARTITION OF m.event DEFAULT;
    CREATE INDEX event_n ON m.event (n);
    CREATE TRIGGER touch BEFORE UPDATE ON m.event FOR EACH ROW EXECUTE FUNCTION m.touch();
    CREATE TABLE m.person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text NOT NULL, n int);
    CREATE UNIQUE INDEX person_mail ON m.person (mail);
    CREATE INDEX person_n ON m.person (n) WHERE n > 0;
    ALTER TABLE m.person REPLICA IDENTITY USING INDEX person_mail, CLUSTER ON person_mail;
    CREATE TYPE m.raw;
    CREATE FUNCTION m.raw_in(cstring) RETURNS m.raw LANGUAGE internal IMMUTABLE STRICT AS 'textin';
    CREATE FUNCTION m.raw_out(m.raw) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
    CREATE TYPE m.raw (INPUT = m.raw_in, OUTPUT = m.raw_out, LIKE = text);
    CREATE TYPE m.steps;
    CREATE FUNCTION m.canonical(m.steps) RETURNS m.steps LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';
    CREATE TYPE m.steps AS RANGE (SUBTYPE = int4, CANONICAL = m.canonical);
    CREATE TABLE m.parent (id int GENERATED ALWAYS AS IDENTITY, word text DEFAULT 'parent');
    CREATE TABLE m.child () INHERITS (m.parent);
    ALTER TABLE m.child ALTER COLUMN word SET DEFAULT 'child';
    CREATE TABLE m.schema_migrations (version text);
    CREATE DOMAIN m.code AS text NOT NULL;
$migration$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO m.person (mail, n) VALUES ('a', 1), ('b', 2);
SELECT count(*) AS drift FROM nself_drift();

-- A materialized view that holds nothing comes back holding nothing.
DROP MATERIALIZED VIEW m.empty;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT ispopulated FROM pg_matviews WHERE matviewname = 'empty';

-- A function that was closed is closed again, whatever the default privileges say now. One that was open is not opened
-- where they keep it from everybody.
DROP FUNCTION m.open(), m.closed();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT has_function_privilege('pg_monitor', 'm.open()', 'EXECUTE') AS open,
       has_function_privilege('pg_monitor', 'm.closed()', 'EXECUTE') AS closed;
SELECT kind, identity, safety FROM nself_drift();
GRANT EXECUTE ON FUNCTION m.open() TO PUBLIC;
SELECT count(*) AS drift FROM nself_drift();

-- Nobody looks into a foreign table: its rows are another server's business.
ALTER FOREIGN TABLE m.away DROP CONSTRAINT away_check, ALTER COLUMN a DROP NOT NULL;
SELECT object_type, identity, status FROM nself_heal(true);

-- A partition under another name has the place of the missing one.
ALTER TABLE m.event_a RENAME TO event_b;
SELECT object_type, identity, status, detail FROM nself_heal(true);
ALTER TABLE m.event_b RENAME TO event_a;
-- One that was dropped comes back with its part of each index.
DROP TABLE m.event_a;
SELECT object_type, identity, status FROM nself_heal(true);

-- What is switched off or replaced on a partitioned table is told there, not on each partition.
ALTER TABLE m.event DISABLE TRIGGER touch;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
DROP TRIGGER touch ON m.event;
CREATE TRIGGER touch BEFORE INSERT ON m.event FOR EACH ROW EXECUTE FUNCTION m.touch();
SELECT kind, object_type, identity FROM nself_drift();
DROP TRIGGER touch ON m.event;
SELECT object_type, identity, status FROM nself_heal(true);

-- An index is not another one because its column has another type or collation.
ALTER TABLE m.person ALTER COLUMN mail TYPE text COLLATE "POSIX", ALTER COLUMN n TYPE bigint;
SELECT kind, object_type, identity FROM nself_drift();
ALTER TABLE m.person ALTER COLUMN mail TYPE text COLLATE "default", ALTER COLUMN n TYPE int;

-- The marks of a table on an index go and come with the index.
DROP INDEX m.person_mail;
SELECT kind, object_type, identity FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT r.relreplident, i.indisreplident, i.indisclustered
  FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid WHERE i.indexrelid = 'm.person_mail'::regclass;

-- But where they went along with an index to another name, the table has changed, too.
ALTER INDEX m.person_mail RENAME TO person_by_mail;
SELECT kind, object_type, identity, safety FROM nself_drift();
ALTER INDEX m.person_by_mail RENAME TO person_mail;

-- Privileges on the sequence of an identity column are privileges.
GRANT USAGE ON SEQUENCE m.person_id_seq TO pg_monitor;
SELECT kind, object_type, identity, actual FROM nself_drift();
REVOKE USAGE ON SEQUENCE m.person_id_seq FROM pg_monitor;

-- A base type and its functions come back in the one order that there is.
DROP FUNCTION m.raw_out(m.raw) CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);

-- A type under another name keeps the function that reads its values: there is nothing to begin the missing one with.
ALTER TYPE m.raw RENAME TO cooked;
SELECT kind, object_type, identity, safety, reason FROM nself_drift();
ALTER TYPE m.cooked RENAME TO raw;

-- A range type and its canonical function need each other: a person begins and ends, the function comes in between.
DROP FUNCTION m.canonical(m.steps) CASCADE;
SELECT object_type, identity, status, ddl, detail FROM nself_heal() WHERE object_type = 'type';
CREATE TYPE m.steps;
SELECT object_type, identity, status FROM nself_heal(true);
CREATE TYPE m.steps AS RANGE (SUBTYPE = int4, CANONICAL = m.canonical);
SELECT count(*) AS drift FROM nself_drift();

-- A child that lost its own default with its parent's gets its own back, and so does one that lost the column.
ALTER TABLE m.parent ALTER COLUMN word DROP DEFAULT;
SELECT object_type, identity, status FROM nself_heal(true);
ALTER TABLE m.parent DROP COLUMN word;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT adrelid::regclass AS of, pg_get_expr(adbin, adrelid) FROM pg_attrdef
 WHERE adrelid IN ('m.parent'::regclass, 'm.child'::regclass) ORDER BY adrelid::regclass::text;

-- The server adds no identity column to a table that has children.
ALTER TABLE m.parent DROP COLUMN id;
SELECT object_type, identity, status, detail FROM nself_heal(true);

-- Another tool's list is no drift, but what is on a table of the migrations is, whatever its name.
CREATE TABLE public.schema_migrations (version text);
ALTER TABLE m.schema_migrations ADD COLUMN dirty boolean, ENABLE ROW LEVEL SECURITY;
SELECT kind, object_type, identity FROM nself_drift() WHERE identity LIKE '%schema_migrations%';

-- A domain under another name may be the missing one.
ALTER DOMAIN m.code RENAME TO key;
SELECT object_type, identity, status FROM nself_heal(true) WHERE identity LIKE '%code%' OR identity LIKE '%key';

-- The function of a default finds what it names without a schema, as it did in the migrations.
INSERT INTO m.invitation (id) VALUES (1), (2);
ALTER TABLE m.invitation DROP COLUMN token;
SELECT object_type, identity, status FROM nself_heal(true) WHERE identity LIKE '%invitation%';
SELECT count(DISTINCT token) AS tokens FROM m.invitation;
