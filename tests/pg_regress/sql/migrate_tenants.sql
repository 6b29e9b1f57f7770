-- Tenants: the same migrations for each, in a schema of its own.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
select files(
    '0001_notes.sql', 'create table notes (id int primary key, plan text references public.plans);',
    '0001_notes.down.sql', 'drop table notes;',
    '0002_view.sql', $$create view mine as select id from notes; create table seen as select current_setting('search_path') as path;$$,
    '0002_view.down.sql', 'drop view mine; drop table seen;') as folder \gset
select state from nself_journal_put(:'folder');
create table plans (plan text primary key);

-- A dry run makes no schema.
select version, status from nself_migrate_up(tenant => 'acme', dry_run => true);
select nspname from pg_namespace where nspname = 'acme';
-- The schema is made, and comes first in the search_path.
select version, status from nself_migrate_up(tenant => 'acme');
select version, status from nself_migrate_up(tenant => 'acme');
select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'nself') order by 1, 2;
select path from acme.seen;
-- Names that have to be quoted.
select version, status from nself_migrate_up(tenant => 'Big-Corp.v2 "EU"');
select path from "Big-Corp.v2 ""EU""".seen;
select version, status from nself_migrate_up(tenant => 'größe''; drop table plans; --', max_count => 1);
select schemaname, count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'nself', 'public')
 group by 1 order by schemaname collate "C";
-- The whole name of a schema, 63 bytes of it.
select version, status from nself_migrate_up(tenant => repeat('ü', 31) || 'x', max_count => 1);
select octet_length(nspname) from pg_namespace where nspname like 'üü%';

-- Each tenant has a status of its own, and so has the database without any.
select version, state from nself_migrate_status(tenant => 'acme');
select version, state from nself_migrate_status('größe''; drop table plans; --');
select version, state from nself_migrate_status('nobody yet');
select version, state from nself_migrate_status();
select tenant, count(*) from nself.ledger group by tenant order by tenant collate "C";

-- One tenant is taken back; the others stay as they are.
select version, status from nself_migrate_down(tenant => 'acme', steps => 2);
select version, state from nself_migrate_status('acme');
select version, state from nself_migrate_status('Big-Corp.v2 "EU"');
select * from nself_migrate_down(tenant => 'nobody yet', steps => 1);
\echo :LAST_ERROR_SQLSTATE

-- An error names the migration, and neither schema nor ledger row is left.
select state from nself_journal_put(files('0001_fails.sql', 'create table t (); select nothing;'));
select * from nself_migrate_up(tenant => 'newcomer');
\echo :LAST_ERROR_SQLSTATE
select nspname from pg_namespace where nspname = 'newcomer';

-- Names that are none, or not one tenant's.
select * from nself_migrate_up(tenant => '');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(tenant => repeat('ü', 32));
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(tenant => 'nself');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(tenant => 'pg_mine');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(tenant => '$user');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(tenant => 'information_schema');
\echo :LAST_ERROR_SQLSTATE

-- A schema of somebody else, who could put functions there for others to run.
create role regress_stranger;
create schema of_stranger authorization regress_stranger;
select * from nself_migrate_up(tenant => 'of_stranger');
\echo :LAST_ERROR_SQLSTATE
alter schema of_stranger owner to current_user;
drop role regress_stranger;
