-- How something is stored, and the options of views, are compared by their values. A true difference is altered, and nothing
-- is dropped for it.
-- Needs extensions: btree_gist
CREATE EXTENSION nself_heal;
CREATE EXTENSION btree_gist;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    CREATE EXTENSION IF NOT EXISTS bloom;
    CREATE TABLE t (id int CONSTRAINT t_pkey PRIMARY KEY WITH (fillfactor = 70), doc text,
        CONSTRAINT ex EXCLUDE USING gist (id WITH =) WITH (fillfactor = 60, buffering = on) WHERE (id > 0) DEFERRABLE INITIALLY DEFERRED)
        WITH (autovacuum_enabled = false, autovacuum_vacuum_scale_factor = 0.5, toast.autovacuum_enabled = true, vacuum_index_cleanup = on, fillfactor = 80);
    ALTER TABLE t ALTER doc SET (n_distinct = 5);
    CREATE VIEW v WITH (security_invoker = true, security_barrier) AS SELECT 1 AS id;
    CREATE VIEW c AS SELECT id FROM t WHERE id > 0 WITH LOCAL CHECK OPTION;
    CREATE INDEX b ON t USING brin (id) WITH (autosummarize = on, pages_per_range = 64) WHERE id > 1;
    CREATE INDEX u ON t (doc);
    CREATE INDEX bl ON t USING bloom (id) WITH (length = 80);
    CREATE MATERIALIZED VIEW m WITH (autovacuum_enabled = false, toast.autovacuum_enabled = 0) AS SELECT id, doc FROM t;
    CREATE INDEX m_id ON m (id) WITH (deduplicate_items = off);
    CREATE TABLE p (id int, CONSTRAINT p_pkey PRIMARY KEY (id) WITH (fillfactor = 40)) PARTITION BY LIST (id);
    CREATE INDEX p_id ON p (id) WITH (fillfactor = 50);
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
-- The same in other words.
ALTER TABLE t SET (autovacuum_enabled = off, autovacuum_vacuum_scale_factor = 5e-1, toast.autovacuum_enabled = 1, vacuum_index_cleanup = 'TRUE', fillfactor = 080);
ALTER TABLE t ALTER doc SET (n_distinct = 5.0);
ALTER VIEW v SET (security_invoker = 'Yes', security_barrier = 't');
ALTER VIEW c SET (check_option = 'LOCAL');
ALTER INDEX b SET (autosummarize = y, pages_per_range = '64');
ALTER MATERIALIZED VIEW m SET (autovacuum_enabled = n, toast.autovacuum_enabled = 'FALSE');
ALTER INDEX m_id SET (deduplicate_items = 'f');
ALTER INDEX ex SET (buffering = 'ON');
SELECT kind, object_type, identity, expected, actual, remedy FROM nself_drift();
-- Something else.
ALTER TABLE t SET (autovacuum_enabled = true, fillfactor = 90, toast_tuple_target = 200);
ALTER TABLE t ALTER doc SET (n_distinct = 6);
ALTER VIEW v SET (security_invoker = false);
ALTER VIEW c RESET (check_option);
ALTER INDEX b SET (autosummarize = off);
ALTER INDEX u SET (fillfactor = 50);
ALTER INDEX t_pkey SET (fillfactor = 71);
ALTER INDEX ex RESET (buffering);
ALTER MATERIALIZED VIEW m RESET (autovacuum_enabled);
ALTER MATERIALIZED VIEW m SET (toast.autovacuum_enabled = true, fillfactor = 20);
ALTER INDEX m_id RESET (deduplicate_items);
ALTER INDEX bl SET (length = 96);
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
-- A view that says something else, too: one statement settles both.
CREATE OR REPLACE VIEW v WITH (security_invoker = false) AS SELECT 2 AS id;
SELECT kind, object_type, identity, expected, actual, safety, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
-- A text that is printed in another form, with other options: only the options differ.
ALTER INDEX b SET (pages_per_range = 32);
ALTER VIEW c SET (security_barrier = true);
SELECT kind, object_type, identity, expected, actual, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
-- Of a partitioned index nothing can be altered.
DROP INDEX p_id;
CREATE INDEX p_id ON p (id) WITH (fillfactor = 51);
ALTER TABLE p DROP CONSTRAINT p_pkey, ADD CONSTRAINT p_pkey PRIMARY KEY (id) WITH (fillfactor = 41);
SELECT kind, object_type, identity, expected, actual, remedy FROM nself_drift();
SELECT remedy FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
-- A heal makes them as they were.
CREATE TEMP TABLE before AS
    SELECT oid::regclass::text AS name, reloptions, CASE WHEN relkind IN ('i', 'I') THEN pg_get_indexdef(oid) END AS def
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL;
DROP VIEW v, c;
DROP MATERIALIZED VIEW m;
DROP INDEX b, u, bl, p_id;
ALTER TABLE t DROP CONSTRAINT ex, DROP CONSTRAINT t_pkey;
ALTER TABLE p DROP CONSTRAINT p_pkey;
-- Servers print columns with their table or without it.
SELECT object_type, identity, status, regexp_replace(ddl, '([ (])t\.', '\1', 'g') AS ddl FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();
SELECT b.* FROM before b WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass(b.name));
