use expect_test::{Expect, expect};

use super::*;
use crate::checksum::sha256_hex;
use crate::formats::{Content, File, scan};
use crate::migrations::tests::applied;

fn file(path: &str, content: &str) -> File {
    File { path: path.to_owned(), content: Content::Bytes(content.as_bytes().to_vec()) }
}

/// A row of the ledger for a file with this content.
fn ran(version: &str, name: &str, sql: &str) -> Applied {
    Applied { name: name.to_owned(), checksum: sha256_hex(sql.as_bytes()), ..applied(version, sql) }
}

fn check(files: &[File], applied: &[Applied], expect: Expect) {
    let found = find(&scan(files).unwrap(), applied);
    let lines = found.iter().map(|of| {
        let other = of.other.as_ref().map(|other| format!(" and {}", other.path)).unwrap_or_default();
        format!("{}: {}{other}: {}\n", of.kind.as_str(), of.file.path, of.says)
    });
    expect.assert_eq(&lines.collect::<String>());
}

#[test]
fn one_number_for_two_files_is_told_in_every_layout() {
    check(
        &[file("3_a.sql", "a"), file("003_b.up.sql", "b"), file("003_b.down.sql", ""), file("4_c.sql", "c")],
        &[],
        expect![[r#"
            same number: 3_a.sql and 003_b.up.sql: two migrations have the number 3
        "#]],
    );
    check(
        &[file("3_a/up.sql", "a"), file("3_b/up.sql", "a"), file("3_b/down.sql", "")],
        &[],
        expect![[r#"
            same number: 3_a/up.sql and 3_b/up.sql: two migrations have the number 3 with the same content
        "#]],
    );
    let once = [file("V1__a.sql", ""), file("U1__a.sql", ""), file("R__v.sql", ""), file("R__w.sql", "")];
    check(&once, &[], expect![""]);
}

#[test]
fn what_comes_before_what_is_applied_is_told() {
    let files = [file("1_a.sql", "a"), file("2_b.sql", "b"), file("3_c.sql", "c"), file("4_d.sql", "d")];
    check(
        &files,
        &[ran("1", "a", "a"), ran("3", "c", "c")],
        expect![[r#"
            out of order: 2_b.sql and 3_c.sql: 2_b.sql is not applied and comes before 3_c.sql, which is: it is refused
        "#]],
    );
    check(&files, &[ran("1", "a", "a"), ran("2", "b", "b"), ran("9", "x", "x")], expect![""]);
}

#[test]
fn of_two_files_with_one_number_the_one_that_ran_is_known_by_name_or_content() {
    let files = [file("1_a.sql", "a"), file("1_b.sql", "b")];
    let of = |row: Applied| {
        let scan = scan(&files).unwrap();
        let row = [row];
        scan.units.iter().map(|unit| is_applied(unit, &scan.units, &row)).collect::<Vec<_>>()
    };
    assert_eq!(of(ran("1", "a", "other")), [true, false]);
    assert_eq!(of(ran("01", "renamed", "b")), [false, true]);
    assert_eq!(of(ran("1_b", "b", "b")), [false, true]);
    // Either may be the one.
    assert_eq!(of(ran("1", "renamed", "edited")), [true, true]);
    assert_eq!(of(ran("2", "a", "a")), [false, false]);
}

pub(crate) fn journal(entries: &[(u64, i64, &str)]) -> File {
    let entries: Vec<_> = entries
        .iter()
        .map(|(idx, when, tag)| {
            serde_json::json!({"idx": idx, "version": "7", "when": when, "tag": tag, "breakpoints": true})
        })
        .collect();
    let journal = serde_json::json!({"version": "7", "dialect": "postgresql", "entries": entries});
    file("meta/_journal.json", &journal.to_string())
}

pub(crate) fn snapshot(number: &str, id: &str, prev: &str, tables: &str) -> File {
    let text = format!(r#"{{"id": "{id}", "prevId": "{prev}", "tables": {tables}}}"#);
    file(&format!("meta/{number}_snapshot.json"), &text)
}

#[test]
fn what_drizzles_journal_says_against_itself_is_told() {
    check(
        &[
            journal(&[
                (0, 10, "0000_a"),
                (1, 40, "0001_b"),
                (1, 30, "0001_c"),
                (4, 50, "0004_d"),
                (5, 60, "0005_e"),
            ]),
            file("0000_a.sql", "a"),
            file("0001_b.sql", "b"),
            file("0001_c.sql", "c"),
            file("0004_d.sql", "d"),
            file("0002_x.sql", "x"),
            snapshot("0000", "A", ORIGIN, "{}"),
            snapshot("0001", "B", "A", "{}"),
            snapshot("0004", "D", "lost", "{}"),
        ],
        &[],
        expect![[r#"
            same number: 0001_b.sql and 0001_c.sql: two migrations have the number 0001
            journal gap: 0001_c.sql and 0004_d.sql: in the journal idx 4 comes after idx 1
            when order: 0001_b.sql and 0001_c.sql: 0001_c comes after 0001_b in the journal, and its "when" does not: Drizzle's migrate passes over it where the other one is applied
            not in journal: 0002_x.sql: meta/_journal.json does not name 0002_x.sql: it is not applied
            no file: 0005_e.sql: meta/_journal.json names 0005_e, and there is no such file
            snapshot chain: meta/0004_snapshot.json: meta/0004_snapshot.json follows the snapshot lost, which is not there
        "#]],
    );
}

#[test]
fn a_forked_or_shared_chain_of_snapshots_is_told() {
    let sql =
        |names: &[&str]| names.iter().map(|name| file(&format!("{name}.sql"), name)).collect::<Vec<_>>();
    let mut files = sql(&["0000_a", "0001_b", "0002_c"]);
    files.extend([
        journal(&[(0, 10, "0000_a"), (1, 20, "0001_b"), (2, 30, "0002_c")]),
        snapshot("0000", "A", ORIGIN, "{}"),
        snapshot("0001", "B", "A", "{}"),
        snapshot("0002", "C", "A", "{}"),
    ]);
    check(
        &files,
        &[],
        expect![[r#"
            snapshot fork: meta/0001_snapshot.json and meta/0002_snapshot.json: two snapshots follow meta/0000_snapshot.json: the next migration that Drizzle generates starts from one of them, and repeats what the other one has
        "#]],
    );
    let mut files = sql(&["0000_a", "0001_b", "0001_c"]);
    files.extend([
        journal(&[(0, 10, "0000_a"), (1, 20, "0001_b"), (1, 30, "0001_c")]),
        snapshot("0000", "A", ORIGIN, "{}"),
        snapshot("0001", "B", "A", "{}"),
    ]);
    check(
        &files,
        &[],
        expect![[r#"
            same number: 0001_b.sql and 0001_c.sql: two migrations have the number 0001
            no snapshot: 0001_c.sql: 1 of 3 migrations lack a snapshot: the next one that Drizzle generates repeats what they did
        "#]],
    );
}
