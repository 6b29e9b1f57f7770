//! Environments: which files say where the database is, and what the database itself says it is for.

use crate::common::Project;
use crate::shop::{Shop, server};

impl Shop {
    pub fn is_for(&self, env: &str) {
        self.sql(&format!("ALTER DATABASE {} SET nself.env = '{env}'", self.database));
    }

    pub fn url(&self) -> String {
        let (host, port) =
            (server("NSELF_TEST_DATABASE_HOST", "PGHOST"), server("NSELF_TEST_PORT", "PGPORT"));
        format!("postgres://postgres@/{}?host={host}&port={port}", self.database)
    }
}

#[test]
fn another_environment_than_the_databases_own_is_refused() {
    let shop = Shop::with_migrations();
    shop.is_for("staging-eu");
    for line in
        ["db migrate up --env dev", "db migrate status --env prod", "self-heal run --confirm --env prod"]
    {
        let ran = shop.nself(line).exits(2);
        let says = format!("database {} is staging-eu, and this is asked for", shop.database);
        assert!(ran.stderr.contains(&says), "{}", ran.stderr);
    }
    assert!(!shop.has_table("np_users"));
    shop.nself("db migrate up --env stage").exits(0);
    assert!(shop.has_table("np_documents"));
}

#[test]
fn production_is_migrated_by_who_says_so() {
    let shop = Shop::with_migrations();
    shop.is_for("production");
    let ran = shop.nself("db migrate up").exits(2);
    assert!(ran.stderr.contains("hint: Say --env prod"), "{}", ran.stderr);
    shop.nself("db migrate up --dry-run").exits(0);
    assert!(!shop.has_table("np_users"));
    shop.nself("db migrate up 1 --env prod").exits(0);
    assert!(shop.has_table("np_users") && !shop.has_table("np_documents"));
    // The variable says it as well; a path in it, as shells have it, says nothing.
    let with = |env: &str| shop.command().args(["db", "migrate", "up"]).env("ENV", env).output().unwrap();
    assert_eq!(with("/etc/profile").status.code(), Some(2));
    assert_eq!(with("prod").status.code(), Some(0));
    shop.nself("db migrate down 2 --yes").exits(1);
    shop.nself("db migrate down 2 --confirm yes-destroy-production").exits(0);
    assert!(shop.has_table("np_users") && !shop.has_table("np_documents"));
}

#[test]
fn an_environment_has_files_of_its_own() {
    let (here, prod) = (Shop::new(), Shop::new());
    let elsewhere = Project::new::<&str, &str>([]);
    elsewhere
        .file("migrations/0001_a.sql", "CREATE TABLE a (id int);")
        .file(".env", "DATABASE_URL=postgres://nobody@nowhere.invalid/x\n")
        .file(".env.local", &format!("DATABASE_URL={}\n", here.url()))
        .file(".env.prod", &format!("DATABASE_URL={}\n", prod.url()));
    let ran = elsewhere.nself("db migrate up --env prod --verbose").exits(0);
    assert!(prod.has_table("a") && !here.has_table("a"));
    assert!(ran.stderr.starts_with("verbose: read .env.prod\nverbose: read .env\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("verbose: nself_migrate_up returned 1 rows ("), "{}", ran.stderr);
    elsewhere.nself("db migrate up").exits(0);
    assert!(here.has_table("a"));
    // .env.local is of this machine, and not of another environment.
    elsewhere.nself("db migrate up --env staging").exits(1);
    elsewhere.file(".env.secrets", &format!("DATABASE_URL={}\n", prod.url()));
    let ran = elsewhere.nself("db migrate status --json").exits(0);
    assert!(ran.stdout.contains(r#""state":"applied""#), "{}", ran.stdout);
    elsewhere.nself("db migrate status --env ../prod").exits(2);
}

#[test]
fn who_wants_quiet_hears_errors_and_warnings() {
    let shop = Shop::new();
    shop.file(
        "migrations/0001_a.sql",
        "DO $$ BEGIN RAISE NOTICE 'never mind'; RAISE WARNING 'mind'; END $$;",
    )
    .file("migrations/notes.txt", "");
    let ran = shop.nself("db migrate up --quiet").exits(0);
    assert_eq!(ran.stderr, "warning: mind\n");
    assert!(ran.stdout.contains("0001_a.sql"), "{}", ran.stdout);
    let ran = shop.nself("db migrate up --to 9 -q").exits(2);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}
