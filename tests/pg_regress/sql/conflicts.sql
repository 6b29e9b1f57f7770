-- Conflicts: what does not go together in a folder, and which files would have to change. The server only says so.
create extension nself_heal;
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
create function entry(idx int, at bigint, tag text) returns jsonb language sql as $$
    select jsonb_build_object('idx', idx, 'version', '7', 'when', at, 'tag', tag, 'breakpoints', true)
$$;
create function drizzle(variadic jsonb[]) returns text language sql as $$
    select jsonb_build_object('version', '7', 'dialect', 'postgresql', 'entries', to_jsonb($1))::text
$$;
create function snapshot(id text, prev text, columns jsonb) returns text language sql as $$
    select jsonb_build_object('id', id, 'prevId', prev, 'dialect', 'postgresql', 'tables', jsonb_build_object('t', columns))::text
$$;
select * from nself_migrate_conflicts();

-- Two branches have taken one number, and one of them is applied here.
select files('01_a.sql', 'create table a (id int);', '02_b.sql', 'create table b (id int);', '02_c.sql', 'create table c (id int);',
             '03_d.sql', 'create table d (id int);') as folder \gset
select count(*) from nself_journal_put(files('01_a.sql', 'create table a (id int);', '02_c.sql', 'create table c (id int);'));
select version, status from nself_migrate_up();
select kind, version, file, other_file, checksum <> other_checksum as differ, detail from nself_migrate_conflicts(:'folder');
-- Of SQL the hash is enough.
select kind, file, other_file, checksum = repeat('ab', 32) as is_sent
  from nself_migrate_conflicts('[{"path": "1_a.sql", "sha256": "abababababababababababababababababababababababababababababababab"},
                                 {"path": "1_b.sql", "content": ""}]');
-- What is loaded tells it, too.
select count(*) from nself_journal_put(:'folder');
select kind, version, file, other_file from nself_migrate_conflicts();
select * from nself_migrate_renumber(:'folder', '02_b.sql', '4');
select * from nself_migrate_renumber(:'folder', '02_b.sql', '3');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_renumber(:'folder', '02_b.sql', '1.x');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_renumber(:'folder', '02_c.sql', '4');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_renumber(:'folder', '09_z.sql', '4');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_renumber(:'folder');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_renumber(file => '02_b.sql', number => '4');
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_rebase(:'folder');
\echo :LAST_ERROR_SQLSTATE

-- What another tool has applied here keeps its name, too.
create database regress_conflicts_other;
\c regress_conflicts_other
create extension nself_heal;
create table schema_migrations (version bigint primary key, dirty boolean not null);
insert into schema_migrations values (2, false);
select * from nself_migrate_renumber(:'folder', '02_b.sql', '4');
\echo :LAST_ERROR_SQLSTATE
\c regress_conflicts
drop database regress_conflicts_other;

-- What comes before what is applied runs only if somebody wants that. A replay runs it when it ran.
select version, status from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select version, status from nself_migrate_up(dry_run => true, out_of_order => true);
select version, status from nself_migrate_up(out_of_order => true);
select * from nself_drift();
select kind, file from nself_migrate_conflicts();

-- depends_on gives the order where versions do not, and is checked where they do.
create database regress_conflicts_depends;
\c regress_conflicts_depends
create extension nself_heal;
select version, name, state from nself_journal_put('[{"path": "1_a.sql", "content": "-- depends_on: 1_b\ncreate view a as table b;"},
                                                   {"path": "1_b.sql", "content": "create table b (id int);"}]');
select version, name, status from nself_migrate_up();
select * from nself_journal_put('[{"path": "1_a.sql", "content": "-- depends_on: 2_b\n"}, {"path": "2_b.sql", "content": ""}]');
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put('[{"path": "1_a.sql", "content": "-- depends_on: 1_b\n"}, {"path": "1_b.sql", "content": "-- depends_on: 1_a"}]');
select * from nself_journal_put('[{"path": "1_a.sql", "content": "-- depends_on: 0_x\n"}]');
\c regress_conflicts
drop database regress_conflicts_depends;

-- A folder of Drizzle's after a merge: what is applied stays, the other one gets a number, a time and a snapshot behind it.
select files('meta/_journal.json', drizzle(entry(0, 10, '0001_a'), entry(1, 30, '0002_b'), entry(2, 20, '0003_c')),
             '0001_a.sql', 'create table a (id int);', '0002_b.sql', 'create table b (id int);', '0003_c.sql', 'create table c (id int);',
             'meta/0001_snapshot.json', snapshot('A', '00000000-0000-0000-0000-000000000000', '{"id": 1}'),
             'meta/0002_snapshot.json', snapshot('B', 'A', '{"id": 1, "b": 1}'),
             'meta/0003_snapshot.json', snapshot('C', 'A', '{"id": 1, "c": 1}')) as folder \gset
create database regress_conflicts_drizzle;
\c regress_conflicts_drizzle
create extension nself_heal;
select count(*) from nself_journal_put('[{"path": "0001_a.sql", "content": "create table a (id int);"},
                                         {"path": "0003_c.sql", "content": "create table c (id int);"}]');
select version, status from nself_migrate_up();
select kind, file, other_file, detail from nself_migrate_conflicts(:'folder');
select * from nself_journal_rebase(:'folder');
select * from nself_journal_rebase('[{"path": "meta/_journal.json", "content": "{}"}]');
\echo :LAST_ERROR_SQLSTATE
\c regress_conflicts
drop database regress_conflicts_drizzle;
