-- Who may do what: a caller needs EXECUTE, and for the migrations the rights that their SQL needs.
-- The extension has a schema of its own here.
create schema tools;
create extension nself_heal schema tools;
select n.nspname as schema, count(*) as functions
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proname like 'nself\_%' group by 1;
create role regress_deploy;
create role regress_reader;
grant create on schema public to regress_deploy;
\set put 'select state from tools.nself_journal_put(jsonb_build_array(jsonb_build_object(''path'', ''0001_a.sql'', ''content'', :''one''), jsonb_build_object(''path'', ''0001_a.down.sql'', ''content'', ''drop table a;''), jsonb_build_object(''path'', ''0002_b.sql'', ''content'', :''two'')))'
\set one 'create table a (id int primary key);'
\set two 'create table b (a int references a);'

-- Without EXECUTE nothing can be called.
grant usage on schema tools to regress_deploy, regress_reader;
set role regress_deploy;
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select * from tools.nself_migrate_status();
\echo :LAST_ERROR_SQLSTATE
reset role;

-- With it everything works, and no right on the product's own tables is needed, or given.
grant execute on function tools.nself_journal_put, tools.nself_migrate_up, tools.nself_migrate_down,
    tools.nself_migrate_status, tools.nself_migrate_verify to regress_deploy;
grant execute on function tools.nself_migrate_status to regress_reader;
set role regress_deploy;
:put;
select version, status from tools.nself_migrate_up();
select version, status from tools.nself_migrate_up();
select version, state, applied_by from tools.nself_migrate_status();
select version, status from tools.nself_migrate_verify();
select tablename, tableowner from pg_tables where schemaname = 'public' order by 1;
insert into nself.ledger (version) values ('9');
\echo :LAST_ERROR_SQLSTATE
delete from nself.journal;
\echo :LAST_ERROR_SQLSTATE
reset role;
select version, applied_by, logged_in_as from nself.ledger order by id;

-- Who may only look, may only look.
set role regress_reader;
select version, state from tools.nself_migrate_status();
select * from tools.nself_migrate_up(dry_run => true);
\echo :LAST_ERROR_SQLSTATE
reset role;

-- A migration runs with the rights of its caller, and never with more.
create table secret (s text);
\set two 'create table b (a int references a); alter table secret add t text;'
truncate nself.journal;
set role regress_deploy;
select status from tools.nself_migrate_down(steps => 2);
:put;
select version, status from tools.nself_migrate_up();
\set two 'create table b (a int references a);'
:put;
\set three '[{"path": "0003_c.sql", "content": "create table c ();\\ntable secret;"}]'
select version, state from tools.nself_journal_put(:'three') where state = 'added';
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
-- Nor can it reach the product's own tables, or become somebody else.
\set three '[{"path": "0003_c.sql", "content": "update nself.journal set up_sql = up_sql;"}]'
select version, state from tools.nself_journal_put(:'three');
select * from tools.nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
\set three '[{"path": "0003_c.sql", "content": "set role regress_reader;"}]'
select version, state from tools.nself_journal_put(:'three');
-- (The session user of this test is a superuser, who may become anybody; the rights go by that.)
select version, status from tools.nself_migrate_up();
reset role;
select to_regclass('c') is null as c_is_not_there;

-- What a caller puts into its search_path does not mislead the product.
create schema trap;
grant usage, create on schema trap to regress_deploy;
set role regress_deploy;
create table trap.journal (like a);
create function trap.count(anyelement) returns bigint language sql as 'select 1 / 0::bigint';
create function trap.json_agg(anyelement) returns json language sql as $$select '"trapped"'::json$$;
create function trap."coalesce"(anyelement) returns json language sql as $$select '"trapped"'::json$$;
create operator trap.= (leftarg = text, rightarg = text, function = pg_catalog.textne);
set search_path = trap, pg_catalog, public;
select version, state from tools.nself_migrate_status();
select version, status from tools.nself_migrate_down(dry_run => true);
reset search_path;
reset role;
drop schema trap cascade;

-- DROP EXTENSION leaves what the migrations made.
drop extension nself_heal;
select count(*) from pg_namespace where nspname = 'nself';
select tablename from pg_tables where schemaname = 'public' order by 1;
drop owned by regress_deploy, regress_reader;
drop role regress_deploy, regress_reader;
