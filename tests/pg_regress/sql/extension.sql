-- The extension can be made and dropped, and leaves nothing behind.
create temp table before (classid oid, objid oid);
create temp view now as
    select 'pg_namespace'::regclass::oid as classid, oid as objid from pg_namespace
    union all select 'pg_class'::regclass, oid from pg_class
    union all select 'pg_type'::regclass, oid from pg_type
    union all select 'pg_proc'::regclass, oid from pg_proc
    union all select 'pg_constraint'::regclass, oid from pg_constraint
    union all select 'pg_trigger'::regclass, oid from pg_trigger
    union all select 'pg_event_trigger'::regclass, oid from pg_event_trigger
    union all select 'pg_extension'::regclass, oid from pg_extension;
insert into before select * from now;
create extension nself_heal;
select extname, nspname as schema
    from pg_extension join pg_namespace n on n.oid = extnamespace
    where extname = 'nself_heal';
drop extension nself_heal;
select pg_describe_object(classid, objid, 0) as left_behind
    from (table now except table before) as new
    order by 1;
-- And once more, as nothing is in the way.
create extension nself_heal;
drop extension nself_heal;

-- Migrations are UTF-8, so a database that cannot hold them is refused.
CREATE DATABASE regress_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_latin1
\set SHOW_CONTEXT never
CREATE EXTENSION nself_heal;
\c regress_extension
DROP DATABASE regress_latin1;
