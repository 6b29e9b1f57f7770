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

-- It never stands in the way of taking the product out.
SET nself.guard = block;
DROP EXTENSION nself_heal;
DROP SCHEMA app, scratch CASCADE;
DROP OWNED BY regress_guard;
DROP ROLE regress_guard;
