-- From PostgreSQL 18 on a NOT NULL has a name (from 17 on that of a domain has one). Where nobody gave one, the server makes it
-- of the names of table and column. After a rename an upgrade makes another one than a replay: that is no drift. A name that
-- somebody chose is. Older servers have no such names, so the answers are truths that hold for them, too.
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT current_setting('server_version_num')::int / 10000 AS major \gset
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_t.sql', 'content', $$
        CREATE TABLE old (id int NOT NULL, was int NOT NULL, picked int CONSTRAINT picked_not_null NOT NULL, long_long_long_long_long_long_long_long_long int NOT NULL);
        CREATE DOMAIN old_d AS int NOT NULL;
        CREATE TABLE above (id int NOT NULL, k int) PARTITION BY LIST (k);
        CREATE TABLE above_1 PARTITION OF above FOR VALUES IN (1);
    $$),
    jsonb_build_object('path', '2_t.sql', 'content', $$
        ALTER TABLE old RENAME TO long_long_long_long_long_long_long_long_long_long_table;
        ALTER TABLE long_long_long_long_long_long_long_long_long_long_table RENAME COLUMN was TO is_now;
        ALTER DOMAIN old_d RENAME TO new_d;
        ALTER TABLE above RENAME TO over;
        ALTER TABLE above_1 RENAME TO over_1;
    $$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
CREATE FUNCTION pg_temp.run(since int, statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('server_version_num')::int / 10000 >= since THEN EXECUTE statement; END IF;
END $$;
SET client_min_messages = warning;
CREATE VIEW pg_temp.told AS
    SELECT coalesce(string_agg(concat_ws(' ', kind, object_type, identity, safety, expected, actual), '; ' ORDER BY object_type, identity), 'nothing') AS told FROM nself_drift();
-- As the server names them in a database that is restored from an older one: the long one is what the server itself makes of it.
CREATE TABLE pg_temp.long_long_long_long_long_long_long_long_long_long_table (long_long_long_long_long_long_long_long_long int NOT NULL, id int NOT NULL, is_now int NOT NULL);
SELECT count(pg_temp.run(18, format('ALTER TABLE public.long_long_long_long_long_long_long_long_long_long_table RENAME CONSTRAINT %I TO %I', c.conname, t.conname))) >= 0 AS renamed
  FROM pg_constraint t
  JOIN pg_attribute b ON b.attrelid = t.conrelid AND b.attnum = t.conkey[1]
  JOIN pg_constraint c ON c.conrelid = 'public.long_long_long_long_long_long_long_long_long_long_table'::regclass AND c.contype = 'n'
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] AND a.attname = b.attname
 WHERE t.conrelid = 'pg_temp.long_long_long_long_long_long_long_long_long_long_table'::regclass AND t.contype = 'n';
SELECT pg_temp.run(18, 'ALTER TABLE over RENAME CONSTRAINT above_id_not_null TO over_id_not_null');
SELECT pg_temp.run(17, 'ALTER DOMAIN new_d RENAME CONSTRAINT old_d_not_null TO new_d_not_null');
SELECT told FROM pg_temp.told;
-- Names that somebody chose, in the migrations or here.
SELECT pg_temp.run(18, 'ALTER TABLE public.long_long_long_long_long_long_long_long_long_long_table ALTER picked DROP NOT NULL');
SELECT pg_temp.run(18, 'ALTER TABLE public.long_long_long_long_long_long_long_long_long_long_table ALTER picked SET NOT NULL');
SELECT pg_temp.run(18, 'ALTER TABLE over RENAME CONSTRAINT over_id_not_null TO chosen_here');
SELECT pg_temp.run(17, 'ALTER DOMAIN new_d RENAME CONSTRAINT new_d_not_null TO chosen_there');
SELECT told IS NOT DISTINCT FROM CASE WHEN :major >= 18
           THEN 'changed not null public.long_long_long_long_long_long_long_long_long_long_table.picked manual NOT NULL named picked_not_null '
                || 'NOT NULL named long_long_long_long_long_long_long_long_long_lo_picked_not_null; '
                || 'changed not null public.over.id manual NOT NULL named above_id_not_null NOT NULL named chosen_here; '
                || 'changed type public.new_d manual old_d_not_null chosen_there'
           WHEN :major = 17 THEN 'changed type public.new_d manual old_d_not_null chosen_there'
           ELSE 'nothing' END AS chosen_names_are_told
  FROM pg_temp.told;
-- The remedies lead back.
DO $$
DECLARE r text;
BEGIN
    FOR r IN SELECT remedy FROM nself_drift() LOOP EXECUTE r; END LOOP;
END $$;
SELECT told FROM pg_temp.told;
