-- A real Drizzle folder, all the way: up, status, verify, down, and up again.
create extension nself_heal;
\getenv examples NSELF_EXAMPLES
\set drizzle :examples /drizzle/drizzle
\set seed :examples /drizzle/seed.sql
select count(*) as migrations from nself_journal_load(:'drizzle') where state = 'added';

select version, name, status from nself_migrate_up();
select version, status from nself_migrate_up();
select state, count(*) from nself_migrate_status() group by state;
select status, count(*) from nself_migrate_verify() group by status;
-- The checksums are those that Drizzle itself writes into its own table: SHA-256 of the file.
select checksum = encode(sha256(pg_read_binary_file(:'drizzle' || '/0000_init_users_and_tenants.sql')), 'hex') as same
  from nself_migrate_status() where version = '0000';
select schemaname, count(*) as tables from pg_tables where schemaname like any (array['public', 'np\_%']) group by 1 order by 1;
-- The application's rows go in.
\set ECHO none
\ir :seed
\set ECHO all
select (select count(*) from np_users) > 0 as users, (select count(*) from np_documents) > 0 as documents;

-- Back to the first, then all the way: nothing is left but the schema that was there before.
select version, name, status from nself_migrate_down(target => '0');
select count(*) > 0 as users_still_there from np_users;
select version, status from nself_migrate_down();
select relname from pg_class where relnamespace = 'public'::regnamespace order by 1;
select typname from pg_type where typnamespace = 'public'::regnamespace order by 1;
select proname from pg_proc p where pronamespace = 'public'::regnamespace and not exists (
    select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e') order by 1;
select nspname from pg_namespace where nspname like 'np%';
-- And up again.
select state, count(*) from nself_migrate_status() group by state;
select status, count(*) from nself_migrate_up() group by status;
-- The whole history is in the ledger.
select direction, count(*) from nself.ledger group by 1 order by 1 desc;
