-- Migrations are undone: the latest first, and only if all that is asked for can be.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
\set ledger 'select version, direction from nself.ledger order by id'
select files(
    '0001_users.sql', 'create table users (id int primary key);',
    '0001_users.down.sql', 'drop table users;',
    '0002_mail.sql', 'alter table users add mail text;',
    '0003_orders.sql', 'create table orders (id int primary key, user_id int references users);',
    '0003_orders.down.sql', 'drop table orders;',
    '0004_index.sql', 'create index users_mail on users (mail);',
    '0004_index.down.sql', 'drop index users_mail;') as folder \gset
select state, count(*) from nself_journal_put(:'folder') group by state;

-- Nothing is applied yet, so there is nothing to undo.
select * from nself_migrate_down();
select * from nself_migrate_down(steps => 1);
\echo :LAST_ERROR_SQLSTATE
select status, count(*) from nself_migrate_up() group by status;

-- A dry run says what would run, with its SQL, and leaves everything as it is.
select version, name, status, duration_ms, sql from nself_migrate_down(steps => 2, dry_run => true);
select state, count(*) from nself_migrate_status() group by state;

-- The migration 0002 has no down part. The three steps are refused before the first one runs.
select * from nself_migrate_down(steps => 3);
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(steps => 3, dry_run => true);
\echo :LAST_ERROR_SQLSTATE
select to_regclass('users_mail') is not null as index, to_regclass('orders') is not null as orders;
-- Two steps can be taken, the latest first.
select version, name, status, duration_ms >= 0 as timed, sql from nself_migrate_down(steps => 2);
select version, state from nself_migrate_status();
:ledger;

-- Its author writes the down part, and the rest can be undone, too.
\set whole ':''folder''::jsonb || files(''0002_mail.down.sql'', ''alter table users drop mail;'')'
select version, state, note from nself_journal_put(:whole) where state <> 'unchanged';
select status, count(*) from nself_migrate_up() group by status;
-- target is the version that stays the last.
select version, status from nself_migrate_down(target => '0002');
select version, status from nself_migrate_down(target => '0002');
-- Without arguments it is one step.
select version, status from nself_migrate_down();

-- A target or a number of steps that names nothing is an error. A word is no version, and nor is nothing at all.
select * from nself_migrate_down(target => '0009');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(target => '0003');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(target => '3');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(target => '');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(target => 'users');
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(steps => 2);
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(steps => 0);
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(steps => -1);
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(target => '0001', steps => 1);
\echo :LAST_ERROR_SQLSTATE
select version, state from nself_migrate_status();

-- A down part that fails leaves the database as it was, those that ran before it included.
select status, count(*) from nself_migrate_up() group by status;
create view mails as select mail from users;
select * from nself_migrate_down(steps => 3);
\echo :LAST_ERROR_SQLSTATE
select state, count(*) from nself_migrate_status() group by state;
select to_regclass('orders') is not null as orders, to_regclass('users_mail') is not null as index;
drop view mails;

-- A production database asks whether it is meant.
set nself.env = 'prod';
select * from nself_migrate_down();
\echo :LAST_ERROR_SQLSTATE
select * from nself_migrate_down(confirm => 'yes');
\echo :LAST_ERROR_SQLSTATE
select version, status from nself_migrate_down(dry_run => true);
select version, status from nself_migrate_down(confirm => 'yes-destroy-production');
set nself.env = 'Production';
select * from nself_migrate_down();
\echo :LAST_ERROR_SQLSTATE
set nself.env = 'staging';
select version, status from nself_migrate_down();
select * from nself_environment();
-- Another name for the same environment is no contradiction; another environment is.
select * from nself_environment('stage');
select * from nself_environment(claimed => 'prod');
reset nself.env;
-- Where nobody said, the caller's word counts, for the transaction.
select * from nself_environment();
begin;
select * from nself_environment('prod-eu');
select version from nself_migrate_down();
rollback;
show nself.env;

-- Down parts are refused for the same reasons as up parts, with the file and the line, and before anything runs.
select version, state, note from nself_journal_put(:whole || files(
    '0005_more.sql', 'create table more ();',
    '0005_more.down.sql', E'drop table more;\nvacuum users;')) where state <> 'unchanged';
select status, count(*) from nself_migrate_up() group by status;
select * from nself_migrate_down(steps => 2);
\echo :LAST_ERROR_SQLSTATE
-- A blank down part says that there is nothing to undo.
select version, state, note from nself_journal_put(:whole || files(
    '0005_more.sql', 'create table more ();',
    '0005_more.down.sql', '-- The table stays: others use it.')) where state <> 'unchanged';
select version, status from nself_migrate_down();
select to_regclass('more') is not null as still_there;

-- In a file with both parts, lines are counted from the start of the file.
select state from nself_journal_put(files(
    '0009_pair.sql', E'-- UP\ncreate table pair ();\n\n-- DOWN\nselect 1;\ndrop table\n  nothing;\n')) where state = 'added';
select version, status from nself_migrate_up();
select * from nself_migrate_down();
\echo :LAST_ERROR_SQLSTATE
