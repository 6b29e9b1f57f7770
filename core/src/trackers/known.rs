//! The tools whose lists are known, each as its own release writes it.

use super::{Mirror, Tracker};

const fn tracker(
    tool: &'static str,
    schema: Option<&'static str>,
    table: &'static str,
    columns: &'static [&'static str],
    query: &'static str,
) -> Tracker {
    Tracker { tool, schema, table, columns, without: &[], query, is_last_only: false, mirror: None }
}

const fn mirrored(applied: &'static str, undone: &'static str, of: Tracker) -> Tracker {
    Tracker { mirror: Some(Mirror { applied, undone }), ..of }
}

/// How a list of versions alone is written, whatever their type.
const VERSION_ALONE: &str = "WITH w AS (INSERT INTO {table} (version) \
    SELECT version FROM jsonb_populate_record(NULL::{table}, jsonb_build_object('version', $1 -> 'version')) RETURNING 1) \
    SELECT count(*) FROM w";

/// All that are known.
pub static TRACKERS: &[Tracker] = &[
    // What it goes by is the time of its last row; two files of one text are told apart by it, too.
    mirrored(
        "WITH w AS (INSERT INTO {table} (hash, created_at) \
         VALUES ($1 ->> 'sha256', ($1 ->> 'generated_at')::bigint) RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE hash = $1 ->> 'sha256' AND created_at = ($1 ->> 'generated_at')::bigint RETURNING 1) \
         SELECT count(*) FROM w",
        Tracker {
            without: &["name"],
            ..tracker(
                "drizzle",
                None,
                "__drizzle_migrations",
                &["id", "hash", "created_at"],
                "SELECT hash, created_at::bigint AS generated_at FROM {table} ORDER BY created_at, id",
            )
        },
    ),
    // Of 1.x. A row that it has taken over from 0.x may be without a name.
    mirrored(
        "WITH w AS (INSERT INTO {table} (hash, created_at, name) \
         VALUES ($1 ->> 'sha256', \
                 1000 * extract(epoch FROM to_timestamp(left($1 ->> 'folder', 14), 'YYYYMMDDHH24MISS'))::bigint, $1 ->> 'folder') \
         RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE name = $1 ->> 'folder' RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "drizzle",
            None,
            "__drizzle_migrations",
            &["id", "hash", "created_at", "name", "applied_at"],
            "SELECT name, hash, applied_at::text FROM {table} ORDER BY created_at, id",
        ),
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (version, dirty) VALUES (($1 ->> 'version')::bigint, false) RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE version = ($1 ->> 'version')::bigint RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "hasura",
            Some("hdb_catalog"),
            "schema_migrations",
            &["version", "dirty"],
            "SELECT version::text, CASE WHEN dirty IS NOT FALSE THEN 'dirty' END AS trouble FROM {table} ORDER BY version",
        ),
    ),
    // One list a database of Hasura's. Which of several is meant is not known here.
    mirrored(
        "WITH w AS (UPDATE {table} \
            SET cli_state = jsonb_set(cli_state, ARRAY['migrations', alone.name, $1 ->> 'version'], 'false') \
           FROM (SELECT min(k) AS name FROM {table}, jsonb_object_keys(cli_state -> 'migrations') k HAVING count(*) = 1) alone \
         RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (UPDATE {table} SET cli_state = cli_state #- ARRAY['migrations', alone.name, $1 ->> 'version'] \
           FROM (SELECT min(k) AS name FROM {table}, jsonb_object_keys(cli_state -> 'migrations') k HAVING count(*) = 1) alone \
         RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "hasura",
            Some("hdb_catalog"),
            "hdb_version",
            &["cli_state"],
            "SELECT m.key AS version, CASE WHEN m.value = 'true' THEN 'dirty' END AS trouble \
               FROM {table}, jsonb_each(CASE jsonb_typeof(cli_state -> 'migrations') WHEN 'object' THEN cli_state -> 'migrations' END) s, \
                    jsonb_each(CASE jsonb_typeof(s.value) WHEN 'object' THEN s.value END) m ORDER BY length(m.key), m.key",
        ),
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (id, checksum, migration_name, started_at, finished_at, applied_steps_count) \
         VALUES (gen_random_uuid()::text, $1 ->> 'sha256', $1 ->> 'folder', clock_timestamp(), clock_timestamp(), 1) RETURNING 1) \
         SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE migration_name = $1 ->> 'folder' AND finished_at IS NOT NULL AND rolled_back_at IS NULL \
         RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "prisma",
            None,
            "_prisma_migrations",
            &["migration_name", "checksum", "finished_at", "rolled_back_at"],
            "SELECT migration_name AS name, checksum AS hash, finished_at::text AS applied_at, \
                    CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled back' WHEN finished_at IS NULL THEN 'failed' END AS trouble \
               FROM {table} ORDER BY started_at",
        ),
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (version, name, statements) \
         SELECT $1 ->> 'version', $1 ->> 'name', array(SELECT jsonb_array_elements_text($1 -> 'statements')) RETURNING 1) \
         SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE version = $1 ->> 'version' RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "supabase",
            Some("supabase_migrations"),
            "schema_migrations",
            &["version", "statements"],
            "SELECT version FROM {table} ORDER BY version",
        ),
    ),
    mirrored(
        "WITH w AS (UPDATE {table} SET version = ($1 ->> 'version')::bigint, dirty = false RETURNING 1) SELECT count(*) FROM w",
        "WITH d AS (DELETE FROM {table} WHERE $1 ->> 'before' IS NULL RETURNING 1), \
              w AS (UPDATE {table} SET version = ($1 ->> 'before')::bigint, dirty = false WHERE $1 ->> 'before' IS NOT NULL RETURNING 1) \
         SELECT (SELECT count(*) FROM d) + (SELECT count(*) FROM w)",
        Tracker {
            is_last_only: true,
            ..tracker(
                "golang-migrate",
                None,
                "schema_migrations",
                &["version", "dirty"],
                "SELECT version::text, CASE WHEN dirty IS NOT FALSE THEN 'dirty' END AS trouble FROM {table} ORDER BY version",
            )
        },
    ),
    mirrored(
        VERSION_ALONE,
        "WITH w AS (DELETE FROM {table} WHERE version::text = $1 ->> 'version' RETURNING 1) SELECT count(*) FROM w",
        Tracker {
            without: &["dirty", "statements"],
            // Rails and others keep the same table.
            ..tracker(
                "dbmate",
                None,
                "schema_migrations",
                &["version"],
                "SELECT version::text FROM {table} ORDER BY version",
            )
        },
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (version_id, is_applied) VALUES (($1 ->> 'version')::bigint, true) RETURNING 1) \
         SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE version_id = ($1 ->> 'version')::bigint RETURNING 1) SELECT least(count(*), 1) FROM w",
        tracker(
            "goose",
            None,
            "goose_db_version",
            &["id", "version_id", "is_applied", "tstamp"],
            "SELECT version_id::text AS version, tstamp::text AS applied_at, \
                    CASE WHEN is_applied IS NOT TRUE THEN 'rolled back' END AS trouble \
               FROM (SELECT DISTINCT ON (version_id) * FROM {table} WHERE version_id > 0 ORDER BY version_id, id DESC) v \
              ORDER BY version_id",
        ),
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (version, description, success, checksum, execution_time) \
         VALUES (($1 ->> 'version')::bigint, $1 ->> 'description', true, decode($1 ->> 'sha384', 'hex'), \
                 1000000 * ($1 ->> 'duration_ms')::bigint) RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE version = ($1 ->> 'version')::bigint RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "sqlx",
            None,
            "_sqlx_migrations",
            &["version", "success", "installed_on", "checksum"],
            "SELECT version::text, installed_on::text AS applied_at, CASE WHEN success IS NOT TRUE THEN 'failed' END AS trouble, \
                    encode(checksum, 'hex') AS sha384 \
               FROM {table} ORDER BY version",
        ),
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (version) VALUES ($1 ->> 'digits') RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE version = $1 ->> 'digits' RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "diesel",
            None,
            "__diesel_schema_migrations",
            &["version", "run_on"],
            "SELECT version, run_on::text AS applied_at FROM {table} ORDER BY version",
        ),
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (installed_rank, version, description, type, script, checksum, installed_by, \
                                         installed_on, execution_time, success) \
         SELECT coalesce(max(installed_rank), 0) + 1, $1 ->> 'number', $1 ->> 'description', 'SQL', $1 ->> 'file', \
                ($1 ->> 'crc32')::int, $1 ->> 'role', clock_timestamp(), ($1 ->> 'duration_ms')::int, true FROM {table} RETURNING 1) \
         SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE version = $1 ->> 'version' RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "flyway",
            None,
            "flyway_schema_history",
            &["installed_rank", "version", "type", "success", "installed_on"],
            "SELECT version, CASE WHEN version IS NULL THEN script END AS name, installed_on::text AS applied_at, \
                    CASE WHEN success IS NOT TRUE THEN 'failed' END AS trouble \
               FROM {table} WHERE type LIKE '%SQL%' ORDER BY installed_rank",
        ),
    ),
    mirrored(
        // The hash depends on how wide the tool was built to take versions.
        "WITH w AS (INSERT INTO {table} (version, name, applied_on, checksum) \
         SELECT ($1 ->> 'version')::bigint, $1 ->> 'name', to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
                $1 ->> CASE a.atttypid WHEN 'int8'::regtype THEN 'sip64' ELSE 'sip32' END \
           FROM pg_attribute a WHERE a.attrelid = '{table}'::regclass AND a.attname = 'version' RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE version = ($1 ->> 'version')::bigint RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "refinery",
            None,
            "refinery_schema_history",
            &["version", "name", "applied_on", "checksum"],
            // It writes times as texts, which may be of no form that the server reads.
            "SELECT version::text FROM {table} ORDER BY version",
        ),
    ),
    mirrored(
        "WITH w AS (INSERT INTO {table} (name, run_on) VALUES ($1 ->> 'stem', clock_timestamp()) RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE name = $1 ->> 'stem' RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "node-pg-migrate",
            None,
            "pgmigrations",
            &["id", "name", "run_on"],
            "SELECT name, run_on::text AS applied_at FROM {table} ORDER BY run_on, id",
        ),
    ),
    // It calls a file by its number, whatever follows that in the file's name.
    mirrored(
        "WITH w AS (INSERT INTO {table} (hash, previous_hash, filename) \
         VALUES ($1 ->> 'own_hash', $1 ->> 'previous_hash', ($1 ->> 'version') || '.sql') RETURNING 1) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {table} WHERE hash = $1 ->> 'own_hash' RETURNING 1) SELECT count(*) FROM w",
        tracker(
            "graphile-migrate",
            Some("graphile_migrate"),
            "migrations",
            &["hash", "previous_hash", "filename", "date"],
            "SELECT regexp_replace(filename, '[.]sql$', '') AS version, date::text AS applied_at FROM {table} ORDER BY filename",
        ),
    ),
    tracker(
        "knex",
        None,
        "knex_migrations",
        &["id", "name", "batch", "migration_time"],
        "SELECT name, migration_time::text AS applied_at FROM {table} ORDER BY id",
    ),
    // Of earlier programs of the nSelf family.
    tracker(
        "nself",
        None,
        "np_migrations",
        &["version"],
        "SELECT version::text FROM {table} ORDER BY version",
    ),
    tracker("nself", None, "np_migrations", &["name"], "SELECT name::text FROM {table} ORDER BY name"),
    tracker(
        "nself",
        None,
        "_nself_migrations",
        &["version"],
        "SELECT version::text FROM {table} ORDER BY version",
    ),
    tracker("nself", None, "_nself_migrations", &["name"], "SELECT name::text FROM {table} ORDER BY name"),
];
