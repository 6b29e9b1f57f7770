//! Commands that leave the work to a job of the server: what they print at its end, and Ctrl-C.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use postgres::Client;

use crate::common::Ran;
use crate::shop::{Shop, column, connect, server, without_durations};

const HEAL: &str = "self-heal run --confirm --online";

/// A shop that lacks an index, on a table with rows, and a column of another table.
fn drifted() -> Shop {
    let shop = Shop::with_migrations();
    shop.file("migrations/0004_index.sql", "CREATE INDEX np_users_email ON np_users (email);\n")
        .file("migrations/0005_size.sql", "ALTER TABLE np_documents ADD COLUMN size int;\n");
    shop.nself("db migrate up").exits(0);
    shop.sql(
        "INSERT INTO np_users SELECT n, n || '@example.org' FROM generate_series(1, 1000) n;
         DROP INDEX np_users_email;
         ALTER TABLE np_documents DROP COLUMN size",
    );
    shop
}

fn has_valid_index(shop: &Shop, index: &str) -> bool {
    shop.ask(&format!("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{index}')")) == "true"
}

/// A session that writes to the table and does not commit: an index is not built CONCURRENTLY before it has.
fn writer(shop: &Shop) -> Client {
    let mut writer = connect(&shop.database);
    writer.batch_execute("BEGIN; INSERT INTO np_users VALUES (-1)").unwrap();
    writer
}

/// A run of `nself` that goes on beside the test.
struct Running(Child);

impl Running {
    fn start(shop: &Shop, line: &str) -> Self {
        let mut command = shop.command();
        command.args(line.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn interrupt(&self) {
        let kill = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    fn end(self) -> Ran {
        self.0.wait_with_output().unwrap().into()
    }
}

/// Waits until a job waits for that writer.
#[track_caller]
fn until_it_waits(shop: &Shop) {
    shop.until("SELECT EXISTS (SELECT FROM nself.jobs WHERE wait_event = 'virtualxid')");
}

#[test]
fn an_online_heal_leaves_the_work_to_a_job() {
    let shop = drifted();
    let ran = shop.nself(HEAL).exits(0);
    assert!(ran.stdout.contains("Column: np_documents.size"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("Healed: 2 applied.\n"), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("note: this is job "), "{}", ran.stderr);
    assert!(shop.has_column("np_documents", "size") && has_valid_index(&shop, "np_users_email"));
    assert_eq!(shop.ask("SELECT trigger FROM nself_heal_history(1)"), "job");
    assert_eq!(shop.nself(HEAL).exits(0).stdout, "No drift.\n");
}

#[test]
fn the_steps_of_an_online_heal_can_be_had_as_json() {
    let shop = drifted();
    let steps = shop.json(HEAL, 0)["steps"].take();
    assert_eq!(column(&steps, "status"), ["applied", "applied"]);
    assert!(column(&steps, "ddl").iter().any(|ddl| ddl.starts_with("CREATE INDEX CONCURRENTLY")), "{steps}");
    assert_eq!(shop.json(HEAL, 0)["steps"], serde_json::json!([]));
}

#[test]
fn the_online_heal_knows_what_was_not_renamed() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users RENAME COLUMN name TO full_name");
    shop.nself(HEAL).exits(0);
    assert!(!shop.has_column("np_users", "name"));
    shop.nself(&format!("{HEAL} --not-renamed public.np_users.name")).exits(0);
    assert!(shop.has_column("np_users", "name"));
}

#[test]
fn an_online_heal_waits_for_writers_and_holds_none_up() {
    let shop = drifted();
    let mut writer = writer(&shop);
    let running = Running::start(&shop, HEAL);
    until_it_waits(&shop);
    shop.sql("SET lock_timeout = '1s'; INSERT INTO np_users VALUES (-2)");
    writer.batch_execute("COMMIT").unwrap();
    running.end().exits(0);
    assert!(shop.has_column("np_documents", "size") && has_valid_index(&shop, "np_users_email"));
}

#[test]
fn ctrl_c_cancels_the_job_and_what_is_done_stays_done() {
    let shop = drifted();
    let mut writer = writer(&shop);
    let running = Running::start(&shop, HEAL);
    until_it_waits(&shop);
    running.interrupt();
    let ran = running.end().exits(2);
    assert!(ran.stdout.contains("Column: np_documents.size"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("Healed in part: 1 applied.\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("note: cancelling job "), "{}", ran.stderr);
    let end = "was cancelled\n  detail: What was done before stays done.\n";
    assert!(ran.stderr.contains(end), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("sqlstate: 57014\n"), "{}", ran.stderr);
    assert_eq!(shop.ask("SELECT state FROM nself.jobs"), "cancelled");
    assert!(shop.has_column("np_documents", "size") && !has_valid_index(&shop, "np_users_email"));
    writer.batch_execute("COMMIT").unwrap();
    shop.nself(HEAL).exits(0);
    assert!(has_valid_index(&shop, "np_users_email"));
}

#[test]
fn a_job_whose_process_ended_is_not_waited_for() {
    let shop = drifted();
    let _writer = writer(&shop);
    let running = Running::start(&shop, HEAL);
    until_it_waits(&shop);
    shop.sql("SELECT pg_terminate_backend(pid) FROM nself.jobs");
    let ran = running.end().exits(2);
    assert!(ran.stdout.ends_with("Healed in part: 1 applied.\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains(" was interrupted: "), "{}", ran.stderr);
}

#[test]
fn an_online_heal_needs_level_heal_alone() {
    let shop = drifted();
    let role = &shop.database;
    shop.sql(&format!(
        "CREATE ROLE {role} LOGIN;
         ALTER TABLE np_documents OWNER TO {role};
         SELECT nself_grant_access('{role}', 'heal')"
    ));
    let (host, port) = (server("NSELF_TEST_DATABASE_HOST", "PGHOST"), server("NSELF_TEST_PORT", "PGPORT"));
    let url = format!("postgres://{role}@/{role}?host={host}&port={port}");
    let report = shop.json(&format!("{HEAL} --database-url {url}"), 0);
    let steps = &report["steps"];
    let identities = ["public.np_documents.size", "public.np_users_email", "table public.np_documents"];
    assert_eq!(column(steps, "identity"), identities);
    assert_eq!(column(steps, "status"), ["applied", "blocked", "manual"], "the last is the owner");
    shop.sql(&format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_the_job() {
    let shop = drifted();
    let _writer = writer(&shop);
    let mut running = Running::start(&shop, HEAL);
    until_it_waits(&shop);
    // The job cannot be asked about, nor cancelled.
    let mut owner = connect(&shop.database);
    owner.batch_execute("BEGIN; LOCK TABLE nself.job_log").unwrap();
    running.interrupt();
    thread::sleep(Duration::from_millis(500));
    assert!(running.0.try_wait().unwrap().is_none());
    running.interrupt();
    assert_eq!(running.end().exits(2).stdout, "");
}

/// A shop with two migrations to apply: one as any other, and one that runs statement by statement.
fn with_a_marked_migration() -> Shop {
    let shop = Shop::migrated();
    shop.sql("INSERT INTO np_users SELECT n, n || '@example.org' FROM generate_series(1, 1000) n");
    shop.file("migrations/0004_size.sql", "ALTER TABLE np_documents ADD COLUMN size int;\n").file(
        "migrations/0005_index.sql",
        "-- nself:no-transaction
ALTER TABLE np_users ADD COLUMN age int;
CREATE INDEX CONCURRENTLY np_users_email ON np_users (email);
",
    );
    shop
}

const PROGRESS: &str = "\
Applying 0004_size.sql ... done (…)
Applying 0005_index.sql ... stopped: statement 2 of 2 was begun
Applied 1 migration. Database is at version 0004.
";

#[test]
fn up_leaves_migrations_without_a_transaction_to_a_job() {
    let shop = with_a_marked_migration();
    let planned = shop.nself("db migrate up --dry-run").exits(0).stdout;
    assert!(planned.ends_with("Dry run: 2 migrations to apply. Nothing was changed.\n"), "{planned}");
    let ran = shop.nself("db migrate up").exits(0);
    let expected = "\
Applying 0004_size.sql ... done (…)
Applying 0005_index.sql ... done (…)
Applied 2 migrations. Database is now at version 0005.
";
    assert_eq!(without_durations(&ran.stdout), expected);
    assert!(ran.stderr.starts_with("note: this is job "), "{}", ran.stderr);
    assert!(shop.has_column("np_documents", "size") && has_valid_index(&shop, "np_users_email"));
    assert_eq!(shop.nself("migrate run").exits(0).stdout, "Nothing to apply. Database is at version 0005.\n");
    assert_eq!(shop.ask("SELECT count(*) FROM nself.jobs"), "1");
}

#[test]
fn up_takes_no_job_for_what_runs_in_a_transaction() {
    let shop = with_a_marked_migration();
    shop.nself("db migrate up --to 0004").exits(0);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.jobs"), "0");
    let rows = shop.json("migrate run --count 1", 0);
    assert_eq!(column(&rows, "version"), ["0005"]);
    assert_eq!(column(&rows, "status"), ["applied"]);
    assert!(rows[0]["duration_ms"].is_number() && rows[0]["sql"].as_str().unwrap().contains("CONCURRENTLY"));
    assert_eq!(shop.ask("SELECT count(*) FROM nself.jobs"), "1");
}

#[test]
fn a_drizzle_migration_that_leaves_its_transaction_between_two_breakpoints_is_applied() {
    let shop = Shop::new();
    let entry = |n: u32, tag: &str| {
        format!(r#"{{"idx": {n}, "version": "7", "when": {n}, "tag": "{tag}", "breakpoints": true}}"#)
    };
    let entries = [entry(0, "0000_mood"), entry(1, "0001_glad")].join(", ");
    shop.file(
        "drizzle/meta/_journal.json",
        &format!(r#"{{"version": "7", "dialect": "postgresql", "entries": [{entries}]}}"#),
    )
    .file(
        "drizzle/0000_mood.sql",
        "CREATE TYPE \"mood\" AS ENUM('sad');--> statement-breakpoint\nCREATE TABLE \"t\" (\"m\" \"mood\");\n",
    )
    .file(
        "drizzle/0001_glad.sql",
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad';--> statement-breakpoint\n\
         COMMIT;--> statement-breakpoint\n\
         BEGIN;--> statement-breakpoint\n\
         UPDATE t SET m = 'glad';--> statement-breakpoint\n\
         ALTER TABLE t ALTER COLUMN m SET DEFAULT 'glad';\n",
    );
    shop.nself("db migrate up --dir drizzle").exits(0);
    assert_eq!(
        shop.ask(
            "SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM nself_migrate_status()"
        ),
        "0000 applied, 0001 applied"
    );
    assert_eq!(shop.ask("SELECT count(*) FROM nself_drift()"), "0");
}

#[test]
fn a_migration_that_commits_in_the_middle_keeps_its_transactions() {
    let shop = with_a_marked_migration();
    let parts = |middle: &str| {
        format!(
            "ALTER TYPE size ADD VALUE 'huge';
COMMIT;
BEGIN;
CREATE TABLE np_boxes (size size DEFAULT 'huge');
{middle}
COMMIT;
CREATE TABLE np_last (id int);
"
        )
    };
    shop.sql("CREATE TYPE size AS ENUM ('small')");
    shop.file("migrations/0005_index.sql", &parts("SELECT 1 / 0;"));
    let failed = shop.nself("db migrate up").exits(1).stderr;
    assert!(failed.contains("migration 0005 failed at statement 3 of 4, line 5"), "{failed}");
    assert_eq!(shop.ask("SELECT to_regclass('np_boxes') IS NULL"), "true");
    assert_eq!(shop.ask("SELECT count(*) FROM pg_enum WHERE enumlabel = 'huge'"), "1");
    shop.file("migrations/0005_index.sql", &parts("SELECT 1;"));
    shop.nself("db migrate up").exits(0);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.ledger WHERE version = '0005'"), "3");
    assert_eq!(shop.ask("SELECT to_regclass('np_last') IS NOT NULL"), "true");
    assert_eq!(
        shop.ask(
            "SELECT coalesce(string_agg(identity, ' '), 'none') FROM nself_drift() WHERE kind <> 'extra'"
        ),
        "none"
    );
}

#[test]
fn arguments_are_refused_before_a_job_is_started() {
    let shop = with_a_marked_migration();
    for line in ["--count 0", "--count 3", "--to 9999"] {
        let ran = shop.nself(&format!("db migrate up {line}")).exits(2);
        assert!(ran.stderr.contains("sqlstate: 22023"), "{}", ran.stderr);
    }
    assert_eq!(shop.ask("SELECT count(*) FROM nself.job_log"), "0");
}

#[test]
fn a_job_that_fails_leaves_what_it_did_and_says_how_far_it_came() {
    let shop = with_a_marked_migration();
    shop.sql("INSERT INTO np_users VALUES (0, '1@example.org')");
    let broken = "-- nself:no-transaction
ALTER TABLE np_users ADD COLUMN age int;
CREATE UNIQUE INDEX CONCURRENTLY np_users_email ON np_users (email);
";
    shop.file("migrations/0005_index.sql", broken);
    let ran = shop.nself("db migrate up").exits(1);
    assert_eq!(without_durations(&ran.stdout), PROGRESS);
    assert!(ran.stderr.contains("0005_index.sql: could not create unique index"), "{}", ran.stderr);
    assert!(ran.stderr.contains("  detail: What was done before stays done.\n  hint: "), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("sqlstate: 23505\n"), "{}", ran.stderr);
    assert!(shop.has_column("np_documents", "size") && shop.has_column("np_users", "age"));
    assert_eq!(column(&shop.json("db migrate up", 1), "status"), ["partial"]);
    let status = shop.nself("db migrate status").exits(0).stdout;
    let end = "Database is at version 0004. 1 migration is pending.\n";
    assert!(status.ends_with(end), "{status}");
    shop.sql("DELETE FROM np_users WHERE id = 0");
    shop.nself("db migrate up").exits(0);
    assert!(has_valid_index(&shop, "np_users_email"));
}

#[test]
fn ctrl_c_cancels_the_migrations_of_a_job() {
    let shop = with_a_marked_migration();
    // A transaction that has read from another table, and may read from this one.
    let mut reader = connect(&shop.database);
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM np_documents").unwrap();
    shop.file("migrations/0004_size.sql", "CREATE TABLE np_sizes (id int);\n");
    let running = Running::start(&shop, "migrate run");
    until_it_waits(&shop);
    running.interrupt();
    let ran = running.end().exits(1);
    assert_eq!(without_durations(&ran.stdout), PROGRESS);
    assert!(
        ran.stderr.contains("was cancelled\n  detail: What was done before stays done.\n"),
        "{}",
        ran.stderr
    );
    reader.batch_execute("COMMIT").unwrap();
    let ran = shop.nself("migrate run").exits(0);
    assert!(
        ran.stdout.ends_with("Applied 1 migration. Database is now at version 0005.\n"),
        "{}",
        ran.stdout
    );
    assert!(has_valid_index(&shop, "np_users_email"));
}

#[test]
fn ctrl_c_ends_a_command_without_a_job_as_it_ends_any_other() {
    let shop = drifted();
    let mut reader = connect(&shop.database);
    reader.batch_execute("BEGIN; SELECT count(*) FROM np_documents").unwrap();
    let running = Running::start(&shop, "self-heal run --confirm");
    shop.until(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'nself'
                         AND wait_event_type = 'Lock' AND datname = current_database())",
    );
    running.interrupt();
    let status = running.0.wait_with_output().unwrap().status;
    assert_eq!(status.code(), None, "the signal itself ended it");
    assert!(!shop.has_column("np_documents", "size"));
}
