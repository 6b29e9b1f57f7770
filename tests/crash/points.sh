#!/usr/bin/env bash
# kill -9 at ten points of a migration, a heal, a job and a replay: of the backend, of a worker, of the postmaster. After
# the restart the ledger, the schema and the history agree, and nothing is left half done: no shadow, no step, no lock.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The worker tidies up after a server that came to a sudden end.
answer=$("$root/scripts/cluster" start "$PG" "shared_preload_libraries = 'nself_heal'" "nself.databases = 'postgres'" \
    "nself.check_interval = 0" "nself.heal_lock_timeout = 0" "nself.shadow_keep_from = -1")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

points=10
# The number of a point, so that names sort as they are counted.
nn() { printf '%02d' "$1"; }
same() {
    local what=$1 got=$2 wanted=$3
    [[ $got == "$wanted" ]] || die "$what: '$got', not '$wanted'"
}
# A session that holds what a statement takes.
hold() {
    sql -c "SET application_name = 'holder'; BEGIN; $1; SELECT pg_sleep(600)" >/dev/null 2>&1 &
    until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep'"
}
# Waits until a process of the type waits, or sleeps, at its point, and prints which one.
at_point() {
    until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE backend_type = '$1' AND wait_event IN ('advisory', 'relation', 'PgSleep', 'transactionid') AND application_name <> 'holder'"
    sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = '$1' AND wait_event IN ('advisory', 'relation', 'PgSleep', 'transactionid') AND application_name <> 'holder'"
}
# Kills a process, or the postmaster and with it the server, and waits until the server is there again.
kill_and_wait() {
    local pid=$1 tries
    kill -9 "$pid"
    if [[ $pid == "$(head -n 1 "$CLUSTER/data/postmaster.pid")" ]]; then
        for tries in $(seq 100); do
            ! as_server "$PG_BIN/pg_ctl" --silent -w -D "$CLUSTER/data" -l "$CLUSTER/log" start >/dev/null 2>&1 || break
            [[ $tries -lt 100 ]] || die "the server does not start again"
            sleep 0.1
        done
    fi
    wait || true
    # The server may not have noticed yet, and still answer.
    until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('holder', 'victim') OR backend_type IN ('nself_heal job', 'nself_heal replay')"
    until_sql 0 "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    until_sql 0 "SELECT count(*) FROM pg_database WHERE datname LIKE 'nself\\_shadow\\_%'"
}
postmaster() { head -n 1 "$CLUSTER/data/postmaster.pid"; }
# Runs SQL in a session of its own, which will not live to see the end.
victim() { PGAPPNAME=victim sql -c "$1" >/dev/null 2>&1 & }

sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
DO $$ BEGIN
    PERFORM nself_journal_put(jsonb_build_array(
        jsonb_build_object('path', '1_tables.sql', 'content',
            (SELECT string_agg(format('CREATE TABLE t%1$s (a int); CREATE INDEX i%1$s ON t%1$s (a);', to_char(n, 'FM00')), E'\n' ORDER BY n)
               FROM generate_series(1, 10) n)),
        jsonb_build_object('path', '2_at_once.sql', 'content',
            (SELECT string_agg(format('SELECT pg_advisory_xact_lock(%s); CREATE TABLE m%s (a int);', 100 + n, to_char(n, 'FM00')), E'\n' ORDER BY n)
               FROM generate_series(1, 10) n)),
        jsonb_build_object('path', '3_by_statements.sql', 'content', E'-- nself:no-transaction\n' ||
            (SELECT string_agg(format('DO $do$ BEGIN PERFORM pg_advisory_xact_lock(%s); CREATE TABLE s%s (a int); END $do$;', 200 + n, to_char(n, 'FM00')), E'\n' ORDER BY n)
               FROM generate_series(1, 10) n))));
END $$;
SELECT count(*) FROM nself_migrate_up(max_count => 1);
SELECT count(*) FROM nself_drift();
SQL

for who in backend postmaster; do
    for point in $(seq $points); do
        hold "SELECT pg_advisory_lock(100 + $point)"
        victim "SELECT * FROM nself_migrate_up(max_count => 1)"
        pid=$(at_point 'client backend')
        [[ $who == backend ]] || pid=$(postmaster)
        kill_and_wait "$pid"
        same "migration killed at $point" "$(sql -c "SELECT string_agg(version, ' ') FROM nself.ledger")" 1
        same "its tables" "$(sql -c "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'm__'")" 0
    done
    say "ok    a migration of which the $who is killed has not begun"
done

for who in backend postmaster; do
    sql -c "SELECT format('DROP INDEX i%s;', to_char(n, 'FM00')) FROM generate_series(1, 10) n" | sql
    for point in $(seq $points); do
        hold "LOCK TABLE t$(nn "$point") IN ROW EXCLUSIVE MODE"
        victim "SELECT * FROM nself_heal(true)"
        pid=$(at_point 'client backend')
        [[ $who == backend ]] || pid=$(postmaster)
        kill_and_wait "$pid"
        same "heal killed at $point" "$(sql -c "SELECT count(*) FROM pg_indexes WHERE indexname ~ '^i\d\d$'")" 0
        same "its history" "$(sql -c "SELECT count(*) FROM nself_heal_history(1000) WHERE confirmed AND outcome <> 'healed'")" 0
    done
    same "the heal after that" "$(sql -c "SELECT count(*) FROM nself_heal(true) WHERE status = 'applied'")" 10
    say "ok    a heal of which the $who is killed has not begun"
done

for who in worker postmaster; do
    sql -c "SELECT format('DROP INDEX i%s;', to_char(n, 'FM00')) FROM generate_series(1, 10) n" | sql
    for point in $(seq $points); do
        hold "LOCK TABLE t$(nn "$point") IN ROW EXCLUSIVE MODE"
        job=$(sql -c "SELECT nself_heal_start()")
        pid=$(at_point 'nself_heal job')
        [[ $who == worker ]] || pid=$(postmaster)
        kill_and_wait "$pid"
        same "job killed at $point" "$(sql -c "SELECT count(*) FROM pg_indexes WHERE indexname ~ '^i\d\d$'")" $((point - 1))
        same "its state" "$(sql -c "SELECT state FROM nself_job($job)")" interrupted
        same "its event" "$(sql -c "SELECT outcome FROM nself_heal_history(1)")" interrupted
        same "its steps" "$(sql -c "SELECT count(*) FROM nself.heal_steps WHERE status = 'applied' AND event = (SELECT max(event) FROM nself.heal_events)")" \
            $((point > 1 ? 1 : 0))
    done
    job=$(sql -c "SELECT nself_heal_start()")
    until_sql "done" "SELECT state FROM nself_job($job)"
    same "the job after that" "$(sql -c "SELECT count(*) FROM nself_drift()")" 0
    say "ok    a heal by a job of which the $who is killed has done what its history says, and the next one does the rest"
done

sql -c "SELECT count(*) FROM nself_migrate_up(max_count => 1)" >/dev/null
for point in $(seq $points); do
    hold "SELECT pg_advisory_lock(200 + $point)"
    job=$(sql -c "SELECT nself_migrate_up_start()")
    pid=$(at_point 'nself_heal job')
    [[ $((point % 2)) == 0 ]] || pid=$(postmaster)
    kill_and_wait "$pid"
    same "migrations killed at $point" "$(sql -c "SELECT count(*) FROM pg_tables WHERE tablename ~ '^s\d\d$'")" $((point - 1))
    same "the ledger" "$(sql -c "SELECT coalesce(max(statements_done), 0) FROM nself.ledger WHERE version = '3'")" $((point - 1))
    same "the job" "$(sql -c "SELECT state FROM nself_job($job)")" interrupted
    same "the drift" "$(sql -c "SELECT count(*) FROM nself_drift()")" 0
done
job=$(sql -c "SELECT nself_migrate_up_start()")
until_sql "done" "SELECT state FROM nself_job($job)"
same "the migration after that" "$(sql -c "SELECT state FROM nself_migrate_status() WHERE version = '3'")" applied
say "ok    a migration without a transaction goes on at the statement at which its worker, or the server, was killed"

# A migration that takes its time where it is replayed, at the point that a setting of the role names.
sql >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put(
    (SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', '4_replay.sql', 'content',
        (SELECT string_agg(format('CREATE TABLE r%s (a int);
                SELECT pg_sleep(600) WHERE current_database() LIKE %L AND current_setting(''test.point'', true) = %L;', to_char(n, 'FM00'), 'nself\_shadow%', n::text), E'\n' ORDER BY n)
           FROM generate_series(1, 10) n))));
SELECT count(*) FROM nself_migrate_up();
SQL
for who in backend replayer keeper postmaster; do
    for point in $(seq $points); do
        sql -c "ALTER ROLE postgres SET test.point = '$point'"
        victim "SELECT * FROM nself_drift()"
        pid=$(at_point 'nself_heal replay')
        case $who in
        backend) pid=$(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND backend_type = 'client backend'") ;;
        keeper) pid=$(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'nself_heal shadow keeper'") ;;
        postmaster) pid=$(postmaster) ;;
        esac
        kill_and_wait "$pid"
    done
    say "ok    a replay of which the $who is killed leaves nothing behind"
done
sql -c "ALTER ROLE postgres RESET test.point"
same "the drift after all that" "$(sql -c "SELECT count(*) FROM nself_drift()")" 0
