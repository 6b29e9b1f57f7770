-- Tenants after a baseline, and one whose ledger has a gap.
CREATE EXTENSION nself_heal;
CREATE FUNCTION files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;
SET client_min_messages = warning;
SELECT a.name FROM (VALUES ('acme'), ('beta')) t(name), nself_tenant_add(t.name) a;
SELECT state FROM nself_journal_put(files('0001_notes.sql', 'CREATE TABLE notes (id int PRIMARY KEY, title text); CREATE INDEX notes_title ON notes (title);',
                                          '0003_last.sql', 'ALTER TABLE notes ADD COLUMN last int;'));
SELECT version, status FROM nself_migrate_up();
SELECT tenant, version, status FROM nself_tenant_up();
-- A baseline is about the whole database: what is in the schemas of tenants is expected as it is.
CREATE TABLE acme.by_hand (id int);
SELECT kind, identity FROM nself_baseline('0003', true);
SELECT kind, identity FROM nself_drift(all_tenants => true);
SELECT kind, identity, tenants FROM nself_tenant_drift();
SELECT tenant, state, applied, pending FROM nself_tenant_status();
DROP INDEX beta.notes_title;
SELECT kind, identity FROM nself_drift(tenant => 'acme');
SELECT identity, status FROM nself_heal(true, tenant => 'beta');
SELECT kind, identity FROM nself_drift(all_tenants => true);
-- A migration that comes between others makes a gap. It is applied where somebody says so, and the others stay behind.
SELECT state FROM nself_journal_put(files('0001_notes.sql', 'CREATE TABLE notes (id int PRIMARY KEY, title text); CREATE INDEX notes_title ON notes (title);',
                                          '0002_between.sql', 'ALTER TABLE notes ADD COLUMN between_them int;',
                                          '0003_last.sql', 'ALTER TABLE notes ADD COLUMN last int;')) WHERE state = 'added';
SELECT tenant, state, applied, pending, last_version FROM nself_tenant_status();
SELECT tenant, version, status, detail FROM nself_tenant_up();
SELECT version, status FROM nself_migrate_up(tenant => 'beta', out_of_order => true);
SELECT tenant, state, applied, pending, last_version FROM nself_tenant_status();
SELECT kind, identity FROM nself_drift(all_tenants => true);
ALTER TABLE beta.notes DROP COLUMN between_them;
SELECT identity, status FROM nself_heal(true, all_tenants => true);
