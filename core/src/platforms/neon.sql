-- What Neon brings to a database before the first migration of a project: what migrations speak of.
--
-- Names, columns and keys were read on 2026-11-28 from neondatabase/neon (compute_tools at 671889b0e959) and
-- pg_session_jwt 0.5.0 (both Apache License 2.0), from Neon's documentation of roles and of its Data API, and from what
-- dumps of databases of projects say of neon_auth: users_sync of 2025, and the tables user and organization that came in
-- its place. The statements are written anew. Functions of the names of pg_session_jwt stand for that extension: they read
-- the claims as they stand in request.jwt.claims, and check no signature.
--
-- One object a statement. Roles cannot log in, and are members of nothing.

CREATE ROLE cloud_admin NOLOGIN;
CREATE ROLE neon_auth NOLOGIN;
CREATE ROLE neon_superuser NOLOGIN;
CREATE ROLE neondb_owner NOLOGIN;
CREATE ROLE authenticator NOLOGIN;
CREATE ROLE anonymous NOLOGIN;
CREATE ROLE authenticated NOLOGIN;

CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO anonymous, authenticated;
CREATE FUNCTION auth.session() RETURNS jsonb LANGUAGE sql STABLE
    RETURN NULLIF(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE
    RETURN auth.session();
CREATE FUNCTION auth.user_id() RETURNS text LANGUAGE sql STABLE
    RETURN auth.session() ->> 'sub';
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN auth.user_id()::uuid;
CREATE FUNCTION auth.organization() RETURNS jsonb LANGUAGE sql STABLE
    RETURN auth.session() -> 'o';
CREATE FUNCTION auth.organization_id() RETURNS uuid LANGUAGE sql STABLE
    RETURN (auth.organization() ->> 'id')::uuid;

CREATE SCHEMA neon_auth;
CREATE TABLE neon_auth.users_sync (
    raw_json jsonb NOT NULL,
    id text PRIMARY KEY GENERATED ALWAYS AS (raw_json ->> 'id') STORED,
    name text GENERATED ALWAYS AS (raw_json ->> 'display_name') STORED,
    email text GENERATED ALWAYS AS (raw_json ->> 'primary_email') STORED,
    created_at timestamptz GENERATED ALWAYS AS (
        to_timestamp((raw_json ->> 'signed_up_at_millis')::bigint / 1000)) STORED,
    updated_at timestamptz,
    deleted_at timestamptz
);
CREATE TABLE neon_auth."user" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    "emailVerified" boolean NOT NULL,
    image text,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    role text,
    banned boolean,
    "banReason" text,
    "banExpires" timestamptz
);
CREATE TABLE neon_auth.organization (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    slug text NOT NULL UNIQUE,
    logo text,
    "createdAt" timestamptz NOT NULL,
    metadata text
);
