#!/usr/bin/env bash
# What surrounds a replay and a heal may be short of workers, of time and of locks: each is a clear answer, and nothing
# is left behind.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "max_worker_processes = 16" "wal_level = logical")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 30 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

nothing_is_left() {
    until_sql 0 "SELECT count(*) FROM pg_database WHERE datname LIKE 'nself\\_shadow\\_%'"
    until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nself_heal%'"
}
# Changes a setting of the server, which starts again with it.
with_workers() {
    sql -c "ALTER SYSTEM SET max_worker_processes = $1"
    "$root/scripts/cluster" restart "$CLUSTER"
}
drift="SELECT 'drift: ' || count(*) FROM nself_drift()"
sleeper="SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal replay' AND wait_event = 'PgSleep'"

# A database with a hostile name, in which a migration takes its time where it is replayed.
sql -c 'CREATE DATABASE "we""ird; DROP"'
export PGDATABASE='we"ird; DROP'
sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content":
    "CREATE TABLE t (a int PRIMARY KEY, b int); CREATE INDEX t_b ON t (b); CREATE TABLE u (a int); CREATE INDEX u_a ON u (a)"},
    {"path": "2_slow.sql", "content": "SELECT pg_sleep(600) WHERE current_database() LIKE ''nself_shadow%''"}]');
SELECT count(*) FROM nself_migrate_up(max_count => 1);
SQL

# Workers: none at all, and too few for both. The server itself takes one for logical replication.
for workers in 0 1 2; do
    with_workers "$workers"
    says "with $workers workers there is a clear error" "$(answer_of -c "SELECT * FROM nself_drift()")" \
        "ERROR:  53400: no background worker is free to work out the expected schema" "HINT:  Raise max_worker_processes"
    nothing_is_left
done
with_workers 3
says "with three the answer comes" "$(answer_of -c "$drift")" "drift: 0"
nothing_is_left
with_workers 16

# Several sessions ask at once.
sql -c "DELETE FROM nself.expected_state"
for i in 1 2 3 4; do
    sql -c "SELECT count(*) FROM nself_drift()" >"$CLUSTER/asked.$i" 2>&1 &
done
wait
says "four sessions that ask at once all get an answer" "$(cat "$CLUSTER"/asked.* | paste -sd ' ')" "0 0 0 0"
nothing_is_left

# A transaction that has asked, and does not end, holds nobody up.
sql -c "DELETE FROM nself.expected_state"
sql >"$CLUSTER/open" 2>&1 <<'SQL' &
BEGIN; SELECT count(*) FROM nself_drift(); SELECT pg_sleep(600); COMMIT;
SQL
until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
says "an open transaction holds nobody up" \
    "$(answer_of -c "SET statement_timeout = '20s'" -c "$drift")" "drift: 0"
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'" >/dev/null
wait || true

# A lock that somebody holds for longer than a heal waits: that step is blocked, the others are applied.
sql -c "DROP INDEX t_b, u_a"
sql >/dev/null 2>&1 <<'SQL' &
BEGIN; INSERT INTO t VALUES (1, 1); SELECT pg_sleep(600);
SQL
until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
says "a step whose lock is held is blocked, and the others are applied" \
    "$(answer_of -c "SET nself.heal_lock_timeout = '200ms'" -c "SELECT identity, status, detail FROM nself_heal(true)")" \
    "public.t_b|blocked|canceling statement due to lock timeout" "public.u_a|applied"
says "lock_timeout is as it was" "$(answer_of -c "SET nself.heal_lock_timeout = '200ms'" -c "SET lock_timeout = '7s'" \
    -c "SELECT count(*) FROM nself_heal(true)" -c "SHOW lock_timeout")" "7s"
says "without a limit of its own it keeps to lock_timeout" "$(answer_of -c "SET nself.heal_lock_timeout = 0" \
    -c "SET lock_timeout = '100ms'" -c "SELECT identity, status FROM nself_heal(true)")" "public.t_b|blocked"
says "a wish to stop stops the whole heal" "$(answer_of -c "SET nself.heal_lock_timeout = '60s'" \
    -c "SET statement_timeout = '300ms'" -c "SELECT * FROM nself_heal(true)")" "ERROR:  57014: canceling statement due to statement timeout"
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'" >/dev/null
wait || true
says "once the lock is free the step is applied" "$(answer_of -c "SELECT identity, status FROM nself_heal(true)")" "public.t_b|applied"

# Time: a limit, or a cancel, ends a replay at once.
sql -c "SELECT count(*) FROM nself_migrate_up()" >/dev/null
SECONDS=0
says "a replay keeps to statement_timeout" \
    "$(answer_of -c "SET statement_timeout = '1s'" -c "SELECT * FROM nself_drift()")" "ERROR:  57014: canceling statement due to statement timeout"
[[ $SECONDS -lt 20 ]] || die "it took $SECONDS s"
nothing_is_left
# The one before is still being tidied up when the next one comes.
for i in 1 2 3 4 5 6 7 8; do
    echo "SET statement_timeout = '$((i * 20)) ms'; SELECT count(*) FROM nself_drift();"
done >"$CLUSTER/again.sql"
cat >>"$CLUSTER/again.sql" <<'SQL'
RESET statement_timeout; INSERT INTO nself.ledger (version, name, path, direction, sql, breakpoints, checksum, logged_in_as,
    applied_by, settings, duration_ms) SELECT version, name, path, 'down', '', false, '', 'postgres', 'postgres', '{}', 0
    FROM nself.ledger WHERE version = '2'; DELETE FROM nself.expected_state; SELECT 'drift: ' || count(*) FROM nself_drift();
SQL
says "asking again after a cancel works at once" "$({ "$PG_BIN/psql" -XqtA -f "$CLUSTER/again.sql" 2>&1 || true; } | tail -n 1)" "drift: 0"
nothing_is_left
sql -c "SELECT count(*) FROM nself_migrate_up()" >/dev/null

# Two heals at once: the second waits for the first, and then finds nothing to do.
PGDATABASE=postgres sql -c "CREATE DATABASE twice"
PGDATABASE=twice sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int); CREATE INDEX t_a ON t (a)"}]');
SELECT count(*) FROM nself_migrate_up();
DROP INDEX t_a;
SQL
PGDATABASE=twice sql >"$CLUSTER/first" 2>&1 <<SQL &
BEGIN;
SELECT status FROM nself_heal(true);
\! touch '$CLUSTER/healed'; while [ ! -e '$CLUSTER/go_on' ]; do sleep 0.1; done
COMMIT;
SQL
first=$!
until [[ -e $CLUSTER/healed ]]; do sleep 0.1; done
says "a second heal waits as long as it may" \
    "$(PGDATABASE=twice sql -c "SET lock_timeout = '200ms'" -c "SELECT count(*) FROM nself_heal(true)" 2>&1 | head -n 1)" \
    "another session is running migrations or a heal in this database"
PGDATABASE=twice sql -c "SELECT count(*) FROM nself_heal(true)" >"$CLUSTER/second" 2>/dev/null &
second=$!
touch "$CLUSTER/go_on"
wait "$first" "$second"
says "the first heals" "$(head -n 1 "$CLUSTER/first")" applied
says "the second has nothing left to do" "$(cat "$CLUSTER/second")" 0

# The database that is compared is dropped under the replay's feet.
sql -c "SELECT count(*) FROM nself_drift()" >"$CLUSTER/dropped" 2>&1 &
until_sql 1 "$sleeper"
PGDATABASE=postgres sql -c 'DROP DATABASE "we""ird; DROP" WITH (FORCE)'
wait || true
export PGDATABASE=postgres
says "the caller of a dropped database is told" "$(cat "$CLUSTER/dropped")" "terminating connection due to administrator command"
nothing_is_left
sleep 2
nothing_is_left
says "and leaves no shadow" "$(grep -c 'is left behind' "$CLUSTER/log" || true)" "0"

# So does the end of the server.
sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put('[{"path": "1_slow.sql", "content": "SELECT pg_sleep(600) WHERE current_database() LIKE ''nself_shadow%''"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
sql -c "SELECT count(*) FROM nself_drift()" >"$CLUSTER/stopped" 2>&1 &
until_sql 1 "$sleeper"
"$root/scripts/cluster" restart "$CLUSTER"
wait || true
says "a server that ends in order leaves no shadow" \
    "$(sql -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'nself\\_shadow\\_%'")" 0
! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
