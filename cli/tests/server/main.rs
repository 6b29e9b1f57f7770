//! The commands against a server with the extension installed. `make test-cli` starts one and names it; every test has
//! a database of its own there.

mod access;
mod adopt;
#[path = "../common/mod.rs"]
mod common;
mod conflicts;
mod environment;
mod fleet;
mod folder;
mod hasura;
mod http;
mod jobs;
mod metadata;
mod page;
mod pooler;
mod repair;
mod serve;
mod shop;
mod stand_in;
mod tenants;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::Project;
use serde_json::Value;
use shop::{Shop, column, server, without_durations};

const DRIZZLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/drizzle/drizzle");

#[test]
fn up_applies_what_is_pending_and_says_where_the_database_is() {
    let shop = Shop::with_migrations();
    let first = shop.nself("db migrate up --count 2").exits(0);
    let expected = "\
Applying 0001_users.sql ... done (…)
Applying 0002_names.sql ... done (…)
Applied 2 migrations. Database is now at version 0002.
";
    assert_eq!(without_durations(&first.stdout), expected);
    let second = shop.nself("migrate run").exits(0);
    let expected = "\
Applying 0003_add_documents_table.sql ... done (…)
Applied 1 migration. Database is now at version 0003.
";
    assert_eq!(without_durations(&second.stdout), expected);
    let third = shop.nself("db migrate up").exits(0);
    assert_eq!(third.stdout, "Nothing to apply. Database is at version 0003.\n");
    assert!(shop.has_column("np_users", "name") && shop.has_table("np_documents"));
}

#[test]
fn up_goes_as_far_as_it_is_told() {
    let shop = Shop::with_migrations();
    let rows = shop.json("db migrate up --to 0002", 0);
    assert_eq!(column(&rows, "version"), ["0001", "0002"]);
    assert_eq!(column(&rows, "status"), ["applied", "applied"]);
    assert!(rows[0]["duration_ms"].is_number() && rows[0]["sql"].as_str().unwrap().contains("CREATE TABLE"));
    assert!(!shop.has_table("np_documents"));
}

#[test]
fn a_dry_run_changes_nothing() {
    let shop = Shop::with_migrations();
    let ran = shop.nself("db migrate up --dry-run").exits(0);
    let first = "Would apply 0001_users.sql\n    CREATE TABLE np_users (id int PRIMARY KEY, email text);\n";
    assert!(ran.stdout.starts_with(first), "{}", ran.stdout);
    let last = "Dry run: 3 migrations to apply. Nothing was changed.\n";
    assert!(ran.stdout.ends_with(last), "{}", ran.stdout);
    // The second migration alters what the first one makes; there are no down parts.
    assert!(
        ran.stdout.contains("blocks-reads: It takes ACCESS EXCLUSIVE on public.np_users"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("Rehearsed in a shadow database: "), "{}", ran.stdout);
    assert_eq!(column(&shop.json("db migrate up --dry-run", 0), "status"), ["planned"; 3]);
    assert!(!shop.has_table("np_users"));
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "0");
}

#[test]
fn lint_fails_for_the_hazards_that_are_named_and_not_accepted() {
    let shop = Shop::with_migrations();
    shop.nself("db migrate up").exits(0);
    assert!(shop.nself("db migrate lint").exits(0).stdout.starts_with("Nothing is pending"));
    shop.sql("INSERT INTO np_users (id, email) VALUES (1, 'a')");
    shop.file("migrations/0004_drop.sql", "SELECT 1;\nALTER TABLE np_users DROP COLUMN email;\n");
    shop.file("migrations/0004_drop.down.sql", "ALTER TABLE np_users ADD COLUMN email text;\n");
    let ran = shop.nself("db migrate lint").exits(0);
    assert!(ran.stdout.contains("0004_drop.sql, line 2: ALTER TABLE np_users"), "{}", ran.stdout);
    shop.nself("db migrate lint --fail-on fk-without-index,rewrites-table").exits(0);
    let rows: Vec<Value> =
        serde_json::from_str(&shop.nself("db migrate lint --json").exits(0).stdout).unwrap();
    assert!(!rows.is_empty());
    let ran = shop.nself("db migrate lint --fail-on deletes-data --format github").exits(1);
    let says = "::error file=migrations/0004_drop.sql,line=2,title=deletes-data::It drops column public.np_users.email";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
    let sarif = shop.json_as("db migrate lint --fail-on deletes-data", "sarif", 1);
    assert_eq!(sarif["version"], "2.1.0");
    let rows = shop.json("db migrate lint --fail-on deletes-data", 1);
    assert_eq!(column(&rows, "status"), ["ran", "ran"]);
    shop.file(
        "migrations/0004_drop.sql",
        "-- nself:allow deletes-data because nobody writes mails\nALTER TABLE np_users DROP COLUMN email;\n",
    );
    let ran = shop.nself("db migrate lint --fail-on deletes-data").exits(0);
    assert!(ran.stdout.contains("deletes-data, accepted because nobody writes mails"), "{}", ran.stdout);
    shop.file("migrations/0005_broken.sql", "SELECT 1/0;\n");
    let ran = shop.nself("db migrate lint").exits(1);
    assert!(ran.stdout.contains("failed: ") && ran.stdout.contains("division by zero"), "{}", ran.stdout);
    shop.nself("db migrate lint --fail-on deletes_data").exits(2);
    shop.nself("db migrate status --format sarif").exits(2);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.ledger WHERE direction = 'up'"), "3");
}

#[test]
fn arguments_that_the_server_refuses_exit_with_two() {
    let shop = Shop::with_migrations();
    for line in ["up --count 0", "up --to 9999", "down --yes --steps 0", "down --yes --to 9999"] {
        let ran = shop.nself(&format!("db migrate {line}")).exits(2);
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
        assert!(ran.stderr.contains("sqlstate: 22023"), "{}", ran.stderr);
    }
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "0");
}

#[test]
fn a_migration_that_fails_leaves_the_database_as_it_was() {
    let shop = Shop::with_migrations();
    shop.file("migrations/0004_broken.sql", "CREATE TABLE half (id int);\nSELECT 1/0;\n");
    let ran = shop.nself("db migrate up --format json").exits(1);
    assert_eq!(ran.stdout, "");
    let said: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert!(said["error"]["message"].as_str().unwrap().contains("division by zero"), "{}", ran.stderr);
    assert_eq!(said["error"]["sqlstate"], "22012");
    assert!(!shop.has_table("np_users") && !shop.has_table("half"));
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "0");
}

#[test]
fn an_invalid_value_in_a_migration_is_no_usage_error() {
    let shop = Shop::new();
    shop.file("migrations/0001_limits.sql", "SET statement_timeout = -3;\n");
    let ran = shop.nself("db migrate up").exits(1);
    assert!(ran.stderr.contains("sqlstate: 22023"), "{}", ran.stderr);
}

#[test]
fn down_reverts_one_migration_unless_more_are_asked_for() {
    let shop = Shop::migrated();
    shop.nself("db migrate down").exits(2);
    shop.nself("migrate rollback").exits(2);
    assert!(shop.has_table("np_documents"));
    let ran = shop.nself("migrate rollback --yes").exits(0);
    let expected = "\
Reverting 0003_add_documents_table.sql ... done (…)
Reverted 1 migration. Database is now at version 0002.
";
    assert_eq!(without_durations(&ran.stdout), expected);
    assert!(!shop.has_table("np_documents"));
    let ran = shop.nself("db migrate down --steps 2 --yes").exits(0);
    assert!(ran.stdout.ends_with("Reverted 2 migrations. No migration is applied.\n"), "{}", ran.stdout);
    assert!(!shop.has_table("np_users"));
}

#[test]
fn down_reverts_to_a_version_and_can_show_it_first() {
    let shop = Shop::migrated();
    let ran = shop.nself("db migrate down --to 0001 --dry-run").exits(0);
    assert!(
        ran.stdout.starts_with("Would revert 0003_add_documents_table.sql\n    DROP TABLE"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.ends_with("Dry run: 2 migrations to revert. Nothing was changed.\n"),
        "{}",
        ran.stdout
    );
    assert!(shop.has_table("np_documents"));
    let rows = shop.json("db migrate down --to 0001 --yes", 0);
    assert_eq!(column(&rows, "version"), ["0003", "0002"]);
    assert!(shop.has_table("np_users") && !shop.has_column("np_users", "name"));
}

#[test]
fn production_is_destroyed_only_by_its_long_word() {
    let shop = Shop::migrated();
    let ran = shop.nself("db migrate down --env prod --yes").exits(1);
    assert!(ran.stderr.contains("add --confirm yes-destroy-production"), "{}", ran.stderr);
    assert!(shop.has_table("np_documents"));
    shop.nself("db migrate down --env prod --confirm yes-destroy-production").exits(0);
    assert!(!shop.has_table("np_documents"));
}

#[test]
fn status_lists_all_migrations_and_the_files_that_are_none() {
    let shop = Shop::with_migrations();
    shop.nself("db migrate up --to 0002").exits(0);
    shop.file("migrations/README.md", "Hello").file("migrations/notes.sql", "-- later");
    let ran = shop.nself("db migrate status").exits(0);
    assert!(ran.stdout.contains("add_documents_table"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("Database is at version 0002. 1 migration is pending.\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("note: README.md is ignored"), "{}", ran.stderr);
    assert!(ran.stderr.contains("note: notes.sql is ignored"), "{}", ran.stderr);
    let states = shop.json("db migrate status", 0);
    assert_eq!(column(&states, "state"), ["applied", "applied", "pending"]);
}

#[test]
fn a_question_does_not_change_the_journal() {
    let shop = Shop::migrated();
    shop.file("migrations/0004_more.sql", "CREATE TABLE more (id int);");
    assert_eq!(column(&shop.json("db migrate status", 0), "version").len(), 4);
    shop.json("db migrate verify-checksums", 0);
    shop.json("db migrate diff", 0);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "3");
}

#[test]
fn without_a_folder_the_journal_in_the_database_counts() {
    let shop = Shop::migrated();
    fs::remove_dir_all(shop.path().join("migrations")).unwrap();
    assert_eq!(column(&shop.json("db migrate status", 0), "version"), ["0001", "0002", "0003"]);
    shop.nself("db migrate verify-checksums").exits(0);
    shop.nself("db migrate up").exits(2);
    shop.nself("migrate rollback --yes").exits(0);
    assert!(!shop.has_table("np_documents"));
}

#[test]
fn edited_migrations_are_found_by_their_checksums() {
    let shop = Shop::migrated();
    let ran = shop.nself("db migrate verify-checksums").exits(0);
    let expected = "\
[x] 0001_users.sql OK
[x] 0002_names.sql OK
[x] 0003_add_documents_table.sql OK
The checksums of all 3 applied migrations match.
";
    assert_eq!(ran.stdout, expected);
    shop.file("migrations/0002_names.sql", "ALTER TABLE np_users ADD COLUMN name text; -- the full name\n");
    let ran = shop.nself("db migrate verify-checksums").exits(0);
    assert!(ran.stdout.contains("\n[~] 0002_names.sql COSMETIC EDIT\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\n1 of 3 applied migrations is edited in comments"), "{}", ran.stdout);
    shop.nself("db migrate diff --fail-on-drift").exits(0);
    shop.file("migrations/0002_names.sql", "ALTER TABLE np_users ADD COLUMN name varchar(10);\n");
    let ran = shop.nself("db migrate verify-checksums").exits(1);
    let mismatch = "\n[!] 0002_names.sql CHECKSUM MISMATCH\n    Expected: ";
    assert!(ran.stdout.contains(mismatch), "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with("ERROR: 1 of 3 applied migrations is not what was applied.\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(column(&shop.json("db migrate verify-checksums", 1), "status"), ["ok", "mismatch", "ok"]);
}

#[test]
fn down_parts_are_tried_in_a_shadow() {
    let shop = Shop::migrated();
    let ran = shop.nself("db migrate verify-checksums --rollback").exits(0);
    let says = "3 of 3 migrations can be undone: up, down and up again give the same schema.\n";
    assert!(ran.stdout.ends_with(says), "{}", ran.stdout);
    shop.file("migrations/0004_more.sql", "CREATE TABLE more (id int);");
    shop.file("migrations/0004_more.down.sql", "SELECT 1;");
    let ran = shop.nself("db migrate verify-checksums --rollback").exits(1);
    let says = "0004_more.sql: rollback departs\n  expected  the schema from before it\n  \
                actual    the down part leaves table public.more: 1 column\n3 of 4 migrations can be undone";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
}

#[test]
fn an_edit_that_is_to_stay_needs_a_reason() {
    let shop = Shop::migrated();
    shop.nself_with(["db", "migrate", "reset-checksum", "--migration", "0002", "--reason", "typo"]).exits(1);
    shop.file("migrations/0002_names.sql", "ALTER TABLE np_users ADD COLUMN name varchar(10);\n");
    let reset = ["db", "migrate", "reset-checksum", "--migration"];
    shop.nself_with(reset.iter().chain(&["0002"])).exits(2);
    shop.nself_with(reset.iter().chain(&["0009", "--reason", "typo"])).exits(2);
    let ran = shop.nself_with(reset.iter().chain(&["0002", "--reason", "agreed with ann"])).exits(0);
    assert!(ran.stdout.starts_with("The checksum of 0002_names.sql is reset.\n    Was: "), "{}", ran.stdout);
    shop.nself("db migrate verify-checksums").exits(0);
    shop.nself("db migrate up").exits(0);
    // What ran here is what the schema is compared with.
    shop.nself("db migrate diff --fail-on-drift").exits(0);
    let status = shop.nself("db migrate status").exits(0).stdout;
    assert!(status.contains("agreed with ann"), "{status}");
}

#[test]
fn diff_shows_what_is_missing_extra_and_changed() {
    let shop = Shop::migrated();
    let ran = shop.nself("db migrate diff --fail-on-drift").exits(0);
    assert!(ran.stdout.starts_with("No schema drift detected.\n"), "{}", ran.stdout);
    shop.sql(
        "ALTER TABLE np_users DROP COLUMN name;
         CREATE TABLE temp_import_2026_05_07 (id int);
         ALTER TABLE np_users ALTER COLUMN email TYPE varchar(40)",
    );
    let ran = shop.nself("db migrate diff").exits(0);
    let expected = "\
Schema drift detected:

Missing in DB (in schema, not in DB):
  Column: np_users.name (text)
Extra in DB (in DB, not in schema):
  Table: temp_import_2026_05_07
Changed in DB (differs from schema):
  Column: np_users.email: expected text, is character varying(40)
";
    assert!(ran.stdout.starts_with(expected), "{}", ran.stdout);
    let report = shop.json("db migrate diff --fail-on-drift", 1);
    let mut kinds = column(&report["drift"], "kind");
    kinds.sort();
    assert_eq!(kinds, ["changed", "extra", "missing"]);
    assert!(report["not_compared"].is_array());
}

#[test]
fn pending_migrations_are_missing_in_the_journals_schema_only() {
    let shop = Shop::with_migrations();
    shop.nself("db migrate up --to 0002").exits(0);
    shop.nself("db migrate diff --against applied --fail-on-drift").exits(0);
    let ran = shop.nself("db migrate diff --fail-on-drift").exits(1);
    assert!(ran.stdout.contains("Pending (not applied yet):\n  Table: np_documents\n"), "{}", ran.stdout);
    let totals = shop.json("db migrate diff", 0)["totals"].take();
    assert_eq!(totals, serde_json::json!({"missing": 1, "extra": 0, "changed": 0, "pending": 1}));
}

#[test]
fn a_folder_that_is_not_what_was_applied_is_said_and_fails() {
    let shop = Shop::migrated();
    shop.file(
        "migrations/0001_users.sql",
        "CREATE TABLE np_users (id int PRIMARY KEY, email text, extra int);",
    );
    fs::remove_file(shop.path().join("migrations/0002_names.sql")).unwrap();
    fs::remove_file(shop.path().join("migrations/0002_names.down.sql")).unwrap();
    let ran = shop.nself("db migrate diff --fail-on-drift").exits(1);
    let said = "The folder is not what was applied: 0001 edited, 0002 missing. These are compared as they were applied.\n";
    assert!(ran.stdout.starts_with(said), "{}", ran.stdout);
    assert!(!ran.stdout.contains("No schema drift"), "{}", ran.stdout);
    let report = shop.json("db migrate diff --fail-on-drift", 1);
    assert_eq!(report["folder"], "0001 edited, 0002 missing");
    shop.nself("db migrate diff").exits(0);
    shop.nself("db migrate diff --against applied --fail-on-drift").exits(0);
    let ran = shop.nself("db migrate up").exits(1);
    let said = "error: the folder is not what was applied: 0001 edited, 0002 missing\n";
    assert!(ran.stderr.starts_with(said), "{}", ran.stderr);
    // A folder that is behind stops nothing, and is told.
    shop.file("migrations/0001_users.sql", "CREATE TABLE np_users (id int PRIMARY KEY, email text);\n");
    let ran = shop.nself("db migrate up").exits(0);
    assert_eq!(ran.stderr, "note: applied, and not in the folder: 0002\n");
    assert_eq!(ran.stdout, "Nothing to apply. Database is at version 0003.\n");
}

#[test]
fn a_heal_is_planned_first_and_done_when_confirmed() {
    let shop = Shop::migrated();
    assert_eq!(shop.nself("self-heal run").exits(0).stdout, "No drift.\n");
    shop.sql("ALTER TABLE np_users DROP COLUMN name; CREATE TABLE np_extra (id int)");
    let ran = shop.nself("self-heal run").exits(1);
    assert!(ran.stdout.contains("Column: np_users.name"), "{}", ran.stdout);
    assert!(ran.stdout.contains("ALTER TABLE"), "{}", ran.stdout);
    let end = "Dry run: 1 step to apply, 1 manual. Nothing was changed. Run with --confirm to heal.\n";
    assert!(ran.stdout.ends_with(end), "{}", ran.stdout);
    assert!(!shop.has_column("np_users", "name"));
    let ran = shop.nself("self-heal run --confirm").exits(0);
    assert!(ran.stdout.contains("Left for a person:\n  Table: np_extra: "), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("Healed: 1 applied, 1 manual.\n"), "{}", ran.stdout);
    assert!(shop.has_column("np_users", "name") && shop.has_table("np_extra"));
    shop.sql("DROP TABLE np_extra");
    let report = shop.json("self-heal run --yes", 0);
    assert_eq!(report["steps"], serde_json::json!([]));
    assert_eq!(report["totals"]["applied"], 0);
}

#[test]
fn what_may_be_a_rename_is_asked_about() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users RENAME COLUMN name TO full_name");
    let is_name = |step: &&Value| step["identity"] == "public.np_users.name";
    let status =
        |report: &Value| report["steps"].as_array().unwrap().iter().find(is_name).unwrap()["status"].clone();
    assert_eq!(status(&shop.json("self-heal run", 1)), "blocked");
    assert_eq!(status(&shop.json("self-heal run --not-renamed public.np_users.name", 1)), "planned");
    shop.nself("self-heal run --confirm").exits(0);
    assert!(!shop.has_column("np_users", "name"));
    shop.nself("self-heal run --confirm --not-renamed public.np_users.name").exits(0);
    assert!(shop.has_column("np_users", "name"));
}

#[test]
fn self_heal_can_be_switched_and_remembers_its_runs() {
    let shop = Shop::migrated();
    assert_eq!(shop.nself("self-heal enable").exits(0).stdout, "Self-heal is enabled for this database.\n");
    assert_eq!(shop.json("self-heal status", 0)["enabled"], true);
    // As if it had been restored from another database.
    shop.sql("INSERT INTO nself.home VALUES (7, 5, 0, 'original')");
    let note = "Note:           this database is a copy of database original of another server (system identifier 7): \
                run nself self-heal enable here to let the worker heal and migrate it\n";
    let status = shop.nself("self-heal status").exits(0).stdout;
    assert!(status.contains("Runs by itself: no\n") && status.contains(note), "{status}");
    shop.nself("self-heal enable").exits(0);
    let status = shop.nself("self-heal status").exits(0).stdout;
    assert!(!status.contains("this database is a copy"), "{status}");
    assert_eq!(shop.nself("self-heal disable").exits(0).stdout, "Self-heal is disabled for this database.\n");
    assert!(
        shop.nself("self-heal status")
            .exits(0)
            .stdout
            .starts_with("Self-heal:      disabled by nself_heal_disable() by ")
    );
    // The server's own worker may have begun while it was enabled.
    shop.until(
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                             AND backend_type = 'nself_heal worker')",
    );
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    shop.nself("self-heal run").exits(1);
    shop.nself("self-heal run --confirm").exits(0);
    let events = shop.json("self-heal history --limit 1", 0);
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!(events[0]["confirmed"], true);
    assert_eq!(events[0]["applied"], 1);
    assert!(shop.nself("self-heal history").exits(0).stdout.contains("confirmed"));
    shop.nself("self-heal history --limit 0").exits(2);
}

#[test]
fn what_is_left_over_is_never_called_healed_and_can_fail() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users RENAME COLUMN name TO full_name; CREATE TABLE np_extra (id int)");
    let ran = shop.nself("self-heal run --confirm").exits(0);
    assert!(ran.stdout.starts_with("Left for a person:\n"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("Nothing could be healed: 1 blocked, 2 manual.\n"), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("Table: np_extra").count(), 1, "{}", ran.stdout);
    shop.nself("self-heal run --confirm --fail-on-left-over").exits(1);
    shop.nself("self-heal run --confirm --online --fail-on-left-over").exits(1);
    let totals = shop.json("self-heal run --confirm --fail-on-left-over", 1)["totals"].take();
    let expected = serde_json::json!({"planned": 0, "applied": 0, "blocked": 1, "manual": 2, "failed": 0});
    assert_eq!(totals, expected);
    shop.sql("ALTER TABLE np_users RENAME COLUMN full_name TO name; DROP TABLE np_extra");
    shop.nself("self-heal run --confirm --fail-on-left-over").exits(0);
    shop.nself("self-heal run --fail-on-left-over").exits(2);
}

#[test]
fn what_diff_prints_can_be_allowed() {
    let shop = Shop::migrated();
    shop.sql("CREATE TABLE tmp_fix (id int); ALTER TABLE np_users ALTER name SET DEFAULT 'x'");
    let printed = shop.nself("db migrate diff").exits(0).stdout;
    assert!(
        printed.contains("  Table: tmp_fix\n") && printed.contains("  Default: np_users.name"),
        "{printed}"
    );
    let allow = |identity: &str, more: &[&str]| {
        let words = ["self-heal", "allow", identity, "--reason", "a trial"];
        shop.nself_with(words.iter().chain(more))
    };
    let ran = allow("Table: tmp_fix", &[]).exits(0);
    let expected =
        "  Table: tmp_fix (extra)\n1 difference allowed: self-heal leaves it, and diff does not show it.\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected, ""));
    allow("np_users.*", &["--expires", "2100-01-01"]).exits(0);
    shop.nself("db migrate diff --fail-on-drift").exits(0);
    let ran = allow("np_user.nothing", &[]).exits(0);
    assert!(
        ran.stderr.starts_with("warning: \"np_user.nothing\" is allowed from now on, and matches nothing"),
        "{}",
        ran.stderr
    );
    allow("x", &["--expires", "2001-01-01"]).exits(2);
    assert_eq!(
        shop.ask("SELECT string_agg(pattern, ', ' ORDER BY id) FROM nself.allowed_drift"),
        "Table: tmp_fix, np_users.*, np_user.nothing"
    );
}

#[test]
fn the_switch_is_also_set_in_the_environment_file_that_is_there() {
    let shop = Shop::migrated();
    shop.nself("self-heal enable").exits(0);
    assert!(!shop.path().join(".env").exists());
    let text = |value: &str| {
        format!("# ours\nPOSTGRES_DB=\nNSELF_SCHEMA_HEAL_ENABLED={value} # see the handbook\n\nLAST='x y'")
    };
    shop.file(".env", &text("false"));
    let file = shop.path().join(".env");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = shop.nself("self-heal enable").exits(0);
    let expected =
        "Self-heal is enabled for this database.\nNSELF_SCHEMA_HEAL_ENABLED=true is set in .env.\n";
    assert_eq!(ran.stdout, expected);
    assert_eq!(fs::read_to_string(&file).unwrap(), text("true"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let expected = serde_json::json!({"enabled": false, "env_file": ".env"});
    assert_eq!(shop.json("self-heal disable", 0), expected);
    assert_eq!(fs::read_to_string(&file).unwrap(), text("false"));
    // Who may not switch it here does not switch it in the file.
    shop.nself("self-heal enable --database-url postgres://nobody@nowhere.invalid/x").exits(2);
    assert_eq!(fs::read_to_string(&file).unwrap(), text("false"));
}

#[test]
fn a_database_without_the_extension_is_told_what_to_do() {
    let shop = Shop::without_extension();
    shop.file("migrations/0001_a.sql", "SELECT 1");
    for (line, code) in [("self-heal status", 2), ("db migrate diff", 2), ("db migrate up", 1)] {
        let ran = shop.nself(line).exits(code);
        assert!(ran.stderr.contains(&shop.database), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint: CREATE EXTENSION nself_heal;"), "{}", ran.stderr);
    }
}

#[test]
fn the_extension_may_be_in_any_schema() {
    let shop = Shop::without_extension();
    shop.sql("CREATE SCHEMA \"My tools\"; CREATE EXTENSION nself_heal SCHEMA \"My tools\"");
    shop.file("migrations/0001_a.sql", "CREATE TABLE a (id int);");
    shop.nself("db migrate up").exits(0);
    assert!(shop.has_table("public.a"), "migrations run under the caller's own search_path");
    shop.nself("self-heal status").exits(0);
}

#[test]
fn the_servers_notices_go_to_stderr() {
    let shop = Shop::new();
    shop.file("migrations/0001_a.sql", "DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$;");
    let ran = shop.nself("db migrate up --format json").exits(0);
    assert!(ran.stderr.contains(r#"{"warning":{"message":"mind the gap"}}"#), "{}", ran.stderr);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap()[0]["version"], "0001");
}

#[test]
fn a_url_and_a_folder_can_be_named() {
    let shop = Shop::new();
    let host = server("NSELF_TEST_DATABASE_HOST", "PGHOST");
    let port = server("NSELF_TEST_PORT", "PGPORT");
    let url = format!("postgres://postgres@/{}?host={host}&port={port}", shop.database);
    let elsewhere = Project::new::<&str, &str>([]);
    elsewhere
        .file("db/sql/0001_a.sql", "CREATE TABLE a (id int);")
        .file(".env", &format!("DATABASE_URL={url}\n"));
    elsewhere.nself("db migrate up --dir db/sql").exits(0);
    assert!(shop.has_table("a"));
    elsewhere.nself(&format!("db migrate status --dir db/sql --database-url {url}")).exits(0);
}

#[test]
fn bytes_that_are_no_text_reach_the_server_which_says_so() {
    let shop = Shop::new();
    fs::create_dir(shop.path().join("migrations")).unwrap();
    fs::write(shop.path().join("migrations/0001_latin1.sql"), b"SELECT 'caf\xe9';").unwrap();
    let ran = shop.nself("db migrate up").exits(1);
    assert!(ran.stderr.contains("0001_latin1.sql"), "{}", ran.stderr);
}

#[test]
fn a_drizzle_project_is_migrated_compared_and_healed() {
    let shop = Shop::new();
    copy(Path::new(DRIZZLE), &shop.path().join("drizzle"));
    let rows = shop.json("db migrate up", 0);
    assert_eq!(column(&rows, "name")[3], "add_documents_table");
    assert_eq!(rows.as_array().unwrap().len(), 11);
    shop.nself("db migrate diff --fail-on-drift").exits(0);
    shop.sql("ALTER TABLE np_documents DROP COLUMN fts_vector; CREATE TABLE temp_import_2026_05_07 (id int)");
    let ran = shop.nself("db migrate diff").exits(0);
    assert!(ran.stdout.contains("  Column: np_documents.fts_vector (tsvector)\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("  Index: idx_np_documents_fts\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("  Table: temp_import_2026_05_07\n"), "{}", ran.stdout);
    shop.nself("self-heal run --confirm").exits(0);
    assert!(shop.has_column("np_documents", "fts_vector") && shop.has_table("idx_np_documents_fts"));
    shop.sql("DROP TABLE temp_import_2026_05_07");
    shop.nself("db migrate diff --fail-on-drift").exits(0);
    shop.nself("db migrate down --steps 11 --yes").exits(0);
    assert!(!shop.has_table("np_users"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
