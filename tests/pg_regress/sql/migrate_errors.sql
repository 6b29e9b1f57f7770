-- A migration that fails: the error says where and why in the words of the server, and the database is as it was.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
create table kept (i int);
insert into kept values (1);

-- The second of three fails, in the third statement, on its second line. The first is undone with it.
select state from nself_journal_put(files(
    '0001_one.sql', 'create table one (); insert into kept values (2);',
    '0002_two.sql', E'create table two ();\n-- And now:\nalter table two add a int;\nalter table two\n  add b nonsense;\ndrop table kept;',
    '0003_three.sql', 'create table three ();'));
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select tablename from pg_tables where schemaname = 'public' order by 1;
select * from kept;
select count(*) from nself.ledger;
select version, state from nself_migrate_status();
-- What had been applied before stays.
select version, status from nself_migrate_up(target => '0001');
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select tablename from pg_tables where schemaname = 'public' order by 1;
select version, state from nself_migrate_status();

-- Whatever the server says comes through: its SQLSTATE, its detail and its hint.
create function try(sql text) returns table (state text, message text, detail text, hint text) language plpgsql as $$
begin
    perform nself_journal_put(files('0001_one.sql', 'create table one (); insert into kept values (2);', '0002_try.sql', sql));
    perform nself_migrate_up();
exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, detail = pg_exception_detail,
                            hint = pg_exception_hint;
    return next;
end $$;
\x
select * from try($$create unique index on kept (i); insert into kept values (1);$$);
select * from try($$do 'begin raise exception ''No.'' using errcode = ''NS001'', detail = ''Why?'', hint = ''Ask.''; end';$$);
select * from try($$select 1 / 0;$$);
select * from try($$selec 1;$$);
-- The line is that of the place in question, also inside the body of a function.
select * from try(E'create function f() returns int\nlanguage sql as $$\n  select i\n    from nowhere;\n$$;');
select * from try(E'select 1;\n\ndo $$\nbegin\n  insert into kept values (3);\n  insert into nowhere\n  values (4);\nend $$;');
-- Characters of several bytes do not move it.
select * from try(E'select ''ääää'',\n  ''öööö'',\n  nothing;');
-- The same body twice: the line is that of the statement, rather than a wrong one.
select * from try(E'select 1;\ndo $$\nbegin\n  perform ''select nothing'';\n  execute ''select nothing'';\nend $$;');
-- A migration cannot end the transaction from inside a body.
select * from try(E'do $$ begin commit; end $$;');
\x
-- A limit of the caller's.
select state from nself_journal_put(files('0001_one.sql', 'create table one (); insert into kept values (2);',
                                          '0002_try.sql', 'select pg_sleep(10);'));
set statement_timeout = 100;
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
reset statement_timeout;

-- A check that is deferred to the end of the transaction names its migration.
\x
select * from try($$
    create table parent (id int primary key);
    create table child (id int primary key, parent int references parent deferrable initially deferred);
    insert into child values (1, 1);$$);
\x
-- It is deferred to the end of its migration, so that the next one can alter the table.
select state from nself_journal_put(files(
    '0001_one.sql', 'create table one (); insert into kept values (2);',
    '0002_rows.sql', $$
        create table parent (id int primary key);
        create table child (id int primary key, parent int references parent deferrable initially deferred);
        insert into child values (1, 1);
        insert into parent values (1);$$,
    '0003_alter.sql', 'alter table child add remark text;',
    '0004_rows.sql', 'insert into child values (2, 2); insert into parent values (2);'));
select version, status from nself_migrate_up();

-- A value that is added to an enum cannot be used before it is committed; the hint says what to do.
create type mood as enum ('sad');
select state from nself_journal_put(files(
    '0005_add.sql', $$alter type mood add value 'glad';$$,
    '0006_use.sql', $$create table moods (m mood default 'glad'); insert into moods default values;$$));
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select version, status from nself_migrate_up(target => '0005');
select version, status from nself_migrate_up();

-- A migration does not run migrations.
select state from nself_journal_put(files('0007_up.sql', 'select nself_migrate_up();'));
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
select state from nself_journal_put(files('0007_down.sql', 'select nself_migrate_down();'));
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
-- The session is none the worse for it.
select state from nself_journal_put(files('0007_fine.sql', 'select 1;'));
select version, status from nself_migrate_up();
