-- nself_allow() leaves a difference as it is: by its identity, as drift or the command says it, or by a pattern.
create extension nself_heal;
select count(*) from nself_journal_put('[{"path": "1_t.sql", "content":
    "create table depots (id int primary key, name text default ''x''); create type mood as enum (''sad'');"}]');
select version, status from nself_migrate_up();
alter table depots alter name drop default;
create table tmp_fix (id int);
alter type mood add value 'glad';
create function f(mood) returns int language sql as 'select 1';
\set drift 'select kind, object_type, identity from nself_drift() order by 2, 3'
:drift;
-- By what the command prints, by a pattern of drift, and with the word for the type.
select * from nself_allow('tmp_fix', 'for the finance team', 'infinity');
select * from nself_allow('public.depots.*', 'a trial');
select * from nself_allow('Enum value: mood ''glad''', 'a trial');
select * from nself_allow('f(mood)', 'a trial');
:drift;
select pattern, kind, object_type, identity, reason, owner = current_user as mine, expires
  from nself_ignored() where source = 'allowed' order by 1;
-- Once more: another reason, another end.
select * from nself_allow(' tmp_fix ', 'for the other team', '2100-01-01 00:00+00');
select pattern, reason, expires at time zone 'UTC' as until from nself.allowed_drift order by id;
-- A pattern that matches nothing is written, and warned of.
select * from nself_allow('tmp_fixed', 'a slip');
select pattern, identity from nself_ignored() where pattern = 'tmp_fixed';
-- The type is known by both its words in the table, too.
delete from nself.allowed_drift;
insert into nself.allowed_drift (pattern, object_type, reason) values ('*', 'Default', 'a'), ('mood *', 'Enum value', 'b');
:drift;
-- What is needed.
select nself_allow();
select nself_allow('tmp_fix');
select nself_allow('tmp_fix', ' ');
select nself_allow('tmp_fix', 'late', '2001-01-01');
create role regress_allow_healer;
select nself_grant_access('regress_allow_healer', 'migrate');
set role regress_allow_healer;
select nself_allow('tmp_fix', 'mine');
reset role;
select nself_revoke_access('regress_allow_healer');
drop role regress_allow_healer;
select pattern from nself.allowed_drift order by id;
