-- Who may do what: a caller needs a level, and for the migrations the rights that their SQL needs.
-- The extension has a schema of its own here.
create schema tools;
create extension nself_heal schema tools;
select n.nspname as schema, count(*) as functions
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proname like 'nself\_%' group by 1;
create role regress_deploy login;
create role regress_reader login;
grant create on schema public to regress_deploy;
grant usage on schema tools to regress_deploy;
select '[{"path": "0001_a.sql", "content": "create table a (id int primary key);"},
         {"path": "0001_a.down.sql", "content": "drop table a;"},
         {"path": "0002_b.sql", "content": "create table b (a int references a);"},
         {"path": "0002_b.down.sql", "content": "drop table b;"}]' as folder \gset

-- Without a level nothing can be called.
\c - regress_deploy
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select * from tools.nself_migrate_status();
\echo :LAST_ERROR_SQLSTATE

-- With it everything works, and no right to write to the product's own tables is needed, or given.
\c - postgres
select tools.nself_grant_access('regress_deploy', 'migrate'), tools.nself_grant_access('regress_reader', 'look');
\c - regress_deploy
select version, state from tools.nself_journal_put(:'folder');
select version, status from tools.nself_migrate_up();
select version, status from tools.nself_migrate_up();
select version, state, applied_by from tools.nself_migrate_status();
select version, status from tools.nself_migrate_verify();
select version, status from tools.nself_migrate_down();
select version, status from tools.nself_migrate_up();
select tablename, tableowner from pg_tables where schemaname = 'public' order by 1;
insert into nself.ledger (version) values ('9');
\echo :LAST_ERROR_SQLSTATE
delete from nself.journal;
\echo :LAST_ERROR_SQLSTATE

-- Who may only look, may only look.
\c - postgres
-- The schema is not the product's: without USAGE on it the level is of no use, and that is said.
select role, level, note from tools.nself_access() where role = 'regress_reader';
grant usage on schema tools to regress_reader;
\c - regress_reader
select version, state from tools.nself_migrate_status();
select version, status, sql from tools.nself_migrate_up(dry_run => true);
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE

-- A migration runs with the rights of its caller, and never with more.
\c - postgres
create table secret (s text);
select version, direction, applied_by, logged_in_as from nself.ledger order by id;
\c - regress_deploy
select state from tools.nself_journal_put(:'folder'::jsonb || '[{"path": "0003_c.sql", "content": "create table c ();\ntable secret;"}]') where state = 'added';
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select to_regclass('c') is null as c_is_not_there;
-- It cannot reach the product's own tables, become somebody else, or make a schema for a tenant.
select state from tools.nself_journal_put(:'folder'::jsonb || '[{"path": "0003_c.sql", "content": "update nself.journal set up_sql = up_sql;"}]');
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select state from tools.nself_journal_put(:'folder'::jsonb || '[{"path": "0003_c.sql", "content": "set role postgres;"}]');
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select state from tools.nself_journal_put(:'folder'::jsonb || '[{"path": "0003_c.sql", "content": "set session authorization postgres;"}]');
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select * from tools.nself_migrate_up(tenant => 'mine');
\echo :LAST_ERROR_SQLSTATE
select state from tools.nself_journal_put(:'folder');

-- What a caller puts into its search_path does not mislead the product.
\c - postgres
create schema trap;
grant usage, create on schema trap to regress_deploy;
\c - regress_deploy
create table trap.journal (like a);
create function trap.count(anyelement) returns bigint language sql as 'select 1 / 0::bigint';
create function trap.json_agg(anyelement) returns json language sql as $$select '"trapped"'::json$$;
create function trap."coalesce"(anyelement) returns json language sql as $$select '"trapped"'::json$$;
create operator trap.= (leftarg = text, rightarg = text, function = pg_catalog.textne);
set search_path = trap, pg_catalog, public;
select version, state from tools.nself_migrate_status();
select version, status from tools.nself_migrate_down(dry_run => true);
select version, status from tools.nself_migrate_verify();
reset search_path;
\c - postgres
set client_min_messages = warning;
drop schema trap cascade;

-- DROP EXTENSION leaves what the migrations made.
drop extension nself_heal;
select count(*) from pg_namespace where nspname = 'nself';
select tablename from pg_tables where schemaname = 'public' order by 1;
drop owned by regress_deploy, regress_reader;
drop role regress_deploy, regress_reader;
