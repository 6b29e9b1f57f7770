-- E13: a view over SELECT * has the columns that its table had when the view was made. One that the table gains later is
-- not in the view, and must not be.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_view.sql', 'content', $$
        CREATE TABLE base (a int, b int);
        CREATE VIEW star AS SELECT * FROM base;
        CREATE MATERIALIZED VIEW kept AS SELECT * FROM base;
    $$),
    jsonb_build_object('path', '2_column.sql', 'content', 'ALTER TABLE base ADD COLUMN c int')));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- The views go and come back as they were, without the new column.
DROP VIEW star;
DROP MATERIALIZED VIEW kept;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT attrelid::regclass AS view, string_agg(attname, ', ' ORDER BY attnum) AS columns FROM pg_attribute
 WHERE attrelid IN ('star'::regclass, 'kept'::regclass) AND attnum > 0 GROUP BY 1 ORDER BY 1::text;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- A column by hand: the view does not have it, and is not drift.
ALTER TABLE base ADD COLUMN by_hand int;
SELECT kind, object_type, identity FROM nself_drift();
-- Somebody makes the view again, and the star means all columns that are there now: told, and left.
CREATE OR REPLACE VIEW star AS SELECT * FROM base;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
-- A base table that lost a column: the column and the view come back.
DROP VIEW star;
ALTER TABLE base DROP COLUMN by_hand, DROP COLUMN b CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
