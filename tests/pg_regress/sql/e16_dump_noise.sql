-- E16: two dumps of one database differ in random keys, comments, versions of extensions and of the collations that the
-- system has. The report does not read dumps, and none of that is in it.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_dump.sql', 'content', $$
--
-- PostgreSQL database dump
--
-- Dumped from database version 15.1 (Debian 15.1-1.pgdg110+1)
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET default_table_access_method = heap;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
-- Name: german; Type: COLLATION
CREATE COLLATION public.german FROM pg_catalog."C";
CREATE TABLE public.t (
    a integer, -- a number
    b text COLLATE public.german /* a word */
);
CREATE INDEX t_b ON public.t USING btree (b);
ALTER TABLE public.t OWNER TO postgres;
COMMENT ON TABLE public.t IS 'A table';
-- PostgreSQL database dump complete
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- The system's collations were upgraded, and an extension.
UPDATE pg_collation SET collversion = 'another' WHERE collname = 'german';
UPDATE pg_database SET datcollversion = 'another' WHERE datname = current_database();
UPDATE pg_extension SET extversion = '1.0.1-another' WHERE extname = 'plpgsql';
ANALYZE public.t;
VACUUM public.t;
REINDEX TABLE public.t;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT count(*) AS steps FROM nself_heal(true);
-- A default that is NULL is none, but for a domain with another one.
CREATE DOMAIN public.small AS varchar(3) DEFAULT 'x';
ALTER TABLE public.t ADD COLUMN code varchar(3), ADD COLUMN code_of_domain public.small;
SELECT count(*) AS swallowed FROM nself_baseline('1', confirm => true);
ALTER TABLE public.t ALTER code SET DEFAULT NULL, ALTER code_of_domain SET DEFAULT NULL;
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE d.adrelid = 'public.t'::regclass AND a.attname LIKE 'code%';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
ALTER TABLE public.t ALTER code_of_domain DROP DEFAULT;
-- A comment on an object is schema, a comment in a text is not.
COMMENT ON TABLE public.t IS 'Another';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
UPDATE pg_database SET datcollversion = NULL WHERE datname = current_database();
