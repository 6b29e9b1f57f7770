#!/usr/bin/env bash
# Nothing keeps the worker from ending when it is told to, and what it was at is taken up again.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "nself.heal_lock_timeout = '10min'"

# The launcher ends when it is told to, and the server starts it again.
for name in app slow; do
    project "$name"
    sql -d "$name" -c "INSERT INTO people SELECT n, n FROM generate_series(1, 100) n"
done
old=$(sql -c "$launcher")
[[ $(sql -c "SELECT pg_terminate_backend($old, 10000)") == t ]] || die "the launcher does not end"
until_sql t "SELECT pid <> $old FROM pg_stat_activity WHERE backend_type = 'nself_heal launcher'"
say "ok    the launcher ends when it is told to, and comes back"

# So does a visitor, while an index is built that waits for an old transaction.
hold app "SELECT count(*) FROM pg_class"
damage app "DROP INDEX people_email"
enable app
until_it_waits_for app virtualxid
says "it shows what it does" "$(sql -d app -c "SELECT query $visitor")" "CREATE INDEX CONCURRENTLY people_email ON public.people"
sql -d app -c "SET lock_timeout = '5s'; INSERT INTO people VALUES (0, 'zero')"
say "ok    others write meanwhile"
terminate_in app
until_logged "nself_heal looks at database app again in 10 s, because the last time ended in an error"
let_go
PGDATABASE=app until_sql t "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('people_email')"
say "ok    a visitor that builds an index ends when it is told to, and the next one builds it"
PGDATABASE=app until_sql "interrupted,healed" \
    "SELECT string_agg(outcome, ',' ORDER BY event) FROM nself_heal_history(1000) WHERE drift_items > 0"

# While it waits for a lock.
disable app
damage app "ALTER TABLE people DROP COLUMN email"
hold app "LOCK TABLE people"
enable app
until_it_waits_for app relation
terminate_in app
let_go
until_healed app
say "ok    so does one that waits for a lock"

# And while it waits for a replay, which ends with it.
sql -d slow >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "2_slow.sql", "content":
    "SELECT pg_sleep(600) WHERE current_database() LIKE ''nself_shadow%''"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
enable slow
until_sql 1 "$replay_sleeps"
terminate_in slow
disable slow
no_shadow_is_left
say "ok    and one that waits for a replay"
enable slow
until_sql 1 "$replay_sleeps"
"$root/scripts/cluster" restart "$CLUSTER"
sql -d slow -c "SELECT nself_heal_disable()" -c "SELECT pg_terminate_backend(pid, 10000) $visitor" >/dev/null
no_shadow_is_left
say "ok    a server with a busy worker ends when it is told to"

! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
