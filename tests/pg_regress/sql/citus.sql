-- Shards of Citus are the engine's. Its catalogs are planted here as its coordinator has them: pg_dist_* in pg_catalog, shards in the
-- schema of their table, called as it is with a number behind.
CREATE EXTENSION nself_heal;
SELECT state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_orders.sql', 'content', $$
    CREATE TABLE orders (id int PRIMARY KEY, note text);
    CREATE TABLE a_name_that_is_so_long_that_a_number_does_not_fit_behind_it (id int);
    CREATE TABLE logs_2024 (id int);$$)));
SELECT version, status FROM nself_migrate_up();
SELECT name FROM nself_tenant_add('acme');
SELECT version, status FROM nself_migrate_up(tenant => 'acme');
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL, partmethod "char" NOT NULL, partkey text, colocationid int NOT NULL DEFAULT 0, repmodel "char" NOT NULL DEFAULT 's');
CREATE TABLE pg_catalog.pg_dist_shard (logicalrelid regclass NOT NULL, shardid bigint NOT NULL, shardstorage "char" NOT NULL, shardminvalue text, shardmaxvalue text);
CREATE TABLE pg_catalog.pg_dist_schema (schemaid oid NOT NULL, colocationid int NOT NULL);
RESET allow_system_table_mods;
INSERT INTO pg_dist_shard VALUES ('orders', 102008, 't', '-2147483648', '-1'), ('orders', 102009, 't', '0', '2147483647'), ('acme.orders', 102010, 't', NULL, NULL),
                                 ('a_name_that_is_so_long_that_a_number_does_not_fit_behind_it', 102011, 't', NULL, NULL);
CREATE TABLE orders_102008 (id int CONSTRAINT orders_pkey_102008 PRIMARY KEY, note text);
CREATE TABLE orders_102009 (id int CONSTRAINT orders_pkey_102009 PRIMARY KEY, note text);
CREATE INDEX orders_note_102009 ON orders_102009 (note);
COMMENT ON TABLE orders_102009 IS 'a shard';
CREATE TABLE acme.orders_102010 (id int, note text);
CREATE TABLE a_name_that_is_so_long_that_a_number_does__1ab3c5d7_102011 (id int);
SELECT kind, identity FROM nself_drift();
SELECT kind, identity FROM nself_drift(tenant => 'acme');
SELECT kind, identity FROM nself_tenant_drift();
SELECT pattern, object_type, identity, reason FROM nself_ignored() WHERE identity IS NOT NULL;
SELECT * FROM nself_heal();
-- What only looks like one is somebody's: another number, another schema, no number of the list, or a migration's own.
CREATE TABLE orders_102010 (id int);
CREATE TABLE acme.orders_102008 (id int);
CREATE TABLE orders_7 (id int);
DROP TABLE logs_2024;
SELECT kind, identity FROM nself_drift();
