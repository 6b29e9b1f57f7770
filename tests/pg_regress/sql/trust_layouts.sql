-- Layouts of roles that are common: an ordinary heal goes through in each, and what is blocked is blocked for a reason.
CREATE ROLE regress_app LOGIN;
CREATE ROLE regress_owner NOLOGIN;
CREATE ROLE regress_deployer LOGIN;
CREATE ROLE regress_boss LOGIN;
GRANT regress_owner TO regress_deployer;
GRANT regress_app TO regress_boss;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
-- The database is the application's.
ALTER DATABASE regress_trust_layouts OWNER TO regress_app;
GRANT CREATE ON DATABASE regress_trust_layouts TO regress_owner;
SELECT nself_grant_access(role, 'migrate') FROM unnest('{regress_app,regress_owner,regress_deployer}'::text[]) role;
CREATE PROCEDURE put(version text, up text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM nself_journal_put((SELECT coalesce(jsonb_agg(jsonb_build_object('path', path, 'content', up_sql)), '[]') FROM nself.journal)
        || jsonb_build_array(jsonb_build_object('path', version || '.sql', 'content', up)));
END $$;
INSERT INTO nself.allowed_drift (pattern, reason) VALUES ('public.put*', 'of this test');
SELECT $$CREATE FUNCTION @.ok(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN i > 0; END';
    CREATE FUNCTION @.next() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 7; END';
    CREATE DOMAIN @.positive AS int CHECK (@.ok(VALUE));
    CREATE TABLE @.t (i int CONSTRAINT c CHECK (@.ok(i)), j int DEFAULT @.next(), d @.positive, n int NOT NULL DEFAULT 1);
    CREATE INDEX t_ok ON @.t (@.ok(i)); CREATE INDEX t_i ON @.t (i);
    CREATE MATERIALIZED VIEW @.m AS SELECT @.ok(1) AS ok;$$ AS up,
$$ALTER TABLE @.t DROP CONSTRAINT c, DROP j, DROP d, DROP n; DROP INDEX @.t_ok, @.t_i; DROP MATERIALIZED VIEW @.m;$$ AS damage \gset

-- The layouts stand in one chain, whose migrations somebody reviews.
ALTER DATABASE regress_trust_layouts SET nself.trusted_authors = 'regress_app, regress_owner';
-- One role for all.
CALL put('1_app', 'CREATE SCHEMA app;' || replace(:'up', '@', 'app'));
\c - regress_app
SELECT status FROM nself_migrate_up();
INSERT INTO app.t DEFAULT VALUES;
SELECT replace(:'damage', '@', 'app') AS damage_app \gset
:damage_app
SELECT identity, status FROM nself_heal(true) WHERE status <> 'applied';
-- A superuser heals it as well, and so the worker.
:damage_app
\c - postgres
SELECT identity, status FROM nself_heal(true) WHERE status <> 'applied';
-- So does code of somebody who may become that role anyway.
SET client_min_messages = warning;
ALTER FUNCTION app.ok(int) OWNER TO regress_boss;
SET nself.compare_owners = off;
:damage_app
SELECT identity, status FROM nself_heal(true) WHERE status <> 'applied';
-- And that of somebody who may give himself that role, as the roles have it that managed servers give to their customers.
CREATE ROLE regress_giver LOGIN;
SELECT CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'GRANT regress_app TO regress_giver WITH ADMIN OPTION'
            ELSE 'GRANT regress_app TO regress_giver WITH ADMIN TRUE, INHERIT FALSE, SET FALSE' END AS give \gset
:give;
ALTER FUNCTION app.ok(int) OWNER TO regress_giver;
:damage_app
SELECT identity, status FROM nself_heal(true) WHERE status <> 'applied';
ALTER FUNCTION app.ok(int) OWNER TO regress_app;

-- The application's database, whose migrations a superuser runs: what is in public, its owner can replace. All else is
-- healed, and the superuser's own schema is.
CALL put('2_public', replace(:'up', '@', 'public') || 'CREATE SCHEMA super;' || replace(:'up', '@', 'super'));
SELECT status FROM nself_migrate_up();
SELECT replace(:'damage', '@', 'public') AS damage_public, replace(:'damage', '@', 'super') AS damage_super \gset
:damage_public
:damage_super
SELECT identity, status, detail FROM nself_heal(true) WHERE status <> 'applied';
SELECT count(*) AS left FROM nself_drift();

-- Owners that may not log in, and those who deploy for them.
CALL put('3_owner', 'CREATE SCHEMA team;' || replace(:'up', '@', 'team'));
SET client_min_messages = warning;
ALTER TABLE t DROP CONSTRAINT IF EXISTS c;
\c - regress_deployer
SET ROLE regress_owner;
SELECT status FROM nself_migrate_up();
SELECT replace(:'damage', '@', 'team') AS damage_team \gset
:damage_team
RESET ROLE;
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE '%team.%' AND status <> 'applied';
\c - postgres
:damage_team
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE '%team.%' AND status <> 'applied';

-- A group that may not log in owns the schema, its only member owns what is in it.
SET client_min_messages = warning;
CREATE ROLE regress_group NOLOGIN;
GRANT regress_group TO regress_app;
CALL put('4_group', 'CREATE SCHEMA common AUTHORIZATION regress_group; SET ROLE regress_app;' || replace(:'up', '@', 'common') || 'RESET ROLE;');
SELECT status FROM nself_migrate_up();
INSERT INTO common.t DEFAULT VALUES;
SELECT replace(:'damage', '@', 'common') AS damage_common \gset
:damage_common
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE '%common.%' AND status <> 'applied';
-- A second member could replace what is in the schema, also one that may only pass the group on.
GRANT regress_group TO regress_deployer WITH ADMIN OPTION;
:damage_common
SELECT identity, status, detail FROM nself_heal() WHERE identity LIKE '%common.%' AND status <> 'planned';
REVOKE regress_group FROM regress_deployer;
SELECT identity, status FROM nself_heal(true) WHERE identity LIKE '%common.%' AND status <> 'applied';

-- Several roles apply migrations that nobody reviews. What belongs to those who trust all of them is healed, and the rest is
-- blocked. Only a superuser says that somebody reviews them.
SET nself.trusted_authors = '';
:damage_super
:damage_common
SELECT identity, status, detail FROM nself_heal() WHERE identity IN ('super.t_i', 'common.t_i') \g (format=unaligned)
SET ROLE regress_app;
SET nself.trusted_authors = '*';
RESET ROLE;
SET nself.trusted_authors = '"regress_owner"';
SELECT identity, status FROM nself_heal() WHERE identity IN ('super.t_i', 'common.t_i');
SET nself.trusted_authors = '*';
SELECT identity, status FROM nself_heal(true) WHERE identity IN ('super.t_i', 'common.t_i');
RESET nself.trusted_authors;

-- A strong role that is no superuser owns all, as with Supabase; what watches DDL is a superuser's.
CREATE FUNCTION super.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% watched as %', tg_tag, current_user; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION super.watch();
\c - regress_app
SET client_min_messages = warning;
DROP INDEX app.t_ok;
RESET client_min_messages;
SELECT identity, status FROM nself_heal(true) WHERE identity = 'app.t_ok';
\c - postgres
DROP EVENT TRIGGER watch;
SET client_min_messages = warning;
DROP EXTENSION nself_heal CASCADE;
DROP SCHEMA app, team, super, common CASCADE;
ALTER DATABASE regress_trust_layouts OWNER TO postgres;
DROP OWNED BY regress_app, regress_owner, regress_deployer, regress_boss, regress_group, regress_giver CASCADE;
DROP ROLE regress_giver, regress_group, regress_app, regress_owner, regress_deployer, regress_boss;
