-- E27: somebody renames a column by hand. A heal that added the old one, empty, would have the application write to two
-- places. It asks instead, and takes no for an answer.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_users.sql', 'content', $$
    CREATE TYPE state AS ENUM ('new', 'done');
    CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, phone text, born date, CONSTRAINT users_email_key UNIQUE (email));
    CREATE INDEX users_email_idx ON users (lower(email));
    CREATE VIEW mails AS SELECT email FROM users;
    CREATE TABLE jobs (id int, s state);
    CREATE SCHEMA shop;
    CREATE TABLE shop.cart (id int PRIMARY KEY);
    CREATE VIEW shop.carts AS SELECT id FROM shop.cart;
$$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO users VALUES (1, 'a@x', '1', '2000-01-01');
ALTER TABLE users RENAME COLUMN email TO mail;
SELECT kind, object_type, identity, safety, reason, remedy FROM nself_drift() WHERE object_type = 'table column' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true) WHERE status NOT IN ('manual', 'blocked');
SELECT * FROM users;
-- The proposed statement puts it right, with all that is made of the column.
SELECT remedy FROM nself_drift() WHERE identity = 'public.users.email' \gexec
SELECT kind, object_type, identity FROM nself_drift();
-- Two columns at once: it is not known which is which, so both are asked for.
ALTER TABLE users RENAME COLUMN email TO mail;
ALTER TABLE users RENAME COLUMN phone TO tel;
SELECT identity, safety, reason FROM nself_drift() WHERE kind = 'missing' AND object_type = 'table column' \g (format=unaligned)
SELECT count(*) AS added FROM nself_heal(true) WHERE status = 'applied';
ALTER TABLE users RENAME COLUMN mail TO email;
-- An extra column of another type is no candidate: the missing one is added.
ALTER TABLE users RENAME COLUMN tel TO phone;
ALTER TABLE users DROP COLUMN born, ADD COLUMN age int;
SELECT object_type, identity, status FROM nself_heal(true);
ALTER TABLE users DROP COLUMN age;
-- Whoever knows that it is no rename says so.
ALTER TABLE users DROP COLUMN phone, ADD COLUMN nick text;
SELECT identity, status FROM nself_heal(true, not_renamed => ARRAY['public.users.phone']);
ALTER TABLE users DROP COLUMN nick;
-- A label of an enum: once the old one is added again, neither can be taken away any more.
ALTER TYPE state RENAME VALUE 'done' TO 'finished';
SELECT kind, identity, safety FROM nself_drift() WHERE kind = 'missing';
SELECT count(*) AS added FROM nself_heal(true) WHERE status = 'applied';
ALTER TYPE state RENAME VALUE 'finished' TO 'done';
SELECT kind, object_type, identity FROM nself_drift();
-- The type itself, and a schema with all that is in it.
ALTER TYPE state RENAME TO job_state;
SELECT count(*) AS added FROM nself_heal(true) WHERE status = 'applied';
ALTER TYPE job_state RENAME TO state;
SELECT kind, object_type, identity FROM nself_drift();
INSERT INTO shop.cart VALUES (1);
ALTER SCHEMA shop RENAME TO store;
SELECT count(*) AS added FROM nself_heal(true) WHERE status = 'applied';
ALTER SCHEMA store RENAME TO shop;
SELECT kind, object_type, identity FROM nself_drift();

-- What the log tells is not asked: who dropped the one, or made the other, has renamed nothing.
SELECT version, state FROM nself_journal_put((
    SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) || jsonb_build_object('path', '2_buckets.sql', 'content', $$
        CREATE TABLE bucket_1 (id int); CREATE TABLE bucket_2 (id int); CREATE TABLE bucket_3 (id int, note text); CREATE TYPE size AS (a int);
    $$) FROM nself.journal));
SELECT version, status FROM nself_migrate_up();
DROP TABLE bucket_2;
CREATE TABLE bucket_4 (id int);
ALTER TABLE bucket_3 DROP COLUMN note, ADD COLUMN text text;
ALTER TYPE size RENAME TO extent;
SELECT kind, object_type, identity, safety, reason FROM nself_drift() ORDER BY (object_type, identity)::text COLLATE "C" \g (format=unaligned)
SELECT identity, status FROM nself_heal(true) WHERE status <> 'manual';
-- A heal made it, and only then it was renamed.
DROP TABLE bucket_4;
ALTER TABLE bucket_2 RENAME TO bucket_5;
SELECT identity, safety, reason FROM nself_drift() WHERE identity LIKE '%bucket_2' \g (format=unaligned)
ALTER TABLE bucket_5 RENAME TO bucket_2;
-- So it is if nobody noted that.
SET nself.capture_ddl = off;
ALTER TABLE bucket_2 RENAME TO bucket_6;
ALTER TABLE bucket_3 RENAME COLUMN note TO remark;
SELECT identity, safety, reason FROM nself_drift() WHERE kind = 'missing' AND object_type LIKE 'table%' \g (format=unaligned)
