-- A check of a domain may be NOT VALID, as one of a table: it comes back as it was, and one that somebody left unchecked is
-- checked.
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_d.sql', 'content', $$
    CREATE DOMAIN added AS int;
    CREATE TABLE t (id int, added added);
    INSERT INTO t VALUES (1, -1);
    ALTER DOMAIN added ADD CONSTRAINT above CHECK (VALUE > 0) NOT VALID;
    CREATE DOMAIN whole AS int CONSTRAINT below CHECK (VALUE < 100);
    ALTER DOMAIN whole ADD CONSTRAINT above CHECK (VALUE > 0) NOT VALID;
    CREATE DOMAIN checked AS int CONSTRAINT above CHECK (VALUE > 1);
    CREATE TABLE u (id int, checked checked, whole whole);
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
CREATE VIEW state AS SELECT contypid::regtype::text AS domain, conname, convalidated FROM pg_constraint WHERE contypid <> 0 AND connamespace = 'public'::regnamespace;
CREATE TEMP TABLE before AS SELECT * FROM state;
-- The check is lost, the domain is lost, and a check is left unchecked.
ALTER DOMAIN added DROP CONSTRAINT above;
ALTER TABLE u DROP COLUMN whole;
DROP DOMAIN whole;
ALTER DOMAIN checked DROP CONSTRAINT above;
ALTER DOMAIN checked ADD CONSTRAINT above CHECK (VALUE > 1) NOT VALID;
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift() WHERE identity <> 'public.state';
SELECT object_type, identity, status, ddl FROM nself_heal(true) WHERE identity <> 'public.state';
SELECT * FROM state EXCEPT SELECT * FROM before;
SELECT * FROM before EXCEPT SELECT * FROM state;
-- A row is in the way of a check.
ALTER DOMAIN checked DROP CONSTRAINT above;
INSERT INTO u VALUES (1, 0);
ALTER DOMAIN checked ADD CONSTRAINT above CHECK (VALUE > 1) NOT VALID;
SELECT object_type, identity, status, detail FROM nself_heal(true) WHERE identity <> 'public.state';
-- To check what may stay unchecked is no drift; to say something else is, and the remedy leads back.
DELETE FROM u;
ALTER DOMAIN checked VALIDATE CONSTRAINT above;
DELETE FROM t;
ALTER DOMAIN added VALIDATE CONSTRAINT above;
SELECT count(*) AS drift FROM nself_drift() WHERE identity <> 'public.state';
ALTER DOMAIN added DROP CONSTRAINT above;
ALTER DOMAIN added ADD CONSTRAINT above CHECK (VALUE > 5);
SELECT kind, identity, expected, actual, safety, remedy FROM nself_drift() WHERE identity <> 'public.state';
SELECT remedy FROM nself_drift() WHERE identity <> 'public.state' \gexec
SELECT count(*) AS drift FROM nself_drift() WHERE identity <> 'public.state';
SELECT * FROM before EXCEPT SELECT * FROM state;
