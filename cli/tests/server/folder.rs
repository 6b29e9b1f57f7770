//! The same folder, read by the server and sent by `nself`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::shop::{Shop, column, connect};

/// A folder with all that the rules of reading one speak of.
fn shop() -> (Shop, String) {
    let shop = Shop::with_migrations();
    shop.file("migrations/.git/config", "[core]\n")
        .file("migrations/.env", "PGPASSWORD=secret\n")
        .file("migrations/node_modules/other/0001_other.sql", "SELECT 1;\n")
        .file("migrations/0004_CAPITALS.SQL", "SELECT 1;\n")
        .file("migrations/old/0000_zero.sql", "SELECT 1;\n")
        .file("migrations/a/b/c/d/e/f/g/h/i/0000_deep.sql", "SELECT 1;\n")
        .file("migrations/README.md", "How we migrate.\n");
    let link = |target: &str, name: &str| symlink(target, shop.path().join("migrations").join(name)).unwrap();
    link("old/0000_zero.sql", "0005_link.sql");
    link("old", "a_link_to_a_folder");
    link("..", "old/a_link_that_never_ends");
    link("me@machine.4711", ".#0001_users.sql");
    // The server reads it as its own user.
    fs::set_permissions(shop.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = shop.path().canonicalize().unwrap().join("migrations").display().to_string();
    (shop, folder)
}

#[test]
fn the_server_and_the_command_find_the_same_in_a_folder() {
    let (shop, folder) = shop();
    let sent = shop.nself("db migrate status").exits(0);
    let mut client = connect(&shop.database);
    let rows = client.query("SELECT state, name, note FROM nself_journal_load($1)", &[&folder]).unwrap();
    let ignored: Vec<String> = rows
        .iter()
        .filter(|row| row.get::<_, &str>(0) == "ignored")
        .map(|row| format!("note: {} is ignored: {}", row.get::<_, &str>(1), row.get::<_, &str>(2)))
        .collect();
    assert_eq!(sent.stderr.lines().collect::<Vec<_>>(), ignored);
    let expected = [
        "note: .#0001_users.sql is ignored: hidden file",
        "note: .env is ignored: hidden file",
        "note: .git is ignored: hidden file",
        "note: 0004_CAPITALS.SQL is ignored: its extension is not lower-case .sql",
        "note: README.md is ignored: not an SQL file",
        "note: a/b/c/d/e/f/g/h/i/* is ignored: lies too deep to be looked at",
        "note: a_link_to_a_folder/0000_zero.sql is ignored: lies in a subfolder of the migrations",
        "note: node_modules is ignored: packages of Node are not looked into",
        "note: old/0000_zero.sql is ignored: lies in a subfolder of the migrations",
    ];
    assert_eq!(ignored, expected);
    // Nothing changes when the command sends what the server has read.
    let journal = "SELECT string_agg(j::text, E'\\n' ORDER BY seq) FROM nself.journal j";
    let before = shop.ask(journal);
    shop.nself("db migrate up").exits(0);
    assert_eq!(shop.ask(journal), before);
    assert_eq!(shop.ask("SELECT max(version) FROM nself.journal"), "0005");
}

#[test]
fn what_the_server_refuses_to_read_the_command_refuses_to_send() {
    let (shop, folder) = shop();
    symlink("/etc/hostname", shop.path().join("migrations/0006_out.sql")).unwrap();
    let mut client = connect(&shop.database);
    let error = client.query("SELECT nself_journal_load($1)", &[&folder]).unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().message(),
        "the link \"0006_out.sql\" leads out of the migrations folder"
    );
    let ran = shop.nself("db migrate up").exits(1);
    let expected = "\
error: migrations/0006_out.sql links to a place outside of the migrations folder
  hint: Put the file itself into the folder: what lies elsewhere is not read.
";
    assert_eq!(ran.stderr, expected);
}

/// A folder of Drizzle's with so many migrations, each with its snapshot.
fn with_snapshots(shop: &Shop, migrations: usize) {
    let entries: Vec<String> =
        (0..migrations).map(|at| format!(r#"{{"idx": {at}, "tag": "{at:04}_step"}}"#)).collect();
    shop.file(
        "drizzle/meta/_journal.json",
        &format!(r#"{{"dialect": "postgresql", "entries": [{}]}}"#, entries.join(", ")),
    );
    for at in 0..migrations {
        shop.file(&format!("drizzle/{at:04}_step.sql"), &format!("CREATE TABLE step_{at} (id int);\n"))
            .file(&format!("drizzle/meta/{at:04}_snapshot.json"), &format!(r#"{{"id": "s{at}"}}"#));
    }
}

#[test]
fn a_snapshot_travels_once_and_never_for_a_question() {
    let shop = Shop::new();
    with_snapshots(&shop, 1);
    let snapshots = "SELECT string_agg(version || ' ' || coalesce(snapshot ->> 'id', 'none'), ', ' ORDER BY seq) FROM nself.journal";
    assert_eq!(column(&shop.json("db migrate status", 0), "state"), ["pending"]);
    shop.nself("db migrate up").exits(0);
    assert_eq!(shop.ask(snapshots), "0000 s0");
    // If a snapshot that is known were sent once more, this would be undone.
    shop.sql("UPDATE nself.journal SET snapshot = jsonb_build_object('id', 'as it was sent')");
    with_snapshots(&shop, 2);
    assert_eq!(column(&shop.json("db migrate status", 0), "state"), ["applied", "pending"]);
    assert_eq!(shop.ask(snapshots), "0000 as it was sent");
    shop.nself("db migrate up").exits(0);
    assert_eq!(shop.ask(snapshots), "0000 as it was sent, 0001 s1");
    // What a question alone has sent is sent by whoever needs it.
    shop.sql("UPDATE nself.journal SET snapshot = NULL; DELETE FROM nself.journal_folder");
    assert_eq!(column(&shop.json("db migrate status", 0), "state"), ["applied", "applied"]);
    shop.nself("db migrate up").exits(0);
    assert_eq!(shop.ask(snapshots), "0000 s0, 0001 s1");
}
