#!/usr/bin/env bash
# On a standby nothing runs by itself until it is promoted. Then it heals its own databases, as the old primary goes on
# to heal its own. A copy that was restored to a point in time is left alone until somebody says there that it is to be
# healed.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "wal_level = replica" "archive_mode = on" \
    "archive_command = 'mkdir -p ../archive && cp %p ../archive/%f'"
standby=$CLUSTER/standby
copy=$CLUSTER/copy
stop_all() {
    [[ ! -f $copy/postmaster.pid ]] || as_server "$PG_BIN/pg_ctl" --silent -D "$copy" -m immediate stop
    stop_both
}
second=$standby
trap stop_all EXIT
cd "$CLUSTER"

there() { PGPORT=5433 "$@"; }
in_copy() { PGPORT=5434 "$@"; }
runs_with_drift="SELECT count(*) FROM nself_heal_history(1000) WHERE drift_items > 0"

project app
enable app
two_runs app
as_server "$PG_BIN/pg_basebackup" -h "$CLUSTER" -U postgres -D "$standby" -R -c fast
as_server cp -a "$standby" "$copy"
as_server rm "$copy/standby.signal"
as_server tee -a "$standby/postgresql.conf" >/dev/null <<<"port = 5433
archive_mode = off"
as_server "$PG_BIN/pg_ctl" --silent -w -D "$standby" -l "$CLUSTER/standby.log" start >&2

# What the primary heals arrives, and the standby has no part in it.
damage app "DROP INDEX people_email"
until_healed app
PGDATABASE=app there until_sql "1" "$runs_with_drift"
there until_healed app
says "a standby heals nothing by itself" \
    "$(there sql -d app -c "SELECT enabled, auto_run, note, (SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nself_heal%') FROM nself_heal_status()")" \
    "t|f|this server is a standby: the worker of its primary heals|0"

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

# Somebody undoes what happened after a moment: a copy is restored to it. A job was in the middle of a migration then.
sql -d app >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', '2_slow.sql', 'content', $$-- nself:no-transaction
CREATE TABLE slow (a int);
SELECT pg_sleep(600) WHERE current_setting('port') = '5432';
CREATE TABLE undone (a int);$$)));
SELECT nself_migrate_up_start();
SQL
PGDATABASE=app until_sql "running|PgSleep" "SELECT state, wait_event FROM nself.jobs"
# As it is in a copy by template whose jobs had the same process.
project other
sql -d other -c "INSERT INTO nself.job_log (kind, arguments, settings, logged_in_as, run_by, state, pid)
    VALUES ('heal', '{}', '{}', 'postgres', 'postgres', 'running', $(sql -d app -c "SELECT pid FROM nself.jobs"))"
says "a job that a copy has is not taken for one of another database" \
    "$(sql -d other -c "SELECT state, nself_job_cancel(job) FROM nself.jobs")" "interrupted|f"
damage app "DROP INDEX people_email"
sql -c "SELECT pg_create_restore_point('before')" >/dev/null
segment=$(sql -c "SELECT pg_walfile_name(pg_switch_wal())")
until_sql t "SELECT last_archived_wal >= '$segment' FROM pg_stat_archiver"
as_server touch "$copy/recovery.signal"
as_server tee -a "$copy/postgresql.conf" >/dev/null <<'SQL'
port = 5434
archive_mode = off
restore_command = 'cp ../archive/%f %p'
recovery_target_name = 'before'
recovery_target_action = promote
nself.migrate_on_start = on
SQL
as_server "$PG_BIN/pg_ctl" --silent -w -D "$copy" -l "$CLUSTER/copy.log" start >&2
in_copy until_sql f "SELECT pg_is_in_recovery()"
# A database that was made there is no copy; while the worker is in it twice it has been in the other one, too.
in_copy project fresh
in_copy enable fresh
in_copy two_runs fresh
in_copy not_healed app
says "a copy of a point in time is left alone" \
    "$(in_copy sql -d app -c "SELECT enabled, auto_run, note FROM nself_heal_status()")" \
    't|f|this server was restored to a point in time (timeline 2: at restore point "before"), so this database is a copy' \
    "nself_heal_enable()"
says "the job and the migration that were under way are not taken up there" \
    "$(in_copy sql -d app -c "SELECT j.job, j.state, m.state FROM nself.jobs j, nself_migrate_status() m WHERE m.version = '2'")" \
    "1|interrupted|partial"
[[ $(grep -c "nself_heal leaves database app alone: it is a copy" "$CLUSTER/copy.log") == 1 ]] || die "that is not said once in its log"
in_copy enable app
in_copy until_healed app
PGDATABASE=app in_copy until_sql t "SELECT to_regclass('undone') IS NOT NULL"
says "until somebody enables it there" "$(in_copy sql -d app -c "SELECT enabled, auto_run, note IS NULL FROM nself_heal_status()")" "t|t|t"
sql -d app -c "SELECT nself_job_cancel(1)" >/dev/null

# There, too, a failover changes nothing: the server that takes over is the same one.
as_server "$PG_BIN/pg_ctl" --silent -w -D "$copy" stop
as_server touch "$copy/standby.signal"
as_server tee -a "$copy/postgresql.conf" >/dev/null <<<"recovery_target_name = ''"
as_server "$PG_BIN/pg_ctl" --silent -w -D "$copy" -l "$CLUSTER/copy.log" start >&2
as_server "$PG_BIN/pg_ctl" --silent -w -D "$copy" promote >&2
PGDATABASE=app in_copy until_sql "3|t|t" \
    "SELECT timeline_id, auto_run, note IS NULL FROM pg_control_checkpoint(), nself_heal_status()"
in_copy damage app "DROP INDEX people_email"
in_copy until_healed app
say "ok    after a failover of the copy it goes on"

for log in "$CLUSTER/log" "$CLUSTER/standby.log" "$CLUSTER/copy.log"; do
    ! server_complaints "$log" >&2 || die "a server was not well"
done
