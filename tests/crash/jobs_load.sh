#!/usr/bin/env bash
# A heal of a table with five million rows under a load of writes: a job builds what is missing, and no statement of the
# load waits for a lock for a second, because a step waits no longer than nself.heal_lock_timeout.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The server's log tells of every wait for a lock that is longer than the deadlock_timeout of its session. The load's is
# above the time that a step may wait, since who waits behind a step waits as long and is woken a moment later. The job's
# is below it, since it is then that who waits ends an autovacuum in its way.
answer=$("$root/scripts/cluster" start "$PG" "deadlock_timeout = 200ms" "log_lock_waits = on" "max_wal_size = 8GB" \
    "nself.heal_lock_timeout = 500ms")
eval "$answer"
load=
finish() {
    [[ -z $load ]] || kill "$load" 2>/dev/null || true
    "$root/scripts/cluster" log "$CLUSTER" | tail -n 30 >&2
    "$root/scripts/cluster" stop "$CLUSTER"
}
trap finish EXIT
trap 'exit 130' INT TERM

sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_accounts.sql', 'content', $$
    CREATE TABLE owners (id int PRIMARY KEY);
    CREATE TABLE accounts (id int PRIMARY KEY, owner int NOT NULL CONSTRAINT accounts_owner_fk REFERENCES owners,
        code int NOT NULL CONSTRAINT accounts_code_key UNIQUE, balance int NOT NULL CONSTRAINT accounts_balance CHECK (balance > -1000000));
    CREATE INDEX accounts_owner ON accounts (owner) $$)));
SELECT count(*) FROM nself_migrate_up();
ALTER TABLE accounts DROP CONSTRAINT accounts_owner_fk, DROP CONSTRAINT accounts_code_key, DROP CONSTRAINT accounts_balance;
DROP INDEX accounts_owner;
INSERT INTO owners SELECT generate_series(0, 999);
INSERT INTO accounts SELECT n, n % 1000, n, 0 FROM generate_series(1, 5000000) n;
SQL
cat >"$CLUSTER/load.sql" <<'SQL'
\set id random(1, 5000000)
UPDATE accounts SET balance = balance + 1 WHERE id = :id;
SELECT balance FROM accounts WHERE id = :id;
INSERT INTO accounts VALUES (nextval('more'), :id % 1000, currval('more'), 0);
SQL
sql -c "CREATE SEQUENCE more START 5000001"
# At a rate that leaves the machine to the others: what counts is that there always is somebody who could be kept waiting.
transactions() { sql -c "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"; }
PGOPTIONS="-c deadlock_timeout=1s" as_server "$PG_BIN/pgbench" -h "$CLUSTER" -U postgres -n -c 4 -R 400 -T 900 -f "$CLUSTER/load.sql" postgres >"$CLUSTER/load.out" 2>&1 &
load=$!
until_sql 4 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'"

before=$(transactions)
job=$(sql -c "SELECT nself_heal_start()")
until_sql "done" "SELECT state FROM nself_job($job)"
says "all of it is healed" "$(sql -c "SELECT identity, status FROM nself.heal_steps WHERE identity ~ 'accounts' ORDER BY step")" \
    "accounts_code_key on public.accounts|applied" "public.accounts_owner|applied" \
    "accounts_balance on public.accounts|applied" "accounts_owner_fk on public.accounts|applied"
says "the load went on meanwhile" "$(($(transactions) - before > 1000))" 1
kill -0 "$load" || die "the load has ended: $(cat "$CLUSTER/load.out")"
says "no statement of the load waited for a lock for a second" \
    "$(grep 'client backend' "$CLUSTER/log" | grep -c 'still waiting for' || true)" 0
says "nothing is left of the drift" "$(sql -c "SELECT count(*) FROM nself_drift() WHERE identity ~ 'accounts'")" 0
