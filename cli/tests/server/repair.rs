//! What does not go together, and what mends it.

use std::fs;

use crate::shop::{Shop, column};

#[test]
fn a_renamed_and_a_lost_file_are_mended() {
    let shop = Shop::migrated();
    assert_eq!(shop.nself("db migrate repair").exits(0).stdout, "Nothing to repair.\n");

    let folder = shop.path().join("migrations");
    for end in ["sql", "down.sql"] {
        fs::rename(folder.join(format!("0002_names.{end}")), folder.join(format!("0004_names.{end}")))
            .unwrap();
        fs::remove_file(folder.join(format!("0003_add_documents_table.{end}"))).unwrap();
    }
    let dry = shop.nself("db migrate repair").exits(1);
    let says = "\
Renamed migration 0002: 0002_names.sql is applied, and its file is 0004_names.sql now.
    mend: Writes the row of 0002 once more as 0004, in its place in the order. Nothing runs again.
Missing migration 0003: 0003_add_documents_table.sql is applied, and not in the journal.
    mend: Writes down that the file of 0003 is gone for good: it stays applied, and what it made stays expected. If the file comes back, it counts as before.
2 problems: 2 can be mended. Nothing was changed: --confirm mends.
";
    assert_eq!(dry.stdout, says);
    assert_eq!(shop.ask("SELECT count(*) FROM nself.ledger WHERE direction = 'withdraw'"), "0");

    let mended = shop.json("db migrate repair --confirm", 0);
    assert_eq!(column(&mended, "status"), ["mended", "mended"]);
    assert_eq!(shop.nself("db migrate repair --yes").exits(0).stdout, "Nothing to repair.\n");
    assert_eq!(column(&shop.json("db migrate status", 0), "state"), ["applied", "applied", "retired"]);
    shop.nself("db migrate verify-checksums").exits(0);
    shop.nself("db migrate diff --fail-on-drift").exits(0);
    // What ran last is undone first, under the name that it has now.
    shop.nself("db migrate down --to 0001 --yes").exits(1);
    shop.file("migrations/0003_add_documents_table.down.sql", "DROP TABLE np_documents;\n")
        .file("migrations/0003_add_documents_table.sql", "CREATE TABLE np_documents (id int PRIMARY KEY);\n");
    shop.nself("db migrate down 2 --yes").exits(0);
    assert!(!shop.has_column("np_users", "name") && !shop.has_table("np_documents"));
}

#[test]
fn what_is_left_for_a_person_is_told_by_the_exit_code() {
    let shop = Shop::migrated();
    for end in ["sql", "down.sql"] {
        fs::remove_file(shop.path().join(format!("migrations/0002_names.{end}"))).unwrap();
    }
    shop.file("migrations/0004_names.sql", "ALTER TABLE np_users ADD COLUMN name varchar;\n");
    let left = shop.nself("db migrate repair --confirm").exits(1);
    assert!(left.stdout.contains("it was renamed and edited at once, perhaps"), "{}", left.stdout);
    assert!(left.stdout.contains("nself db migrate reset-checksum says why it stays"), "{}", left.stdout);
    assert!(left.stdout.ends_with("1 problem: 0 mended, 1 is for a person.\n"), "{}", left.stdout);
}
