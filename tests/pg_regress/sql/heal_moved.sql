-- What is missing in one place may be what is extra in another. A heal that made it anew, empty, would have the
-- application write to two places: it asks first. And the schema public, which nobody makes, can come back.
CREATE SCHEMA tools;
CREATE EXTENSION nself_heal SCHEMA tools;
SET search_path = public, tools;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE SCHEMA app;
    CREATE TABLE app.person (id int PRIMARY KEY, name text);
    CREATE TABLE app.visit (id int PRIMARY KEY, person_id int REFERENCES app.person, at timestamptz);
    CREATE TABLE public.note (id int, body text);
$$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO app.person VALUES (1, 'Ann');
INSERT INTO app.visit VALUES (1, 1, NULL);

-- Renamed, and moved to another schema.
CREATE SCHEMA archive;
ALTER TABLE app.person RENAME TO people;
ALTER TABLE app.visit SET SCHEMA archive;
SELECT object_type, identity, ddl, status, detail FROM nself_heal(true) WHERE object_type = 'table' \g (format=unaligned)
SELECT count(*) FROM archive.visit;
-- The proposed statements put it right.
SELECT remedy FROM nself_drift() WHERE object_type = 'table' AND kind = 'missing' \gexec
DROP SCHEMA archive;
SELECT count(*) AS drift FROM nself_drift();
-- Whoever knows better says so.
ALTER TABLE app.visit RENAME TO old_visit;
ALTER TABLE app.old_visit RENAME CONSTRAINT visit_pkey TO old_visit_pkey;
SELECT identity, status FROM nself_heal(true, not_renamed => ARRAY['app.visit']) WHERE object_type = 'table';
SELECT (SELECT count(*) FROM app.visit) AS new, (SELECT count(*) FROM app.old_visit) AS old;
DROP TABLE app.old_visit;

-- The schema public goes, as people do to start over.
SET client_min_messages = warning;
DROP SCHEMA public CASCADE;
RESET client_min_messages;
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();
