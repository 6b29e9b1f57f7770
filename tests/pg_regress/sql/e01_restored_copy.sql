-- E1: what the server prints of an expression, read again, may print as another text. A copy that came out of pg_dump
-- therefore has other texts than a database that ran the migrations, and is equal all the same.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE DOMAIN size AS varchar(4) DEFAULT 'S' CONSTRAINT size_known CHECK (VALUE IN ('S', 'M', 'L'));
    CREATE TABLE item (
        id int PRIMARY KEY,
        state varchar(20) NOT NULL DEFAULT CASE WHEN current_user::varchar IN ('root', 'postgres') THEN 'open' ELSE 'new' END
            CONSTRAINT item_state CHECK (state IN ('new', 'open', 'done')),
        a int, b int, c int, span int4range, note text,
        CONSTRAINT item_or CHECK (a > 0 OR (b > 0 OR (c > 0 OR state NOT IN ('new', 'open')))),
        CONSTRAINT item_span EXCLUDE USING gist (span WITH &&) WHERE (state IN ('new', 'open')),
        label text GENERATED ALWAYS AS (CASE WHEN state IN ('new', 'open') THEN 'live' ELSE 'dead' END) STORED
    );
    CREATE INDEX item_open ON item (id) WHERE state IN ('new', 'open');
    CREATE INDEX item_rank ON item ((CASE WHEN state IN ('new', 'open') THEN 1 ELSE 2 END));
    CREATE VIEW live AS SELECT id, state IN ('new', 'open') AS fresh FROM item WHERE state IN ('new', 'open') OR a > 0 OR (b > 0 OR c > 0);
    CREATE MATERIALIZED VIEW counted AS SELECT state, count(*) FROM item WHERE state NOT IN ('done', 'lost') GROUP BY state;
    CREATE INDEX counted_state ON counted (state) WHERE state IN ('new', 'open');
    CREATE POLICY seen ON item FOR UPDATE USING (state IN ('new', 'open')) WITH CHECK (state IN ('open', 'done'));
    ALTER TABLE item ENABLE ROW LEVEL SECURITY;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touch BEFORE UPDATE ON item FOR EACH ROW WHEN (NEW.state IN ('open', 'done')) EXECUTE FUNCTION touch();
    CREATE RULE keep AS ON DELETE TO item WHERE OLD.state IN ('open', 'done') DO ALSO UPDATE item SET note = 'x' WHERE state IN ('a', 'b');
    CREATE FUNCTION is_live(s varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT s IN ('new', 'open'); END;
    CREATE FUNCTION pick(s varchar DEFAULT CASE WHEN current_user::varchar IN ('a', 'b') THEN 'x' END) RETURNS int LANGUAGE sql RETURN CASE WHEN s IN ('c', 'd') THEN 1 END;
    CREATE STATISTICS item_stats ON (CASE WHEN state IN ('new', 'open') THEN 1 END), a FROM item;
    CREATE TABLE part (state varchar(20), n int) PARTITION BY LIST ((CASE WHEN state IN ('new', 'open') THEN 1 ELSE 2 END));
    CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
    CREATE TABLE span (d date, n numeric) PARTITION BY RANGE (d, n);
    CREATE TABLE span_1 PARTITION OF span FOR VALUES FROM ('2026-01-01', 1e3) TO ('2026-12-31', MAXVALUE);
    CREATE PUBLICATION news FOR TABLE part_1 WHERE (state = 'new' OR (state = 'open' OR n > 0));
$$)));
SET client_min_messages = error;
SELECT version, status FROM nself_migrate_up();
RESET client_min_messages;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();

-- What a dump and its restore do: everything is printed, dropped, and made anew of the printed text.
CREATE FUNCTION pg_temp.restore() RETURNS TABLE (part text, other_text boolean) LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $function$
DECLARE
    r record;
BEGIN
    CREATE TEMP TABLE printed (part text, sql text, printer text, before text, after text);
    INSERT INTO printed
    SELECT 'constraint', format('ALTER TABLE %1$s DROP CONSTRAINT %2$I, ADD CONSTRAINT %2$I %3$s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
           format('SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %L', conname), pg_get_constraintdef(oid)
      FROM pg_constraint WHERE conrelid = 'public.item'::regclass AND contype IN ('c', 'x')
    UNION ALL
    SELECT 'domain', format('ALTER DOMAIN %1$s DROP CONSTRAINT %2$I; ALTER DOMAIN %1$s ADD CONSTRAINT %2$I %3$s', contypid::regtype, conname, pg_get_constraintdef(oid)),
           format('SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %L', conname), pg_get_constraintdef(oid)
      FROM pg_constraint WHERE contypid = 'public.size'::regtype AND contype = 'c'
    UNION ALL
    SELECT 'index', format('DROP INDEX %s; %s', c::regclass, pg_get_indexdef(c::regclass)),
           format('SELECT pg_get_indexdef(%L::regclass)', c), pg_get_indexdef(c::regclass)
      FROM unnest('{public.item_open,public.item_rank,public.counted_state}'::text[]) c
    UNION ALL
    SELECT 'view', format('CREATE OR REPLACE VIEW public.live AS %s', pg_get_viewdef('public.live'::regclass)),
           'SELECT pg_get_viewdef(''public.live''::regclass)', pg_get_viewdef('public.live'::regclass)
    UNION ALL
    SELECT 'materialized view', format('DROP MATERIALIZED VIEW public.counted; CREATE MATERIALIZED VIEW public.counted AS %s', pg_get_viewdef('public.counted'::regclass))
           || pg_get_indexdef('public.counted_state'::regclass),
           'SELECT pg_get_viewdef(''public.counted''::regclass)', pg_get_viewdef('public.counted'::regclass)
    UNION ALL
    SELECT 'policy', format('DROP POLICY seen ON public.item; CREATE POLICY seen ON public.item FOR UPDATE USING (%s) WITH CHECK (%s)', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
           'SELECT pg_get_expr(polqual, polrelid) FROM pg_policy', pg_get_expr(polqual, polrelid)
      FROM pg_policy
    UNION ALL
    SELECT 'trigger', format('DROP TRIGGER touch ON public.item; %s', pg_get_triggerdef(oid)),
           'SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = ''touch''', pg_get_triggerdef(oid)
      FROM pg_trigger WHERE tgname = 'touch'
    UNION ALL
    SELECT 'rule', format('DROP RULE keep ON public.item; %s', pg_get_ruledef(oid)),
           'SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename = ''keep''', pg_get_ruledef(oid)
      FROM pg_rewrite WHERE rulename = 'keep'
    UNION ALL
    SELECT 'function', pg_get_functiondef(f::regproc), format('SELECT pg_get_functiondef(%L::regproc)', f), pg_get_functiondef(f::regproc)
      FROM unnest('{public.is_live,public.pick}'::text[]) f
    UNION ALL
    SELECT 'statistics', format('DROP STATISTICS public.item_stats; %s', pg_get_statisticsobjdef(oid)),
           'SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext', pg_get_statisticsobjdef(oid)
      FROM pg_statistic_ext
    UNION ALL
    SELECT 'default', format('ALTER TABLE public.item ALTER COLUMN state SET DEFAULT %s', pg_get_expr(adbin, adrelid)),
           'SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = ''public.item''::regclass AND adnum = 2', pg_get_expr(adbin, adrelid)
      FROM pg_attrdef WHERE adrelid = 'public.item'::regclass AND adnum = 2
    UNION ALL
    SELECT 'generated column', format('ALTER TABLE public.item DROP COLUMN label, ADD COLUMN label text GENERATED ALWAYS AS (%s) STORED', pg_get_expr(adbin, adrelid)),
           'SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = ''public.item''::regclass AND adnum <> 2', pg_get_expr(adbin, adrelid)
      FROM pg_attrdef WHERE adrelid = 'public.item'::regclass AND adnum <> 2
    UNION ALL
    SELECT 'partition key', format('DROP PUBLICATION news; DROP TABLE public.part; CREATE TABLE public.part (state varchar(20), n int) PARTITION BY %s; CREATE TABLE public.part_1 PARTITION OF public.part FOR VALUES IN (1)', pg_get_partkeydef('public.part'::regclass)),
           'SELECT pg_get_partkeydef(''public.part''::regclass)', pg_get_partkeydef('public.part'::regclass)
    UNION ALL
    SELECT 'publication', format('CREATE PUBLICATION news FOR TABLE public.part_1 WHERE (%s)', pg_get_expr(prqual, prrelid)),
           'SELECT pg_get_expr(prqual, prrelid) FROM pg_publication_rel', pg_get_expr(prqual, prrelid)
      FROM pg_publication_rel
    UNION ALL
    SELECT 'partition bound', format('DROP TABLE public.span_1; CREATE TABLE public.span_1 PARTITION OF public.span %s', pg_get_expr(relpartbound, oid)),
           'SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = ''span_1''', pg_get_expr(relpartbound, oid)
      FROM pg_class WHERE relname = 'span_1';
    FOR r IN SELECT * FROM printed LOOP
        EXECUTE r.sql;
    END LOOP;
    FOR r IN SELECT * FROM printed LOOP
        EXECUTE format('UPDATE printed SET after = (%s) WHERE printer = %L', r.printer, r.printer);
    END LOOP;
    RETURN QUERY SELECT p.part, bool_or(p.before <> p.after) FROM printed p GROUP BY p.part ORDER BY p.part COLLATE "C";
    DROP TABLE printed;
END $function$;
SELECT * FROM pg_temp.restore();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT count(*) AS steps FROM nself_heal(true);
-- A second round changes nothing any more.
SELECT bool_or(other_text) AS other_texts FROM pg_temp.restore();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- What is healed in a restored copy is equal, too.
ALTER TABLE item DROP CONSTRAINT item_state, DROP CONSTRAINT item_span, DROP COLUMN label;
ALTER DOMAIN size DROP CONSTRAINT size_known;
DROP INDEX item_open;
DROP VIEW live;
DROP POLICY seen ON item;
DROP TRIGGER touch ON item;
DROP STATISTICS item_stats;
DROP FUNCTION is_live;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();

-- Equal texts are not needed, equal meaning is: one word less in each list is told.
ALTER TABLE item DROP CONSTRAINT item_state, ADD CONSTRAINT item_state CHECK (state IN ('new', 'open'));
ALTER DOMAIN size DROP CONSTRAINT size_known;
ALTER DOMAIN size ADD CONSTRAINT size_known CHECK (VALUE IN ('S', 'M'));
DROP INDEX item_open;
CREATE INDEX item_open ON item (id) WHERE state IN ('new');
ALTER POLICY seen ON item USING (state IN ('new', 'done'));
CREATE OR REPLACE VIEW live AS SELECT id, state IN ('new') AS fresh FROM item WHERE state IN ('new', 'open') OR a > 0 OR (b > 0 OR c > 0);
CREATE OR REPLACE TRIGGER touch BEFORE UPDATE ON item FOR EACH ROW WHEN (NEW.state IN ('open')) EXECUTE FUNCTION touch();
SELECT kind, object_type, identity, safety FROM nself_drift();
