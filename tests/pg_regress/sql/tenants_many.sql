-- With many tenants, nself_drift() and nself_heal() replay their migrations once, and not in each schema. A debug build replays
-- them in each schema, too, and compares.
CREATE EXTENSION nself_heal;
CREATE FUNCTION files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;
CREATE FUNCTION and_files(jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql) ORDER BY seq) FROM nself.journal) || $1)
$$;
CREATE TABLE public.stood_here (id int);
SELECT count(*) FROM generate_series(1, 11) n, nself_tenant_add('tenant ' || n);
SELECT count(*) FROM nself_journal_put(files('0001_notes.sql', $$
    CREATE TABLE IF NOT EXISTS public.plans (id int PRIMARY KEY);
    CREATE TYPE mood AS ENUM ('low', 'high');
    CREATE DOMAIN title AS text CHECK (length(VALUE) < 80);
    CREATE TABLE notes (id serial PRIMARY KEY, title title NOT NULL, mood mood DEFAULT 'low', plan int REFERENCES public.plans);
    CREATE INDEX notes_title ON notes (title);
    CREATE VIEW titles AS SELECT n.title, p.id FROM notes n JOIN public.plans p ON p.id = n.plan;
    CREATE FUNCTION newest() RETURNS SETOF notes LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT * FROM notes ORDER BY id DESC';
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER stamp BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp();$$));
SET client_min_messages = warning;
SELECT version, status FROM nself_migrate_up();
SELECT count(*) FROM nself_tenant_up();
-- Shared migrations and those of tenants take turns.
SELECT and_files(files('0002_who.sql', 'ALTER TABLE notes ADD COLUMN who text; CREATE TABLE IF NOT EXISTS public.who (id int);'));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) FROM nself_tenant_up();
SELECT kind, identity FROM nself_drift();
-- One replay for what is shared and one for all tenants are kept beside the whole; none is of a tenant of its own.
SELECT starts_with(chain_hash, 'tenant ') AS of_tenants, count(*) FROM nself.expected_state GROUP BY 1 ORDER BY 1;
DROP INDEX "tenant 3".notes_title;
ALTER TABLE "tenant 4".notes DROP COLUMN who;
CREATE TABLE "tenant 5".mine (id int);
DROP TABLE public.who;
SELECT kind, identity, safety FROM nself_drift();
SELECT kind, identity FROM nself_drift(tenant => 'tenant 4');
SELECT identity, status FROM nself_heal(true);
SELECT kind, identity, safety FROM nself_drift();
DROP TABLE "tenant 5".mine;
-- Pending migrations on top of that.
SELECT and_files(files('0003_late.sql', 'CREATE TABLE late (id int);'));
SELECT kind, identity FROM nself_drift('journal');
SELECT version, status FROM nself_migrate_up();
-- Where the migrations of tenants change what is shared, each of them is replayed where it ran.
SELECT and_files(files('0004_shared.sql', 'CREATE TABLE after_all (id int); COMMENT ON TABLE public.plans IS ''of tenants''; ALTER TABLE public.who ADD COLUMN IF NOT EXISTS at date;'));
SELECT count(*) FROM nself_tenant_up();
SELECT kind, identity FROM nself_drift();
SELECT count(*) FROM nself.expected_state WHERE NOT starts_with(chain_hash, 'tenant ');
DROP TABLE "tenant 9".after_all;
SELECT identity, status FROM nself_heal(true);
