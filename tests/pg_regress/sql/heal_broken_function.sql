-- A table may have an index on a function that does not work: its body names another one without a schema, as those of
-- earthdistance do, or somebody broke it. Whether the table has rows is seen all the same, and nothing else is held up.
CREATE ROLE regress_broken LOGIN;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1.sql', 'content', $$
    CREATE FUNCTION inner_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
    CREATE FUNCTION outer_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT public.inner_one($1)';
    CREATE TABLE unqualified (i int);
    CREATE INDEX unqualified_outer ON unqualified (outer_one(i));
    -- Since 17 the server does not make an index on this one.
    CREATE OR REPLACE FUNCTION outer_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT inner_one($1)';
    CREATE INDEX unqualified_i ON unqualified (i);
    CREATE SCHEMA app AUTHORIZATION regress_broken;
    SET ROLE regress_broken;
    CREATE TABLE app.hers (i int);
    CREATE INDEX hers_i ON app.hers (i);
    RESET ROLE;
    CREATE TABLE ours (i int);
    CREATE INDEX ours_i ON ours (i);
    CREATE TABLE parts (i int NOT NULL) PARTITION BY LIST (i);
    CREATE TABLE part PARTITION OF parts DEFAULT;
$$)));
SELECT version, status FROM nself_migrate_up();
DROP INDEX unqualified_i;
-- A new session, which has not parsed the function yet.
\c
SET nself.capture_ddl = off;
SELECT identity, safety FROM nself_drift();
SELECT identity, status, detail FROM nself_heal(true);
SET ROLE regress_broken;
DROP INDEX app.hers_i;
CREATE FUNCTION app.boom(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
INSERT INTO app.hers VALUES (1);
CREATE INDEX boom ON app.hers (app.boom(i));
SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION app.boom(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT nothing_here($1)';
RESET ROLE;
DROP INDEX ours_i;
\c
SET nself.capture_ddl = off;
SELECT identity, kind, safety FROM nself_drift();
SELECT identity, status, detail FROM nself_heal(true);

-- Rows of a partition are rows of its table, also where a foreign table is among the partitions. Without rows, NOT NULL needs
-- no default.
DROP TABLE app.hers;
DROP FUNCTION app.boom;
ALTER TABLE parts ALTER i DROP NOT NULL;
SELECT identity, status FROM nself_heal() WHERE identity ~ 'parts';
INSERT INTO parts VALUES (NULL);
SELECT identity, status, detail FROM nself_heal() WHERE identity ~ 'parts' \g (format=unaligned)
DROP EXTENSION nself_heal;
DROP OWNED BY regress_broken;
DROP ROLE regress_broken;
