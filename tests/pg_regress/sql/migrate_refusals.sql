-- What cannot run inside the transaction of the caller is refused before anything has run, with the file and the line.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
-- The first migration is always in order: that it is not applied shows that nothing ran.
create procedure try(variadic text[]) language plpgsql as $$
declare
    state text; message text; hint text;
begin
    perform nself_journal_put(files('0001_first.sql', 'create table first ();') || files(variadic $1));
    begin
        perform nself_migrate_up();
        message := 'it was applied';
    exception when others then
        get stacked diagnostics state = returned_sqlstate, message = message_text, hint = pg_exception_hint;
    end;
    raise info '% %', state, message using hint = hint;
    assert to_regclass('first') is null and not exists (select from nself.ledger), 'something was applied';
end $$;

-- Transaction control, unless it is a BEGIN or a COMMIT at the end.
call try('0002_a.sql', E'create table a ();\n\n\nrollback;');
call try('0002_a.sql', E'begin;\ncreate table a ();\nrollback;');
call try('0002_a.sql', E'savepoint s;\ncreate table a ();\nrelease s;');
call try('0002_a.sql', E'begin;\ncreate table a ();\ncommit;\nbegin;\ncreate table b ();\ncommit;');
call try('0002_a.sql', E'begin;\ncreate table a ();\ncommit and chain;');
call try('0002_a.sql', E'begin;\nprepare transaction ''p'';');

-- Commands of psql.
call try('0002_a.sql', E'\\connect other\ncreate table a ();');
call try('0002_a.sql', E'create table a ();\n  \\i more.sql\n');
call try('0002_a.sql', E'select 1 \\gset');

-- The file is split before its first statement runs, so none can say how it is to be read.
call try('0002_a.sql', E'set standard_conforming_strings = off;\ncreate table a (t text default ''it\\''s'');');
-- Where that decides nothing, it is a setting as any other.
select state from nself_journal_put(files('0002_a.sql', E'set standard_conforming_strings = off;\ncreate table lines (t text default ''a\\nb'', e text default E''it\\''s'');'));
begin;
set local escape_string_warning = off;
select version, status from nself_migrate_up();
insert into lines default values;
select t = E'a\nb' as escaped, e from lines;
rollback;

-- COPY from and to a client that is not there. What follows is data, and not what is wrong.
call try('0002_a.sql', E'create table a (i int, t text);\n\ncopy a from stdin;\n1\tit''s\n2\t\\N\n\\.\nselect 1;');
call try('0002_a.sql', E'create table a (i int);\ncopy a (i) from stdin;\n\\.\n');
call try('0002_a.sql', E'create table a (i int);\ncopy a (i) from stdin;\n1\n2\n');
call try('0002_a.sql', 'copy (select 1) to stdout;');

-- Statements that the server runs on their own only.
call try('0002_a.sql', E'create table a (i int);\n-- Later, without a lock.\ncreate index concurrently on a (i);');
call try('0002_a.sql', 'drop index concurrently a_i;');
call try('0002_a.sql', 'reindex table concurrently a;');
call try('0002_a.sql', 'reindex (verbose, concurrently) index a;');
call try('0002_a.sql', 'reindex schema public;');
call try('0002_a.sql', 'vacuum;');
call try('0002_a.sql', 'vacuum (analyze) a;');
call try('0002_a.sql', 'cluster;');
call try('0002_a.sql', 'alter table a detach partition b concurrently;');
call try('0002_a.sql', 'create database d;');
call try('0002_a.sql', 'drop database d;');
call try('0002_a.sql', $$create tablespace t location '/t';$$);
call try('0002_a.sql', 'drop tablespace t;');
call try('0002_a.sql', 'alter system set work_mem = 1;');
call try('0002_a.sql', $$create subscription s connection '' publication p;$$);
call try('0002_a.sql', 'drop subscription s;');
call try('0002_a.sql', 'discard all;');

-- What is not SQL. The line is that of the place where the server stumbles.
call try('0002_a.sql', E'create table a (\n  i int,\n  i int,,\n);');
call try('0002_a.sql', E'select 1;\nselect ''never closed;\n');
call try('0002_a.sql', E'select 1;\nselect $$ never closed;\n');
call try('0002_a.sql', E'create table ä (\n  ü int\n) wiht (fillfactor = 10);');
-- In a Drizzle folder, too, after marks.
call try('meta/_journal.json', '{"dialect": "postgresql", "entries": [{"tag": "0001_first"}, {"tag": "0002_a"}]}',
         '0002_a.sql', E'create table a ()\n--> statement-breakpoint\ncreate table b ()\n--> statement-breakpoint\nvacuum');

-- A dry run finds it, too.
select * from nself_migrate_up(dry_run => true);
\echo :LAST_ERROR_SQLSTATE

-- A BEGIN and COMMIT around the whole file is taken off, and said, once.
select state from nself_journal_put(files(
    '0001_first.sql', E'-- Made by a tool.\nBEGIN;\ncreate table first ();\nCOMMIT;\n',
    '0002_second.sql', E'start transaction isolation level serializable;\ncreate table second ();\nend;\n',
    '0003_third.sql', E'begin;\ncommit;',
    '0004_fourth.sql', E'do $$\nbegin\n  create table fourth ();\nend $$;'));
select version, status from nself_migrate_up();
select tablename from pg_tables where schemaname = 'public' order by 1;
