-- What stands on something that differs is tried, and if it fails the report says what it stands on.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_depot.sql', 'content', $$
    CREATE SCHEMA depot;
    CREATE TABLE depot.item (id int, name text);
    CREATE VIEW depot.plain AS SELECT id, name FROM depot.item;
    CREATE VIEW depot.long AS SELECT id, length(name) AS length FROM depot.item;
    CREATE VIEW depot.longer AS SELECT id FROM depot.long WHERE length > 10;
$$)));
SELECT version, status FROM nself_migrate_up();
DROP VIEW depot.long, depot.plain CASCADE;
ALTER TABLE depot.item ALTER COLUMN name TYPE int USING 0;
SELECT object_type, identity, status, detail FROM nself_heal();
SELECT object_type, identity, status, detail FROM nself_heal(true);
-- A person brings the column back; then the rest is healed.
DROP VIEW depot.plain;
ALTER TABLE depot.item ALTER COLUMN name TYPE text;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();
