-- E6: servers of two major versions print one object in two ways, and list other privileges for its owner. So what an
-- older server printed is never compared: after an upgrade the migrations are replayed on the server that is there.
CREATE EXTENSION nself_heal;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
CREATE ROLE regress_e06_reader;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_v.sql', 'content', $$
    CREATE TABLE vb (a int PRIMARY KEY, b text NOT NULL);
    CREATE VIEW v AS SELECT a FROM vb WHERE b <> '';
    GRANT ALL ON vb TO regress_e06_reader;
    REVOKE ALL ON v FROM CURRENT_USER;
    GRANT ALL ON v TO CURRENT_USER;
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- As an upgrade leaves it: the state that is kept was worked out by another server, so it is under another hash.
SELECT chain_hash AS hash FROM nself.expected_state \gset
UPDATE nself.expected_state SET chain_hash = 'that of PostgreSQL 14',
    pieces = pieces || 'a' WHERE chain_hash = :'hash';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT chain_hash = :'hash' AS replayed FROM nself.expected_state ORDER BY made_at DESC LIMIT 1;
-- A state under the right hash that this build cannot read is worked out again, too.
UPDATE nself.expected_state SET outline = 'x' WHERE chain_hash = :'hash';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- What one server calls all privileges is one privilege more on the next: both sides say it in the same words.
REVOKE ALL ON vb FROM regress_e06_reader;
SELECT kind, object_type, identity, actual IS NULL AS none_left FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
DROP OWNED BY regress_e06_reader;
DROP ROLE regress_e06_reader;
