-- One object of each kind that a statement defines, and what is attached to objects: nothing differs; what somebody
-- drops comes back, what somebody changes or adds is told.
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
SET client_min_messages = error;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $migration$
    CREATE TABLE base (id int PRIMARY KEY, word text, doc jsonb) WITH (fillfactor = 80);
    CREATE VIEW words AS SELECT word FROM base;
    CREATE MATERIALIZED VIEW word_count AS SELECT word, count(*) FROM base GROUP BY word;
    CREATE INDEX word_count_word ON word_count (word);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE PROCEDURE tidy() LANGUAGE sql AS 'DELETE FROM base WHERE word IS NULL';
    CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
    CREATE TRIGGER touch BEFORE UPDATE ON base FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE RULE quiet AS ON DELETE TO base DO ALSO NOTHING;
    CREATE POLICY own ON base USING (word = current_user);
    ALTER TABLE base ENABLE ROW LEVEL SECURITY;
    ALTER TABLE base REPLICA IDENTITY FULL;
    ALTER TABLE base CLUSTER ON base_pkey;
    ALTER TABLE base ALTER COLUMN doc SET STORAGE EXTERNAL, ALTER COLUMN word SET STATISTICS 500;
    COMMENT ON TABLE base IS 'The base';
    COMMENT ON COLUMN base.word IS 'A word';
    GRANT SELECT ON base TO PUBLIC;
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
    CREATE STATISTICS base_stats (dependencies) ON id, word FROM base;
    CREATE COLLATION german FROM "C";
    CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
    CREATE DOMAIN score AS int;
    COMMENT ON DOMAIN score IS 'A number';
    CREATE TYPE span AS RANGE (subtype = int4);
    CREATE TYPE raw;
    CREATE FUNCTION raw_in(cstring) RETURNS raw LANGUAGE internal IMMUTABLE STRICT AS 'textin';
    CREATE FUNCTION raw_out(raw) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
    CREATE TYPE raw (INPUT = raw_in, OUTPUT = raw_out, LIKE = text);
    CREATE CAST (raw AS text) WITHOUT FUNCTION;
    CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
    CREATE OPERATOR FAMILY fam USING hash;
    CREATE OPERATOR CLASS raw_ops FOR TYPE int USING hash FAMILY fam AS OPERATOR 1 = (int, int);
    CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal));
    CREATE TRUSTED LANGUAGE other HANDLER plpgsql_call_handler;
    CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
    CREATE TABLE elsewhere (a int) USING heap_too;
    CREATE TEXT SEARCH PARSER pars (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
    CREATE TEXT SEARCH TEMPLATE temp (INIT = dsimple_init, LEXIZE = dsimple_lexize);
    CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = temp);
    CREATE TEXT SEARCH CONFIGURATION conf (PARSER = pars);
    CREATE FOREIGN DATA WRAPPER wrap;
    CREATE SERVER far FOREIGN DATA WRAPPER wrap;
    CREATE USER MAPPING FOR PUBLIC SERVER far;
    CREATE FOREIGN TABLE away (a int) SERVER far;
    CREATE PUBLICATION news FOR TABLE base;
    CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch();
$migration$)));
SELECT version, status FROM nself_migrate_up();
SELECT * FROM nself_drift_not_compared();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();

-- What is kept of the expected schema has the form that it had: otherwise raise FORM (core/src/pieces.rs), so that nothing
-- that was kept before is read, and put the new hash here.
SELECT CASE kept.hash WHEN h.hash THEN 'as before' ELSE h.major || ': ' || kept.hash END AS form
  FROM (SELECT left(encode(sha256(outline || pieces), 'hex'), 16) AS hash FROM nself.expected_state) kept,
       (VALUES (15, '59ec1bc25dd3e07d'), (16, 'fab71df15914496d'), (17, '96da778d10bb0e09'), (18, '5dec2cb65769e27b')) h(major, hash)
 WHERE h.major = current_setting('server_version_num')::int / 10000;

-- Everything is dropped. Only what stands by itself is named; what was on the table goes with it.
DROP EVENT TRIGGER watch;
DROP PUBLICATION news;
DROP FOREIGN DATA WRAPPER wrap CASCADE;
DROP TABLE base, elsewhere CASCADE;
DROP ACCESS METHOD heap_too;
DROP LANGUAGE other;
DROP TRANSFORM FOR int LANGUAGE sql;
DROP TEXT SEARCH PARSER pars CASCADE;
DROP TEXT SEARCH TEMPLATE temp CASCADE;
DROP FUNCTION touch(), watch();
DROP PROCEDURE tidy();
DROP AGGREGATE total(int);
DROP COLLATION german;
DROP CONVERSION latin;
DROP DOMAIN score;
DROP TYPE span, raw CASCADE;
DROP OPERATOR FAMILY fam USING hash CASCADE;
DROP OPERATOR ===(int, int);
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC;
-- Older servers have another word for a transform.
SELECT kind, object_type, replace(identity, ' on language', ' language') AS identity, safety
  FROM nself_drift() ORDER BY object_type COLLATE "C", identity COLLATE "C";
SELECT step, object_type, replace(identity, ' on language', ' language') AS identity, status, detail FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT ispopulated FROM pg_matviews;
SELECT count(*) AS steps FROM nself_heal(true);

-- What is switched off is switched on again. What is replaced, altered or added by hand stays, and is told with a remedy.
ALTER TABLE base DISABLE TRIGGER touch, DISABLE ROW LEVEL SECURITY, REPLICA IDENTITY DEFAULT, SET WITHOUT CLUSTER,
    RESET (fillfactor), SET (autovacuum_enabled = off);
ALTER TABLE base ALTER COLUMN doc SET STORAGE EXTENDED, ALTER COLUMN word SET STATISTICS 7, ALTER COLUMN id SET (n_distinct = 5);
ALTER EVENT TRIGGER watch DISABLE;
ALTER TABLE base FORCE ROW LEVEL SECURITY;
CREATE OR REPLACE VIEW words AS SELECT word FROM base WHERE word <> '';
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
ALTER POLICY own ON base USING (true);
ALTER PUBLICATION news SET (publish = 'insert');
ALTER PUBLICATION news DROP TABLE base;
ALTER SERVER far VERSION '2';
COMMENT ON TABLE base IS 'Another base';
COMMENT ON COLUMN base.word IS NULL;
COMMENT ON INDEX base_pkey IS 'The key';
REVOKE SELECT ON base FROM PUBLIC;
GRANT INSERT, UPDATE (word) ON base TO PUBLIC;
CREATE FUNCTION touch(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE TRIGGER again BEFORE INSERT ON base FOR EACH ROW EXECUTE FUNCTION touch();
\pset format unaligned
-- Servers print views and publications each in their own way.
SELECT kind, object_type, identity, safety, expected, actual, remedy FROM nself_drift()
 WHERE object_type NOT IN ('view', 'publication');
SELECT object_type, remedy LIKE 'CREATE OR REPLACE VIEW public.words AS SELECT%' AS of_view,
       remedy LIKE 'ALTER PUBLICATION news SET (publish = ''insert, update, delete, truncate''%' AS of_publication
  FROM nself_drift() WHERE object_type IN ('view', 'publication');
SELECT count(*) AS without_a_remedy FROM nself_drift() WHERE coalesce(remedy, '') = '';
SELECT object_type, identity, status, detail FROM nself_heal(true) WHERE status <> 'manual';
SELECT kind, object_type, identity, safety FROM nself_drift();

-- What is made for this session alone, or belongs to the product, is no schema.
CREATE TEMP VIEW mine AS SELECT 1 AS a;
CREATE TEMP TABLE notes (a int);
COMMENT ON TABLE notes IS 'For now';
GRANT SELECT ON nself.ledger TO PUBLIC;
SELECT count(*) AS still FROM nself_drift();
