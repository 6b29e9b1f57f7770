#!/usr/bin/env bash
# Others' locks: a comparison waits for nobody, tells what it could not read, and is never the reason why somebody else's
# DDL ends in a deadlock. The counts are fixed, and nothing is measured in time.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Deadlocks are looked for early, so that a round that meets one is short.
answer=$("$root/scripts/cluster" start "$PG" "deadlock_timeout = 200ms" "max_connections = 100" "max_worker_processes = 16")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

sql -c 'CREATE DATABASE peace'
export PGDATABASE=peace
sql >/dev/null 2>&1 <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $m$
    CREATE TABLE t (a int PRIMARY KEY DEFAULT 1, b text CONSTRAINT b_check CHECK (b <> ''));
    CREATE VIEW t_view AS SELECT a FROM t;
    CREATE MATERIALIZED VIEW t_rows AS SELECT count(*) AS n FROM t;
    CREATE FUNCTION t_count() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;
    CREATE TABLE policed (a int, b int CONSTRAINT policed_fk REFERENCES t);
    ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON policed USING (a IN (SELECT t.a FROM t));
    CREATE TABLE other (a int NOT NULL DEFAULT 7, gone int);
$m$)));
SELECT count(*) FROM nself_migrate_up();
SELECT count(*) FROM nself_drift();
INSERT INTO t VALUES (1, 'x');
INSERT INTO policed VALUES (1, 1);
INSERT INTO other VALUES (1, 1);
ALTER TABLE t ALTER a SET DEFAULT 2;
ALTER TABLE t DROP CONSTRAINT b_check;
CREATE OR REPLACE VIEW t_view AS SELECT a, b FROM t;
CREATE VIEW t_extra AS SELECT b FROM t;
DROP POLICY own ON policed;
CREATE POLICY own ON policed USING (a IN (SELECT t.a + 1 FROM t));
ALTER TABLE policed DROP CONSTRAINT policed_fk;
CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER TABLE other ALTER a DROP NOT NULL;
ALTER TABLE other DROP COLUMN gone;
SQL

drift="SELECT string_agg(concat_ws(' ', kind, object_type, identity, safety) || CASE WHEN reason ~ 'compared now' THEN ' ?' ELSE '' END, E'\\n' ORDER BY object_type, identity) FROM nself_drift()"
free=$(sql -c "$drift")
says "with nothing locked all is compared" "$free" "changed default value for public.t.a" "missing table constraint b_check on public.t" \
    "changed policy own on public.policed" "changed view public.t_view" "extra view public.t_extra" "missing table column public.other.gone"
[[ $free != *'?'* ]] || die "something was not compared: $free"

# The table is locked until all of this has been seen: whoever waited would never come to an end.
hold peace "LOCK TABLE t"
says "control: to print a view waits for its table" "$(answer_of -c "SET lock_timeout = '50ms'; SELECT pg_get_viewdef('t_view')")" "ERROR:  55P03"
export PGOPTIONS="-c statement_timeout=60s"
pid=$(sql -c "SELECT pid FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessExclusiveLock'")
locked=$(sql -c "$drift" -c "SELECT string_agg(DISTINCT reason, E'\\n') FROM nself_drift() WHERE reason ~ 'now'")
says "what is locked is told, and the rest is compared" "$locked" "changed table public.t blocked ?" "changed view public.t_view blocked ?" \
    "extra view public.t_extra blocked ?" "changed table public.policed blocked ?" "changed function public.t_count() blocked ?" \
    "extra function public.extra()" "missing table column public.other.gone additive" "missing not null public.other.a additive" \
    "process $pid has locked public.t, so this cannot be compared now"
says "a dry run of a heal waits for nobody either" \
    "$(sql -c "SELECT string_agg(identity || ' ' || status, ', ') FROM nself_heal() WHERE identity ~ 'other|public.t'")" \
    "public.other.gone planned" "public.t blocked"
says "a heal leaves what is locked" "$(sql -c "SELECT string_agg(identity || ' ' || status, ', ') FROM nself_heal(true) WHERE identity ~ 'other|public.t'")" \
    "public.other.gone applied" "public.t blocked"
let_go
after=$(sql -c "$drift")
[[ $after != *'?'* ]] || die "something was not compared: $after"
says "once the lock is gone all is compared" "$after" "changed default value for public.t.a" "changed view public.t_view" "extra view public.t_extra"
# A lock that somebody only waits for is in the way of readers, too.
hold peace "LOCK TABLE t IN ACCESS SHARE MODE"
sql -c "BEGIN; LOCK TABLE t; COMMIT" >/dev/null 2>&1 8>&- &
waiting=$!
until_sql 1 "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass AND NOT granted"
says "nor is anybody waited for who waits" "$(sql -c "$drift")" "changed table public.t blocked ?" "extra function public.extra()"
let_go
wait "$waiting" || true
# No lock is left of what was read.
left=$(sql -c "BEGIN; SELECT count(*) FROM nself_drift(); SELECT count(*) FROM nself_heal(); SELECT coalesce(string_agg(relation::regclass::text, ' '), 'none') FROM pg_locks
    WHERE pid = pg_backend_pid() AND relation >= 16384 AND relation NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'nself'::regnamespace
        UNION ALL SELECT indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'nself'::regnamespace); COMMIT" | tail -n 1)
[[ $left == none ]] || die "locks are left: $left"
say "ok    nothing that was read stays locked"

# Each session locks tables of its own, then one that all have in common: by themselves they never meet in a deadlock.
sessions=10
rounds=12
drifts=5
ddl() {
    local n=$1 round
    for round in $(seq $rounds); do
        cat <<SQL
CREATE TABLE churn_$n (id int DEFAULT $round CHECK (id > 0), more text);
CREATE VIEW seen_$n AS SELECT c.id, o.a FROM other o, churn_$n c;
CREATE FUNCTION reads_$n() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM churn_$n; END;
BEGIN; ALTER TABLE churn_$n ALTER id SET DEFAULT 9, ADD CHECK (more <> ''); CREATE OR REPLACE VIEW seen_$n AS SELECT c.id, o.a, c.more FROM other o, churn_$n c; COMMIT;
BEGIN; DROP TABLE churn_$n CASCADE; ALTER TABLE other ALTER a SET DEFAULT $round; COMMIT;
SQL
    done
}
# Views that are read first, so that there is time between the lock of what they have in common and those that come later.
sql -c "DO \$\$ BEGIN FOR n IN 1..150 LOOP EXECUTE format('CREATE VIEW many_%s AS SELECT a FROM other', n); END LOOP; END \$\$"
deadlocks="SELECT deadlocks FROM pg_stat_database WHERE datname = 'peace'"
before=$(sql -c "$deadlocks")
unset PGOPTIONS
pids=()
for n in $(seq $sessions); do
    ddl "$n" | "$PG_BIN/psql" -Xq >"$CLUSTER/ddl_$n" 2>&1 &
    pids+=($!)
    for _ in $(seq $drifts); do echo '\set VERBOSITY verbose' 'SELECT count(*) > 0 FROM nself_drift();'; done | tr -s '\n' |
        sed 's/verbose SELECT/verbose\nSELECT/' | "$PG_BIN/psql" -XqtA >"$CLUSTER/drift_$n" 2>&1 &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
if grep -h 'ERROR' "$CLUSTER"/ddl_*; then die "DDL failed beside drifts"; fi
[[ $(sql -c "$deadlocks") == "$before" ]] || die "there was a deadlock"
answers=$(cat "$CLUSTER"/drift_* | grep -cx t || true)
moved=$(cat "$CLUSTER"/drift_* | grep -c 'ERROR:  40001: the schema of this database changed' || true)
if grep -h 'ERROR' "$CLUSTER"/drift_* | grep -v 40001; then die "a drift failed"; fi
[[ $((answers + moved)) == $((sessions * drifts)) ]] || die "$answers answers and $moved that the schema moves, of $((sessions * drifts))"
[[ $answers -gt 0 ]] || die "no drift found a moment"
say "ok    $((sessions * rounds)) rounds of DDL beside $((sessions * drifts)) drifts: no error, $answers answers, $moved that the schema moves"

# Control: the same would have shown a deadlock.
hold peace "LOCK TABLE t"
echo 'BEGIN; LOCK TABLE policed; LOCK TABLE t;' | "$PG_BIN/psql" -Xq >"$CLUSTER/ddl_control" 2>&1 8>&- &
other=$!
until_sql 1 "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass AND NOT granted"
echo 'LOCK TABLE policed;' >&8
let_go
wait "$other" || true
cat "$CLUSTER/held" >>"$CLUSTER/ddl_control"
says "control: a deadlock is seen in what a session says" "$(cat "$CLUSTER/ddl_control")" "deadlock detected"
until_sql t "SELECT deadlocks > $before FROM pg_stat_database WHERE datname = 'peace'"
say "ok    control: and in the server's count"
