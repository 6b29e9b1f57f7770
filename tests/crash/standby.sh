#!/usr/bin/env bash
# A standby can say how its schema differs from the migrations, from what its primary has worked out. It changes nothing.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "wal_level = replica")
eval "$answer"
standby=$CLUSTER/standby
second=$standby
trap stop_both EXIT
trap 'exit 130' INT TERM
cd "$CLUSTER"

# On the standby; notices and errors, with their SQLSTATE, are part of the answer.
there() { { PGPORT=5433 "$PG_BIN/psql" -XqtA -v VERBOSITY=verbose -c "$1" 2>&1 || true; } | { grep -v '^LOCATION:' || true; }; }
# Waits until the standby has all that the primary did.
catch_up() {
    local until
    until=$(sql -c "SELECT pg_current_wal_insert_lsn()")
    for _ in $(seq 600); do
        [[ $(there "SELECT pg_last_wal_replay_lsn() >= '$until'") != t ]] || return 0
        sleep 0.1
    done
    die "the standby does not catch up"
}

sql -c "CREATE EXTENSION nself_heal"
sql >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content":
    "CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL CHECK (b IN (''x'', ''y''))); CREATE INDEX t_b ON t (b)"}]');
SELECT count(*) FROM nself_migrate_up();
INSERT INTO t VALUES (1, 'x');
ALTER TABLE t DROP CONSTRAINT t_b_check;
DROP INDEX t_b;
SQL
as_server "$PG_BIN/pg_basebackup" -h "$CLUSTER" -U postgres -D "$standby" -R -c fast
as_server tee -a "$standby/postgresql.conf" >/dev/null <<<"port = 5433"
as_server "$PG_BIN/pg_ctl" --silent -w -D "$standby" -l "$CLUSTER/standby.log" start >&2
catch_up

says "what nobody has worked out is a clear error" "$(there "SELECT * FROM nself_drift()")" \
    "ERROR:  25006: the expected schema is not known yet, and a standby cannot work it out" \
    "HINT:  Call nself_drift() on the primary once"
says "a heal cannot be planned then either" "$(there "SELECT * FROM nself_heal()")" "ERROR:  25006: the expected schema"

sql -c "SELECT count(*) FROM nself_drift()" >/dev/null
catch_up
drift=$(there "SELECT kind, identity, safety FROM nself_drift()")
says "the report comes from what the primary worked out, and says so" "$drift" \
    "NOTICE:  00000: this is a standby: the expected schema is the one that the primary worked out" \
    "missing|public.t_b|additive" "missing|t_b_check on public.t|additive"
says "kinds that are not compared are counted" "$(there "SELECT 'kinds: ' || count(*) FROM nself_drift_not_compared()")" "kinds: 0"
says "a dry run plans" "$(there "SELECT identity, status FROM nself_heal()")" \
    "NOTICE:  00000: the transaction is read-only, so this run is not in the history" \
    "public.t_b|planned" "t_b_check on public.t|planned"
healed=$(there "SELECT * FROM nself_heal(true)")
says "a heal is refused" "$healed" \
    "ERROR:  25006: this is a standby: run nself_heal(true) on the primary"
[[ $healed != *failed* ]] || die "a step was tried: $healed"
says "its status can be asked" "$(there "SELECT enabled, expected_state_age IS NOT NULL FROM nself_heal_status()")" "f|t"
says "so can its history" "$(there "SELECT 'events: ' || count(*) FROM nself_heal_history()")" "events: 0"
says "and the migrations" "$(there "SELECT version, state FROM nself_migrate_status()")" "1|applied"
says "but they cannot be run" "$(there "SELECT * FROM nself_migrate_up()")" \
    "ERROR:  25006: this is a standby: run nself_migrate_up() on the primary"
says "the switch is the primary's" "$(there "SELECT nself_heal_enable()")" \
    "ERROR:  25006: this is a standby: run nself_heal_enable() on the primary"
put_more="[{\"path\": \"1_t.sql\", \"content\": $(sql -c "SELECT to_json(up_sql) FROM nself.journal")},
           {\"path\": \"2_more.sql\", \"content\": \"CREATE TABLE more (id int)\"}]"
sql -v files="$put_more" >/dev/null <<<"SELECT count(*) FROM nself_journal_put(:'files')"
catch_up
says "what compares with the journal names the call that works it out" "$(there "SELECT * FROM nself_drift('journal')")" \
    "HINT:  Call nself_drift('journal') on the primary once"

# The command looks without writing, at the journal that the standby has.
folder=$CLUSTER/project
mkdir -p "$folder/migrations"
echo "SELECT 1;" >"$folder/migrations/3_new.sql"
[[ -n ${NSELF:-} ]] || (cd "$root" && build_program nself)
command_there() {
    (cd "$folder" && PGHOST=$CLUSTER PGPORT=5433 PGUSER=postgres PGDATABASE=postgres "${NSELF:-$root/target/debug/nself}" "$@" 2>&1) ||
        echo "exit code $?"
}
not_sent="note: the migrations folder was not sent, because this is a standby"
says "the command's status works there" "$(command_there db migrate status)" "$not_sent" "Database is at version 1."
says "its comparison says what has to be done first" "$(command_there db migrate diff)" \
    "hint: Run nself db migrate diff on the primary once" "exit code 2"
sql -c "SELECT count(*) FROM nself_drift('journal')" >/dev/null
catch_up
says "and then works there" "$(command_there db migrate diff --fail-on-drift)" "$not_sent" "Index: t_b" "Table: more" "exit code 1"
says "it sends whoever would change something to the primary" "$(command_there db migrate up)" \
    "error: this is a standby: run" "on the primary" "exit code 1"

# A report on the standby follows what is done on the primary.
sql -c "SELECT count(*) FROM nself_heal(true)" >/dev/null
catch_up
says "a heal of the primary arrives" "$(there "SELECT count(*) FROM nself_drift()")" $'worked out\n0'
as_server "$PG_BIN/pg_ctl" --silent -w -D "$standby" promote >&2
for _ in $(seq 600); do
    [[ $(there "SELECT pg_is_in_recovery()") != f ]] || break
    sleep 0.1
done
says "after it was promoted it works out and heals itself" \
    "$(there "DELETE FROM nself.expected_state; DROP INDEX t_b; SELECT identity, status FROM nself_heal(true)")" \
    "public.t_b|applied"
says "its worker is missing, and the status says why" "$(there "SELECT nself_heal_enable(); SELECT enabled, auto_run, note FROM nself_heal_status()")" \
    "t|f|shared_preload_libraries does not name nself_heal"
! server_complaints "$CLUSTER/standby.log" >&2 || die "the standby was not well"
