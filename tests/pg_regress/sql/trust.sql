-- A heal, a dry run and a drift run no code with the rights of a role that does not trust whoever can change it. The
-- payload of every attack says as whom it runs.
CREATE ROLE regress_mallory LOGIN;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
ALTER DATABASE regress_trust SET nself.shadow_keep_from = -1;
SET nself.shadow_keep_from = -1;
SET client_min_messages = warning;
SELECT nself_grant_access('regress_mallory', 'heal');
-- Made by a superuser, in a schema that is mallory's. Whoever owns a schema can put something else in the place of what
-- is in it.
SELECT version FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_app.sql', 'content', $$
    CREATE SCHEMA app AUTHORIZATION regress_mallory;
    CREATE FUNCTION app.ok(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i > 0';
    CREATE FUNCTION app.same(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i';
    CREATE DOMAIN app.positive AS int CHECK (app.ok(VALUE));
    CREATE OPERATOR app.|>| (LEFTARG = int, RIGHTARG = int, FUNCTION = int4gt);
    CREATE VIEW app.v AS SELECT app.same(1) AS n;
    CREATE TABLE t (i int CONSTRAINT by_function CHECK (app.ok(i)), j int DEFAULT app.same(7), d app.positive DEFAULT 1,
                    g int GENERATED ALWAYS AS (app.same(i)) STORED, CONSTRAINT by_operator CHECK (i OPERATOR(app.|>|) 0),
                    CONSTRAINT harmless CHECK (i < 1000));
    CREATE INDEX by_expression ON t (app.same(i));
    CREATE INDEX by_predicate ON t (i) WHERE app.ok(i);
    CREATE INDEX plain ON t (i);
    CREATE MATERIALIZED VIEW m AS SELECT * FROM app.v;
    CREATE VIEW only_written_down AS SELECT app.same(i) FROM t;
$$)));
SELECT status FROM nself_migrate_up();
INSERT INTO t (i) VALUES (1), (2);

-- What was the superuser's is now mallory's, and looks as before, but for what it says when it runs.
ALTER TABLE t DROP CONSTRAINT by_function, DROP CONSTRAINT by_operator, DROP CONSTRAINT harmless, DROP j, DROP d, DROP g;
DROP INDEX by_expression, by_predicate, plain;
DROP MATERIALIZED VIEW m;
DROP VIEW only_written_down;
\c - regress_mallory
SET client_min_messages = warning;
DROP FUNCTION app.ok CASCADE;
DROP FUNCTION app.same CASCADE;
DROP OPERATOR app.|>| (int, int);
\c - postgres
SET client_min_messages = warning;
DROP DOMAIN app.positive;
\c - regress_mallory
SET client_min_messages = warning;
CREATE FUNCTION app.says(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '% runs as %', what, current_user; END $$;
CREATE FUNCTION app.ok(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM app.says('ok'); RETURN i > 0; END $$;
CREATE FUNCTION app.same(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM app.says('same'); RETURN i; END $$;
CREATE DOMAIN app.positive AS int CHECK (app.ok(VALUE));
CREATE FUNCTION app.gt(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM app.says('gt'); RETURN $1 > $2; END $$;
CREATE OPERATOR app.|>| (LEFTARG = int, RIGHTARG = int, FUNCTION = app.gt);
CREATE VIEW app.v AS SELECT app.same(1) AS n;

-- The control: this is what a look would do, and whom mallory would be.
\c - postgres
SELECT count(*) FROM t WHERE NOT app.ok(i);

SELECT kind, identity, safety, reason FROM nself_drift() WHERE kind = 'missing' ORDER BY identity;
SELECT identity, status, detail FROM nself_heal() WHERE status IN ('planned', 'applied', 'failed') ORDER BY identity;
SELECT identity, status, detail FROM nself_heal(true) WHERE status <> 'manual' ORDER BY identity;
-- Mallory gains nothing by asking.
\c - regress_mallory
SELECT count(*) > 0 AS drift FROM nself_drift();
SELECT count(*) FILTER (WHERE status = 'applied') AS applied FROM nself_heal(true);
\c - postgres

-- What the superuser owns is still not run if somebody changed it, whoever that was: here the superuser, by hand.
SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE FUNCTION app.ok(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i > 0 AND true';
CREATE FUNCTION app.same(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i';
RESET client_min_messages;
SELECT identity, safety, reason FROM nself_drift() WHERE identity IN ('by_function on public.t', 'public.by_predicate', 'public.by_expression');
-- As it should be, it is run: this is the ordinary case.
CREATE OR REPLACE FUNCTION app.ok(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i > 0';
SELECT identity, status FROM nself_heal(true) WHERE status NOT IN ('applied', 'manual');
SELECT kind, object_type, identity, safety FROM nself_drift() ORDER BY identity;
DROP SCHEMA app CASCADE;
DROP TABLE t;
DROP EXTENSION nself_heal;

-- What the catalogs do not tell: what the body of a function calls, what an event trigger does, what the server works out
-- while it plans or parses. The functions that are named are the superuser's.
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_trap.sql', 'content', $$
    CREATE SCHEMA trap AUTHORIZATION regress_mallory;
    GRANT USAGE ON SCHEMA trap TO PUBLIC;
    CREATE FUNCTION trap.inner(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i > 0';
    CREATE FUNCTION calls(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN trap.inner(i); END';
    CREATE FUNCTION inlined(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT trap.inner(i)';
    CREATE FUNCTION by_path(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SET search_path = trap AS 'BEGIN RETURN "inner"(i); END';
    CREATE FUNCTION by_definer(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS 'BEGIN RETURN trap.inner(i); END';
    CREATE TABLE u (i int, CONSTRAINT calls CHECK (calls(i)), CONSTRAINT inlined CHECK (inlined(i)),
                    CONSTRAINT by_path CHECK (by_path(i)), CONSTRAINT by_definer CHECK (by_definer(i)));
    CREATE INDEX u_i ON u (i);
    CREATE TABLE parent (i int CONSTRAINT small CHECK (i < 100));
    CREATE DOMAIN checked AS int CHECK (calls(VALUE));
    CREATE TYPE pair AS (a checked, b int);
    CREATE TABLE parsed (b boolean DEFAULT ('(1,2)'::pair IS NULL));
$$)));
SELECT status FROM nself_migrate_up();
INSERT INTO u VALUES (1);
\c - regress_mallory
DROP FUNCTION trap.inner;
CREATE FUNCTION trap.inner(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE WARNING 'inner runs as %', current_user; RETURN i > 0; END $$;
\c - postgres
ALTER TABLE u DROP CONSTRAINT calls, DROP CONSTRAINT inlined, DROP CONSTRAINT by_path, DROP CONSTRAINT by_definer;
-- The controls.
SELECT calls(1), inlined(1), by_path(1), by_definer(1);
SELECT '(1,2)'::pair IS NULL AS parsed;
SELECT identity, safety, reason FROM nself_drift() WHERE kind = 'missing' ORDER BY identity;
SELECT identity, status, detail FROM nself_heal(true) WHERE status <> 'manual' ORDER BY identity;
-- Two texts that have to be parsed before it is known whether they are one. Parsing reads the value of a type.
ALTER TABLE parsed ALTER b SET DEFAULT ('(1,2)'::pair IS NULL OR false);
SELECT identity, kind, safety FROM nself_drift() WHERE identity LIKE '%parsed%';
-- A check of a child that the server works out while it plans a query of its parent.
ALTER TABLE parent DROP CONSTRAINT small;
\c - regress_mallory
CREATE TABLE trap.child (i int, CHECK (trap.inner(1)));
\c - postgres
ALTER TABLE trap.child INHERIT parent;
EXPLAIN (COSTS OFF) SELECT FROM parent WHERE i >= 100;
SELECT identity, safety, reason FROM nself_drift() WHERE identity = 'small on public.parent';
SELECT identity, status, detail FROM nself_heal(true) WHERE identity = 'small on public.parent';
-- An event trigger whose function is mallory's, and one whose function is the superuser's.
\c - regress_mallory
CREATE FUNCTION trap.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'on_ddl runs as %', current_user; END $$;
\c - postgres
CREATE EVENT TRIGGER trap ON ddl_command_end EXECUTE FUNCTION trap.on_ddl();
DROP INDEX u_i;
SELECT identity, status, detail FROM nself_heal(true) WHERE identity = 'public.u_i';
DROP EVENT TRIGGER trap;
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'noted runs as %', current_user; END $$;
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted();
SELECT identity, status, detail FROM nself_heal(true) WHERE identity = 'public.u_i';
DROP EVENT TRIGGER noted;

-- Code that is no function: what a view is, what a table does when it is written to, and the check of a domain. The
-- bodies are the superuser's, what they touch is hers.
DROP EXTENSION nself_heal;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SET client_min_messages = warning;
DROP TABLE u, parsed, parent CASCADE;
DROP FUNCTION calls, inlined, by_path, by_definer CASCADE;
RESET client_min_messages;
SELECT version FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_bodies.sql', 'content', $$
    SET check_function_bodies = off;
    CREATE FUNCTION reads(i int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM trap.seen); END';
    CREATE FUNCTION writes(i int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO trap.written (i) VALUES (i); RETURN true; END';
    CREATE FUNCTION declares(i int) RETURNS boolean LANGUAGE plpgsql AS 'DECLARE d trap.checked := i; BEGIN RETURN d > 0; END';
    CREATE TABLE w (i int CONSTRAINT reads CHECK (reads(i)), CONSTRAINT writes CHECK (writes(i)), CONSTRAINT declares CHECK (declares(i)));
$$)));
SELECT status FROM nself_migrate_up();
\c - regress_mallory
CREATE VIEW trap.seen AS SELECT current_user AS who;
CREATE TABLE trap.written (i int, who text DEFAULT current_user);
CREATE DOMAIN trap.checked AS int CHECK (VALUE > 0 AND pg_read_file('PG_VERSION') <> '');
\c - postgres
SET nself.capture_ddl = off;
-- The control: an INSERT runs it all.
INSERT INTO w VALUES (1);
SELECT * FROM trap.written;
ALTER TABLE w DROP CONSTRAINT reads, DROP CONSTRAINT writes, DROP CONSTRAINT declares;
SELECT identity, status, detail FROM nself_heal(true) WHERE identity LIKE '%public.w' ORDER BY 1;
SELECT * FROM trap.written;
DROP TABLE w;

-- A table that was hers, and that a superuser has taken over. What her migration said of it is not done again as the
-- superuser: neither her trigger nor her policy, nor a privilege.
DROP EXTENSION nself_heal;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT nself_grant_access('regress_mallory', 'migrate');
GRANT CREATE ON DATABASE regress_trust TO regress_mallory;
\c - regress_mallory
SELECT version FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_hers.sql', 'content', $$
    CREATE SCHEMA hers;
    CREATE TABLE hers.t (i int, CONSTRAINT c CHECK (i > 0));
    CREATE FUNCTION hers.fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER fires BEFORE INSERT ON hers.t FOR EACH ROW EXECUTE FUNCTION hers.fires();
    CREATE POLICY p ON hers.t USING (true); GRANT SELECT ON hers.t TO regress_mallory;
    CREATE INDEX t_i ON hers.t (i);
$$)));
SELECT status FROM nself_migrate_up();
\c - postgres
SET nself.capture_ddl = off;
ALTER TABLE hers.t OWNER TO postgres;
-- Somebody has read what she applies.
SET nself.trusted_authors = 'regress_mallory';
REVOKE ALL ON hers.t FROM regress_mallory;
DROP TRIGGER fires ON hers.t;
DROP POLICY p ON hers.t;
ALTER TABLE hers.t DROP CONSTRAINT c;
DROP INDEX hers.t_i;
SELECT object_type, identity, status, detail FROM nself_heal(true) WHERE identity NOT LIKE '%trap%' AND detail LIKE '%hers%' ORDER BY 1, 2;
-- The control: given back to her, it is healed.
ALTER TABLE hers.t OWNER TO regress_mallory;
SELECT object_type, identity, status FROM nself_heal(true) WHERE status = 'applied' ORDER BY 1, 2;
RESET nself.trusted_authors;
DROP SCHEMA hers CASCADE;
DROP FUNCTION reads, writes, declares;

DROP EXTENSION nself_heal;
SET client_min_messages = warning;
DROP SCHEMA trap CASCADE;
DROP OWNED BY regress_mallory;
DROP ROLE regress_mallory;
