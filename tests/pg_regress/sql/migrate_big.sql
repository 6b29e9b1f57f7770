-- Much of it: a thousand migrations, and one of five megabytes.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
select count(*) from nself_journal_put((
    select jsonb_agg(jsonb_build_object('path', format('%s_m.sql', lpad(n::text, 4, '0')),
                                        'content', format('create table t%s (id int primary key); insert into t%s values (%s);', n, n, n)))
           || jsonb_agg(jsonb_build_object('path', format('%s_m.down.sql', lpad(n::text, 4, '0')),
                                           'content', format('drop table t%s;', n)))
      from generate_series(1, 1000) n));
select status, count(*), min(version), max(version) from nself_migrate_up(target => '0999') group by status;
select status, count(*) from nself_migrate_up() group by status;
select state, count(*) from nself_migrate_status() group by state;
select status, count(*) from nself_migrate_verify() group by status;
select count(*) from pg_tables where schemaname = 'public';
select status, count(*), (array_agg(version))[1] as first from nself_migrate_down(steps => 900) group by status;
select state, count(*) from nself_migrate_status() group by state order by state;

-- Five megabytes in a hundred thousand statements' lines, and five more in one string. It is read and run in seconds.
set statement_timeout = '120s';
create table lines (n int, t text);
select files('2000_big.sql', (select string_agg(format(E'insert into lines values (%s,\n  %L);\n', n, repeat('x', 450)), '') from generate_series(1, 10000) n),
             '2001_big.sql', format('insert into lines values (0, %L);', repeat('it''s ', 1000000)),
             '2002_fails.sql', (select string_agg('insert into lines values (1, null);' || repeat(E'\n', 100), '') from generate_series(1, 1000) n) || 'select nothing;') as big \gset
select version, state from nself_journal_put(:'big') where state = 'added';
select version, octet_length(up_sql) from nself.journal order by seq;
select version, status, length(sql) from nself_migrate_up(target => '2001');
select count(*), sum(length(t)) from lines;
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE
