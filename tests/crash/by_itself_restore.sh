#!/usr/bin/env bash
# A database that is being restored is left in peace, although the worker is switched on everywhere; afterwards it is
# what it was, with journal, ledger, history, allowed drift and switch. As a copy it is left alone until somebody says there
# that it is to be healed. An upgrade of the server sees no worker at all, and makes a copy of each database.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "nself.schema_heal_enabled = on"
new=$CLUSTER/new
second=$new
trap stop_both EXIT

# Somebody restores into a database that is there.
project app
project other
PGAPPNAME=pg_restore hold app "SELECT 1"
damage app "DROP INDEX people_email"
until_logged "nself_heal leaves database app in peace until those who change its schema are done"
two_runs other
launcher_looks
two_runs other
not_healed app
logged 1 "nself_heal leaves database app in peace"
let_go
until_healed app
say "ok    while a restore is connected nothing is healed, and it is said once"

# Whoever can make nothing restores nothing.
sql -c "CREATE ROLE stranger LOGIN"
PGUSER=stranger PGAPPNAME=pg_restore hold app "SELECT 1"
damage app "DROP INDEX people_email"
until_healed app
let_go
say "ok    a stranger who calls himself pg_restore keeps nobody off"

# A schema that takes a while to restore, with all that the extension keeps.
sql -d app >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '2_many.sql', 'content',
    (SELECT string_agg(format('CREATE TABLE t%s (a int PRIMARY KEY, b text); CREATE INDEX ON t%1$s (lower(b));
         INSERT INTO t%1$s SELECT n, n FROM generate_series(1, 100) n; CREATE VIEW v%1$s AS SELECT a FROM t%1$s;', n), '')
       FROM generate_series(1, 100) n))));
SELECT count(*) FROM nself_migrate_up();
SELECT * FROM nself_tenant_add('acme-corp', 'acme');
CREATE TABLE beta (a int);
INSERT INTO nself.allowed_drift (pattern, reason, owner) VALUES ('public.beta', 'a trial', 'mobile');
SELECT nself_heal_enable();
SQL
# The original stays as it is meanwhile.
configure "nself.databases = 'other, as_text, as_archive, as_template'"
until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal worker' AND datname = 'app'"
last=$(sql -d app -c "SELECT max(event) FROM nself.heal_events")
kept="SELECT (SELECT json_agg(j) FROM nself.journal j)::text, (SELECT json_agg(l) FROM nself.ledger l)::text,
             (SELECT json_agg(e) FROM nself.heal_events e WHERE event <= $last)::text,
             (SELECT json_agg(s) FROM nself.heal_steps s WHERE event <= $last)::text,
             (SELECT json_agg(a) FROM nself.allowed_drift a)::text, (SELECT json_agg(t) FROM nself.tenants t)::text,
             (SELECT json_agg(s) FROM nself.heal_switch s)::text"
before=$(sql -d app -c "$kept")
is_the_same() {
    [[ $(sql -d "$1" -c "$kept") == "$before" ]] || die "$2: something is missing or changed"
    says "$2" "$(sql -d "$1" -c "SELECT enabled, enabled_by, (SELECT count(*) FROM nself_drift()), (SELECT count(*) FROM nself_ignored() WHERE source = 'allowed'),
                                        auto_run, note FROM nself_heal_status()")" "t|nself_heal_enable() by postgres" "|0|1|f|$3: call nself_heal_enable() here"
}
here="this database is a copy of another one of this server, which was called app"
sql -c "CREATE DATABASE as_text"
"$PG_BIN/pg_dump" app >"$CLUSTER/app.sql"
sql -d as_text -f "$CLUSTER/app.sql" >/dev/null
is_the_same as_text "a dump that psql restores" "$here"
sql -c "CREATE DATABASE as_archive"
"$PG_BIN/pg_dump" -Fc -f "$CLUSTER/app.dump" app
"$PG_BIN/pg_restore" -j 2 --exit-on-error -d as_archive "$CLUSTER/app.dump"
is_the_same as_archive "a dump that pg_restore restores" "$here"
sql -c "CREATE DATABASE as_template TEMPLATE app"
is_the_same as_template "a copy by template" "$here"
copies="as_text as_archive as_template"
for name in $copies; do
    damage "$name" "DROP INDEX people_email"
    until_logged "nself_heal leaves database $name alone: it is a copy"
done
two_runs other
two_runs other
for name in $copies; do
    not_healed "$name"
    logged 1 "nself_heal leaves database $name alone"
done
say "ok    each is left alone, and that is said once"
enable as_archive
until_healed as_archive
damage as_text "CREATE INDEX people_email ON people (email)"
say "ok    where somebody enables it, it heals"
# Back to what it was, in its own place.
"$PG_BIN/pg_dump" -Fc -f "$CLUSTER/own.dump" as_archive
"$PG_BIN/pg_restore" --clean --if-exists --exit-on-error -d as_archive "$CLUSTER/own.dump"
says "what was restored in its own place is a copy again" "$(sql -d as_archive -c "SELECT enabled, auto_run, note FROM nself_heal_status()")" \
    "t|f|this database was restored from an earlier dump of it"

# An upgrade.
if [[ ! -x $PG_BIN/pg_upgrade ]]; then
    say "skip  this server has no pg_upgrade"
else
    cd "$CLUSTER"
    as_server "$PG_BIN/initdb" -D "$new" --no-locale -E UTF8 -A trust -U postgres -N >"$CLUSTER/initdb.log" 2>&1
    as_server tee -a "$new/postgresql.conf" >/dev/null <<SQL
shared_preload_libraries = 'nself_heal'
nself.schema_heal_enabled = on
nself.check_interval = 1
unix_socket_directories = '$CLUSTER'
listen_addresses = ''
fsync = off
SQL
    upgrade() {
        as_server "$PG_BIN/pg_upgrade" -b "$PG_BIN" -B "$PG_BIN" -d "$CLUSTER/data" -D "$new" -p 5432 -P 5434 -U postgres -s "$CLUSTER" "$@" 2>&1
    }
    says "pg_upgrade finds a server with a worker compatible" "$(upgrade --check || true)" "*Clusters are compatible*"
    identifier=$(sql -c "SELECT system_identifier FROM pg_control_system()")
    # It starts both servers, in which nothing else may be at work.
    damage other "DROP INDEX people_email"
    as_server "$PG_BIN/pg_ctl" --silent -w -D "$CLUSTER/data" stop
    says "and upgrades it" "$(upgrade --retain || true)" "Upgrade Complete"
    [[ -z $(grep -rl "nself_heal launcher" "$new/pg_upgrade_output.d" || true) ]] || die "the worker was there while the server was upgraded"
    as_server "$PG_BIN/pg_ctl" --silent -w -D "$new" -l "$CLUSTER/new.log" -o "-p 5432" start >&2
    for _ in $(seq 1200); do
        ! grep -q "nself_heal leaves database other alone: it is a copy" "$CLUSTER/new.log" || break
        sleep 0.1
    done
    not_healed other
    says "afterwards each database is a copy" "$(sql -d other -c "SELECT note FROM nself_heal_status()")" \
        "this database is a copy of database other of another server (system identifier $identifier)"
    enable other
    until_healed other
    is_the_same as_text "and the worker is there again where somebody enables it" "this database is a copy of database as_text of another server (system identifier $identifier)"
    as_server "$PG_BIN/pg_ctl" --silent -w -D "$new" stop
    ! server_complaints "$CLUSTER/new.log" >&2 || die "the new server was not well"
fi
! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
