-- What of a folder on the server is read. folder/src/lib.rs has the rules, which hold for the command nself as well.
create extension nself_heal;
\set journal 'select version, name, path, up_sql from nself.journal order by seq'
\set dir `mktemp -d /tmp/nself_heal.XXXXXX`
\setenv DIR :dir
\! chmod 755 "$DIR" && mkdir -p "$DIR/node_modules/a" "$DIR/old" "$DIR/a/b/c/d/e/f/g/h/i"
\! echo 'select 1;' >"$DIR/0001_one.sql"; echo 'select 2;' >"$DIR/old/0000_zero.sql"
-- Packages of Node and what lies too deep are not looked into; both are named.
\! echo 'select 3;' >"$DIR/node_modules/a/0001_other.sql"; echo 'select 4;' >"$DIR/a/b/c/d/e/f/g/h/i/0001_deep.sql"
-- A link to a folder is followed, but not one that never ends; nobody looks where a hidden one leads.
\! ln -s old "$DIR/link"; ln -s .. "$DIR/old/above"; ln -s /root "$DIR/.outside"
-- A link counts by its own name.
\! echo 'select 5;' >"$DIR/five.txt"; ln -s five.txt "$DIR/0005_five.sql"
select * from nself_journal_load(:'dir');
:journal;

-- Every error leaves the journal as it is.
\set VERBOSITY sqlstate
-- A file that is too large, and files that are too large together.
\! truncate -s 65M "$DIR/0006_dump.sql"
select * from nself_journal_load(:'dir');
\! truncate -s 64M "$DIR/0006_dump.sql" "$DIR/0007_dump.sql" "$DIR/0008_dump.sql"
select * from nself_journal_load(:'dir');
\! rm "$DIR"/000[678]_dump.sql
-- A name that is not UTF-8.
\! touch "$DIR/$(printf '0006_\344.sql')"
select * from nself_journal_load(:'dir');
\! rm "$DIR"/0006_*
-- A link to nowhere.
\! ln -s gone.sql "$DIR/0006_gone.sql"
select * from nself_journal_load(:'dir');
\set VERBOSITY default
:journal;

\! rm -r "$DIR"
