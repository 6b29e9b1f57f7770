-- What a heal may do depends on who asks and on what else could be done: a step that is not taken holds back what stands
-- on it, and each step has the rights of the owner of what it touches, never more.
CREATE ROLE regress_shop LOGIN;
CREATE ROLE regress_stock LOGIN;
CREATE ROLE regress_clerk LOGIN;
CREATE EXTENSION nself_heal;
-- A role that owns something in a shadow that is kept could not be dropped below.
ALTER DATABASE regress_heal_needs SET nself.shadow_keep_from = -1;
-- Two peers migrate one database, and somebody reviews what both apply.
ALTER DATABASE regress_heal_needs SET nself.trusted_authors = 'regress_shop, regress_stock';
\c
GRANT CREATE ON DATABASE regress_heal_needs TO regress_shop, regress_stock;
SELECT nself_grant_access('regress_shop', 'migrate'), nself_grant_access('regress_stock', 'migrate'),
       nself_grant_access('regress_clerk', 'migrate');
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_shop.sql', 'content', $$
        CREATE SCHEMA shop;
        CREATE TYPE shop.state AS ENUM ('new', 'sent');
        CREATE TABLE shop.customer (id int PRIMARY KEY, mail text NOT NULL, state shop.state);
        CREATE TABLE shop.purchase (id int PRIMARY KEY, customer_id int REFERENCES shop.customer, code int);
        CREATE UNIQUE INDEX purchase_code ON shop.purchase (code);
        CREATE INDEX purchase_customer ON shop.purchase (customer_id);
    $$),
    jsonb_build_object('path', '2_stock.sql', 'content', $$
        CREATE SCHEMA stock;
        CREATE TABLE stock.part (id int PRIMARY KEY, name text);
        CREATE INDEX part_name ON stock.part (name);
    $$)));
\c - regress_shop
SELECT version, status FROM nself_migrate_up(max_count => 1);
INSERT INTO shop.customer VALUES (1, 'a@x'), (2, 'b@x');
INSERT INTO shop.purchase VALUES (1, 1, 1), (2, 2, 2);
\c - regress_stock
SELECT version, status FROM nself_migrate_up();
\c - postgres

-- A table is missing whose name something else has: its key, what refers to it, and its indexes wait for it.
BEGIN;
DROP TABLE shop.customer CASCADE;
CREATE VIEW shop.customer AS SELECT 1 AS id;
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
ROLLBACK;
-- Rows are in the way of a column that must not be empty: what is made of that column waits for it.
BEGIN;
ALTER TABLE shop.customer DROP COLUMN id CASCADE;
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
ROLLBACK;
-- Rows are in the way of a key, so the foreign key that rests on it waits: here this turns out on the way.
BEGIN;
ALTER TABLE shop.customer DROP CONSTRAINT customer_pkey CASCADE;
INSERT INTO shop.customer VALUES (1, 'again@x');
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
ROLLBACK;

-- Who is no superuser heals what is his own or of a role that he is a member of; the rest is blocked and says why.
DROP INDEX shop.purchase_customer, stock.part_name;
\c - regress_clerk
SELECT identity, status, detail FROM nself_heal() \g (format=unaligned)
\c - regress_shop
SELECT identity, status, detail FROM nself_heal(true) \g (format=unaligned)
\c - postgres
GRANT regress_stock TO regress_shop;
\c - regress_shop
SELECT identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT count(*) AS drift FROM nself_drift();
-- What is new belongs to the owner, whoever heals.
\c - postgres
DROP TABLE stock.part;
DROP TYPE shop.state CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('part', 'part_name', 'part_pkey') ORDER BY relname;
SELECT typname, typowner::regrole FROM pg_type WHERE typname = 'state';

-- A superuser heals a schema whose owner is up to no good. Functions in defaults, indexes and checks run as that owner,
-- and cannot change the session either.
\c - regress_shop
SELECT version, status FROM nself_migrate_up();
\c - postgres
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '3_evil.sql', 'content', $$
        CREATE TABLE shop.seen (by_whom text, what text);
        CREATE FUNCTION shop.note(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO shop.seen VALUES (current_user, what)';
        CREATE FUNCTION shop.look(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$
        BEGIN
            PERFORM shop.note(what);
            RETURN what;
        END $f$;
        CREATE FUNCTION shop.attack() RETURNS text LANGUAGE plpgsql VOLATILE AS $f$
        BEGIN
            INSERT INTO shop.seen VALUES (current_user, 'default');
            BEGIN
                EXECUTE 'ALTER ROLE regress_shop SUPERUSER';
                INSERT INTO shop.seen VALUES (current_user, 'default became superuser');
            EXCEPTION WHEN insufficient_privilege THEN NULL;
            END;
            BEGIN
                PERFORM set_config('role', 'none', false);
                INSERT INTO shop.seen VALUES (current_user, 'default became ' || current_user);
            EXCEPTION WHEN insufficient_privilege THEN NULL;
            END;
            BEGIN
                EXECUTE 'CREATE TEMP TABLE trap (a int)';
                INSERT INTO shop.seen VALUES (current_user, 'default made a trap');
            EXCEPTION WHEN insufficient_privilege THEN NULL;
            END;
            RETURN 'x';
        END $f$;
        CREATE TABLE shop.bait (id int, note text, evil text DEFAULT shop.attack());
        CREATE INDEX bait_index ON shop.bait (shop.look('index'));
        CREATE UNIQUE INDEX bait_unique ON shop.bait (id, shop.look('unique index'));
        ALTER TABLE shop.bait ADD CONSTRAINT bait_check CHECK (shop.look('check') IS NOT NULL);
    $$))) WHERE state = 'added';
\c - regress_shop
SELECT version, status FROM nself_migrate_up();
INSERT INTO shop.bait (id, evil) VALUES (1, 'none');
TRUNCATE shop.seen;
ALTER TABLE shop.bait DROP CONSTRAINT bait_check, DROP COLUMN evil;
DROP INDEX shop.bait_index, shop.bait_unique;
\c - postgres
SET client_min_messages = warning;
SELECT identity, status FROM nself_heal(true);
RESET client_min_messages;
SELECT by_whom, what, count(*) > 0 AS seen FROM shop.seen GROUP BY 1, 2 ORDER BY what COLLATE "C";
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_shop';
SELECT current_user;

-- A trap in the search_path of the session: the product's own queries do not see it.
CREATE SCHEMA trap;
CREATE FUNCTION trap.count() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a trap''; END';
CREATE FUNCTION trap.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_catalog.textne);
CREATE VIEW trap.pg_class AS SELECT 1 AS oid;
CREATE TEMP TABLE pg_namespace (oid int);
DROP INDEX shop.bait_index;
ALTER TABLE shop.bait DROP CONSTRAINT bait_check;
SET search_path = trap, pg_temp, pg_catalog;
SELECT identity FROM public.nself_drift() WHERE kind OPERATOR(pg_catalog.=) 'missing';
SELECT identity, status FROM public.nself_heal(true) WHERE status OPERATOR(pg_catalog.<>) 'manual';
RESET search_path;
SELECT kind, identity FROM nself_drift();
DROP OWNED BY regress_shop, regress_stock, regress_clerk CASCADE;
DROP ROLE regress_shop, regress_stock, regress_clerk;
