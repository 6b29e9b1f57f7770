-- A rehearsal measures in a shadow what each statement of the pending migrations does, and says what that means here.
-- Each hazard is measured by a statement of its own.
CREATE EXTENSION nself_heal;
CREATE FUNCTION files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;
SELECT files(
    '1_shop.sql',
    'CREATE TABLE customers (id int PRIMARY KEY, mail text, note text);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, price int, state text DEFAULT ''new'');
CREATE TABLE empty_one (id int);
CREATE TABLE old_orders (id int);
CREATE INDEX orders_state ON orders (state);
CREATE FUNCTION total(int) RETURNS int LANGUAGE sql AS ''SELECT 1'';
CREATE VIEW open_orders AS SELECT id FROM orders WHERE state = ''new'';') AS shop \gset
\set quiet 'SELECT count(*) FROM nself_journal_put('
:quiet :'shop');
SELECT version, status FROM nself_migrate_up();
-- One rehearsal answers several questions of this test.
CREATE TEMP TABLE told AS SELECT * FROM nself_migrate_rehearse();
\set rehearse 'TRUNCATE told; INSERT INTO told SELECT * FROM nself_migrate_rehearse()'
SELECT * FROM told;
INSERT INTO customers SELECT i, 'm' || i, NULL FROM generate_series(1, 100) i;
INSERT INTO orders SELECT i, i, i FROM generate_series(1, 100) i;
INSERT INTO old_orders VALUES (1);
ANALYZE customers, orders, old_orders;
-- A query that uses an index, counted at once.
BEGIN;
SET LOCAL enable_seqscan = off;
SELECT count(*) FROM orders WHERE state = 'none';
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT pg_stat_clear_snapshot();

-- Locks, rewrites, scans.
\set seen 'SELECT version, statement AS n, line, status, replace(locks, E''\\n'', ''; '') AS locks, rewrites, scans, (SELECT string_agg(f ->> ''hazard'', '' '') FROM jsonb_array_elements(found) f) AS hazards FROM told'
:quiet :'shop'::jsonb || files(
    '2_locks.sql',
    'ALTER TABLE orders ADD COLUMN kind text;
CREATE INDEX orders_price ON orders (price);
-- a rewrite
ALTER TABLE orders ALTER COLUMN price TYPE numeric;
ALTER TABLE orders ALTER COLUMN kind SET NOT NULL;
CREATE TABLE fresh (id int);
ALTER TABLE fresh ADD COLUMN other int NOT NULL;
CREATE INDEX ON fresh (id);',
    '2_locks.down.sql', '',
    '3_keys.sql',
    'ALTER TABLE orders ADD CONSTRAINT to_customer FOREIGN KEY (customer) REFERENCES customers;',
    '3_keys.down.sql', 'ALTER TABLE orders DROP CONSTRAINT to_customer;',
    '4_later.sql',
    'ALTER TABLE orders ADD CONSTRAINT cheap CHECK (price < 1000) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT cheap;
SELECT 1 FROM orders;',
    '4_later.down.sql', 'ALTER TABLE orders DROP CONSTRAINT cheap;'));
:rehearse;
:seen;
SELECT statement, changes FROM told WHERE version = '2' AND changes IS NOT NULL;
-- Nothing has changed here.
SELECT version, state FROM nself_migrate_status();
SELECT to_regclass('fresh') IS NULL AS is_unchanged;

-- A session keeps the shadow in which it has replayed, and rehearses in a copy of it; also in a transaction that only reads,
-- and for a tenant.
\c
SET nself.shadow_keep_from = 0;
\set is_kept 'SELECT count(*) > 0 AS is_kept FROM pg_database WHERE datname ~ (''^nself_shadow_\\d+_'' || pg_backend_pid() || ''_'')'
:is_kept;
BEGIN READ ONLY;
SELECT statement, locks, rewrites FROM nself_migrate_rehearse(max_count => 1) WHERE locks IS NOT NULL OR rewrites IS NOT NULL;
COMMIT;
:is_kept;
SELECT version, count(*) FROM nself_migrate_rehearse(target => '2') GROUP BY version;
:is_kept;
BEGIN;
CREATE TABLE by_hand (id int);
SELECT identity, kind FROM nself_drift();
ROLLBACK;
SELECT statement, changes FROM nself_migrate_rehearse(target => '1', tenant => 'acme') WHERE statement = 3;

CREATE TEMP TABLE told AS SELECT * FROM nself_migrate_rehearse() WITH NO DATA;

-- What is deleted: only where something is. A rename deletes nothing. What is made anew is not missed. Sizes and counts
-- depend on the server.
:quiet :'shop'::jsonb || files(
    '2_data.sql',
    'ALTER TABLE customers DROP COLUMN note;
ALTER TABLE customers DROP COLUMN mail;
DROP TABLE empty_one;
DROP TABLE old_orders;
TRUNCATE orders;
DELETE FROM orders WHERE id > 10;
DO $d$ BEGIN DELETE FROM customers; END $d$;
ALTER TABLE orders RENAME COLUMN price TO cost;
DROP FUNCTION total(int);
CREATE FUNCTION total(int) RETURNS int LANGUAGE sql AS ''SELECT 2'';
DROP INDEX orders_state;
DROP VIEW open_orders;
ALTER TABLE orders ALTER COLUMN customer DROP NOT NULL;
ALTER TABLE orders DROP COLUMN state;
ALTER TABLE orders ADD COLUMN state int;'));
:rehearse;
:seen;
SELECT statement, regexp_replace(regexp_replace(hazards, '\d+ (kB|bytes), ', 'SIZE, ', 'g'), '(no writes counted|written to|[\d.]+ writes a second)', 'WRITES', 'g') AS hazards
  FROM told WHERE hazards IS NOT NULL AND statement IN (2, 4, 8, 11, 12) OR statement IS NULL \gx

-- What reaches outside is left out, and told. A file accepts its hazards, with a reason; a mark that says nothing is told.
-- What refuses a transaction is told, too; and what fails, and what comes after it. A file that cannot be read fails as a
-- statement does.
:quiet :'shop'::jsonb || files(
    '2_role.sql', 'CREATE ROLE regress_never_made;
COPY orders TO ''/never_written'';
NOTIFY nobody;
ALTER TABLE orders ADD COLUMN fine int;',
    '3_allowed.sql',
    '-- nself:allow blocks-reads because nobody works at night
-- nself:allow deletes-data
-- nself:allow everything because it is fine
TRUNCATE old_orders;',
    '3_allowed.down.sql', '',
    '4_index.sql', '-- nself:no-transaction
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);
ALTER TABLE orders ADD COLUMN more int;',
    '4_index.down.sql', '',
    '5_broken.sql', 'ALTER TABLE orders ADD COLUMN one int;

ALTER TABLE orders
    ADD COLUMN two no_such_type;
SELECT 1;',
    '6_after.sql', 'SELECT 2;',
    '7_no_sql.sql', 'SELECT 1;

ALTER TABEL orders;',
    '8_vacuum.sql', 'SELECT 3;
VACUUM orders;', '8_vacuum.down.sql', ''));
:rehearse;
SELECT version, statement, line, status, note FROM told WHERE statement IS NOT NULL OR note IS NOT NULL;
SELECT count(*) FROM pg_roles WHERE rolname = 'regress_never_made';
SELECT statement, status, f ->> 'hazard' AS hazard, f ->> 'allowed' AS allowed
  FROM told LEFT JOIN jsonb_array_elements(found) f ON true WHERE version = '3';
SELECT statement, locks, f ->> 'hazard' AS hazard FROM told LEFT JOIN jsonb_array_elements(found) f ON true WHERE version = '4';
-- The first file that cannot be read ends a rehearsal, too.
:quiet :'shop'::jsonb || files('2_no_sql.sql', '(', '2_no_sql.down.sql', '', '3_fine.sql', 'SELECT 1;', '3_fine.down.sql', ''));
SELECT version, statement, line, status, note FROM nself_migrate_rehearse();

-- Maintenance: what runs in a transaction is measured, of the rest the manual is told.
:quiet :'shop'::jsonb || files(
    '2_measured.sql', 'REINDEX TABLE orders;
REINDEX INDEX orders_state;
LOCK TABLE customers IN SHARE MODE;
DO $d$ BEGIN LOCK TABLE customers; END $d$;
LOCK TABLE open_orders;', '2_measured.down.sql', '',
    '3_manual.sql', '-- nself:no-transaction
VACUUM customers;
VACUUM (FULL) orders;
REINDEX TABLE CONCURRENTLY orders;
REINDEX SCHEMA public;
REINDEX TABLE empty_one;
CLUSTER;
ALTER TABLE orders CLUSTER ON orders_state;
CLUSTER orders;
CLUSTER;', '3_manual.down.sql', '',
    '4_missing.sql', 'REINDEX TABLE missing;', '4_missing.down.sql', ''));
:rehearse;
:seen;
SELECT version, statement, note FROM told WHERE note IS NOT NULL;
SELECT version, statement, f ->> 'hazard' AS hazard, f ->> 'object' AS object, regexp_replace(f ->> 'sentence', ' \([^)]*\)', '') AS sentence
  FROM told, jsonb_array_elements(found) f WHERE (version, statement) IN (('2', 1), ('2', 5), ('3', 2), ('3', 4)) AND f ->> 'object' IN ('public.orders', 'public.open_orders');

-- All is dropped.
:quiet :'shop'::jsonb || files('2_all.sql', 'DROP SCHEMA public CASCADE;', '2_all.down.sql', ''));
SELECT f ->> 'hazard' AS hazard, f ->> 'object' AS object
  FROM nself_migrate_rehearse(), jsonb_array_elements(found) f WHERE f ->> 'hazard' = 'deletes-data' ORDER BY 2;

-- What never ends obeys the limit of who asks.
:quiet :'shop'::jsonb || files('2_endless.sql', 'SELECT pg_sleep(3600);'));
SET statement_timeout = '2s';
SELECT * FROM nself_migrate_rehearse();
RESET statement_timeout;

-- Whoever may only look sees no SQL, nor what the server says of it.
:quiet :'shop'::jsonb || files('2_secret.sql', 'SELECT ''secret''::int;'));
CREATE ROLE regress_looks;
SELECT * FROM nself_grant_access('regress_looks', 'look');
SET ROLE regress_looks;
SELECT sql, status, note FROM nself_migrate_rehearse() WHERE statement IS NOT NULL;
RESET ROLE;
SELECT * FROM nself_revoke_access('regress_looks');
DROP ROLE regress_looks;

-- A migration that no replay can repeat: the rehearsal begins from what it gave here.
:quiet :'shop'::jsonb || files(
    '2_rows.sql', 'DO $d$ BEGIN IF NOT EXISTS (SELECT FROM customers) THEN RAISE ''no rows''; END IF; END $d$;
ALTER TABLE customers ADD COLUMN later int;',
    '3_next.sql', 'ALTER TABLE customers RENAME COLUMN later TO sooner;
ALTER TABLE empty_one RENAME TO still_empty;', '3_next.down.sql', ''));
SELECT version, status FROM nself_migrate_up(target => '2');
SELECT version, status, changes, hazards ~ 'breaks-running-code' AS breaks FROM nself_migrate_rehearse();
