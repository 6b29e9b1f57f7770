-- Settings, search_path and role: each migration begins with those of the caller, and what it changes ends with it.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
create role regress_other;
grant all on schema public to regress_other;
create schema app;
-- A table that notes what a migration finds.
create table public.found (version text, search_path text, who text, datestyle text, mine text, timeout text);
grant insert on public.found to regress_other;
create function public.note(version text) returns void language sql as $$
    insert into public.found values (version, current_setting('search_path'), current_user, current_setting('datestyle'),
                                     current_setting('my.setting', true), current_setting('statement_timeout'))
$$;
create function public.now_set() returns table (search_path text, who text, datestyle text, mine text, timeout text)
language sql as $$
    select current_setting('search_path'), current_user::text, current_setting('datestyle'),
           current_setting('my.setting', true), current_setting('statement_timeout')
$$;
set search_path = app, public;
set datestyle = 'German, DMY';
select * from now_set();

-- As pg_dump's files do, and worse.
select state from nself_journal_put(files(
    '0001_dump.sql', $$
        select public.note('0001 at its start');
        set statement_timeout = 0; set client_min_messages = warning; set check_function_bodies = false;
        select pg_catalog.set_config('search_path', '', false);
        set datestyle = 'ISO, YMD'; set my.setting = 'leaked';
        create table public.dumped ();
        select public.note('0001 at its end');$$,
    '0002_role.sql', $$
        select public.note('0002 at its start');
        create table here ();
        set role regress_other; set search_path = public; set local datestyle = 'SQL'; select set_config('my.setting', 'x', true);
        create table there ();
        select public.note('0002 at its end');$$,
    '0003_user.sql', $$
        select public.note('0003 at its start');
        set session authorization regress_other; set search_path to default;
        select public.note('0003 at its end');$$,
    '0004_reset.sql', $$
        reset all; reset role; set session characteristics as transaction read only;
        set session_replication_role = replica; set standard_conforming_strings = off;
        select public.note('0004 at its end');$$,
    '0005_last.sql', $$select public.note('0005');$$));
select version, status from nself_migrate_up();
select * from found;
-- After it, everything is as it was.
select * from now_set();
show session_replication_role; show standard_conforming_strings; show default_transaction_read_only; show check_function_bodies;
select session_user;
-- Unqualified names were made in the caller's schema, and as the role that was in force.
select schemaname, tablename, tableowner from pg_tables where tablename in ('here', 'there', 'dumped') order by 2;

-- A role that the caller took on is still in force afterwards, and its rights were.
select nself_grant_access('regress_other', 'migrate');
grant usage, create on schema app to regress_other;
set role regress_other;
select state from nself_journal_put(files('0006_as_other.sql', 'create table mine (); set session authorization default;',
    '0007_as_other.sql', $$create table mine_too (); select public.note('0007');$$)) where state = 'added';
select version, status from nself_migrate_up();
select current_user, session_user;
reset role;
select version, applied_by, logged_in_as from nself.ledger where version > '0005' order by id;
select schemaname, tablename, tableowner from pg_tables where tablename like 'mine%' order by 2;

-- An error puts them back, too.
select state from nself_journal_put(files(
    '0008_fails.sql', 'set search_path = nowhere; set role regress_other; set my.setting = ''leaked''; select nothing;'))
 where state = 'added';
select * from nself_migrate_up();
select * from now_set();
-- Also where the caller goes on after it.
begin;
savepoint s;
select * from nself_migrate_up();
rollback to s;
select * from now_set();
rollback;
do $$ begin perform nself_migrate_up(); exception when others then raise info '%', sqlstate; end $$;
select * from now_set();

-- A down part begins as an up part does.
select state from nself_journal_put(files(
    '0005_last.sql', $$select public.note('0005');$$,
    '0006_as_other.sql', '', '0006_as_other.down.sql', 'set search_path = nowhere; drop table app.mine;',
    '0007_as_other.sql', '', '0007_as_other.down.sql', 'reset all; drop table app.mine_too;'));
select version, status from nself_migrate_down(steps => 2);
select * from now_set();

reset search_path;
drop owned by regress_other;
drop role regress_other;
