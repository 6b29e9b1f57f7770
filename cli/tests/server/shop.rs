//! A database of a test's own, and a project beside it.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls};
use serde_json::Value;

use crate::common::Project;

/// What of the server is named by `name`, or by the variable that psql would take.
pub fn server(name: &str, also: &str) -> String {
    std::env::var(name).or_else(|_| std::env::var(also)).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: these tests need a server with the extension; run them with `make test-cli`"
        )
    })
}

pub fn connect(database: &str) -> Client {
    let port = server("NSELF_TEST_PORT", "PGPORT").parse().expect("the port is a number");
    let mut config = Config::new();
    config.host(&server("NSELF_TEST_DATABASE_HOST", "PGHOST")).port(port).user("postgres").dbname(database);
    config.connect(NoTls).unwrap_or_else(|error| panic!("cannot connect to database {database}: {error}"))
}

const PATIENCE: Duration = Duration::from_secs(60);

/// A database with the extension, and a project beside it.
pub struct Shop {
    pub database: String,
    project: Project,
}

impl Deref for Shop {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.project
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // A test that failed is not made to fail again.
        let _ = connect("postgres").batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.database));
    }
}

impl Shop {
    pub fn new() -> Self {
        let shop = Self::without_extension();
        shop.sql("CREATE EXTENSION nself_heal");
        shop
    }

    pub fn without_extension() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let database = format!("nself_cli_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        connect("postgres").batch_execute(&format!("CREATE DATABASE {database} TEMPLATE template0")).unwrap();
        let project = Project::new([
            ("PGHOST", server("NSELF_TEST_DATABASE_HOST", "PGHOST")),
            ("PGPORT", server("NSELF_TEST_PORT", "PGPORT")),
            ("PGUSER", "postgres".to_owned()),
            ("PGDATABASE", database.clone()),
        ]);
        Self { database, project }
    }

    /// A shop with three migrations, none of them applied.
    pub fn with_migrations() -> Self {
        let shop = Self::new();
        shop.file("migrations/0001_users.sql", "CREATE TABLE np_users (id int PRIMARY KEY, email text);\n")
            .file("migrations/0001_users.down.sql", "DROP TABLE np_users;\n")
            .file("migrations/0002_names.sql", "ALTER TABLE np_users ADD COLUMN name text;\n")
            .file("migrations/0002_names.down.sql", "ALTER TABLE np_users DROP COLUMN name;\n")
            .file(
                "migrations/0003_add_documents_table.sql",
                "CREATE TABLE np_documents (id int PRIMARY KEY);\n",
            )
            .file("migrations/0003_add_documents_table.down.sql", "DROP TABLE np_documents;\n");
        shop
    }

    /// A shop with the three migrations applied.
    pub fn migrated() -> Self {
        let shop = Self::with_migrations();
        shop.nself("db migrate up").exits(0);
        shop
    }

    pub fn sql(&self, sql: &str) {
        connect(&self.database).batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The first value of a query, as text.
    pub fn ask(&self, sql: &str) -> String {
        let row = connect(&self.database).query_one(&format!("SELECT ({sql})::text"), &[]).unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    pub fn has_table(&self, table: &str) -> bool {
        self.ask(&format!("SELECT to_regclass('{table}') IS NOT NULL")) == "true"
    }

    pub fn has_column(&self, table: &str, column: &str) -> bool {
        let sql = "SELECT EXISTS (SELECT FROM pg_attribute WHERE NOT attisdropped AND attrelid = ";
        self.ask(&format!("{sql}'{table}'::regclass AND attname = '{column}')")) == "true"
    }

    /// Waits until the query gives `true`.
    #[track_caller]
    pub fn until(&self, sql: &str) {
        let began = Instant::now();
        while self.ask(sql) != "true" {
            assert!(began.elapsed() < PATIENCE, "still not true: {sql}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a command prints with `--format json`.
    pub fn json(&self, line: &str, code: i32) -> Value {
        self.json_as(line, "json", code)
    }

    /// The same in another format that is JSON, too.
    #[track_caller]
    pub fn json_as(&self, line: &str, format: &str, code: i32) -> Value {
        let ran = self.nself(&format!("{line} --format {format}")).exits(code);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error} in {}", ran.stdout))
    }
}

/// The text with every duration in parentheses as `(…)`.
pub fn without_durations(text: &str) -> String {
    let mut parts = text.split(" (");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((inner, rest))
                if inner.ends_with('s') && inner.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                result.push_str(" (…)");
                result.push_str(rest);
            }
            _ => result.push_str(&format!(" ({part}")),
        }
    }
    result
}

pub fn column(rows: &Value, name: &str) -> Vec<String> {
    let rows = rows.as_array().expect("the rows are an array").iter();
    rows.map(|row| row[name].as_str().unwrap_or_else(|| panic!("no text {name} in {row}")).to_owned())
        .collect()
}
