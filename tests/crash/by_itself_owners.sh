#!/usr/bin/env bash
# The worker is nobody's hindrance: its extension and its databases can be dropped, renamed, and taken as templates.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "nself.databases = '*'"

# Nobody holds on to a database in which there is nothing to do.
project app
enable app
two_runs app
sql -c "CREATE DATABASE copy TEMPLATE app"
sql -c "ALTER DATABASE app RENAME TO other"
damage other "DROP INDEX people_email"
until_healed other
say "ok    under another name it is where it was"
sql -d other -c "DROP EXTENSION nself_heal"
[[ $(sql -d other -c "$index_is_there") == t ]] || die "the schema went with the extension"
sql -c "DROP DATABASE other"
enable copy
two_runs copy
sql -c "DROP DATABASE copy"
say "ok    databases are copied, renamed and dropped as if there were no worker"

# In the middle of a replay a database is in use; with FORCE it is dropped all the same. However often that happens, the
# worker goes on with the others.
for n in 1 2 3; do
    slow_project "slow$n"
    enable "slow$n"
    until_sql 1 "$replay_sleeps"
    if [[ $n == 1 ]]; then
        says "a database that is looked at is in use" "$({ sql -c "DROP DATABASE slow1" 2>&1 || true; })" \
            'database "slow1" is being accessed by other users'
    fi
    sql -c "DROP DATABASE slow$n WITH (FORCE)"
    no_shadow_is_left
done
project app
damage app "DROP INDEX people_email"
enable app
until_healed app
say "ok    a database can be dropped in the middle of a replay"

# So can the extension, as soon as the replay has ended.
slow_project slow
enable slow
until_sql 1 "$replay_sleeps"
sql -d slow -c "DROP EXTENSION nself_heal" >"$CLUSTER/dropped" 2>&1 &
dropping=$!
PGDATABASE=slow until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP EXTENSION%' AND wait_event_type = 'Lock'"
terminate_in slow
wait "$dropping" || die "$(<"$CLUSTER/dropped")"
no_shadow_is_left
two_runs app
[[ $(sql -d slow -c "SELECT to_regnamespace('nself') IS NULL AND to_regclass('people') IS NOT NULL") == t ]] || die "the extension is not gone"
say "ok    so can the extension be"

! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
