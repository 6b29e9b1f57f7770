#!/usr/bin/env bash
# No shadow database outlives its use, or what it is kept for, whatever dies while it is there: the caller's backend, a worker, the server.
# The migration sleeps where it is replayed, so that there is time to kill something.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "max_worker_processes = 16")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

shadows="SELECT count(*) FROM pg_database WHERE datname LIKE 'nself\\_shadow\\_%'"
sleeper="SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal replay' AND wait_event = 'PgSleep'"
pid_of() { sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = '$1'"; }

sql -c "CREATE EXTENSION nself_heal"
sql >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "1_slow.sql", "content":
    "CREATE TABLE t (a int PRIMARY KEY); SELECT pg_sleep(600) WHERE current_database() LIKE ''nself_shadow%''"}]');
SELECT count(*) FROM nself_migrate_up();
SQL

# Starts a comparison in the background and waits until its replay sleeps.
compare_in_background() {
    PGAPPNAME=caller sql -c "SELECT count(*) FROM nself_drift()" >"$CLUSTER/caller.out" 2>&1 &
    caller=$!
    until_sql 1 "$sleeper"
    until_sql 1 "$shadows"
}

# Waits for the caller's program, which fails, and that nothing is left in the server.
nothing_is_left() {
    wait "$caller" && die "$1: the comparison did not fail"
    server_is_clean "$1"
}
server_is_clean() {
    until_sql 0 "$shadows"
    until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nself_heal%'"
    until_sql "t" "SELECT count(*) = 1 FROM nself.ledger"
    say "ok    $1"
}

compare_in_background
sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'" >/dev/null
nothing_is_left "the caller cancels"

# To this transaction the other session is not there.
(
    echo "BEGIN; SELECT count(*) FROM pg_stat_activity;"
    until [[ -e $CLUSTER/go_on ]]; do sleep 0.1; done
    echo "SELECT count(*) FROM nself_drift();"
) | PGAPPNAME=looker sql >/dev/null 2>&1 &
looker=$!
until_sql 1 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'looker' AND state = 'idle in transaction'"
compare_in_background
touch "$CLUSTER/go_on"
until_sql 2 "$sleeper"
sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name IN ('caller', 'looker')" >/dev/null
wait "$looker" && die "the one that had looked did not fail"
nothing_is_left "no shadow of a session that is there is taken for left over"

compare_in_background
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'" >/dev/null
nothing_is_left "the caller is terminated"

compare_in_background
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nself_heal replay'" >/dev/null
nothing_is_left "the replay is terminated"
grep -q "ended without an answer" "$CLUSTER/caller.out" || die "no clear error: $(cat "$CLUSTER/caller.out")"

compare_in_background
kill -9 "$(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'caller'")"
nothing_is_left "the caller's backend is killed"

compare_in_background
kill -9 "$(pid_of 'nself_heal replay')"
nothing_is_left "the replay is killed"

compare_in_background
kill -9 "$(pid_of 'nself_heal shadow keeper')"
nothing_is_left "the keeper is killed"

# A session that keeps a shadow for its next replay: a psql that is asked one thing after the other.
sql >/dev/null <<'SQL'
CREATE DATABASE kept;
\c kept
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int PRIMARY KEY)"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
keep_in_background() {
    mkfifo "$CLUSTER/asked"
    PGAPPNAME=caller sql -d kept <"$CLUSTER/asked" >"$CLUSTER/caller.out" 2>&1 &
    caller=$!
    exec 8>"$CLUSTER/asked"
    rm "$CLUSTER/asked"
    echo "SET nself.shadow_keep_from = 0; DELETE FROM nself.expected_state; SELECT 'asked', count(*) FROM nself_drift();" >&8
    until grep -q "^asked" "$CLUSTER/caller.out"; do sleep 0.1; done
    until_sql 1 "$shadows"
    until_sql idle "SELECT state FROM pg_stat_activity WHERE application_name = 'caller'"
}
the_session_ends() {
    exec 8>&-
    wait "$caller" || true
    server_is_clean "$1"
}
# Waits until only the session is left, which then works as before.
only_the_session_is_left() {
    until_sql 0 "$shadows"
    until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nself_heal%'"
    echo "DELETE FROM nself.expected_state; SELECT 'again', count(*) FROM nself_drift();" >&8
    until grep -q "^again|0" "$CLUSTER/caller.out"; do sleep 0.1; done
    the_session_ends "$1"
}

keep_in_background
the_session_ends "a kept shadow goes with its session"

keep_in_background
kill -9 "$(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'caller'")"
the_session_ends "the session that keeps a shadow is killed"

keep_in_background
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nself_heal shadow keeper'" >/dev/null
only_the_session_is_left "the keeper of a kept shadow is terminated"

keep_in_background
kill -9 "$(pid_of 'nself_heal shadow keeper')"
the_session_ends "the keeper of a kept shadow is killed"

# One is kept in a server, not more: each takes a place for a worker.
keep_in_background
sql >/dev/null <<'SQL'
CREATE DATABASE other;
\c other
CREATE EXTENSION nself_heal;
SET nself.shadow_keep_from = 0;
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int PRIMARY KEY)"}]');
SELECT count(*) FROM nself_migrate_up();
SELECT count(*) FROM nself_drift();
SELECT 1 / (count(*) = 1)::int FROM pg_database WHERE datname LIKE 'nself\_shadow\_%';
SQL
say "ok    a second shadow is not kept"
# Nor for ever.
only_the_session_is_left "a kept shadow that nobody asks for goes after a minute"

# The owner of a database owns its shadow while her own migrations are replayed, and may let somebody in. When the shadow is
# handed on nobody of them is there any more, and she cannot open it again.
sql -c "CREATE ROLE mallory LOGIN" -c "CREATE DATABASE hers OWNER mallory" -c "\c hers" -c "CREATE EXTENSION nself_heal" \
    -c "SELECT nself_grant_access('mallory', 'migrate')" >/dev/null
here="(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'in_shadow')"
wait_for() {
    printf '%s' "DO \$do\$ BEGIN IF current_database() LIKE 'nself_shadow%' THEN FOR i IN 1..300 LOOP EXIT WHEN $1;
        PERFORM pg_sleep(0.1); PERFORM pg_stat_clear_snapshot(); END LOOP; $2 END IF; END \$do\$;"
}
add() {
    PGUSER=$1 PGDATABASE=hers sql -v path="$2" -v up="$3" >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put((SELECT coalesce(jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)), '[]') FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', :'path', 'content', :'up')));
SELECT count(*) FROM nself_migrate_up();
SQL
}
add mallory 1_hers.sql "$(wait_for "$here = 1" "IF $here = 1 THEN CREATE SCHEMA she_was_there; END IF;")"
add postgres 2_super.sql "$(wait_for "i = 10" "IF $here > 0 THEN CREATE SCHEMA she_stayed; END IF;")"
PGDATABASE=hers sql -c "SET nself.shadow_keep_from = -1" -c "SELECT identity FROM nself_drift()" >"$CLUSTER/caller.out" 2>&1 &
caller=$!
until_sql 1 "$shadows"
shadow=$(sql -c "SELECT datname FROM pg_database WHERE datname LIKE 'nself\\_shadow\\_%'")
until [[ $(PGUSER=mallory answer_of -c "ALTER DATABASE $shadow ALLOW_CONNECTIONS true") == "" ]]; do sleep 0.1; done
PGUSER=mallory sql -c "ALTER DATABASE $shadow IS_TEMPLATE true"
PGUSER=mallory PGAPPNAME=in_shadow PGDATABASE=$shadow sql -c "SELECT pg_sleep(60)" >"$CLUSTER/in_shadow.out" 2>&1 &
entered=$!
wait "$entered" && die "mallory stayed in the shadow to the end"
grep -q "terminating connection" "$CLUSTER/in_shadow.out" || die "mallory did not get in: $(cat "$CLUSTER/in_shadow.out")"
says "she cannot open it again" "$(PGUSER=mallory answer_of -c "ALTER DATABASE $shadow ALLOW_CONNECTIONS true")" "42501"
wait "$caller" || die "the comparison failed: $(cat "$CLUSTER/caller.out")"
says "she was in her shadow, and not in the next one's" "$(cat "$CLUSTER/caller.out")" "she_was_there"
[[ $(cat "$CLUSTER/caller.out") != *she_stayed* ]] || die "mallory was there when the superuser's migration was replayed"

until_sql 0 "$shadows"
say "ok    that she made it a template does not keep it"

# Who waits for a lock with the replay is told whose it is.
PGDATABASE=postgres sql -c "CREATE ROLE leaver" -c "CREATE DATABASE waits"
PGDATABASE=waits sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int); GRANT SELECT ON t TO leaver"}]');
SELECT count(*) FROM nself_migrate_up();
SQL
hold waits "DROP OWNED BY leaver; DROP ROLE leaver"
PGDATABASE=waits sql -c "SELECT count(*) FROM nself_drift()" >"$CLUSTER/caller.out" 2>&1 8>&- &
caller=$!
until grep -q "waits for a lock of process" "$CLUSTER/caller.out"; do
    kill -0 "$caller" 2>/dev/null || die "the comparison waited for nobody: $(cat "$CLUSTER/caller.out")"
    sleep 0.1
done
let_go
wait "$caller" || die "the comparison failed: $(cat "$CLUSTER/caller.out")"
says "it says who is waited for, and goes on" "$(cat "$CLUSTER/caller.out")" "WARNING:  the replay of the migrations" "HINT:" $'\n0'

# A server that is stopped at once cannot tidy up: the next use does.
compare_in_background
"$root/scripts/cluster" restart "$CLUSTER" immediate
wait "$caller" && die "the comparison did not fail"
until_sql 1 "$shadows"
compare_in_background
until_sql 1 "$shadows"
sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'" >/dev/null
nothing_is_left "the whole server is stopped"
