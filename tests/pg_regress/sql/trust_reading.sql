-- To find drift, schemas are read, printed and parsed. None of that runs code of a user's, whatever is in them: each
-- function here says when it runs. What the server must run to read a value (in C) it does run.
-- Needs extensions: hstore
CREATE ROLE regress_mallory LOGIN;
CREATE EXTENSION nself_heal;
SET nself.shadow_keep_from = -1;
SET nself.capture_ddl = off;
SELECT version FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE EXTENSION hstore;
    CREATE SCHEMA trap AUTHORIZATION regress_mallory;
    CREATE FUNCTION trap.ok(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
    CREATE FUNCTION trap.num(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN i; END';
    CREATE FUNCTION trap.cmp(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 - $2; END';
    CREATE FUNCTION trap.to_text(point) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION trap.diff(int, int) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 - $2; END';
    CREATE FUNCTION trap.fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION trap.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    ALTER FUNCTION trap.ok OWNER TO regress_mallory;
    ALTER FUNCTION trap.num OWNER TO regress_mallory;
    ALTER FUNCTION trap.cmp OWNER TO regress_mallory;
    ALTER FUNCTION trap.to_text OWNER TO regress_mallory;
    ALTER FUNCTION trap.diff OWNER TO regress_mallory;
    ALTER FUNCTION trap.fires OWNER TO regress_mallory;
    ALTER FUNCTION trap.on_ddl OWNER TO regress_mallory;
    CREATE OPERATOR trap.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.cmp);
    CREATE OPERATOR CLASS trap.ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 trap.cmp(int, int);
    CREATE CAST (point AS text) WITH FUNCTION trap.to_text(point) AS ASSIGNMENT;
    CREATE TYPE trap.span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = trap.diff);
    CREATE DOMAIN trap.checked AS int CHECK (trap.ok(VALUE));
    CREATE TYPE trap.pair AS (a trap.checked, b int);
    CREATE TABLE a (i int, p point, s trap.span, h hstore DEFAULT 'a=>1', k int DEFAULT trap.num(1),
        b boolean DEFAULT ('(1,2)'::trap.pair IS NULL), g int GENERATED ALWAYS AS (trap.num(i)) STORED,
        CONSTRAINT c CHECK (trap.ok(i)), CONSTRAINT o CHECK (i OPERATOR(trap.@@@) 1 = 0), CONSTRAINT r CHECK (s <> '[1,2)'::trap.span));
    CREATE INDEX a_ops ON a (i trap.ops);
    CREATE INDEX a_x ON a (trap.num(i)) WHERE trap.ok(i);
    CREATE STATISTICS a_s ON (trap.num(i)), i FROM a;
    CREATE VIEW v AS SELECT trap.num(i) AS n, p::text FROM a WHERE trap.ok(i);
    CREATE MATERIALIZED VIEW m AS SELECT trap.num(1) AS n;
    CREATE RULE v_rule AS ON INSERT TO v WHERE trap.ok(NEW.n) DO INSTEAD NOTHING;
    CREATE TRIGGER a_t BEFORE INSERT ON a FOR EACH ROW WHEN (trap.ok(NEW.i)) EXECUTE FUNCTION trap.fires();
    CREATE POLICY a_p ON a USING (trap.ok(i));
    ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER TABLE a FORCE ROW LEVEL SECURITY;
    CREATE FUNCTION f(i int DEFAULT trap.num(1)) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT trap.num(i); END;
    CREATE TABLE parts (i int) PARTITION BY LIST (trap.num(i));
    CREATE TABLE part1 PARTITION OF parts FOR VALUES IN (1);
    CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
$$)));
SELECT status FROM nself_migrate_up();
\c - regress_mallory
-- The same again, but loud.
DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT oid, pg_get_functiondef(oid) AS def, proname FROM pg_proc WHERE pronamespace = 'trap'::regnamespace AND prolang <> 12 AND proowner = 'regress_mallory'::regrole LOOP
        EXECUTE regexp_replace(f.def, 'BEGIN', format('BEGIN RAISE WARNING ''%s runs as %%'', current_user; ', f.proname));
    END LOOP;
END $$;
\c - postgres
SET nself.capture_ddl = off;
SET nself.shadow_keep_from = -1;
-- The controls: it is loud.
SELECT trap.ok(1), trap.num(1), 1 OPERATOR(trap.@@@) 1 AS cmp, point(1, 1)::text AS cast, '(1,2)'::trap.pair IS NULL AS parsed;
-- Each text another one, so that it has to be parsed before it is known whether it means the same.
SET client_min_messages = error;
ALTER TABLE a DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (trap.ok(i) AND true), DROP CONSTRAINT o, ADD CONSTRAINT o CHECK (i OPERATOR(trap.@@@) 1 = 0 OR false),
    DROP CONSTRAINT r, ADD CONSTRAINT r CHECK (s <> '[1,2)'::trap.span OR false),
    ALTER k SET DEFAULT (trap.num(1) + 0), ALTER b SET DEFAULT ('(1,2)'::trap.pair IS NULL OR false), ALTER h SET DEFAULT 'a=>1'::hstore || ''::hstore;
DROP INDEX a_ops, a_x;
CREATE INDEX a_x ON a (trap.num(i + 0)) WHERE trap.ok(i) AND true;
ALTER POLICY a_p ON a USING (trap.ok(i) AND true);
CREATE OR REPLACE VIEW v AS SELECT trap.num(i) AS n, p::text FROM a WHERE trap.ok(i) AND true;
CREATE OR REPLACE RULE v_rule AS ON INSERT TO v WHERE trap.ok(NEW.n) AND true DO INSTEAD NOTHING;
CREATE OR REPLACE FUNCTION f(i int DEFAULT trap.num(1 + 0)) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT trap.num(i + 0); END;
DROP TRIGGER a_t ON a;
CREATE TRIGGER a_t BEFORE INSERT ON a FOR EACH ROW WHEN (trap.ok(NEW.i) AND true) EXECUTE FUNCTION trap.fires();
DROP MATERIALIZED VIEW m;
CREATE EVENT TRIGGER loud ON ddl_command_start EXECUTE FUNCTION trap.on_ddl();
RESET client_min_messages;
SET search_path = trap, public;
CREATE FUNCTION pg_temp.json_agg(anyelement) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'json_agg runs as %', current_user; RETURN '[]'; END $$;
-- Nothing is said.
SELECT kind, identity, safety FROM nself_drift() ORDER BY 2, 1;
SELECT count(*) FROM nself_ignored() WHERE identity IS NOT NULL;
SELECT count(*) FROM nself_drift_not_compared();
SELECT identity, status, detail FROM nself_heal() WHERE status <> 'manual' ORDER BY 1;
RESET search_path;
DROP EVENT TRIGGER loud;
SET client_min_messages = error;
DROP EXTENSION nself_heal;
DROP OWNED BY regress_mallory CASCADE;
DROP ROLE regress_mallory;
