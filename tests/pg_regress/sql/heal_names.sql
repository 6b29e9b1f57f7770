-- Names and values that try every quoting survive a heal of everything that has them.
CREATE EXTENSION nself_heal;
SELECT 'ü' || repeat('ö', 30) || 'x' AS long \gset
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_names.sql', 'content',
    replace($migration$
    CREATE SCHEMA "S.1 ""x";
    CREATE TYPE "S.1 ""x"."T y.pe" AS ENUM ('', 'it''s', '"', 'a,b', '{}', 'b\c', '''; DROP TABLE x; --', ' x ', '🙂');
    CREATE DOMAIN "S.1 ""x"."D'om" AS text CONSTRAINT "c ""k" CHECK (VALUE <> '''; DROP TABLE x; --');
    CREATE TYPE "S.1 ""x"."Comp.osite" AS ("A b" int, "c.d" "S.1 ""x"."T y.pe");
    CREATE SEQUENCE "S.1 ""x"."se.q";
    CREATE TABLE "S.1 ""x"."Ta.ble" (
        "Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        "a""b" text DEFAULT '''; DROP TABLE x; --' NOT NULL,
        "c.d" "S.1 ""x"."T y.pe" DEFAULT '''; DROP TABLE x; --',
        "E F" "S.1 ""x"."T y.pe"[] DEFAULT '{it''s,"\"","a,b"}',
        "select" bigint DEFAULT nextval('"S.1 ""x"."se.q"'),
        "%s $1 {}" "S.1 ""x"."D'om" DEFAULT E'back\\slash\nnew line',
        " " "S.1 ""x"."Comp.osite",
        "Gen" text GENERATED ALWAYS AS ("a""b" || E'\\' || '"') STORED,
        CONSTRAINT "chk '; --" CHECK ("a""b" <> '"; DROP TABLE x; --' AND "a""b" NOT LIKE E'%\\\\%'),
        CONSTRAINT "uq.1" UNIQUE ("a""b", "c.d")
    );
    CREATE TABLE "LONG" ("LONG" int CONSTRAINT "LONG" CHECK ("LONG" > 0), "ref ""1" bigint
        CONSTRAINT "fk ""1" REFERENCES "S.1 ""x"."Ta.ble" ON DELETE CASCADE);
    CREATE INDEX "In.dex '""" ON "S.1 ""x"."Ta.ble" (lower("a""b"), ("a""b" || '''; DROP TABLE x; --')) WHERE "c.d" <> '''; DROP TABLE x; --';
    CREATE INDEX "ON ONLY " ON "LONG" ("ref ""1");
    CREATE TABLE "P art" ("K ey" text NOT NULL) PARTITION BY LIST ("K ey");
    CREATE TABLE "P.1" PARTITION OF "P art" FOR VALUES IN ('it''s', '''; DROP TABLE x; --');
    CREATE INDEX "x"" ON ONLY y" ON "P art" ("K ey");
    $migration$, 'LONG', :'long'))));
SELECT version, status FROM nself_migrate_up();
SELECT octet_length(relname) FROM pg_class WHERE relname = :'long';
CREATE TABLE x (a int);
SELECT kind, identity FROM nself_drift();
DROP TABLE x;

-- Parts go, while rows are there.
INSERT INTO "S.1 ""x"."Ta.ble" ("c.d") VALUES ('it''s');
INSERT INTO :"long" VALUES (1, 1);
ALTER TABLE "S.1 ""x"."Ta.ble" DROP COLUMN "c.d" CASCADE, DROP COLUMN "E F", DROP COLUMN "select", DROP COLUMN "%s $1 {}", DROP COLUMN " ",
    DROP COLUMN "Gen", DROP CONSTRAINT "chk '; --", ALTER COLUMN "a""b" DROP NOT NULL, ALTER COLUMN "a""b" DROP DEFAULT;
ALTER TABLE :"long" DROP CONSTRAINT :"long", DROP CONSTRAINT "fk ""1";
DROP INDEX "ON ONLY ", "x"" ON ONLY y";
DROP TABLE "P.1";
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT count(*) AS drift FROM nself_drift();
SELECT * FROM "S.1 ""x"."Ta.ble" \gx

-- A column whose rows are in the way: the query that finds them works as it is written.
ALTER TABLE :"long" DROP CONSTRAINT :"long", DROP CONSTRAINT "fk ""1";
INSERT INTO :"long" VALUES (-1, 99);
SELECT identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT substring(detail FROM 'Find them: (.*)') FROM nself_heal() WHERE status = 'blocked' \gexec
DELETE FROM :"long" WHERE "ref ""1" = 99;

-- Everything goes.
DROP SCHEMA "S.1 ""x" CASCADE;
DROP TABLE :"long", "P art";
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
SELECT count(*) AS drift FROM nself_drift();
SELECT enum_range(NULL::"S.1 ""x"."T y.pe");
