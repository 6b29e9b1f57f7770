-- What heal never does: drop, rename, change a type, replace a definition. It names it and leaves it.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE person (id int PRIMARY KEY, email text, name varchar(80) DEFAULT 'x', age int CHECK (age > 0), m mood);
    CREATE INDEX person_name ON person (name);
    CREATE SEQUENCE numbers INCREMENT BY 5;
$$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO person VALUES (1, 'a@x', 'Ann', 7, 'sad');

ALTER TABLE person ALTER COLUMN name TYPE varchar(40), ALTER COLUMN name SET DEFAULT 'y';
ALTER TABLE person DROP CONSTRAINT person_age_check, ADD CONSTRAINT person_age_check CHECK (age > 5);
ALTER TABLE person ADD COLUMN extra jsonb;
DROP INDEX person_name;
CREATE INDEX person_name ON person (name, id);
ALTER SEQUENCE numbers INCREMENT BY 6;
ALTER TYPE mood ADD VALUE 'puzzled' BEFORE 'happy';
CREATE TABLE "we""ird; DROP TABLE person" (a int);
SELECT kind, object_type, identity, expected, actual, safety, remedy, reason FROM nself_drift() \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true);
SELECT * FROM person;

-- A missing column beside an extra one of the same type is perhaps a new name. Heal asks, and takes an answer.
ALTER TABLE person RENAME COLUMN email TO mail;
SELECT identity, safety, reason FROM nself_drift() WHERE kind = 'missing' \g (format=unaligned)
SELECT identity, status FROM nself_heal(true) WHERE identity = 'public.person.email';
SELECT identity, status FROM nself_heal(true, not_renamed => ARRAY['public.person.email'])
 WHERE identity = 'public.person.email';
SELECT id, mail, email FROM person;
