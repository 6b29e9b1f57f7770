-- The layouts in which projects keep their migrations: each is seen from its files, none has to be named.
create extension nself_heal;
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
\set journal 'select layout, version, name, path, down_path, up_sql, down_sql, snapshot, breakpoints from nself.journal order by seq'
\pset format unaligned

-- Drizzle 0.x: its journal names the files and gives their order. A gap in idx, a time that goes back and snapshots that
-- are missing are met in real folders, and are no error. A file that the journal does not name is ignored, and said.
select * from nself_journal_put(files(
    'meta/_journal.json', '{"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "version": "7", "when": 1700000000000, "tag": "0000_brave_hulk", "breakpoints": true},
        {"idx": 2, "version": "7", "when": 1600000000000, "tag": "0002_calm_thor", "breakpoints": false},
        {"idx": 3, "version": "7", "when": 1800000000000, "tag": "0001_late_loki", "breakpoints": true}]}',
    'meta/0000_snapshot.json', '{"dialect": "postgresql", "id": "s0"}',
    '0000_brave_hulk.sql', 'create table a ();',
    '0000_brave_hulk.down.sql', 'drop table a;',
    '0001_late_loki.sql', 'create table b ();',
    '0002_calm_thor.sql', 'create table c ();',
    '0005_forgotten.sql', 'create table d ();'));
:journal;
-- Older journals call the dialect pg.
select * from nself_journal_put(files(
    'meta/_journal.json', '{"version": "5", "dialect": "pg", "entries": [{"idx": 0, "tag": "0000_a", "breakpoints": true}]}',
    '0000_a.sql', 'create table a ();'));

-- Drizzle 1.x: a folder for each migration, with its snapshot.
select * from nself_journal_put(files(
    '20250102030405_brave_hulk/migration.sql', 'create table a ();',
    '20250102030405_brave_hulk/snapshot.json', '{"dialect": "postgres", "id": "s0"}',
    '20250101000000_calm_thor/migration.sql', 'create table b ();',
    '20250101000000_calm_thor/down.sql', 'drop table b;'));
:journal;

-- Pairs of files: the up part with or without .up.
select * from nself_journal_put(files(
    '10_ten.up.sql', 'create table j ();',
    '10_ten.down.sql', 'drop table j;',
    '9_nine.sql', 'create table i ();',
    '9_nine.down.sql', 'drop table i;',
    '20240506070809_by_time.sql', 'create table t ();',
    'V1__flyway.sql', 'create table f ();',
    '11_lost.down.sql', 'drop table k;'));
:journal;

-- Both parts in one file.
select * from nself_journal_put(files(
    '001_both.sql', E'-- UP\ncreate table a ();\n-- DOWN\ndrop table a;\n',
    '002_up_only.sql', E'-- UP\ncreate table b ();\n'));
:journal;

-- Hasura: a folder for each migration, all of them in the folder of a database.
select * from nself_journal_put(files(
    'default/1650000000000_init/up.sql', 'create table a ();',
    'default/1650000000000_init/down.sql', 'drop table a;',
    'default/1660000000000_more/up.sql', 'create table b ();'));
:journal;
-- Diesel: versions with dashes. A dash does not count in the order.
select * from nself_journal_put(files(
    '2018-04-03-185352_second/up.sql', 'create table b ();',
    '20170706165855_first/up.sql', 'create table a ();'));
select version, name from nself.journal order by seq;

-- Whichever the layout, the migrations run.
select version, status from nself_migrate_up();
select tablename from pg_tables where schemaname = 'public' order by 1;
