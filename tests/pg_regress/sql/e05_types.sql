-- E5: a type has several names, and an array's declared size or number of dimensions means nothing to the server. None of
-- that is drift; another length, precision or type is.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    CREATE TABLE t (
        n numeric(10), f float(24), g float(25), c char, b bit, i int[3], j int[], v varchar, d decimal(5, 2),
        ts timestamp, tz timestamptz(6), s smallint, big bigint, bo boolean, iv interval
    );
    CREATE FUNCTION takes(a float(24), b int[3]) RETURNS char LANGUAGE sql AS 'SELECT ''x''';
    CREATE DOMAIN money_like AS numeric(10);
$$)));
SELECT version, status FROM nself_migrate_up();
ALTER TABLE t ALTER n TYPE numeric(10, 0), ALTER f TYPE real, ALTER g TYPE double precision, ALTER c TYPE character(1),
    ALTER b TYPE bit(1), ALTER i TYPE int4[], ALTER j TYPE int[][], ALTER v TYPE character varying, ALTER d TYPE numeric(5, 2),
    ALTER ts TYPE timestamp without time zone, ALTER tz TYPE timestamp(6) with time zone, ALTER s TYPE int2, ALTER big TYPE int8,
    ALTER bo TYPE bool, ALTER iv TYPE interval;
DROP DOMAIN money_like;
CREATE DOMAIN money_like AS dec(10, 0);
CREATE OR REPLACE FUNCTION takes(a float4, b int4[]) RETURNS bpchar LANGUAGE sql AS 'SELECT ''x''';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- The whole table made anew with those names, and healed from nothing.
DROP TABLE t;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- These are other types.
ALTER TABLE t ALTER n TYPE numeric(10, 1), ALTER f TYPE float8, ALTER c TYPE char(2), ALTER i TYPE bigint[], ALTER v TYPE varchar(20),
    ALTER d TYPE numeric(5, 3), ALTER tz TYPE timestamptz(3), ALTER ts TYPE timestamptz, ALTER iv TYPE interval(2), ALTER b TYPE varbit;
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift();
-- The same precision in effect, but the server knows the difference, and so does the report.
ALTER TABLE t ALTER tz TYPE timestamptz;
SELECT identity, expected, actual, safety, remedy FROM nself_drift() WHERE identity = 'public.t.tz' \g (format=unaligned)
