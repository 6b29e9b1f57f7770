-- A replay gives a role the rights that it had when it applied the migration, and no more; nobody writes the books that a
-- replay goes by. Each attack acts in the shadow alone, where nobody sees it.
CREATE ROLE regress_mallory LOGIN;
CREATE ROLE regress_owner LOGIN;
CREATE ROLE regress_guest LOGIN;
CREATE ROLE regress_writer LOGIN;
GRANT pg_write_all_data TO regress_writer;
CREATE EXTENSION nself_heal;
-- No evidence: the replay is the only witness here.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
SET nself.capture_ddl = off;
ALTER DATABASE regress_rights_in_replay SET nself.shadow_keep_from = -1;
SET nself.shadow_keep_from = -1;
SET client_min_messages = warning;
CREATE SCHEMA app AUTHORIZATION regress_mallory;
SELECT nself_grant_access(role, 'migrate') FROM unnest('{regress_mallory, regress_owner, regress_guest}'::text[]) role;
-- Loads one more migration, by this role.
CREATE PROCEDURE add(role text, path text, up text) LANGUAGE plpgsql AS $$
DECLARE files jsonb = coalesce((SELECT jsonb_agg(jsonb_build_object('path', j.path, 'content', j.up_sql)) FROM nself.journal j), '[]');
BEGIN
    PERFORM set_config('role', role, true);
    PERFORM count(*) FROM nself_journal_put(files || jsonb_build_array(jsonb_build_object('path', path, 'content', up)));
    PERFORM set_config('role', 'none', true);
END $$;
CREATE PROCEDURE up(role text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('role', role, true);
    PERFORM count(*) FROM nself_migrate_up();
    PERFORM set_config('role', 'none', true);
    DELETE FROM nself.evidence;
END $$;
-- What somebody tries in the shadow alone, one statement after the other.
CREATE FUNCTION in_shadow(VARIADIC statements text[]) RETURNS text LANGUAGE sql AS $f$
    SELECT format($$DO $do$ DECLARE s text; BEGIN
        IF current_database() LIKE 'nself_shadow%%' THEN
            FOREACH s IN ARRAY %L::text[] LOOP BEGIN EXECUTE s; EXCEPTION WHEN insufficient_privilege THEN NULL; END; END LOOP;
        END IF;
    END $do$;$$, statements) $f$;

CALL add('regress_mallory', '1_mallory.sql', in_shadow(
    'CREATE SCHEMA evil', 'CREATE TABLE public.evil (i int)', 'GRANT CREATE ON SCHEMA public TO regress_mallory',
    'COMMENT ON SCHEMA public IS ''evil''', 'ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO regress_mallory',
    'CREATE FUNCTION public.length(varchar) RETURNS int LANGUAGE sql IMMUTABLE AS ''SELECT 1''')
    || 'GRANT CREATE ON SCHEMA public TO regress_mallory');
CALL up('regress_mallory');
SELECT version, applied_by, rights FROM nself.ledger ORDER BY id;
SELECT kind, object_type, identity FROM nself_drift();
SELECT identity, status FROM nself_heal(true);
SELECT has_schema_privilege('regress_mallory', 'public', 'CREATE');

-- The control: who has the rights here has them there. Somebody gave them, and no migration did: that stays drift.
GRANT CREATE ON DATABASE regress_rights_in_replay TO regress_guest;
GRANT CREATE ON SCHEMA public TO regress_guest;
CALL add('regress_guest', '2_guest.sql', 'CREATE TABLE public.by_guest (i int); CREATE SCHEMA of_guest;' || in_shadow(
    'CREATE SCHEMA seen', 'CREATE TABLE public.seen (i int)', 'GRANT CREATE ON SCHEMA public TO regress_mallory'));
CALL up('regress_guest');
REVOKE CREATE ON DATABASE regress_rights_in_replay FROM regress_guest;
SELECT version, rights FROM nself.ledger ORDER BY id DESC LIMIT 1;
SELECT kind, object_type, identity FROM nself_drift();
REVOKE CREATE ON SCHEMA public FROM regress_guest;
SELECT kind, object_type, identity FROM nself_drift();
-- The next one has what it had.
CALL add('regress_mallory', '3_mallory.sql', in_shadow('CREATE SCHEMA evil', 'CREATE TABLE public.evil (i int)'));
CALL up('regress_mallory');
SELECT kind, object_type, identity FROM nself_drift() WHERE identity ~ 'evil';
-- The owner of the database owns its shadow.
ALTER DATABASE regress_rights_in_replay OWNER TO regress_owner;
CALL add('regress_owner', '4_owner.sql', 'GRANT CREATE ON SCHEMA public TO regress_guest; COMMENT ON SCHEMA public IS ''ours''; CREATE TABLE public.by_owner (i int)');
CALL up('regress_owner');
ALTER DATABASE regress_rights_in_replay OWNER TO postgres;
SELECT version, rights FROM nself.ledger ORDER BY id DESC LIMIT 1;
SELECT kind, object_type, identity FROM nself_drift();

-- What is pending is replayed as the caller only if the caller trusts whoever loaded it.
\set who 'DO $do$ BEGIN EXECUTE format($$CREATE TABLE of_guest.%I (i int)$$, $$by $$ || current_user); END $do$;'
CALL add('regress_guest', '5_who.sql', :'who');
SELECT identity, object_type FROM nself_drift('journal') WHERE identity ~ 'by ';
DELETE FROM nself.journal WHERE version = '5';
CALL add('postgres', '5_who.sql', :'who');
SELECT version, loaded_by FROM nself.journal WHERE version = '5';
SELECT identity, object_type FROM nself_drift('journal') WHERE identity ~ 'by ';

-- To write to all tables is no right to write to these.
SET ROLE regress_writer;
INSERT INTO nself.ledger (version, name, path, direction, sql, breakpoints, checksum, logged_in_as, applied_by, settings, duration_ms)
VALUES ('6', 'evil', '6_evil.sql', 'up', 'CREATE TABLE evil (i int)', false, 'x', 'postgres', 'postgres', '{}', 1);
UPDATE nself.journal SET up_sql = 'x';
DELETE FROM nself.expected_state;
UPDATE nself.job_log SET run_by = 'postgres';
INSERT INTO nself.heal_switch DEFAULT VALUES;
SET session_replication_role = replica;
RESET ROLE;
SET session_replication_role = replica;
SET ROLE regress_writer;
INSERT INTO nself.heal_events (trigger, confirmed, drift_items) VALUES ('x', true, 1);
INSERT INTO nself.heal_steps SELECT * FROM nself.heal_steps;
INSERT INTO nself.ddl_log SELECT * FROM nself.ddl_log;
RESET ROLE;
-- The control.
CREATE TABLE other (i int);
SET ROLE regress_writer;
INSERT INTO other VALUES (1);
RESET ROLE;
RESET session_replication_role;

-- A setting of a role's own does not make a replay begin as another one.
GRANT regress_guest TO regress_mallory;
ALTER ROLE regress_mallory SET role = 'regress_guest';
DELETE FROM nself.expected_state;
SELECT count(*) > 0 AS compared FROM nself_drift();
ALTER ROLE regress_mallory RESET role;

DROP EXTENSION nself_heal;
DROP OWNED BY regress_mallory, regress_owner, regress_guest, regress_writer;
DROP ROLE regress_mallory, regress_owner, regress_guest, regress_writer;
