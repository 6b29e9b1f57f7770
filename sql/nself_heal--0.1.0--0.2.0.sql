-- From 0.1.0 to 0.2.0: schema nself_api, and what Hasura can serve of the schema.
CREATE TABLE nself.installed_api (
    object_type text NOT NULL,
    identity text NOT NULL,
    part_of text,
    says text NOT NULL,
    server integer
);
COMMENT ON TABLE nself.installed_api IS
    'The same of schema nself_api, as nself_api_install() has made it. Empty: it was not called';
COMMENT ON COLUMN nself.installed_api.says IS 'Of the schema: which edition of the functions it has';
CREATE TRIGGER others BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON nself.installed_api
    FOR EACH STATEMENT EXECUTE FUNCTION nself.refuse_others();
ALTER TABLE nself.installed_api ENABLE ALWAYS TRIGGER others;
SELECT pg_catalog.pg_extension_config_dump('nself.installed_api', '');

CREATE OR REPLACE VIEW nself.rights_held AS
    WITH member AS (
        SELECT d.classid, d.objid, false AS is_api
          FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
         WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
           AND e.extname = 'nself_heal'
         UNION ALL
        SELECT CASE i.object_type WHEN 'function' THEN 'pg_catalog.pg_proc'::pg_catalog.regclass
                                  WHEN 'table' THEN 'pg_catalog.pg_class'::pg_catalog.regclass
                                  WHEN 'schema' THEN 'pg_catalog.pg_namespace'::pg_catalog.regclass END,
               CASE i.object_type WHEN 'function' THEN pg_catalog.to_regprocedure(i.identity)::oid
                                  WHEN 'table' THEN pg_catalog.to_regclass(i.identity)::oid
                                  WHEN 'schema' THEN pg_catalog.to_regnamespace(i.identity)::oid END, true
          FROM nself.installed_api i
    )
    SELECT o.target, o.name, o.in_column, o.sql, a.grantor, a.grantee, a.privilege_type AS privilege, a.is_grantable
      FROM (SELECT CASE WHEN m.is_api THEN 'api_function' WHEN p.pronamespace = n.oid THEN 'key' ELSE 'function' END AS target, p.proname AS name,
                   NULL::pg_catalog.name AS in_column,
                   pg_catalog.format('ROUTINE %s', p.oid::pg_catalog.regprocedure) AS sql, p.proowner AS owner,
                   coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) AS acl
              FROM member m
              JOIN pg_catalog.pg_proc p ON m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = m.objid
              JOIN pg_catalog.pg_namespace n ON n.nspname = 'nself'
             UNION ALL
            SELECT CASE WHEN m.is_api THEN 'api_relation' ELSE 'relation' END AS target, r.relname, NULL::pg_catalog.name AS in_column,
                   pg_catalog.format('%s %s', CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                                     r.oid::pg_catalog.regclass), r.relowner, r.relacl
              FROM member m
              JOIN pg_catalog.pg_class r ON m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = m.objid
             UNION ALL
            SELECT CASE WHEN m.is_api THEN 'api_column' ELSE 'column' END AS target, r.relname, a.attname,
                   pg_catalog.format('TABLE %s', r.oid::pg_catalog.regclass), r.relowner, a.attacl
              FROM member m
              JOIN pg_catalog.pg_class r ON m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = m.objid
              JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped
             UNION ALL
            SELECT 'schema' AS target, n.nspname, NULL::pg_catalog.name AS in_column, pg_catalog.format('SCHEMA %I', n.nspname), n.nspowner, n.nspacl
              FROM member m
              JOIN pg_catalog.pg_namespace n
                ON m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND n.oid = m.objid
             UNION ALL
            SELECT 'type' AS target, t.typname, NULL::pg_catalog.name AS in_column, pg_catalog.format('TYPE %s', t.oid::pg_catalog.regtype), t.typowner,
                   coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
              FROM member m
              JOIN pg_catalog.pg_type t ON m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = m.objid
             -- Arrays and the rows of tables have no rights of their own; on some servers they are members, too.
             WHERE t.typcategory <> 'A'
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_class r WHERE r.oid = t.typrelid AND r.relkind <> 'c')) o
     CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) a
     WHERE a.grantee <> o.owner;
COMMENT ON VIEW nself.rights_held IS
    'Each right that somebody other than the owner has on a member of the extension nself_heal, or on what nself_api_install() has made. nself_access() explains them';

CREATE FUNCTION "nself_api_install"() RETURNS TABLE (
	"done" TEXT,  /* & '_ str */
	"object_type" TEXT,  /* & '_ str */
	"identity" TEXT  /* String */
)
STRICT
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'nself_api_install_wrapper';

CREATE FUNCTION "nself_servable"(
	"pending" bool DEFAULT false /* Option < bool > */
) RETURNS TABLE (
	"state" TEXT,  /* & '_ str */
	"version" TEXT,  /* Option < String > */
	"name" TEXT,  /* Option < String > */
	"path" TEXT,  /* Option < String > */
	"note" TEXT,  /* Option < String > */
	"schema" jsonb  /* Option < JsonB > */
)
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'nself_servable_wrapper';

CREATE FUNCTION "nself_api_uninstall"() RETURNS TABLE (
	"done" TEXT,  /* & '_ str */
	"object_type" TEXT,  /* & '_ str */
	"identity" TEXT  /* String */
)
STRICT
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'nself_api_uninstall_wrapper';

COMMENT ON FUNCTION nself_migrate_up(text, integer, boolean, text, boolean) IS
'Needs level migrate, as a dry run look. Applies pending migrations in the caller''s transaction, as the caller, under the caller''s search_path: all of them or none. target: the last version to apply. max_count: how many. dry_run: only list them; sql is NULL below level migrate. A migration that is marked to run without a transaction is refused before anything has run. tenant: the name of a tenant, or its schema, made if it is not there, that comes first in the search_path. out_of_order: true also applies what comes before an applied migration, after it; otherwise that is refused (55000). duration_ms: milliseconds. Fails with the migration, statement and line, and the server''s own SQLSTATE; then the database is as before. Where that is lock_timeout (55P03), the detail names who has the lock. Deferred constraints are checked at the end of each migration, and what it says with SET CONSTRAINTS holds for it alone. Locks: what its statements lock, until the transaction of the caller ends. One session at a time in a database: others wait up to lock_timeout; a REPEATABLE READ transaction that waited gets 40001. Notifies nself_schema of each migration.';
COMMENT ON FUNCTION nself_migrate_down(text, integer, boolean, text, text) IS
'Needs level migrate, as a dry run look. Undoes applied migrations with their down parts, the latest first, in the caller''s transaction. target: the version that stays the last (NULL: see steps). steps: how many (default 1). dry_run: as in nself_migrate_up(). confirm: where nself.env is prod, yes-destroy-production. tenant: as in nself_migrate_up(). A mark for running without a transaction does not count for a down part. Fails before anything runs if a down part is missing. Notifies nself_schema of each migration.';
COMMENT ON FUNCTION nself_servable(boolean) IS
'Needs level look. Tells what a program such as Hasura can serve of the schema. pending: true also tells it of a shadow database in which the pending migrations run one after the other. One row for each state: live (this database), and with pending: applied (the shadow before them), and one for each pending migration: pending (after it), failed (note: what the server said) or not run (an earlier one failed). schema: JSON, {"relations": [{"schema", "name", "kind" as in pg_class, "columns": [{"name", "type", "base", "category", "not_null"}], "primary_key"}], "foreign_keys": [{"schema", "table", "columns", "to_schema", "to_table"}], "functions": [{"schema", "name", "volatile", "variadic", "returns_set", "returns", "returns_relation", "arguments": [{"name", "type", "relation"}]}]}; NULL where it is as in the row before. Schemas of the server''s own, nself and hdb_catalog are left out. A shadow has what migrations made and what they found: compare its states with one another. With pending it fails as nself_migrate_rehearse() does, and works as that does. Changes and locks nothing here.';
COMMENT ON FUNCTION nself_heal(boolean, text[], text, boolean) IS
'Needs level heal, as a dry run look. Closes the drift by adding what is missing. Never drops, retypes, renames, truncates or deletes. Fails with 55000 where another tool has migrated this database since its list was adopted. confirm: false is a dry run that changes nothing and locks as nself_drift() does. not_renamed: identities of missing objects (columns, tables, types, labels, views and others) that are not the old name of an extra one. tenant, all_tenants: closes the drift of this tenant alone, or of all, as nself_drift() tells it. status: planned, applied, blocked (detail says by what, and how to find the rows), manual or failed. Each step runs as the owner of what it touches, in a subtransaction, waiting up to nself.heal_lock_timeout for its locks: ACCESS EXCLUSIVE for columns and most constraints, SHARE ROW EXCLUSIVE for foreign keys (on both tables), SHARE for indexes, until the caller''s transaction ends. Notifies nself_schema if it applied something.';
COMMENT ON FUNCTION nself_api_install() IS
'Needs level admin, and CREATE on the database where the schema is not there. Makes schema nself_api: functions that take what those of this extension take and return rows of tables, for Hasura and PostGraphile, which show no other ones of an extension. The tables never have a row. All of it belongs to the owner of the extension and is SECURITY INVOKER; each level opens there what it opens here, also for roles that get one later. A second call makes as it was what somebody has altered or dropped, and after an update of the extension what the new version has; what is right stays. Returns what it did: created, replaced or dropped. drift tells who alters any of it. Fails with 42P06 if a schema of this name is there that it has not made, with 2BP01 if something depends on what has to be dropped, with 55000 if a table of its own has rows, or in a migration. Locks what it drops or replaces, and as nself_migrate_up().';
COMMENT ON FUNCTION nself_api_uninstall() IS
'Needs level admin. Drops schema nself_api and what nself_api_install() has made in it, and nothing else: it never says CASCADE. Returns what it dropped; no row if there is no such schema. Fails with 2BP01 if somebody has put or altered something there, which it names, or if something else depends on it; then nothing is dropped. Fails with 42P06 if nself_api_install() has not made the schema, with 55000 if what it has made is not known, as after a restore of the schema without its rows. Locks what it drops, and as nself_migrate_up().';

-- The rights that were given stay, and nothing new is open by default privileges.
SELECT nself.reset_access(keep => true);
-- At the very end: it tells what all that is there now looks like.
SELECT nself.note_installed();
