-- What Hasura's engine brings to a database of a project before its first migration: what migrations, and dumps that
-- people make their first migration of, speak of.
--
-- Names, columns and keys were read on 2026-11-28 from hasura/graphql-engine 2.x (Apache License 2.0): the catalog of a source, version 3
-- (server/src-rsr/init_pg_source.sql at 03edeb4aaa56). The statements are written anew. The engine makes its triggers, and
-- their functions, by itself when it is told of an event trigger, and metadata may lie in another database: both are left
-- out.
--
-- One object a statement.

CREATE SCHEMA hdb_catalog;
CREATE EXTENSION pgcrypto SCHEMA public;
CREATE FUNCTION hdb_catalog.gen_hasura_uuid() RETURNS uuid LANGUAGE sql
    RETURN gen_random_uuid();
CREATE TABLE hdb_catalog.hdb_source_catalog_version (
    version text NOT NULL,
    upgraded_on timestamptz NOT NULL
);
CREATE UNIQUE INDEX hdb_source_catalog_version_one_row
    ON hdb_catalog.hdb_source_catalog_version ((version IS NOT NULL));
CREATE TABLE hdb_catalog.event_log (
    id text PRIMARY KEY DEFAULT hdb_catalog.gen_hasura_uuid(),
    schema_name text NOT NULL,
    table_name text NOT NULL,
    trigger_name text NOT NULL,
    payload jsonb NOT NULL,
    delivered boolean NOT NULL DEFAULT false,
    error boolean NOT NULL DEFAULT false,
    tries integer NOT NULL DEFAULT 0,
    created_at timestamp DEFAULT now(),
    locked timestamptz,
    next_retry_at timestamp,
    archived boolean NOT NULL DEFAULT false
);
CREATE TABLE hdb_catalog.event_invocation_logs (
    id text PRIMARY KEY DEFAULT hdb_catalog.gen_hasura_uuid(),
    trigger_name text,
    event_id text,
    status integer,
    request json,
    response json,
    created_at timestamp DEFAULT now()
);
CREATE TABLE hdb_catalog.hdb_event_log_cleanups (
    id text PRIMARY KEY DEFAULT hdb_catalog.gen_hasura_uuid(),
    trigger_name text NOT NULL,
    scheduled_at timestamp NOT NULL,
    deleted_event_logs integer,
    deleted_event_invocation_logs integer,
    status text NOT NULL CHECK (status IN ('scheduled', 'paused', 'completed', 'dead')),
    UNIQUE (trigger_name, scheduled_at)
);
-- Triggers of dumps call it: a row of the log, which nobody delivers here.
CREATE FUNCTION hdb_catalog.insert_event_log(
    schema_name text, table_name text, trigger_name text, op text, row_data json) RETURNS text
    LANGUAGE sql BEGIN ATOMIC
        INSERT INTO hdb_catalog.event_log (schema_name, table_name, trigger_name, payload)
        VALUES ($1, $2, $3, jsonb_build_object('op', $4, 'data', $5)) RETURNING id;
    END;
