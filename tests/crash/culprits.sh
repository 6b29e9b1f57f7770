#!/usr/bin/env bash
# Noting DDL never holds up whoever runs it: not when the log is locked, not outside a transaction block, not while a
# dump is restored.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int PRIMARY KEY, b int)"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
last="SELECT tag || ' ' || objects::text FROM nself.ddl_log ORDER BY at DESC LIMIT 1"

# A session that holds a lock on the log until it is told to end.
mkfifo "$CLUSTER/asked"
PGAPPNAME=locker sql <"$CLUSTER/asked" >/dev/null 2>&1 &
locker=$!
exec 8>"$CLUSTER/asked"
for mode in "ACCESS EXCLUSIVE" "SHARE"; do
    echo "BEGIN; LOCK TABLE nself.ddl_log IN $mode MODE;" >&8
    until_sql 1 "SELECT count(*) FROM pg_locks WHERE relation = 'nself.ddl_log'::regclass AND granted
                    AND mode = replace(initcap('$mode'), ' ', '') || 'Lock'"
    # Who waits fails at once.
    sql -c "SET lock_timeout = '10ms'" -c "CREATE TABLE beside_${mode%% *} (n int)"
    echo "COMMIT;" >&8
    until_sql 0 "SELECT count(*) FROM pg_locks WHERE relation = 'nself.ddl_log'::regclass"
    says "DDL goes on while the log is locked ($mode)" "$("$root/scripts/cluster" log "$CLUSTER")" \
        "nself_heal did not note 1 DDL commands: nself.ddl_log is locked, or gone"
    sql -c "CREATE TABLE after_${mode%% *} (n int)"
    first=${mode%% *}
    says "and is noted again" "$(sql -c "$last")" "CREATE TABLE {\"table public.after_${first,,}\"}"
done
exec 8>&-
wait "$locker"

sql -c "CREATE INDEX CONCURRENTLY by_b ON t (b)"
says "what runs outside a transaction block" "$(sql -c "$last")" 'CREATE INDEX {"index public.by_b"}'
sql -c "DROP INDEX CONCURRENTLY by_b"
says "in both directions" "$(sql -c "$last")" 'DROP INDEX {"index public.by_b"}'

# A dump is restored without an error, with journal and ledger, and nothing is noted twice.
createdb=$PG_BIN/createdb
"$createdb" copy
"$PG_BIN/pg_dump" postgres >"$CLUSTER/dump.sql"
sql -d copy -f "$CLUSTER/dump.sql" >/dev/null
says "a restored database" \
    "$(sql -d copy -c "SELECT count(*) || ' triggers' FROM pg_event_trigger" \
        -c "SELECT string_agg(version || ' ' || direction, ',') FROM nself.ledger" \
        -c "SELECT string_agg(kind || ' ' || identity, ',' ORDER BY identity) FROM nself_drift()")" \
    "4 triggers" "1 up" "extra public.after_access,extra public.after_share"
