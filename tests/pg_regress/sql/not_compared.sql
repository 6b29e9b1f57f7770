-- What the report cannot compare is counted and named: silence never means that it is equal.
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
SET client_min_messages = error;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $migration$
    CREATE FOREIGN DATA WRAPPER wrap;
    CREATE SERVER far FOREIGN DATA WRAPPER wrap OPTIONS (host 'far.example', password 'hush');
    CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'app', password 'hush');
    DO 'BEGIN PERFORM lo_create(4711); END';
$migration$)));
SELECT version, status FROM nself_migrate_up();
RESET client_min_messages;
SELECT * FROM nself_drift_not_compared();
-- The report names them, too.
SELECT kind, object_type, identity FROM nself_drift();

-- What somebody makes by hand shows in the live count alone. A subscription reaches outside the database, so a replay
-- leaves it out: whether a migration made it is not known, and it is named.
SET client_min_messages = error;
CREATE SUBSCRIPTION regress_not_compared CONNECTION 'dbname=nowhere' PUBLICATION news WITH (connect = false);
SELECT * FROM nself_drift_not_compared() WHERE live <> expected;
ALTER SUBSCRIPTION regress_not_compared SET (slot_name = NONE);
DROP SUBSCRIPTION regress_not_compared;

-- Secrets are never shown, and what lacks one is not made up.
\pset format unaligned
DROP SERVER far CASCADE;
SELECT kind, object_type, identity, expected, remedy, safety, reason FROM nself_drift();
SELECT count(*) AS told FROM nself_drift() d WHERE d::text LIKE '%hush%';
SELECT object_type, identity, status, detail FROM nself_heal(true);
