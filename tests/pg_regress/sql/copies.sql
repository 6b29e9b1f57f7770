-- A copy of a database is not healed by itself until somebody says so there, and its status says why.
\set SHOW_CONTEXT never
\set status 'SELECT enabled, split_part(enabled_by, \' at \', 1) AS enabled_by, auto_run, note FROM nself_heal_status()'
\set home 'SELECT h.database, h.set_by, (h.system_identifier, h.database_oid) = (s.system_identifier, d.oid) AS is_here, h.target_timeline FROM nself.home h, pg_control_system() s, pg_database d WHERE d.datname = current_database() ORDER BY set_at'

-- It is at home where its extension was created. What keeps the worker off here is a setting.
CREATE EXTENSION nself_heal;
:home;
:status;
SELECT nself_heal_enable();
:status;

-- A copy by template.
\c postgres
CREATE DATABASE regress_copies_of TEMPLATE regress_copies;
\c regress_copies_of
:home;
:status;
-- Not to be healed is no reason to say that it is a copy. Whoever says so says it of the copy.
BEGIN;
SELECT nself_heal_disable();
:status;
SELECT count(*) AS rows, bool_and(database = current_database()) AS of_this FROM nself.home;
ROLLBACK;
-- What somebody does by hand works as anywhere, and does not make it a home: nobody asked for the worker.
SELECT version, state FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int)"}]');
SELECT version, status FROM nself_migrate_up();
DROP TABLE t;
SELECT identity, status FROM nself_heal(true);
SELECT note FROM nself_heal_status();
-- Under another name it is still the same copy, and at home it stays at home.
SELECT nself_heal_enable();
:home;
:status;
\c postgres
ALTER DATABASE regress_copies_of RENAME TO regress_copies_renamed;
\c regress_copies_renamed
SELECT note FROM nself_heal_status();

-- What a dump brings stands beside what the restore has made, also where it is the same place.
INSERT INTO nself.home SELECT * FROM nself.home;
SELECT note FROM nself_heal_status();
SELECT nself_heal_enable();
SELECT note FROM nself_heal_status();
INSERT INTO nself.home VALUES (7000000000000000000, 5, 0, 'shop', 'eve', '2026-05-07');
SELECT note FROM nself_heal_status();
DELETE FROM nself.home WHERE database = 'shop';
-- A point in time to which this server was not restored, and a database that says nothing.
UPDATE nself.home SET target_timeline = 3;
SELECT note FROM nself_heal_status();
DELETE FROM nself.home;
SELECT note FROM nself_heal_status();

-- It travels in dumps. Whoever may look reads it, and nobody else writes it.
SELECT count(*) FROM pg_extension WHERE extname = 'nself_heal' AND 'nself.home'::regclass = ANY (extconfig);
CREATE ROLE regress_copies_looks;
CREATE ROLE regress_copies_writes IN ROLE pg_write_all_data;
SELECT nself_grant_access('regress_copies_looks', 'look');
SET ROLE regress_copies_looks;
SELECT count(*) FROM nself.home;
SELECT nself_heal_enable();
SET ROLE regress_copies_writes;
INSERT INTO nself.home VALUES (1, 1, 0, 'x', 'x');
RESET ROLE;

\c regress_copies
SELECT note FROM nself_heal_status();
DROP DATABASE regress_copies_renamed;
DROP ROLE regress_copies_looks, regress_copies_writes;
