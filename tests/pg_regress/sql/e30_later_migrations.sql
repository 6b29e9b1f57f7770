-- E30: what is expected is the end of the chain that is applied, not all that was ever created: what a later migration
-- drops never comes back. What a pending one will create is not there yet, and must not be made for it.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_first.up.sql', 'content', 'CREATE TABLE t (id int, old_name text, gone int); CREATE TABLE dropped (a int); CREATE INDEX t_gone ON t (gone); CREATE TABLE renamed (a int)'),
    jsonb_build_object('path', '1_first.down.sql', 'content', 'DROP TABLE t, dropped, renamed'),
    jsonb_build_object('path', '2_later.up.sql', 'content', 'ALTER TABLE t DROP COLUMN gone; ALTER TABLE t RENAME old_name TO new_name; DROP TABLE dropped; ALTER TABLE renamed RENAME TO kept'),
    jsonb_build_object('path', '2_later.down.sql', 'content', 'ALTER TABLE t ADD COLUMN gone int; ALTER TABLE t RENAME new_name TO old_name; CREATE TABLE dropped (a int); ALTER TABLE kept RENAME TO renamed; CREATE INDEX t_gone ON t (gone)'),
    jsonb_build_object('path', '3_pending.up.sql', 'content', 'ALTER TABLE t ADD COLUMN soon int; CREATE TABLE coming (a int); CREATE INDEX t_soon ON t (soon); DROP TABLE kept'),
    jsonb_build_object('path', '3_pending.down.sql', 'content', 'CREATE TABLE kept (a int); DROP TABLE coming; ALTER TABLE t DROP COLUMN soon')));
SELECT version, status FROM nself_migrate_up(max_count => 2);
-- Neither the dropped nor the pending is drift, and a heal makes neither.
SELECT kind, object_type, identity FROM nself_drift();
SELECT count(*) AS steps FROM nself_heal(true);
ALTER TABLE t DROP COLUMN new_name;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT string_agg(attname, ', ' ORDER BY attnum) AS columns FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped;
SELECT to_regclass('dropped') AS dropped, to_regclass('renamed') AS renamed, to_regclass('coming') AS coming;
-- What would be missing once all is applied is asked for by name; a heal does not do it.
SELECT kind, object_type, identity FROM nself_drift('journal');
SELECT count(*) AS steps FROM nself_heal(true);
-- So the pending migration finds what it expects.
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
DROP TABLE coming;
ALTER TABLE t DROP COLUMN soon;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
-- A migration that was undone is pending again: what it made is not expected, what it dropped is.
SELECT version, status FROM nself_migrate_down(steps => 2);
SELECT kind, object_type, identity FROM nself_drift();
DROP TABLE dropped;
DROP INDEX t_gone;
SELECT object_type, identity, status FROM nself_heal(true);
-- What somebody made by hand before the migration that makes it: extra now, and told.
CREATE TABLE coming (a int);
SELECT kind, object_type, identity, safety FROM nself_drift();
DROP TABLE coming;
-- A file that is edited or gone after it was applied changes nothing: what is expected is what ran.
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_first.up.sql', 'content', 'CREATE TABLE t (id int, other int)')));
SELECT kind, object_type, identity FROM nself_drift();
