#!/usr/bin/env bash
# Who may call what after a dump and a restore, and after an update of the extension: what was given before, and no more,
# whatever default privileges say there.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG")
eval "$answer"
script=$("$PG_BIN/pg_config" --sharedir)/extension/nself_heal--$(own_version)--test.sql
trap 'rm -f "$script"; "$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2; "$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

open_by_default="ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO anon; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO anon;
    ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO anon; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO anon"
held="SELECT grantee::regrole, target, name, in_column, privilege, is_grantable FROM nself.rights_held ORDER BY 1, 2, 3, 4, 5"
access="SELECT role, level, through, note FROM nself_access() WHERE through <> 'superuser'"
sql -c "CREATE ROLE anon" -c "CREATE ROLE viewer" -c "CREATE ROLE deployer LOGIN" -c "CREATE DATABASE app" -c "CREATE DATABASE copy"
sql -d app >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT nself_grant_access('viewer', 'look'), nself_grant_access('deployer', 'migrate');
SQL
before=$(sql -d app -c "$held")
[[ $(wc -l <<<"$before") -gt 50 ]] || die "the levels gave nothing"
says "two roles have a level" "$(sql -d app -c "$access")" "deployer|migrate|directly|
postgres|admin|owner of the extension|
viewer|look|directly|"

# The control: there, default privileges give anon all that is new.
sql -d copy -c "$open_by_default"
"$PG_BIN/pg_dump" app | sql -d copy >/dev/null
sql -d copy -c "CREATE FUNCTION control() RETURNS int LANGUAGE sql RETURN 1"
says "default privileges are in force where it is restored" "$(sql -d copy -c "SELECT proacl::text LIKE '%anon=X%' FROM pg_proc WHERE proname = 'control'")" t
[[ $(sql -d copy -c "$held") == "$before" ]] || die "a restore gave or took rights"
says "a restore keeps levels, and gives nothing else" "$(sql -d copy -c "$access")" "$(sql -d app -c "$access")"

# An update brings a function and a table, and default privileges give them away.
cat >"$script" <<'SQL'
CREATE FUNCTION nself_new() RETURNS int LANGUAGE sql RETURN 1;
CREATE TABLE nself.new (a int);
DO $$
BEGIN
    IF NOT has_table_privilege('anon', 'nself.new', 'DELETE') OR NOT has_function_privilege('anon', 'nself_new()', 'EXECUTE') THEN
        RAISE 'default privileges are not in force, so this tests nothing';
    END IF;
END $$;
SELECT nself.reset_access(keep => true);
SQL
sql -d copy -c "GRANT SELECT ON nself.ledger TO anon" -c "ALTER EXTENSION nself_heal UPDATE TO 'test'"
[[ $(sql -d copy -c "$held") == "$before" ]] || die "an update gave or took rights"
says "what levels give is not the extension's own afterwards, so that a dump holds it" \
    "$(sql -d copy -c "SELECT count(*) FROM pg_init_privs i CROSS JOIN aclexplode(i.initprivs) a
                        WHERE a.grantee IN ('viewer'::regrole, 'deployer'::regrole, 'anon'::regrole)")" 0
says "a role that has a level is not dropped" "$(answer_of -d copy -c "SELECT nself_revoke_access('viewer')" -c "DROP ROLE viewer")" "objects in database app"

# Schema nself_api is no part of the extension: a dump holds it as what a user has made, and a restore knows it again.
sql -c "CREATE DATABASE graph" -c "CREATE DATABASE graph_copy" -c "CREATE DATABASE graph_schema"
sql -d graph >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
SELECT nself_grant_access('deployer', 'migrate');
SELECT * FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int)"}]');
SELECT * FROM nself_migrate_up();
SELECT * FROM nself_api_install();
SQL
told="SELECT kind, identity, remedy FROM nself_drift()"
again="SELECT done, count(*) FROM nself_api_install() GROUP BY 1"
"$PG_BIN/pg_dump" graph | sql -d graph_copy >/dev/null
says "what is restored of nself_api is no drift" "$(sql -d graph_copy -c "$told")" ""
[[ $(sql -d graph_copy -c "$held") == "$(sql -d graph -c "$held")" ]] || die "a restore gave or took rights in nself_api"
says "and nothing of it is to be made again" "$(sql -d graph_copy -c "$again")" ""
sql -d graph_copy -c "$open_by_default" -c "ALTER EXTENSION nself_heal UPDATE TO 'test'"
says "an update keeps what levels open there, and notes nothing as the extension's own" "$(sql -d graph_copy -c "
    SELECT has_function_privilege('deployer', 'nself_api.migrate_up_start(text, int, text, boolean)', 'EXECUTE'),
           (SELECT count(*) FROM pg_init_privs i JOIN pg_proc p ON p.oid = i.objoid WHERE p.pronamespace = 'nself_api'::regnamespace)")" "t|0"
sql -d graph_copy -c "SELECT * FROM nself_api_uninstall()" -c "DROP EXTENSION nself_heal" >/dev/null
"$PG_BIN/pg_dump" --schema-only graph | sql -d graph_schema >/dev/null
sql -d graph_schema -c "SELECT * FROM nself_journal_put('[{\"path\": \"1_t.sql\", \"content\": \"CREATE TABLE t (a int)\"}]')" \
    -c "SELECT * FROM nself_baseline('1', true)" >/dev/null
says "without its rows it is told" "$(sql -d graph_schema -c "$told")" "extra|nself_api|SELECT * FROM nself_api_install()"
says "and taken over" "$(sql -d graph_schema -c "$again")" "replaced|$(sql -d graph -c "SELECT count(*) FROM nself.installed_api WHERE object_type IN ('function', 'table')")"
says "after which it is no drift" "$(sql -d graph_schema -c "$told")" ""

sql -d app -c "SELECT nself_revoke_access('viewer')" >/dev/null
sql -c "DROP ROLE viewer"
say "ok    a role whose levels were taken can be dropped"
