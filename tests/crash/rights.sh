#!/usr/bin/env bash
# Nobody gains a right through the worker, through jobs, through autovacuum or in a restored database. Whoever runs an
# attack's code leaves a mark: a sequence counts also in what is undone.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "nself.databases = '*'" "autovacuum_naptime = 1" "nself.capture_ddl = off"
version=$(sql -c "SHOW server_version_num")
sql -c "CREATE ROLE mallory LOGIN" -c "CREATE ROLE team NOLOGIN" -c "CREATE ROLE deployer LOGIN" -c "GRANT team TO deployer"
up() {
    sql -d "$1" -v up="$2" >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_first.sql', 'content', :'up')));
SELECT count(*) FROM nself_migrate_up();
SQL
}
marks() { sql -d "$1" -c "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM marks"; }
# Code that marks whoever runs it, but for mallory.
marking="LANGUAGE plpgsql IMMUTABLE AS 'BEGIN IF current_user <> ''mallory'' THEN PERFORM nextval(''public.marks''); END IF; RETURN i > 0; END'"
attack() {
    PGUSER=mallory sql -d "$1" -c "SET client_min_messages = error" -c "DROP FUNCTION ok CASCADE" \
        -c "CREATE FUNCTION ok(i int) RETURNS boolean $marking"
}

# Nobody else can take the lock of migrations and heals, by none of its numbers.
sql -c "CREATE DATABASE locks"
sql -d locks -c "CREATE EXTENSION nself_heal"
up locks "CREATE TABLE t (i int); CREATE INDEX t_i ON t (i)"
PGUSER=mallory hold locks "SELECT pg_advisory_lock(7236270, 1), pg_advisory_lock(7236270, 2), pg_advisory_lock((7236270::bigint << 32) + 1)"
sql -d locks -c "DROP INDEX t_i"
says "a stranger's advisory locks hold up no heal" "$(answer_of -d locks -c "SET lock_timeout = '5s'" -c "SELECT identity, status FROM nself_heal(true)")" "public.t_i|applied"
let_go

# The worker, in a database that is mallory's and whose schema a superuser's migrations made.
sql -c "CREATE DATABASE shop OWNER mallory"
sql -d shop -c "CREATE EXTENSION nself_heal" -c "CREATE SEQUENCE marks"
up shop "CREATE FUNCTION ok(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i > 0';
    CREATE TABLE t (i int CONSTRAINT c CHECK (ok(i))); CREATE INDEX t_ok ON t (ok(i)); CREATE INDEX t_i ON t (i)"
sql -d shop -c "INSERT INTO t VALUES (1)" -c "DROP INDEX t_i"
attack shop
enable shop
PGDATABASE=shop until_sql t "SELECT to_regclass('t_i') IS NOT NULL"
two_runs shop
says "the worker heals what is ordinary, and says why not the rest" \
    "$(sql -d shop -c "SELECT status, detail FROM nself_heal_steps() WHERE identity IN ('c on public.t', 'public.t_ok')")" \
    "blocked|it would run public.ok(integer), which mallory can change, with the rights of postgres"
[[ $(marks shop) == 0 ]] || die "the worker ran mallory's code as the owner of the table"
# As it is restored elsewhere.
"$PG_BIN/createdb" -O mallory restored
"$PG_BIN/pg_dump" shop | sql -d restored >/dev/null
sql -d restored -c "ALTER SEQUENCE marks RESTART" -c "DROP INDEX t_i"
enable restored
PGDATABASE=restored until_sql t "SELECT to_regclass('t_i') IS NOT NULL"
two_runs restored
[[ $(marks restored) == 0 ]] || die "in a restored database the worker ran mallory's code"
says "the owner of a database cannot write what was applied" \
    "$(PGUSER=mallory answer_of -d restored -c "INSERT INTO nself.ledger SELECT * FROM nself.ledger")" "42501"
disable restored
disable shop
# What she replaces a moment before it is run, is not run either.
for _ in $(seq 30); do
    echo "BEGIN; DROP FUNCTION ok CASCADE; CREATE FUNCTION ok(i int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT i > 0'; COMMIT; BEGIN; DROP FUNCTION ok CASCADE; CREATE FUNCTION ok(i int) RETURNS boolean $marking; COMMIT;"
done | PGUSER=mallory PGOPTIONS="-c client_min_messages=error" sql -d shop >/dev/null &
racing=$!
for _ in $(seq 15); do answer_of -d shop -c "SELECT count(*) FROM nself_heal(true)" >/dev/null; done
wait "$racing"
[[ $(marks shop) == 0 ]] || die "what mallory put in the place of a function was run"
# The control: what is run without asking leaves a mark.
sql -d shop -c "SELECT count(*) FROM t WHERE NOT ok(i)" >/dev/null
[[ $(marks shop) == 1 ]] || die "the attack's code leaves no mark"
say "ok    nobody's code runs with the rights of a role that does not trust its owner"

# Autovacuum evaluates the expression of an index with mallory's rights, and the function asks for a job.
sql -c "CREATE DATABASE clinic"
sql -d clinic >/dev/null <<'SQL'
CREATE EXTENSION nself_heal;
GRANT USAGE, CREATE ON SCHEMA public TO mallory;
SELECT nself_grant_access('mallory', 'migrate');
SQL
PGUSER=mallory sql -d clinic >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put('[{"path": "1_x.sql", "content": "RESET ROLE; CREATE TABLE x AS SELECT current_user::text AS who"}]');
CREATE FUNCTION ask(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF session_user <> current_user THEN
        BEGIN PERFORM public.nself_migrate_up_start(); EXCEPTION WHEN OTHERS THEN RAISE LOG 'asked: %', SQLERRM; END;
    END IF;
    RETURN i;
END $$;
CREATE TABLE bait (i int) WITH (autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0);
CREATE INDEX ON bait (ask(i));
INSERT INTO bait SELECT generate_series(1, 10);
SQL
until_logged "asked: nself_migrate_up_start() is refused in a security-restricted operation"
PGDATABASE=clinic until_sql t "SELECT autoanalyze_count > 0 FROM pg_stat_user_tables WHERE relname = 'bait'"
[[ $(sql -d clinic -c "SELECT count(*) FROM nself.job_log") == 0 ]] || die "autovacuum started a job"
say "ok    autovacuum starts nothing"

# A job is the role's that asked, not its login's.
job_of() { sql -d clinic -c "SET ROLE $1" -c "SELECT nself_migrate_up_start()" 2>&1; }
ended() { PGDATABASE=clinic until_sql t "SELECT ended_at IS NOT NULL FROM nself.jobs ORDER BY job DESC LIMIT 1"; }
job_of mallory >/dev/null
ended
says "a superuser's login is not behind the job" "$(sql -d clinic -c "SELECT who FROM x" -c "SELECT state, run_by FROM nself.jobs")" mallory "done|mallory"
# As a role that may not log in.
sql -d clinic -c "GRANT USAGE, CREATE ON SCHEMA public TO team" -c "SELECT nself_grant_access('team', 'migrate')"
put() {
    sql -d clinic -v up="$2" -v path="$1" >/dev/null <<'SQL'
SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', :'path', 'content', :'up')));
SQL
}
put 2_team.sql "CREATE TABLE team_made (i int); INSERT INTO team_made SELECT 1;
    CREATE TABLE who AS SELECT current_user::text AS who; CREATE TABLE parent (i int PRIMARY KEY);
    CREATE FUNCTION at_end() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO who SELECT current_user; RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER at_end AFTER INSERT ON team_made DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_end();
    INSERT INTO team_made VALUES (2)"
PGUSER=deployer sql -d clinic -c "SET ROLE team" -c "SELECT nself_migrate_up_start()" >/dev/null
ended
says "a role that may not log in has jobs, too" "$(sql -d clinic -c "SELECT state, run_by, error FROM nself.jobs ORDER BY job DESC LIMIT 1" \
    -c "SELECT DISTINCT who FROM who" -c "SELECT tableowner FROM pg_tables WHERE tablename = 'team_made'")" "done|team|" $'team\nteam'
put 3_held.sql "DECLARE c CURSOR WITH HOLD FOR SELECT 1 FROM nextval('held')"
sql -d clinic -c "CREATE SEQUENCE held" -c "GRANT ALL ON SEQUENCE held TO team"
PGUSER=deployer sql -d clinic -c "SET ROLE team" -c "SELECT nself_migrate_up_start()" >/dev/null
ended
wanted="done|"
[[ $version -ge 170000 ]] || wanted='failed|the cursor "c" WITH HOLD would be left to the end of the transaction'
says "nothing is left to the end of a job's transaction" "$(sql -d clinic -c "SELECT state, error FROM nself.jobs ORDER BY job DESC LIMIT 1")" "$wanted"
sql -d clinic -c "SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal WHERE version < '3' OR version IN (SELECT version FROM nself.applied)))" >/dev/null
put 4_index.sql "-- nself:no-transaction
CREATE INDEX CONCURRENTLY team_i ON team_made (i);"
PGUSER=deployer sql -d clinic -c "SET ROLE team" -c "SELECT nself_migrate_up_start()" >/dev/null
ended
says "it runs what refuses a transaction with that role's rights" \
    "$(sql -d clinic -c "SELECT state, run_by, error FROM nself.jobs ORDER BY job DESC LIMIT 1" -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'team_i'::regclass")" "done|team|" t
put 5_role.sql "-- nself:no-transaction
SET ROLE team; CREATE INDEX CONCURRENTLY team_j ON team_made (i);"
PGUSER=deployer sql -d clinic -c "SET ROLE team" -c "SELECT nself_migrate_up_start()" >/dev/null
ended
wanted="done|team|"
[[ $version -ge 170000 ]] || wanted="failed|team|migration 5 takes another role and has a statement that refuses a transaction"
says "what it cannot do as that role it does not do" "$(sql -d clinic -c "SELECT state, run_by, error FROM nself.jobs ORDER BY job DESC LIMIT 1")" "$wanted"
# No event trigger's function sees a stronger role than the job's.
sql -d clinic >/dev/null <<'SQL'
CREATE TABLE seen (who text);
GRANT INSERT ON seen TO PUBLIC;
CREATE FUNCTION sees() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN RESET SESSION AUTHORIZATION; EXCEPTION WHEN OTHERS THEN NULL; END;
    INSERT INTO public.seen VALUES (current_user);
END $$;
CREATE EVENT TRIGGER sees ON ddl_command_start EXECUTE FUNCTION sees();
SQL
sql -d clinic -c "SELECT count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal WHERE version IN (SELECT version FROM nself.applied)))" >/dev/null
put 6_index.sql "-- nself:no-transaction
CREATE INDEX CONCURRENTLY team_k ON team_made (i);"
PGUSER=deployer sql -d clinic -c "SET ROLE team" -c "SELECT nself_migrate_up_start()" >/dev/null
ended
says "nor does an event trigger see another role" "$(sql -d clinic -c "SELECT DISTINCT who FROM seen")" team
! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
