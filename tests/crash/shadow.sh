#!/usr/bin/env bash
# No shadow database outlives its use, whatever dies while it is there: the caller's backend, a worker, the server.
# The migration sleeps where it is replayed, so that there is time to kill something.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "max_worker_processes = 16")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

shadows="SELECT count(*) FROM pg_database WHERE datname LIKE 'nself\\_shadow\\_%'"
sleeper="SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal replay' AND wait_event = 'PgSleep'"
pid_of() { sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = '$1'"; }

sql -c "CREATE EXTENSION nself_heal"
sql >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "1_slow.sql", "content":
    "CREATE TABLE t (a int PRIMARY KEY); SELECT pg_sleep(600) WHERE current_database() LIKE ''nself_shadow%''"}]');
SELECT count(*) FROM nself_migrate_up();
SQL

# Starts a comparison in the background and waits until its replay sleeps.
compare_in_background() {
    PGAPPNAME=caller sql -c "SELECT count(*) FROM nself_drift()" >"$CLUSTER/caller.out" 2>&1 &
    caller=$!
    until_sql 1 "$sleeper"
    until_sql 1 "$shadows"
}

# Waits for the caller's program, and that nothing is left in the server.
nothing_is_left() {
    wait "$caller" && die "$1: the comparison did not fail"
    until_sql 0 "$shadows"
    until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nself_heal%'"
    until_sql "t" "SELECT count(*) = 1 FROM nself.ledger"
    say "ok    $1"
}

compare_in_background
sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'" >/dev/null
nothing_is_left "the caller cancels"

compare_in_background
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'" >/dev/null
nothing_is_left "the caller is terminated"

compare_in_background
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nself_heal replay'" >/dev/null
nothing_is_left "the replay is terminated"
grep -q "ended without an answer" "$CLUSTER/caller.out" || die "no clear error: $(cat "$CLUSTER/caller.out")"

compare_in_background
kill -9 "$(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'caller'")"
nothing_is_left "the caller's backend is killed"

compare_in_background
kill -9 "$(pid_of 'nself_heal replay')"
nothing_is_left "the replay is killed"

compare_in_background
kill -9 "$(pid_of 'nself_heal shadow keeper')"
nothing_is_left "the keeper is killed"

# A server that is stopped at once cannot tidy up: the next use does.
compare_in_background
"$root/scripts/cluster" restart "$CLUSTER" immediate
wait "$caller" && die "the comparison did not fail"
until_sql 1 "$shadows"
compare_in_background
until_sql 1 "$shadows"
sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'" >/dev/null
nothing_is_left "the whole server is stopped"
