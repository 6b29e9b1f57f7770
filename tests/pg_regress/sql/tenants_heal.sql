-- Drift and heal of one tenant, and of all of them: the migrations are replayed once, and not in each schema.
CREATE EXTENSION nself_heal;
CREATE FUNCTION files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;
CREATE SCHEMA shared;
CREATE TABLE shared.places (id int PRIMARY KEY);
CREATE SCHEMA old;
CREATE TABLE old.before (id int);
SELECT a.name FROM (VALUES ('acme-corp', 'acme'), ('beta', 'beta'), ('of a word', 'order'), ('Big "EU"', 'Big "EU"'), ('rows', 'rows')) t(name, schema),
       nself_tenant_add(t.name, t.schema) a;
SELECT state FROM nself_journal_put(files('0001_notes.sql', $$
    CREATE TYPE mood AS ENUM ('low', 'high');
    CREATE TABLE notes (id serial PRIMARY KEY, title text NOT NULL DEFAULT 'none', mood mood DEFAULT 'low', place int REFERENCES shared.places CHECK (place > 0));
    CREATE INDEX notes_title ON notes (title);
    CREATE FUNCTION newest() RETURNS SETOF notes LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT * FROM notes ORDER BY id DESC';
    CREATE VIEW titles AS SELECT n.title, n.mood FROM notes n;
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER stamp BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp();
    COMMENT ON TABLE notes IS 'what there is';
    GRANT SELECT ON notes TO PUBLIC;
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes USING (id > 0);$$));
SELECT DISTINCT status, detail FROM nself_tenant_up();
SET client_min_messages = warning;
SELECT * FROM nself_drift(all_tenants => true);
SELECT * FROM nself_drift(tenant => 'of a word');
-- One replay was enough for all of them.
SELECT count(*) FROM nself.expected_state;

-- Asked for badly.
SELECT * FROM nself_drift(tenant => 'nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_heal(tenant => 'beta', all_tenants => true);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_drift('journal', tenant => 'beta');
\echo :LAST_ERROR_SQLSTATE

-- Of one alone: all of it is closed, and nothing else is touched.
DROP VIEW acme.titles;
ALTER TABLE acme.notes DROP COLUMN mood, DROP COLUMN place;
DROP INDEX acme.notes_title;
ALTER TABLE acme.notes DISABLE ROW LEVEL SECURITY, ADD COLUMN mine int;
REVOKE SELECT ON acme.notes FROM PUBLIC;
DROP FUNCTION acme.newest();
DROP INDEX beta.notes_title;
DROP VIEW "Big ""EU""".titles;
ALTER TABLE "order".notes ALTER title DROP DEFAULT, DROP CONSTRAINT notes_place_fkey;
INSERT INTO "order".notes (title, place) VALUES ('nowhere', 7);
CREATE TABLE shared.extra (id int);
SELECT kind, object_type, identity, safety FROM nself_drift(tenant => 'acme-corp');
SELECT identity, status FROM nself_heal(tenant => 'acme-corp');
SELECT count(*) FROM pg_indexes WHERE indexname = 'notes_title';
SELECT identity, status FROM nself_heal(true, tenant => 'acme-corp');
SELECT kind, identity, safety FROM nself_drift(tenant => 'acme-corp');
SELECT pg_get_functiondef('acme.newest'::regproc) LIKE '%SET search_path TO ''acme''%' AS has_its_path;
SELECT kind, identity FROM nself_drift(tenant => 'beta');
-- What another schema has is nobody's business here; it is told without a tenant.
SELECT kind, identity, safety FROM nself_drift() WHERE identity LIKE 'shared%';
-- Of all.
SELECT identity, status, detail FROM nself_heal(all_tenants => true);
SELECT identity, status FROM nself_heal(true, all_tenants => true);
SELECT kind, identity, safety FROM nself_drift(all_tenants => true);
-- The owner of a step is the owner of the table, and allowed drift is left alone.
SELECT count(*) FROM nself_allow('acme.notes.mine', 'a trial');
SELECT kind, identity FROM nself_drift(tenant => 'acme-corp');
CREATE ROLE regress_tenant_owner;
GRANT USAGE, CREATE ON SCHEMA beta TO regress_tenant_owner;
ALTER TABLE beta.notes OWNER TO regress_tenant_owner;
DROP INDEX beta.notes_title;
SELECT identity, status FROM nself_heal(true, tenant => 'beta');
SELECT tableowner FROM pg_tables t JOIN pg_indexes i USING (schemaname, tablename) WHERE schemaname = 'beta' AND indexname = 'notes_title';
ALTER TABLE beta.notes OWNER TO CURRENT_USER;

-- A migration that writes the name of the schema is replayed in each of them.
SELECT count(*) FROM (SELECT nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql) ORDER BY seq) FROM nself.journal)
    || files('0002_named.sql', $$DO $d$ BEGIN
        EXECUTE format('CREATE TABLE %I (id int)', 'log_of_' || current_schema());
        EXECUTE format('COMMENT ON TABLE notes IS %L', 'of ' || current_schema());
        END $d$;$$))) j;
SELECT DISTINCT status, detail FROM nself_tenant_up();
SELECT kind, identity, safety FROM nself_drift(all_tenants => true) WHERE kind = 'missing';
DROP TABLE acme.log_of_acme;
SELECT identity, status FROM nself_heal(true, tenant => 'acme');
-- What a migration did here because of the rows that are here is expected.
INSERT INTO rows.notes DEFAULT VALUES;
SELECT count(*) FROM (SELECT nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql) ORDER BY seq) FROM nself.journal)
    || files('0003_rows.sql', $$DO $d$ BEGIN
        IF EXISTS (SELECT FROM notes) THEN ALTER TABLE notes ADD COLUMN of_rows int; ELSE ALTER TABLE notes ADD COLUMN of_none int; END IF;
        END $d$;$$))) j;
SELECT DISTINCT status, detail FROM nself_tenant_up();
SELECT kind, identity FROM nself_drift(tenant => 'rows');
ALTER TABLE rows.notes DROP COLUMN of_rows;
SELECT identity, status FROM nself_heal(true, tenant => 'rows');
-- What stood in the schema before the first migration is expected, too.
SELECT name FROM nself_tenant_add('old');
SELECT DISTINCT status, detail FROM nself_tenant_up();
CREATE TABLE old.later (id int);
DROP TABLE old.before;
SELECT kind, identity FROM nself_drift(tenant => 'old');
SELECT identity, status FROM nself_heal(true, tenant => 'old');
-- A chain that cannot be replayed says so.
SELECT count(*) FROM (SELECT nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql) ORDER BY seq) FROM nself.journal)
    || files('0004_fails.sql', 'INSERT INTO shared.places VALUES (0) ON CONFLICT DO NOTHING; DO $$BEGIN PERFORM 1 / (count(*) - 1) FROM shared.places; END$$;'))) j;
INSERT INTO shared.places VALUES (5), (6);
SELECT version, status FROM nself_migrate_up(tenant => 'beta');
SELECT kind, object_type, identity, safety, left(reason, 60) AS reason FROM nself_drift(all_tenants => true) WHERE identity = 'beta';
SELECT * FROM nself_heal(true, tenant => 'beta');
\echo :LAST_ERROR_SQLSTATE
DROP OWNED BY regress_tenant_owner;
DROP ROLE regress_tenant_owner;
