-- Repair: what does not go together in the journal, the ledger, other tools' lists and the schema, told and mended.
set client_min_messages = warning;
create extension nself_heal;
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
-- Short: what is found, and what becomes of it.
create function repair(confirm bool default false)
    returns table (problem text, version text, tenant text, status text, detail text, more text) language sql as $$
    select problem, version, tenant, status, detail, coalesce(mend, hint) from nself_migrate_repair(confirm)
$$;
-- Nothing is loaded, nothing is applied.
select * from nself_migrate_repair();
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '02_b.sql', 'create table b (id int);', '02_b.down.sql', 'drop table b;',
    '03_c.sql', 'alter table a add column c int;', '04_d.sql', 'alter table b add column d int;'));
select version, status from nself_migrate_up();
select version, status from nself_migrate_up(max_count => 3, tenant => 'acme');
select note is not null as added from nself_tenant_add('acme-corp', 'acme');
select * from nself_migrate_repair();
select * from nself_migrate_repair(true);

-- A rename, a chain of renames, and an edit of comments in one. Each tenant has rows of its own.
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);', '03_b.down.sql', 'drop table b;',
    '04_c.sql', '-- now 04' || chr(10) || 'alter table a add column c int;', '05_d.sql', 'alter table b add column d int;'));
select version, state from nself_migrate_status();
select version, status from nself_migrate_up();
select * from repair();
-- A dry run writes nothing.
select count(*) from nself.ledger where direction in ('withdraw', 'retire') or place is not null;
select problem, version, tenant, status from repair(true);
select version, state from nself_migrate_status();
select version, state from nself_migrate_status('acme');
select version, status from nself_migrate_verify();
select * from nself_drift();
select * from nself_migrate_repair(true);
-- The old rows are there, and the order is that in which they ran.
select id, version, direction, tenant, place, reason from nself.ledger order by id;
select version, path, place, evidence is not null as seen
  from nself.applied a left join nself.evidence e on e.ledger_id >= a.place where tenant is null order by coalesce(place, id), ledger_id limit 4;
-- What is undone is undone under its new version, the last one first.
select version, status from nself_migrate_down(steps => 2, tenant => 'acme', dry_run => true);
select version, status from nself_migrate_up(tenant => 'acme');
select version, state from nself_migrate_status('acme');

-- Numbers that two files have swapped, and back again.
select count(*) from nself_journal_put(files(
    '01_b.sql', 'create table b (id int);', '03_a.sql', 'create table a (id int);',
    '04_c.sql', 'alter table a add column c int;', '05_d.sql', 'alter table b add column d int;'));
select version, state from nself_migrate_status();
select problem, version, tenant, status, more from repair(true);
select version, state, name from nself_migrate_status();
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);',
    '04_c.sql', 'alter table a add column c int;', '05_d.sql', 'alter table b add column d int;'));
select problem, version, tenant, status from repair(true);
select version, state, name from nself_migrate_status();
select * from nself_drift();

-- Renamed and edited at once: for a person. The hint can be followed.
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);',
    '04_c.sql', 'alter table a add column c int;', '06_d.sql', 'alter table b add column d bigint;'));
select * from repair(true) where tenant is null;
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);',
    '04_c.sql', 'alter table a add column c int;', '06_d.sql', 'alter table b add column d int;'));
select problem, version, tenant, status from repair(true);
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);',
    '04_c.sql', 'alter table a add column c int;', '06_d.sql', 'alter table b add column d bigint;'));
select * from repair() where tenant is null;
select version from nself_migrate_reset_checksum('06', 'as all others have it');
-- A reset goes along with a rename.
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);',
    '04_c.sql', 'alter table a add column c int;', '07_d.sql', 'alter table b add column d bigint;'));
select problem, version, tenant, status from repair(true) where tenant is null;
select version, state, regexp_replace(note, '[^ ]+ reset its checksum on [0-9-]+', '... reset its checksum on ...') as note
  from nself_migrate_status() where version = '07';
select * from nself_drift();

-- A file that is gone for good. It stays applied, and what it made is expected.
select count(*) from nself_journal_put(files('01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);',
                                             '07_d.sql', 'alter table b add column d bigint;'));
select * from repair() where tenant is null;
select problem, version, status from repair(true) where tenant is null;
select version, state, regexp_replace(note, 'which [^ ]+ said on [0-9-]+', 'which ... said on ...') as note from nself_migrate_status() where version = '04';
select version, status from nself_migrate_verify();
select * from repair(true) where tenant is null;
alter table a drop column c;
select kind, identity from nself_drift();
select identity, status from nself_heal(true);
-- A folder that is loaded later says what it says: the file is back.
select count(*) from nself_journal_put(files('01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);',
    '04_c.sql', 'alter table a add column c int;', '07_d.sql', 'alter table b add column d bigint;'));
select version, state from nself_migrate_status() where version = '04';
select * from repair(true) where tenant is null;

-- Two alike, of which one is left: nobody can say which.
select version, status from nself_migrate_up();
select count(*) from nself_journal_put(files('08_x.sql', 'select 1;', '09_y.sql', 'select 1;'));
select version, status from nself_migrate_up();
select count(*) from nself_journal_put(files('10_z.sql', 'select 1;'));
select * from repair() where tenant is null and version in ('08', '09');

-- Nothing is loaded: not each migration is called missing.
begin;
set local session_replication_role = replica;
alter table nself.journal disable trigger all;
delete from nself.journal;
select * from repair();
rollback;

-- A ledger that was edited by hand: the checksum proves what ran.
drop extension nself_heal cascade;
drop table a, b;
drop schema acme cascade;
create extension nself_heal;
select count(*) from nself_journal_put(files('01_a.sql', 'create table a (id int);', '02_b.sql', 'create table b (id int);'));
select version, status from nself_migrate_up();
begin;
set local session_replication_role = replica;
alter table nself.ledger disable trigger all;
update nself.ledger set sql = 'create table b (id text);' where version = '02';
update nself.ledger set sql = 'create table a (id text);' where version = '01';
alter table nself.ledger enable trigger all;
alter table nself.ledger enable always trigger others;
commit;
select count(*) from nself_journal_put(files('01_a.sql', 'create table a (id int);', '03_b.sql', 'create table b (id int);'));
select * from repair(true);
select version, state from nself_migrate_status();
select id, version, direction, sql, place from nself.ledger order by id;
select * from nself_drift();
select * from repair(true);

-- Another tool's list. What it has done since is adopted once more; of what is not here the row is withdrawn.
drop extension nself_heal cascade;
drop table a, b;
create extension nself_heal;
create table schema_migrations (version varchar primary key);
select count(*) from nself_journal_put(files(
    '1_a.sql', 'create table a (id int primary key); comment on table a is ''a''; create index on a (id); grant select on a to public;',
    '2_a.sql', 'insert into a values (1);', '3_b.sql', 'create table b (id int); create view v as table b;',
    '4_c.sql', 'create table c (id int);', '5_d.sql', 'create table d (id int);'));
insert into schema_migrations values ('1'), ('2'), ('3');
select * from repair();
create table b (id int);
create table c (id int);
select version, state from nself_adopt(confirm => true);
insert into schema_migrations values ('4');
select * from repair();
select problem, version, status, detail, more from repair(true);
select version, state, note from nself_migrate_status();
select * from repair(true);
select kind, identity from nself_drift();
select version, direction, adopted, reason from nself.ledger order by id;
-- The list still has them, and that is no news.
select version, state from nself_adopt();
select version, status from nself_migrate_up(out_of_order => true);
select identity, status from nself_heal(true);
select kind, identity from nself_drift();
select * from repair(true);
-- What its list has no more, and is here: for a person. What is not here either, the list is right about.
delete from schema_migrations where version = '4';
select * from repair(true);
drop table c;
select problem, version, status, detail, more from repair(true);
select version, state from nself_migrate_status();
select * from repair(true);
select kind, identity from nself_drift();
-- What is not here under its name has another one now, perhaps: that is no proof.
drop extension nself_heal cascade;
alter table d rename to e;
drop table a, b cascade;
create extension nself_heal;
select count(*) from nself_journal_put(files('1_d.sql', 'create table d (id int);'));
delete from schema_migrations;
insert into schema_migrations values ('1');
select version, state from nself_adopt(confirm => true);
select problem, version, status, detail, more from repair(true);
-- Where the other tool's list is written, too, the row there goes with the one of the ledger.
drop table e;
set nself.mirror_tracker = on;
select problem, version, status, detail from repair(true);
select * from schema_migrations;
select version, status from nself_migrate_up();
select * from schema_migrations;
reset nself.mirror_tracker;
select kind, identity from nself_drift();

-- A migration that no replay can repeat: what was seen of it goes along with its new version.
drop extension nself_heal cascade;
drop table d, schema_migrations;
create extension nself_heal;
select count(*) from nself_journal_put(files('1_a.sql', 'create table a (id int);'));
select version, status from nself_migrate_up();
insert into a values (1);
\set needs_rows 'do $do$ begin if not exists (select from a) then raise ''nobody is there''; end if; end $do$; create table b (id int);'
select count(*) from nself_journal_put(files('1_a.sql', 'create table a (id int);', '2_b.sql', :'needs_rows'));
select version, status from nself_migrate_up();
select count(*) from nself_journal_put(files('1_a.sql', 'create table a (id int);', '3_b.sql', :'needs_rows', '4_c.sql', 'create table c (id int);'));
select problem, version, status from repair(true);
set client_min_messages = notice;
select kind, identity from nself_drift();
set client_min_messages = warning;
select version, name, status from nself_migrate_verify(replay => true);
select version, status from nself_migrate_up();
select kind, identity from nself_drift();
drop table b;
select kind, identity from nself_drift();
select identity, status from nself_heal(true);

-- A migration without a transaction that stopped, and a job whose process is gone: as a crash leaves them.
drop extension nself_heal cascade;
drop table a, b, c;
create extension nself_heal;
create procedure stopped(done int, begun text) language plpgsql as $$
begin
    alter table nself.ledger disable trigger others;
    insert into nself.ledger (version, name, path, direction, sql, breakpoints, checksum, logged_in_as, applied_by, settings, rights,
                              duration_ms, in_transaction, statements_done, statement_begun)
    select j.version, j.name, j.path, 'up', j.up_sql, false, j.checksum, l.logged_in_as, l.applied_by, l.settings, l.rights, 1, false, done, begun
      from nself.journal j, nself.applied l where j.version = '2' and l.version = '1';
    alter table nself.ledger enable always trigger others;
end $$;
select count(*) from nself_journal_put(files('1_t.sql', 'create table t (a int)',
    '2_i.sql', E'-- nself:no-transaction\ncreate table p (a int);\ncreate index concurrently t_a on t (a);\ncreate index concurrently t_b on t (a);'));
select version, status from nself_migrate_up(max_count => 1);
create table p (a int);
call stopped(1, null);
select * from repair(true);
call stopped(1, 'public.t_a');
select * from repair(true);
create index t_a on t (a);
update pg_index set indisvalid = false where indexrelid = 't_a'::regclass;
select * from repair(true);
update pg_index set indisvalid = true where indexrelid = 't_a'::regclass;
select * from repair();
select problem, version, status, detail from repair(true);
select version, state, note from nself_migrate_status();
create index t_b on t (a);
call stopped(2, 'public.t_b');
alter table nself.job_log disable trigger others;
insert into nself.job_log (kind, arguments, settings, logged_in_as, run_by, pid, state, started_at)
    values ('migrate up', '{}', '{}', 'ann', 'deploy', 0, 'running', now());
alter table nself.job_log enable always trigger others;
select job, state, ended_at is null as open from nself.jobs;
select problem, version, status, detail, more from repair(true);
select job, state, error, ended_at is null as open from nself.jobs;
select version, state, note from nself_migrate_status();
select version, status from nself_migrate_verify();
select kind, identity from nself_drift();
select * from repair(true);
select id, version, statements_done, statement_begun from nself.ledger where version = '2' order by id;
-- What ran of one was edited since, or its file is gone: for a person.
select version, status from nself_migrate_up();
call stopped(1, null);
select count(*) from nself_journal_put(files('1_t.sql', 'create table t (a int)', '2_i.sql', E'-- nself:no-transaction\ncreate table p (a bigint);\nvacuum;'));
select problem, version, status, detail, more from repair(true);
select count(*) from nself_journal_put(files('1_t.sql', 'create table t (a int)'));
select problem, version, status, detail, more from repair(true);

-- Who may only look sees all of it and mends nothing.
create role regress_repair_look;
create role regress_repair_migrate;
select nself_grant_access('regress_repair_look', 'look'), nself_grant_access('regress_repair_migrate', 'migrate');
set role regress_repair_look;
select count(*) from nself_migrate_repair();
set role regress_repair_migrate;
select nself_migrate_repair(confirm => true);
\echo :LAST_ERROR_SQLSTATE
reset role;
begin read only;
select count(*) from nself_migrate_repair();
select nself_migrate_repair(confirm => true);
rollback;
select nself_revoke_access('regress_repair_look'), nself_revoke_access('regress_repair_migrate');
drop role regress_repair_look, regress_repair_migrate;
