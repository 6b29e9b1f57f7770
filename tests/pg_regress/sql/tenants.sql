-- A list of tenants, and what is done to all of them.
CREATE EXTENSION nself_heal;
CREATE FUNCTION files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;
SELECT nself_tenant_up();
\echo :LAST_ERROR_SQLSTATE
-- One that is there is taken as it is; another one comes with its first migration.
CREATE SCHEMA acme;
CREATE TABLE acme.older (id int);
CREATE SCHEMA shared;
CREATE TABLE shared.places (id int PRIMARY KEY);
SELECT * FROM nself_tenant_add('acme-corp', 'acme');
SELECT * FROM nself_tenant_add('Big.Corp "EU"');
SELECT * FROM nself_tenant_add('beta');
SELECT * FROM nself_tenant_add('zeta');
SELECT name, schema, since IS NOT NULL AS since, by = current_user AS by FROM nself.tenants ORDER BY name COLLATE "C";
-- Names that are none, or that could be two tenants'.
SELECT * FROM nself_tenant_add();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_tenant_add('');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_tenant_add('own', 'pg_own');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_tenant_add('beta', 'other');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_tenant_add('other', 'acme');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_tenant_add('acme', 'other');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_tenant_add('other', 'acme-corp');
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE regress_tenant_stranger;
CREATE SCHEMA of_stranger AUTHORIZATION regress_tenant_stranger;
SELECT * FROM nself_tenant_add('of_stranger');
\echo :LAST_ERROR_SQLSTATE
DROP SCHEMA of_stranger;
DROP ROLE regress_tenant_stranger;
SELECT nself_tenant_remove('nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_tenant_up();
\echo :LAST_ERROR_SQLSTATE

SELECT state FROM nself_journal_put(files('0001_notes.sql', 'CREATE TABLE notes (id int PRIMARY KEY, plan text);', '0001_notes.down.sql', 'DROP TABLE notes;',
                                          '0002_plan.sql', 'CREATE INDEX notes_plan ON notes (plan);', '0002_plan.down.sql', 'DROP INDEX notes_plan;'));
-- One by its name.
SELECT version, status FROM nself_migrate_up(tenant => 'acme-corp', max_count => 1);
SELECT tenant, schema, state, applied, pending, last_version FROM nself_tenant_status();
SELECT version, state FROM nself_migrate_status('acme-corp');
SELECT version, status FROM nself_migrate_verify(tenant => 'acme-corp');
-- All of them; one that fails is left as it was, and does not stop the others.
CREATE SCHEMA beta;
CREATE TABLE beta.notes (id text);
SELECT tenant, version, status FROM nself_tenant_up(dry_run => true);
SELECT tenant, version, name, status, detail FROM nself_tenant_up();
SELECT tenant, state, applied, pending, last_version FROM nself_tenant_status();
SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('acme', 'beta', 'zeta', 'Big.Corp "EU"') ORDER BY schemaname COLLATE "C", 2;
-- Again: only what is left runs.
DROP TABLE beta.notes;
SELECT tenant, version, status FROM nself_tenant_up();
SELECT tenant, version, status FROM nself_tenant_up();

-- A canary stops at the first few, and no later.
SELECT state FROM nself_journal_put(files('0001_notes.sql', 'CREATE TABLE notes (id int PRIMARY KEY, plan text);', '0001_notes.down.sql', 'DROP TABLE notes;',
                                          '0002_plan.sql', 'CREATE INDEX notes_plan ON notes (plan);', '0002_plan.down.sql', 'DROP INDEX notes_plan;',
                                          '0003_who.sql', 'ALTER TABLE notes ADD COLUMN who text;', '0003_who.down.sql', 'ALTER TABLE notes DROP COLUMN who;'))
 WHERE state = 'added';
SELECT * FROM nself_tenant_up(canary => 0);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE acme.notes ADD COLUMN who int;
SELECT tenant, version, status, detail FROM nself_tenant_up(canary => 2);
SELECT tenant, version, status, detail FROM nself_tenant_up(canary => 1);
ALTER TABLE acme.notes DROP COLUMN who;
SELECT tenant, version, status FROM nself_tenant_up(canary => 1);
-- Back by the name.
SELECT version, status FROM nself_migrate_down(tenant => 'acme-corp');

-- A schema that was renamed is not made anew.
ALTER SCHEMA acme RENAME TO moved;
SELECT * FROM nself_migrate_up(tenant => 'acme-corp');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM nself_migrate_down(tenant => 'acme-corp');
\echo :LAST_ERROR_SQLSTATE
SELECT tenant, version, status, detail FROM nself_tenant_up();
SELECT tenant, state, applied, pending FROM nself_tenant_status();
ALTER SCHEMA moved RENAME TO acme;

-- Taken out of the list, and nothing of it is dropped; it goes on from there.
SELECT nself_tenant_remove('acme-corp');
SELECT tenant, version FROM nself_tenant_up();
SELECT count(*) FROM acme.notes;
SELECT * FROM nself_tenant_add('acme');
SELECT tenant, version, status FROM nself_tenant_up();

-- Drift of all of them: one line for what differs alike, without the name of the schema. Shared schemas keep theirs.
SELECT state FROM nself_journal_put(files(
    '0001_notes.sql', 'CREATE TABLE notes (id int PRIMARY KEY, plan text);', '0001_notes.down.sql', 'DROP TABLE notes;',
    '0002_plan.sql', 'CREATE INDEX notes_plan ON notes (plan);', '0002_plan.down.sql', 'DROP INDEX notes_plan;',
    '0003_who.sql', 'ALTER TABLE notes ADD COLUMN who text;', '0003_who.down.sql', 'ALTER TABLE notes DROP COLUMN who;',
    '0004_more.sql', $$
        CREATE TYPE mood AS ENUM ('low', 'high');
        CREATE TABLE marks (id serial PRIMARY KEY, note int NOT NULL REFERENCES notes, mood mood DEFAULT 'low', place int REFERENCES shared.places CHECK (place > 0));
        CREATE FUNCTION newest() RETURNS SETOF notes LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT * FROM notes ORDER BY id DESC';
        CREATE VIEW moods AS SELECT m.mood, n.who FROM marks m JOIN notes n ON n.id = m.note;
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
        CREATE TRIGGER stamp BEFORE INSERT ON marks FOR EACH ROW EXECUTE FUNCTION stamp();
        COMMENT ON TABLE marks IS 'of acme.notes';
        COMMENT ON TRIGGER stamp ON marks IS 'a stamp';
        GRANT SELECT ON marks TO PUBLIC;
        ALTER TABLE marks ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON marks USING (note IN (SELECT id FROM notes));$$,
    '0004_more.down.sql', 'DROP VIEW moods; DROP FUNCTION newest(); DROP TABLE marks; DROP FUNCTION stamp(); DROP TYPE mood;')) WHERE state = 'added';
SELECT DISTINCT status, detail FROM nself_tenant_up() ORDER BY 1;
SET client_min_messages = warning;
SELECT * FROM nself_tenant_drift();
-- One replay was enough for all four.
SELECT count(*) FROM nself.expected_state WHERE chain_hash LIKE 'tenant %';
-- Alike in three, otherwise in one. A view on another tenant's table is told with its name.
ALTER TABLE acme.notes ADD COLUMN extra int;
ALTER TABLE beta.notes ADD COLUMN extra int;
ALTER TABLE "Big.Corp ""EU""".notes ADD COLUMN extra int;
DROP INDEX beta.notes_plan;
ALTER TABLE zeta.marks ALTER COLUMN mood DROP DEFAULT;
DROP VIEW "Big.Corp ""EU""".moods;
CREATE VIEW "Big.Corp ""EU""".moods AS SELECT mood, NULL::text AS who FROM acme.marks;
-- Servers print the text of a view in their own way.
SELECT kind, object_type, identity, CASE WHEN object_type <> 'view' THEN expected END AS expected,
       CASE WHEN object_type <> 'view' THEN actual END AS actual, count, tenants FROM nself_tenant_drift();
SELECT kind, identity FROM nself_tenant_drift('zeta');
SELECT * FROM nself_tenant_drift('nobody');
\echo :LAST_ERROR_SQLSTATE
-- What is allowed in one is told of the others.
SELECT count(*) FROM nself_allow('acme.notes.extra', 'a trial');
SELECT kind, identity, tenants FROM nself_tenant_drift() WHERE identity = 'notes.extra';
-- One that is gone, and one behind the others.
SELECT version, status FROM nself_migrate_down(tenant => 'zeta');
DROP SCHEMA beta CASCADE;
SELECT kind, object_type, identity, tenants FROM nself_tenant_drift();
-- A chain that cannot be replayed.
SELECT count(*) FROM (SELECT nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql) ORDER BY seq) FROM nself.journal)
    || files('0005_rows.sql', 'INSERT INTO shared.places VALUES (1); DO $$BEGIN PERFORM 1 / count(*) FROM shared.places WHERE id = 0; END$$;'))) j;
INSERT INTO shared.places VALUES (0);
SELECT version, status FROM nself_migrate_up(tenant => 'acme');
SELECT kind, object_type, identity, left(actual, 80) AS actual, tenants FROM nself_tenant_drift() WHERE kind = 'not compared';
