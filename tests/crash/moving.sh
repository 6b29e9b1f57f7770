#!/usr/bin/env bash
# A schema that others change while it is read: an answer is of one moment, or it says that there was none. It can be
# cancelled, and takes no lock that anybody would wait for.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG")
eval "$answer"
load=
trap 'rm -f "$CLUSTER/go"; [[ -z $load ]] || kill "$load" 2>/dev/null || true; "$root/scripts/cluster" log "$CLUSTER" | tail -n 30 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

sql -c 'CREATE DATABASE moving'
export PGDATABASE=moving
sql >/dev/null 2>&1 <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content',
    (SELECT string_agg(format('CREATE TABLE t%s (a int PRIMARY KEY, b text); CREATE INDEX ON t%1$s (lower(b));', n), '')
       FROM generate_series(1, 60) n))));
SELECT count(*) FROM nself_migrate_up();
SELECT count(*) FROM nself_drift();
SQL

# The load makes and drops relations of its own, all of which would be extra, and none of which stays.
touch "$CLUSTER/go"
while [[ -e $CLUSTER/go ]]; do
    echo 'CREATE TABLE moving (a int, b text); CREATE INDEX moving_b ON moving (lower(b)); CREATE VIEW moved AS SELECT a FROM moving;'
    echo 'DROP VIEW moved; DROP INDEX moving_b; DROP TABLE moving;'
done | sql -q >"$CLUSTER/load" 2>&1 &
load=$!

right=0 refused=0
for round in $(seq 40); do
    # A column that is there before the call, or is gone before it, has to be seen or not to be seen.
    if ((round % 2)); then sql -c 'ALTER TABLE t7 ADD COLUMN by_hand int'; else sql -c 'ALTER TABLE t7 DROP COLUMN by_hand'; fi
    seen=$(sql -v VERBOSITY=verbose -c "SELECT string_agg(identity, ' ') FILTER (WHERE identity NOT LIKE '%.mov%') FROM nself_drift()" 2>&1) || true
    wanted=
    ((round % 2 == 0)) || wanted=public.t7.by_hand
    case $seen in
        "$wanted") right=$((right + 1)) ;;
        *"ERROR:  40001:"*) refused=$((refused + 1)) ;;
        *) die "round $round: not '$wanted': $seen" ;;
    esac
done
rm "$CLUSTER/go"
wait "$load"
load=
[[ $right -gt 0 ]] || die "no call of 40 found a moment"
say "ok    while others make and drop relations, $right of 40 calls are right and $refused say that the schema moves"
[[ -z $(sql -c "SELECT identity FROM nself_drift()") ]] || die "something is left that was not there before"

# Within one transaction a call holds no lock on a user's table that is stronger than reading.
locks=$(sql -c "BEGIN; ALTER TABLE t8 ADD COLUMN by_hand int; COMMIT; BEGIN; SELECT count(*) FROM nself_drift();
    SELECT coalesce(string_agg(DISTINCT mode, ' '), 'none') FROM pg_locks
     WHERE pid = pg_backend_pid() AND relation >= 16384 AND mode <> 'AccessShareLock'
       AND relation NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'nself'::regnamespace
                             UNION ALL SELECT indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
                                        WHERE c.relnamespace = 'nself'::regnamespace); COMMIT" | tail -n 1)
[[ $locks == none ]] || die "locks of a reader: $locks"
say "ok    reading locks nobody out"

# A cancel and a timeout end the call.
says "a timeout ends the call" "$({ sql -c "SET statement_timeout = '1ms'; SELECT count(*) FROM nself_drift()" 2>&1 || true; })" \
    "canceling statement due to statement timeout"
