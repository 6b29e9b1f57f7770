-- The guard: DDL outside a migration is warned of, or refused, in the schemas that migrations have to do with.
CREATE ROLE regress_guard LOGIN;
CREATE EXTENSION nself_heal;
SET nself.shadow_keep_from = -1;
SELECT nself_grant_access('regress_guard', 'migrate');
-- Before there are migrations, nothing is managed.
SET nself.guard = block;
CREATE SCHEMA scratch AUTHORIZATION regress_guard;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_app.sql', 'content',
        'CREATE SCHEMA app AUTHORIZATION regress_guard;
         CREATE TABLE app.orders (id int PRIMARY KEY, note text); CREATE MATERIALIZED VIEW app.totals AS SELECT count(*) FROM app.orders;
         ALTER TABLE app.orders OWNER TO regress_guard; ALTER MATERIALIZED VIEW app.totals OWNER TO regress_guard;
         CREATE TABLE app."Odd name" (n int); ALTER TABLE app."Odd name" OWNER TO regress_guard'),
    jsonb_build_object('path', '2_app.sql', 'content', 'ALTER TABLE app.orders ADD COLUMN total int')));
SELECT version, status FROM nself_migrate_up(max_count => 1);

-- As long as nobody has worked out what the migrations give, every schema may be one of theirs.
SET SESSION AUTHORIZATION regress_guard;
CREATE TABLE scratch.t (n int);
RESET SESSION AUTHORIZATION;
SELECT count(*) AS drift FROM nself_drift() WHERE identity LIKE 'app.%';

SET SESSION AUTHORIZATION regress_guard;
ALTER TABLE app.orders ADD COLUMN extra int;
CREATE TABLE app.more (n int);
CREATE INDEX ON app.orders (note);
DROP TABLE app."Odd name";
GRANT SELECT ON app.orders TO PUBLIC;
COMMENT ON TABLE app.orders IS 'x';
DROP SCHEMA app CASCADE;
-- Elsewhere, for the session alone, and where only rows change, it holds nobody up.
CREATE TABLE scratch.t (n int);
CREATE TEMP TABLE orders (n int);
REFRESH MATERIALIZED VIEW app.totals;
INSERT INTO app.orders VALUES (1);
SET nself.guard = off;
RESET SESSION AUTHORIZATION;

-- Migrations and heals pass.
SELECT version, status FROM nself_migrate_up();
SET nself.guard = off;
ALTER TABLE app.orders DROP COLUMN total;
SET nself.guard = block;
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE 'app.%';

-- A warning lets it pass, and it is noted like any other.
SET nself.guard = warn;
ALTER TABLE app.orders ADD COLUMN extra int;
SELECT tag, objects FROM nself.ddl_log ORDER BY at DESC LIMIT 1;
SET nself.capture_ddl = off;
ALTER TABLE app.orders DROP COLUMN extra;

-- What commits in the middle is refused before it begins: nothing is left half done.
SET nself.guard = off;
CREATE INDEX orders_note ON app.orders (note);
CREATE TABLE app.parts (n int) PARTITION BY LIST (n);
CREATE TABLE app.part_1 PARTITION OF app.parts FOR VALUES IN (1);
CREATE VIEW state AS SELECT c.relname, i.indisvalid, i.indisready, i.indislive, c.relispartition
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relname ~ '^(orders_|part_1)' AND c.relkind IN ('i', 'r');
CREATE TEMP TABLE before AS TABLE state;
SET nself.guard = block;
DROP INDEX CONCURRENTLY app.orders_note;
CREATE INDEX CONCURRENTLY orders_more ON app.orders (note);
CREATE INDEX CONCURRENTLY ON app.orders (note);
ALTER TABLE app.parts DETACH PARTITION app.part_1 CONCURRENTLY;
SELECT * FROM state EXCEPT TABLE before;
SELECT count(*) AS as_before FROM (TABLE state INTERSECT TABLE before) t;
-- What would do nothing, what fails anyway, and what is elsewhere or changes rows only, passes.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_note ON app.orders (note);
DROP INDEX CONCURRENTLY IF EXISTS app.nothing;
DROP INDEX CONCURRENTLY app.nothing;
CREATE INDEX CONCURRENTLY ON app.nothing (note);
CREATE INDEX CONCURRENTLY t_n ON scratch.t (n);
DROP INDEX CONCURRENTLY scratch.t_n;
REINDEX INDEX CONCURRENTLY app.orders_note;
VACUUM FULL app.orders;
CLUSTER app.orders USING orders_note;
ALTER TABLE app.parts RENAME TO parted;
-- Warned of once, and then done.
SET nself.guard = warn;
CREATE INDEX CONCURRENTLY orders_more ON app.orders (note);
DROP INDEX CONCURRENTLY app.orders_more;
ALTER TABLE app.parts DETACH PARTITION app.part_1 CONCURRENTLY;
DROP INDEX app.orders_note;
SELECT * FROM state;
SET nself.guard = off;
DROP VIEW state;
-- Other commands never come to it.
SELECT evtname, evtevent, evttags FROM pg_event_trigger ORDER BY 1;

-- It never stands in the way of taking the product out.
SET nself.guard = block;
DROP EXTENSION nself_heal;
DROP SCHEMA app, scratch CASCADE;
DROP OWNED BY regress_guard;
DROP ROLE regress_guard;
