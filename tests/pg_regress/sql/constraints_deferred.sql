-- What a migration says of deferrable constraints holds for that migration, and what the caller has said holds for all.
CREATE EXTENSION nself_heal;
SET nself.shadow_keep_from = -1;
-- Puts migrations into the journal, behind those that are there.
CREATE FUNCTION put(VARIADIC texts text[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM nself_journal_put((
        SELECT jsonb_agg(jsonb_build_object('path', format('%s_m.sql', lpad(n::text, 4, '0')), 'content', text))
          FROM unnest(coalesce((SELECT array_agg(up_sql ORDER BY version) FROM nself.journal), '{}') || texts) WITH ORDINALITY t(text, n)))
     WHERE state = 'added' $$;
SELECT put($m$
    -- Says whether a constraint is deferred now: a row that breaks it fails at once, or does not.
    CREATE FUNCTION is_deferred(statement text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN integrity_constraint_violation THEN
            RETURN 'immediate';
        END;
        -- Takes the row back again.
        RAISE EXCEPTION USING ERRCODE = 'XX999';
    EXCEPTION WHEN SQLSTATE 'XX999' THEN
        RETURN 'deferred';
    END $$;
    CREATE TABLE kept_states (n int GENERATED ALWAYS AS IDENTITY, at text, state text);
    CREATE FUNCTION states(at text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO kept_states (at, state) VALUES (at, format('b_now %s, c_later %s', is_deferred('INSERT INTO b VALUES (99)'),
                                                               is_deferred('INSERT INTO c VALUES (99)')));
    END $$;
$m$);

-- The server by itself: ALL holds until the end of the transaction, for what is made later, too.
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (a int CONSTRAINT b_now REFERENCES a DEFERRABLE);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1);
ALTER TABLE b ADD COLUMN more int;
ROLLBACK;

-- Several migrations in one transaction: what is immediate stays so, whatever one of them says.
SELECT put('CREATE TABLE a (id int PRIMARY KEY);
            CREATE TABLE b (a int CONSTRAINT b_now REFERENCES a DEFERRABLE);
            CREATE TABLE c (a int CONSTRAINT c_later REFERENCES a DEFERRABLE INITIALLY DEFERRED)',
           'INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); ALTER TABLE b ADD COLUMN more int;
            SELECT states(''at first'')',
           'SET CONSTRAINTS ALL DEFERRED; SELECT states(''all deferred'');
            CREATE TABLE d (a int CONSTRAINT d_now REFERENCES a DEFERRABLE);
            INSERT INTO d VALUES (7); INSERT INTO b VALUES (7); INSERT INTO a VALUES (7)',
           'SELECT states(''after all deferred''); INSERT INTO d VALUES (1); ALTER TABLE d ADD COLUMN more int;
            CREATE TABLE e (a int CONSTRAINT e_now REFERENCES a DEFERRABLE);
            INSERT INTO e VALUES (1); ALTER TABLE e ADD COLUMN more int;
            INSERT INTO c VALUES (8); INSERT INTO a VALUES (8)',
           'DO $do$ BEGIN SET CONSTRAINTS ALL IMMEDIATE; PERFORM states(''all immediate'');
                CREATE TABLE f (a int CONSTRAINT f_later REFERENCES a DEFERRABLE INITIALLY DEFERRED);
                BEGIN INSERT INTO f VALUES (9); EXCEPTION WHEN foreign_key_violation THEN INSERT INTO kept_states (at, state) VALUES (''new'', ''f_later immediate''); END;
            END $do$',
           'SELECT states(''after all immediate''); INSERT INTO f VALUES (10); INSERT INTO a VALUES (10);
            SET CONSTRAINTS b_now DEFERRED; SET CONSTRAINTS public.c_later IMMEDIATE; SELECT states(''by name'')',
           'SELECT states(''after by name'');
            DO $do$ BEGIN SET CONSTRAINTS ALL DEFERRED; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $do$;
            SELECT states(''after a part that is undone'');
            CREATE TABLE g (a int CONSTRAINT g_now REFERENCES a DEFERRABLE); INSERT INTO g VALUES (1); ALTER TABLE g ADD more int');
SELECT version, status FROM nself_migrate_up();
SELECT at, state FROM kept_states ORDER BY n;
-- The replay runs them one by one, with the same result.
SELECT kind, object_type, identity FROM nself_drift() WHERE identity !~ '^public\.put';

-- A check that fails at the end of the migration names it, also that of a trigger of the migration's own.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused %', NEW.a; END $$;
CREATE CONSTRAINT TRIGGER g_refuses AFTER INSERT ON g DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.a = 66) EXECUTE FUNCTION refuse();
SELECT put('INSERT INTO a VALUES (66); INSERT INTO g VALUES (66); SELECT ''it waits''');
SELECT count(*) FROM nself_migrate_up();
DROP TRIGGER g_refuses ON g;

-- Names that the server cannot defer, because one of them is not deferrable.
CREATE TABLE same_1 (a int CONSTRAINT same REFERENCES a DEFERRABLE);
CREATE TABLE same_2 (a int CONSTRAINT same REFERENCES a);
SELECT put('SET CONSTRAINTS ALL DEFERRED; INSERT INTO same_1 VALUES (70); INSERT INTO b (a) VALUES (70); INSERT INTO a VALUES (70)',
           'INSERT INTO same_1 VALUES (70); ALTER TABLE same_1 ADD COLUMN more int; INSERT INTO b (a) VALUES (70); ALTER TABLE b ADD COLUMN even_more int');
SELECT version, status FROM nself_migrate_up();

-- What the caller has set holds before, in and after them, where no migration sets it.
BEGIN;
SELECT put('SELECT states(''of the caller''); INSERT INTO b (a) VALUES (80); INSERT INTO a VALUES (80); INSERT INTO c VALUES (80);
            ALTER TABLE c ADD COLUMN more int');
SET CONSTRAINTS b_now DEFERRED;
SET CONSTRAINTS c_later IMMEDIATE;
SELECT version, status FROM nself_migrate_up();
SELECT states('of the caller, afterwards');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT at, state FROM kept_states WHERE at ~ 'caller' ORDER BY n;
ROLLBACK;
-- A part that is taken back takes what it has set along.
BEGIN;
SAVEPOINT s;
SELECT put('SET CONSTRAINTS ALL DEFERRED; SELECT states(''of one that is taken back'')');
SELECT version, status FROM nself_migrate_up();
ROLLBACK TO s;
SELECT states('after that');
SELECT at, state FROM kept_states WHERE at = 'after that';
ROLLBACK;

DROP TABLE same_2;
-- Nor does what a trigger says hold that runs at the end of a migration.
SELECT put('CREATE FUNCTION says_all() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NULL; END $f$;
            CREATE CONSTRAINT TRIGGER says_all AFTER INSERT ON c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION says_all();
            INSERT INTO c VALUES (1)',
           'SELECT states(''after a trigger''); CREATE TABLE h (a int CONSTRAINT h_now REFERENCES a DEFERRABLE); INSERT INTO h VALUES (1); ALTER TABLE h ADD more int');
SELECT version, status FROM nself_migrate_up();
SELECT at, state FROM kept_states WHERE at = 'after a trigger';

-- No constraint of another's schema is in the way.
CREATE ROLE regress_deferred;
GRANT CREATE ON SCHEMA public TO regress_deferred;
CREATE SCHEMA closed;
CREATE TABLE closed.t (a int CONSTRAINT closed_now REFERENCES a DEFERRABLE);
SELECT put('SET ROLE regress_deferred; SET CONSTRAINTS ALL DEFERRED;
     CREATE TABLE own (id int PRIMARY KEY, own int CONSTRAINT own_now REFERENCES own DEFERRABLE);
     INSERT INTO own VALUES (1, 2), (2, 1)');
SELECT version, status FROM nself_migrate_up();
REASSIGN OWNED BY regress_deferred TO CURRENT_USER;
DROP OWNED BY regress_deferred;
DROP ROLE regress_deferred;
