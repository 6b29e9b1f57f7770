-- Two texts are equal only if they also refer to the same things: where the function, operator, type or collation is missing that
-- the expected one refers to, another one of that name makes no equal text of it.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_m.sql', 'content', $m$
    CREATE FUNCTION fmt(id integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
    CREATE FUNCTION yes(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
    CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = yes);
    CREATE TABLE items (id integer, label text DEFAULT fmt(1), made text GENERATED ALWAYS AS (fmt(id)) STORED,
                        CONSTRAINT c CHECK (fmt(id) <> ''), CONSTRAINT o CHECK (id === 1));
    CREATE INDEX i ON items (fmt(id));
    CREATE VIEW v AS SELECT fmt(id) AS f FROM items;
    CREATE DOMAIN d AS integer CONSTRAINT dc CHECK (fmt(VALUE) <> '');
$m$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
SET client_min_messages = warning;
DROP FUNCTION fmt(integer) CASCADE;
DROP FUNCTION yes(integer, integer) CASCADE;
CREATE FUNCTION fmt(id bigint) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION yes(bigint, bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = yes);
ALTER TABLE items ALTER label SET DEFAULT fmt(1::bigint), ADD COLUMN made text GENERATED ALWAYS AS (fmt(id::bigint)) STORED,
                  ADD CONSTRAINT c CHECK (fmt(id::bigint) <> ''), ADD CONSTRAINT o CHECK (id::bigint === 1::bigint);
CREATE INDEX i ON items (fmt(id::bigint));
CREATE VIEW v AS SELECT fmt(id::bigint) AS f FROM items;
ALTER DOMAIN d ADD CONSTRAINT dc CHECK (fmt(VALUE::bigint) <> '');
RESET client_min_messages;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, safety FROM nself_drift();
