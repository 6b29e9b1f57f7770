#!/usr/bin/env bash
# On a standby nothing runs by itself until it is promoted. Then it heals its own databases, as the old primary goes on
# to heal its own.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "wal_level = replica"
standby=$CLUSTER/standby
second=$standby
trap stop_both EXIT
cd "$CLUSTER"

there() { PGPORT=5433 "$@"; }
runs_with_drift="SELECT count(*) FROM nself_heal_history(1000) WHERE drift_items > 0"

project app
enable app
two_runs app
as_server "$PG_BIN/pg_basebackup" -h "$CLUSTER" -U postgres -D "$standby" -R -c fast
as_server tee -a "$standby/postgresql.conf" >/dev/null <<<"port = 5433"
as_server "$PG_BIN/pg_ctl" --silent -w -D "$standby" -l "$CLUSTER/standby.log" start >&2

# What the primary heals arrives, and the standby has no part in it.
damage app "DROP INDEX people_email"
until_healed app
PGDATABASE=app there until_sql "1" "$runs_with_drift"
there until_healed app
says "a standby heals nothing by itself" \
    "$(there sql -d app -c "SELECT enabled, auto_run, (SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nself_heal%') FROM nself_heal_status()")" \
    "t|f|0"

as_server "$PG_BIN/pg_ctl" --silent -w -D "$standby" promote >&2
PGDATABASE=app there until_sql t "SELECT auto_run FROM nself_heal_status()"
say "ok    after it was promoted the worker starts"
there damage app "DROP INDEX people_email"
there until_healed app
PGDATABASE=app there until_sql 2 "$runs_with_drift"
two_runs app
[[ $(sql -d app -c "$runs_with_drift") == 1 ]] || die "the old primary knows of it"
say "ok    it heals, and the old primary knows nothing of it"
damage app "ALTER TABLE people DROP COLUMN email"
until_healed app
PGDATABASE=app until_sql 2 "$runs_with_drift"
there two_runs app
[[ $(there sql -d app -c "$runs_with_drift") == 2 ]] || die "the new primary knows of it"
says "and the other way round" "$(sql -d app -c "SELECT drift_items FROM nself_heal_history(1000) WHERE drift_items > 0 LIMIT 1")" 2

for log in "$CLUSTER/log" "$CLUSTER/standby.log"; do
    ! server_complaints "$log" >&2 || die "a server was not well"
done
