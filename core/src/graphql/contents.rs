//! What stands in schema nself_api: the row types and the functions, as plain data.
//!
//! A type and the default of an argument are written as the server prints them, because they are compared with what it
//! prints. A name is given once: Hasura makes a root field of each table and of each function, in one name space.

use super::{Argument, Body, Column, Function, RowType, Volatility};
use crate::access::Level;

const TEXT: &str = "text";
const TEXTS: &str = "text[]";
const INT: &str = "integer";
const BIGINT: &str = "bigint";
const BOOLEAN: &str = "boolean";
const TIME: &str = "timestamp with time zone";

/// A column that always has a value.
const fn always(name: &'static str, sql_type: &'static str) -> Column {
    Column { name, sql_type, not_null: true }
}

/// A column that may be NULL.
const fn may_be(name: &'static str, sql_type: &'static str) -> Column {
    Column { name, sql_type, not_null: false }
}

const fn argument(name: &'static str, sql_type: &'static str, default: &'static str) -> Argument {
    Argument { name, sql_type, default }
}

const AGAINST: Argument = argument("against", TEXT, "'applied'::text");
const NOT_RENAMED: Argument = argument("not_renamed", TEXTS, "NULL::text[]");
const TENANT: Argument = argument("tenant", TEXT, "NULL::text");
const ALL_TENANTS: Argument = argument("all_tenants", BOOLEAN, "false");
const TARGET: Argument = argument("target", TEXT, "NULL::text");
const MAX_COUNT: Argument = argument("max_count", INT, "NULL::integer");
const DRY_RUN: Argument = argument("dry_run", BOOLEAN, "false");
const OUT_OF_ORDER: Argument = argument("out_of_order", BOOLEAN, "false");
const CANARY: Argument = argument("canary", INT, "NULL::integer");
const JOB: Argument = argument("job", BIGINT, "NULL::bigint");

pub const ROW_TYPES: &[RowType] = &[
    RowType {
        name: "drift_item",
        comment: "An object that differs from what the migrations say. kind: missing, extra or changed. safety: additive, blocked or manual; reason says why. remedy: SQL. changed_by, changed_at, command: who made it so, where that is known",
        columns: &[
            always("kind", TEXT),
            always("object_type", TEXT),
            always("identity", TEXT),
            may_be("expected", TEXT),
            may_be("actual", TEXT),
            always("remedy", TEXT),
            always("safety", TEXT),
            may_be("reason", TEXT),
            may_be("changed_by", TEXT),
            may_be("changed_at", TIME),
            may_be("command", TEXT),
        ],
    },
    RowType {
        name: "not_compared_kind",
        comment: "A kind of objects that drift does not compare, with how many there are. names: those that should be known one by one",
        columns: &[
            always("object_type", TEXT),
            always("live", BIGINT),
            always("expected", BIGINT),
            may_be("names", TEXTS),
        ],
    },
    RowType {
        name: "ignored_item",
        comment: "What differs and is no drift, with the pattern that says so. source: built-in or allowed",
        columns: &[
            always("source", TEXT),
            always("pattern", TEXT),
            may_be("kind", TEXT),
            may_be("object_type", TEXT),
            may_be("identity", TEXT),
            always("reason", TEXT),
            may_be("owner", TEXT),
            may_be("expires", TEXT),
        ],
    },
    RowType {
        name: "heal_step",
        comment: "A step of a heal. status: planned, applied, blocked, manual or failed; detail says why",
        columns: &[
            always("step", INT),
            always("object_type", TEXT),
            always("identity", TEXT),
            always("ddl", TEXT),
            always("status", TEXT),
            may_be("detail", TEXT),
        ],
    },
    RowType {
        name: "heal_event",
        comment: "A heal of the history, or a dry run. trigger: call, job or worker. outcome: no drift, dry run, healed, healed in part, nothing to heal, failed, running or interrupted",
        columns: &[
            always("event", BIGINT),
            always("at", TIME),
            always("trigger", TEXT),
            always("drift_items", INT),
            always("applied", INT),
            always("blocked", INT),
            always("manual", INT),
            always("confirmed", BOOLEAN),
            always("outcome", TEXT),
            always("duration_ms", BIGINT),
            may_be("detail", TEXT),
        ],
    },
    RowType {
        name: "heal_event_step",
        comment: "A step of a heal of the history. changed_by, changed_at, command: who made the drift, where that is known",
        columns: &[
            always("step", INT),
            always("object_type", TEXT),
            always("identity", TEXT),
            always("ddl", TEXT),
            always("status", TEXT),
            may_be("detail", TEXT),
            may_be("changed_by", TEXT),
            may_be("changed_at", TIME),
            may_be("command", TEXT),
        ],
    },
    RowType {
        name: "heal_state",
        comment: "Whether this database is to be healed without being asked (enabled), whether a worker does it (auto_run; note says why not), and the last run",
        columns: &[
            always("enabled", BOOLEAN),
            always("auto_run", BOOLEAN),
            may_be("last_run_at", TIME),
            may_be("last_outcome", TEXT),
            may_be("drift_items", INT),
            may_be("expected_state_age", "interval"),
            always("enabled_by", TEXT),
            may_be("note", TEXT),
        ],
    },
    RowType {
        name: "migration",
        comment: "A migration of the journal or the ledger. state: applied, pending, partial, edited, cosmetic, missing, retired, or what another tool did. checksum: SHA-256 of the file",
        columns: &[
            always("version", TEXT),
            always("name", TEXT),
            always("state", TEXT),
            may_be("applied_at", TIME),
            may_be("applied_by", TEXT),
            may_be("duration_ms", BIGINT),
            always("checksum", TEXT),
            may_be("note", TEXT),
            always("in_transaction", BOOLEAN),
        ],
    },
    RowType {
        name: "migration_run",
        comment: "A migration that was applied, or would be. It is without the SQL, which may hold a password",
        columns: &[
            always("version", TEXT),
            always("name", TEXT),
            always("status", TEXT),
            may_be("duration_ms", BIGINT),
        ],
    },
    RowType {
        name: "migration_check",
        comment: "An applied migration and its checksums. status: ok, partial, cosmetic, mismatch or missing. expected: the SHA-256 of what was applied; actual: that of the file now",
        columns: &[
            always("version", TEXT),
            always("name", TEXT),
            always("status", TEXT),
            may_be("expected", TEXT),
            may_be("actual", TEXT),
        ],
    },
    RowType {
        name: "rehearsed_statement",
        comment: "A statement of a pending migration as it ran in a shadow database. status: ran, left out, failed or not run. hazards: what it does to those who work here. It is without the SQL, which may hold a password",
        columns: &[
            always("version", TEXT),
            always("name", TEXT),
            may_be("statement", INT),
            may_be("line", INT),
            always("status", TEXT),
            may_be("locks", TEXT),
            may_be("rewrites", TEXT),
            may_be("scans", TEXT),
            may_be("changes", TEXT),
            may_be("hazards", TEXT),
            always("path", TEXT),
        ],
    },
    RowType {
        name: "background_job",
        comment: "A job. kind: heal or migrate up. state: waiting, running, done, failed, cancelled or interrupted. error: of a heal alone, because that of a migration may hold a piece of it",
        columns: &[
            always("job", BIGINT),
            always("kind", TEXT),
            always("state", TEXT),
            may_be("step", INT),
            may_be("steps", INT),
            may_be("wait_event_type", TEXT),
            may_be("wait_event", TEXT),
            may_be("error", TEXT),
            may_be("sqlstate", TEXT),
            always("created_at", TIME),
            may_be("started_at", TIME),
            may_be("ended_at", TIME),
            may_be("event", BIGINT),
        ],
    },
    RowType {
        name: "started_job",
        comment: "The number of a job that begins when the transaction commits: job() tells of it",
        columns: &[always("job", BIGINT)],
    },
    RowType {
        name: "cancelled_job",
        comment: "Whether a job was asked to stop. false: it had ended",
        columns: &[always("job", BIGINT), always("cancelled", BOOLEAN)],
    },
    RowType {
        name: "tenant",
        comment: "How far a tenant is. state: up to date, pending, partial, edited, missing or schema gone",
        columns: &[
            always("tenant", TEXT),
            always("schema", TEXT),
            always("state", TEXT),
            always("applied", BIGINT),
            always("pending", BIGINT),
            may_be("last_version", TEXT),
        ],
    },
    RowType {
        name: "tenant_run",
        comment: "A migration that was applied to a tenant, or would be, or what became of the tenant",
        columns: &[
            always("tenant", TEXT),
            always("schema", TEXT),
            may_be("version", TEXT),
            may_be("name", TEXT),
            always("status", TEXT),
            may_be("duration_ms", BIGINT),
            may_be("detail", TEXT),
        ],
    },
    RowType {
        name: "tenant_drift_item",
        comment: "What differs alike in tenants. tenants: in which; count: in how many",
        columns: &[
            always("kind", TEXT),
            always("object_type", TEXT),
            always("identity", TEXT),
            may_be("expected", TEXT),
            may_be("actual", TEXT),
            always("count", BIGINT),
            always("tenants", TEXTS),
        ],
    },
    RowType {
        name: "allowed_item",
        comment: "Drift that differs now and is allowed from now on",
        columns: &[always("kind", TEXT), always("object_type", TEXT), always("identity", TEXT)],
    },
    RowType {
        name: "database_environment",
        comment: "What this database is for, as the setting nself.env says. kind: local, dev, staging or prod",
        columns: &[may_be("name", TEXT), may_be("kind", TEXT)],
    },
];

pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "drift",
        comment: "Compares the live schema with the one that the migrations give. against: applied, or journal, which counts pending migrations, too",
        arguments: &[AGAINST, TENANT, ALL_TENANTS],
        rows: "drift_item",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_drift", ""),
    },
    Function {
        name: "drift_not_compared",
        comment: "Lists the kinds of objects that drift() does not compare",
        arguments: &[AGAINST],
        rows: "not_compared_kind",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_drift_not_compared", ""),
    },
    Function {
        name: "ignored",
        comment: "Lists what differs and is no drift",
        arguments: &[AGAINST],
        rows: "ignored_item",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_ignored", ""),
    },
    Function {
        name: "heal_plan",
        comment: "Tells what heal() would do, and does nothing",
        arguments: &[NOT_RENAMED, TENANT, ALL_TENANTS],
        rows: "heal_step",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_heal", "confirm => false"),
    },
    Function {
        name: "heal_history",
        comment: "The latest heals, the newest first",
        arguments: &[argument("max_events", INT, "10")],
        rows: "heal_event",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_heal_history", ""),
    },
    Function {
        name: "heal_steps",
        comment: "The steps of a heal of the history. event: its number; NULL: the latest",
        arguments: &[argument("event", BIGINT, "NULL::bigint")],
        rows: "heal_event_step",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_heal_steps", ""),
    },
    Function {
        name: "heal_status",
        comment: "Whether this database is healed without being asked, and the last run",
        arguments: &[],
        rows: "heal_state",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_heal_status", ""),
    },
    Function {
        name: "migrate_status",
        comment: "Lists all migrations of the journal and the ledger",
        arguments: &[TENANT],
        rows: "migration",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_migrate_status", ""),
    },
    Function {
        name: "migrate_plan",
        comment: "Lists what migrate_up() would apply, and applies nothing",
        arguments: &[TARGET, MAX_COUNT, TENANT, OUT_OF_ORDER],
        rows: "migration_run",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_migrate_up", "dry_run => true"),
    },
    Function {
        name: "migrate_verify",
        comment: "Compares the checksums of the applied migrations with those of the journal. replay and rollback add what a shadow database shows, which takes longer",
        arguments: &[argument("replay", BOOLEAN, "false"), argument("rollback", BOOLEAN, "false"), TENANT],
        rows: "migration_check",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_migrate_verify", ""),
    },
    Function {
        name: "migrate_rehearse",
        comment: "Runs pending migrations in a shadow database, and tells what each statement would do to those who work here",
        arguments: &[TARGET, MAX_COUNT, TENANT],
        rows: "rehearsed_statement",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_migrate_rehearse", ""),
    },
    Function {
        name: "jobs",
        comment: "The latest jobs, the newest first. max_jobs: how many; NULL: all",
        arguments: &[argument("max_jobs", INT, "10")],
        rows: "background_job",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Jobs("ORDER BY j.job DESC LIMIT $1"),
    },
    Function {
        name: "job",
        comment: "A job. job: its number; NULL: the latest",
        arguments: &[JOB],
        rows: "background_job",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Jobs(
            "WHERE j.job OPERATOR(pg_catalog.=) coalesce($1, (SELECT pg_catalog.max(l.job) FROM nself.jobs l))",
        ),
    },
    Function {
        name: "tenant_status",
        comment: "How far each tenant is",
        arguments: &[],
        rows: "tenant",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_tenant_status", ""),
    },
    Function {
        name: "tenant_drift",
        comment: "Compares the schemas of the tenants with those that their migrations give, and groups what differs alike. tenant: of this one alone",
        arguments: &[TENANT],
        rows: "tenant_drift_item",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_tenant_drift", ""),
    },
    Function {
        name: "environment",
        comment: "What this database is for",
        arguments: &[],
        rows: "database_environment",
        volatility: Volatility::Stable,
        level: Level::Look,
        body: Body::Call("nself_environment", ""),
    },
    Function {
        name: "heal",
        comment: "Closes the drift by adding what is missing; with confirm it needs level heal. confirm: false only tells",
        arguments: &[argument("confirm", BOOLEAN, "false"), NOT_RENAMED, TENANT, ALL_TENANTS],
        rows: "heal_step",
        volatility: Volatility::Volatile,
        level: Level::Look,
        body: Body::Call("nself_heal", ""),
    },
    Function {
        name: "heal_start",
        comment: "Closes the drift in a job, while others are at work",
        arguments: &[NOT_RENAMED, TENANT, ALL_TENANTS],
        rows: "started_job",
        volatility: Volatility::Volatile,
        level: Level::Heal,
        body: Body::Value("nself_heal_start"),
    },
    Function {
        name: "job_cancel",
        comment: "Asks a job to stop. job: its number, which must be given",
        arguments: &[JOB],
        rows: "cancelled_job",
        volatility: Volatility::Volatile,
        level: Level::Heal,
        body: Body::Sql("SELECT $1, {schema}.nself_job_cancel(job => $1)"),
    },
    Function {
        name: "migrate_up",
        comment: "Applies pending migrations, all of them or none; without dry_run it needs level migrate",
        arguments: &[TARGET, MAX_COUNT, DRY_RUN, TENANT, OUT_OF_ORDER],
        rows: "migration_run",
        volatility: Volatility::Volatile,
        level: Level::Look,
        body: Body::Call("nself_migrate_up", ""),
    },
    Function {
        name: "migrate_up_start",
        comment: "Applies pending migrations in a job, each in a transaction of its own",
        arguments: &[TARGET, MAX_COUNT, TENANT, OUT_OF_ORDER],
        rows: "started_job",
        volatility: Volatility::Volatile,
        level: Level::Migrate,
        body: Body::Value("nself_migrate_up_start"),
    },
    Function {
        name: "tenant_up",
        comment: "Applies pending migrations to every tenant; without dry_run it needs level migrate",
        arguments: &[TARGET, MAX_COUNT, DRY_RUN, CANARY],
        rows: "tenant_run",
        volatility: Volatility::Volatile,
        level: Level::Look,
        body: Body::Call("nself_tenant_up", ""),
    },
    Function {
        name: "tenant_up_start",
        comment: "Applies pending migrations to every tenant in a job",
        arguments: &[TARGET, MAX_COUNT, CANARY],
        rows: "started_job",
        volatility: Volatility::Volatile,
        level: Level::Migrate,
        body: Body::Value("nself_tenant_up_start"),
    },
    Function {
        name: "heal_enable",
        comment: "Says that this database is to be healed without being asked, and returns how it stands then",
        arguments: &[],
        rows: "heal_state",
        volatility: Volatility::Volatile,
        level: Level::Admin,
        body: Body::Then("nself_heal_enable", "nself_heal_status"),
    },
    Function {
        name: "heal_disable",
        comment: "Says that this database is not to be healed without being asked, and returns how it stands then",
        arguments: &[],
        rows: "heal_state",
        volatility: Volatility::Volatile,
        level: Level::Admin,
        body: Body::Then("nself_heal_disable", "nself_heal_status"),
    },
    Function {
        name: "allow",
        comment: "Allows drift: it is not healed and not counted from now on. identity: as in drift(), or a pattern; reason: why; expires: until when",
        arguments: &[
            argument("identity", TEXT, "NULL::text"),
            argument("reason", TEXT, "NULL::text"),
            argument("expires", TIME, "NULL::timestamp with time zone"),
        ],
        rows: "allowed_item",
        volatility: Volatility::Volatile,
        level: Level::Admin,
        body: Body::Call("nself_allow", ""),
    },
];
