-- Checksums: an edit of an applied migration that is to stay. The ledger keeps what ran, and a replay runs that.
create extension nself_heal;
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id int);', '01_a.down.sql', 'drop table a;', '02_b.sql', 'create table b (id int);'));
select version, status from nself_migrate_up();
-- Of equal files both sums are equal.
select version, status, expected = actual as bytes, expected_tokens = actual_tokens as tokens from nself_migrate_verify();
select * from nself_migrate_reset_checksum('01', 'typo');
\echo :LAST_ERROR_SQLSTATE
select count(*) from nself_journal_put(files(
    '01_a.sql', 'create table a (id bigint);', '01_a.down.sql', 'drop table a;', '02_b.sql', '-- b' || chr(10) || 'create table b (id int);',
    '03_c.sql', 'create table c (id int);'));
select version, status, expected = actual as bytes, expected_tokens = actual_tokens as tokens from nself_migrate_verify();
select version from nself_migrate_up();
-- What it refuses.
select * from nself_migrate_reset_checksum();
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_reset_checksum('01', '  ');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_reset_checksum('09', 'typo');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_reset_checksum('03', 'typo');
\echo :LAST_ERROR_SQLSTATE
-- With a reason. Old and new stay in the ledger.
select version, name, old_checksum = encode(sha256('create table a (id int);'), 'hex') as old,
       new_checksum = encode(sha256('create table a (id bigint);'), 'hex') as new
  from nself_migrate_reset_checksum('1', ' never ran elsewhere ');
select id, version, direction, sql, reason, applied_by = current_user as by_me from nself.ledger order by id;
select version, status from nself_migrate_verify();
select version, state, regexp_replace(note, '[a-z]+ reset its checksum on [0-9-]+', '... reset its checksum on ...') as note
  from nself_migrate_status();
-- What ran here stays what is expected here: int, as it is.
select version, status from nself_migrate_up();
select * from nself_drift();
alter table a alter id type bigint;
select kind, identity, expected, actual from nself_drift();
-- Of a tenant it is the tenant's own.
select version, status from nself_migrate_up(tenant => 'acme', max_count => 1);
select count(*) from nself_journal_put(files('01_a.sql', 'create table a (id text);', '01_a.down.sql', 'drop table a;'));
select version from nself_migrate_reset_checksum('01', 'acme has text', tenant => 'acme');
select state from nself_migrate_status('acme') where version = '01';
select state from nself_migrate_status() where version = '01';
-- It ends when the migration is undone: a later run is that of the file.
select version, status from nself_migrate_down(tenant => 'acme');
select version, status from nself_migrate_up(tenant => 'acme');
select count(*) from nself_journal_put(files('01_a.sql', 'create table a (id bigint);', '02_b.sql', 'create table b (id int);',
                                             '03_c.sql', 'create table c (id int);'));
select state from nself_migrate_status('acme') where version = '01';
select state from nself_migrate_status() where version = '01';
-- Rows of the ledger that somebody edited by hand are told. Nobody can by accident.
update nself.ledger set sql = 'create table b (id text);' where version = '02' and direction = 'up';
begin;
set local session_replication_role = replica;
alter table nself.ledger disable trigger all;
update nself.ledger set sql = 'create table b (id text);' where version = '03' and direction = 'up';
select version, status, expected = actual as bytes, expected_tokens = actual_tokens as tokens
  from nself_migrate_verify() where status <> 'ok';
select version, state, note from nself_migrate_status() where state = 'edited';
select version from nself_migrate_up();
rollback;
