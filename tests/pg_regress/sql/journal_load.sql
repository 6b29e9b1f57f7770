-- The server reads a migrations folder of its own machine into the journal.
create extension nself_heal;
\getenv examples NSELF_EXAMPLES
\set drizzle :examples /drizzle/drizzle
\set journal 'select version, name from nself.journal order by seq'

-- A real folder, as drizzle-kit and its author left it.
select * from nself_journal_load(:'drizzle');
-- Again: nothing changed.
select state, count(*) from nself_journal_load(dir => :'drizzle') group by state;
-- Without an argument it is the folder that the setting names.
select * from nself_journal_load();
\echo :LAST_ERROR_SQLSTATE
set nself.migrations_dir = :'drizzle';
select state, count(*) from nself_journal_load() group by state;
reset nself.migrations_dir;

-- Reading files of the server takes the right to do so: level migrate is not enough.
create role regress_reader;
select nself_grant_access('regress_reader', 'migrate');
set role regress_reader;
select * from nself_journal_load('/srv/app/migrations');
\echo :LAST_ERROR_SQLSTATE
-- The error is the same for a folder that is there and one that is not: nothing can be found out by trying.
select * from nself_journal_load('/tmp');
reset role;
-- With the right it works, and superuser is not needed.
grant pg_read_server_files to regress_reader;
set role regress_reader;
select state, count(*) from nself_journal_load(:'drizzle') group by state;
-- Nor may everybody choose the folder that is read without an argument.
set nself.migrations_dir = '/srv/app/migrations';
\echo :LAST_ERROR_SQLSTATE
reset role;
-- Without EXECUTE nobody loads anything.
create role regress_nobody;
set role regress_nobody;
select * from nself_journal_load('/srv/app/migrations');
\echo :LAST_ERROR_SQLSTATE
reset role;

-- A folder of our own, to have things in it that do not belong there.
\set dir `mktemp -d /tmp/nself_heal.XXXXXX`
\setenv DIR :dir
\! chmod 755 "$DIR" && mkdir -p "$DIR/migrations/.git" "$DIR/migrations/old" "$DIR/empty"
\! echo 'select 1;' >"$DIR/migrations/0001_one.sql"; echo 'select 2;' >"$DIR/migrations/old/0000_zero.sql"
\! echo 'select 3;' >"$DIR/outside.sql"; touch "$DIR/migrations/.git/config"
\set migrations :dir /migrations
\set empty :dir /empty
-- An editor's lock is a link to nowhere, and a repository lies beside the migrations: both are hidden, and ignored.
\! ln -s 'me@machine.4711' "$DIR/migrations/.#0001_one.sql"
select * from nself_journal_load(:'migrations');
-- A link within the folder is a file like others.
\! ln -s 0001_one.sql "$DIR/migrations/0002_two.sql"
select * from nself_journal_load(:'migrations');

-- Every error leaves the journal as it is.
-- A link that leaves the folder.
\! ln -s ../outside.sql "$DIR/migrations/0003_three.sql"
select * from nself_journal_load(:'migrations');
\echo :LAST_ERROR_SQLSTATE
\! rm "$DIR/migrations/0003_three.sql"
-- A link to a folder outside.
\! ln -s ../empty "$DIR/migrations/elsewhere"
select * from nself_journal_load(:'migrations');
\echo :LAST_ERROR_SQLSTATE
\! rm "$DIR/migrations/elsewhere"
-- A pipe: it is not waited for.
\! mkfifo "$DIR/migrations/0003_three.sql"
\set VERBOSITY sqlstate
select * from nself_journal_load(:'migrations');
\! rm "$DIR/migrations/0003_three.sql"
-- A folder that the server's user may not look into.
\! mkdir -m 000 "$DIR/closed"
\set closed :dir /closed
select * from nself_journal_load(:'closed');
-- No migrations in the folder.
select * from nself_journal_load(:'empty');
-- A file instead of a folder.
\set file :migrations /0001_one.sql
select * from nself_journal_load(:'file');
\set VERBOSITY default
-- A folder that is not there, and one that is not named in full.
select * from nself_journal_load('/nonexistent/migrations');
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_load('migrations');
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_load('');
\echo :LAST_ERROR_SQLSTATE
:journal;

\! rm -r "$DIR"
revoke execute on function nself_journal_load(text) from regress_reader;
select nself_revoke_access('regress_reader');
drop role regress_reader, regress_nobody;
