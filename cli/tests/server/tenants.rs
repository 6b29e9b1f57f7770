//! Many tenants of one database.

use crate::shop::{Shop, column, connect, without_durations};

#[test]
fn all_tenants_are_migrated_each_on_its_own_and_what_differs_alike_is_one_line() {
    let shop = Shop::new();
    shop.file("migrations/0001_notes.sql", "CREATE TABLE notes (id int PRIMARY KEY, plan text)");
    assert_eq!(shop.nself("tenants list").exits(0).stdout, "There are no tenants.\n");
    let up = shop.nself("db migrate up --all-tenants").exits(1);
    assert!(up.stderr.contains("there are no tenants"), "{}", up.stderr);

    let added = shop.nself("tenants add acme-corp --schema acme").exits(0);
    assert_eq!(added.stdout, "Tenant acme-corp has schema acme: the first migration makes the schema.\n");
    shop.nself("tenants add beta").exits(0);
    shop.nself("tenants add zeta").exits(0);
    let taken = shop.nself("tenants add other --schema acme").exits(1);
    assert!(
        taken.stderr.contains("schema \"acme\" belongs to tenant \"acme-corp\" already"),
        "{}",
        taken.stderr
    );

    let dry = shop.nself("db migrate up --all-tenants --dry-run").exits(0);
    assert!(
        dry.stdout.ends_with("Dry run: 3 migrations to apply to 3 tenants. Nothing was changed.\n"),
        "{}",
        dry.stdout
    );
    assert_eq!(shop.ask("SELECT count(*) FROM nself.ledger"), "0");

    // One of the first fails, and the canary stops; without one the others are kept.
    shop.sql("CREATE SCHEMA beta; CREATE TABLE beta.notes ()");
    let canary = shop.nself("db migrate up --all-tenants --canary 2").exits(1);
    assert_eq!(
        without_durations(&canary.stdout),
        "acme-corp: applying 0001_notes.sql ... done (…)\n\
         beta: failed: migration 0001 failed at statement 1, line 1 of 0001_notes.sql: relation \"notes\" already exists\n\
         zeta: not run\n\
         Applied 1 migration to 1 tenant. 1 tenant failed, and is as it was. 1 tenant not run, because one of the first failed.\n"
    );
    assert!(canary.stderr.contains("1 of 3 tenants failed"), "{}", canary.stderr);
    let rows = shop.json("db migrate up --all-tenants", 1);
    assert_eq!(column(&rows, "tenant"), ["beta", "zeta"]);
    assert_eq!(column(&rows, "status"), ["failed", "applied"]);

    // Once more, for the rest.
    shop.sql("DROP TABLE beta.notes");
    shop.nself("db migrate up --all-tenants").exits(0);
    let again = shop.nself("db migrate up --all-tenants").exits(0);
    assert_eq!(again.stdout, "Nothing to apply: all tenants are up to date.\n");
    let list = shop.nself("tenants list").exits(0);
    assert!(list.stdout.ends_with("All are up to date.\n"), "{}", list.stdout);
    shop.nself("db migrate status --tenant acme-corp").exits(0);
    shop.nself("db migrate verify-checksums --tenant acme-corp").exits(0);

    // A job does it, too, with what runs without a transaction; who fails does not stop the others.
    shop.file(
        "migrations/0002_plan.sql",
        "-- nself:no-transaction\nCREATE INDEX CONCURRENTLY notes_plan ON notes (plan)",
    );
    shop.nself("db migrate status").exits(0);
    shop.sql("CREATE TABLE beta.notes_plan ()");
    shop.nself("db migrate up --all-tenants").exits(1);
    shop.sql("SELECT nself_tenant_up_start()");
    shop.until("SELECT state = 'failed' FROM nself.jobs");
    let error = shop.ask("SELECT error FROM nself.jobs");
    assert!(error.starts_with("1 of 3 tenants failed, the first of them tenant \"beta\": "), "{error}");
    assert_eq!(
        shop.ask("SELECT string_agg(tenant, ' ') FROM nself_tenant_status() WHERE state = 'up to date'"),
        "acme-corp zeta"
    );
    shop.sql("DROP TABLE beta.notes_plan; SELECT nself_tenant_up_start()");
    shop.until("SELECT state = 'done' FROM nself.jobs WHERE job = 2");
    shop.nself("db migrate up --all-tenants").exits(0);

    assert_eq!(shop.nself("tenants drift").exits(0).stdout, "No drift in any tenant.\n");
    shop.sql("ALTER TABLE acme.notes ADD extra int; ALTER TABLE zeta.notes ADD extra int");
    let drift = shop.nself("tenants drift --fail-on-drift").exits(1);
    assert_eq!(drift.stdout, "extra: Column: notes.extra\n  in 2 tenants: acme-corp, zeta\n");
    shop.nself("tenants drift beta --fail-on-drift").exits(0);

    // One of them, or all, are healed without the rest of the database.
    shop.sql("DROP INDEX acme.notes_plan; DROP INDEX beta.notes_plan; CREATE TABLE unknown ()");
    let diff = shop.json("db migrate diff --tenant acme-corp --fail-on-drift", 1);
    assert_eq!(column(&diff["drift"], "identity"), ["acme.notes.extra", "acme.notes_plan"]);
    shop.nself("db migrate diff --tenant acme-corp --against applied").exits(2);
    shop.nself("self-heal run --tenant acme-corp").exits(1);
    shop.nself("self-heal run --tenant acme-corp --confirm").exits(0);
    assert_eq!(
        shop.ask("SELECT string_agg(schemaname, ' ') FROM pg_indexes WHERE indexname = 'notes_plan'"),
        "zeta acme"
    );
    shop.nself("self-heal run --all-tenants --confirm --online").exits(0);
    let left = shop.json("db migrate diff --all-tenants", 0);
    // A table stood in beta before the first migration, so that its migrations cannot be replayed.
    assert_eq!(column(&left["drift"], "identity"), ["acme.notes.extra", "zeta.notes.extra", "beta"]);
    let nobody = shop.nself("self-heal run --tenant nobody").exits(2);
    assert!(nobody.stderr.contains("there is no tenant \"nobody\""), "{}", nobody.stderr);

    let removed = shop.nself("tenants remove acme-corp").exits(0);
    assert_eq!(removed.stdout, "Tenant acme-corp is out of the list. Its schema is acme.\n");
    assert!(shop.has_table("acme.notes"));
}

#[test]
fn a_number_limits_the_migrations_of_each_tenant() {
    let shop = Shop::with_migrations();
    shop.nself("tenants add acme").exits(0);
    shop.nself("tenants add beta").exits(0);
    let rows = shop.json("db migrate up 1 --all-tenants", 0);
    assert_eq!(column(&rows, "version"), ["0001", "0001"]);
    assert!(shop.has_table("acme.np_users") && !shop.has_column("acme.np_users", "name"));
    shop.nself("db migrate up --all-tenants --out-of-order").exits(2);
}

#[test]
fn a_table_that_somebody_has_locked_is_told_and_the_rest_is_compared() {
    let shop = Shop::new();
    shop.file(
        "migrations/0001_notes.sql",
        "CREATE TABLE notes (id int CHECK (id > 0)); CREATE TABLE other ()",
    );
    for tenant in ["acme", "beta"] {
        shop.nself(&format!("tenants add {tenant}")).exits(0);
    }
    shop.nself("db migrate up --all-tenants").exits(0);
    shop.sql("DROP TABLE acme.other");
    let mut locker = connect(&shop.database);
    locker.batch_execute("BEGIN; LOCK TABLE acme.notes, beta.notes").unwrap();
    let diff = shop.json("db migrate diff --tenant acme", 0);
    assert_eq!(column(&diff["drift"], "identity"), ["acme.other", "acme.notes"]);
    assert_eq!(column(&diff["drift"], "safety"), ["additive", "blocked"]);
    // Of all tenants at once, those are left out of whose schemas something is locked, and that is said.
    shop.nself("tenants add zeta").exits(0);
    let drift = shop.json("tenants drift --fail-on-drift", 1);
    assert_eq!(column(&drift, "kind"), ["not compared", "not compared"]);
    let said = column(&drift, "actual").concat();
    assert!(said.contains("table acme.notes: ") && said.contains("so this cannot be compared now"), "{said}");
    locker.batch_execute("ROLLBACK").unwrap();
    shop.nself("tenants drift beta --fail-on-drift").exits(0);
}

#[test]
fn a_cancelled_job_leaves_each_tenant_at_a_whole_migration() {
    let shop = Shop::new();
    shop.file("migrations/0001_notes.sql", "CREATE TABLE notes (id int)")
        .file("migrations/0002_more.sql", "CREATE TABLE more (id int); SELECT * FROM public.gate");
    shop.sql("CREATE TABLE public.gate ()");
    for tenant in ["acme", "beta"] {
        shop.nself(&format!("tenants add {tenant}")).exits(0);
    }
    shop.nself("db migrate status").exits(0);
    shop.nself("db migrate up 1 --tenant acme").exits(0);
    shop.sql("SET nself.migrate_lock_timeout = 0");
    let mut gate = connect(&shop.database);
    gate.batch_execute("BEGIN; LOCK TABLE public.gate").unwrap();
    shop.sql("SELECT nself_tenant_up_start()");
    shop.until("SELECT wait_event = 'relation' FROM nself.jobs");
    shop.sql("SELECT nself_job_cancel(1)");
    shop.until("SELECT state = 'cancelled' FROM nself.jobs");
    gate.batch_execute("ROLLBACK").unwrap();
    let applied = "SELECT string_agg(tenant || ' ' || version, ', ' ORDER BY id) FROM nself.applied";
    assert_eq!(shop.ask(applied), "acme 0001");
    assert!(!shop.has_table("acme.more") && !shop.has_table("beta.notes"));
    shop.sql("SELECT nself_tenant_up_start()");
    shop.until("SELECT state = 'done' FROM nself.jobs WHERE job = 2");
    assert_eq!(shop.ask(applied), "acme 0001, acme 0002, beta 0001, beta 0002");
}

#[test]
fn several_workers_migrate_tenants_side_by_side_and_each_migration_has_its_own_evidence() {
    let shop = Shop::new();
    shop.file("migrations/0001_first.sql", "CREATE TABLE first (id int)").file(
        "migrations/0002_gate.sql",
        "SELECT * FROM public.gate;
         CREATE TABLE second (id int);
         CREATE TABLE IF NOT EXISTS public.of_all (id int);
         ALTER TABLE public.of_all ADD COLUMN IF NOT EXISTS more int",
    );
    shop.sql("CREATE TABLE public.gate ()");
    for number in 1..=6 {
        shop.nself(&format!("tenants add t{number}")).exits(0);
    }
    shop.nself("db migrate status").exits(0);
    shop.nself("db migrate up 1 --all-tenants").exits(0);
    let mut gate = connect(&shop.database);
    gate.batch_execute("BEGIN; LOCK TABLE public.gate").unwrap();
    let start =
        "SET nself.tenant_workers = 3; SET nself.migrate_lock_timeout = 0; SELECT nself_tenant_up_start()";
    let waiting =
        "SELECT count(*) = 3 FROM pg_locks WHERE relation = 'public.gate'::regclass AND NOT granted";
    let helpers = |many: usize| {
        format!(
            "SELECT count(*) = {many} FROM pg_stat_activity \
              WHERE datname = current_database() AND backend_type = 'nself_heal tenants'"
        )
    };
    shop.sql(start);
    shop.until(waiting);
    // Beside them nobody else changes the schema.
    let turns = shop.ask(
        "SELECT format('%s %s', count(*), min(mode)) FROM pg_locks \
          WHERE (classid, objid, objsubid) = (7236270, 1, 3) AND granted \
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    assert_eq!(turns, "3 ShareLock");
    // A cancel ends all of them.
    shop.sql("SELECT nself_job_cancel(1)");
    shop.until("SELECT state = 'cancelled' FROM nself.jobs WHERE job = 1");
    shop.until(&helpers(0));
    // A worker that is killed leaves its tenant as it was, and that is told.
    shop.sql(start);
    shop.until(waiting);
    shop.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
          WHERE datname = current_database() AND backend_type = 'nself_heal tenants' LIMIT 1",
    );
    shop.until(&helpers(1));
    gate.batch_execute("ROLLBACK").unwrap();
    shop.until("SELECT state = 'failed' FROM nself.jobs WHERE job = 2");
    let error = shop.ask("SELECT error FROM nself.jobs WHERE job = 2");
    assert!(
        error.starts_with("1 of 6 tenants failed, the first of them tenant \"t")
            && error.ends_with("\": the worker that migrated it ended before it had"),
        "{error}"
    );
    shop.sql(start);
    shop.until("SELECT state = 'done' FROM nself.jobs WHERE job = 3");
    assert_eq!(shop.ask("SELECT string_agg(DISTINCT state, ' ') FROM nself_tenant_status()"), "up to date");
    // Each row of the ledger has the evidence of its own migration.
    let of_others = "SELECT count(*) FROM nself.ledger l LEFT JOIN nself.evidence e ON e.ledger_id = l.id \
        WHERE l.direction = 'up' AND (e IS NULL OR EXISTS (SELECT FROM json_object_keys(e.evidence -> 'touched') k \
                                       WHERE k NOT LIKE '%' || l.tenant || '%' AND k NOT LIKE '%public.of_all%'))";
    assert_eq!(shop.ask(of_others), "0");
    shop.nself("db migrate diff --all-tenants --fail-on-drift").exits(0);
}
