//! Commands that leave the work to a job of the server: what they print at its end, and Ctrl-C.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

use crate::common::Ran;
use crate::shop::{Shop, column, connect};

const HEAL: &str = "self-heal run --confirm --online";
const PATIENCE: Duration = Duration::from_secs(60);

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

/// Waits until the query gives `true`.
#[track_caller]
fn until(shop: &Shop, sql: &str) {
    let began = Instant::now();
    while shop.ask(sql) != "true" {
        assert!(began.elapsed() < PATIENCE, "still not true: {sql}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a job waits for that writer.
#[track_caller]
fn until_it_waits(shop: &Shop) {
    until(shop, "SELECT EXISTS (SELECT FROM nself.jobs WHERE wait_event = 'virtualxid')");
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
    let steps = shop.json(HEAL, 0);
    assert_eq!(column(&steps, "status"), ["applied", "applied"]);
    assert!(column(&steps, "ddl").iter().any(|ddl| ddl.starts_with("CREATE INDEX CONCURRENTLY")), "{steps}");
    assert_eq!(shop.json(HEAL, 0), serde_json::json!([]));
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

#[test]
fn ctrl_c_ends_a_command_without_a_job_as_it_ends_any_other() {
    let shop = drifted();
    let mut reader = connect(&shop.database);
    reader.batch_execute("BEGIN; SELECT count(*) FROM np_documents").unwrap();
    let running = Running::start(&shop, "self-heal run --confirm");
    until(
        &shop,
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'nself'
                         AND wait_event_type = 'Lock' AND datname = current_database())",
    );
    running.interrupt();
    let status = running.0.wait_with_output().unwrap().status;
    assert_eq!(status.code(), None, "the signal itself ended it");
    assert!(!shop.has_column("np_documents", "size"));
}
