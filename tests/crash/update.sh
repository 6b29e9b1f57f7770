#!/usr/bin/env bash
# A database of each older release: its functions with the library of today, and ALTER EXTENSION UPDATE. What was kept is
# kept then, and the extension is what a new one is.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG" "shared_preload_libraries = 'nself_heal'")
eval "$answer"
extensions=$("$PG_BIN/pg_config" --sharedir)/extension
releases=("$root"/sql/releases/nself_heal--*.sql)
[[ -f ${releases[0]} ]] || die "no release is kept in sql/releases"
clean_up() {
    local release
    for release in "${releases[@]}"; do rm -f "$extensions/$(basename "$release")"; done
    [[ $done == yes ]] || "$root/scripts/cluster" log "$CLUSTER" | tail -n 40 >&2
    "$root/scripts/cluster" stop "$CLUSTER"
}
done=
trap clean_up EXIT
trap 'exit 130' INT TERM

# All that is kept of a user's, as one line a table.
kept="SELECT (SELECT md5(string_agg(j::text, '' ORDER BY j.version)) FROM nself.journal j),
             (SELECT md5(string_agg(l::text, '' ORDER BY l.id)) FROM nself.ledger l),
             (SELECT md5(string_agg(h::text, '' ORDER BY h.event)) FROM nself_heal_history(100) h),
             (SELECT md5(string_agg(a::text, '' ORDER BY a.pattern)) FROM nself.allowed_drift a),
             (SELECT md5(string_agg(d::text, '' ORDER BY d.at, d::text)) FROM nself.ddl_log d WHERE d.tag <> 'ALTER EXTENSION'),
             (SELECT md5(string_agg(t::text, '' ORDER BY t.name)) FROM nself.tenants t),
             (SELECT string_agg(concat_ws(' ', role, level), ',' ORDER BY role) FROM nself_access())"
# What the extension is made of: everything that drift watches of it, its comments, and the rights on it of nobody but its
# owner.
made="SELECT object_type, identity, part_of, says FROM nself.installed ORDER BY 1, 2"
said="SELECT i.type, i.identity, d.description FROM pg_depend m CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) i
        JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
       WHERE m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
         AND m.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'nself_heal') ORDER BY 1, 2, d.objsubid"
dumped="SELECT t.relation::regclass, t.condition FROM pg_extension e CROSS JOIN unnest(extconfig, extcondition) t(relation, condition)
         WHERE extname = 'nself_heal' ORDER BY 1"
held="SELECT target, name, in_column, privilege, count(*) FROM nself.rights_held GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
# The C functions by their names in the library, with what is passed to them and back.
symbols="SELECT prosrc, pg_get_function_identity_arguments(oid), pg_get_function_result(oid), proisstrict FROM pg_proc
          WHERE probin = 'nself_heal' OR probin LIKE '%/nself_heal' ORDER BY 1"
sql -c "CREATE ROLE viewer" -c "CREATE ROLE deployer" -c "CREATE DATABASE fresh"
sql -d fresh -c "CREATE EXTENSION nself_heal" -c "SELECT nself_grant_access('viewer', 'look'), nself_grant_access('deployer', 'migrate')" >/dev/null

for release in "${releases[@]}"; do
    old=$(basename "$release" .sql)
    old=${old#nself_heal--}
    cp "$release" "$extensions/"
    sql -c "CREATE DATABASE old"
    export PGDATABASE=old
    sql -c "CREATE EXTENSION nself_heal VERSION '$old'"
    changed=$(join -j 1 -t '|' -o 0,1.2,2.2,1.3,2.3,1.4,2.4 <(sql -c "$symbols" | sort) <(sql -d fresh -c "$symbols" | sort) |
        awk -F '|' '$2 != $3 || $4 != $5 || $6 != $7')
    [[ -z $changed ]] || die "a function of $old would be called with other arguments, or return something else: $changed"
    say "ok    $old: the library has all its functions, with the same arguments and results"

    says "$old: the first call of a session warns" "$(answer_of -c "SELECT * FROM nself_drift()" -c "SELECT * FROM nself_drift()")" \
        "WARNING:  01000: this database has nself_heal $old, and the library of this server is $(own_version)" \
        "ALTER EXTENSION nself_heal UPDATE TO '$(own_version)'"
    sql >/dev/null 2>&1 <<'SQL'
SELECT nself_grant_access('viewer', 'look'), nself_grant_access('deployer', 'migrate');
SELECT count(*) FROM nself_journal_put('[{"path": "1_people.sql", "content":
    "-- UP\nCREATE TABLE people (id int PRIMARY KEY, email text); CREATE INDEX people_email ON people (email);\n-- DOWN\nDROP TABLE people;"},
    {"path": "2_note.sql", "content": "-- UP\nALTER TABLE people ADD note text;\n-- DOWN\nALTER TABLE people DROP note;"}]');
SELECT count(*) FROM nself_migrate_up();
SELECT count(*) FROM nself_migrate_down();
SELECT count(*) FROM nself_migrate_up();
SELECT count(*) FROM nself_tenant_add('acme');
SELECT count(*) FROM nself_allow('public.extra', 'a test');
CREATE TABLE extra (a int);
DROP INDEX people_email;
SELECT count(*) FROM nself_heal(true);
ALTER TABLE people ADD by_hand int;
SQL
    # Every function that can be called without arguments, each undone again.
    failed=$(sql 2>/dev/null <<'SQL'
BEGIN;
CREATE FUNCTION pg_temp.try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; hint text;
BEGIN
    EXECUTE call;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    -- What is wrong with the call is said with one of these; anything else would be this program's own trouble.
    IF state IN ('22004', '22023', '55000', '42704', '42501', '53400', '55006', '42602') OR hint LIKE '%ALTER EXTENSION nself_heal UPDATE%' THEN
        RETURN NULL;
    END IF;
    RETURN concat_ws(' ', call, state, message);
END $$;
SELECT pg_temp.try(format('SELECT * FROM %s()', p.oid::regproc))
  FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'nself_heal'
 WHERE p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') AND p.pronargs = p.pronargdefaults
   AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
   AND p.pronamespace <> 'nself'::regnamespace
   -- These two are said of the database that follows.
   AND p.proname NOT IN ('nself_heal_enable', 'nself_heal_disable');
ROLLBACK;
SQL
    )
    [[ -z ${failed//$'\n'/} ]] || die "with the objects of $old these fail: $failed"
    say "ok    $old: every function works with the library of today, or says why not"
    before=$(sql -c "$kept" 2>/dev/null) drift=$(sql -c "SELECT kind, object_type, identity, safety, changed_by FROM nself_drift()" 2>/dev/null)
    [[ $before == *viewer\ look* && $before != *'||'* ]] || die "something of what is kept is empty: $before"

    sql -c "ALTER EXTENSION nself_heal UPDATE"
    says "$old: nothing is left to warn of" "$(answer_of -c "SELECT count(*) FROM nself_drift()" | grep -c WARNING || true)" 0
    says "$old: what was kept is as it was" "$(sql -c "$kept")" "$before"
    says "$old: the drift is the same" "$(sql -c "SELECT kind, object_type, identity, safety, changed_by FROM nself_drift()")" "$drift"
    for what in "$made" "$said" "$dumped" "$held"; do
        diff <(sql -d fresh -c "$what") <(sql -c "$what") ||
            die "updated from $old (>), the extension is not what a new one is (<): sql/nself_heal--*--*.sql lacks something"
    done
    say "ok    $old: updated, the extension is what a new one is"
    unset PGDATABASE
    sql -c "DROP DATABASE old"
done
done=yes
