-- What somebody took away on purpose stays away: a heal gives a role what a migration granted to that very role, and to
-- nobody anything else. The control is the role app, which gets its rights back in each of these stories.
SELECT name AS ext FROM pg_available_extensions WHERE name IN ('hstore', 'vector') ORDER BY name LIMIT 1 \gset
CREATE EXTENSION nself_heal;
-- Who changed what, and when, is the story of culprit.sql.
SET nself.capture_ddl = off;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
CREATE ROLE regress_rights_app;
CREATE ROLE regress_rights_clerk;
-- The name by which the product itself speaks of an owner.
CREATE ROLE owner;
CREATE VIEW public_may AS
SELECT has_function_privilege('public', 'app.secret_fn()', 'EXECUTE') AS fn, has_type_privilege('public', 'app.mood', 'USAGE') AS type,
       has_schema_privilege('public', 'public', 'USAGE') AS schema, has_table_privilege('public', 'app.shared', 'SELECT') AS shared,
       has_column_privilege('public', 'app.shared', 'a', 'UPDATE') AS a,
       EXISTS (SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) e WHERE e.grantee = 0) AS later;
CREATE TABLE revoke_all (sql text);
INSERT INTO revoke_all VALUES
    ('REVOKE EXECUTE ON FUNCTION app.secret_fn() FROM PUBLIC, regress_rights_app'),
    ('REVOKE USAGE ON TYPE app.mood FROM PUBLIC'),
    ('REVOKE USAGE ON SCHEMA public FROM PUBLIC'),
    ('REVOKE SELECT ON app.shared FROM PUBLIC, regress_rights_app'),
    ('REVOKE UPDATE (a) ON app.shared FROM PUBLIC, regress_rights_app'),
    ('REVOKE TRUNCATE ON app.shared FROM CURRENT_USER'),
    ('ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM PUBLIC, regress_rights_app'),
    ('REVOKE SELECT ON app.shared FROM owner');
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE SCHEMA app;
    CREATE FUNCTION app.secret_fn() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.locked() RETURNS int LANGUAGE sql AS 'SELECT 1';
    REVOKE EXECUTE ON FUNCTION app.locked() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION app.secret_fn(), app.locked() TO regress_rights_app;
    CREATE TYPE app.mood AS ENUM ('a');
    CREATE TABLE app.shared (a int, b int);
    GRANT SELECT ON app.shared TO PUBLIC, regress_rights_app, owner;
    GRANT UPDATE (a) ON app.shared TO PUBLIC, regress_rights_app;
    ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC, regress_rights_app;
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift() WHERE identity NOT LIKE '%public_may%' AND identity NOT LIKE '%revoke_all%';

-- A DBA takes it all away. Each is seen.
SELECT * FROM public_may;
SELECT sql FROM revoke_all \gexec
SELECT kind, identity, expected, safety, replace(remedy, current_user, 'dba') AS remedy, reason FROM nself_drift() WHERE object_type = 'grant' \g (format=unaligned)
SELECT identity, status FROM nself_heal(true) WHERE object_type = 'grant';
SELECT * FROM public_may;
SELECT has_table_privilege('owner', 'app.shared', 'SELECT') AS its_own;
SELECT count(*) AS may_truncate FROM pg_class c, aclexplode(c.relacl) e
 WHERE c.oid = 'app.shared'::regclass AND e.privilege_type = 'TRUNCATE';
SELECT identity, safety FROM nself_drift() WHERE object_type = 'grant';
-- The worker's way to the same.
SELECT count(*) AS planned FROM nself_heal() WHERE object_type = 'grant' AND status = 'planned';

-- What default privileges keep from everybody, no new function gives; the heal is good all the same.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO regress_rights_clerk WITH GRANT OPTION;
DROP FUNCTION app.secret_fn(), app.locked();
SELECT object_type, identity, status, ddl FROM nself_heal(true) WHERE identity LIKE '%app.secret_fn()' OR identity LIKE '%app.locked()';
SELECT proname, p.grantee::regrole, p.privilege_type FROM pg_proc, aclexplode(proacl) p
 WHERE pronamespace = 'app'::regnamespace AND p.grantee <> proowner ORDER BY 1, 2;
SELECT kind, identity, safety FROM nself_drift() WHERE identity LIKE '%app.secret_fn()' OR identity LIKE '%app.locked()';
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM regress_rights_clerk;
GRANT EXECUTE ON FUNCTION app.secret_fn() TO PUBLIC;

-- Nobody gets a right on something that is not what the right was for.
REVOKE EXECUTE ON FUNCTION app.locked() FROM regress_rights_app;
CREATE OR REPLACE FUNCTION app.locked() RETURNS int LANGUAGE sql AS 'SELECT 2';
SELECT identity, status, detail FROM nself_heal(true) WHERE identity LIKE '%app.locked()';
SELECT has_function_privilege('regress_rights_app', 'app.locked()', 'EXECUTE');
CREATE OR REPLACE FUNCTION app.locked() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT identity, status, detail FROM nself_heal(true) WHERE identity LIKE '%app.locked()';

-- Who granted grants again: when clerk is to grant no more, what clerk granted ends, too.
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', '1_all.sql', 'content', (SELECT up_sql FROM nself.journal)),
    jsonb_build_object('path', '2_clerk.sql', 'content', $$
        GRANT USAGE ON SCHEMA app TO regress_rights_clerk;
        GRANT INSERT ON app.shared TO regress_rights_clerk WITH GRANT OPTION;
        SET LOCAL ROLE regress_rights_clerk;
        GRANT INSERT ON app.shared TO regress_rights_app;
    $$)));
SELECT version, status FROM nself_migrate_up();
REVOKE INSERT ON app.shared FROM regress_rights_clerk CASCADE;
SELECT identity, status, ddl FROM nself_heal(true) WHERE identity LIKE '%app.shared' AND identity LIKE 'regress%';
SELECT e.grantee::regrole, e.grantor::regrole, e.is_grantable FROM pg_class c, aclexplode(c.relacl) e
 WHERE c.oid = 'app.shared'::regclass AND e.privilege_type = 'INSERT' AND e.grantee <> c.relowner AND e.grantor <> c.relowner;

-- What the owner of a table may not create any more is told before anything runs, with the right that is lacking.
SELECT version, state FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', '3_owner.sql', 'content', $$
        CREATE TABLE app.target (id int PRIMARY KEY);
        CREATE TYPE app.size AS ENUM ('s');
        GRANT CREATE ON SCHEMA app TO regress_rights_clerk;
        GRANT REFERENCES ON app.target TO regress_rights_clerk;
        SET LOCAL ROLE regress_rights_clerk;
        CREATE TABLE app.owned (id int CONSTRAINT owned_pkey PRIMARY KEY, v text CONSTRAINT long CHECK (v <> ''), size app.size,
                                CONSTRAINT owned_target FOREIGN KEY (id) REFERENCES app.target);
        CREATE INDEX owned_v ON app.owned (v);
        RESET ROLE;
        REVOKE CREATE ON SCHEMA app FROM regress_rights_clerk;
        REVOKE REFERENCES ON app.target FROM regress_rights_clerk;
        REVOKE USAGE ON TYPE app.size FROM PUBLIC;
    $$)));
SELECT version, status FROM nself_migrate_up();
DROP INDEX app.owned_v;
ALTER TABLE app.owned DROP CONSTRAINT owned_target, DROP CONSTRAINT owned_pkey, DROP CONSTRAINT long, DROP COLUMN size;
CREATE VIEW lacking AS
SELECT object_type, identity, safety, split_part(reason, ': ', 1) AS reason, split_part(remedy, E';\n', 1) AS first FROM nself_drift()
 WHERE identity LIKE '%app.owned%';
SELECT * FROM lacking;
SELECT identity, status FROM nself_heal() WHERE identity LIKE '%app.owned%';
SELECT identity, status, detail FROM nself_heal(true) WHERE identity LIKE '%app.owned%';
-- The server says the same of each.
SET ROLE regress_rights_clerk;
CREATE INDEX owned_v ON app.owned (v);
ALTER TABLE app.owned ADD CONSTRAINT owned_pkey PRIMARY KEY (id);
ALTER TABLE app.owned ADD CONSTRAINT owned_target FOREIGN KEY (id) REFERENCES app.target;
ALTER TABLE app.owned ADD COLUMN size app.size;
RESET ROLE;
SELECT first FROM lacking ORDER BY 1 \gexec
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE '%app.owned%';
REVOKE CREATE ON SCHEMA app FROM regress_rights_clerk;
REVOKE REFERENCES ON app.target FROM regress_rights_clerk;
REVOKE USAGE ON TYPE app.size FROM regress_rights_clerk;
-- Whole tables and schemas, too.
DROP TABLE app.owned;
SELECT * FROM lacking;
GRANT CREATE ON SCHEMA app TO regress_rights_clerk;
GRANT REFERENCES ON app.target TO regress_rights_clerk;
GRANT USAGE ON TYPE app.size TO regress_rights_clerk;
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE '%app.owned%';
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('owned', 'owned_v') ORDER BY 1;

-- Members of extensions, and what the server brings.
SELECT version, state FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(
    jsonb_build_object('path', '4_extension.sql', 'content', format('CREATE SCHEMA things; CREATE EXTENSION %I SCHEMA things', :'ext')),
    jsonb_build_object('path', '5_lock.sql', 'content', format($$
        DO $do$
        DECLARE member regprocedure = (SELECT min(objid::regprocedure::text) FROM pg_depend
                                        WHERE refclassid = 'pg_extension'::regclass AND classid = 'pg_proc'::regclass AND deptype = 'e'
                                          AND refobjid = (SELECT oid FROM pg_extension WHERE extname = '%s'));
        BEGIN
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %%s FROM PUBLIC', member);
            EXECUTE format('GRANT EXECUTE ON FUNCTION %%s TO regress_rights_app', member);
        END $do$;
        COMMENT ON EXTENSION %1$I IS 'ours';
        REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO regress_rights_app;
        GRANT SELECT (rolname) ON pg_catalog.pg_authid TO regress_rights_app;
        REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    $$, :'ext'))));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift() WHERE object_type <> 'grant' AND identity NOT LIKE '%public_may%' AND identity NOT LIKE '%revoke_all%';
SELECT objid::regprocedure::text AS member, regexp_replace(objid::regprocedure::text, '[][\\().+*?]', '\\\&', 'g') AS pattern
  FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND classid = 'pg_proc'::regclass AND deptype = 'e'
   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = :'ext') ORDER BY objid::regprocedure::text LIMIT 1 \gset
CREATE VIEW seen AS
SELECT kind, object_type, replace(replace(identity, :'member', 'member'), :'ext', 'it') AS identity, expected, actual, safety
  FROM nself_drift() WHERE object_type IN ('grant', 'comment')
   AND (identity ~ :'pattern' OR identity ~ 'pg_catalog|plpgsql' OR object_type = 'comment');
SELECT * FROM seen;
-- Each of these alone is seen, and what the migrations granted to a role comes back.
GRANT EXECUTE ON FUNCTION :member TO PUBLIC;
SELECT * FROM seen;
REVOKE EXECUTE ON FUNCTION :member FROM PUBLIC, regress_rights_app;
SELECT * FROM seen;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO PUBLIC;
SELECT * FROM seen;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) FROM regress_rights_app;
REVOKE SELECT (rolname) ON pg_catalog.pg_authid FROM regress_rights_app;
REVOKE SELECT ON pg_catalog.pg_roles FROM PUBLIC;
GRANT CREATE ON SCHEMA pg_catalog TO regress_rights_app;
GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC;
COMMENT ON EXTENSION :ext IS 'theirs';
SELECT * FROM seen;
SELECT replace(replace(identity, :'member', 'member'), :'ext', 'it') AS identity, status
  FROM nself_heal(true) WHERE status = 'applied';
SELECT * FROM seen;
GRANT SELECT ON pg_catalog.pg_roles TO PUBLIC;
REVOKE CREATE ON SCHEMA pg_catalog FROM regress_rights_app;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;

-- An extension that was dropped comes back locked up, in one step, with its comment.
DROP EXTENSION :ext CASCADE;
SELECT object_type, replace(identity, :'ext', 'it') AS identity, status,
       replace(replace(ddl, :'member', 'member'), :'ext', 'it') AS ddl
  FROM nself_heal(true) WHERE status = 'applied' \g (format=unaligned)
SELECT has_function_privilege('public', :'member', 'EXECUTE') AS everybody,
       has_function_privilege('regress_rights_app', :'member', 'EXECUTE') AS app;
SELECT * FROM seen;

-- What else the migrations made of a member a heal does not do: such an extension is not created. While it is as the
-- migrations left it, nothing is said.
SELECT version, state FROM nself_journal_put((SELECT jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)) FROM nself.journal)
    || jsonb_build_array(jsonb_build_object('path', '6_altered.sql', 'content', format($$
-- UP
ALTER FUNCTION %1$s SECURITY DEFINER;
ALTER FUNCTION %1$s SET search_path = things;
COMMENT ON FUNCTION %1$s IS 'ours';
-- DOWN
ALTER FUNCTION %1$s SECURITY INVOKER;
ALTER FUNCTION %1$s RESET ALL;
COMMENT ON FUNCTION %1$s IS NULL;
$$, :'member'))))
 WHERE state = 'added';
SELECT version, status FROM nself_migrate_up();
CREATE VIEW altered AS SELECT replace(object_type, :'ext', 'it') AS object_type, live - expected AS more, replace(name, :'member', 'member') AS name
  FROM nself_drift_not_compared() CROSS JOIN unnest(names) name WHERE object_type ~ 'member' AND name ~ '^function';
SELECT * FROM altered;
ALTER FUNCTION :member RESET search_path;
SELECT * FROM altered;
ALTER FUNCTION :member SET search_path = things;
SELECT * FROM altered;
DROP EXTENSION :ext CASCADE;
CREATE VIEW attempt AS SELECT object_type, replace(identity, :'ext', 'it') AS identity, status, replace(detail, :'member', 'member') AS detail
  FROM nself_heal(true) WHERE object_type = 'extension';
SELECT * FROM attempt;
SELECT count(*) AS there FROM pg_extension WHERE extname = :'ext';
-- The control: as the migrations were before, it comes.
CREATE EXTENSION :ext SCHEMA things;
SELECT version, status FROM nself_migrate_down();
DROP EXTENSION :ext CASCADE;
SELECT * FROM attempt;

DROP VIEW attempt, altered, seen, lacking, public_may;
DROP EXTENSION nself_heal;
DROP OWNED BY regress_rights_app, regress_rights_clerk, owner;
DROP ROLE regress_rights_app, regress_rights_clerk, owner;
