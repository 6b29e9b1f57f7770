-- Who may call what, and what each function does. EXECUTE is the only right that a caller needs: the functions read and
-- write the product's own tables with the rights of the extension's owner, and run migrations with the caller's.
REVOKE ALL ON FUNCTION
    nself_journal_load(text), nself_journal_put(jsonb), nself_migrate_status(text),
    nself_migrate_up(text, integer, boolean, text), nself_migrate_down(text, integer, boolean, text, text),
    nself_migrate_verify(), nself_drift(text), nself_drift_not_compared(text), nself_replay_left_out(text),
    nself_ignored(text),
    nself_heal(boolean, text[]), nself_heal_start(text[]), nself_migrate_up_start(text, integer, text),
    nself_job(bigint), nself_job_cancel(bigint),
    nself_heal_status(), nself_heal_history(integer), nself_heal_steps(bigint), nself_heal_enable(), nself_heal_disable(),
    nself.refuse_change(), nself.note_ddl(), nself.wake()
FROM PUBLIC;

COMMENT ON FUNCTION nself_journal_load(text) IS
'Reads a migrations folder on the server into the journal. dir: absolute path (NULL: setting nself.migrations_dir). Returns each migration as added, changed, unchanged or removed, and each other file as ignored; note says what changed, or why. Needs the rights of pg_read_server_files. A folder that cannot be read in full changes nothing. Locks rows of nself.journal only.';
COMMENT ON FUNCTION nself_journal_put(jsonb) IS
'Puts a migrations folder that a client sends into the journal. files: [{"path": "0001_init.sql", "content": "..."}, ...]; "content_base64" for bytes that are not UTF-8. Otherwise as nself_journal_load().';
COMMENT ON FUNCTION nself_migrate_status(text) IS
'Lists all migrations of the journal and the ledger. tenant: the schema of a tenant (NULL: none). state: applied, pending, partial (it runs statement by statement, and has not come to its end; note says how far), edited, cosmetic (edited in comments, white space or line ends alone) or missing (applied, but not in the journal). checksum: SHA-256 of the file. in_transaction: false if it is marked to run statement by statement, which nself_migrate_up_start() does. Changes and locks nothing.';
COMMENT ON FUNCTION nself_migrate_up(text, integer, boolean, text) IS
'Applies pending migrations in the caller''s transaction, as the caller, under the caller''s search_path: all of them or none. target: the last version to apply. max_count: how many. dry_run: only list them. A migration that is marked to run without a transaction is refused before anything has run. tenant: a schema, made if it is not there, that comes first in the search_path. duration_ms: milliseconds. Fails with the migration, statement and line, and the server''s own SQLSTATE; then the database is as before. Deferred constraints are checked at the end of each migration, and what it says with SET CONSTRAINTS holds for it alone. Locks: what its statements lock, until the transaction of the caller ends. One session at a time in a database: others wait up to lock_timeout; a REPEATABLE READ transaction that waited gets 40001.';
COMMENT ON FUNCTION nself_migrate_down(text, integer, boolean, text, text) IS
'Undoes applied migrations with their down parts, the latest first, in the caller''s transaction. target: the version that stays the last (NULL: see steps). steps: how many (default 1). dry_run: only list them. confirm: where nself.env is prod, yes-destroy-production. tenant: as in nself_migrate_up(). A mark for running without a transaction does not count for a down part. Fails before anything runs if a down part is missing.';
COMMENT ON FUNCTION nself_migrate_verify() IS
'Compares the checksums of the applied migrations with those of the journal. status: ok, partial (not all of it has run), cosmetic, mismatch or missing. expected: the SHA-256 of what was applied; actual: that of the file now. Changes and locks nothing.';
COMMENT ON FUNCTION nself_drift(text) IS
'Compares the live schema with the one that the migrations give. against: applied (the applied migrations) or journal (pending ones, too). kind: missing, extra or changed. safety: additive (nself_heal does it), blocked (something is in the way, see reason) or manual (a person''s decision; remedy is a suggestion). Where the expected schema is not known yet, background workers replay the migrations in a shadow database. Reads the rows of tables that a missing constraint, unique index or NOT NULL is for, to tell whether any is in the way. Locks: ACCESS SHARE on what is read, let go of before it returns. It waits for nobody: what another session has locked against readers is told as blocked, with its process, and the rest is compared. Fails with 40001 if the schema changed each time while it was read. Changes nothing.';
COMMENT ON FUNCTION nself_drift_not_compared(text) IS
'Lists the kinds of objects that nself_drift() does not compare, with how many there are in the live and in the expected schema; names: the live ones of kinds like subscriptions, each of which should be known. against: as in nself_drift().';
COMMENT ON FUNCTION nself_replay_left_out(text) IS
'Lists what a replay of the migrations leaves out because it would reach outside its shadow database: commands, functions and foreign tables, each with the version of the migration, the number of the statement in it (from 1) and the reason. The expected schema does not know of what they would have done. against: as in nself_drift(). Where the expected schema is not known yet, background workers replay the migrations in a shadow database. Locks as nself_drift() does, but no table of a user; changes nothing.';
COMMENT ON FUNCTION nself_ignored(text) IS
'Lists what differs and is no drift: what other tools made (source built-in) and what nself.allowed_drift allows (source allowed), with the pattern that says so. A pattern that matches nothing now has a row without an object. against: as in nself_drift(). Locks as nself_drift() does; changes nothing.';
COMMENT ON FUNCTION nself_heal(boolean, text[]) IS
'Closes the drift by adding what is missing. Never drops, retypes, renames, truncates or deletes. confirm: false is a dry run that changes nothing and locks as nself_drift() does. not_renamed: identities of missing objects (columns, tables, types, labels, views and others) that are not the old name of an extra one. status: planned, applied, blocked (detail says by what, and how to find the rows), manual or failed. Each step runs as the owner of what it touches, in a subtransaction, waiting up to nself.heal_lock_timeout for its locks: ACCESS EXCLUSIVE for columns and most constraints, SHARE ROW EXCLUSIVE for foreign keys (on both tables), SHARE for indexes, until the caller''s transaction ends.';
COMMENT ON FUNCTION nself_heal_start(text[]) IS
'Closes the drift as nself_heal(true) does, in a background worker, while others are at work: each step in transactions of its own, tried again when it does not get its locks within nself.heal_lock_timeout; indexes on tables with rows are built CONCURRENTLY, constraints added NOT VALID and validated afterwards. Returns the number of the job at once; nself_job() and nself.jobs tell how far it is. It begins when the caller''s transaction has committed, and runs as the caller, under the caller''s settings. What is done stays done: after a cancel or a crash, start it again for the rest. not_renamed: as in nself_heal(). Fails with 53400 if no background worker is free.';
COMMENT ON FUNCTION nself_migrate_up_start(text, integer, text) IS
'Applies pending migrations in a background worker: each in a transaction of its own, those marked -- nself:no-transaction statement by statement, each on its own. Returns the number of the job at once; nself_job() and nself.jobs tell how far it is. It begins when the caller''s transaction has committed, and runs as the caller, under the caller''s settings. What is done stays done, and the ledger says how far a migration came: start it again once the cause of an error is gone. target, max_count, tenant: as in nself_migrate_up(). Fails with 53400 if no background worker is free.';
COMMENT ON FUNCTION nself_job(bigint) IS
'A job, as nself.jobs shows it. state: waiting (for the transaction that asked), running, done, failed, cancelled, or interrupted by the end of its process. step: the one that is run, or was run last, of steps. statement: what is run now; wait_event: what it waits for. event: of a heal, in nself_heal_history(). Changes and locks nothing.';
COMMENT ON FUNCTION nself_job_cancel(bigint) IS
'Asks a job to stop, within a statement or between two. Returns false if it has ended. What it has done stays done. Needs the right to cancel its worker: that of the role that asked for it, or pg_signal_backend.';
COMMENT ON FUNCTION nself_heal_status() IS
'One row: whether this database is to be healed without being asked (enabled), whether a worker does it (auto_run), the last run, how old the known expected schema is, and who or what says that it is enabled or not (enabled_by). Changes and locks nothing.';
COMMENT ON FUNCTION nself_heal_history(integer) IS
'The latest heals, dry runs among them, the newest first. max_events: how many (default 10). trigger: call (somebody called nself_heal()), job (nself_heal_start()) or worker (the background worker, by itself). outcome: no drift, dry run, healed, healed in part, nothing to heal, failed, running, or interrupted, if whoever ran it is gone. detail: what kept it from its end. duration_ms: milliseconds. The steps are in nself_heal_steps(). Changes and locks nothing.';
COMMENT ON FUNCTION nself_heal_steps(bigint) IS
'The steps of a heal, in their order. event: as in nself_heal_history() and nself_job() (NULL: the latest). ddl: what was to run, or did. status, detail: as in nself_heal(). changed_by, changed_at, command: who made the drift, as in nself_drift(). Changes and locks nothing.';
COMMENT ON FUNCTION nself_heal_enable() IS
'Says that this database is to be healed without being asked. Counts more than the setting nself.schema_heal_enabled.';
COMMENT ON FUNCTION nself_heal_disable() IS
'Says that this database is not to be healed without being asked. Counts more than the setting nself.schema_heal_enabled.';
