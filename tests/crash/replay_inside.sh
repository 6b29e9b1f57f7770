#!/usr/bin/env bash
# The worker's own replay stays inside its shadow database, too, and the kernel denies a replay what it does not need. What
# a replay leaves out is the story of tests/pg_regress/sql/replay_inside.sql.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ! -f $("$(own_pg_config "$PG")" --sharedir)/extension/postgres_fdw.control ]]; then
    say "skip  this server has no extension postgres_fdw"
    exit 0
fi
start_with_worker "max_worker_processes = 16"

sql -c "CREATE DATABASE far"
sql -d far -c "CREATE TABLE log (what text)"
project app
live="SELECT count(*) FROM pg_stat_activity WHERE application_name = 'live'"
live_session() {
    PGAPPNAME=live sql -d app -c "SELECT pg_sleep(600)" >"$CLUSTER/live.out" 2>&1 &
    session=$!
    until_sql 1 "$live"
}

# The control: when it is applied, it reaches outside.
live_session
sql -d app -v sockets="$PGHOST" >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '2_outside.sql', 'content', replace($$
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '@sockets@', dbname 'far');
    CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'postgres');
    CREATE FOREIGN TABLE far_log (what text) SERVER far OPTIONS (table_name 'log');
    INSERT INTO far_log VALUES ('migrated');
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'live';
$$, '@sockets@', :'sockets'))));
SELECT count(*) FROM nself_migrate_up();
SQL
wait "$session" && die "the migration did not end the session"
says "the migration writes to another database" "$(sql -d far -c "SELECT * FROM log")" migrated

live_session
enable app
PGDATABASE=app until_sql 1 "SELECT count(*) FROM nself.expected_state"
two_runs app
says "the worker's replay leaves the session alone" "$(sql -c "$live")" 1
says "the worker's replay writes nothing there" "$(sql -d far -c "SELECT count(*) FROM log")" 1
says "it is listed" "$(sql -d app -c "SELECT version, statement, what FROM nself_replay_left_out()")" \
    "2|5|foreign table public.far_log" "2|6|pg_terminate_backend(integer,bigint)"
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'live'" >/dev/null
wait "$session" && die "the session was not there"
disable app

# The filter of the kernel, where it has one.
filters() { awk '/^Seccomp_filters:/ { print $2 }' "/proc/$1/status"; }
slow_project slow
PGAPPNAME=caller sql -d slow -c "SELECT count(*) FROM nself_drift()" >"$CLUSTER/caller.out" 2>&1 &
caller=$!
until_sql 1 "$replay_sleeps"
server=$(head -n 1 "$CLUSTER/data/postmaster.pid")
replay=$(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'nself_heal replay'")
if [[ -n $(filters "$server") ]]; then
    says "the kernel denies a replay what it does not need" "$(($(filters "$replay") - $(filters "$server")))" 1
else
    say "skipped: this kernel does not tell of its filters"
fi
sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'" >/dev/null
wait "$caller" && die "the comparison was not cancelled"
no_shadow_is_left
