-- A migration's text means what the settings of its session say. The replay runs under the same ones, and neither the
-- settings of those who ask later nor those of roles and databases make a difference.
CREATE EXTENSION nself_heal;
CREATE SCHEMA app;
CREATE SCHEMA other;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_schemas.sql', 'content', 'CREATE SCHEMA IF NOT EXISTS app; CREATE SCHEMA IF NOT EXISTS other'),
    jsonb_build_object('path', '2_times.sql', 'content', $$
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TABLE t (
            at timestamptz DEFAULT '02/03/2020 10:00',
            on_day date DEFAULT '02/03/2020',
            lasts interval DEFAULT '-1 2:03:04',
            state mood DEFAULT 'ok',
            back text DEFAULT 'a\nb',
            price money DEFAULT '12.50',
            bytes bytea DEFAULT '\x01ff',
            size float8 DEFAULT 0.1,
            twice float8 GENERATED ALWAYS AS (size * 2.5) STORED,
            "order" int CHECK ("order" > 0),
            "Key" text UNIQUE,
            CONSTRAINT after CHECK (at > '01/02/2019 00:00'::timestamptz),
            CONSTRAINT apart EXCLUDE USING btree (on_day WITH =) WHERE (at > '01/02/2019 00:00'::timestamptz)
        );
        CREATE TABLE parts (at timestamptz, d money) PARTITION BY RANGE (at);
        CREATE TABLE part PARTITION OF parts FOR VALUES FROM ('01/02/2020 00:00') TO ('01/03/2020 00:00');
        CREATE DOMAIN late AS timestamptz DEFAULT '01/02/2020 00:00' CHECK (VALUE > '01/02/2019 00:00'::timestamptz);
        CREATE INDEX t_at ON t (on_day) WHERE at > '04/05/2020 12:00'::timestamptz;
    $$)));
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SET search_path = app, public;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT version, status FROM nself_migrate_up();
RESET ALL;
SET search_path = public;
SELECT to_regclass('app.t') AS made_in;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT count(*) AS drift FROM nself_drift();
INSERT INTO app.t DEFAULT VALUES;
SELECT at, on_day, lasts, state, back, size, twice FROM app.t;

-- What the asking session has set changes nothing, whether the expected schema is known or not.
SET TimeZone = 'America/New_York';
SET DateStyle = 'German';
SET IntervalStyle = 'iso_8601';
SET extra_float_digits = -5;
SET bytea_output = 'escape';
SET quote_all_identifiers = on;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET transform_null_equals = on;
SET search_path = other, pg_catalog;
SELECT count(*) AS drift FROM public.nself_drift();
DELETE FROM nself.expected_state;
SELECT count(*) AS drift FROM public.nself_drift();
-- Nor does it change what a heal makes.
ALTER TABLE app.t DROP CONSTRAINT apart, DROP COLUMN at, DROP COLUMN lasts, DROP COLUMN back, DROP COLUMN price, DROP COLUMN bytes, DROP COLUMN "order",
    ALTER COLUMN on_day DROP DEFAULT, DROP COLUMN twice;
DROP TABLE app.part;
DROP DOMAIN app.late;
SELECT object_type, identity, status FROM public.nself_heal(true);
RESET ALL;
SELECT count(*) AS drift FROM nself_drift();
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET search_path = app, public;
TRUNCATE t;
INSERT INTO t DEFAULT VALUES;
SELECT at, on_day, lasts, state, back, size, twice FROM t;
RESET ALL;

-- Settings of the role and of the database are those of their sessions; a replay has the migration's.
ALTER ROLE postgres IN DATABASE regress_replay_settings SET search_path = other;
ALTER DATABASE regress_replay_settings SET default_transaction_read_only = on;
ALTER DATABASE regress_replay_settings SET check_function_bodies = off;
ALTER ROLE postgres SET TimeZone = 'Asia/Kolkata';
ALTER ROLE postgres SET lock_timeout = '1ms';
\c
SET default_transaction_read_only = off;
DELETE FROM nself.expected_state;
SELECT count(*) AS drift FROM public.nself_drift();
ALTER ROLE postgres RESET TimeZone;
ALTER ROLE postgres RESET lock_timeout;
ALTER ROLE postgres IN DATABASE regress_replay_settings RESET search_path;
ALTER DATABASE regress_replay_settings RESET default_transaction_read_only;
\c

-- A setting that a migration changes ends with it, in the replay, too.
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '3_sets.sql', 'content', $$
        SELECT pg_catalog.set_config('search_path', '', false);
        SET TimeZone = 'Asia/Tokyo';
        CREATE TABLE other.u (at timestamptz DEFAULT '2020-01-01 00:00');
    $$),
    jsonb_build_object('path', '4_after.sql', 'content', $$
        CREATE TABLE v (at timestamptz DEFAULT '2020-01-01 00:00');
    $$))) WHERE state = 'added';
SELECT version, status FROM nself_migrate_up();
SELECT to_regclass('public.v') AS made_in;
SELECT count(*) AS drift FROM nself_drift();
