-- A difference whose texts do not show what it means says it.
create extension nself_heal;
select count(*) from nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $sql$
    create view v with (security_invoker = true) as select 1 as one;
    create function definer() returns int language sql security definer set search_path = pg_catalog as 'select 1';
    create function other() returns int language sql set search_path = pg_catalog as 'select 1';
    create function ends() returns int language plpgsql as E'begin return 1;\nend';
    create table t (id int primary key, mail text collate "C", size int generated always as (id * 2) stored);
    create table options (id int) with (fillfactor = 70);
    create table again (id int);
$sql$)));
select version, status from nself_migrate_up();
select count(*) from nself_drift();
alter view v reset (security_invoker);
alter function definer() security invoker reset search_path;
create or replace function other() returns int language sql set search_path = public as 'select 2';
create or replace function ends() returns int language plpgsql as E'begin return 1;\r\nend';
alter table t set unlogged;
alter table t alter mail type text collate "default";
alter table t alter size drop expression;
alter table options reset (fillfactor);
create role regress_plain_reader;
alter default privileges grant select on tables to regress_plain_reader;
drop table again;
create table again (id int);
grant insert, select on options to regress_plain_reader;
\x
select object_type, identity, case when object_type <> 'function' then actual end as actual, reason from nself_drift() order by 1, 2;
\x
drop owned by regress_plain_reader;
drop role regress_plain_reader;
