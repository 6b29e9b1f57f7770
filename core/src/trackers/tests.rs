use super::*;
use crate::migrations::tests::{applied, entry};

fn pending(version: &str, path: &str) -> Status {
    Status {
        version: version.to_owned(),
        name: format!("name_of_{version}"),
        state: State::Pending,
        journal: Some(Migration {
            path: path.to_owned(),
            checksum: format!("sum{version}"),
            ..entry(version, "")
        }),
        ledger: None,
    }
}

fn journal(versions: &[&str]) -> Vec<Status> {
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
fn told(tool: &str, rows: &[TrackerRow], journal: &[Status]) -> Vec<String> {
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
    versions[0].state = State::Applied;
    versions[0].ledger = Some(applied("1", ""));
    assert_eq!(told("dbmate", &[by_version("1")], &versions), ["1 applied"]);
}

#[test]
fn each_query_reads_its_own_table() {
    for tracker in TRACKERS {
        assert!(tracker.query.contains("{table}"), "{}", tracker.tool);
        assert!(tracker.query.contains("ORDER BY"), "{}", tracker.tool);
    }
}
