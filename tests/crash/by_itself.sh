#!/usr/bin/env bash
# The worker heals by itself: where and as often as it is told to. Everybody can see what it does, and hear of it.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NSELF_SCHEMA_HEAL_LOG=heal.jsonl start_with_worker "nself.databases = '*'"

# Somebody drops a column, and with it its index. Somebody else listens.
project app
sql -d app -c "CREATE ROLE mallory LOGIN SUPERUSER"
enable app
mkfifo "$CLUSTER/asked"
sql -d app <"$CLUSTER/asked" >"$CLUSTER/heard" 2>&1 &
listener=$!
exec 8>"$CLUSTER/asked"
echo "LISTEN nself_drift; SELECT 'listens';" >&8
until grep -q listens "$CLUSTER/heard"; do sleep 0.1; done
sql -d app -U mallory -c "ALTER TABLE people DROP COLUMN email"
until_healed app
PGDATABASE=app until_sql "worker|2|2|t|healed" \
    "SELECT trigger, drift_items, applied, confirmed, outcome FROM nself_heal_history(1000) WHERE drift_items > 0"
say "ok    what was dropped comes back, and the history says so"
event=$(last_run app event)
says "with who dropped it, and by what" \
    "$(sql -d app -c "SELECT identity, status, changed_by, command FROM nself.heal_steps WHERE event = $event ORDER BY step")" \
    "public.people.email|applied|mallory|ALTER TABLE people DROP COLUMN email" \
    "public.people_email|applied|mallory|ALTER TABLE people DROP COLUMN email"
[[ $(sql -d app -c "SELECT count(*) FROM nself_drift()") == 0 ]] || die "there is drift"

# Each run has one line in the file.
until_sql t "SELECT pg_read_file(current_setting('log_directory') || '/heal.jsonl') LIKE '%\"event\":$event,%'"
lines="FROM string_to_table(pg_read_file(current_setting('log_directory') || '/heal.jsonl'), E'\n') AS line,
            LATERAL (SELECT line::json AS said) AS json WHERE line <> ''"
says "a line of JSON for it" \
    "$(sql -c "SELECT said->>'database', said->>'outcome', said->>'drift_items', said->>'applied', said->'steps'->0->>'identity',
                      (said->>'at')::timestamptz <= now() $lines AND (said->>'event')::int = $event")" \
    "app|healed|2|2|public.people.email|t"
says "and for each run before" \
    "$(sql -d app -c "SELECT count(*) FILTER (WHERE n = 1), count(*) = $event
                        FROM (SELECT said->>'event' AS event, count(*) AS n $lines AND (said->>'event')::int <= $event
                               GROUP BY 1) AS of_each")" "$event|t"
says "one in the server's log" "$(log_of)" "nself_heal in database app: healed; 2 of drift, 2 applied, 0 blocked, 0 manual, 0 failed in"
logged 1 "(event $event)"

# The listener is told at its next command.
for _ in $(seq 1200); do
    echo "SELECT;" >&8
    ! grep -q '"gone"' "$CLUSTER/heard" || break
    sleep 0.1
done
exec 8>&-
wait "$listener"
payloads=$(sed -n 's/.*with payload "\(.*\)" received from.*/\1/p' "$CLUSTER/heard")
says "a listener hears when drift appears and when it is gone" \
    "$(while read -r payload; do
        sql -v said="$payload" <<<"SELECT :'said'::json->>'drift', :'said'::json->>'database', :'said'::json->>'drift_items', :'said'::json->>'event'"
    done <<<"$payloads" | paste -sd ' ')" "appeared|app|2|$event gone|app|0|$event"

# While it waits, it is in no transaction and in no database, and says what it waits for.
until_sql "idle|t|t|t|waits until it is time to look at a database" \
    "SELECT state, xact_start IS NULL, backend_xmin IS NULL, datname IS NULL, query FROM pg_stat_activity WHERE pid = ($launcher)"
say "ok    it sleeps outside of any transaction"

# The server's environment can switch it on, and what a database says counts more.
says "nobody switched it on" "$(project asked && sql -d asked -c "SELECT enabled, enabled_by, auto_run FROM nself_heal_status()")" \
    "f|nself.schema_heal_enabled (default)|f"
damage asked "DROP INDEX people_email"
two_runs app
not_healed asked
NSELF_SCHEMA_HEAL_ENABLED=on NSELF_SCHEMA_HEAL_LOG=heal.jsonl "$root/scripts/cluster" restart "$CLUSTER"
until_healed asked
says "the environment did" "$(sql -d asked -c "SELECT enabled, enabled_by, auto_run FROM nself_heal_status()")" \
    "t|nself.schema_heal_enabled (environment variable)|t"
sql -d asked -c "SELECT nself_heal_disable()" >/dev/null
says "the database has the last word" "$(sql -d asked -c "SELECT enabled, enabled_by, auto_run FROM nself_heal_status()")" \
    "f|nself_heal_disable() by postgres at" "|f"
damage asked "DROP INDEX people_email"
two_runs app
not_healed asked
say "ok    what is disabled is left alone"
configure "nself.schema_heal_enabled = off"
sql -d asked -c "DELETE FROM nself.heal_switch"
two_runs app
not_healed asked
says "a configuration file counts more than the environment" "$(sql -d asked -c "SELECT enabled, enabled_by FROM nself_heal_status()")" \
    "f|nself.schema_heal_enabled (configuration file)"
enable asked
until_healed asked
say "ok    enabling it is obeyed at once"

# An extension of another version than the library is not touched.
sql -d asked -c "UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'nself_heal'"
until_logged "nself_heal waits in database asked: its extension has another version"
damage asked "DROP INDEX people_email"
two_runs app
not_healed asked
logged 1 "nself_heal waits in database asked"
sql -d asked -c "UPDATE pg_extension SET extversion = '$(sql -c "SELECT default_version FROM pg_available_extensions WHERE name = 'nself_heal'")'
                  WHERE extname = 'nself_heal'"
reload
until_healed asked
say "ok    another version of the extension is waited for, and named once"

! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
