-- Names that try every quoting: in files, in versions, in the objects that migrations make.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
select version, name, state from nself_journal_put(files(
    '0001_it''s "quoted".sql', $$create table "we""ird. Table" ("a""b" int, "c.d" int, "E F" int);$$,
    '0001_it''s "quoted".down.sql', $$drop table "we""ird. Table";$$,
    '0002_'';drop table nself.ledger;--.sql', $$create schema "S.1"; create table "S.1"."t'; DROP TABLE x; --" ("select" int);$$,
    '0003_größe 日本語 🙂.sql', $$create table "größe 日本語 🙂" ("ß" text default '🙂');$$,
    '%s%n$1 ''".txt', 'Not a migration.',
    '0004_%s %n $1.sql', $$create table "%s %n $1 {}" ("{0}" int);$$));
select version, name, status from nself_migrate_up();
select version, name, state from nself_migrate_status();
select schemaname, tablename from pg_tables where schemaname in ('public', 'S.1') order by tablename collate "C";
-- An error about such a file is readable, too.
select state from nself_journal_put(files(
    '0005_it''s "quoted" %s.sql', $$alter table "we""ird. Table" add "a""b" int;$$)) where state = 'added';
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE

-- 63 bytes are the whole name, and it is used as it is. In longer ones the server cuts off what is too much, and says so.
select repeat('ü', 31) || 'x' as name63 \gset
select repeat('ü', 40) as name80 \gset
select state from nself_journal_put(files(
    '0005_long.sql', format('create table %I (%I int, constraint %I check (true));', :'name63', :'name63', :'name63'))) where state = 'added';
select version, status from nself_migrate_up();
select octet_length(relname), relname = :'name63' as whole from pg_class where relname like 'üü%' and relkind = 'r';
select state from nself_journal_put(files(
    '0006_longer.sql', format('create table %I (%I int);', 'y' || :'name80', 'y' || :'name80'))) where state = 'added';
select version, status from nself_migrate_up();
select octet_length(relname) from pg_class where relname like 'yüü%' and relkind = 'r';

-- A role and a database with such names.
create role "regress ro""le.X";
grant create on schema public to "regress ro""le.X";
select nself_grant_access('regress ro"le.X', 'migrate');
set role "regress ro""le.X";
select state from nself_journal_put(files('0007_as_role.sql', 'create table by_role ();')) where state = 'added';
select version, status from nself_migrate_up();
reset role;
select applied_by from nself.ledger where version = '0007';
drop owned by "regress ro""le.X";
drop role "regress ro""le.X";
select current_database() as here \gset
create database "regress we""ird d.B";
\c "regress we""ird d.B"
create extension nself_heal;
select state from nself_journal_put('[{"path": "0001_a.sql", "content": "create table a ();"}]');
select version, status from nself_migrate_up();
\c :here
drop database "regress we""ird d.B";
