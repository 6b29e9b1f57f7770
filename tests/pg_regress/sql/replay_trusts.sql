-- In a replay no code runs with the rights of a role that does not trust whoever can change it. Mallory's migration makes
-- traps where the database is a shadow, and there alone. A superuser's migration, which did nothing here, sets them off. Each
-- says by a comment with whose rights it ran.
CREATE ROLE regress_mallory LOGIN;
CREATE EXTENSION nself_heal;
-- No evidence: the replay is the only witness here.
ALTER EVENT TRIGGER nself_note_ddl DISABLE;
SET nself.capture_ddl = off;
ALTER DATABASE regress_replay_trusts SET nself.shadow_keep_from = -1;
SET nself.shadow_keep_from = -1;
SET client_min_messages = warning;
SELECT nself_grant_access('regress_mallory', 'migrate');
CREATE PROCEDURE add(role text, path text, up text) LANGUAGE plpgsql AS $$
DECLARE files jsonb = coalesce((SELECT jsonb_agg(jsonb_build_object('path', j.path, 'content', j.up_sql)) FROM nself.journal j), '[]');
BEGIN
    PERFORM set_config('role', role, true);
    PERFORM count(*) FROM nself_journal_put(files || jsonb_build_array(jsonb_build_object('path', path, 'content', up)));
    PERFORM count(*) FROM nself_migrate_up();
    PERFORM set_config('role', 'none', true);
    DELETE FROM nself.evidence;
END $$;
CREATE FUNCTION in_shadow(statements text) RETURNS text LANGUAGE sql AS $f$
    SELECT format($$DO $do$ BEGIN IF current_database() LIKE 'nself_shadow%%' THEN EXECUTE %L; END IF; END $do$;$$, statements) $f$;
-- With whose rights what ran, as the replay has it.
CREATE VIEW ran AS SELECT identity, expected FROM nself_drift() WHERE object_type = 'comment' ORDER BY 1;

-- The superuser's own: a function that runs what it is told, and a table with a trigger, which is the control.
CALL add('postgres', '1_super.sql', $$
    CREATE SCHEMA app AUTHORIZATION regress_mallory;
    CREATE FUNCTION public.run(what text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE what; RETURN 1; END';
    CREATE TABLE public.own (i int);
    CREATE TABLE public.told (i int) PARTITION BY LIST (i);
$$ || in_shadow($$
    CREATE FUNCTION public.own() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN EXECUTE format(''COMMENT ON TABLE public.own IS %L'', ''by '' || current_user); RETURN NEW; END';
    CREATE TRIGGER own BEFORE INSERT ON public.own FOR EACH ROW EXECUTE FUNCTION public.own();
$$));
CALL add('regress_mallory', '2_mallory.sql', $$
    CREATE TABLE app.by_trigger (i int); CREATE TABLE app.by_definer (i int); CREATE TABLE app.by_default (i int, j int);
    CREATE TABLE app.by_check (i int); CREATE TABLE app.by_rule (i int); CREATE TABLE app.by_told (i int, j int);
    CREATE TABLE app.by_view (i int); CREATE TABLE app.by_domain (i int); CREATE TABLE app.by_call (i int);
    CREATE TABLE app.by_select (i int); CREATE TABLE app.by_operator (i int); CREATE TABLE app.by_deferred (i int);
    CREATE TABLE app.by_alter (i int); CREATE TABLE app.by_part (i int); CREATE TABLE app.by_index (i int);
    CREATE TABLE app.by_paths (i int, j text); CREATE TABLE app.by_after (i int);
    CREATE VIEW app.v AS SELECT 1 AS i;
    CREATE DOMAIN app.d AS int;
    CREATE FUNCTION app.note(what text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION app.path() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.path_of_definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
    CREATE PROCEDURE app.p() LANGUAGE plpgsql AS 'BEGIN END';
    CREATE FUNCTION app.plus(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
    CREATE OPERATOR app.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = app.plus);
    GRANT USAGE ON SCHEMA app TO PUBLIC;
$$ || in_shadow($$
    CREATE OR REPLACE FUNCTION app.note(what text) RETURNS int LANGUAGE plpgsql AS
        'BEGIN EXECUTE format(''COMMENT ON TABLE app.by_%s IS %L'', what, ''by '' || current_user); RETURN 1; END';
    CREATE FUNCTION app.trap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM app.note(TG_ARGV[0]); RETURN NEW; END';
    CREATE FUNCTION app.trap_of_definer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN PERFORM app.note(TG_ARGV[0]); PERFORM set_config(''search_path'', ''app'', false); RETURN NEW; END';
    CREATE TRIGGER t BEFORE INSERT ON app.by_trigger FOR EACH ROW EXECUTE FUNCTION app.trap('trigger');
    CREATE TRIGGER t AFTER INSERT ON app.by_after FOR EACH ROW EXECUTE FUNCTION app.trap('after');
    CREATE TRIGGER t BEFORE INSERT ON app.by_definer FOR EACH ROW EXECUTE FUNCTION app.trap_of_definer('definer');
    CREATE CONSTRAINT TRIGGER t AFTER INSERT ON app.by_deferred DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION app.trap('deferred');
    ALTER TABLE app.by_default ALTER i SET DEFAULT app.note('default');
    ALTER TABLE app.by_check ADD CHECK (app.note('check') = 1);
    CREATE RULE r AS ON INSERT TO app.by_rule DO ALSO SELECT app.note('rule');
    -- The superuser's function, told by mallory.
    ALTER TABLE app.by_told ALTER i SET DEFAULT public.run($x$DO $y$BEGIN
        EXECUTE format('COMMENT ON TABLE app.by_told IS %L', 'by ' || current_user); END$y$ $x$);
    CREATE OR REPLACE VIEW app.v AS SELECT app.note('view') AS i;
    ALTER DOMAIN app.d ADD CHECK (app.note('domain') = 1);
    CREATE OR REPLACE PROCEDURE app.p() LANGUAGE plpgsql AS 'BEGIN PERFORM app.note(''call''); END';
    CREATE OR REPLACE FUNCTION app.plus(int, int) RETURNS int LANGUAGE sql AS 'SELECT app.note(''operator'')';
    INSERT INTO app.by_alter VALUES (1);
    ALTER TABLE app.by_alter ADD CHECK (app.note('alter') = 1);
    CREATE TRIGGER t BEFORE INSERT ON app.by_part FOR EACH ROW EXECUTE FUNCTION app.trap('part');
    CREATE FUNCTION app.indexed(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN app.note(''index''); END';
    CREATE INDEX i ON app.by_index (app.indexed(i));
    -- What names lead to.
    ALTER TABLE app.by_paths ALTER j SET DEFAULT set_config('search_path', 'app', false);
    CREATE OR REPLACE FUNCTION app.path() RETURNS int LANGUAGE sql AS 'SELECT set_config(''search_path'', ''app'', false); SELECT 1';
    CREATE OR REPLACE FUNCTION app.path_of_definer() RETURNS int LANGUAGE sql SECURITY DEFINER SET work_mem = '1MB'
        AS 'SELECT set_config(''search_path'', ''app'', false); SELECT 1';
$$));
CALL add('postgres', '3_super.sql', $$
    INSERT INTO public.own VALUES (1);
    ALTER TABLE public.told ATTACH PARTITION app.by_part FOR VALUES IN (1);
    INSERT INTO public.told VALUES (1);
    INSERT INTO app.by_trigger VALUES (1);
    INSERT INTO app.by_after VALUES (1);
    INSERT INTO app.by_definer VALUES (1);
    INSERT INTO app.by_deferred VALUES (1);
    INSERT INTO app.by_default (j) VALUES (1);
    INSERT INTO app.by_check VALUES (1);
    INSERT INTO app.by_rule VALUES (1);
    INSERT INTO app.by_told (j) VALUES (1);
    INSERT INTO app.by_index VALUES (1);
    SELECT * FROM app.v;
    CREATE TABLE public.of_view AS SELECT * FROM app.v;
    CREATE TABLE public.of_domain (d app.d);
    INSERT INTO public.of_domain VALUES (1);
    CALL app.p();
    SELECT app.note('select');
    SELECT 1 OPERATOR(app.+) 1;
    ALTER TABLE app.by_alter ADD j int DEFAULT 1 + app.note('alter') NOT NULL;
    INSERT INTO app.by_paths (i) VALUES (1);
    SELECT app.path(), app.path_of_definer();
    CREATE TABLE landed (i int);
$$);
-- The control is the superuser's.
SELECT * FROM ran;
SELECT kind, identity, expected FROM nself_drift() WHERE identity ~ 'landed|of_view|owner';
-- In this database nothing of that ran.
SELECT count(*) FROM pg_description WHERE description LIKE 'by %';

-- A new chain, with a table of mallory's.
CREATE PROCEDURE anew() LANGUAGE plpgsql AS $$
BEGIN
    DROP SCHEMA app CASCADE;
    DROP EXTENSION nself_heal CASCADE;
    CREATE EXTENSION nself_heal;
    ALTER EVENT TRIGGER nself_note_ddl DISABLE;
    PERFORM nself_grant_access('regress_mallory', 'migrate');
    CALL add('postgres', '1_super.sql', 'CREATE SCHEMA app AUTHORIZATION regress_mallory');
    CALL add('regress_mallory', '2_mallory.sql', 'CREATE TABLE app.t (i int); CREATE DOMAIN app.d AS int;
        CREATE PROCEDURE app.p() LANGUAGE plpgsql AS ''BEGIN END''');
END $$;
-- The attack that gives a right: a function that a superuser makes, by mallory's trigger. She may not make it.
\set trap 'CREATE FUNCTION app.make() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN CREATE FUNCTION public.backdoor() RETURNS void LANGUAGE sql SECURITY DEFINER AS ''SELECT 1''; RETURN NEW; END $f$; CREATE TRIGGER t BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.make();'
CALL anew();
CALL add('regress_mallory', '3_mallory.sql', in_shadow(:'trap'));
CALL add('postgres', '4_super.sql', 'INSERT INTO app.t VALUES (1)');
SELECT count(*) FROM nself_drift();
SELECT identity, status FROM nself_heal(true);
-- Where she may, it is hers.
CALL anew();
CALL add('postgres', '3_super.sql', 'GRANT CREATE ON SCHEMA public TO regress_mallory');
CALL add('regress_mallory', '4_mallory.sql', in_shadow(:'trap'));
CALL add('postgres', '5_super.sql', 'INSERT INTO app.t VALUES (1)');
SELECT identity, status FROM nself_heal(true) WHERE object_type = 'function';
SELECT proname, proowner::regrole FROM pg_proc WHERE proname = 'backdoor';
DROP FUNCTION backdoor;

-- What she makes in the shadow alone gets onto a superuser's table there, without running. A heal does nothing with the rights
-- of a role that does not trust her.
CALL anew();
CALL add('regress_mallory', '3_mallory.sql', 'CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS ''SELECT 1'';'
    || in_shadow('ALTER TABLE app.t ALTER i SET DEFAULT app.f()'));
CALL add('postgres', '4_super.sql', 'CREATE TABLE public.copy (LIKE app.t INCLUDING DEFAULTS); CREATE INDEX copy_i ON public.copy (i)');
DROP INDEX copy_i;
-- What is hers is healed: she trusts the superuser.
SELECT identity, status, detail FROM nself_heal(true) WHERE identity ~ 'copy|app' \g (format=unaligned)
DROP TABLE public.copy;

-- A query of the superuser's calls her function while that becomes one of another language.
CALL anew();
CALL add('regress_mallory', '3_mallory.sql', 'CREATE FUNCTION app.f(i int) RETURNS int LANGUAGE plpgsql AS ''BEGIN RETURN 1; END'';'
    || in_shadow($g$CREATE OR REPLACE FUNCTION app.f(i int) RETURNS int LANGUAGE plpgsql AS $f$
        BEGIN
            IF i = 1 THEN
                EXECUTE 'CREATE OR REPLACE FUNCTION app.f(i int) RETURNS int LANGUAGE sql AS ''SELECT 7''';
                PERFORM app.f(2);
            END IF;
            RETURN 1;
        END $f$ $g$));
CALL add('postgres', '4_super.sql', 'SELECT app.f(n) FROM generate_series(1, 3) n');
SELECT count(*) FROM nself_drift() WHERE identity ~ '^app.f';

-- What a query leaves to the end of the transaction is an error.
CALL anew();
CALL add('regress_mallory', '3_mallory.sql', in_shadow($$CREATE OR REPLACE PROCEDURE app.p() LANGUAGE plpgsql AS
    'BEGIN EXECUTE ''DECLARE c CURSOR WITH HOLD FOR SELECT 1''; END'$$));
CALL add('postgres', '4_super.sql', 'CALL app.p()');
SELECT count(*) FROM nself_drift();
-- So is what is no function in a domain, since any table can have a column of it. A new number is harmless.
CALL anew();
CALL add('regress_mallory', '3_mallory.sql', 'CREATE DOMAIN app.token AS uuid DEFAULT gen_random_uuid() CHECK (VALUE IS NOT NULL)');
SELECT count(*) FROM nself_drift();
CALL add('regress_mallory', '4_mallory.sql', in_shadow(
    $$ALTER DOMAIN app.d ADD CHECK (set_config('search_path', 'app', false) IS NOT NULL)$$));
SELECT count(*) FROM nself_drift();

DROP EXTENSION nself_heal CASCADE;
DROP OWNED BY regress_mallory CASCADE;
DROP ROLE regress_mallory;
