use expect_test::{Expect, expect};

use super::*;
use crate::checksum::sha256_hex;
use crate::conflicts::tests::{journal, snapshot};
use crate::formats::{Content, scan};
use crate::migrations::tests::applied;

const ORIGIN: &str = "00000000-0000-0000-0000-000000000000";

fn file(path: &str, content: &str) -> File {
    File { path: path.to_owned(), content: Content::Bytes(content.as_bytes().to_vec()) }
}

fn ran(version: &str, name: &str) -> Applied {
    Applied { name: name.to_owned(), checksum: sha256_hex(b""), ..applied(version, "") }
}

fn told(changes: Result<Vec<Change>, Error>) -> String {
    match changes {
        Ok(changes) => changes
            .into_iter()
            .map(|change| {
                let content = change.content.map(|text| format!(" with {}", text.replace(['\n', ' '], "")));
                format!("{} -> {}{}\n", change.path, change.new_path, content.unwrap_or_default())
            })
            .collect(),
        Err(error) => error.to_string(),
    }
}

fn renumbered(files: &[File], applied: &[Applied], file: &str, to: &str, expect: Expect) {
    expect.assert_eq(&told(renumber(files, &scan(files).unwrap(), applied, file, to)));
}

#[test]
fn all_files_of_a_migration_get_the_number_in_every_layout() {
    let pairs = [file("0001_a.sql", ""), file("0003_b.up.sql", "b"), file("0003_b.down.sql", "")];
    renumbered(
        &pairs,
        &[],
        "0003_b.up.sql",
        "12",
        expect![[r#"
        0003_b.up.sql -> 0012_b.up.sql
        0003_b.down.sql -> 0012_b.down.sql
    "#]],
    );
    let flyway = [file("db/V1__a.sql", ""), file("db/V1_2__b.sql", "b"), file("db/U1_2__b.sql", "")];
    renumbered(
        &flyway,
        &[],
        "db/V1_2__b.sql",
        "3",
        expect![[r#"
        db/V1_2__b.sql -> db/V3__b.sql
        db/U1_2__b.sql -> db/U3__b.sql
    "#]],
    );
    let folders =
        [file("default/1_a/up.sql", ""), file("default/1_b/up.sql", "b"), file("default/1_b/down.sql", "")];
    renumbered(
        &folders,
        &[],
        "1_b",
        "2",
        expect![[r#"
        default/1_b -> default/2_b
    "#]],
    );
    let times = [file("20260507120000_a.sql", ""), file("20260507120000_b.sql", "b")];
    renumbered(
        &times,
        &[],
        "20260507120000_b",
        "20260507120001",
        expect![[r#"
        20260507120000_b.sql -> 20260507120001_b.sql
    "#]],
    );
}

#[test]
fn a_number_that_is_taken_or_none_and_a_migration_that_is_applied_are_refused() {
    let files = [file("01_a.sql", ""), file("02_b.sql", "b"), file("02_c.sql", "c"), file("R__v.sql", "")];
    let ledger = [ran("01", "a"), ran("02", "b"), ran("07", "gone")];
    for (name, to, said) in [
        ("02_c.sql", "1", expect!["the number 1 is taken by 01_a.sql"]),
        ("02_c.sql", "2", expect!["the number 2 is taken by 02_b.sql"]),
        ("02_c.sql", "7", expect!["the number 7 is taken: 07.sql is applied under it"]),
        ("02_c.sql", "0", expect!["00_c would come before migration 01, which is applied"]),
        ("02_c.sql", "", expect![[r#""" cannot be the number of 02_c.sql"#]]),
        ("02_c.sql", "three", expect![[r#""three" cannot be the number of 02_c.sql"#]]),
        ("02_c.sql", "../3", expect![[r#""../3" cannot be the number of 02_c.sql"#]]),
        ("02_c.sql", "3_", expect![[r#""3_" cannot be the number of 02_c.sql"#]]),
        ("R__v.sql", "3", expect![[r#""3" cannot be the number of R__v.sql"#]]),
        ("02_b.sql", "3", expect!["02_b.sql is applied as migration 02: it keeps its name"]),
        ("09_x.sql", "3", expect![[r#"there is no migration "09_x.sql" in the folder"#]]),
        ("02_c.sql", "3", expect!["02_c.sql -> 03_c.sql\n"]),
    ] {
        renumbered(&files, &ledger, name, to, said);
    }
}

/// What two branches have made of 0000 in one merge, each with its snapshot.
fn merged() -> Vec<File> {
    let table = |columns: &str| format!(r#"{{"t": {{"columns": {{{columns}}}}}}}"#);
    vec![
        journal(&[(0, 10, "0000_a"), (1, 40, "0001_b"), (2, 30, "0002_c"), (2, 50, "0002_d")]),
        file("0000_a.sql", ""),
        file("0001_b.sql", "b"),
        file("0002_c.sql", "c"),
        file("0002_c.down.sql", ""),
        file("0002_d.sql", "d"),
        snapshot("0000", "A", ORIGIN, &table(r#""id": 1"#)),
        snapshot("0001", "B", "A", &table(r#""id": 1, "b": 1"#)),
        snapshot("0002", "C", "A", &table(r#""id": 1, "c": 1"#)),
    ]
}

#[test]
fn a_rebase_puts_one_branch_behind_the_other() {
    let files = merged();
    let rebased = told(rebase(&files, &scan(&files).unwrap(), &[ran("0000", "a")]));
    expect![[r#"
        meta/_journal.json -> meta/_journal.json with {"dialect":"postgresql","entries":[{"breakpoints":true,"idx":0,"tag":"0000_a","version":"7","when":10},{"breakpoints":true,"idx":1,"tag":"0001_b","version":"7","when":40},{"breakpoints":true,"idx":2,"tag":"0002_c","version":"7","when":41},{"breakpoints":true,"idx":3,"tag":"0003_d","version":"7","when":50}],"version":"7"}
        0002_d.sql -> 0003_d.sql
        meta/0002_snapshot.json -> meta/0002_snapshot.json with {"id":"C","prevId":"B","tables":{"t":{"columns":{"id":1,"b":1,"c":1}}}}
    "#]]
    .assert_eq(&rebased);
    // What is applied stays, and comes first.
    let rebased = told(rebase(&files, &scan(&files).unwrap(), &[ran("0000", "a"), ran("0002", "c")]));
    expect![[r#"
        meta/_journal.json -> meta/_journal.json with {"dialect":"postgresql","entries":[{"breakpoints":true,"idx":0,"tag":"0000_a","version":"7","when":10},{"breakpoints":true,"idx":2,"tag":"0002_c","version":"7","when":30},{"breakpoints":true,"idx":3,"tag":"0003_b","version":"7","when":40},{"breakpoints":true,"idx":4,"tag":"0004_d","version":"7","when":50}],"version":"7"}
        0001_b.sql -> 0003_b.sql
        0002_d.sql -> 0004_d.sql
        meta/0001_snapshot.json -> meta/0003_snapshot.json with {"id":"B","prevId":"C","tables":{"t":{"columns":{"id":1,"c":1,"b":1}}}}
    "#]]
    .assert_eq(&rebased);
}

#[test]
fn a_snapshot_that_the_merge_threw_away_can_come_back() {
    let mut files = vec![
        journal(&[(0, 10, "0000_a"), (1, 20, "0001_b"), (1, 30, "0001_c")]),
        file("0000_a.sql", ""),
        file("0001_b.sql", "b"),
        file("0001_c.sql", "c"),
        snapshot("0000", "A", ORIGIN, r#"{"a": 1}"#),
        snapshot("0001", "B", "A", r#"{"a": 1, "b": 1}"#),
    ];
    let rebased = told(rebase(&files, &scan(&files).unwrap(), &[]));
    assert!(rebased.ends_with("\n0001_c.sql -> 0002_c.sql\n"), "{rebased}");
    files[0] = journal(&[(0, 10, "0000_a"), (1, 20, "0001_b"), (2, 30, "0002_c")]);
    files[3] = file("0002_c.sql", "c");
    files.push(snapshot("0002", "C", "A", r#"{"a": 1, "c": 1}"#));
    expect![[r#"
        meta/0002_snapshot.json -> meta/0002_snapshot.json with {"id":"C","prevId":"B","tables":{"a":1,"b":1,"c":1}}
    "#]]
    .assert_eq(&told(rebase(&files, &scan(&files).unwrap(), &[])));
}

#[test]
fn a_folder_in_order_is_left_as_it_is_also_with_a_gap() {
    let files = [
        journal(&[(0, 10, "0000_a"), (4, 20, "0004_b")]),
        file("0000_a.sql", ""),
        file("0004_b.sql", ""),
        snapshot("0000", "A", ORIGIN, "{}"),
        snapshot("0004", "B", "A", "{}"),
    ];
    assert_eq!(rebase(&files, &scan(&files).unwrap(), &[]), Ok(Vec::new()));
}

#[test]
fn a_rebase_does_not_guess() {
    let with = |second: &File| {
        let mut files = merged();
        files.retain(|file| file.path != second.path);
        files.push(second.clone());
        told(rebase(&files, &scan(&files).unwrap(), &[]))
    };
    let clash = r#"{"t": {"columns": {"id": 1, "b": 2}}}"#;
    expect!["meta/0001_snapshot.json and meta/0002_snapshot.json both change tables.t.columns.b, each in its own way"]
        .assert_eq(&with(&snapshot("0002", "C", "A", clash)));
    expect!["of the snapshot meta/0002_snapshot.json nobody knows what it changed: it follows X, which is not there"]
        .assert_eq(&with(&snapshot("0002", "C", "X", "{}")));
    expect![[r#"the journal names "0009_x", but there is no file "0009_x.sql""#]]
        .assert_eq(&with(&journal(&[(0, 10, "0000_a"), (9, 20, "0009_x")])));
    let pairs = [file("1_a.sql", "")];
    expect!["the folder has no journal of Drizzle's: there is nothing to rebase"].assert_eq(&told(rebase(
        &pairs,
        &scan(&pairs).unwrap(),
        &[],
    )));
}

#[test]
fn renumbering_moves_the_entry_and_its_snapshot() {
    let files = merged();
    renumbered(
        &files,
        &[ran("0000", "a")],
        "0001_b.sql",
        "7",
        expect![[r#"
        meta/_journal.json -> meta/_journal.json with {"dialect":"postgresql","entries":[{"breakpoints":true,"idx":0,"tag":"0000_a","version":"7","when":10},{"breakpoints":true,"idx":2,"tag":"0002_c","version":"7","when":30},{"breakpoints":true,"idx":2,"tag":"0002_d","version":"7","when":50},{"breakpoints":true,"idx":7,"tag":"0007_b","version":"7","when":51}],"version":"7"}
        0001_b.sql -> 0007_b.sql
        meta/0001_snapshot.json -> meta/0007_snapshot.json with {"id":"B","prevId":"C","tables":{"t":{"columns":{"id":1,"c":1,"b":1}}}}
    "#]],
    );
}

#[test]
fn json_keeps_its_order() {
    let text = "{\n  \"z\": 1,\n  \"a\": [\n    null,\n    1.5\n  ],\n  \"b\": {}\n}";
    assert_eq!(serde_json::from_str::<json::Json>(text).unwrap().to_text(), text);
}
