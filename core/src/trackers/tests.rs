use super::*;
use crate::formats::Migration;
use crate::migrations::tests::entry;

fn pending(version: &str, path: &str) -> Candidate {
    Candidate {
        version: version.to_owned(),
        name: format!("name_of_{version}"),
        path: path.to_owned(),
        checksum: format!("sum{version}"),
        generated_at: None,
        ledger: None,
        is_withdrawn: false,
    }
}

fn journal(versions: &[&str]) -> Vec<Candidate> {
    versions.iter().map(|version| pending(version, &format!("{version}_x.sql"))).collect()
}

fn of_tool(tool: &str) -> &'static Tracker {
    TRACKERS.iter().find(|tracker| tracker.tool == tool).expect("a known tool")
}

fn by_version(version: &str) -> TrackerRow {
    TrackerRow { version: Some(version.to_owned()), ..TrackerRow::default() }
}

fn by_hash(hash: &str) -> TrackerRow {
    TrackerRow { hash: Some(hash.to_owned()), ..TrackerRow::default() }
}

fn by_name(name: &str) -> TrackerRow {
    TrackerRow { name: Some(name.to_owned()), ..TrackerRow::default() }
}

/// Each belief as one line.
fn told(tool: &str, rows: &[TrackerRow], journal: &[Candidate]) -> Vec<String> {
    let line = |of: Belief| {
        let note = of.note.map_or(String::new(), |note| format!(": {note}"));
        format!("{} {}{note}", if of.version.is_empty() { of.name } else { of.version }, of.state.as_str())
    };
    believe(of_tool(tool), rows, journal, |_| Some("384".to_owned())).into_iter().map(line).collect()
}

#[test]
fn a_row_is_of_the_migration_with_its_version_as_a_number() {
    let rows = [by_version("1"), by_version("0002")];
    assert_eq!(
        told("dbmate", &rows, &journal(&["0001", "2", "3"])),
        ["0001 adopted", "2 adopted", "3 pending"]
    );
}

#[test]
fn drizzle_is_matched_by_hash_and_nothing_is_guessed() {
    let rows = [by_hash("sum0000"), by_hash("SUM0002"), by_hash("other")];
    assert_eq!(
        told("drizzle", &rows, &journal(&["0000", "0001", "0002", "0003"])),
        [
            "0000 adopted",
            "0001 pending: later ones are applied, and this one is not: drizzle passes over it for ever",
            "0002 adopted",
            "0003 pending",
            "other unknown: no migration of the journal has this hash: its file was changed or removed after drizzle applied it",
        ]
    );
}

#[test]
fn names_are_those_of_files_or_folders() {
    for (name, path) in [
        ("20240101_init", "20240101_init/migration.sql"),
        ("20240101_init", "20240101_init/up.sql"),
        ("20240101_init", "20240101_init.sql"),
        ("20240101_init", "20240101_init.up.sql"),
        ("000001.sql", "committed/000001.sql"),
        ("20240101_init.js", "20240101_init.sql"),
    ] {
        assert_eq!(told("prisma", &[by_name(name)], &[pending("1", path)]), ["1 adopted"], "{name} {path}");
    }
    assert_eq!(
        told("prisma", &[by_name("init")], &[pending("1", "20240101_init.sql")]),
        ["1 pending", "init unknown: there is no such migration in the journal"]
    );
}

#[test]
fn one_row_can_stand_for_all_before_it() {
    let versions = journal(&["1", "2", "3"]);
    assert_eq!(
        told("golang-migrate", &[by_version("2")], &versions),
        ["1 adopted", "2 adopted", "3 pending"]
    );
    assert_eq!(told("dbmate", &[by_version("2")], &versions), ["1 pending", "2 adopted", "3 pending"]);
    let dirty = TrackerRow { trouble: Some("dirty".to_owned()), ..by_version("2") };
    assert_eq!(
        told("golang-migrate", &[dirty], &versions),
        ["1 adopted", "2 not applied: golang-migrate says: dirty", "3 pending"]
    );
}

#[test]
fn the_last_word_on_a_migration_counts() {
    let failed = TrackerRow { trouble: Some("failed".to_owned()), ..by_name("1_x") };
    let versions = journal(&["1"]);
    assert_eq!(told("prisma", &[failed.clone(), by_name("1_x")], &versions), ["1 adopted"]);
    assert_eq!(told("prisma", &[by_name("1_x"), failed], &versions), ["1 not applied: prisma says: failed"]);
}

#[test]
fn a_file_that_is_not_what_was_applied_is_told() {
    let changed = TrackerRow { hash: Some("other".to_owned()), ..by_name("1_x") };
    assert_eq!(
        told("prisma", &[changed], &journal(&["1"])),
        ["1 adopted: its file is not what prisma applied"]
    );
    let of_sqlx = |sha384: &str| TrackerRow { sha384: Some(sha384.to_owned()), ..by_version("1") };
    assert_eq!(told("sqlx", &[of_sqlx("384")], &journal(&["1"])), ["1 adopted"]);
    assert_eq!(
        told("sqlx", &[of_sqlx("385")], &journal(&["1"])),
        ["1 adopted: its file is not what sqlx applied"]
    );
}

#[test]
fn what_the_ledger_has_stays_as_it_is() {
    let mut versions = journal(&["1"]);
    versions[0].ledger = Some(InLedger::default());
    assert_eq!(told("dbmate", &[by_version("1")], &versions), ["1 applied"]);
    assert_eq!(told("dbmate", &[], &versions), ["1 applied"]);
}

#[test]
fn each_query_reads_its_own_table() {
    for tracker in TRACKERS {
        assert!(tracker.query.contains("{table}"), "{}", tracker.tool);
        assert!(tracker.query.contains("ORDER BY"), "{}", tracker.tool);
    }
}

#[test]
fn what_the_tool_has_taken_back_is_told_of_what_it_once_had() {
    let mut versions = journal(&["1", "2"]);
    let from = |tool: &str| Some(InLedger { tools: vec![tool.to_owned()], is_partial: false });
    versions[0].ledger = from("goose");
    versions[1].ledger = from("dbmate");
    assert_eq!(told("goose", &[by_version("1")], &versions), ["1 applied", "2 applied"]);
    assert_eq!(
        told("goose", &[by_version("2")], &versions),
        ["1 undone: goose has taken it back, or its row is gone", "2 applied"]
    );
    let back = TrackerRow { trouble: Some("rolled back".to_owned()), ..by_version("1") };
    assert_eq!(told("goose", &[back], &versions), ["1 undone: goose says: rolled back", "2 applied"]);
    // One version stands for those before it.
    versions[0].ledger = from("golang-migrate");
    assert_eq!(told("golang-migrate", &[by_version("2")], &versions), ["1 applied", "2 applied"]);
}

#[test]
fn files_of_one_text_are_told_apart_by_their_times() {
    let at = |hash: &str, at: i64| TrackerRow { generated_at: Some(at), ..by_hash(hash) };
    let mut versions = journal(&["0000", "0001", "0002"]);
    for (entry, time) in versions.iter_mut().zip([10, 20, 30]) {
        entry.checksum = "one".to_owned();
        entry.generated_at = Some(time);
    }
    assert_eq!(
        told("drizzle", &[at("one", 10), at("one", 30)], &versions),
        [
            "0000 adopted",
            "0001 pending: later ones are applied, and this one is not: drizzle passes over it for ever",
            "0002 adopted"
        ]
    );
    // Without times each row gets one of its own.
    assert_eq!(
        told("drizzle", &[by_hash("one"), by_hash("one")], &versions),
        ["0000 adopted", "0001 adopted", "0002 pending"]
    );
    // Drizzle goes by the time alone, so that counts where the file was edited.
    assert_eq!(
        told("drizzle", &[at("other", 10)], &versions),
        ["0000 adopted: its file is not what drizzle applied", "0001 pending", "0002 pending"]
    );
}

fn row<'a>(tool: &str, entry: &'a Migration) -> Result<MirrorRow<'a>, &'static str> {
    mirror_row(of_tool(tool), entry, None)
}

fn file(path: &str, version: &str, name: &str, sql: &str) -> Migration {
    Migration {
        path: path.to_owned(),
        name: name.to_owned(),
        checksum: crate::checksum::sha256_hex(sql.as_bytes()),
        ..entry(version, sql)
    }
}

#[test]
fn a_row_has_what_each_tool_writes() {
    let of =
        file("migrations/20240101_add_users.up.sql", "20240101", "add_users", "SELECT 1;\r\nSELECT 2;\n");
    let made = row("sqlx", &of).expect("a row");
    assert_eq!((made.description.as_str(), made.file), ("add users", "20240101_add_users.up.sql"));
    assert_eq!(made.sha384.len(), 96);
    // Line ends do not count for Flyway.
    let unix = file("x.sql", "20240101", "add_users", "SELECT 1;\nSELECT 2;\n");
    assert_eq!(made.crc32, row("flyway", &unix).expect("a row").crc32);
    let dashed = file("2024-01-01-000000_x/up.sql", "2024-01-01-000000", "x", "SELECT 1");
    let made = row("diesel", &dashed).expect("a row");
    assert_eq!((made.digits.as_str(), made.folder), ("20240101000000", "2024-01-01-000000_x"));
    let committed = file(
        "committed/000002-b.sql",
        "000002",
        "b",
        "--! Previous: sha1:aa\n--! Hash: sha1:bb\n\nSELECT 1;\n",
    );
    let made = row("graphile-migrate", &committed).expect("a row");
    assert_eq!((made.own_hash, made.previous_hash), (Some("sha1:bb"), Some("sha1:aa")));
}

#[test]
fn what_a_tool_could_not_have_is_said() {
    let plain = file("1_x.sql", "1", "x", "SELECT 1");
    assert_eq!(
        row("drizzle", &plain),
        Err("the folder has no meta/_journal.json that says when it was made")
    );
    assert_eq!(row("prisma", &plain), Err("it is not in a folder of its own"));
    assert_eq!(
        row("graphile-migrate", &plain),
        Err("the file does not say what its hash is: it is not committed")
    );
    assert_eq!(row("knex", &plain), Err("it is not known how the tool writes it"));
    assert_eq!(
        row("goose", &file("a.sql", "a", "x", "")),
        Err("its version is no number, as the tool's must be")
    );
    let part = Migration { checksum: "of more".to_owned(), ..plain };
    assert!(row("sqlx", &part).is_err());
}
