-- A database of encoding SQL_ASCII can hold bytes that are no text. Whoever makes them lets a comparison fail, and nothing else:
-- the session goes on.
CREATE DATABASE regress_bytes ENCODING SQL_ASCII TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_bytes
SET client_encoding = SQL_ASCII;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put('[{"path": "1.sql", "content": "CREATE TABLE a (i int)"}]');
SELECT version, status FROM nself_migrate_up();
SELECT count(*) FROM nself_drift();
CREATE TABLE t (i int);
DO $$ BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', E'caf\xe9'); END $$;
SELECT count(*) FROM nself_drift();
SELECT identity, status FROM nself_heal(true);
COMMENT ON TABLE t IS 'text';
SELECT kind, identity FROM nself_drift();
\c postgres
DROP DATABASE regress_bytes;
