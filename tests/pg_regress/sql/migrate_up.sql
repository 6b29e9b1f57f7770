-- Migrations are applied: which ones, in which order, and what the ledger keeps of them.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
\set ledger 'select version, direction, path, applied_by, logged_in_as from nself.ledger order by id'
select files(
    '0001_users.sql', 'create table users (id int primary key);',
    '0002_orders.sql', 'create table orders (id int primary key, user_id int references users);',
    '0003_mail.sql', 'alter table users add mail text;',
    '0004_index.sql', 'create index on users (mail);') as folder \gset
select version, state from nself_journal_put(:'folder');

-- A dry run says what would run, with its SQL, and leaves nothing.
select version, name, status, duration_ms, sql from nself_migrate_up(dry_run => true);
select version, status from nself_migrate_up(max_count => 2, dry_run => true);
select tablename from pg_tables where schemaname = 'public' order by 1;
select count(*) from nself.ledger;

-- One migration, then up to the third: the version can be said as a number, too.
select version, name, status, duration_ms >= 0 as timed, sql from nself_migrate_up(max_count => 1);
select version, name, state, applied_by, duration_ms >= 0 as timed, applied_at <= clock_timestamp() as dated
  from nself_migrate_status();
select version, status from nself_migrate_up(target => '3');
-- The rest; and once more, when there is nothing left to do.
select version, status from nself_migrate_up();
select version, status from nself_migrate_up();
select version, status from nself_migrate_up(target => '0004');
select version, status from nself_migrate_up(max_count => 5);
:ledger;
select version, status, expected = actual as equal from nself_migrate_verify();

-- A target or a count that names nothing is an error, and nothing runs.
select version, state from nself_journal_put(:'folder'::jsonb || files('0005_more.sql', 'create table more ();'))
 where state <> 'unchanged';
select * from nself_migrate_up(target => '0006');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(target => 'more');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(target => '');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(max_count => 2);
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(max_count => 0);
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_up(target => '0005', max_count => 1);
\echo :LAST_ERROR_SQLSTATE
-- To go back to a version is not a matter of going up.
select * from nself_migrate_up(target => '0002');
\echo :LAST_ERROR_SQLSTATE
select version, state from nself_migrate_status() where state <> 'applied';

-- The caller's transaction decides: what it rolls back has not been applied, and the ledger knows nothing of it.
begin;
select version, status from nself_migrate_up();
rollback;
select version, state from nself_migrate_status() where version = '0005';
select to_regclass('more') is null as gone;

-- A migration that comes before one that is applied would run on a schema that its author never saw.
select version, state, note from nself_journal_put(
    :'folder'::jsonb || files('0000_late.sql', 'create table late ();')) where state = 'added';
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select version, state from nself_migrate_status();

-- A migration that is applied, and whose file is gone.
select version, state from nself_journal_put(files('0004_index.sql', 'create index on users (mail);'));
select version, state, note from nself_migrate_status();
select version, status, actual is null as no_file from nself_migrate_verify();

-- An applied migration whose file changed: up stops, with both checksums.
\set edited 'replace(:''folder'', ''users (id int primary key)'', ''users (id bigint primary key)'')::jsonb'
select version, state, note from nself_journal_put(:edited || files('0005_more.sql', 'create table more ();'));
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select version, state, note from nself_migrate_status();
select version, status, left(expected, 8) as expected, left(actual, 8) as actual from nself_migrate_verify();
select to_regclass('more') is null as not_applied;
-- White space inside a string may mean something.
select state from nself_journal_put(:'folder'::jsonb || files(
    '0005_more.sql', 'create table more ();',
    '0006_default.sql', $$alter table users alter mail set default 'none given';$$)) where state = 'added';
select version, status from nself_migrate_up();
select state from nself_journal_put(:'folder'::jsonb || files(
    '0005_more.sql', 'create table more ();',
    '0006_default.sql', $$alter table users alter mail set default 'none  given';$$)) where state = 'changed';
select version, state from nself_migrate_status() where state <> 'applied';
-- An edit of comments, white space and line ends alone is told, and does not stop anything.
\set cosmetic 'replace(:''folder'', ''users (id int primary key)'', ''users ( -- all who may log in\\r\\n  id int primary key)'')::jsonb'
select version, state, note from nself_journal_put(:cosmetic || files(
    '0005_more.sql', 'create table more ();',
    '0006_default.sql', $$alter table users alter mail set default 'none given';  -- for now$$,
    '0007_most.sql', 'create table most ();')) where state <> 'unchanged';
select version, status from nself_migrate_up();
select version, state, note from nself_migrate_status() where state <> 'applied';
select version, status from nself_migrate_verify() where status <> 'ok';

-- The ledger is append-only, whoever asks.
update nself.ledger set version = '0000';
\echo :LAST_ERROR_SQLSTATE
delete from nself.ledger;
\echo :LAST_ERROR_SQLSTATE
truncate nself.ledger;
\echo :LAST_ERROR_SQLSTATE
:ledger;

-- Where nothing may be written, the lists can be read and the rest says clearly why not.
begin read only;
select version, state from nself_migrate_status() limit 1;
select version, status from nself_migrate_verify() limit 1;
savepoint here;
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
rollback to here;
select * from nself_migrate_down();
\echo :LAST_ERROR_SQLSTATE
rollback;
