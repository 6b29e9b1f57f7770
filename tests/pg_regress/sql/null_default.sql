-- A default that is NULL is no default. The server keeps it where the type has a length, and a dump writes it for a partition
-- without its parent's default. It says something only where a domain has another one.
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    CREATE TABLE log (n int, at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP) PARTITION BY LIST (n);
    CREATE TABLE log_1 (LIKE log);
    ALTER TABLE log ATTACH PARTITION log_1 FOR VALUES IN (1);
    CREATE TABLE above (v varchar(9) DEFAULT 'x', w varchar(9) DEFAULT NULL);
    CREATE TABLE below () INHERITS (above);
    ALTER TABLE below ALTER v DROP DEFAULT;
    CREATE TABLE t (v varchar(9), w varchar(9) DEFAULT NULL::varchar(9), n numeric(5,2)[], b bit(3), i interval second(2), e varchar(9) DEFAULT NULL::text || 'x');
    CREATE DOMAIN bare AS varchar(9);
    CREATE DOMAIN said AS varchar(9);
    ALTER DOMAIN said SET DEFAULT NULL;
    CREATE DOMAIN other AS varchar(9) DEFAULT 'y';
    CREATE DOMAIN of_other AS other DEFAULT NULL;
    CREATE TABLE k (a other DEFAULT NULL, b other, c bare, d bare DEFAULT NULL);
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
-- What says nothing is said, and the other way round.
ALTER TABLE log_1 ALTER at SET DEFAULT NULL;
ALTER TABLE below ALTER v SET DEFAULT NULL;
ALTER TABLE t ALTER v SET DEFAULT NULL, ALTER w DROP DEFAULT, ALTER n SET DEFAULT NULL, ALTER b SET DEFAULT NULL, ALTER i SET DEFAULT NULL;
ALTER DOMAIN bare SET DEFAULT NULL;
ALTER DOMAIN said DROP DEFAULT;
ALTER DOMAIN of_other SET DEFAULT NULL;
ALTER TABLE k ALTER c SET DEFAULT NULL, ALTER d DROP DEFAULT;
SELECT count(*) AS kept FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid WHERE c.relnamespace = 'public'::regnamespace AND pg_get_expr(adbin, adrelid) LIKE 'NULL::%';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- What says something is told.
ALTER TABLE k ALTER a DROP DEFAULT, ALTER b SET DEFAULT NULL;
ALTER TABLE t ALTER e SET DEFAULT NULL;
ALTER DOMAIN other SET DEFAULT NULL;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
ALTER DOMAIN other SET DEFAULT 'y';
SELECT object_type, identity, status FROM nself_heal(true);
ALTER TABLE k ALTER b DROP DEFAULT;
SELECT count(*) AS drift FROM nself_drift();
-- A heal makes none where there is none.
DROP DOMAIN of_other, said;
DROP TABLE k;
SELECT object_type, identity, status, ddl FROM nself_heal(true);
SELECT typname, pg_get_expr(typdefaultbin, 0) AS "default" FROM pg_type WHERE typtype = 'd' AND typnamespace = 'public'::regnamespace ORDER BY typname;
SELECT count(*) AS drift FROM nself_drift();
-- Where a domain has lost its default, nobody is told that a column had none.
ALTER DOMAIN other DROP DEFAULT;
SELECT kind, object_type, identity FROM nself_drift();
