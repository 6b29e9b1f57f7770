-- What is said when something does not go as wished names what is in the way and what can be done.
create extension nself_heal;
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
\set put 'select count(*) from nself_journal_put(files('
\set one '\'0010_a.sql\', \'create table a (id int);\''
\set two '\'0020_b.sql\', \'create table b (id int);\''
\set three '\'0030_c.sql\', \'create table c (id int);\''
:put :one, :two, :three));
select version, status from nself_migrate_up();

-- An edited folder is one line, also of many files; a file that is missing stops nothing.
:put '0010_a.sql', 'create table a (id int, x int);', '0030_c.sql', 'create table c (id bigint);'));
select * from nself_migrate_up();
:put :one, :three));
select * from nself_migrate_up();

-- What comes before what is applied says that it is refused before anybody tries.
:put :one, '0015_late.sql', 'create table late (id int);', :two, :three));
select version, state, note from nself_migrate_status() where note is not null;
select * from nself_migrate_up();

-- A pending migration that cannot run is told as one, with its line.
:put :one, :two, :three, '0040_d.sql', E'create table d (id int);\n\nalter table nowhere add x int;'));
select * from nself_drift('journal');
select count(*) from nself_drift();

-- Something of that name is here, and no migration made it.
create table d (id int);
:put :one, :two, :three, '0040_d.sql', 'create table d (id int);'));
select * from nself_migrate_up();
drop table d;

-- One transaction cannot hold so many locks.
:put :one, :two, :three, '0040_locks.sql', 'select count(pg_advisory_xact_lock(n)) from generate_series(1, 1000000) n;'));
select * from nself_migrate_up();

-- Whose an object is, and as whom the migration runs.
create role regress_plain_app;
create role regress_plain_owner;
create function stamp() returns int language sql as 'select 1';
alter function stamp() owner to regress_plain_owner;
create table stamps (id int);
alter table stamps owner to regress_plain_owner;
grant create on schema public to regress_plain_app;
select nself_grant_access('regress_plain_app', 'migrate');
set role regress_plain_app;
:put :one, :two, :three, '0040_stamp.sql', 'create or replace function stamp() returns int language sql as $f$ select 2 $f$;'));
select * from nself_migrate_up();
:put :one, :two, :three, '0040_stamps.sql', 'alter table public.stamps add column note text'));
select * from nself_migrate_up();
reset role;
drop owned by regress_plain_app;
drop role regress_plain_app;
drop owned by regress_plain_owner;
drop role regress_plain_owner;
