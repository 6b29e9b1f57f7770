#!/usr/bin/env bash
# The worker reads the migrations folder on the server, and applies what is pending only if it is asked to: as the role that
# applied the last one, or as the owner of the database. It also forgets old DDL.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "shared_preload_libraries = 'nself_heal'" "nself.check_interval = 1" \
    "nself.databases = 'shop'" "nself.ddl_log_keep = 60")
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

# One that fails is told, and what is missing is healed all the same. Its rights are not widened.
migration 4_bad.sql "CREATE ROLE stronger SUPERUSER;"
until_sql "t" "SELECT bool_or(detail LIKE '%could not be applied%') FROM nself_heal_history()"
says "no right is widened" "$(sql -c "SELECT state, sqlstate FROM nself.jobs ORDER BY job DESC LIMIT 1")" "failed|42501"
sql -c "DROP INDEX more_id"
until_sql t "SELECT to_regclass('more_id') IS NOT NULL"
says "the drift is healed all the same" "$(sql -c "SELECT status FROM nself.heal_steps WHERE identity = 'public.more_id' ORDER BY event DESC LIMIT 1")" applied
