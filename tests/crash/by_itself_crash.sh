#!/usr/bin/env bash
# A worker that dies in the middle of a heal leaves nothing half done that the next one does not finish.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "nself.heal_lock_timeout = '10min'"

pid_in() { sql -d "$1" -c "SELECT pid $visitor"; }
# Waits until all is as it should be: the schema, the history, and what is shared.
all_is_well() {
    PGDATABASE=app until_sql "t|0" "SELECT bool_and(indisvalid), (SELECT count(*) FROM nself_drift()) FROM pg_index WHERE indrelid = 'people'::regclass"
    until_logged "(event $(last_run app event))"
    says "$1" "$(sql -d app -c "SELECT string_agg(outcome, ',' ORDER BY event) FROM nself_heal_history(1000) WHERE drift_items > 0")" "$2"
    no_shadow_is_left
    until_sql 0 "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    [[ $(sql -d app -c "SELECT string_agg(version || status, ',') FROM nself_migrate_verify()") == "1ok" ]] || die "ledger and journal differ"
}

project app
sql -d app -c "INSERT INTO people SELECT n, n FROM generate_series(1, 100) n"

# It is killed while it builds an index, which is then there, but not valid.
hold app "SELECT count(*) FROM pg_class"
damage app "DROP INDEX people_email"
enable app
until_it_waits_for app virtualxid
kill -9 "$(pid_in app)"
let_go
PGDATABASE=app until_sql f "SELECT bool_or(outcome = 'running') FROM nself_heal_history(1000)"
all_is_well "killed while it builds an index" "interrupted,healed"

# While it waits for a lock, in the middle of two steps.
disable app
damage app "ALTER TABLE people DROP COLUMN email"
hold app "LOCK TABLE people"
enable app
until_it_waits_for app relation
kill -9 "$(pid_in app)"
let_go
all_is_well "killed while it waits for a lock" "interrupted,healed,interrupted,healed"

# The whole server goes down while it builds an index.
disable app
damage app "DROP INDEX people_email"
hold app "SELECT count(*) FROM pg_class"
enable app
until_it_waits_for app virtualxid
# The new server must not hold the session's input open.
"$root/scripts/cluster" restart "$CLUSTER" immediate 8>&-
let_go
all_is_well "the server is stopped at once" "interrupted,healed,interrupted,healed,interrupted,healed"

# While a migration is replayed: its shadow goes, and the next visit makes another.
sql -d app -c "CREATE ROLE slowly"
project slow
sql -d slow >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "2_slow.sql", "content":
    "SELECT pg_sleep(600) WHERE current_database() LIKE ''nself_shadow%'' AND EXISTS (SELECT FROM pg_roles WHERE rolname = ''slowly'')"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
damage slow "DROP INDEX people_email"
enable slow
until_sql 1 "$replay_sleeps"
sql -c "DROP ROLE slowly"
kill -9 "$(pid_in slow)"
until_healed slow
no_shadow_is_left
says "killed while a migration is replayed" "$(sql -d slow -c "SELECT outcome FROM nself_heal_history(1000) WHERE drift_items > 0")" healed
all_is_well "and the other database has nothing to do with it" "interrupted,healed,interrupted,healed,interrupted,healed"
