-- E24: a label that is added to an enum cannot be used before its transaction has committed, so what uses it waits for a
-- second heal. Where it stands among the others matters.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd');
    CREATE TABLE t (id int, s e DEFAULT 'b', n text, CONSTRAINT t_s CHECK (s <> 'd'), l e[] DEFAULT '{a,b}');
    CREATE INDEX t_b ON t (id) WHERE s = 'b';
    CREATE VIEW v AS SELECT id FROM t WHERE s = 'b';
    CREATE POLICY p ON t USING (s = 'b');
    CREATE FUNCTION f() RETURNS e LANGUAGE sql BEGIN ATOMIC SELECT 'b'::e; END;
    CREATE DOMAIN d AS e DEFAULT 'b' CHECK (VALUE <> 'd');
    CREATE INDEX t_n ON t (n);
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
-- Two labels go, at the beginning and in the middle, with all that used them.
SET client_min_messages = error;
DROP TYPE e CASCADE;
RESET client_min_messages;
CREATE TYPE e AS ENUM ('a', 'c');
ALTER TABLE t ADD COLUMN s e;
INSERT INTO t (id, s) VALUES (1, 'a');
DROP INDEX t_n;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT enum_range(NULL::e);
-- What waited is healed now that the labels are there to be used.
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
INSERT INTO t (id) VALUES (2) RETURNING s;
-- In one transaction nothing is used too early, and nothing fails.
BEGIN;
SET LOCAL client_min_messages = error;
DROP TYPE e CASCADE;
CREATE TYPE e AS ENUM ('b', 'd');
ALTER TABLE t ADD COLUMN s e;
SELECT count(*) FILTER (WHERE status = 'failed') AS failed FROM nself_heal(true);
SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) AS labels FROM pg_enum WHERE enumtypid = 'e'::regtype;
ROLLBACK;
-- A label more, and another order: an enum is never rebuilt.
ALTER TYPE e ADD VALUE 'more' AFTER 'a';
SELECT kind, object_type, identity, safety FROM nself_drift();
CREATE TYPE other AS ENUM ('x', 'y');
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '2_other.sql', 'content', 'DROP TYPE IF EXISTS other; CREATE TYPE other AS ENUM (''y'', ''x'')'))) WHERE state = 'added';
SELECT version, status FROM nself_migrate_up();
DROP TYPE other;
CREATE TYPE other AS ENUM ('x', 'y');
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() WHERE identity = 'public.other';

-- A label under another name: what reads otherwise with it is no difference of its own, and goes back with it.
SELECT version, state FROM nself_journal_put((
    SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) || jsonb_build_object('path', '9_levels.sql', 'content', $$
        CREATE TYPE level AS ENUM ('low', 'mid', 'high');
        CREATE TABLE risk (l level DEFAULT 'mid', ls level[] DEFAULT '{low,mid}', t text DEFAULT 'mid', CONSTRAINT no_mid CHECK (l <> 'mid'));
        CREATE INDEX risk_mid ON risk (t) WHERE l = 'mid';
        CREATE VIEW mids AS SELECT t FROM risk WHERE l IN ('mid', 'high');
        CREATE TABLE by_level (l level) PARTITION BY LIST (l);
        CREATE TABLE by_mid PARTITION OF by_level FOR VALUES IN ('mid');
    $$) FROM nself.journal)) WHERE state = 'added';
SELECT version, status FROM nself_migrate_up();
SET nself.capture_ddl = off;
ALTER TYPE level RENAME VALUE 'mid' TO 'middle';
SELECT kind, object_type, identity, safety, reason, remedy FROM nself_drift() WHERE identity !~ 'public.e' \g (format=unaligned)
-- What differs in more than the label is told by itself.
ALTER TABLE risk ALTER t SET DEFAULT 'middle', ALTER l SET DEFAULT 'high';
SELECT kind, object_type, identity, expected, actual FROM nself_drift() WHERE object_type = 'default value';
ALTER TABLE risk ALTER t SET DEFAULT 'mid', ALTER l SET DEFAULT 'middle';
SELECT object_type, identity, status, detail FROM nself_heal(true) WHERE identity ~ 'risk' \g (format=unaligned)
SELECT remedy FROM nself_drift() WHERE kind = 'missing' AND identity ~ 'level' \gexec
SELECT kind, object_type, identity FROM nself_drift() WHERE identity ~ 'level|risk|mid';
