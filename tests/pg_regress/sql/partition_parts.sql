-- What partitions have of a partitioned index, key or trigger: its name, its settings, whether it fires, its comment, and the
-- marks on it are compared, and a heal makes them as the migrations say.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_p.sql', 'content', $m$
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE other (id int PRIMARY KEY);
    INSERT INTO other VALUES (1);
    CREATE TABLE p (id int NOT NULL, k int NOT NULL, t text DEFAULT 'x', o int REFERENCES other,
                    CONSTRAINT positive CHECK (id > 0)) PARTITION BY LIST (k);
    CREATE TABLE p1 (k int NOT NULL, id int NOT NULL, o int, t text, CONSTRAINT positive CHECK (id > 0));
    CREATE INDEX p1_special ON p1 (t) WITH (fillfactor = 70);
    COMMENT ON INDEX p1_special IS 'the special one';
    ALTER TABLE p1 ADD CONSTRAINT p1_key PRIMARY KEY (id, k);
    ALTER TABLE p1 CLUSTER ON p1_special;
    ALTER TABLE p1 REPLICA IDENTITY USING INDEX p1_key;
    ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);
    CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
    ALTER TABLE p ADD PRIMARY KEY (id, k);
    CREATE INDEX p_t ON p (t);
    CREATE INDEX p_o ON ONLY p (o);
    CREATE INDEX p1_o ON p1 (o);
    ALTER INDEX p_o ATTACH PARTITION p1_o;
    CREATE TRIGGER tr BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION note();
    ALTER TABLE p1 DISABLE TRIGGER tr;
$m$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO p VALUES (1, 1), (2, 2);
-- Since PostgreSQL 18 a NOT NULL has a name.
CREATE FUNCTION pg_temp.plain(text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace($1, ' CONSTRAINT "\w+_not_null"', '', 'g') $$;
CREATE TEMP VIEW told AS SELECT kind, object_type, identity, expected, actual, safety, pg_temp.plain(remedy) AS remedy FROM nself_drift();
SELECT * FROM told \gx

CREATE TEMP TABLE indexes AS
    SELECT c.relname, c.reloptions, i.indisclustered, i.indisreplident, h.inhparent::regclass::text AS whole, pg_get_indexdef(c.oid) AS def,
           obj_description(c.oid) AS comment
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
     WHERE i.indrelid IN ('p'::regclass, 'p1'::regclass, 'p2'::regclass);

-- Changes of parts. Each remedy leads back.
ALTER INDEX p1_special RENAME TO p1_other;
ALTER INDEX p2_t_idx SET (fillfactor = 50);
ALTER TABLE p2 RENAME CONSTRAINT p2_pkey TO p2_key;
ALTER TABLE p1 ENABLE TRIGGER tr;
ALTER TABLE p2 DISABLE TRIGGER tr;
ALTER TABLE p1 SET WITHOUT CLUSTER;
COMMENT ON INDEX p1_o IS 'not expected';
SELECT * FROM told \gx
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT remedy FROM told ORDER BY object_type NOT IN ('index') \gexec
SELECT * FROM told \gx

-- One more part of an index that is not to have it.
CREATE INDEX p2_o ON p2 (o);
ALTER INDEX p_o ATTACH PARTITION p2_o;
SELECT * FROM told \gx
DROP INDEX p_o;
-- An index with all of its parts, or with those that were attached to it.
SELECT * FROM told \gx
SELECT object_type, identity, pg_temp.plain(ddl) AS ddl, status, detail FROM nself_heal(true);
SELECT * FROM told \gx
SELECT c.relname, i.indisvalid, h.inhparent::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
 WHERE c.relname IN ('p_o', 'p1_o', 'p2_o_idx') ORDER BY 1;
DROP INDEX p_t;
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT * FROM told \gx
-- A part that was lost of an index that has only some.
DROP INDEX p_o;
CREATE INDEX p_o ON ONLY p (o);
SELECT * FROM told \gx
SELECT object_type, identity, pg_temp.plain(ddl) AS ddl, status, detail FROM nself_heal(true);
SELECT * FROM told \gx
-- One that is there, and was not attached again.
DROP INDEX p_o;
CREATE INDEX p_o ON ONLY p (o);
CREATE INDEX p1_o ON p1 (o);
SELECT * FROM told \gx
SELECT object_type, identity, pg_temp.plain(ddl) AS ddl, status, detail FROM nself_heal(true);
SELECT * FROM told \gx

-- A whole partition.
DROP TABLE p1;
SELECT * FROM told \gx
SELECT object_type, identity, pg_temp.plain(ddl) AS ddl, status, detail FROM nself_heal(true);
SELECT * FROM told \gx
INSERT INTO p VALUES (1, 1);
-- And the key of all.
ALTER TABLE p DROP CONSTRAINT p_pkey;
SELECT * FROM told \gx
SELECT object_type, identity, pg_temp.plain(ddl) AS ddl, status, detail FROM nself_heal(true);
SELECT * FROM told \gx
-- All of it.
DROP TABLE p;
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT * FROM told \gx
SELECT * FROM indexes EXCEPT
    SELECT c.relname, c.reloptions, i.indisclustered, i.indisreplident, h.inhparent::regclass::text AS whole, pg_get_indexdef(c.oid) AS def,
           obj_description(c.oid) AS comment
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
     WHERE i.indrelid IN ('p'::regclass, 'p1'::regclass, 'p2'::regclass);

-- A partition that was taken out, and lost what it had of its table.
ALTER TABLE p DETACH PARTITION p2;
SELECT * FROM told \gx
ALTER TABLE p2 DROP CONSTRAINT positive, DROP CONSTRAINT p2_pkey;
DROP INDEX p2_t_idx;
SELECT * FROM told \gx
SELECT object_type, identity, pg_temp.plain(ddl) AS ddl, status, detail FROM nself_heal(true);
SELECT remedy FROM told \gexec
SELECT * FROM told \gx
-- A new partition gets a part also of an index that has only some.
DROP INDEX p_o;
SELECT count(*) FROM nself_heal(true);
DROP TABLE p2;
SELECT object_type, identity, status, detail FROM nself_heal(true);
SELECT * FROM told \gx
