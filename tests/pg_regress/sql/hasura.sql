-- What Hasura is told, and what it can serve: the setting, NOTIFY, and the schema as it is and as pending migrations make it.
-- Needs extensions: dblink
CREATE EXTENSION nself_heal;
CREATE SCHEMA outside;
CREATE EXTENSION dblink SCHEMA outside;
CREATE FUNCTION outside.files(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) ORDER BY i)
      FROM generate_series(1, cardinality($1), 2) i
$$;

-- The admin secret is sent there: who owns the database cannot lead it to himself.
SHOW nself.hasura_endpoint;
CREATE ROLE regress_owner LOGIN;
ALTER DATABASE regress_hasura OWNER TO regress_owner;
SET ROLE regress_owner;
SET nself.hasura_endpoint = 'http://mine';
ALTER DATABASE regress_hasura SET nself.hasura_endpoint = 'http://mine';
RESET ROLE;
ALTER DATABASE regress_hasura SET nself.hasura_endpoint = 'http://hasura:8080';
\c
SHOW nself.hasura_endpoint;
ALTER DATABASE regress_hasura RESET nself.hasura_endpoint;

-- Who listens hears of what changed the schema, when it is kept.
SELECT outside.dblink_connect('listener', format('host=%s dbname=regress_hasura user=postgres', current_setting('unix_socket_directories')));
SELECT outside.dblink_exec('listener', 'LISTEN nself_schema');
-- What was heard before a word of our own: until that has come, others may be under way.
CREATE FUNCTION outside.heard() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    LOOP
        FOR said IN SELECT extra FROM outside.dblink_get_notify('listener') LOOP
            IF said = 'so far' THEN RETURN; END IF;
            RETURN NEXT said;
        END LOOP;
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;
\set heard 'NOTIFY nself_schema, ''so far''; SELECT * FROM outside.heard()'
SELECT outside.files(
    '1_shop.sql', 'CREATE TABLE people (id int PRIMARY KEY, mail text);
CREATE TABLE notes (id int PRIMARY KEY, person int REFERENCES people, body jsonb);
CREATE VIEW all_notes AS SELECT n.id, p.mail FROM notes n JOIN people p ON p.id = n.person;
CREATE DOMAIN price AS numeric CHECK (VALUE > 0);
CREATE FUNCTION search(words text) RETURNS SETOF notes LANGUAGE sql STABLE AS ''SELECT * FROM notes'';
CREATE FUNCTION shout(p people) RETURNS text LANGUAGE sql STABLE AS ''SELECT upper(p.mail)'';',
    '1_shop.down.sql', 'DROP FUNCTION shout, search; DROP DOMAIN price; DROP VIEW all_notes; DROP TABLE notes, people;',
    '2_more.sql', 'ALTER TABLE people ADD COLUMN name text;',
    '2_more.down.sql', 'ALTER TABLE people DROP COLUMN name;') AS shop \gset
SELECT count(*) FROM nself_journal_put(:'shop');
:heard;
BEGIN;
SELECT version, status FROM nself_migrate_up();
ROLLBACK;
SELECT version, status FROM nself_migrate_up(dry_run => true);
:heard;
SELECT version, status FROM nself_migrate_up();
:heard;
SELECT version, status FROM nself_migrate_down();
:heard;
DROP FUNCTION shout(people);
SELECT count(*) FROM nself_heal();
:heard;
SELECT identity, status FROM nself_heal(true) ORDER BY 1;
NOTIFY nself_schema, 'so far';
SELECT heard::jsonb - 'event' AS heard FROM outside.heard();
SELECT count(*) FROM nself_heal(true);
:heard;

-- The schema of now.
SELECT state, version, note FROM nself_servable();
CREATE FUNCTION outside.seen(schema jsonb) RETURNS TABLE (relation text, kind text, key text, columns text) LANGUAGE sql AS $$
    SELECT r ->> 'name', r ->> 'kind', r ->> 'primary_key',
           (SELECT string_agg(format('%s %s %s', c ->> 'name', c ->> 'type', c ->> 'category'), ', ' ORDER BY n)
              FROM jsonb_array_elements(r -> 'columns') WITH ORDINALITY c(c, n))
      FROM jsonb_array_elements(schema -> 'relations') r WHERE r ->> 'schema' = 'public'
$$;
SELECT s.* FROM nself_servable(), outside.seen(schema) s;
SELECT jsonb_pretty(schema -> 'foreign_keys') FROM nself_servable();
SELECT f - 'volatile' AS function FROM nself_servable(), jsonb_array_elements(schema -> 'functions') f
 WHERE f ->> 'schema' = 'public' AND f ->> 'name' !~ '^nself_' ORDER BY f ->> 'name';

-- The schema after each pending migration, beside that before them. Here nothing changes.
SELECT count(*) FROM nself_journal_put(:'shop'::jsonb || outside.files(
    '3_rename.sql', 'ALTER TABLE people RENAME COLUMN mail TO email; ALTER TABLE notes ALTER COLUMN body TYPE text;',
    '3_rename.down.sql', '',
    '4_rows.sql', 'INSERT INTO people (id) VALUES (1);', '4_rows.down.sql', '',
    '5_broken.sql', 'SELECT 1/0;', '5_broken.down.sql', '',
    '6_never.sql', 'DROP TABLE notes;', '6_never.down.sql', ''));
SELECT state, version, name, path, note, schema IS NULL AS as_before FROM nself_servable(true);
SELECT version, s.* FROM nself_servable(true) a, outside.seen(a.schema) s WHERE state <> 'live' AND relation IN ('people', 'notes', 'all_notes');
SELECT s.columns FROM nself_servable(), outside.seen(schema) s WHERE relation = 'people';
:heard;

-- Whoever may look may ask; of the rehearsal he is not told what the server said.
SELECT * FROM nself_grant_access('regress_owner', 'look');
SET ROLE regress_owner;
SELECT state, version, note FROM nself_servable(true) WHERE state = 'failed';
RESET ROLE;
SELECT * FROM nself_revoke_access('regress_owner');
SET ROLE regress_owner;
SELECT state FROM nself_servable();
RESET ROLE;
SELECT outside.dblink_disconnect('listener');
ALTER DATABASE regress_hasura OWNER TO postgres;
DROP ROLE regress_owner;
