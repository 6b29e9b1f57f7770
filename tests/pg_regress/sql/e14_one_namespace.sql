-- E14: tables, indexes, views, sequences and composite types of a schema share their names. What is missing cannot be made
-- where something else has its name: the report says who, and what waits for it, before anything is tried.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TABLE orders (id int CONSTRAINT orders_pk PRIMARY KEY, n int, CONSTRAINT orders_n UNIQUE (n));
    CREATE INDEX orders_idx ON orders (n, id);
    CREATE SEQUENCE numbers;
    CREATE VIEW totals AS SELECT n FROM orders;
    CREATE TYPE pair AS (a int, b int);
    CREATE TYPE mood AS ENUM ('ok');
    CREATE DOMAIN score AS int;
    CREATE TABLE items (order_id int CONSTRAINT items_order REFERENCES orders, m mood);
$$)));
SELECT version, status FROM nself_migrate_up();
-- The story of the case: a table of the index's name.
DROP INDEX orders_idx;
CREATE TABLE orders_idx (a int);
SELECT kind, object_type, identity, safety, reason FROM nself_drift() \g (format=unaligned)
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
DROP TABLE orders_idx;
SELECT object_type, identity, status FROM nself_heal(true);
-- Each name is taken by something of another kind.
SET client_min_messages = error;
DROP TABLE orders CASCADE;
ALTER TABLE items DROP COLUMN m;
DROP SEQUENCE numbers;
DROP TYPE pair, mood, score;
RESET client_min_messages;
CREATE TYPE orders AS ENUM ('x');
CREATE TABLE orders_pk (a int);
CREATE VIEW orders_n AS SELECT 1 AS a;
CREATE SEQUENCE totals;
CREATE MATERIALIZED VIEW numbers AS SELECT 1 AS a;
CREATE TABLE mood (a int);
CREATE TYPE score AS (a int);
CREATE DOMAIN pair AS text;
SELECT object_type, identity, status, detail FROM nself_heal(true) WHERE status <> 'manual' \g (format=unaligned)
SELECT object_type, identity FROM nself_drift() WHERE kind = 'extra';
-- Out of the way.
DROP TYPE orders;
DROP TABLE orders_pk, mood;
DROP VIEW orders_n;
DROP SEQUENCE totals;
DROP MATERIALIZED VIEW numbers;
DROP TYPE score, pair;
SELECT count(*) > 8 AS healed, bool_and(status = 'applied') AS all_of_it FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
