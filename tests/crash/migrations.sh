#!/usr/bin/env bash
# Migrations of several sessions at once, and of a session that dies in the middle: they run one after the other, and
# what did not come to its end has left nothing.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

# Fails unless a query returns what it should now.
is() {
    local got
    got=$(sql -c "$2")
    [[ $got == "$1" ]] || die "'$2' gave '$got', not '$1'"
}
put() { sql -c "SELECT FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '$1', 'content', \$sql\$$2\$sql\$)))"; }
up="SELECT version, status FROM nself_migrate_up()"
locked="SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"

# A session that is spoken to line by line: `open_session N` makes file descriptor N its input. It ends with \q.
open_session() {
    mkfifo "$CLUSTER/session$1"
    PGAPPNAME=session$1 sql <"$CLUSTER/session$1" >"$CLUSTER/session$1.out" 2>&1 &
    eval "exec $1>'$CLUSTER/session$1'"
}

sql -c "CREATE EXTENSION nself_heal"
put 0001_once.sql "CREATE TABLE once (i int); INSERT INTO once VALUES (1);"

# The first session has applied the migration, and has not committed it.
open_session 3
first=$!
echo "BEGIN; $up;" >&3
until_sql 1 "$locked"
# A session that began before the commit, and that reads as of its beginning.
open_session 4
stale=$!
echo "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM nself.ledger;" >&4
until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'session4' AND state = 'idle in transaction'"
# A second session waits for the first.
PGAPPNAME=second sql -c "$up" >"$CLUSTER/second.out" 2>&1 &
second=$!
until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'second' AND state = 'active'"
# One with a lock_timeout waits no longer than that.
if said=$(PGOPTIONS='-c lock_timeout=300ms' sql -v VERBOSITY=verbose -c "$up" 2>&1); then
    die "lock_timeout was not obeyed"
fi
[[ $said == *"55P03: another session is running migrations or a heal in this database: process "*" (postgres, session"* ]] || die "lock_timeout: $said"
say "ok    lock_timeout ends the wait"
# One that waits can be cancelled.
PGAPPNAME=third sql -c "$up" >"$CLUSTER/third.out" 2>&1 &
third=$!
until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'third' AND state = 'active'"
sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'third'" >/dev/null
wait "$third" && die "the cancelled session succeeded"
grep -q "canceling statement due to user request" "$CLUSTER/third.out" || die "$(<"$CLUSTER/third.out")"
say "ok    a cancel ends the wait"
# A dry run, status and verify wait for nobody.
is "0001|planned" "SELECT version, status FROM nself_migrate_up(dry_run => true)"
is "0001|pending" "SELECT version, state FROM nself_migrate_status()"
kill -0 "$second" || die "the second session did not wait: $(<"$CLUSTER/second.out")"

echo "COMMIT; \\q" >&3
wait "$second" || die "the second session failed: $(<"$CLUSTER/second.out")"
[[ ! -s $CLUSTER/second.out ]] || die "the second session found something to do: $(<"$CLUSTER/second.out")"
wait "$first" || die "the first session failed: $(<"$CLUSTER/session3.out")"
is 1 "SELECT count(*) FROM once"
is 1 "SELECT count(*) FROM nself.ledger"
say "ok    the second session waits, then finds nothing to do"

echo "$up; \\q" >&4
wait "$stale" && die "a session applied what it could not see: $(<"$CLUSTER/session4.out")"
grep -q "another session has run migrations since this transaction began" "$CLUSTER/session4.out" ||
    die "$(<"$CLUSTER/session4.out")"
is 1 "SELECT count(*) FROM once"
is "" "BEGIN ISOLATION LEVEL SERIALIZABLE; $up; COMMIT;"
say "ok    what a transaction cannot see is not applied again"

# A migration that ends its own session. What it did is gone, and nothing of it is in the ledger.
put 0002_leaves.sql "CREATE TABLE half (); SELECT pg_terminate_backend(pg_backend_pid()); CREATE TABLE whole ();"
sql -c "$up" >"$CLUSTER/leaves.out" 2>&1 && die "it did not end its session"
grep -q "terminating connection due to administrator command" "$CLUSTER/leaves.out" || die "$(<"$CLUSTER/leaves.out")"
until_sql 0 "$locked"
is "t|t" "SELECT to_regclass('half') IS NULL, to_regclass('whole') IS NULL"
is "" "SELECT version FROM nself.ledger WHERE version = '0002'"
say "ok    a migration that ends its own session"

# One whose process is killed: the server starts anew.
# shellcheck disable=SC2016
put 0002_dies.sql 'CREATE TABLE half (); COPY (SELECT 1) TO PROGRAM '\''kill -9 $PPID'\''; CREATE TABLE whole ();'
sql -c "$up" >/dev/null 2>&1 && die "it was not killed"
until_sql "t|t" "SELECT to_regclass('half') IS NULL, to_regclass('whole') IS NULL"
is "" "SELECT version FROM nself.ledger WHERE version = '0002'"
is 1 "SELECT count(*) FROM once"
say "ok    a migration whose process is killed"

# The crash of a whole server between a migration and the commit.
open_session 5
put 0002_late.sql "CREATE TABLE half ();"
echo "BEGIN; $up;" >&5
# Until the migration has run: a session that waits for an answer ends with its server, and reads no more.
for _ in {1..600}; do
    ! grep -q applied "$CLUSTER/session5.out" || break
    sleep 0.1
done
is 1 "$locked"
"$root/scripts/cluster" restart "$CLUSTER" immediate
echo '\q' >&5
until_sql "t" "SELECT to_regclass('half') IS NULL"
is "" "SELECT version FROM nself.ledger WHERE version = '0002'"
is "0002|applied" "$up"
is "t" "SELECT to_regclass('half') IS NOT NULL"
say "ok    a crash before the commit"

# Two people adopt at once: the second one waits, and finds that it is done.
sql -c "CREATE DATABASE adopted"
export PGDATABASE=adopted
sql -c "CREATE EXTENSION nself_heal" -c "CREATE TABLE a ()" -c "CREATE TABLE schema_migrations (version text)" \
    -c "INSERT INTO schema_migrations VALUES ('0001')"
put 0001_a.sql "CREATE TABLE a ();"
adopt="SELECT state FROM nself_adopt(confirm => true)"
open_session 6
echo "BEGIN; $adopt;" >&6
until_sql 1 "$locked"
sql -c "$adopt" >"$CLUSTER/second.out" &
second_adopter=$!
until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE query = '${adopt//\'/\'\'}' AND state = 'active'"
echo 'COMMIT; \q' >&6
wait "$second_adopter" || die "the second one failed"
[[ $(cat "$CLUSTER/second.out") == applied ]] || die "the second one got $(cat "$CLUSTER/second.out")"
is 1 "SELECT count(*) FROM nself.ledger WHERE direction = 'up'"
say "ok    two people adopt at once"
