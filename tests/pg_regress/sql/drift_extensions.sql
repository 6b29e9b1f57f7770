-- Extensions: missing, extra and in another schema; what belongs to one is not drift of its own.
-- Whichever of these comes with the server, and a type that it brings.
SELECT name AS ext, format('things.%I', name) AS type FROM pg_available_extensions
 WHERE name IN ('hstore', 'vector') ORDER BY name LIMIT 1 \gset
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_schema.sql', 'content', 'CREATE SCHEMA things; CREATE SCHEMA elsewhere; CREATE TABLE t (a int)'),
    jsonb_build_object('path', '2_extension.sql', 'content',
        format('CREATE EXTENSION %I SCHEMA things; ALTER TABLE t ADD COLUMN b %s', :'ext', :'type'))));
SELECT version, status FROM nself_migrate_up(max_count => 1);

-- By hand, before its migration: extra, with all its functions, types, casts and operators as one thing.
CREATE EXTENSION :ext SCHEMA things;
SELECT kind, object_type, identity = :'ext' AS is_it, actual, safety FROM nself_drift();
SELECT * FROM nself_drift_not_compared();
DROP EXTENSION :ext;

SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
SELECT * FROM nself_drift_not_compared();

-- In another schema, with everything that names its types.
ALTER EXTENSION :ext SET SCHEMA elsewhere;
SELECT kind, object_type, replace(identity, :'ext', 'it') AS identity, replace(expected, :'ext', 'it') AS expected,
       replace(actual, :'ext', 'it') AS actual, safety FROM nself_drift();
ALTER EXTENSION :ext SET SCHEMA things;

-- Gone, and healed before what needs it.
SET client_min_messages = warning;
DROP EXTENSION :ext CASCADE;
RESET client_min_messages;
SELECT kind, object_type, replace(identity, :'ext', 'it') AS identity, replace(expected, :'ext', 'it') AS expected,
       replace(split_part(remedy, ';', 1), :'ext', 'it') AS remedy, safety FROM nself_drift();
SELECT step, object_type, replace(identity, :'ext', 'it') AS identity, status FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();

-- A table that somebody makes a part of an extension is not forgotten.
CREATE TABLE settings (a int);
ALTER EXTENSION :ext ADD TABLE settings;
SELECT kind, object_type, expected, actual, safety FROM nself_drift();
