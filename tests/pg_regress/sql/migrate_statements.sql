-- How a file becomes statements: the server itself reads it, and Drizzle's marks part it where they are meant.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
create function drizzle(sql text) returns jsonb language sql as $$
    select files('meta/_journal.json', '{"dialect": "postgresql", "entries": [{"tag": "0000_it"}]}', '0000_it.sql', sql)
$$;
-- Chunks that only the mark parts, without a semicolon; a mark that stands after its statement on one line.
begin;
select state from nself_journal_put(drizzle($$CREATE TABLE a (i int)
--> statement-breakpoint
CREATE TABLE b (i int)--> statement-breakpoint
CREATE TABLE c (i int);--> statement-breakpoint

--> statement-breakpoint
-- Nothing but a comment.
--> statement-breakpoint
CREATE TABLE d (i int); CREATE TABLE e (i int)$$));
select version, status from nself_migrate_up();
select tablename from pg_tables where schemaname = 'public' order by 1;
rollback;
-- A mark inside a dollar-quoted body, a string, a quoted name or a block comment is none.
begin;
select state from nself_journal_put(drizzle($sql$CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	-- First this,
	--> statement-breakpoint
	-- then that.
	RETURN 'a
--> statement-breakpoint
b';
END $$;
--> statement-breakpoint
CREATE TABLE t (s text DEFAULT 'x--> statement-breakpoint
y', "c--> statement-breakpoint" int /* z
--> statement-breakpoint
*/)
--> statement-breakpoint
INSERT INTO t DEFAULT VALUES$sql$));
select version, status from nself_migrate_up();
select f();
select * from t;
select position('statement-breakpoint' in prosrc) > 0 as body_is_whole from pg_proc where proname = 'f';
rollback;
-- Where Drizzle's journal switches the marks off, and in other layouts, a mark is a comment.
begin;
select state from nself_journal_put(files('0000_it.sql', E'create table a ()\n--> statement-breakpoint\nwith (fillfactor = 50);'));
select version, status from nself_migrate_up();
select tablename from pg_tables where schemaname = 'public' order by 1;
rollback;

-- Semicolons, quotes and comments of every kind are the server's business.
begin;
select state from nself_journal_put(files('0001_a.sql', $sql$
/* A comment; /* in a comment; */ still */
create table t (a text default '; drop table u; --', b text default E'\'; drop table u;', "c;d" int);; ;
create table u ();
insert into t (a) values ('''; DROP TABLE u; --');
insert into t (a) values ('O''Reilly'), ($q$'; DROP TABLE u; --$q$), (U&'\0027; DROP TABLE u');
create function v() returns int begin atomic; select 1; select 2; end;
create rule r as on update to t do also (select 1; select 2);
create function w() returns void language plpgsql as $body$ begin perform ';'; execute $x$select ';'$x$; end $body$;
-- A comment; at the end$sql$));
select version, status from nself_migrate_up();
select * from t;
select to_regclass('u') is not null as u_is_there, v();
rollback;
-- A byte order mark, line ends of Windows, and a file with nothing in it.
begin;
select state from nself_journal_put(files(
    '0001_bom.sql', E'\ufeffcreate table a (\r\n  i int\r\n);\r\n',
    '0002_empty.sql', '', '0003_comment.sql', '-- nothing yet'));
select version, status from nself_migrate_up();
\d a
rollback;
-- Statements that give rows, and that belong to a session, run as they would in psql.
begin;
select state from nself_journal_put(files('0001_many.sql', $$
    select g into big from generate_series(1, 3) g;
    table big; values (1); show work_mem; explain select 1;
    declare c cursor for select * from big; fetch c; close c;
    prepare p as select 1; execute p; deallocate p;
    create temp table t () on commit drop; listen x; notify x; unlisten x;
    lock table big; analyze big; comment on table big is 'It''s big; really.';
    set constraints all deferred; truncate big;$$));
select version, status from nself_migrate_up();
rollback;
