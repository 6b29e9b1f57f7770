-- E20: adding a column writes a whole table anew for some columns and not for others. The report knows which, before it
-- is done: it is not done to a large table, and what it says is what the server does.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_all.sql', 'content', $$
        CREATE FUNCTION calm(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END';
        CREATE FUNCTION moody() RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 1; END';
        CREATE DOMAIN plain AS int;
        CREATE DOMAIN checked AS int CHECK (VALUE > 0);
        CREATE DOMAIN filled AS int DEFAULT 7;
        CREATE SEQUENCE numbers;
        CREATE TABLE t (
            id int,
            r_uuid uuid DEFAULT gen_random_uuid(),
            r_clock timestamptz DEFAULT clock_timestamp(),
            r_random float8 DEFAULT random(),
            r_nextval bigint DEFAULT nextval('numbers'),
            r_serial serial,
            r_identity int GENERATED ALWAYS AS IDENTITY,
            r_stored int GENERATED ALWAYS AS (id * 2) STORED,
            r_checked checked,
            r_moody int DEFAULT moody(),
            n_nullable text,
            n_constant text DEFAULT 'x',
            n_now timestamptz DEFAULT now(),
            n_not_null int NOT NULL DEFAULT 5,
            n_calm int DEFAULT calm(3),
            n_plain plain,
            n_array text[] DEFAULT '{a}'
        );
    $$),
    jsonb_build_object('path', '2_18.sql', 'content', CASE WHEN current_setting('server_version_num')::int >= 180000
        THEN 'ALTER TABLE t ADD COLUMN n_virtual int GENERATED ALWAYS AS (id * 2) VIRTUAL' ELSE 'SELECT 1' END)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO t (id) SELECT generate_series(1, 100);
DO $$
DECLARE c name;
BEGIN
    FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 1 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE t DROP COLUMN %I', c);
    END LOOP;
END $$;
-- Each column is healed alone, and whether the table has another file then is what the server did.
CREATE TEMP TABLE seen (column_name name, told boolean, done boolean, reason text);
CREATE TEMP TABLE told AS SELECT split_part(identity, '.', 3)::name AS column_name, coalesce(reason, '') AS reason FROM nself_drift() WHERE object_type = 'table column';
DO $$
DECLARE r record; before oid;
BEGIN
    FOR r IN SELECT * FROM told ORDER BY column_name LOOP
        before = pg_relation_filenode('t');
        INSERT INTO nself.allowed_drift (pattern, object_type, reason) SELECT 'public.t.' || column_name, 'table column', 'later' FROM told WHERE column_name > r.column_name;
        PERFORM * FROM nself_heal(true);
        DELETE FROM nself.allowed_drift;
        INSERT INTO seen VALUES (r.column_name, r.reason LIKE '%rewrites the table%', before <> pg_relation_filenode('t'), r.reason);
    END LOOP;
END $$;
SELECT column_name, told, done FROM seen WHERE column_name <> 'n_virtual' ORDER BY column_name;
SELECT bool_and(NOT told AND NOT done) IS NOT FALSE AS virtual_is_free FROM seen WHERE column_name = 'n_virtual';
SELECT kind, object_type, identity FROM nself_drift();
-- A large table is not written anew: exactly those columns are blocked, and the others are healed.
DO $$
DECLARE c name;
BEGIN
    FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 1 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE t DROP COLUMN %I', c);
    END LOOP;
END $$;
SET nself.heal_rewrite_limit = '8kB';
SELECT identity, status, left(detail, 25) AS detail FROM nself_heal(true) WHERE object_type = 'table column' AND identity <> 'public.t.n_virtual' ORDER BY identity COLLATE "C";
-- How a person can do it without: the remedy adds it empty.
SELECT remedy FROM nself_drift() WHERE identity = 'public.t.r_uuid' \g (format=unaligned)
