-- The journal: a migrations folder comes into the database, read by the server or sent by a client.
create extension nself_heal;
-- A folder as a client sends it: a path and a content for each file.
create function files(variadic text[]) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', $1[i], 'content', $1[i + 1]) order by i)
      from generate_series(1, cardinality($1), 2) i
$$;
\set journal 'select version, name, path, down_path, up_sql, down_sql from nself.journal order by seq'

-- Before anything is loaded, the lists are empty, and there is nothing to apply.
select * from nself_migrate_status();
select * from nself_migrate_verify();
select * from nself_migrate_up();
\echo :LAST_ERROR_SQLSTATE

-- A client sends a folder: each migration is named with what became of it, and each other file with the reason why it is
-- not one.
select * from nself_journal_put(files(
    '0001_users.sql', 'create table users (id int);',
    '0001_users.down.sql', 'drop table users;',
    '0002_mail.sql', 'alter table users add mail text;',
    'README.md', 'How we migrate.',
    'seed.sql', 'insert into users values (1);',
    '.gitignore', ''));
:journal;

-- The same folder once more changes nothing.
select * from nself_journal_put(files(
    '0001_users.sql', 'create table users (id int);',
    '0001_users.down.sql', 'drop table users;',
    '0002_mail.sql', 'alter table users add mail text;'));

-- A folder that changed: what is new, what is gone, and what differs.
select * from nself_journal_put(files(
    '0001_people.sql', 'create table users (id bigint);',
    '0001_people.down.sql', 'drop table users;  -- all of them',
    '0003_phone.sql', 'alter table users add phone text;'));
-- Only the line ends changed, in both parts.
select * from nself_journal_put(files(
    '0001_people.sql', E'create table users (id bigint);\r\n',
    '0001_people.down.sql', E'drop table users;  -- all of them\r\n',
    '0003_phone.sql', 'alter table users add phone text;'));
-- A migration that was put before another takes its place in the order.
select * from nself_journal_put(files(
    '0001_people.sql', E'create table users (id bigint);\r\n',
    '0001_people.down.sql', E'drop table users;  -- all of them\r\n',
    '0002_mail.sql', 'alter table users add mail text;',
    '0003_phone.sql', 'alter table users add phone text;'));
-- The checksum is the SHA-256 of the bytes of the file, byte order mark and line ends included, as Drizzle keeps it;
-- the byte order mark is no part of the SQL.
select state from nself_journal_put(files('0001_bom.sql', E'\ufeffselect 1;\r\n'));
select checksum = encode(sha256(convert_to(E'\ufeffselect 1;\r\n', 'UTF8')), 'hex') as is_sha256_of_the_bytes,
       up_sql = E'select 1;\r\n' as without_mark
  from nself.journal;
-- Bytes can be sent, too.
select * from nself_journal_put(jsonb_build_array(jsonb_build_object(
    'path', '0001_bom.sql', 'content_base64', encode(convert_to(E'\ufeffselect 1;\r\n', 'UTF8'), 'base64'))));

-- Every error leaves the journal as it is.
select state from nself_journal_put(files('0001_kept.sql', 'select 1;'));
-- No migrations among the files, or no files at all.
select * from nself_journal_put(files('README.md', 'Nothing here yet.'));
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put('[]');
\echo :LAST_ERROR_SQLSTATE
-- Two layouts in one folder.
select * from nself_journal_put(files('0001_a.sql', 'select 1;', '0002_b/up.sql', 'select 2;'));
\echo :LAST_ERROR_SQLSTATE
-- Two migrations of one version: the zeros in front do not tell them apart.
select * from nself_journal_put(files('0004_a.sql', 'select 1;', '4_b.sql', 'select 2;'));
\echo :LAST_ERROR_SQLSTATE
-- A path twice.
select * from nself_journal_put(files('0001_a.sql', 'select 1;', '0001_a.sql', 'select 2;'));
\echo :LAST_ERROR_SQLSTATE
-- Drizzle's journal names a file that is not there.
select * from nself_journal_put(files(
    'meta/_journal.json', '{"version": "7", "dialect": "postgresql", "entries": [{"idx": 0, "tag": "0000_gone"}]}'));
\echo :LAST_ERROR_SQLSTATE
-- A folder for another kind of database.
select * from nself_journal_put(files(
    'meta/_journal.json', '{"version": "7", "dialect": "mysql", "entries": [{"idx": 0, "tag": "0000_a"}]}',
    '0000_a.sql', 'select 1;'));
\echo :LAST_ERROR_SQLSTATE
-- Drizzle's journal is damaged.
select * from nself_journal_put(files('meta/_journal.json', '{"entries"', '0000_a.sql', 'select 1;'));
\echo :LAST_ERROR_SQLSTATE
-- Bytes that are not UTF-8, and a NUL.
select * from nself_journal_put(jsonb_build_array(jsonb_build_object(
    'path', '0001_latin1.sql', 'content_base64', encode('\x73656c65637420e4', 'base64'))));
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put(jsonb_build_array(jsonb_build_object(
    'path', '0001_utf16.sql', 'content_base64', encode('\x73006500', 'base64'))));
\echo :LAST_ERROR_SQLSTATE
-- Paths that leave the folder.
select * from nself_journal_put(files('../0001_a.sql', 'select 1;'));
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put(files('/etc/0001_a.sql', 'select 1;'));
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put(files('a/../../0001_a.sql', 'select 1;'));
\echo :LAST_ERROR_SQLSTATE
-- A list that is none.
select * from nself_journal_put();
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put('{"0001_a.sql": "select 1;"}');
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put('[{"path": "0001_a.sql"}]');
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put('[{"path": "0001_a.sql", "content": "select 1;", "content_base64": "AAAA"}]');
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put('[{"path": "0001_a.sql", "content_base64": "not base64!"}]');
\echo :LAST_ERROR_SQLSTATE
-- A transaction that may only read.
begin read only;
select * from nself_journal_put(files('0001_a.sql', 'select 1;'));
\echo :LAST_ERROR_SQLSTATE
rollback;
:journal;
-- What a caller rolls back has not been loaded.
begin;
select * from nself_journal_put(files('0009_other.sql', 'select 9;'));
rollback;
:journal;

-- A client need not send what the journal has come from already: one hash tells.
create function manifest(files jsonb) returns text language sql as $$
    select encode(sha256(string_agg(int8send(octet_length(path)) || convert_to(path, 'UTF8') || sha256(convert_to(content, 'UTF8')), ''
                                    order by path collate "C")), 'hex')
      from jsonb_to_recordset(files) f(path text, content text)
$$;
\set folder 'files(''0001_a.sql'', ''create role r password ''''secret'''''', ''0002_b.sql'', ''select 2;'', ''notes.md'', '''')'
select * from nself_journal_unchanged(manifest(:folder));
select version, name, state from nself_journal_put(:folder);
select * from nself_journal_unchanged(manifest(:folder));
select count(*) from nself_journal_unchanged(manifest(files('0001_a.sql', 'select 2;')));
select count(*) from nself_journal_unchanged();
-- Not after something else was loaded, or was changed in the journal by hand.
select count(*) from nself_journal_put(files('0001_a.sql', 'select 1;'));
select count(*) from nself_journal_unchanged(manifest(:folder));
set client_min_messages = error;
select count(*) from nself_journal_put(:folder);
reset client_min_messages;
delete from nself.journal where version = '0002';
select count(*) from nself_journal_unchanged(manifest(:folder));

-- Of a snapshot of Drizzle's that the journal has, the hash is enough.
create function drizzle(files jsonb) returns jsonb language sql as $$
    select jsonb_build_array(jsonb_build_object('path', 'meta/_journal.json', 'content', jsonb_build_object('dialect', 'postgresql', 'entries',
               (select jsonb_agg(jsonb_build_object('idx', n - 1, 'tag', replace(f ->> 'path', '.sql', '')))
                  from jsonb_array_elements(files) with ordinality e(f, n) where f ->> 'path' like '%.sql'))::text)) || files
$$;
create function hashes(files jsonb) returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('path', f ->> 'path', 'sha256', encode(sha256(convert_to(f ->> 'content', 'UTF8')), 'hex')) order by n)
      from jsonb_array_elements(files) with ordinality e(f, n)
$$;
\set one 'files(''0000_a.sql'', ''select 1;'', ''meta/0000_snapshot.json'', ''{"id": "s0"}'')'
\set two 'files(''0000_a.sql'', ''select 1;'', ''meta/0000_snapshot.json'', ''{"id": "s0"}'', ''0001_b.sql'', ''select 2;'', ''meta/0001_snapshot.json'', ''{"id": "s1"}'')'
select * from nself_journal_needs(hashes(drizzle(:two)));
select state, count(*) from nself_journal_put(drizzle(:one)) group by 1 order by 1;
select * from nself_journal_needs(hashes(drizzle(:two)));
select * from nself_journal_needs(hashes(drizzle(:two)), snapshots => false);
-- The client sends what is needed, and the hash of the rest.
create function as_needed(files jsonb) returns jsonb language sql as $$
    select jsonb_agg(case when exists (select from nself_journal_needs(hashes(files)) n where n.path = f ->> 'path') then f else h end order by n)
      from jsonb_array_elements(files) with ordinality e(f, n) join jsonb_array_elements(hashes(files)) h on h ->> 'path' = f ->> 'path'
$$;
select version, name, state from nself_journal_put(as_needed(drizzle(:two)));
select version, snapshot, snapshot_sha256 = encode(sha256(convert_to(snapshot::text, 'UTF8')), 'hex') as is_of_it from nself.journal order by seq;
select state, count(*) from nself_journal_put(as_needed(drizzle(:two))) group by 1 order by 1;
-- It may belong to another migration than before.
select version, name, state, note from nself_journal_put(as_needed(drizzle(
    files('0001_b.sql', 'select 2;', 'meta/0001_snapshot.json', '{"id": "s1"}', '0002_c.sql', 'select 3;', 'meta/0002_snapshot.json', '{"id": "s0"}'))));
select version, snapshot from nself.journal order by seq;
-- Who only asks sends no snapshot at all. If that is kept, the snapshot is needed still, and is there once it was sent.
select version, state from nself_journal_put(drizzle(
    '[{"path": "0003_d.sql", "content": "select 4;"}, {"path": "meta/0003_snapshot.json", "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]'));
select version, snapshot, left(snapshot_sha256, 8) from nself.journal;
select * from nself_journal_needs('[{"path": "meta/0003_snapshot.json", "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]');
-- Nothing that runs can be left out, and a hash is one.
select * from nself_journal_put(hashes(files('0001_a.sql', 'select 1;')));
\echo :LAST_ERROR_SQLSTATE
select * from nself_journal_put(drizzle('[{"path": "0003_d.sql", "content": "select 4;"}, {"path": "meta/0003_snapshot.json", "sha256": "ABC"}]'));
select * from nself_journal_put('[{"path": "0003_d.sql", "content": "select 4;", "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]');
select * from nself_journal_needs('[{"path": "0003_d.sql"}]');
