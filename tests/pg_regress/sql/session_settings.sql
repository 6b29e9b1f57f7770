-- How a session prints dates, numbers and names is its own business: it is no drift, and a heal does not write it down.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TABLE event (
        day date NOT NULL,
        at timestamptz DEFAULT '2025-03-04 05:06:07+02',
        every interval DEFAULT '1 day 2 hours',
        ratio float8 DEFAULT 0.1,
        bytes bytea DEFAULT '\xdeadbeef',
        CHECK (day <> '2025-02-01')
    ) PARTITION BY RANGE (day);
    CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-02') TO ('2026-01-02');
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();

SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Asia/Tokyo';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -5;
SET bytea_output = 'escape';
SET quote_all_identifiers = on;
SET standard_conforming_strings = off;
SET search_path = pg_catalog;
SELECT count(*) AS drift FROM public.nself_drift();
DROP TABLE public.event_2025;
ALTER TABLE public.event DROP COLUMN at, DROP COLUMN every, DROP COLUMN ratio, DROP COLUMN bytes;
SELECT identity, status FROM public.nself_heal(true);
SELECT count(*) AS drift FROM public.nself_drift();
RESET ALL;
SELECT count(*) AS drift FROM nself_drift();
INSERT INTO event (day) VALUES ('2025-12-31') RETURNING at = '2025-03-04 03:06:07Z' AS at, every, ratio, bytes;
