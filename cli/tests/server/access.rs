//! What a role can do from the command line with the level that it has.

use crate::common::Ran;
use crate::shop::{Shop, column, server};

const NOT_SENT: &str = "note: the migrations folder was not sent, which takes level migrate";

/// A role of this test's own, with a level or with none.
struct Role<'a> {
    shop: &'a Shop,
    name: String,
}

impl<'a> Role<'a> {
    fn new(shop: &'a Shop, level: Option<&str>) -> Self {
        let name = format!("{}_{}", shop.database, level.unwrap_or("none"));
        shop.sql(&format!("CREATE ROLE {name} LOGIN"));
        if let Some(level) = level {
            shop.sql(&format!("SELECT nself_grant_access('{name}', '{level}')"));
        }
        Self { shop, name }
    }

    fn nself(&self, line: &str) -> Ran {
        let host = server("NSELF_TEST_DATABASE_HOST", "PGHOST");
        let port = server("NSELF_TEST_PORT", "PGPORT");
        let url = format!("postgres://{}@/{}?host={host}&port={port}", self.name, self.shop.database);
        self.shop.nself(&format!("{line} --database-url {url}"))
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.shop.sql(&format!("DROP OWNED BY {}; DROP ROLE {0}", self.name));
        }
    }
}

/// Its folder has one more migration than the database knows.
fn ahead() -> Shop {
    let shop = Shop::migrated();
    shop.file("migrations/0004_more.sql", "CREATE TABLE more (id int);");
    shop
}

#[test]
fn who_may_only_look_sees_what_the_database_knows() {
    let shop = ahead();
    let viewer = Role::new(&shop, Some("look"));
    for line in ["status", "verify-checksums", "diff --fail-on-drift", "up --dry-run", "down --dry-run"] {
        let ran = viewer.nself(&format!("db migrate {line}")).exits(0);
        assert!(ran.stderr.starts_with(NOT_SENT), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    let states = viewer.nself("db migrate status --format json").exits(0);
    let states: serde_json::Value = serde_json::from_str(&states.stdout).unwrap();
    assert_eq!(column(&states, "version"), ["0001", "0002", "0003"]);
    assert_eq!(viewer.nself("self-heal run").exits(0).stdout, "No drift.\n");
    for line in ["self-heal status", "self-heal history"] {
        assert_eq!(viewer.nself(line).exits(0).stderr, "");
    }
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    viewer.nself("self-heal run").exits(1);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "3");
}

#[test]
fn a_folder_that_the_journal_has_come_from_is_not_sent() {
    let shop = Shop::migrated();
    let viewer = Role::new(&shop, Some("look"));
    let ran = viewer.nself("db migrate status").exits(0);
    assert_eq!(ran.stderr, "");
    shop.file("migrations/notes.sql", "SELECT 1;");
    assert!(viewer.nself("db migrate status").exits(0).stderr.starts_with(NOT_SENT));
    // What is said of the files is the same, whether they are sent or not.
    for _ in 0..2 {
        let ran = shop.nself("db migrate up").exits(0);
        assert!(ran.stderr.starts_with("note: notes.sql is ignored: "), "{}", ran.stderr);
    }
    assert!(viewer.nself("db migrate status").exits(0).stderr.starts_with("note: notes.sql is ignored: "));
    // Of what another role has loaded, whoever may load is the next one.
    let deployer = Role::new(&shop, Some("migrate"));
    deployer.nself("db migrate up").exits(0);
    assert_eq!(shop.ask("SELECT DISTINCT loaded_by FROM nself.journal"), deployer.name);
}

#[test]
fn who_may_migrate_sends_the_folder() {
    let shop = ahead();
    let deployer = Role::new(&shop, Some("migrate"));
    shop.sql(&format!("GRANT CREATE ON SCHEMA public TO {}", deployer.name));
    let ran = deployer.nself("db migrate status").exits(0);
    assert!(ran.stdout.ends_with("1 migration is pending.\n") && ran.stderr.is_empty(), "{}", ran.stderr);
    deployer.nself("db migrate up").exits(0);
    assert!(shop.has_table("more"));
    deployer.nself("self-heal enable").exits(2);
}

#[test]
fn what_a_level_does_not_give_is_refused_and_says_who_can_give_it() {
    let shop = ahead();
    let viewer = Role::new(&shop, Some("look"));
    let nobody = Role::new(&shop, None);
    let cases = [
        (&viewer, "db migrate up", 1),
        (&viewer, "migrate rollback --yes", 1),
        (&viewer, "self-heal run --confirm", 2),
        (&viewer, "self-heal run --confirm --online", 2),
        (&viewer, "self-heal enable", 2),
        (&nobody, "db migrate status", 2),
        (&nobody, "self-heal status", 2),
    ];
    for (role, line, code) in cases {
        let ran = role.nself(line).exits(code);
        assert!(ran.stderr.contains("sqlstate: 42501"), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("SELECT nself_grant_access("), "{line}: {}", ran.stderr);
    }
    assert!(!shop.has_table("more") && shop.has_table("np_documents"));
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "3");
}

#[test]
fn hints_speak_of_options() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users RENAME COLUMN name TO full_name");
    let ran = shop.nself("self-heal run").exits(1);
    assert!(ran.stdout.contains("--not-renamed public.np_users.name"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("nself_heal("), "{}", ran.stdout);
}
