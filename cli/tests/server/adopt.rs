//! Joining a database that lives already.

use crate::shop::{Shop, column};

/// A database in which a tool with a list of versions has applied the first two of the folder's three migrations. Somebody
/// has dropped an index since.
fn lived_in() -> Shop {
    let shop = Shop::with_migrations();
    shop.file(
        "migrations/0002_names.sql",
        "ALTER TABLE np_users ADD COLUMN name text; CREATE INDEX by_name ON np_users (name);",
    );
    shop.sql(
        "CREATE TABLE np_users (id int PRIMARY KEY, email text, name text); \
         CREATE TABLE schema_migrations (version varchar PRIMARY KEY); \
         INSERT INTO schema_migrations VALUES ('0001'), ('0002')",
    );
    shop
}

#[test]
fn a_database_that_another_tool_has_migrated_is_joined() {
    let shop = lived_in();
    let up = shop.nself("db migrate up").exits(1);
    let says = "dbmate has applied 2 of these migrations here already, says public.schema_migrations";
    assert!(up.stderr.contains(says), "{}", up.stderr);
    assert!(up.stderr.contains("nself db migrate adopt --confirm"), "{}", up.stderr);

    let dry = shop.nself("db migrate adopt").exits(0);
    let says =
        "2 migrations would count as applied, as dbmate says. Nothing was changed: --confirm does it.\n";
    assert!(dry.stdout.ends_with(says), "{}", dry.stdout);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.journal"), "0");

    let done = shop.nself("db migrate adopt --from dbmate --confirm").exits(0);
    let says = "2 migrations adopted: they count as applied, as dbmate says.\nSchema drift detected:\n\n\
                Missing in DB (in schema, not in DB):\n  Index: by_name\n";
    assert!(done.stdout.contains(says), "{}", done.stdout);
    shop.nself("self-heal run --confirm").exits(0);
    shop.nself("db migrate up").exits(0);
    assert_eq!(shop.nself("self-heal run").exits(0).stdout, "No drift.\n");

    let again = shop.json("db migrate adopt --confirm", 0);
    assert_eq!(column(&again["migrations"], "state"), ["applied"; 3]);
    assert!(again["drift"].is_null());

    // The tool goes on: it takes back the second one.
    shop.sql("ALTER TABLE np_users DROP COLUMN name; DELETE FROM schema_migrations WHERE version = '0002'");
    let status = shop.nself("db migrate status").exits(0);
    assert!(status.stdout.contains("undone by dbmate"), "{}", status.stdout);
    let heal = shop.nself("self-heal run --confirm").exits(2);
    let says =
        "dbmate has taken back 0002 here, says public.schema_migrations, and the ledger does not know of it";
    assert!(heal.stderr.contains(says), "{}", heal.stderr);
    let adopted = shop.nself("db migrate adopt --confirm").exits(0);
    let says = "0 migrations adopted: they count as applied, 1 as undone, as dbmate says.\nNo schema drift detected.\n";
    assert!(adopted.stdout.contains(says), "{}", adopted.stdout);
}

#[test]
fn a_folder_of_a_platform_is_applied_without_it() {
    let shop = Shop::with_migrations();
    shop.file(
        "migrations/0002_log.sql",
        "CREATE TRIGGER log AFTER INSERT ON np_users FOR EACH ROW EXECUTE FUNCTION hdb_catalog.log()",
    );
    let up = shop.nself("db migrate up").exits(1);
    let says = "A platform brings it: hasura. Where its folder is applied without it, in CI or on a laptop, \
                nself db migrate ground hasura shows what is lacking, and with --confirm makes that";
    assert!(up.stderr.contains(says), "{}", up.stderr);
    shop.file(
        "migrations/0002_log.sql",
        "ALTER TABLE np_users ADD COLUMN key uuid DEFAULT hdb_catalog.gen_hasura_uuid()",
    );

    let dry = shop.nself("db migrate ground hasura").exits(0);
    let says = "statements would be run, for what hasura brings. Nothing was changed: --confirm does it.\n";
    assert!(dry.stdout.ends_with(says), "{}", dry.stdout);
    assert!(dry.stdout.contains("CREATE TABLE hdb_catalog.event_log ( …"), "{}", dry.stdout);
    assert_eq!(shop.ask("SELECT to_regnamespace('hdb_catalog') IS NULL"), "true");

    let made = shop.json("db migrate ground hasura --confirm", 0);
    assert_eq!(column(&made, "ddl")[0], "CREATE SCHEMA hdb_catalog");
    shop.nself("db migrate up").exits(0);
    assert_eq!(shop.nself("self-heal run").exits(0).stdout, "No drift.\n");
    let late = shop.nself("db migrate ground neon --confirm").exits(1);
    assert!(late.stderr.contains("a migration has been applied here"), "{}", late.stderr);
    shop.nself("db migrate ground").exits(2);
}

#[test]
fn what_is_there_can_be_taken_for_what_the_migrations_gave() {
    let shop = lived_in();
    shop.sql("DROP TABLE schema_migrations");
    let none = shop.nself("db migrate adopt").exits(1);
    assert!(none.stderr.contains("nself db migrate baseline"), "{}", none.stderr);

    let dry = shop.nself("db migrate baseline 0002").exits(0);
    let says = "Migration 0001: counts as applied\nMigration 0002: counts as applied\n\
                Missing in DB (in schema, not in DB):\n  Index: by_name\n\
                With --confirm, what is here is what the migrations up to 0002 gave: 1 difference is expected from then on. Nothing was changed.\n";
    assert_eq!(dry.stdout, says);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.ledger"), "0");

    shop.nself("db migrate baseline 0002 --confirm").exits(0);
    assert_eq!(shop.nself("self-heal run").exits(0).stdout, "No drift.\n");
    shop.nself("db migrate up").exits(0);
    assert!(shop.has_table("np_documents"));
    shop.nself("db migrate baseline 0001").exits(1);
    shop.nself("db migrate baseline").exits(2);
}
