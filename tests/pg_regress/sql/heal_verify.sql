-- A heal looks at its own work: what it added must be gone from the drift. And it writes down what it did.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE DOMAIN size AS varchar(2) DEFAULT 'S' CONSTRAINT size_known CHECK (VALUE IN ('S', 'M', 'L'));
    CREATE TABLE t (
        id int PRIMARY KEY,
        state varchar(20) NOT NULL DEFAULT 'new' CONSTRAINT t_state CHECK (state IN ('new', 'open', 'done')),
        a int, b int,
        room int, during int4range,
        label text GENERATED ALWAYS AS (CASE WHEN state IN ('new', 'open') THEN 'live' ELSE 'dead' END) STORED,
        CONSTRAINT t_ab CHECK (a BETWEEN 1 AND 9 OR b NOT IN (1, 2) AND state NOT LIKE 'x%' AND a IS NOT DISTINCT FROM b),
        CONSTRAINT t_room EXCLUDE USING gist (during WITH &&) WHERE (state IN ('open', 'done'))
    );
    CREATE INDEX t_open ON t (id) WHERE state IN ('new', 'open');
    CREATE INDEX t_lower ON t ((CASE WHEN state IN ('new', 'open') THEN lower(state) END));
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();

-- The server prints some expressions in another form once they were printed and read: IN on a varchar is one. What was
-- made of the printed text is the same all the same, so a heal of it closes the drift.
ALTER TABLE t DROP CONSTRAINT t_state, DROP CONSTRAINT t_ab, DROP COLUMN label, DROP CONSTRAINT t_room;
DROP INDEX t_open, t_lower;
ALTER DOMAIN size DROP CONSTRAINT size_known;
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT kind, identity, expected, actual FROM nself_drift();
SELECT count(*) AS steps FROM nself_heal(true);
DROP DOMAIN size;
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();

-- A rule that says something else under the same name is still drift.
BEGIN;
ALTER TABLE t DROP CONSTRAINT t_state, ADD CONSTRAINT t_state CHECK (state IN ('new', 'open', 'gone'));
ALTER TABLE t DROP CONSTRAINT t_room, ADD CONSTRAINT t_room EXCLUDE USING gist (during WITH &&) WHERE (state IN ('open', 'gone'));
ALTER DOMAIN size DROP CONSTRAINT size_known;
ALTER DOMAIN size ADD CONSTRAINT size_known CHECK (VALUE IN ('S', 'M', 'XL'));
SELECT kind, identity, safety FROM nself_drift();
ROLLBACK;

-- Every run is in the history, with its steps.
DROP INDEX t_open;
ALTER TABLE t ADD COLUMN extra int;
SELECT identity, status FROM nself_heal();
SELECT identity, status FROM nself_heal(true);
ALTER TABLE t DROP COLUMN extra;
SELECT identity, status FROM nself_heal(true);
SELECT event, trigger, drift_items, applied, blocked, manual, confirmed, outcome, duration_ms >= 0 AS timed,
       at <= clock_timestamp() AS dated FROM nself_heal_history(3);
SELECT event, s.step, s.object_type, s.identity, s.ddl, s.status, s.detail
  FROM nself_heal_history(3), nself_heal_steps(event) s ORDER BY event, s.step;
SELECT last_outcome, drift_items, expected_state_age IS NOT NULL AS known FROM nself_heal_status();
SELECT * FROM nself_heal_history(0);
\echo :LAST_ERROR_SQLSTATE
-- The caller's transaction decides: what it rolls back was not healed, and is not in the history.
DROP INDEX t_open;
BEGIN;
SELECT identity, status FROM nself_heal(true);
ROLLBACK;
SELECT identity FROM nself_drift();
SELECT count(*) FROM nself_heal_history();

-- It sees its own work at every isolation level.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT identity, status FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();
ROLLBACK;

-- In a read-only transaction nothing can be healed, and a dry run is not written down.
BEGIN READ ONLY;
SELECT identity, status FROM nself_heal();
SAVEPOINT here;
SELECT * FROM nself_heal(true);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO here;
SELECT nself_heal_enable();
\echo :LAST_ERROR_SQLSTATE
COMMIT;
SELECT count(*) FROM nself_heal_history();
-- The expected schema can be worked out there all the same; it is not kept.
DELETE FROM nself.expected_state;
BEGIN READ ONLY;
SELECT identity FROM nself_drift();
COMMIT;
SELECT count(*) AS kept FROM nself.expected_state;

-- A heal that does not close what it should is undone as a whole. Here an event trigger takes away what comes.
CREATE FUNCTION saboteur() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.t_open') THEN
        EXECUTE 'DROP INDEX public.t_open';
    END IF;
END $$;
ALTER TABLE t DROP CONSTRAINT t_state;
CREATE EVENT TRIGGER saboteur ON ddl_command_end EXECUTE FUNCTION saboteur();
SELECT identity, status, detail FROM nself_heal(true);
SELECT count(*) FROM pg_constraint WHERE conname = 't_state';
SELECT applied, blocked, confirmed, outcome FROM nself_heal_history(1);
DROP EVENT TRIGGER saboteur;
DROP FUNCTION saboteur;
SELECT identity, status, detail FROM nself_heal(true);

-- The switch, and who set it.
SELECT nself_heal_enable();
SELECT enabled, auto_run FROM nself_heal_status();
SELECT nself_heal_disable();
SELECT enabled, auto_run FROM nself_heal_status();
SELECT enabled, set_by FROM nself.heal_switch;
