-- Evidence of ten thousand tables: most of them made by a loop, some from rows that no replay has. With one
-- version of the server: nothing in it depends on that.
SELECT current_setting('server_version_num')::int / 10000 <> 15 AS is_other \gset
\if :is_other
\quit
\endif
CREATE EXTENSION nself_heal;
CREATE TABLE files (path text PRIMARY KEY, content text);
-- Each migration in a transaction of its own, so that the locks of one are let go of before the next.
CREATE PROCEDURE add(path text, content text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO files VALUES (path, content);
    PERFORM count(*) FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', f.path, 'content', f.content)) FROM files f));
    PERFORM count(*) FROM nself_migrate_up();
    COMMIT;
END $$;
CALL add('00_names.sql', 'CREATE TABLE names (n int)');
INSERT INTO names SELECT * FROM generate_series(1, 1000);
DO $$
BEGIN
    FOR i IN 1..9 LOOP
        CALL add(format('1%s_loop.sql', i), format($m$DO $d$ BEGIN FOR n IN 1..1000 LOOP
            EXECUTE format('CREATE TABLE l%s_%%s (a int NOT NULL DEFAULT %%s)', n, n); END LOOP; END $d$ $m$, i));
    END LOOP;
    CALL add('20_rows.sql', $m$DO $d$ DECLARE r int; BEGIN FOR r IN SELECT n FROM names ORDER BY 1 LOOP
        EXECUTE format('CREATE TABLE r_%s (a int NOT NULL DEFAULT %s)', r, r); END LOOP; END $d$ $m$);
END $$;
SELECT count(*) FROM pg_tables WHERE tablename ~ '^[lr]\d*_';
-- What is lost of either kind is found and healed, and nothing else differs.
ALTER TABLE l7_700 ALTER a DROP DEFAULT;
ALTER TABLE r_700 ALTER a DROP DEFAULT;
DROP TABLE r_701;
SET client_min_messages = warning;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT count(*), min(version), count(DISTINCT status) FROM nself_migrate_verify(replay => true) WHERE status <> 'ok';
-- A table costs about a kilobyte, and a migration keeps no more than what it touches.
SELECT count(*), max(length(evidence::text)) / 1000 < 2048 AS small FROM nself.evidence;
CALL add('30_one.sql', 'ALTER TABLE r_5 ADD b int');
SELECT length(evidence::text) < 2048 AS small FROM nself.evidence ORDER BY ledger_id DESC LIMIT 1;
SELECT * FROM nself_drift();
