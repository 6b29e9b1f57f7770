#!/usr/bin/env bash
# A heal, judged by programs that are not this one. The example project is damaged in many ways and healed. Then pg_dump
# must tell of the schema what it told before, and the server that no table was made anew, none was written anew but
# where the step said so, and no value changed.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answer=$("$root/scripts/cluster" start "$PG")
eval "$answer"
trap '"$root/scripts/cluster" stop "$CLUSTER"' EXIT
trap 'exit 130' INT TERM

# The same text, or the test ends with what differs.
same() { diff "$2" "$3" >&2 || die "$1 (see above: < before, > after)"; }

# The schema as pg_dump tells it of a copy that was restored from a dump: the server prints some expressions in another
# form after they were printed and read once, like IN lists on a varchar. Lines are sorted, because columns that come
# back are the last of their table.
schema() {
    sql -c "CREATE DATABASE copy TEMPLATE template0"
    "$PG_BIN/pg_dump" --schema-only | sql -d copy >/dev/null
    "$PG_BIN/pg_dump" --schema-only copy | grep -vE '^(--|$|\\(un)?restrict)' | sed 's/,$//' | sort
    sql -c "DROP DATABASE copy"
}
# A query for each table that counts its rows and hashes the columns that it has now, whatever is added later.
row_queries() {
    sql <<'SQL'
SELECT format('SELECT %L, count(*), md5(string_agg(r, chr(10) ORDER BY r)) FROM (SELECT to_jsonb(x)::text AS r FROM (SELECT %s FROM %s) x) y;',
              c.oid::regclass, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
                                 WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname IN ('public', 'np_billing')
 ORDER BY c.oid::regclass::text
SQL
}
# Name, OID and file of each table.
tables() {
    sql -F ' ' -c "SELECT c.oid::regclass, c.oid, c.relfilenode FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind = 'r' AND n.nspname IN ('public', 'np_billing') ORDER BY c.oid::regclass::text"
}
# Heals, and keeps a line for each step: status, type, identity, detail.
heal() { sql -F ' | ' -c "SELECT status, object_type, identity, detail FROM nself_heal(true)" >"$CLUSTER/$1"; }

mkdir "$CLUSTER/migrations"
cp -r "$root/examples/drizzle/drizzle/." "$CLUSTER/migrations"
chmod -R a+rX "$CLUSTER/migrations"
sql -c "CREATE EXTENSION nself_heal" -c "SELECT count(*) FROM nself_journal_load('$CLUSTER/migrations')" >/dev/null
# A new label has to be committed before it can be used.
sql -c "SELECT count(*) FROM nself_migrate_up(target => '0006')" -c "SELECT count(*) FROM nself_migrate_up()" >/dev/null
sql -f "$root/examples/drizzle/seed.sql"
[[ $(sql -c "SELECT count(*) FROM nself_drift()") == 0 ]] || die "there is drift before the damage"
schema >"$CLUSTER/schema.before"
sql -c "CREATE TABLE public.kept AS SELECT to_jsonb(t) AS row FROM np_tags t"

# What a heal closes.
sql 2>/dev/null <<'SQL'
ALTER TABLE np_documents DROP COLUMN fts_vector;                          -- generated, with its GIN index
ALTER TABLE np_collections DROP COLUMN created_at;                        -- NOT NULL DEFAULT now()
ALTER TABLE np_audit_events DROP COLUMN seq CASCADE;                      -- identity, a unique key, part of an index
ALTER TABLE np_document_versions DROP COLUMN id;                          -- primary key, another value for each row
ALTER TABLE np_notifications DROP COLUMN is_muted;                        -- a constant default
DROP INDEX uq_np_users_email_live, idx_np_users_profile, idx_np_audit_events_day;
ALTER TABLE np_notifications DROP CONSTRAINT np_notifications_document_id_np_documents_id_fk;
ALTER TABLE np_documents DROP CONSTRAINT ck_np_documents_title, DROP CONSTRAINT ck_np_documents_mime_type;
ALTER TABLE np_tenants DROP CONSTRAINT ck_np_tenants_plan;
ALTER TABLE np_users DROP CONSTRAINT uq_np_users_tenant_id CASCADE;       -- and the foreign key that rests on it
ALTER TABLE np_collections DROP CONSTRAINT uq_np_collections_name;        -- NULLS NOT DISTINCT
ALTER TABLE np_tenants DROP CONSTRAINT np_tenants_pkey CASCADE;           -- and seven foreign keys
ALTER TABLE np_documents ALTER COLUMN body DROP NOT NULL, ALTER COLUMN mime_type DROP DEFAULT;
DROP TABLE np_memberships;
DROP TYPE np_member_role;
SQL
# What needs a person before it, or after it.
sql 2>/dev/null <<'SQL'
DROP TABLE np_tags CASCADE;                                               -- rows of np_document_tags point to it
DROP SCHEMA np_billing CASCADE;                                           -- with a trigger
ALTER TABLE np_users ALTER COLUMN display_name TYPE varchar(200);
ALTER TABLE np_users ADD COLUMN nickname text;
DROP INDEX idx_np_documents_tenant_status;
CREATE INDEX idx_np_documents_tenant_status ON np_documents (status);
ALTER TABLE np_documents ALTER COLUMN status DROP DEFAULT;
ALTER TYPE np_document_status RENAME TO old_status;
CREATE TYPE np_document_status AS ENUM ('draft', 'in_review', 'published');
ALTER TABLE np_documents ALTER COLUMN status TYPE np_document_status USING status::text::np_document_status;
DROP TYPE old_status;
SQL
row_queries >"$CLUSTER/rows.sql"
sql -f "$CLUSTER/rows.sql" >"$CLUSTER/rows.before"
tables >"$CLUSTER/tables.before"

# A dry run changes nothing.
schema >"$CLUSTER/schema.damaged"
sql -c "SELECT count(*) FROM nself_heal()" >/dev/null
schema >"$CLUSTER/schema.dry"
same "the dry run changed the schema" "$CLUSTER/schema.damaged" "$CLUSTER/schema.dry"
say "ok    a dry run changes nothing"

heal healed
cat "$CLUSTER/healed"
awk -F ' [|] ' '$1 != "applied" { print $1, $2, $3 }' "$CLUSTER/healed" | sort >"$CLUSTER/left"
sort >"$CLUSTER/left.expected" <<'TEXT'
blocked table constraint np_document_tags_tag_id_np_tags_id_fk on public.np_document_tags
manual index public.idx_np_documents_tenant_status
manual table column public.np_users.display_name
manual table column public.np_users.nickname
manual table public.kept
TEXT
same "a heal left other things over than it should" "$CLUSTER/left.expected" "$CLUSTER/left"
grep -q 'refer by (tag_id) to rows of public.np_tags that do not exist: 2000. Find them: ' "$CLUSTER/healed" ||
    die "nothing is said about the rows in the way"
say "ok    it closes all but what is a person's"

sql -f "$CLUSTER/rows.sql" >"$CLUSTER/rows.after"
same "rows changed" "$CLUSTER/rows.before" "$CLUSTER/rows.after"
say "ok    every row and every value is as before"

# Tables whose step said that it rewrites them have a new file; no table has a new OID.
sed -nE 's/^applied \| table column \| public\.([a-z_]+)\.[a-z_]+ \| .*rewrites the table.*/\1/p' "$CLUSTER/healed" |
    sort -u >"$CLUSTER/rewritten"
[[ -s $CLUSTER/rewritten ]] || die "no step said that it rewrites its table"
tables >"$CLUSTER/tables.after"
# Name and OID of all tables that were there, and the file of those that nobody said would get a new one.
unmoved() {
    awk 'FILENAME == ARGV[1] { rewritten[$1]; next } FILENAME == ARGV[2] { there[$1]; next }
         $1 in there { print $1, $2, ($1 in rewritten) ? "rewritten" : $3 }' "$CLUSTER/rewritten" "$CLUSTER/tables.before" - <"$1"
}
unmoved "$CLUSTER/tables.before" >"$CLUSTER/unmoved.before"
unmoved "$CLUSTER/tables.after" >"$CLUSTER/unmoved.after"
same "a table was made or written anew" "$CLUSTER/unmoved.before" "$CLUSTER/unmoved.after"
say "ok    no table was made anew; written anew were: $(paste -sd ' ' "$CLUSTER/rewritten")"

# A person does what is a person's: puts the rows back, and undoes what was changed.
sql <<'SQL'
INSERT INTO np_tags SELECT r.* FROM kept, jsonb_populate_record(NULL::np_tags, row) r;
DROP TABLE kept;
ALTER TABLE np_users ALTER COLUMN display_name TYPE varchar(160), DROP COLUMN nickname;
DROP INDEX idx_np_documents_tenant_status;
SQL
heal healed.rest
cat "$CLUSTER/healed.rest"
[[ $(grep -vc '^applied' "$CLUSTER/healed.rest") == 0 ]] || die "the second heal left something over"
[[ $(sql -c "SELECT count(*) FROM nself_drift()") == 0 ]] || die "there is drift after all"
schema >"$CLUSTER/schema.after"
same "pg_dump tells of another schema" "$CLUSTER/schema.before" "$CLUSTER/schema.after"
say "ok    pg_dump tells of the schema that was there before"

# A copy of the whole database brings its journal, its ledger and its history along, and no drift.
sql -c "CREATE DATABASE copy TEMPLATE template0"
"$PG_BIN/pg_dump" | sql -d copy >/dev/null
sql -d copy -F ' | ' -c "SELECT kind, identity, expected, actual FROM nself_drift()" >"$CLUSTER/drift.copy"
: >"$CLUSTER/drift.none"
same "a restored copy drifts" "$CLUSTER/drift.none" "$CLUSTER/drift.copy"
state="SELECT (SELECT count(*) FROM nself_migrate_status() WHERE state = 'applied'),
              (SELECT count(*) FROM nself_heal_history(100)), (SELECT count(*) FROM nself.heal_steps)"
[[ $(sql -c "$state") == "$(sql -d copy -c "$state")" ]] || die "a restored copy has another past"
[[ $(sql -d copy -c "SELECT applied FROM nself_heal_history(1)") -gt 0 ]] || die "the history is empty"
sql -d copy -c "DROP INDEX idx_np_documents_live" -c "SELECT count(*) FROM nself_heal(true)" >/dev/null
[[ $(sql -d copy -c "SELECT count(*) FROM nself_drift()") == 0 ]] || die "a restored copy cannot be healed"
say "ok    a restored copy has the same past, no drift, and can be healed"
