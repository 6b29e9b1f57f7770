#!/usr/bin/env bash
# An extension that lets itself be created in one database of the server alone, as pg_cron does: no shadow can have it.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "one_database.name = 'postgres'")
eval "$answer"
folder=$("$PG_BIN/pg_config" --sharedir)/extension
trap 'rm -f "$folder"/nself_one_database*; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM
cat >"$folder/nself_one_database.control" <<'CONTROL'
comment = 'a job scheduler'
default_version = '1'
relocatable = false
schema = pg_catalog
CONTROL
cat >"$folder/nself_one_database--1.sql" <<'SCRIPT'
DO $$
BEGIN
    IF current_database() <> current_setting('one_database.name') THEN
        RAISE EXCEPTION 'can only create extension in database %', current_setting('one_database.name')
            USING HINT = format('Add one_database.name = %L in postgresql.conf to use the current database.', current_database());
    END IF;
END $$;
CREATE SCHEMA cron;
CREATE TABLE cron.job (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, command text);
CREATE FUNCTION cron.schedule(name text, command text) RETURNS int LANGUAGE sql
    AS 'INSERT INTO cron.job (name, command) VALUES ($1, $2) RETURNING id';
SCRIPT

drift() { sql -c "SET client_min_messages = warning" -c "SELECT kind, object_type, identity, safety FROM nself_drift()"; }
# A migration with the extension, as it is usually written or guarded, one after it, and how drift and heal get along.
try() {
    local how=$1 first=$2 told=$3 pending
    sql -v first="$first" >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_jobs.sql', 'content', :'first' || ' CREATE TABLE t (a int);'),
    jsonb_build_object('path', '2_more.sql', 'content', 'CREATE TABLE u (a int, b int); CREATE INDEX u_b ON u (b);')));
SQL
    if [[ $how == plain ]]; then
        pending=$(answer_of -c "SELECT count(*) FROM nself_drift('journal')")
        says "$how: a pending one is told to fail in a replay alone" "$pending" "migration 1, which is pending, cannot run" \
            "can only create extension in database postgres" "see by nself_migrate_up() whether it runs here"
        [[ $pending != *"Add one_database"* ]] || die "it is advised to give the extension to the shadow: $pending"
    fi
    sql -c "SELECT count(*) FROM nself_migrate_up()" >/dev/null
    says "$how: it is told what the replay lacks" "$(answer_of -c "SELECT count(*) FROM nself_drift()")" "$told" $'\n0'
    sql -c "ALTER TABLE u DROP COLUMN b" -c "DROP TABLE t" -c "COMMENT ON EXTENSION nself_one_database IS NULL"
    [[ $(drift) == "missing|table|public.t|additive
missing|table column|public.u.b|additive
missing|index|public.u_b|additive
missing|comment|extension nself_one_database|additive" ]] || die "$how: drift is $(drift)"
    sql -c "SET client_min_messages = warning" -c "SELECT count(*) FROM nself_heal(true)" >/dev/null
    says "$how: a heal closes it" "nothing$(drift)left" nothingleft
    sql -c "DROP EXTENSION nself_one_database"
    sql -c "SET client_min_messages = warning" -c "SELECT count(*) FROM nself_heal(true)" >/dev/null
    says "$how: the extension itself, too" "nothing$(drift)left" nothingleft
    sql -c "DROP EXTENSION nself_one_database, nself_heal" -c "DROP TABLE t, u"
}
try plain "CREATE EXTENSION IF NOT EXISTS nself_one_database; SELECT cron.schedule('j', 'VACUUM t');" \
    "migration 1 cannot be replayed"
try guarded "DO \$do\$ BEGIN
    IF current_database() = current_setting('one_database.name') THEN
        CREATE EXTENSION nself_one_database;
        PERFORM cron.schedule('j', 'VACUUM t');
    END IF; END \$do\$;" "migrations that did something else here than in a replay, which is expected: 1 (comment on extension nself_one_database, extension nself_one_database)"
