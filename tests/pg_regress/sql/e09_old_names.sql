-- E9: a table that is renamed keeps the names that the server once made for its key, its sequence and the rest. A replay
-- renames it, too, so those names are expected; the ones that a fresh table would get are not.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_old.sql', 'content', $$
        CREATE TABLE old_name (id serial PRIMARY KEY, code text UNIQUE, n int CHECK (n > 0), up int REFERENCES old_name);
        CREATE INDEX ON old_name (n);
    $$),
    jsonb_build_object('path', '2_new.sql', 'content', $$
        ALTER TABLE old_name RENAME TO new_name;
        ALTER TABLE new_name RENAME COLUMN n TO amount;
    $$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- What goes comes back with the old names.
DROP TABLE new_name;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
INSERT INTO new_name (code) VALUES ('a') RETURNING id;
ALTER TABLE new_name DROP CONSTRAINT old_name_pkey CASCADE;
DROP INDEX old_name_n_idx;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Somebody tidies the names. Nothing is built twice: each is the same under another name, and can have its name back.
ALTER TABLE new_name RENAME CONSTRAINT old_name_pkey TO new_name_pkey;
ALTER TABLE new_name RENAME CONSTRAINT old_name_code_key TO new_name_code_key;
ALTER TABLE new_name RENAME CONSTRAINT old_name_n_check TO new_name_amount_check;
ALTER TABLE new_name RENAME CONSTRAINT old_name_up_fkey TO new_name_up_fkey;
ALTER INDEX old_name_n_idx RENAME TO new_name_amount_idx;
ALTER SEQUENCE old_name_id_seq RENAME TO new_name_id_seq;
SELECT object_type, identity, safety, reason FROM nself_drift() WHERE kind = 'missing' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true) WHERE status <> 'manual';
SELECT count(*) AS indexes FROM pg_index WHERE indrelid = 'new_name'::regclass;
SELECT count(*) AS sequences FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
-- What the report proposes gives each its name.
DO $$
DECLARE r text;
BEGIN
    FOR r IN SELECT remedy FROM nself_drift() WHERE kind = 'missing' LOOP EXECUTE r; END LOOP;
END $$;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
