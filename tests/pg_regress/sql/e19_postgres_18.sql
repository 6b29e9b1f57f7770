-- E19: PostgreSQL 18 has constraints that older servers do not know: a NOT NULL with a name, NOT VALID and NOT ENFORCED,
-- generated columns without a store, keys WITHOUT OVERLAPS. Each is compared as what it is. Older servers have nothing to do
-- here, so the answers are truths that hold for them, too.
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
SELECT current_setting('server_version_num')::int >= 180000 AS new \gset
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_old.sql', 'content', $$
        CREATE TABLE old (a int NOT NULL, b int NOT NULL, c int);
        ALTER TABLE old RENAME TO t;
        ALTER TABLE t RENAME COLUMN a TO aa;
        ALTER TABLE t ALTER COLUMN c SET NOT NULL;
    $$),
    jsonb_build_object('path', '2_new.sql', 'content', CASE WHEN :'new' THEN $$
        ALTER TABLE t ADD COLUMN virt int GENERATED ALWAYS AS (aa * 2);
        ALTER TABLE t ADD COLUMN stored int GENERATED ALWAYS AS (aa * 3) STORED;
        ALTER TABLE t ADD CONSTRAINT t_check CHECK (aa > 0) NOT ENFORCED;
        ALTER TABLE t ADD COLUMN later int;
        ALTER TABLE t ADD CONSTRAINT t_later NOT NULL later NOT VALID;
        CREATE TABLE room (no int4range, during int4range, CONSTRAINT room_pkey PRIMARY KEY (no, during WITHOUT OVERLAPS));
        CREATE TABLE stay (no int4range, during int4range, CONSTRAINT stay_fk FOREIGN KEY (no, PERIOD during) REFERENCES room (no, PERIOD during));
        CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE q (id int, CONSTRAINT q_fk FOREIGN KEY (id) REFERENCES p NOT ENFORCED);
    $$ ELSE 'SELECT 1' END)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT * FROM nself_drift_not_compared();
-- A NOT NULL keeps the name of the old table and column; a table that is made anew from nothing gets it, too.
CREATE TEMP TABLE before AS SELECT conname::text, contype FROM pg_constraint WHERE connamespace = 'public'::regnamespace;
DROP TABLE t;
SELECT bool_and(status = 'applied') AS healed FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT count(*) AS names_lost FROM before b WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = b.conname AND c.contype = b.contype);
-- Everything that is new goes.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.run(VARIADIC statements text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s text;
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        FOREACH s IN ARRAY statements LOOP EXECUTE s; END LOOP;
    END IF;
END $$;
-- What is told, as one text, on a server that knows what it is about.
CREATE FUNCTION pg_temp.told(expected text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN current_setting('server_version_num')::int < 180000 OR told = expected THEN 'as it should be' ELSE told END
      FROM (SELECT coalesce(string_agg(concat_ws(' ', kind, object_type, identity, safety), E'\n' ORDER BY (object_type, identity)::text COLLATE "C"), 'nothing') FROM nself_drift()) d(told)
$$;
SELECT pg_temp.run('ALTER TABLE t DROP COLUMN virt', 'ALTER TABLE t DROP CONSTRAINT t_check', 'ALTER TABLE t DROP CONSTRAINT t_later',
                   'ALTER TABLE stay DROP CONSTRAINT stay_fk', 'ALTER TABLE room DROP CONSTRAINT room_pkey', 'ALTER TABLE q DROP CONSTRAINT q_fk',
                   'INSERT INTO t (aa, b, c, later) VALUES (-1, 1, 1, NULL)', 'INSERT INTO q VALUES (99)');
SELECT pg_temp.told(E'missing not null public.t.later additive\nmissing table column public.t.virt additive\nmissing table constraint q_fk on public.q additive\nmissing table constraint room_pkey on public.room additive\nmissing table constraint stay_fk on public.stay additive\nmissing table constraint t_check on public.t additive');
SELECT expected LIKE 'NOT NULL%NOT VALID' AS expects_unvalidated, remedy LIKE '%NOT VALID' AS adds_unvalidated FROM nself_drift()
 WHERE identity = 'public.t.later' UNION ALL SELECT true, true WHERE NOT :'new';
-- Rows that violate what is not enforced or not validated are no obstacle.
SELECT count(*) AS blocked FROM nself_heal(true) WHERE status <> 'applied';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Another expression is altered as it stands, with what depends on the column.
SELECT pg_temp.run('CREATE INDEX on_stored ON t (stored)', 'ALTER TABLE t ALTER COLUMN stored SET EXPRESSION AS (aa * 4)');
SELECT pg_temp.told(E'changed table column public.t.stored manual\nextra index public.on_stored manual');
SELECT pg_temp.run(VARIADIC array_agg(remedy)) FROM nself_drift() WHERE kind = 'changed';
SELECT pg_temp.told('extra index public.on_stored manual');
SELECT pg_temp.run('DROP INDEX on_stored');
-- The same under the same name, but otherwise.
SELECT pg_temp.run('ALTER TABLE t DROP COLUMN virt', 'ALTER TABLE t ADD COLUMN virt int GENERATED ALWAYS AS (aa * 2) STORED');
SELECT pg_temp.told('changed table column public.t.virt manual');
SELECT pg_temp.run('ALTER TABLE t DROP COLUMN virt', 'ALTER TABLE t ADD COLUMN virt int GENERATED ALWAYS AS (aa * 2)', 'DELETE FROM t', 'DELETE FROM q',
                   'ALTER TABLE t DROP CONSTRAINT t_check', 'ALTER TABLE t ADD CONSTRAINT t_check CHECK (aa > 0)', 'ALTER TABLE q ALTER CONSTRAINT q_fk ENFORCED');
SELECT pg_temp.told(E'changed table constraint q_fk on public.q manual\nchanged table constraint t_check on public.t manual');
SELECT pg_temp.run('ALTER TABLE t DROP CONSTRAINT t_check', 'ALTER TABLE t ADD CONSTRAINT t_check CHECK (aa > 0) NOT ENFORCED', 'ALTER TABLE q ALTER CONSTRAINT q_fk NOT ENFORCED',
                   'ALTER TABLE room DROP CONSTRAINT room_pkey CASCADE', 'ALTER TABLE room ADD CONSTRAINT room_pkey PRIMARY KEY (no, during)');
SELECT pg_temp.told(E'changed table constraint room_pkey on public.room manual\nmissing table constraint stay_fk on public.stay additive');
-- The foreign key cannot rest on the other key: it is not made, and nothing breaks.
SELECT count(*) FILTER (WHERE status = 'applied') AS healed FROM nself_heal(true);
SELECT pg_temp.run('ALTER TABLE room DROP CONSTRAINT room_pkey', 'ALTER TABLE room ADD CONSTRAINT room_pkey PRIMARY KEY (no, during WITHOUT OVERLAPS)');
SELECT pg_temp.told('missing table constraint stay_fk on public.stay additive');
SELECT bool_and(status = 'applied') IS NOT FALSE AS healed FROM nself_heal(true);
-- A NOT NULL that is validated by hand where the migration left it unvalidated; one that is left unvalidated where it is to hold.
SELECT pg_temp.run('ALTER TABLE t ALTER COLUMN b DROP NOT NULL', 'ALTER TABLE t ADD CONSTRAINT old_b_not_null NOT NULL b NOT VALID');
SELECT pg_temp.told('changed not null public.t.b additive');
SELECT bool_and(status = 'applied') IS NOT FALSE AS healed FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
