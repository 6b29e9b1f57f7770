-- Ready-made grounds: what a platform brings, made where the platform is not, so that a folder which was written for it is
-- applied and replayed there.
-- Needs extensions: pgcrypto uuid-ossp
CREATE EXTENSION nself_heal;
-- A role that owns something in a shadow that is kept could not be dropped below.
SET nself.shadow_keep_from = -1;
CREATE TEMP TABLE folder AS SELECT jsonb_build_array(
    jsonb_build_object('path', '1_profiles.sql', 'content', $$
        CREATE TABLE public.profiles (
            id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
            name text
        );
        ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON public.profiles TO authenticated USING ((SELECT auth.uid()) = id AND auth.role() <> 'x');
        CREATE FUNCTION public.on_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
            'BEGIN INSERT INTO public.profiles (id, name) VALUES (new.id, new.raw_user_meta_data ->> ''name''); RETURN new; END';
        CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION public.on_user();
        ALTER PUBLICATION supabase_realtime ADD TABLE public.profiles;
        REVOKE ALL ON public.profiles FROM anon;
    $$),
    jsonb_build_object('path', '2_avatars.sql', 'content', $$
        INSERT INTO storage.buckets (id, name, public, file_size_limit) VALUES ('avatars', 'avatars', true, 1024);
        CREATE POLICY avatars ON storage.objects FOR INSERT TO authenticated
            WITH CHECK (bucket_id = 'avatars' AND (storage.foldername(name))[1] = auth.uid()::text);
        CREATE POLICY rooms ON realtime.messages FOR SELECT TO authenticated USING (realtime.topic() LIKE 'room:%');
        ALTER TABLE public.profiles ADD COLUMN picture uuid REFERENCES storage.objects,
                                    ADD COLUMN key uuid NOT NULL DEFAULT uuid_generate_v4();
        GRANT SELECT ON public.profiles TO service_role;
    $$)) AS files;
GRANT SELECT ON folder TO PUBLIC;
SELECT version, state FROM folder, nself_journal_put(files);

-- Without it the folder dies, and is told why.
SELECT version, status FROM nself_migrate_up();
-- The same of what is not a schema.
SELECT state FROM nself_journal_put('[{"path": "1.sql", "content": "CREATE TABLE t (); GRANT SELECT ON t TO service_role"}]');
SELECT status FROM nself_migrate_up();
SELECT state FROM nself_journal_put('[{"path": "1.sql", "content": "SELECT hdb_catalog.gen_hasura_uuid()"}]');
SELECT status FROM nself_migrate_up();

SELECT * FROM nself_ground_platform();
SELECT * FROM nself_ground_platform('firebase');

-- A dry run tells, and leaves nothing.
SELECT ddl, status, detail FROM nself_ground_platform('supabase')
 WHERE ddl ~ '^(CREATE (ROLE|SCHEMA|EXTENSION)|ALTER DATABASE)' ORDER BY step;
SELECT to_regnamespace('auth'), to_regrole('anon'), current_setting('search_path');

-- Roles are of the whole server.
CREATE ROLE regress_platform_owner;
GRANT CREATE, USAGE ON SCHEMA public TO regress_platform_owner;
ALTER DATABASE regress_ground_platform OWNER TO regress_platform_owner;
SELECT nself_grant_access('regress_platform_owner', 'migrate');
SET ROLE regress_platform_owner;
-- The server's own detail is of its version.
DO $$
DECLARE said text; hint text;
BEGIN
    PERFORM nself_ground_platform('supabase', true);
EXCEPTION WHEN insufficient_privilege THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE E'%\n%', said, hint;
END $$;
RESET ROLE;
BEGIN;
SELECT count(*) > 90 AS made FROM nself_ground_platform('supabase', true);
SELECT to_regnamespace('auth'), to_regrole('anon'), current_setting('search_path');
ROLLBACK;
SELECT to_regnamespace('auth'), to_regrole('anon'), current_setting('search_path');
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE authenticator;
CREATE ROLE dashboard_user;
CREATE ROLE service_role;
CREATE ROLE supabase_admin;
CREATE ROLE supabase_auth_admin;
CREATE ROLE supabase_read_only_user;
CREATE ROLE supabase_realtime_admin;
CREATE ROLE supabase_replication_admin;
CREATE ROLE supabase_storage_admin;
SET ROLE regress_platform_owner;
CREATE SCHEMA extensions;
SELECT status, count(*) FROM nself_ground_platform('supabase') WHERE ddl NOT LIKE 'CREATE EXTENSION %' GROUP BY 1 ORDER BY 1;
SELECT status, count(*) FROM nself_ground_platform('supabase', true) WHERE ddl NOT LIKE 'CREATE EXTENSION %' GROUP BY 1 ORDER BY 1;
SELECT * FROM nself_ground_platform('supabase', true);

-- Then it is the ground as any other: the folder is applied and replayed, and nothing differs.
SELECT version, state FROM folder, nself_journal_put(files);
SELECT version, status FROM nself_migrate_up();
RESET ROLE;
INSERT INTO auth.users (id, email, raw_user_meta_data) VALUES ('00000000-0000-0000-0000-000000000001', 'a@b.c', '{"name": "Ada"}');
SELECT id, name FROM public.profiles;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-000000000001", "role": "authenticated"}';
SELECT auth.uid(), auth.role(), storage.foldername('a/b/c.tar.gz'), storage.filename('a/b/c.tar.gz'), storage.extension('a/b/c.tar.gz');
RESET request.jwt.claims;
SELECT * FROM nself_drift();
SELECT statement, what, reason FROM nself_replay_left_out();
SELECT count(*) FROM nself_ground() WHERE identity LIKE 'auth.%' AND object_type = 'table';
-- What is lost of it is drift, too.
DROP POLICY avatars ON storage.objects;
ALTER TABLE auth.users ALTER email_change_confirm_status DROP DEFAULT;
DROP INDEX storage.bname;
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT * FROM nself_ground_platform('supabase', true);
SELECT * FROM nself_ground_platform('neon');

-- Away with the roles of the whole server.
SET client_min_messages = warning;
DROP EXTENSION nself_heal CASCADE;
CREATE EXTENSION nself_heal;
DROP SCHEMA auth, extensions, realtime, storage, vault, graphql, graphql_public CASCADE;
DROP TABLE public.profiles CASCADE;
RESET client_min_messages;
-- The others.
SELECT status, count(*) FROM nself_ground_platform('neon', true) GROUP BY 1 ORDER BY 1;
SELECT status, count(*) FROM nself_ground_platform('hasura', true) GROUP BY 1 ORDER BY 1;
SELECT * FROM nself_ground_platform('hasura');
SELECT count(*) FROM nself_journal_put('[{"path": "1_notes.sql", "content": "CREATE TABLE notes (id text PRIMARY KEY DEFAULT hdb_catalog.gen_hasura_uuid(), owner uuid REFERENCES neon_auth.\"user\" DEFAULT auth.uid()); ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON notes TO authenticated USING (auth.user_id() = owner::text); CREATE VIEW names AS SELECT name FROM neon_auth.users_sync WHERE deleted_at IS NULL; ALTER DEFAULT PRIVILEGES FOR ROLE cloud_admin IN SCHEMA public GRANT ALL ON TABLES TO neon_superuser WITH GRANT OPTION"}]');
SELECT version, status FROM nself_migrate_up();
SELECT hdb_catalog.insert_event_log('public', 'notes', 'new', 'INSERT', '{"new": 1}') IS NOT NULL AS noted;
SELECT * FROM nself_drift();

SET client_min_messages = warning;
DROP EXTENSION nself_heal CASCADE;
ALTER DATABASE regress_ground_platform OWNER TO CURRENT_USER;
DO $$
DECLARE role text;
BEGIN
    FOREACH role IN ARRAY '{regress_platform_owner, anon, authenticated, authenticator, dashboard_user, service_role,
                            supabase_admin, supabase_auth_admin, supabase_read_only_user, supabase_realtime_admin,
                            supabase_replication_admin, supabase_storage_admin, anonymous, cloud_admin, neon_auth,
                            neon_superuser, neondb_owner}'::text[] LOOP
        EXECUTE format('DROP OWNED BY %I CASCADE', role);
        EXECUTE format('DROP ROLE %I', role);
    END LOOP;
END $$;
