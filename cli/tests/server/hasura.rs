//! Hasura beside a database: it is told of migrations and heals, and its metadata is asked whether it fits.

use serde_json::{Value, json};

use crate::http::Serving;
use crate::shop::Shop;
use crate::stand_in::{ADMIN_SECRET, Instead, StandIn, inconsistent_table};

/// A shop whose database says where Hasura is.
fn told(server: &StandIn) -> Shop {
    let shop = Shop::with_migrations();
    shop.sql(&format!("ALTER DATABASE {} SET nself.hasura_endpoint = '{}'", shop.database, server.endpoint));
    shop.file(".env.secrets", &format!("HASURA_GRAPHQL_ADMIN_SECRET={ADMIN_SECRET}\n"));
    shop
}

fn nothing() -> StandIn {
    StandIn::start(json!({"version": 3, "sources": []}))
}

#[test]
fn hasura_is_told_of_what_changed_the_schema_and_of_nothing_else() {
    let server = nothing();
    let shop = told(&server);
    shop.nself("db migrate up --dry-run").exits(0);
    shop.nself("db migrate up --count 1 --skip-metadata").exits(0);
    assert_eq!(server.types(), Vec::<String>::new());
    let ran = shop.nself("db migrate up").exits(0);
    assert!(
        ran.stderr.contains(&format!("note: Hasura at {} has read the schema anew", server.endpoint)),
        "{}",
        ran.stderr
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let args =
        json!({"reload_sources": true, "reload_remote_schemas": false, "recreate_event_triggers": false});
    assert_eq!(asked[0].body, json!({"type": "reload_metadata", "args": args}));
    assert_eq!(asked[0].secret.as_deref(), Some(ADMIN_SECRET));
    shop.nself("db migrate up").exits(0);
    shop.nself("self-heal run --confirm").exits(0);
    assert_eq!(server.types(), Vec::<String>::new());

    shop.nself("db migrate down --yes").exits(0);
    assert_eq!(server.types(), ["reload_metadata"]);
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    shop.nself("self-heal run").exits(1);
    assert_eq!(server.types(), Vec::<String>::new());
    shop.nself("self-heal run --confirm").exits(0);
    assert_eq!(server.types(), ["reload_metadata"]);
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    shop.nself("self-heal run --confirm --online").exits(0);
    assert_eq!(server.types(), ["reload_metadata"]);
    shop.file("migrations/0004_index.down.sql", "DROP INDEX i;\n");
    shop.file(
        "migrations/0004_index.sql",
        "-- nself:no-transaction\nCREATE INDEX CONCURRENTLY i ON np_users (name);\n",
    );
    shop.nself("db migrate up").exits(0);
    assert_eq!(server.types(), ["reload_metadata"]);
    shop.nself("tenants add acme").exits(0);
    shop.nself("db migrate up --all-tenants --to 0003").exits(0);
    assert_eq!(server.types(), ["reload_metadata"]);
    // This machine may know it by another name.
    let other = nothing();
    shop.file(".env", &format!("HASURA_GRAPHQL_ENDPOINT={}\n", other.endpoint));
    shop.nself("db migrate down --yes --to 0002").exits(0);
    assert_eq!((server.types().len(), other.types().len()), (0, 1));
}

#[test]
fn a_migration_is_done_whatever_hasura_says() {
    let server = nothing();
    let shop = told(&server);
    server.state().inconsistent = vec![inconsistent_table("public.gone")];
    let ran = shop.nself("db migrate up --count 1").exits(0);
    let told = "warning: the metadata of Hasura at ";
    assert!(
        ran.stderr.contains(told) && ran.stderr.contains("1 object that is inconsistent now"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("detail: table public.gone in source default"), "{}", ran.stderr);
    server.instead("reload_metadata", Instead::Answer(500, "boom".to_owned()));
    let ran = shop.nself("db migrate up --count 1 --json").exits(0);
    let said: Value = serde_json::from_str(ran.stderr.trim()).unwrap();
    let message = said["warning"]["message"].as_str().unwrap();
    assert!(message.starts_with("Hasura was not told that the schema has changed: "), "{message}");
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap()[0]["status"], "applied");
    server.instead("reload_metadata", Instead::HangUp);
    let ran = shop.nself("db migrate up").exits(0);
    assert!(
        ran.stderr.contains("hint: Once it can be reached: nself db hasura metadata reload."),
        "{}",
        ran.stderr
    );
    assert!(shop.has_table("np_documents"));
    // The database says where it is for the other commands, too.
    server.state().inconsistent.clear();
    shop.nself("db hasura metadata reload").exits(0);
    assert_eq!(server.types(), ["reload_metadata"; 4]);
}

#[test]
fn serve_tells_hasura_behind_its_answer() {
    let server = nothing();
    let shop = told(&server);
    shop.nself("db migrate status").exits(0);
    shop.sql("SELECT nself_journal_put('[{\"path\": \"1_t.sql\", \"content\": \"CREATE TABLE t (a int, b int);\"}]')");
    let serving = Serving::start(&shop, "");
    serving.act("nself_migrate_up", json!({"dry_run": true})).is(200, "");
    serving.act("nself_migrate_up", json!({})).is(200, "");
    let line = serving.logged(|line| line["event"] == "hasura");
    assert_eq!(line["message"], format!("{} has read the schema anew", server.endpoint));
    assert_eq!(server.types(), ["reload_metadata"]);
    shop.sql("ALTER TABLE t DROP COLUMN b");
    server.state().inconsistent = vec![inconsistent_table("public.gone")];
    serving.act("nself_heal", json!({"confirm": true})).is(200, "");
    let of_heal =
        |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("has 1 inconsistent"));
    let line = serving.logged(of_heal);
    assert!(line["message"].as_str().unwrap().contains("table public.gone in source default"), "{line}");
    server.instead("reload_metadata", Instead::HangUp);
    shop.sql("ALTER TABLE t DROP COLUMN b");
    serving.act("nself_heal", json!({"confirm": true})).is(200, "");
    serving.logged(|line| line["message"].as_str().is_some_and(|text| text.starts_with("it was not told")));
    assert!(!serving.log().contains(ADMIN_SECRET));
}

const CONFIG: &str = "version: 3\nmetadata_directory: metadata\n";
const USERS: &str = "\
table:
  name: np_users
  schema: public
select_permissions:
  - role: user
    permission:
      columns:
        - id
        - name
      filter:
        email:
          _eq: X-Hasura-User-Email
";

#[test]
fn metadata_is_asked_of_the_database_and_of_pending_migrations() {
    let shop = Shop::migrated();
    shop.file("hasura/config.yaml", CONFIG)
        .file("hasura/metadata/version.yaml", "version: 3\n")
        .file("hasura/metadata/remote_schemas.yaml", "- name: pay\n  definition:\n    url: http://pay\n")
        .file(
            "hasura/metadata/databases/databases.yaml",
            "- name: default\n  kind: postgres\n  tables:\n    - \"!include users.yaml\"\n- name: logs\n  kind: mssql\n  tables: []\n",
        )
        .file("hasura/metadata/databases/users.yaml", USERS);
    let clean = shop.nself("db hasura metadata validate").exits(0);
    let expected = format!(
        "\
Not checked: source logs, which is of kind mssql.
Not checked: 1 remote schemas, which no database knows.
Checked 1 table and 0 functions of source default in database {}: nothing found.
",
        shop.database
    );
    assert_eq!(clean.stdout, expected);

    shop.file("migrations/0004_rename.sql", "ALTER TABLE np_users RENAME COLUMN name TO full_name;\n");
    shop.file(
        "migrations/0005_drop.sql",
        "ALTER TABLE np_users DROP COLUMN email;\nCREATE TABLE np_later (id int);\n",
    );
    let ran = shop.nself("db hasura metadata validate").exits(1);
    let permission = "source default, table public.np_users, select permission of user";
    let expected = format!(
        "Pending 0004_rename.sql breaks:\n  error: {permission}: it names the column name, which is not there\n\
         Pending 0005_drop.sql breaks:\n  error: {permission}: its filter speaks of email, which is no column, relationship or computed field of public.np_users\n"
    );
    assert!(ran.stdout.starts_with(&expected), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("0 problems now, 2 problems by pending migrations.\n"), "{}", ran.stdout);
    let only_now = shop.nself("db hasura metadata validate --no-pending").exits(0);
    assert!(
        only_now.stdout.contains("Not checked: pending migrations: --no-pending was given."),
        "{}",
        only_now.stdout
    );

    // What a pending migration brings is no problem, and what nothing brings is one.
    shop.file("hasura/metadata/databases/users.yaml", "table:\n  name: np_later\n  schema: public\n");
    let ran = shop.nself("db hasura metadata validate").exits(0);
    let mends = "Pending 0005_drop.sql mends:\n  error: source default, table public.np_later: it is not in the database\n";
    assert!(ran.stdout.starts_with(mends), "{}", ran.stdout);
    shop.file("hasura/metadata/databases/users.yaml", "table:\n  name: np_never\n  schema: public\n");
    let found = shop.json("db hasura metadata validate", 1);
    assert_eq!(found["findings"][0]["rule"], "missing-table");
    assert_eq!(found["migrations"], json!([]));

    // What could not be rehearsed is not said to be fine.
    shop.file("hasura/metadata/databases/users.yaml", USERS);
    shop.file("migrations/0004_rename.sql", "SELECT 1/0;\n");
    let ran = shop.nself("db hasura metadata validate").exits(0);
    assert!(
        ran.stdout.contains("Not checked: 0004_rename.sql: ") && ran.stdout.contains("division by zero"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("Not checked: 0005_drop.sql: one before it fails."), "{}", ran.stdout);
    shop.nself("db hasura metadata validate --source logs").exits(2);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "3");
}

#[test]
fn what_is_shipped_for_hasura_fits_a_database_with_nself_api() {
    fn copy(from: &std::path::Path, to: &std::path::Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
            match from.is_dir() {
                true => copy(&from, &to),
                false => assert!(std::fs::copy(from, to).is_ok()),
            }
        }
    }
    let shop = Shop::migrated();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../hasura/metadata");
    copy(shipped.as_ref(), &shop.path().join("hasura/metadata"));
    shop.file("hasura/config.yaml", "version: 3\nmetadata_directory: metadata\n");
    shop.nself("db hasura metadata lint").exits(0);
    let ran = shop.nself("db hasura metadata validate").exits(1);
    assert!(ran.stdout.contains("nself_api.drift"), "{}", ran.stdout);
    shop.sql("SELECT * FROM nself_api_install()");
    shop.nself("db hasura metadata validate").exits(0);
}
