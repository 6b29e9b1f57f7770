#!/usr/bin/env bash
# Jobs: heals and migrations in a background worker, statement by statement; how they are watched, cancelled, cut short and
# gone on with.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "max_worker_processes = 12")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

state_of() { sql -c "SELECT state FROM nself_job($1)"; }
ends() { until_sql "$2" "SELECT state FROM nself_job($1)"; }
# Sends the journal: version, name and SQL of each migration.
journal() {
    local files="[]"
    while [[ $# -gt 0 ]]; do
        files=$(sql -v path="$1" -v content="$2" -v files="$files" <<<"SELECT :'files'::jsonb || jsonb_build_object('path', :'path', 'content', :'content')")
        shift 2
    done
    sql -v files="$files" <<<"SELECT count(*) FROM nself_journal_put(:'files'::jsonb)" >/dev/null
}
sql >/dev/null <<'SQL'
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE team;
GRANT team TO alice;
CREATE EXTENSION nself_heal;
GRANT CREATE ON SCHEMA public TO team;
SELECT nself_grant_access(r, 'migrate') FROM unnest('{alice, bob, team}'::text[]) r;
SQL

# A team's migration, applied by one who acts for it: the job does the same.
journal 1_shop.sql "CREATE TABLE items (id int PRIMARY KEY, code int)"
PGUSER=alice sql -c "SET ROLE team" -c "SELECT version FROM nself_migrate_up()" \
    -c "INSERT INTO items SELECT n, n FROM generate_series(1, 1000) n" >/dev/null
journal 1_shop.sql "CREATE TABLE items (id int PRIMARY KEY, code int)" \
    2_code.sql "-- nself:no-transaction
CREATE TYPE mood AS ENUM ('calm');
ALTER TYPE mood ADD VALUE 'glad';
ALTER TABLE items ADD COLUMN mood mood DEFAULT 'glad';
CREATE UNIQUE INDEX CONCURRENTLY items_code ON items (code);
COMMENT ON INDEX items_code IS 'one of each';"
says "a marked migration is not for the caller's transaction" "$(PGUSER=alice answer_of -c "SELECT * FROM nself_migrate_up()")" \
    "2_code.sql" "nself_migrate_up_start()"
job=$(PGUSER=alice sql -c "SET ROLE team" -c "SELECT nself_migrate_up_start()")
ends "$job" "done"
says "without a number it is the latest job" "$(sql -c "SELECT kind, state, created_at = (SELECT max(created_at) FROM nself.jobs) FROM nself_job()")" "migrate up|done|t"
says "it is applied, a new enum value before its first use, as the role that was in force" \
    "$(sql -c "SELECT version, state, applied_by FROM nself_migrate_status()")" "2|applied|team"
says "its tables are the team's" "$(sql -c "SELECT tableowner FROM pg_tables WHERE tablename = 'items'")" team
says "nothing differs from what a replay gives" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity LIKE '%items%'")" 0

# A missing label of an enum is committed before the column is added that uses it, in one job.
sql -c "ALTER TABLE items DROP COLUMN mood" -c "DROP TYPE mood" -c "CREATE TYPE mood AS ENUM ('calm')" -c "ALTER TYPE mood OWNER TO team"
job=$(sql -c "SELECT nself_heal_start()")
ends "$job" "done"
says "a new label and what uses it are healed by one job" \
    "$(sql -c "SELECT s.identity, s.status FROM nself.heal_steps s JOIN nself.jobs j USING (event) WHERE j.job = $job AND s.identity ~ 'mood' ORDER BY s.step")" \
    "public.mood 'glad'|applied
public.items.mood|applied"
says "that is all of it" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity ~ 'items|mood'")" 0

# The cause of an error stands in the way until it is gone; what was done stays done, and is not done again.
journal 1_shop.sql "CREATE TABLE items (id int PRIMARY KEY, code int)" \
    2_code.sql "$(sql -c "SELECT up_sql FROM nself.journal WHERE version = '2'")" \
    3_twice.sql "-- nself:no-transaction
ALTER TABLE items ADD COLUMN twin int DEFAULT 7;
CREATE UNIQUE INDEX CONCURRENTLY items_twin ON items (twin);
ALTER TABLE items ADD COLUMN after_all int;"
job=$(sql -c "SET ROLE team" -c "SELECT nself_migrate_up_start()")
ends "$job" failed
says "the job says why it failed" "$(sql -c "SELECT sqlstate, error, hint FROM nself_job($job)")" "23505" "3_twice.sql" "statement 2"
says "the status says how far it came" "$(sql -c "SELECT version, state, note FROM nself_migrate_status() WHERE version = '3'")" "3|partial|"
says "what is done is expected, and no more" "$(sql -c "SELECT kind, identity FROM nself_drift() WHERE identity ~ 'items.(twin|after_all)'")" ""
sql -c "UPDATE items SET twin = id"
job=$(sql -c "SET ROLE team" -c "SELECT nself_migrate_up_start()")
ends "$job" "done"
says "once the cause is gone it goes on, and rebuilds the index that was left INVALID" \
    "$(sql -c "SELECT version, state FROM nself_migrate_status()")" "3|applied"
says "the index serves" "$(sql -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_twin'::regclass")" t
says "nothing differs" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity LIKE '%items%'")" 0

# A job begins with the commit of who asked, and not at all without one.
sql -c "DROP INDEX items_code"
waits=$(sql 2>&1 <<'SQL' || true
BEGIN; SELECT nself_heal_start() AS job \gset
SELECT pg_sleep(0.3);
SELECT state FROM nself_job(:job);
ROLLBACK;
SELECT state FROM nself_job(:job);
SQL
)
says "in the transaction that asked it waits, and with that it is gone" "$waits" waiting "there is no job"
until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal job'"
says "what was rolled back did nothing" "$(sql -c "SELECT to_regclass('items_code') IS NULL")" t

# It is watched, not awaited; others go on; who may cancel it, and who may not.
hold postgres "SELECT 1 FROM items LIMIT 1"
job=$(PGUSER=alice sql -c "SET ROLE team" -c "SELECT nself_heal_start()")
until_sql "running|CREATE UNIQUE INDEX CONCURRENTLY items_code ON public.items USING btree (code)|virtualxid" \
    "SELECT state, statement, wait_event FROM nself_job($job)"
says "who is in its way is named, with the statement" "$(sql -c "SELECT blocked_by FROM nself_job($job)")" \
    "process " "(postgres, " "): SELECT 'holds'"
says "the statement of another role is for those who may see it" \
    "$(sql -c "SET ROLE team" -c "SELECT blocked_by FROM nself_job($job)")" "(postgres, " "insufficient privilege"
built_or_left() { sql -c "SELECT string_agg(kind || ' ' || identity, ', ') FROM nself_drift() WHERE object_type = 'index'"; }
says "an index that is being built is no drift" "$(built_or_left)" ""
says "it is told where the rest is that is none" \
    "$(sql -c "SELECT kind, identity, reason FROM nself_ignored() WHERE object_type = 'index'")" \
    "changed|public.items_code|invalid until they are built"
says "its step and their number are told" "$(sql -c "SELECT step, steps FROM nself_job($job)")" "1|2"
says "a second one of its kind is refused" "$(answer_of -c "SELECT nself_heal_start()")" "55006" "job $job" "nself_job_cancel()"
says "writers go on meanwhile" "$(sql -c "SET statement_timeout = '20s'" -c "UPDATE items SET code = code WHERE id = 1 RETURNING id")" 1
says "another's job cannot be cancelled" "$(PGUSER=bob answer_of -c "SELECT nself_job_cancel($job)")" "42501"
says "it is still there" "$(state_of "$job")" running
says "its owner can" "$(PGUSER=alice sql -c "SELECT nself_job_cancel($job)")" t
ends "$job" cancelled
says "the history says so, too" "$(sql -c "SELECT trigger, outcome, detail FROM nself_heal_history(1)")" "job|failed|canceling statement due to user request"
says "what it left is drift" "$(built_or_left)" "changed public.items_code"
says "one that has ended cannot be" "$(PGUSER=alice sql -c "SELECT nself_job_cancel($job)")" f
let_go
job=$(sql -c "SELECT nself_heal_start()")
ends "$job" "done"
says "the next heal finishes the index" "$(sql -c "SELECT indisvalid, indisunique FROM pg_index WHERE indexrelid = 'items_code'::regclass")" "t|t"
says "nothing is left" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity LIKE '%items%'")" 0

# A lock that is held for longer than a step waits, again and again: that step is blocked, the others are done.
sql -c "ALTER TABLE items DROP COLUMN after_all" -c "COMMENT ON INDEX items_code IS NULL"
hold postgres "SELECT count(*) FROM items"
job=$(sql -c "SET nself.heal_lock_timeout = '50ms'" -c "SELECT nself_heal_start()")
ends "$job" "done"
says "a step whose lock is held is tried again, and blocked in the end; the others are done" \
    "$(sql -c "SELECT s.identity, s.status, s.detail FROM nself.heal_steps s JOIN nself.jobs j USING (event) WHERE j.job = $job")" \
    "public.items.after_all|blocked|canceling statement due to lock timeout, 5 times" "items_code|applied"
let_go
job=$(sql -c "SELECT nself_heal_start()")
ends "$job" "done"
says "once the lock is free it is done" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity LIKE '%items%'")" 0

# While another session has its turn, a job waits without a transaction, which would hold back VACUUM.
sql -c "ALTER TABLE items DROP COLUMN after_all"
hold postgres "SELECT count(*) FROM nself_migrate_up()"
job=$(sql -c "SELECT nself_heal_start()")
until_sql t "SELECT xact_start IS NULL FROM pg_stat_activity WHERE backend_type = 'nself_heal job'"
says "it has not begun its step" "$(sql -c "SELECT state, step FROM nself_job($job)")" "running|1"
let_go
ends "$job" "done"
says "then it has its turn" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity LIKE '%items%'")" 0

# No role's rights are widened: one who may not act for the owner heals nothing.
sql -c "DROP INDEX items_twin"
job=$(PGUSER=bob sql -c "SELECT nself_heal_start()")
ends "$job" "done"
says "a stranger's job is blocked" "$(sql -c "SELECT s.identity, s.status, s.detail FROM nself.heal_steps s JOIN nself.jobs j USING (event) WHERE j.job = $job")" \
    "public.items_twin|blocked|you are not a member of role team"

# The owner itself may, although it may not log in.
job=$(sql -c "SET SESSION AUTHORIZATION team" -c "SELECT nself_heal_start()")
ends "$job" "done"
says "a role that may not log in heals what is its own" "$(sql -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_twin'::regclass")" t
sql -c "DROP INDEX items_twin"

# What commits by itself runs in a job, and what it commits stays. Replayed it cannot be, so what was seen counts.
files=(1_shop.sql "CREATE TABLE items (id int PRIMARY KEY, code int)")
files+=(2_code.sql "$(sql -c "SELECT up_sql FROM nself.journal WHERE version = '2'")")
files+=(3_twice.sql "$(sql -c "SELECT up_sql FROM nself.journal WHERE version = '3'")")
files+=(4_fill.sql "-- nself:no-transaction
CREATE TABLE filled (n int PRIMARY KEY);
CREATE PROCEDURE fill(until int) LANGUAGE plpgsql AS \$\$
BEGIN FOR i IN 1..until LOOP INSERT INTO filled VALUES (i) ON CONFLICT DO NOTHING; COMMIT; END LOOP; END \$\$;
CALL fill(3);
DO \$\$ BEGIN CREATE TABLE made (n int); COMMIT; PERFORM 1 / (SELECT count(*) FROM filled WHERE n > 3); END \$\$;
CREATE TABLE after (n int);")
journal "${files[@]}"
job=$(sql -c "SELECT nself_migrate_up_start()")
ends "$job" failed
says "an error after a commit is the migration's" "$(sql -c "SELECT sqlstate, error ~ 'statement 4 of 5' FROM nself_job($job)")" "22012|t"
says "what was committed stays, and the ledger says how far it came" \
    "$(sql -c "SELECT count(*), to_regclass('made'), to_regclass('after') FROM filled" -c "SELECT state, note FROM nself_migrate_status() WHERE version = '4'")" \
    "3|made|
partial|statement 4 of 5 was begun"
sql -c "INSERT INTO filled VALUES (4)" -c "DROP TABLE made"
job=$(sql -c "SELECT nself_migrate_up_start()")
ends "$job" "done"
says "it goes on where it was" "$(sql -c "SELECT state FROM nself_migrate_status() WHERE version = '4'" -c "SELECT to_regclass('made'), to_regclass('after')")" "applied
made|after"
says "and nothing of that is drift" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity ~ 'fill|made|after'")" 0

# A migration in a job obeys the timeouts of who asked, lets others by while it waits for a lock, and is tried again.
files+=(5_more.sql "ALTER TABLE items ADD COLUMN more int")
journal "${files[@]}"
hold postgres "SELECT 1 FROM items LIMIT 1"
says "an error for want of a lock names who has it" "$(answer_of -c "SET lock_timeout = '1s'" -c "SELECT nself_migrate_up()")" \
    "55P03" "It waited for a lock of process " "(postgres, psql): SELECT 'holds'"
says "what another role runs is for those who may see it" \
    "$(answer_of -c "SET ROLE team" -c "SET lock_timeout = '1s'" -c "SELECT nself_migrate_up()")" \
    "It waited for a lock of process " "(postgres): <insufficient privilege>"
says "the log is not told of waits that it did not ask for" "$(log_of | grep -c 'still waiting for' || true)" 0
job=$(sql -c "SET lock_timeout = '500ms'" -c "SELECT nself_migrate_up_start()")
until_sql Lock "SELECT wait_event_type FROM nself_job($job)"
until_sql t "SELECT wait_event_type IS DISTINCT FROM 'Lock' FROM nself_job($job)"
says "it is not given up at once" "$(state_of "$job")" running
let_go
ends "$job" "done"
# The index that a running migration builds is no drift either.
files+=(6_index.sql "-- nself:no-transaction
CREATE INDEX CONCURRENTLY items_more ON items (more);")
journal "${files[@]}"
hold postgres "SELECT 1 FROM items LIMIT 1"
job=$(sql -c "SELECT nself_migrate_up_start()")
until_sql "running|virtualxid" "SELECT state, wait_event FROM nself_job($job)"
says "an index that a running migration builds is no drift" "$(built_or_left)" ""
says "that one is told as extra, as no migration has made it yet" \
    "$(sql -c "SELECT kind, identity, reason FROM nself_ignored() WHERE object_type = 'index'")" \
    "extra|public.items_more|invalid until they are built"
let_go
ends "$job" "done"
says "built, it is expected" "$(built_or_left)" ""
files+=(7_slow.sql "SELECT pg_sleep(60)")
journal "${files[@]}"
job=$(sql -c "SET statement_timeout = '200ms'" -c "SELECT nself_migrate_up_start()")
ends "$job" failed
says "statement_timeout ends a statement of a job" "$(sql -c "SELECT sqlstate, error ~ 'statement timeout' FROM nself_job($job)")" "57014|t"
sql -c "DELETE FROM nself.journal WHERE version = '7'"

# No worker is free, no such job: clear errors.
says "no such job" "$(answer_of -c "SELECT * FROM nself_job(4711)")" "42704" "there is no job 4711"
sql -c "ALTER SYSTEM SET max_worker_processes = 1"
"$root/scripts/cluster" restart "$CLUSTER"
says "no worker is free" "$(answer_of -c "SELECT nself_heal_start()")" "53400" "max_worker_processes"
says "and nothing is left of the wish" "$(sql -c "SELECT count(*) FROM nself.jobs WHERE state NOT IN ('done', 'failed', 'cancelled')")" 0
sql -c "ALTER SYSTEM RESET max_worker_processes"
"$root/scripts/cluster" restart "$CLUSTER"

# The server is stopped at once in the middle of building an index. Afterwards the job is interrupted, and the next one
# finishes the rest.
hold postgres "SELECT 1 FROM items LIMIT 1"
job=$(sql -c "SELECT nself_heal_start()")
until_sql virtualxid "SELECT wait_event FROM nself_job($job)"
# The new server must not hold the session's input open.
"$root/scripts/cluster" restart "$CLUSTER" immediate 8>&-
let_go
until_sql 1 "SELECT 1"
says "after a crash the job is interrupted" "$(state_of "$job")" interrupted
says "so is its event" "$(sql -c "SELECT outcome FROM nself_heal_history(1)")" interrupted
says "an INVALID index is left" "$(sql -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_twin'::regclass")" f
job=$(sql -c "SELECT nself_heal_start()")
ends "$job" "done"
says "the next heal rebuilds it" "$(sql -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_twin'::regclass")" t
says "nothing is left of the drift" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity LIKE '%items%'")" 0

# The same within a migration. Repair says what is left, ends the job, and leaves the index to the next one.
says "the job of the heal is ended by a repair" "$(sql -c "SELECT problem, status FROM nself_migrate_repair(true) WHERE problem LIKE '%job'")" \
    "interrupted job|mended"
files+=(7_at_once.sql "-- nself:no-transaction
CREATE INDEX CONCURRENTLY items_again ON items (more);
COMMENT ON INDEX items_again IS 'more';")
journal "${files[@]:0:12}" "${files[@]:14}"
hold postgres "SELECT 1 FROM items LIMIT 1"
job=$(sql -c "SELECT nself_migrate_up_start()")
until_sql virtualxid "SELECT wait_event FROM nself_job($job)"
says "while a job runs, nothing else is looked at" "$(sql -c "SELECT problem, status, detail FROM nself_migrate_repair()")" \
    "running job|manual|job $job runs migrations now"
"$root/scripts/cluster" restart "$CLUSTER" immediate 8>&-
let_go
until_sql 1 "SELECT 1"
says "a repair tells what is left of a migration" "$(sql -c "SELECT problem, version, status, coalesce(hint, '-') FROM nself_migrate_repair(true) ORDER BY 1")" \
    "interrupted job||mended|-" \
    "partial migration|7|manual|nself_migrate_up_start() brings it to its end (REINDEX INDEX CONCURRENTLY public.items_again), and goes on."
says "the job has its end" "$(sql -c "SELECT state, ended_at IS NOT NULL FROM nself.jobs WHERE job = $job")" "interrupted|t"
job=$(sql -c "SELECT nself_migrate_up_start()")
ends "$job" "done"
says "which it does" "$(sql -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_again'::regclass")" t
says "nothing is left to repair" "$(sql -c "SELECT count(*) FROM nself_migrate_repair()")" 0
