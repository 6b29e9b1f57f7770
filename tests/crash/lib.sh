# shellcheck shell=bash
# shellcheck disable=SC2034
# What the tests against private clusters share; sourced, never run.
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

sql() { "$PG_BIN/psql" -XqtA -v ON_ERROR_STOP=1 "$@"; }
# What psql says, errors with their SQLSTATE among it.
answer_of() { { sql -v VERBOSITY=verbose "$@" 2>&1 || true; } | { grep -v '^LOCATION:' || true; }; }
# Waits until a query returns what it should, for two minutes at most.
until_sql() {
    local wanted=$1 query=$2 got=
    for _ in $(seq 1200); do
        got=$(sql -c "$query" 2>/dev/null) || got='(no answer)'
        [[ $got != "$wanted" ]] || return 0
        sleep 0.1
    done
    die "'$query' gave '$got', not '$wanted'"
}
# Ends the test's server, and before it the other one, whose data is in this folder.
second=
stop_both() {
    [[ ! -f $second/postmaster.pid ]] || as_server "$PG_BIN/pg_ctl" --silent -D "$second" -m immediate stop
    "$root/scripts/cluster" stop "$CLUSTER"
}
# Fails unless a text holds all that it should.
says() {
    local what=$1 text=$2 wanted
    shift 2
    for wanted in "$@"; do
        [[ $text == *"$wanted"* ]] || die "$what: '$wanted' is not in: $text"
    done
    say "ok    $what"
}

# What the tests of the worker share.
#
# A server with a worker that looks every second; more settings as arguments.
start_with_worker() {
    local answer
    answer=$("$root/scripts/cluster" start "$PG" "shared_preload_libraries = 'nself_heal'" "nself.check_interval = 1" \
        "log_checkpoints = off" "$@")
    eval "$answer"
    trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 80 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
    trap 'exit 130' INT TERM
}
# A database with one migration, which makes a table of people with an index on their e-mail addresses.
project() {
    PGDATABASE=postgres sql -c "CREATE DATABASE \"$1\""
    sql -d "$1" -c "CREATE EXTENSION nself_heal"
    migrate "$1"
}
migrate() {
    sql -d "$1" >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "1_people.sql", "content":
    "CREATE TABLE people (id int PRIMARY KEY, email text); CREATE INDEX people_email ON people (email)"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
}
# The same with a second migration that takes its time where it is replayed.
slow_project() {
    project "$1"
    sql -d "$1" >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "2_slow.sql", "content":
    "SELECT pg_sleep(600) WHERE current_database() LIKE ''nself_shadow%''"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
}
# Changes a schema without a trace, so that the worker need not wait until whoever did it may be done.
damage() {
    local database=$1
    shift
    PGOPTIONS="-c nself.capture_ddl=off" sql -d "$database" "${@/#/-c}"
}
enable() { sql -d "$1" -c "SELECT nself_heal_enable()" >/dev/null; }
# Once the worker is done with what it is at.
disable() {
    sql -d "$1" -c "SELECT nself_heal_disable()" >/dev/null
    PGDATABASE=$1 until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal worker' AND datname = current_database()"
}
# A session that holds something in a database until it is let go. Its file descriptor is 8.
hold() {
    mkfifo "$CLUSTER/asked"
    sql -d "$1" <"$CLUSTER/asked" >"$CLUSTER/held" 2>&1 &
    holder=$!
    exec 8>"$CLUSTER/asked"
    rm "$CLUSTER/asked"
    echo "BEGIN ISOLATION LEVEL REPEATABLE READ; $2; SELECT 'holds';" >&8
    until grep -q holds "$CLUSTER/held"; do sleep 0.1; done
}
let_go() {
    exec 8>&-
    wait "$holder" || true
}
# Changes settings of the server, which reads them again.
configure() {
    local setting
    for setting in "$@"; do
        PGDATABASE=postgres sql -c "ALTER SYSTEM SET $setting"
    done
    reload
}
# Returns when the server has read its configuration again and told its processes.
reload() {
    local at
    at=$(PGDATABASE=postgres sql -c "SELECT now() FROM pg_reload_conf()")
    PGDATABASE=postgres until_sql t "SELECT pg_conf_load_time() >= '$at'"
}
log_of() { "$root/scripts/cluster" log "$CLUSTER"; }
# Waits until the server's log holds a text.
until_logged() {
    for _ in $(seq 1200); do
        [[ $(log_of) != *"$1"* ]] || return 0
        sleep 0.1
    done
    die "'$1' is not in the server's log"
}
# Fails unless the server's log holds a text so many times.
logged() {
    local times
    times=$(log_of | grep -cF -- "$2" || true)
    [[ $times == "$1" ]] || die "'$2' is $times times in the server's log, not $1"
}
index_is_there="SELECT to_regclass('people_email') IS NOT NULL"
until_healed() { PGDATABASE=$1 until_sql t "$index_is_there"; }
not_healed() { [[ $(sql -d "$1" -c "$index_is_there") == f ]] || die "database $1 was healed"; }
# Waits until the worker has been in a database twice from now on.
two_runs() {
    local last
    last=$(sql -d "$1" -c "SELECT coalesce(max(event), 0) FROM nself.heal_events")
    PGDATABASE=$1 until_sql t "SELECT max(event) >= $last + 2 FROM nself.heal_events WHERE outcome <> 'running'"
}
# Tells the launcher to look now, and waits until it has.
launcher_looks() {
    local last
    last=$(sql -c "SELECT state_change FROM pg_stat_activity WHERE pid = ($launcher)")
    reload
    until_sql t "SELECT state_change > '$last' FROM pg_stat_activity WHERE pid = ($launcher)"
}
# The latest run of the worker that found drift.
last_run() { sql -d "$1" -c "SELECT $2 FROM nself_heal_history(1000) WHERE drift_items > 0 ORDER BY event DESC LIMIT 1"; }
no_shadow_is_left() { PGDATABASE=postgres until_sql 0 "SELECT count(*) FROM pg_database WHERE datname LIKE 'nself\\_shadow\\_%'"; }
launcher="SELECT pid FROM pg_stat_activity WHERE backend_type = 'nself_heal launcher'"
replay_sleeps="SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal replay' AND wait_event = 'PgSleep'"
visitor="FROM pg_stat_activity WHERE backend_type = 'nself_heal worker' AND datname = current_database()"
# Waits until the visitor of a database waits for something.
until_it_waits_for() { PGDATABASE=$1 until_sql "$2" "SELECT wait_event $visitor"; }
# Tells the visitor of a database to end, and fails if it does not.
terminate_in() { [[ $(sql -d "$1" -c "SELECT pg_terminate_backend(pid, 10000) $visitor") == t ]] || die "it does not end"; }
