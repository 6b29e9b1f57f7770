-- The product's own tables. Functions read and write them with the rights of the extension's owner; others read what
-- their level opens, see core/src/access.rs.
DO $$
BEGIN
    IF pg_catalog.current_setting('server_encoding') NOT IN ('UTF8', 'SQL_ASCII') THEN
        RAISE EXCEPTION 'nself_heal needs a database of encoding UTF8, and % is of encoding %',
            pg_catalog.current_database(), pg_catalog.current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported', HINT = 'Migrations are UTF-8. Create the database with ENCODING UTF8.';
    END IF;
END $$;

CREATE SCHEMA nself;
COMMENT ON SCHEMA nself IS 'The journal, ledger and history of nself_heal';

CREATE TABLE nself.journal (
    version text PRIMARY KEY,
    seq integer NOT NULL,
    name text NOT NULL,
    path text NOT NULL,
    layout text NOT NULL,
    up_sql text NOT NULL,
    down_sql text,
    down_path text,
    checksum text NOT NULL,
    down_checksum text,
    snapshot jsonb,
    snapshot_sha256 text,
    breakpoints boolean NOT NULL,
    up_line integer NOT NULL,
    down_line integer NOT NULL,
    in_transaction boolean NOT NULL DEFAULT true,
    down_in_transaction boolean NOT NULL DEFAULT true,
    generated_at bigint,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    loaded_by text NOT NULL
);
COMMENT ON TABLE nself.journal IS 'What the migrations folder says: one row a migration, in order';
COMMENT ON COLUMN nself.journal.checksum IS 'SHA-256 of the bytes of the file at path';
COMMENT ON COLUMN nself.journal.snapshot IS
    'Drizzle''s snapshot. NULL where there is none, or where its hash alone was sent';
COMMENT ON COLUMN nself.journal.snapshot_sha256 IS 'SHA-256 of the bytes of the file with the snapshot';
COMMENT ON COLUMN nself.journal.generated_at IS
    'When the file was made, in milliseconds since 1970, as Drizzle''s journal says';
COMMENT ON COLUMN nself.journal.loaded_by IS
    'The role with whose rights it was loaded last: the worker applies by itself only what a role that it trusts has loaded';
COMMENT ON COLUMN nself.journal.in_transaction IS
    'False where the file is marked, or has COMMIT in the middle: its up part then runs statement by statement, or by its transactions';

CREATE TABLE nself.journal_folder (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    manifest text NOT NULL,
    loaded jsonb NOT NULL
);
COMMENT ON TABLE nself.journal_folder IS
    'The folder that nself.journal has come from, by one hash of all its files, and what would be said of it if it were loaded once more. Empty after any other change of nself.journal';
CREATE FUNCTION nself.forget_folder() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM nself.journal_folder;
    RETURN NULL;
END $$;
CREATE TRIGGER folder AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON nself.journal
    FOR EACH STATEMENT EXECUTE FUNCTION nself.forget_folder();

CREATE TABLE nself.ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL,
    name text NOT NULL,
    path text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('up', 'down', 'ground', 'forget', 'reset', 'withdraw', 'retire')),
    tenant text,
    sql text NOT NULL,
    breakpoints boolean NOT NULL,
    checksum text NOT NULL,
    logged_in_as text NOT NULL,
    applied_by text NOT NULL,
    settings jsonb NOT NULL,
    rights jsonb NOT NULL DEFAULT '{}',
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_ms bigint NOT NULL,
    in_transaction boolean NOT NULL DEFAULT true,
    statements_done integer CHECK (statements_done IS NULL OR statements_done >= 0 AND NOT in_transaction),
    statement_begun text CHECK (statement_begun IS NULL OR statements_done IS NOT NULL),
    adopted text,
    mirrored text,
    ground json CHECK (ground IS NULL OR direction = 'ground'),
    reason text CHECK ((reason IS NULL) = (direction NOT IN ('reset', 'withdraw', 'retire'))),
    place bigint CHECK (place IS NULL OR direction = 'up')
);
COMMENT ON TABLE nself.ledger IS
    'What this database did: one row for each migration applied or undone, and for each step of one that runs statement by statement. Append-only';
COMMENT ON COLUMN nself.ledger.direction IS
    'up or down: a migration was applied or undone. ground: what stood here before the first migration was kept. forget: what name, a pattern, matches was taken out of that. reset: from then on sql and checksum, those of an edited file, count as what was applied; what ran stays in the row of the migration, and is what a replay runs. withdraw: the row of the migration counts no more: it goes by another version now, or nothing of it is here. retire: its file is gone for good; it stays applied';
COMMENT ON COLUMN nself.ledger.adopted IS
    'Not NULL: this program did not run it, but believed this source: another tool, or baseline';
COMMENT ON COLUMN nself.ledger.mirrored IS
    'Not NULL: it was written into this other tool''s list, too';
COMMENT ON COLUMN nself.ledger.ground IS
    'What stood here before the first migration, or, of a baseline, after the migration that version names, as this program reads a schema';
COMMENT ON COLUMN nself.ledger.reason IS 'Why a checksum was reset, a row withdrawn, a migration retired';
COMMENT ON COLUMN nself.ledger.place IS
    'Not NULL: nself_migrate_repair() wrote the row in the place of the one with this id, which it stands for in the order';
COMMENT ON COLUMN nself.ledger.statements_done IS
    'How many statements of a migration that runs statement by statement have run. NULL: all of it';
COMMENT ON COLUMN nself.ledger.statement_begun IS
    'Not NULL: the next statement, which cannot share a transaction with its row, was begun. Names what it makes or takes away, or is empty';
COMMENT ON COLUMN nself.ledger.settings IS 'The settings that gave the SQL its meaning, set again when it is replayed';
COMMENT ON COLUMN nself.ledger.rights IS
    'What the role could do where migrations begin: whether it had the rights of the database''s owner, and could create schemas and what is in schema public. A replay gives it these rights and no more';
COMMENT ON COLUMN nself.ledger.logged_in_as IS 'The session user; applied_by is the role whose rights were in force';

CREATE FUNCTION nself.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % of nself.ledger is refused', TG_OP
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'What a database did stays written. To undo a migration, call nself_migrate_down().';
END $$;
-- Whoever may write to all tables (pg_write_all_data) still writes nothing that this program goes by.
CREATE FUNCTION nself.refuse_others() RETURNS trigger LANGUAGE c AS 'MODULE_PATHNAME', 'nself_refuse_others';
COMMENT ON FUNCTION nself.refuse_others() IS
    'Refuses what somebody else than nself_heal writes into its tables (42501), whatever rights he has on them';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON nself.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION nself.refuse_change();

CREATE TABLE nself.evidence (
    ledger_id bigint PRIMARY KEY,
    evidence json NOT NULL
);
COMMENT ON TABLE nself.evidence IS
    'What the migrations of a transaction made, altered and dropped, as event triggers told it, and how that was afterwards, as this program reads a schema';
COMMENT ON COLUMN nself.evidence.ledger_id IS 'The last row of that transaction in nself.ledger';

CREATE TABLE nself.adopted_list (
    relation text PRIMARY KEY,
    tool text NOT NULL,
    unknown text[] NOT NULL,
    adopted_by text NOT NULL DEFAULT session_user,
    adopted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE nself.adopted_list IS
    'The lists of applied migrations of other tools that nself_adopt() has taken for true. What the tools write into them afterwards is noticed';
COMMENT ON COLUMN nself.adopted_list.unknown IS
    'What the tool calls the migrations that were in its list then and not in the journal: they are known, and no news any more';

-- The migrations that are applied now: those whose last word in the ledger is up.
CREATE VIEW nself.applied AS
    SELECT l.*
      FROM (SELECT DISTINCT ON (version, tenant) * FROM nself.ledger WHERE direction IN ('up', 'down', 'withdraw')
             ORDER BY version, tenant, id DESC) l
     WHERE l.direction = 'up';
COMMENT ON VIEW nself.applied IS 'The ledger rows of the migrations that are applied now';

CREATE TABLE nself.tenants (
    name text PRIMARY KEY,
    schema text NOT NULL UNIQUE,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    by text NOT NULL
);
COMMENT ON TABLE nself.tenants IS
    'The tenants of this database: the migrations of nself.journal are applied in the schema of each. nself_tenant_add() and nself_tenant_remove() write it';
COMMENT ON COLUMN nself.tenants.schema IS 'As nself.ledger.tenant has it. It need not be there yet';
COMMENT ON COLUMN nself.tenants.by IS 'The role whose rights were in force when it was added';

CREATE TABLE nself.expected_state (
    chain_hash text PRIMARY KEY,
    outline bytea NOT NULL,
    pieces bytea NOT NULL,
    schemas text[] NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Packing and unpacking takes longer than reading, and keeps from reading a part.
ALTER TABLE nself.expected_state ALTER COLUMN outline SET STORAGE EXTERNAL, ALTER COLUMN pieces SET STORAGE EXTERNAL;
COMMENT ON TABLE nself.expected_state IS
    'The schema that a chain of migrations gives, by the hash of the chain. A cache: its rows may be deleted';

CREATE TABLE nself.heal_events (
    event bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    trigger text NOT NULL,
    run_by text NOT NULL DEFAULT session_user,
    confirmed boolean NOT NULL,
    drift_items integer NOT NULL,
    applied integer NOT NULL DEFAULT 0,
    blocked integer NOT NULL DEFAULT 0,
    manual integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    outcome text NOT NULL DEFAULT 'running',
    duration_ms bigint NOT NULL DEFAULT 0,
    detail text,
    left_over text,
    pid integer NOT NULL DEFAULT pg_backend_pid()
);
COMMENT ON TABLE nself.heal_events IS 'The history of heals, dry runs among them: one row a run';
COMMENT ON COLUMN nself.heal_events.trigger IS
    'call: somebody called nself_heal(); job: nself_heal_start(); worker: the background worker, by itself';
COMMENT ON COLUMN nself.heal_events.detail IS 'What kept the run from its end';
COMMENT ON COLUMN nself.heal_events.left_over IS 'A hash of the drift that stayed: as long as it is the same, so is the drift';

CREATE TABLE nself.heal_steps (
    -- No foreign key: pg_restore with several jobs may fill this table before the other one.
    event bigint NOT NULL,
    step integer NOT NULL,
    object_type text NOT NULL,
    identity text NOT NULL,
    ddl text NOT NULL,
    status text NOT NULL,
    detail text,
    changed_by text,
    changed_at timestamptz,
    command text,
    PRIMARY KEY (event, step)
);
COMMENT ON TABLE nself.heal_steps IS 'The steps of each heal';
CREATE FUNCTION nself.forget_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM nself.heal_steps s USING gone WHERE s.event = gone.event;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_steps AFTER DELETE ON nself.heal_events REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION nself.forget_steps();
COMMENT ON COLUMN nself.heal_steps.changed_by IS 'Who made the drift, when and by what, as nself_drift() says it';

CREATE TABLE nself.ddl_log (
    at timestamptz NOT NULL,
    logged_in_as text NOT NULL,
    run_by text NOT NULL,
    client_addr inet,
    application_name text NOT NULL,
    tag text NOT NULL,
    command text,
    objects text[] NOT NULL,
    actions text[] NOT NULL DEFAULT '{}',
    dropped boolean NOT NULL,
    rewrote boolean NOT NULL,
    pid integer NOT NULL DEFAULT pg_backend_pid()
);
CREATE TABLE nself.altered_by_others (
    name text PRIMARY KEY
);
COMMENT ON TABLE nself.altered_by_others IS
    'Types and identities of what others than migrations and heals made, altered or dropped, from rows that nself.ddl_log no longer has';

CREATE TABLE nself.ddl_noted_since (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE nself.ddl_noted_since IS 'Since when DDL is noted in this database';
INSERT INTO nself.ddl_noted_since DEFAULT VALUES;

CREATE INDEX ddl_log_objects ON nself.ddl_log USING gin (objects);
CREATE INDEX ddl_log_at ON nself.ddl_log USING brin (at);
COMMENT ON TABLE nself.ddl_log IS
    'DDL that was not run by nself_heal itself, noted by event triggers while nself.capture_ddl is on';
COMMENT ON COLUMN nself.ddl_log.logged_in_as IS 'The session user; run_by is the role whose rights were in force';
COMMENT ON COLUMN nself.ddl_log.command IS
    'What the client sent, up to 10 kB, without the literals of statements that may hold a password';
COMMENT ON COLUMN nself.ddl_log.objects IS 'What was made or altered, or what was dropped: types and identities as in nself_drift()';
COMMENT ON COLUMN nself.ddl_log.actions IS
    'What was done to which of the objects, as far as the server tells: a word, such as "parameters", and the object';
COMMENT ON COLUMN nself.ddl_log.rewrote IS 'Whether the command wrote a table anew';

CREATE TABLE nself.job_log (
    job bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('heal', 'migrate up')),
    arguments jsonb NOT NULL,
    settings jsonb NOT NULL,
    logged_in_as text NOT NULL,
    run_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    pid integer,
    state text NOT NULL DEFAULT 'waiting',
    started_at timestamptz,
    ended_at timestamptz,
    step integer,
    steps integer,
    statement text,
    event bigint,
    error text,
    sqlstate text,
    hint text,
    taken text,
    failures text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE nself.job_log IS 'What background workers were asked to do: one row a job. nself.jobs shows it';
COMMENT ON COLUMN nself.job_log.settings IS 'The settings of the session that asked: the job runs under them';
COMMENT ON COLUMN nself.job_log.taken IS 'Of a job for all tenants: the tenant that was taken last, in the order of their names';
COMMENT ON COLUMN nself.job_log.failures IS 'Of such a job: which tenants failed, and how; of one that is being migrated, that its worker has ended, until it says more';

CREATE VIEW nself.jobs AS
    SELECT j.job, j.kind,
           -- A job ends its row before its process ends.
           -- Its process may not be seen yet when it has only just been started.
           CASE WHEN j.ended_at IS NULL AND a.pid IS NULL
                     AND (j.state <> 'waiting' OR j.created_at < pg_catalog.clock_timestamp() - interval '5 seconds')
                THEN 'interrupted' ELSE j.state END AS state,
           j.step, j.steps, CASE WHEN may.read_sql THEN j.statement END AS statement, a.wait_event_type, a.wait_event,
           CASE WHEN may.read_sql THEN j.error END AS error, j.sqlstate, CASE WHEN may.read_sql THEN j.hint END AS hint,
           j.arguments, j.logged_in_as, j.run_by, j.created_at, j.started_at, j.ended_at, j.event, j.pid,
           -- The statement of another role is seen by whom pg_stat_activity shows it, which does not show everybody that the
           -- process is a job.
           CASE WHEN j.ended_at IS NULL THEN
                (SELECT string_agg('process ' || b.pid || ' (' || concat_ws(', ', w.usename, nullif(w.application_name, '')) || ')'
                                   || coalesce(': ' || nullif(left(regexp_replace(w.query, '\s+', ' ', 'g'), 200), ''), ''),
                                   '; ' ORDER BY b.pid)
                   FROM unnest(pg_catalog.pg_blocking_pids(j.pid)) b(pid)
                   LEFT JOIN pg_catalog.pg_stat_activity w ON w.pid = b.pid)
           END AS blocked_by
      FROM nself.job_log j
     -- The statements of a heal are of the schema, which anybody can read; those of migrations are not.
     CROSS JOIN LATERAL (SELECT j.kind = 'heal' OR pg_catalog.has_function_privilege('nself.may_migrate()', 'EXECUTE'))
                may(read_sql)
      LEFT JOIN pg_catalog.pg_stat_activity a
             ON j.ended_at IS NULL AND a.pid = j.pid AND a.backend_type = 'nself_heal job'
                -- A copy has the jobs of its original, whose processes may be others' now.
                AND a.datid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database());
COMMENT ON VIEW nself.jobs IS
    'The jobs of nself_heal_start() and nself_migrate_up_start(). state: waiting (for the transaction that asked), running, done, failed, cancelled, or interrupted by the end of its process. statement, error and hint of migrations are for level migrate';
COMMENT ON COLUMN nself.jobs.step IS 'The step that is run, or was run last, of steps';
COMMENT ON COLUMN nself.jobs.blocked_by IS
    'While it waits for a lock: the processes that it waits for, with user, application, and what they run or have run last';
COMMENT ON COLUMN nself.jobs.event IS 'The event of a heal in nself.heal_events';

CREATE TABLE nself.heal_switch (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    enabled boolean NOT NULL,
    set_by text NOT NULL DEFAULT session_user,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE nself.heal_switch IS 'The last word of nself_heal_enable() or nself_heal_disable() in this database';

CREATE TABLE nself.home (
    system_identifier bigint NOT NULL,
    database_oid oid NOT NULL,
    target_timeline bigint NOT NULL,
    database text NOT NULL,
    set_by text NOT NULL DEFAULT session_user,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE nself.home IS
    'Where this database is at home: where its extension was created, or nself_heal_enable() or nself_heal_disable() was last called. The worker does nothing in a copy, where a row says another place, or where there are two: in what was restored from a dump the restore''s own place and the original''s';
COMMENT ON COLUMN nself.home.system_identifier IS 'Of the server, as in pg_control_system()';
COMMENT ON COLUMN nself.home.database_oid IS 'Of the database, as in pg_database; database is what it was called';
COMMENT ON COLUMN nself.home.target_timeline IS
    'The last timeline of the server that began at a recovery target: it was restored to a point in time. 0: there is none';

CREATE TABLE nself.allowed_drift (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pattern text NOT NULL,
    kind text CHECK (kind IN ('missing', 'extra', 'changed')),
    object_type text,
    reason text NOT NULL,
    owner text NOT NULL DEFAULT session_user,
    expires timestamptz
);
COMMENT ON TABLE nself.allowed_drift IS
    'Drift that somebody allows: it is not healed and not counted, and nself_ignored() lists it. An expired entry counts for nothing';
COMMENT ON COLUMN nself.allowed_drift.pattern IS
    'Compared with the identity in nself_drift(), and with that of the table or other object that this goes with; * stands for any characters, also none, all others for themselves. public. may be left out, as the command does, and its word may stand before: Column: np_users.beta_*';
COMMENT ON COLUMN nself.allowed_drift.kind IS 'missing, extra or changed; NULL for all';
COMMENT ON COLUMN nself.allowed_drift.object_type IS 'As in nself_drift(), or as the command prints it, like Column; NULL for all';
COMMENT ON COLUMN nself.allowed_drift.owner IS 'Who answers for it';

CREATE TABLE nself.installed (
    object_type text NOT NULL,
    identity text NOT NULL,
    part_of text,
    says text NOT NULL,
    server integer
);
COMMENT ON TABLE nself.installed IS
    'What nself_heal''s own objects were when the extension was created: drift says what somebody has altered of them';

CREATE TABLE nself.installed_api (
    object_type text NOT NULL,
    identity text NOT NULL,
    part_of text,
    says text NOT NULL,
    server integer
);
COMMENT ON TABLE nself.installed_api IS
    'The same of schema nself_api, as nself_api_install() has made it. Empty: it was not called';
COMMENT ON COLUMN nself.installed_api.says IS 'Of the schema: which edition of the functions it has';

-- What users would miss after a restore is dumped; the cache of expected states is not.
SELECT pg_catalog.pg_extension_config_dump('nself.journal', '');
SELECT pg_catalog.pg_extension_config_dump('nself.ledger', '');
SELECT pg_catalog.pg_extension_config_dump('nself.ledger_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('nself.evidence', '');
SELECT pg_catalog.pg_extension_config_dump('nself.adopted_list', '');
SELECT pg_catalog.pg_extension_config_dump('nself.tenants', '');
SELECT pg_catalog.pg_extension_config_dump('nself.heal_events', '');
SELECT pg_catalog.pg_extension_config_dump('nself.heal_events_event_seq', '');
SELECT pg_catalog.pg_extension_config_dump('nself.heal_steps', '');
SELECT pg_catalog.pg_extension_config_dump('nself.heal_switch', '');
-- No key keeps a restore from adding the original's row to its own.
SELECT pg_catalog.pg_extension_config_dump('nself.home', '');
SELECT pg_catalog.pg_extension_config_dump('nself.allowed_drift', '');
-- A restore brings schema nself_api itself, which is no part of the extension.
SELECT pg_catalog.pg_extension_config_dump('nself.installed_api', '');
SELECT pg_catalog.pg_extension_config_dump('nself.allowed_drift_id_seq', '');

DO $$
DECLARE books regclass;
BEGIN
    FOR books IN SELECT oid FROM pg_class WHERE relnamespace = 'nself'::regnamespace AND relkind = 'r' AND relname <> 'allowed_drift'
    LOOP
        EXECUTE format('CREATE TRIGGER others BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
                            FOR EACH STATEMENT EXECUTE FUNCTION nself.refuse_others()', books);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER others', books);
    END LOOP;
END $$;
