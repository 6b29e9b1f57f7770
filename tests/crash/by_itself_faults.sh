#!/usr/bin/env bash
# What can go wrong while the worker heals by itself: each time it says why, does what can be done, and does the rest as
# soon as it can.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "nself.heal_lock_timeout = '100ms'"

project app
sql -d app -c "INSERT INTO people SELECT n, n FROM generate_series(1, 100) n"

# A lock that somebody holds on to: that step is tried again, then it is blocked; the others are applied.
sql -d app >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "2_pets.sql", "content":
    "CREATE TABLE pets (name text); CREATE INDEX pets_name ON pets (name)"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
damage app "ALTER TABLE people DROP COLUMN email" "DROP INDEX pets_name"
hold app "LOCK TABLE people"
enable app
PGDATABASE=app until_sql t "SELECT wait_event = 'Extension' AND xact_start IS NULL $visitor"
say "ok    between two tries it is in no transaction"
PGDATABASE=app until_sql "healed in part|1|2" \
    "SELECT outcome, applied, blocked FROM nself_heal_history(1000) WHERE drift_items > 1 AND outcome <> 'running' LIMIT 1"
says "a step whose lock is held is blocked after some tries, and the others are applied" \
    "$(sql -d app -c "SELECT identity, status, detail FROM nself.heal_steps WHERE event = $(last_run app event)")" \
    "public.people.email|blocked|canceling statement due to lock timeout, 5 times" \
    "public.people_email|blocked|waits for" "public.pets_name|applied"
let_go
until_healed app
say "ok    once the lock is free it is applied"

# Whoever runs migrations or a heal by hand has the turn. The worker comes back when it is over.
disable app
damage app "DROP INDEX people_email"
hold app "SELECT count(*) FROM nself_migrate_up()"
enable app
until_logged "nself_heal leaves database app in peace until those who change its schema are done"
not_healed app
let_go
until_healed app
say "ok    it waits for its turn"

# An error is said, is in the history, and does not keep it from healing; it tries again by itself, a little later each
# time.
project broken
sql -d broken >/dev/null <<'SQL'
INSERT INTO nself.ledger (version, name, path, direction, sql, breakpoints, checksum, logged_in_as, applied_by, settings, duration_ms)
VALUES ('2', 'broken', '2_broken.sql', 'up', 'SELECT 1 / 0', false, 'x', 'postgres', 'postgres', '{}', 0);
SQL
enable broken
damage app "DROP INDEX people_email"
sql -c "ALTER DATABASE app SET nself.migrations_dir = '/is/not/there'"
until_healed app
for name in app broken; do
    PGDATABASE=$name until_sql t "SELECT count(*) > 1 FROM nself_heal_history(1000) WHERE trigger = 'worker' AND outcome = 'failed'"
    until_logged "nself_heal looks at database $name again in 20 s, because the last time ended in an error"
done
says "a folder that is not there is in the history" \
    "$(sql -d app -c "SELECT DISTINCT detail FROM nself_heal_history(1000) WHERE outcome = 'failed'")" "/is/not/there"
says "and in the server's log" "$(log_of)" "nself_heal in database app: failed, because" "/is/not/there"
says "so is a replay that fails" \
    "$(sql -d broken -c "SELECT detail FROM nself_heal_history(1) WHERE outcome = 'failed'")" "migration 2 cannot be replayed: statement 1: SQLSTATE 22012"
says "also in the server's log" "$(log_of)" "nself_heal in database broken: failed, because"
sql -c "ALTER DATABASE app RESET nself.migrations_dir"
reload
damage app "DROP INDEX people_email"
until_healed app
say "ok    when the cause is gone it goes on as before"
disable broken

# The file of its log is on a disk that is full, is moved away, and is there again.
configure "nself.schema_heal_log = '/dev/full'"
damage app "DROP INDEX people_email"
until_healed app
until_logged "nself_heal could not write to its log /dev/full: No space left on device"
PGDATABASE=app until_sql "healed|" "SELECT outcome, detail FROM nself_heal_history(1000) WHERE drift_items > 0 LIMIT 1"
say "ok    a full disk is no reason not to heal, and is said"
configure "nself.schema_heal_log = 'heal.jsonl'"
file=$CLUSTER/data/log/heal.jsonl
until [[ -s $file ]]; do sleep 0.1; done
mv "$file" "$file.1"
until [[ -s $file ]]; do sleep 0.1; done
# What a full disk left of a line is ended before the next one.
as_server tee -a "$file" >/dev/null <<<'{"at' && truncate -s -1 "$file"
two_runs app
lines="FROM string_to_table(pg_read_file('log/heal.jsonl'), E'\n') AS line"
says "a file that was moved away is made again, and half a line spoils no other" \
    "$(sql -c "SELECT (SELECT count(*) $lines WHERE line = '{\"at'),
                      (SELECT count(line::json->'event') > 1 $lines WHERE line NOT IN ('', '{\"at'))")" "1|t"

# No place for a worker.
sql -c "ALTER SYSTEM SET max_worker_processes = 2"
damage app "DROP INDEX people_email"
"$root/scripts/cluster" restart "$CLUSTER"
until_logged "no background worker is free to look at it"
launcher_looks
launcher_looks
not_healed app
logged 1 "no background worker is free to look at it"
says "a server without a place for a worker says so once" "$(log_of)" "WARNING:  nself_heal cannot look at database" "HINT:  It tries again until there is a place. Raise max_worker_processes."
# One for it, but none for the replay.
sql -d app -c "DELETE FROM nself.expected_state"
sql -c "ALTER SYSTEM SET max_worker_processes = 3"
"$root/scripts/cluster" restart "$CLUSTER"
PGDATABASE=app until_sql "no background worker is free to work out the expected schema" "SELECT detail FROM nself_heal_history(1) WHERE outcome = 'failed'"
say "ok    too few for a replay are an error in the history"
sql -c "ALTER SYSTEM SET max_worker_processes = 16"
"$root/scripts/cluster" restart "$CLUSTER"
until_healed app
say "ok    with more of them it heals"

! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
