-- What other tools made is no drift, and what somebody allows neither: both are listed, with the reason.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_shop.sql', 'content', $$
    CREATE SCHEMA shop;
    CREATE TABLE shop.customer (id int PRIMARY KEY, name text, note text);
    CREATE TABLE shop.visit (day date NOT NULL) PARTITION BY RANGE (day);
    CREATE VIEW shop.names AS SELECT name FROM shop.customer;
    CREATE TABLE shop.schema_migrations (version text);
$$)));
SELECT version, status FROM nself_migrate_up();

CREATE SCHEMA hdb_catalog;
CREATE TABLE hdb_catalog.event_log (id int PRIMARY KEY);
COMMENT ON TABLE hdb_catalog.event_log IS 'Events';
CREATE FUNCTION hdb_catalog."notify_hasura_new_INSERT"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "notify_hasura_new_INSERT" AFTER INSERT ON shop.customer
    FOR EACH ROW EXECUTE FUNCTION hdb_catalog."notify_hasura_new_INSERT"();
CREATE SCHEMA drizzle;
CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text);
CREATE TABLE public._prisma_migrations (id text PRIMARY KEY);
CREATE INDEX prisma_id ON public._prisma_migrations (id);
GRANT SELECT ON public._prisma_migrations TO PUBLIC;
CREATE TABLE public."SequelizeMeta" (name text);
-- What postgraphile --watch leaves behind.
CREATE SCHEMA postgraphile_watch;
CREATE FUNCTION postgraphile_watch.notify_watchers_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE FUNCTION postgraphile_watch.notify_watchers_drop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER postgraphile_watch_ddl ON ddl_command_end EXECUTE FUNCTION postgraphile_watch.notify_watchers_ddl();
CREATE EVENT TRIGGER postgraphile_watch_drop ON sql_drop EXECUTE FUNCTION postgraphile_watch.notify_watchers_drop();
COMMENT ON EVENT TRIGGER postgraphile_watch_ddl IS 'ends with the watch';
CREATE TABLE shop.visit_2026_11 PARTITION OF shop.visit FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
CREATE INDEX visit_2026_11_day ON shop.visit_2026_11 (day);
SELECT kind, object_type, identity FROM nself_drift();
SELECT source, pattern, object_type, identity, reason FROM nself_ignored() WHERE identity IS NOT NULL;
-- Rules that have nothing to do are listed only for who asks.
SELECT count(*) FROM nself_ignored() WHERE identity IS NULL;
SELECT count(*) > 30 AS rules, bool_and(source = 'built-in') AS built_in FROM nself_ignored(rules => true) WHERE identity IS NULL;

-- What a migration made is compared, whatever it is called. And a name alone is no reason.
ALTER TABLE shop.schema_migrations ADD COLUMN dirty boolean;
SELECT kind, object_type, identity FROM nself_drift();
ALTER TABLE shop.schema_migrations SET SCHEMA public;
SELECT kind, object_type, identity, safety FROM nself_drift();
DROP TABLE public.schema_migrations;
CREATE TABLE public.my_prisma_migrations_list (id int);
SELECT kind, object_type, identity FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
DROP TABLE public.my_prisma_migrations_list;

-- Somebody allows some drift: it does not count and is not healed, nor is what needs it.
ALTER TABLE shop.customer DROP COLUMN name CASCADE, ADD COLUMN beta_flag boolean, ALTER COLUMN note SET DEFAULT '-';
CREATE TABLE shop.scratch (id int PRIMARY KEY);
SELECT kind, object_type, identity, safety FROM nself_drift();
INSERT INTO nself.allowed_drift (pattern, kind, object_type, reason, owner, expires) VALUES
    ('shop.customer.name', 'missing', NULL, 'the old name goes next week', 'sales', '2999-01-01 UTC'),
    ('shop.customer.beta_*', NULL, 'table column', 'a trial', 'mobile', NULL),
    ('shop.scratch', 'extra', NULL, 'for the import', 'ops', '2001-01-01 UTC'),
    ('shop.nowhere', NULL, NULL, 'matches nothing', 'ops', NULL);
SELECT kind, object_type, identity, safety, reason FROM nself_drift();
SET TimeZone = 'UTC';
SELECT source, pattern, kind, object_type, identity, reason, owner, expires FROM nself_ignored() WHERE source = 'allowed';
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT drift_items, applied, blocked, manual FROM nself_heal_history(1);
-- It comes to an end.
UPDATE nself.allowed_drift SET expires = now() WHERE pattern LIKE 'shop.customer%';
SELECT kind, object_type, identity, safety FROM nself_drift();
INSERT INTO nself.allowed_drift (pattern, kind, reason) VALUES ('*', 'whatever', 'no such kind');

-- Owners are compared, unless somebody wants them left out; no heal changes one.
DELETE FROM nself.allowed_drift;
CREATE ROLE regress_ignored_owner;
ALTER TABLE shop.visit OWNER TO regress_ignored_owner;
SELECT object_type, identity, status FROM nself_heal(true) WHERE status = 'applied';
ALTER VIEW shop.names OWNER TO regress_ignored_owner;
SELECT kind, object_type, identity, expected, actual, remedy, safety FROM nself_drift() WHERE object_type = 'owner';
SET nself.compare_owners = off;
SELECT kind, object_type, identity FROM nself_drift() WHERE object_type = 'owner';
RESET nself.compare_owners;
DROP OWNED BY regress_ignored_owner;
DROP ROLE regress_ignored_owner;
