#!/usr/bin/env bash
# The worker reads the migrations folder on the server, and applies what is pending only if it is asked to: as the role that
# applied the last one, or as the owner of the database. It also forgets old DDL.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "shared_preload_libraries = 'nself_heal'" "nself.check_interval = 1" \
    "nself.databases = 'shop'" "nself.ddl_log_keep = 60" "nself.trusted_authors = 'owner'")
eval "$answer"
trap '"$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM
folder=$CLUSTER/migrations
as_server mkdir "$folder"
migration() { as_server tee "$folder/$1" >/dev/null <<<"$2"; }
reload() { sql -c "ALTER SYSTEM SET $1" -c "SELECT pg_reload_conf()" >/dev/null; }

sql -c "CREATE ROLE owner LOGIN" -c "CREATE ROLE deployer LOGIN" -c "GRANT owner TO deployer"
sql -c "CREATE DATABASE shop OWNER owner"
export PGDATABASE=shop
migration 1_items.sql "CREATE TABLE items (id int PRIMARY KEY);"
sql >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
GRANT CREATE ON SCHEMA public TO owner, deployer;
SELECT nself_grant_access('deployer', 'migrate');
INSERT INTO nself.ddl_log (at, logged_in_as, run_by, application_name, tag, objects, dropped, rewrote)
VALUES (now() - interval '61 minutes', 'x', 'x', '', 'OLD', '{}', false, false), (now(), 'x', 'x', '', 'NEW', '{}', false, false);
SQL
reload "nself.migrations_dir = '$folder'"
sql -c "SELECT nself_heal_enable()"
until_sql pending "SELECT state FROM nself_migrate_status()"
until_sql t "SELECT count(*) > 2 FROM nself_heal_history()"
says "the folder is read, and nothing of it applied" "$(sql -c "SELECT version, state FROM nself_migrate_status()")" "1|pending"
says "what was noted long ago is forgotten, and no more" "$(sql -c "SELECT tag FROM nself.ddl_log WHERE logged_in_as = 'x'")" NEW

# The first one: as the owner of the database.
reload "nself.migrate_on_start = on"
until_sql "1|applied|owner" "SELECT version, state, applied_by FROM nself_migrate_status()"
says "its table is the owner's" "$(sql -c "SELECT tableowner FROM pg_tables WHERE tablename = 'items'")" owner

# The next one: as the one who applied the last. One without a transaction, too.
reload "nself.migrate_on_start = off"
migration 2_more.sql "CREATE TABLE more (id int);"
until_sql pending "SELECT state FROM nself_migrate_status() WHERE version = '2'"
PGUSER=deployer sql -c "SELECT version FROM nself_migrate_up()" >/dev/null
migration 3_index.sql "-- nself:no-transaction
CREATE INDEX CONCURRENTLY more_id ON more (id);"
reload "nself.migrate_on_start = on"
until_sql "3|applied|deployer" "SELECT version, state, applied_by FROM nself_migrate_status() WHERE version = '3'"
says "the job that did it ran as that role" "$(sql -c "SELECT kind, state, run_by FROM nself.jobs ORDER BY job DESC LIMIT 1")" "migrate up|done|deployer"

# What nobody has read is applied by itself only if the role trusts whoever loaded it. Loaded again by one that it trusts,
# it is applied.
sql -c "CREATE ROLE mallory LOGIN" -c "SELECT nself_grant_access('mallory', 'migrate')"
reload "nself.migrations_dir = ''"
payload="CREATE TABLE payload AS SELECT current_user::text AS runs_as;"
load() {
    PGUSER=$1 sql -v up="$payload" >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql))
    FROM nself.journal WHERE version < '4') || jsonb_build_array(jsonb_build_object('path', '4_payload.sql', 'content', :'up')));
SQL
}
load mallory
until_sql "deployer|deployer|failed|42501|migration 4 was loaded by mallory, whom deployer does not trust: it is not applied by itself" \
    "SELECT logged_in_as, run_by, state, sqlstate, error FROM nself.jobs ORDER BY job DESC LIMIT 1"
says "what mallory has loaded is not applied" "$(sql -c "SELECT to_regclass('payload') IS NULL")" t
load deployer
until_sql t "SELECT to_regclass('payload') IS NOT NULL"
says "what the role itself has loaded is" "$(sql -c "SELECT runs_as FROM payload")" deployer
reload "nself.migrations_dir = '$folder'"

# One that fails is told, and what is missing is healed all the same. Its rights are not widened.
migration 4_payload.sql "$payload"
migration 5_bad.sql "CREATE ROLE stronger SUPERUSER;"
until_sql "t" "SELECT bool_or(h.detail LIKE format('%%could not be applied: job %s failed with SQLSTATE 42501%%', j.job))
    FROM nself_heal_history() h, nself.jobs j WHERE j.error LIKE '%5_bad.sql%'"
says "no right is widened" "$(sql -c "SELECT state, sqlstate FROM nself.jobs ORDER BY job DESC LIMIT 1")" "failed|42501"
sql -c "DROP INDEX more_id"
until_sql t "SELECT to_regclass('more_id') IS NOT NULL"
says "the drift is healed all the same" "$(sql -c "SELECT status FROM nself.heal_steps WHERE identity = 'public.more_id' ORDER BY event DESC LIMIT 1")" applied
