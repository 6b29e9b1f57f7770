-- E18: a child inherits columns and checks. What the parent lacks is added to the parent and reaches the children; what a
-- child has of its own stays its own.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TABLE parent (id int NOT NULL, name text DEFAULT 'x', CONSTRAINT parent_check CHECK (id > 0));
    CREATE TABLE child (extra int, CONSTRAINT child_check CHECK (extra > 0)) INHERITS (parent);
    CREATE TABLE grandchild (more int) INHERITS (child);
    CREATE TABLE kid (name text DEFAULT 'own') INHERITS (parent);
    ALTER TABLE child ALTER COLUMN name SET DEFAULT 'y';
$$)));
SET client_min_messages = warning;
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
INSERT INTO child VALUES (1, 'a', 1);
INSERT INTO grandchild VALUES (2, 'b', 1, 1);
-- One column is dropped, one step brings it back, to the parent.
ALTER TABLE parent DROP COLUMN id CASCADE;
SELECT kind, object_type, identity, safety FROM nself_drift();
-- The rows have no number, so it waits for somebody to give them one.
SELECT object_type, identity, status FROM nself_heal(true);
DELETE FROM parent;
SELECT object_type, identity, ddl LIKE 'ALTER TABLE "public"."parent" %' AS on_the_parent, status FROM nself_heal(true);
SELECT attrelid::regclass AS "table", attislocal AS own, attinhcount AS inherited FROM pg_attribute WHERE attname = 'id' AND attrelid IN ('parent'::regclass, 'child'::regclass, 'grandchild'::regclass, 'kid'::regclass) ORDER BY attrelid::regclass::text;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- The column with a default of its own in a child, which it is to have again.
ALTER TABLE parent DROP COLUMN name;
SELECT kind, object_type, identity, safety FROM nself_drift() WHERE object_type = 'table column';
SELECT bool_and(status = 'applied') AS healed FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- A child by hand is extra; its inherited columns are not.
CREATE TABLE by_hand (own int) INHERITS (parent);
SELECT kind, object_type, identity FROM nself_drift();
DROP TABLE by_hand;
-- A child that is on its own now: told, and left.
ALTER TABLE grandchild NO INHERIT child;
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() WHERE object_type = 'table';
ALTER TABLE grandchild INHERIT child;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
