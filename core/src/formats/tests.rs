//! What [`read`] makes of folders, each given as a list of paths and contents.

use expect_test::{Expect, expect};

use super::*;

fn file(path: &str, contents: impl AsRef<[u8]>) -> File {
    File { path: path.to_owned(), content: Content::Bytes(contents.as_ref().to_owned()) }
}

fn folder(files: &[(&str, &str)]) -> Vec<File> {
    files.iter().map(|(path, contents)| file(path, contents)).collect()
}

/// Files that all have a statement in them.
fn paths(paths: &[&str]) -> Vec<File> {
    paths.iter().map(|path| file(path, "SELECT 1;")).collect()
}

fn journal(entries: &str) -> String {
    format!(r#"{{"version": "7", "dialect": "postgresql", "entries": [{entries}]}}"#)
}

fn entry(idx: u32, tag: &str) -> String {
    format!(
        r#"{{"idx": {idx}, "version": "7", "when": {}, "tag": "{tag}", "breakpoints": true}}"#,
        1000 - idx
    )
}

fn drizzle(tags: &[&str], other: &[(&str, &str)]) -> Vec<File> {
    let entries: Vec<String> = tags.iter().zip(0..).map(|(tag, idx)| entry(idx, tag)).collect();
    let mut files = vec![file("meta/_journal.json", journal(&entries.join(",")))];
    files.extend(tags.iter().map(|tag| file(&format!("{tag}.sql"), "SELECT 1;")));
    files.extend(folder(other));
    files
}

fn check(files: &[File], expect: Expect) {
    expect.assert_eq(&match read(files) {
        Ok(journal) => show(&journal),
        Err(error) => match error.hint() {
            Some(hint) => format!("error: {error}\nhint: {hint}\n"),
            None => format!("error: {error}\n"),
        },
    });
}

/// One line per migration and ignored file; what is as in most migrations is left out.
fn show(journal: &Journal) -> String {
    let mut out = format!("{}\n", journal.layout);
    for migration in &journal.migrations {
        out += &format!("{} {:?} {}", migration.version, migration.name, migration.path);
        if migration.up_sql != "SELECT 1;" || migration.up_line != 1 {
            out += &format!(" up {}:{:?}", migration.up_line, migration.up_sql);
        }
        if let (Some(path), Some(sql)) = (&migration.down_path, &migration.down_sql) {
            out += &format!(" down {path}:{}:{sql:?}", migration.down_line);
        }
        if let Some(snapshot) = &migration.snapshot {
            out += &format!(" snapshot {snapshot}");
        }
        if migration.breakpoints {
            out += " breakpoints";
        }
        if !migration.in_transaction {
            out += " no-transaction";
        }
        if !migration.down_in_transaction {
            out += " down-no-transaction";
        }
        assert_eq!(migration.down_sql.is_some(), migration.down_path.is_some());
        assert_eq!(migration.down_sql.is_some(), migration.down_checksum.is_some());
        out += "\n";
    }
    for Ignored { path, reason } in &journal.ignored {
        out += &format!("ignored {path}: {reason}\n");
    }
    out
}

mod drizzle_journal {
    use super::*;

    #[test]
    fn its_entries_are_the_migrations_in_their_order() {
        check(
            &drizzle(&["0000_init", "0002_c", "0001_b"], &[]),
            expect![[r#"
                drizzle
                0000 "init" 0000_init.sql breakpoints
                0002 "c" 0002_c.sql breakpoints
                0001 "b" 0001_b.sql breakpoints
            "#]],
        );
    }

    #[test]
    fn indexes_may_have_gaps_and_times_may_go_back() {
        let entries = [
            r#"{"idx": 7, "tag": "0007_a", "when": 500, "breakpoints": false}"#,
            r#"{"idx": 9, "tag": "0009_b", "when": 100}"#,
            r#"{"tag": "0010_c"}"#,
        ];
        let mut files = paths(&["0007_a.sql", "0009_b.sql", "0010_c.sql"]);
        files.push(file("meta/_journal.json", journal(&entries.join(","))));
        check(
            &files,
            expect![[r#"
                drizzle
                0007 "a" 0007_a.sql
                0009 "b" 0009_b.sql breakpoints
                0010 "c" 0010_c.sql breakpoints
            "#]],
        );
    }

    #[test]
    fn tags_without_a_version_take_the_index_of_their_entry() {
        check(
            &drizzle(&["0000_a", "add-users", "_b", "20240101000000_c"], &[]),
            expect![[r#"
                drizzle
                0000 "a" 0000_a.sql breakpoints
                0001 "add-users" add-users.sql breakpoints
                0002 "_b" _b.sql breakpoints
                20240101000000 "c" 20240101000000_c.sql breakpoints
            "#]],
        );
    }

    #[test]
    fn down_files_and_snapshots_are_optional() {
        check(
            &drizzle(
                &["0000_a", "0001_b", "c", "20240101000000_d"],
                &[
                    ("0001_b.down.sql", "SELECT 2;"),
                    ("meta/0001_snapshot.json", r#"{"id": "b", "dialect": "postgresql"}"#),
                    ("meta/0002_snapshot.json", r#"{"id": "c"}"#),
                    ("meta/0003_snapshot.json", r#"{"id": "d"}"#),
                ],
            ),
            expect![[r#"
                drizzle
                0000 "a" 0000_a.sql breakpoints
                0001 "b" 0001_b.sql down 0001_b.down.sql:1:"SELECT 2;" snapshot {"dialect":"postgresql","id":"b"} breakpoints
                0002 "c" c.sql snapshot {"id":"c"} breakpoints
                20240101000000 "d" 20240101000000_d.sql snapshot {"id":"d"} breakpoints
            "#]],
        );
    }

    #[test]
    fn a_snapshot_named_after_another_version_is_not_taken() {
        let entries = [entry(5, "0003_a"), entry(6, "0005_b")];
        let mut files = paths(&["0003_a.sql", "0005_b.sql"]);
        files.push(file("meta/_journal.json", journal(&entries.join(","))));
        files.push(file("meta/0005_snapshot.json", r#"{"id": "b"}"#));
        check(
            &files,
            expect![[r#"
                drizzle
                0003 "a" 0003_a.sql breakpoints
                0005 "b" 0005_b.sql snapshot {"id":"b"} breakpoints
            "#]],
        );
    }

    #[test]
    fn other_files_are_ignored() {
        check(
            &drizzle(
                &["0000_a"],
                &[
                    ("0000_b.sql", ""),
                    ("0000_b.down.sql", ""),
                    ("seed/0001_x.sql", ""),
                    ("0001_c.SQL", ""),
                    ("README.md", ""),
                    ("meta/0042_snapshot.json", "{"),
                    ("meta/notes.txt", ""),
                    (".gitkeep", ""),
                    ("._0000_a.sql", ""),
                    ("relations.ts", ""),
                ],
            ),
            expect![[r#"
                drizzle
                0000 "a" 0000_a.sql breakpoints
                ignored ._0000_a.sql: hidden file
                ignored .gitkeep: hidden file
                ignored 0000_b.down.sql: not named by meta/_journal.json
                ignored 0000_b.sql: not named by meta/_journal.json
                ignored 0001_c.SQL: its extension is not lower-case .sql
                ignored README.md: not an SQL file
                ignored meta/notes.txt: not an SQL file
                ignored relations.ts: not an SQL file
                ignored seed/0001_x.sql: not named by meta/_journal.json
            "#]],
        );
    }

    #[test]
    fn older_versions_call_the_dialect_pg() {
        let mut files = paths(&["0000_a.sql"]);
        files.push(file(
            "meta/_journal.json",
            r#"{"dialect": "pg", "entries": [{"idx": 0, "tag": "0000_a"}]}"#,
        ));
        check(
            &files,
            expect![[r#"
                drizzle
                0000 "a" 0000_a.sql breakpoints
            "#]],
        );
    }

    #[test]
    fn other_dialects_are_refused() {
        let mysql = r#"{"dialect": "mysql", "entries": [{"idx": 0, "tag": "0000_a"}]}"#;
        check(
            &folder(&[("meta/_journal.json", mysql), ("0000_a.sql", "")]),
            expect![[r#"
                error: "meta/_journal.json" says the folder is for dialect "mysql", not for PostgreSQL
                hint: Point to the folder of the project's PostgreSQL schema.
            "#]],
        );
        check(
            &drizzle(&["0000_a"], &[("meta/0000_snapshot.json", r#"{"dialect": "sqlite"}"#)]),
            expect![[r#"
                error: "meta/0000_snapshot.json" says the folder is for dialect "sqlite", not for PostgreSQL
                hint: Point to the folder of the project's PostgreSQL schema.
            "#]],
        );
        check(
            &drizzle(&["0000_a"], &[("meta/0000_snapshot.json", r#"{"dialect": 7}"#)]),
            expect![[r#"
                error: "meta/0000_snapshot.json" says the folder is for dialect "7", not for PostgreSQL
                hint: Point to the folder of the project's PostgreSQL schema.
            "#]],
        );
    }

    #[test]
    fn damaged_journals_are_refused() {
        for (contents, expect) in [
            (
                "",
                expect![[r#"
                    error: "meta/_journal.json" is not a Drizzle journal: EOF while parsing a value at line 1 column 0
                    hint: Restore meta/_journal.json as drizzle-kit wrote it.
                "#]],
            ),
            (
                "{",
                expect![[r#"
                    error: "meta/_journal.json" is not a Drizzle journal: EOF while parsing an object at line 1 column 1
                    hint: Restore meta/_journal.json as drizzle-kit wrote it.
                "#]],
            ),
            (
                "[]",
                expect![[r#"
                    error: "meta/_journal.json" is not a Drizzle journal: invalid length 0, expected struct Journal with 2 elements at line 1 column 2
                    hint: Restore meta/_journal.json as drizzle-kit wrote it.
                "#]],
            ),
            (
                r#"{"dialect": "postgresql"}"#,
                expect![[r#"
                    error: "meta/_journal.json" is not a Drizzle journal: missing field `entries` at line 1 column 25
                    hint: Restore meta/_journal.json as drizzle-kit wrote it.
                "#]],
            ),
            (
                r#"{"entries": []}"#,
                expect![[r#"
                    error: "meta/_journal.json" is not a Drizzle journal: missing field `dialect` at line 1 column 15
                    hint: Restore meta/_journal.json as drizzle-kit wrote it.
                "#]],
            ),
            (
                r#"{"dialect": "postgresql", "entries": [{"idx": 0}]}"#,
                expect![[r#"
                    error: "meta/_journal.json" is not a Drizzle journal: missing field `tag` at line 1 column 48
                    hint: Restore meta/_journal.json as drizzle-kit wrote it.
                "#]],
            ),
            (
                r#"{"dialect": "postgresql", "entries": [{"idx": -1, "tag": "a"}]}"#,
                expect![[r#"
                    error: "meta/_journal.json" is not a Drizzle journal: invalid value: integer `-1`, expected u64 at line 1 column 48
                    hint: Restore meta/_journal.json as drizzle-kit wrote it.
                "#]],
            ),
        ] {
            check(&folder(&[("meta/_journal.json", contents)]), expect);
        }
        check(
            &drizzle(&["0000_a"], &[("meta/0000_snapshot.json", "{")]),
            expect![[r#"
                error: "meta/0000_snapshot.json" is not a Drizzle snapshot: EOF while parsing an object at line 1 column 1
                hint: Restore the snapshot as drizzle-kit wrote it, or delete it.
            "#]],
        );
    }

    #[test]
    fn entries_need_their_files() {
        let files = folder(&[("meta/_journal.json", &journal(&entry(0, "0000_a")))]);
        check(
            &files,
            expect![[r#"
                error: the journal names "0000_a", but there is no file "0000_a.sql"
                hint: Restore the file, or take its entry out of meta/_journal.json.
            "#]],
        );
        let files = folder(&[("drizzle/meta/_journal.json", &journal(&entry(0, "../../etc/x")))]);
        check(
            &files,
            expect![[r#"
                error: the journal names "../../etc/x", but there is no file "drizzle/../../etc/x.sql"
                hint: Restore the file, or take its entry out of meta/_journal.json.
            "#]],
        );
    }

    #[test]
    fn a_second_entry_of_a_version_goes_by_its_tag() {
        check(
            &drizzle(&["0003_c", "0004_a", "0004_b"], &[]),
            expect![[r#"
                drizzle
                0003 "c" 0003_c.sql breakpoints
                0004 "a" 0004_a.sql breakpoints
                0004_b "b" 0004_b.sql breakpoints
            "#]],
        );
        check(
            &drizzle(&["0001_a", "b"], &[]),
            expect![[r#"
                drizzle
                0001 "a" 0001_a.sql breakpoints
                0001_b "b" b.sql breakpoints
            "#]],
        );
        check(
            &drizzle(&["0001_a", "0001_a"], &[])[..2],
            expect![[r#"
                error: version 0001 is there twice: "0001_a.sql" and "0001_a.sql"
                hint: Give one of them a version of its own; leading zeros and dashes do not tell versions apart.
            "#]],
        );
    }

    #[test]
    fn without_entries_there_are_no_migrations() {
        check(
            &drizzle(&[], &[("0000_a.sql", "")]),
            expect![[r#"
                error: there are no migrations among the 2 files of the folder
                hint: A migration is VERSION_name.sql, VERSION_name.up.sql, VERSION_name/up.sql, VERSION_name/migration.sql or a file named by Drizzle's meta/_journal.json.
            "#]],
        );
    }
}

mod drizzle_folders {
    use super::*;

    #[test]
    fn every_folder_is_a_migration() {
        check(
            &folder(&[
                ("20250102000000_b/migration.sql", "SELECT 1;"),
                ("20250102000000_b/snapshot.json", r#"{"dialect": "postgres"}"#),
                ("20250102000000_b/down.sql", "SELECT 2;"),
                ("20250101000000_a/migration.sql", "SELECT 1;"),
                ("20250103000000_c/snapshot.json", "{}"),
                ("20250103000000_c/down.sql", ""),
                ("20250101000000_a/notes.sql", ""),
                ("scripts/migration.sql", ""),
                ("seed.sql", ""),
            ]),
            expect![[r#"
                drizzle-v1
                20250101000000 "a" 20250101000000_a/migration.sql breakpoints
                20250102000000 "b" 20250102000000_b/migration.sql down 20250102000000_b/down.sql:1:"SELECT 2;" snapshot {"dialect":"postgres"} breakpoints
                ignored 20250101000000_a/notes.sql: a migration's folder has only migration.sql and down.sql
                ignored 20250103000000_c/down.sql: has no migration.sql beside it
                ignored 20250103000000_c/snapshot.json: not an SQL file
                ignored scripts/migration.sql: the name of its folder does not begin with a version and an underscore
                ignored seed.sql: lies in no migration's folder
            "#]],
        );
    }

    #[test]
    fn a_single_migration_is_not_taken_for_the_folder_of_all() {
        check(
            &paths(&["20250101000000_a/migration.sql"]),
            expect![[r#"
                drizzle-v1
                20250101000000 "a" 20250101000000_a/migration.sql breakpoints
            "#]],
        );
        check(
            &paths(&["drizzle/20250101000000_a/migration.sql"]),
            expect![[r#"
                drizzle-v1
                20250101000000 "a" drizzle/20250101000000_a/migration.sql breakpoints
            "#]],
        );
    }

    #[test]
    fn other_dialects_are_refused() {
        check(
            &folder(&[
                ("20250101000000_a/migration.sql", ""),
                ("20250101000000_a/snapshot.json", r#"{"dialect": "mysql"}"#),
            ]),
            expect![[r#"
                error: "20250101000000_a/snapshot.json" says the folder is for dialect "mysql", not for PostgreSQL
                hint: Point to the folder of the project's PostgreSQL schema.
            "#]],
        );
    }
}

mod pairs {
    use super::*;

    #[test]
    fn down_files_are_optional() {
        check(
            &folder(&[
                ("00002_b.up.sql", "SELECT 1;"),
                ("00002_b.down.sql", "SELECT 2;"),
                ("00001_a-b.up.sql", "SELECT 1;"),
                ("00003_c.sql", "SELECT 1;"),
                ("00004_d.sql", "SELECT 1;"),
                ("00004_d.down.sql", ""),
                ("00005.sql", "SELECT 1;"),
            ]),
            expect![[r#"
                pairs
                00001 "a-b" 00001_a-b.up.sql
                00002 "b" 00002_b.up.sql down 00002_b.down.sql:1:"SELECT 2;"
                00003 "c" 00003_c.sql
                00004 "d" 00004_d.sql down 00004_d.down.sql:1:""
                00005 "" 00005.sql
            "#]],
        );
    }

    #[test]
    fn other_files_are_ignored() {
        check(
            &paths(&[
                "1_a.sql",
                "2_b.down.sql",
                "1_other.down.sql",
                "seed.sql",
                "seed.down.sql",
                "V2__c.sql",
                "3_d.SQL",
                "old/4_e.sql",
                "5_f/notes.sql",
                "LICENSE",
                ".gitkeep",
                "._1_a.sql",
                ".git/6_g.sql",
            ]),
            expect![[r#"
                pairs
                1 "a" 1_a.sql
                2 "c" V2__c.sql
                ignored ._1_a.sql: hidden file
                ignored .git/6_g.sql: hidden file
                ignored .gitkeep: hidden file
                ignored 1_other.down.sql: undoes a migration that is not there
                ignored 2_b.down.sql: undoes a migration that is not there
                ignored 3_d.SQL: its extension is not lower-case .sql
                ignored 5_f/notes.sql: lies in a subfolder of the migrations
                ignored LICENSE: not an SQL file
                ignored old/4_e.sql: lies in a subfolder of the migrations
                ignored seed.down.sql: its name does not begin with a version and an underscore
                ignored seed.sql: its name does not begin with a version and an underscore
            "#]],
        );
    }

    #[test]
    fn what_was_not_looked_at_is_ignored() {
        check(
            &paths(&["1_a.sql", "*", "a/b/c/d/e/f/g/h/2_i.sql/*", "in/node_modules", "node_modules"]),
            expect![[r#"
                pairs
                1 "a" 1_a.sql
                ignored *: not an SQL file
                ignored a/b/c/d/e/f/g/h/2_i.sql/*: lies too deep to be looked at
                ignored in/node_modules: packages of Node are not looked into
                ignored node_modules: packages of Node are not looked into
            "#]],
        );
    }

    #[test]
    fn pictures_need_not_be_text() {
        check(
            &[file("1_a.sql", "SELECT 1;"), file("schema.png", b"\x89PNG\0\xff")],
            expect![[r#"
                pairs
                1 "a" 1_a.sql
                ignored schema.png: not an SQL file
            "#]],
        );
        check(
            &[file("1_a.sql", "SELECT 1;"), file("seed.sql", b"\0\xff")],
            expect![[r#"
                pairs
                1 "a" 1_a.sql
                ignored seed.sql: its name does not begin with a version and an underscore
            "#]],
        );
    }

    #[test]
    fn order_is_by_number() {
        check(
            &paths(&["10_c.sql", "9_b.sql", "0001_a.sql", "20240101000000_d.sql"]),
            expect![[r#"
                pairs
                0001 "a" 0001_a.sql
                9 "b" 9_b.sql
                10 "c" 10_c.sql
                20240101000000 "d" 20240101000000_d.sql
            "#]],
        );
    }

    #[test]
    fn files_of_one_number_apply_in_the_order_of_their_names() {
        check(
            &paths(&["3_b.up.sql", "3_a.up.sql", "2_z.up.sql"]),
            expect![[r#"
            pairs
            2 "z" 2_z.up.sql
            3 "a" 3_a.up.sql
            3_b "b" 3_b.up.sql
        "#]],
        );
        check(
            &paths(&[
                "20240304123642_traces_view/migration.sql",
                "20240304123642_traces_view_improvement/migration.sql",
            ]),
            expect![[r#"
                drizzle-v1
                20240304123642 "traces_view" 20240304123642_traces_view/migration.sql breakpoints
                20240304123642_traces_view_improvement "traces_view_improvement" 20240304123642_traces_view_improvement/migration.sql breakpoints
            "#]],
        );
        check(
            &paths(&["3_b/up.sql", "3_a/up.sql"]),
            expect![[r#"
            error: version 3 is there twice: "3_a/up.sql" and "3_b/up.sql"
            hint: Give one of them a version of its own; leading zeros and dashes do not tell versions apart.
        "#]],
        );
        check(
            &paths(&["20_b/migration.sql", "3_a/migration.sql", "20_a/migration.sql"]),
            expect![[r#"
            drizzle-v1
            20 "a" 20_a/migration.sql breakpoints
            20_b "b" 20_b/migration.sql breakpoints
            3 "a" 3_a/migration.sql breakpoints
        "#]],
        );
    }

    #[test]
    fn equal_numbers_are_refused() {
        check(
            &paths(&["3_a.sql", "0003_b.sql"]),
            expect![[r#"
                error: version 3 is there twice: "3_a.sql" and "0003_b.sql"
                hint: Give one of them a version of its own; leading zeros and dashes do not tell versions apart.
            "#]],
        );
        check(
            &paths(&["1_a.sql", "1_a.up.sql"]),
            expect![[r#"
                error: version 1 is there twice: "1_a.sql" and "1_a.up.sql"
                hint: Give one of them a version of its own; leading zeros and dashes do not tell versions apart.
            "#]],
        );
    }

    #[test]
    fn names_need_not_be_plain() {
        check(
            &paths(&["1_it's \"odd\"; DROP TABLE x.sql", "2_v1.2.sql", "3_.sql", "4_é.sql"]),
            expect![[r#"
                pairs
                1 "it's \"odd\"; DROP TABLE x" 1_it's "odd"; DROP TABLE x.sql
                2 "v1.2" 2_v1.2.sql
                3 "" 3_.sql
                4 "é" 4_é.sql
            "#]],
        );
    }

    #[test]
    fn a_thousand_are_read_in_order() {
        let files: Vec<File> =
            (0..1000).rev().map(|at| file(&format!("{at}_m.sql"), format!("SELECT {at};"))).collect();
        let journal = read(&files).unwrap();
        let versions: Vec<String> =
            journal.migrations.into_iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (0..1000).map(|at| at.to_string()).collect::<Vec<_>>());
    }
}

mod sections_in_files {
    use super::*;

    #[test]
    fn one_file_with_sections_makes_the_layout() {
        check(
            &folder(&[
                ("0001_a.sql", "-- first\n-- UP\nCREATE TABLE a ();\n\n-- DOWN\nDROP TABLE a;\n"),
                ("0002_b.sql", "SELECT 1;"),
                ("0003_c.sql", "-- UP\nSELECT 3;"),
                ("0004_d.down.md", ""),
            ]),
            expect![[r#"
                sections
                0001 "a" 0001_a.sql up 3:"CREATE TABLE a ();\n\n" down 0001_a.sql:6:"DROP TABLE a;\n"
                0002 "b" 0002_b.sql
                0003 "c" 0003_c.sql up 2:"SELECT 3;"
                ignored 0004_d.down.md: not an SQL file
            "#]],
        );
    }

    #[test]
    fn both_parts_have_the_checksum_of_the_file() {
        let journal = read(&folder(&[("1_a.sql", "-- UP\n-- DOWN\n")])).unwrap();
        let [migration] = journal.migrations.as_slice() else { panic!("{journal:?}") };
        assert_eq!(migration.checksum, crate::checksum::sha256_hex(b"-- UP\n-- DOWN\n"));
        assert_eq!(migration.down_checksum.as_ref(), Some(&migration.checksum));
    }

    #[test]
    fn sections_and_pairs_do_not_mix() {
        let sectioned = ("1_a.sql", "-- UP\n");
        check(
            &folder(&[sectioned, ("2_b.up.sql", "")]),
            expect![[r#"
                error: the folder mixes two layouts: "1_a.sql" is of layout sections, "2_b.up.sql" of layout pairs
                hint: Keep one layout in a folder, or point to the folder that has only one.
            "#]],
        );
        check(
            &folder(&[sectioned, ("1_a.down.sql", "")]),
            expect![[r#"
                error: the folder mixes two layouts: "1_a.sql" is of layout sections, "1_a.down.sql" of layout pairs
                hint: Keep one layout in a folder, or point to the folder that has only one.
            "#]],
        );
        check(
            &folder(&[sectioned, ("2_b.down.sql", "")]),
            expect![[r#"
                error: the folder mixes two layouts: "1_a.sql" is of layout sections, "2_b.down.sql" of layout pairs
                hint: Keep one layout in a folder, or point to the folder that has only one.
            "#]],
        );
        check(
            &folder(&[("1_a.up.sql", "-- up\nSELECT 1;\n-- down\n")]),
            expect![[r#"
                pairs
                1 "a" 1_a.up.sql up 1:"-- up\nSELECT 1;\n-- down\n"
            "#]],
        );
    }

    #[test]
    fn malformed_sections_are_refused() {
        check(
            &folder(&[("1_a.sql", "-- DOWN\n-- UP\n")]),
            expect![[r#"
                error: line 1 of "1_a.sql": a down part begins before the up part
                hint: A file has one line -- UP, then at most one line -- DOWN.
            "#]],
        );
        check(
            &folder(&[("1_a.sql", "SELECT 1;\n-- rambler down\nSELECT 2;")]),
            expect![[r#"
                error: line 2 of "1_a.sql" begins a down part with another tool's mark "-- rambler down"
                hint: Mark the parts with lines -- UP and -- DOWN instead.
            "#]],
        );
    }
}

mod folders {
    use super::*;

    #[test]
    fn every_folder_is_a_migration() {
        check(
            &folder(&[
                ("2018-04-03-185352_b/up.sql", "SELECT 1;"),
                ("2018-04-03-185352_b/down.sql", "SELECT 2;"),
                ("00000000000000_diesel_initial_setup/up.sql", "SELECT 1;"),
                ("20170102131034/up.sql", "SELECT 1;"),
                ("2025-11-19-091444-0000_c/up.sql", "SELECT 1;"),
                ("20260101000000_d/up.sql", "SELECT 1;"),
                ("20260102000000_e/down.sql", ""),
                ("20260101000000_d/extra/up.sql", ""),
                ("20260101000000_d/up.SQL", ""),
                ("data.sql", ""),
                ("README.md", ""),
            ]),
            expect![[r#"
                folders
                00000000000000 "diesel_initial_setup" 00000000000000_diesel_initial_setup/up.sql
                20170102131034 "" 20170102131034/up.sql
                2018-04-03-185352 "b" 2018-04-03-185352_b/up.sql down 2018-04-03-185352_b/down.sql:1:"SELECT 2;"
                2025-11-19-091444-0000 "c" 2025-11-19-091444-0000_c/up.sql
                20260101000000 "d" 20260101000000_d/up.sql
                ignored 20260101000000_d/extra/up.sql: lies deeper than the files of a migration
                ignored 20260101000000_d/up.SQL: its extension is not lower-case .sql
                ignored 20260102000000_e/down.sql: has no up.sql beside it
                ignored README.md: not an SQL file
                ignored data.sql: lies in no migration's folder
            "#]],
        );
    }

    #[test]
    fn a_folder_around_all_of_them_is_passed_through() {
        check(
            &paths(&[
                "default/10_b/up.sql",
                "default/9_a/up.sql",
                "default/9_a/down.sql",
                "README.md",
                "seed.sql",
            ]),
            expect![[r#"
                folders
                9 "a" default/9_a/up.sql down default/9_a/down.sql:1:"SELECT 1;"
                10 "b" default/10_b/up.sql
                ignored README.md: lies outside default, where the migrations are
                ignored seed.sql: lies outside default, where the migrations are
            "#]],
        );
        check(
            &paths(&["db/migrations/1_a.sql", "db/migrations/2_b.sql", "db/schema.sql"]),
            expect![[r#"
                pairs
                1 "a" db/migrations/1_a.sql
                2 "b" db/migrations/2_b.sql
                ignored db/schema.sql: lies outside db/migrations, where the migrations are
            "#]],
        );
        check(
            &paths(&["2024/1_a.sql"]),
            expect![[r#"
                pairs
                1 "a" 2024/1_a.sql
            "#]],
        );
    }

    #[test]
    fn a_single_migration_is_not_taken_for_the_folder_of_all() {
        check(
            &paths(&["1_a/up.sql"]),
            expect![[r#"
                folders
                1 "a" 1_a/up.sql
            "#]],
        );
        check(
            &paths(&["default/1_a/up.sql", "default/1_a/down.sql"]),
            expect![[r#"
                folders
                1 "a" default/1_a/up.sql down default/1_a/down.sql:1:"SELECT 1;"
            "#]],
        );
    }

    #[test]
    fn snapshots_and_breakpoints_are_drizzles() {
        check(
            &paths(&["1_a/up.sql", "1_a/snapshot.json"]),
            expect![[r#"
                folders
                1 "a" 1_a/up.sql
                ignored 1_a/snapshot.json: not an SQL file
            "#]],
        );
    }

    #[test]
    fn equal_numbers_are_refused() {
        check(
            &paths(&["2018-04-03-185352_a/up.sql", "20180403185352_b/up.sql"]),
            expect![[r#"
                error: version 2018-04-03-185352 is there twice: "2018-04-03-185352_a/up.sql" and "20180403185352_b/up.sql"
                hint: Give one of them a version of its own; leading zeros and dashes do not tell versions apart.
            "#]],
        );
    }

    #[test]
    fn several_folders_are_refused() {
        check(
            &paths(&["one/1_a/up.sql", "two/2_b/up.sql"]),
            expect![[r#"
                error: the folder holds migrations in two places: "one/1_a/up.sql" and "two/2_b/up.sql"
                hint: Point to the one folder that is to be applied.
            "#]],
        );
        check(
            &paths(&["migrations/1_a.sql", "seeds/1_b.sql"]),
            expect![[r#"
                error: the folder holds migrations in two places: "migrations/1_a.sql" and "seeds/1_b.sql"
                hint: Point to the one folder that is to be applied.
            "#]],
        );
        let mut files = drizzle(&["0000_a"], &[]);
        files.iter_mut().for_each(|file| file.path.insert_str(0, "drizzle/"));
        check(
            &files,
            expect![[r#"
                drizzle
                0000 "a" drizzle/0000_a.sql breakpoints
            "#]],
        );
        files.extend(paths(&["1_a.sql"]));
        check(
            &files,
            expect![[r#"
                error: the folder holds migrations in two places: "1_a.sql" and "drizzle/meta/_journal.json"
                hint: Point to the one folder that is to be applied.
            "#]],
        );
    }

    #[test]
    fn an_older_folder_inside_is_ignored() {
        let mut files = drizzle(&["0000_a"], &[]);
        files.extend(
            drizzle(&["0000_b"], &[])
                .into_iter()
                .map(|file| File { path: format!("old/{}", file.path), ..file }),
        );
        check(
            &files,
            expect![[r#"
                drizzle
                0000 "a" 0000_a.sql breakpoints
                ignored old/0000_b.sql: not named by meta/_journal.json
                ignored old/meta/_journal.json: not an SQL file
            "#]],
        );
    }
}

mod any_layout {
    use super::*;

    #[test]
    fn layouts_do_not_mix() {
        check(
            &paths(&["1_a/up.sql", "2_b.sql"]),
            expect![[r#"
                error: the folder mixes two layouts: "1_a/up.sql" is of layout folders, "2_b.sql" of layout pairs
                hint: Keep one layout in a folder, or point to the folder that has only one.
            "#]],
        );
        check(
            &paths(&["1_a/up.sql", "2_b/migration.sql"]),
            expect![[r#"
                error: the folder mixes two layouts: "1_a/up.sql" is of layout folders, "2_b/migration.sql" of layout drizzle-v1
                hint: Keep one layout in a folder, or point to the folder that has only one.
            "#]],
        );
        check(
            &drizzle(&["0000_a"], &[("20250101000000_b/migration.sql", "")]),
            expect![[r#"
                error: the folder mixes two layouts: "meta/_journal.json" is of layout drizzle, "20250101000000_b/migration.sql" of layout drizzle-v1
                hint: Keep one layout in a folder, or point to the folder that has only one.
            "#]],
        );
        check(
            &paths(&["default/1_a/up.sql", "default/2_b.sql"]),
            expect![[r#"
                error: the folder mixes two layouts: "default/1_a/up.sql" is of layout folders, "default/2_b.sql" of layout pairs
                hint: Keep one layout in a folder, or point to the folder that has only one.
            "#]],
        );
    }

    #[test]
    fn a_folder_without_migrations_is_refused() {
        check(
            &[],
            expect![[r#"
                error: there are no migrations among the 0 files of the folder
                hint: A migration is VERSION_name.sql, VERSION_name.up.sql, VERSION_name/up.sql, VERSION_name/migration.sql or a file named by Drizzle's meta/_journal.json.
            "#]],
        );
        check(
            &paths(&["README.md", "schema.sql", ".gitkeep", "1_a.down.sql", ".1_a.sql"]),
            expect![[r#"
                error: there are no migrations among the 5 files of the folder
                hint: A migration is VERSION_name.sql, VERSION_name.up.sql, VERSION_name/up.sql, VERSION_name/migration.sql or a file named by Drizzle's meta/_journal.json.
            "#]],
        );
    }

    #[test]
    fn paths_stay_inside() {
        for path in [
            "",
            "/1_a.sql",
            "../1_a.sql",
            "a/../1_a.sql",
            "./1_a.sql",
            "a//1_a.sql",
            "a/",
            "C:/1_a.sql",
            "a\\1_a.sql",
        ] {
            let expected = Error::PathLeavesFolder { path: path.to_owned() };
            assert_eq!(read(&paths(&["1_a.sql", path])), Err(expected));
        }
        check(
            &paths(&["C:\\1_a.sql"]),
            expect![[r#"
                error: the path "C:\\1_a.sql" is not a plain path inside the migrations folder
                hint: Paths are relative to the folder, with / between segments and without . and .. segments.
            "#]],
        );
        check(
            &paths(&["1_..a.sql"]),
            expect![[r#"
                pairs
                1 "..a" 1_..a.sql
            "#]],
        );
    }

    #[test]
    fn paths_are_there_once() {
        check(
            &paths(&["1_a.sql", "1_a.sql"]),
            expect![[r#"
                error: the path "1_a.sql" is there twice
            "#]],
        );
    }

    #[test]
    fn sql_is_utf_8_without_nul_bytes() {
        check(
            &[file("1_a.sql", b"SELECT '\xe4';")],
            expect![[r#"
                error: "1_a.sql" is not UTF-8: its first bad byte is at offset 8
                hint: Save the file as UTF-8.
            "#]],
        );
        check(
            &[file("1_a.sql", "SELECT 1;"), file("1_a.down.sql", b"\xef\xbb\xbf\xff")],
            expect![[r#"
                error: "1_a.down.sql" is not UTF-8: its first bad byte is at offset 3
                hint: Save the file as UTF-8.
            "#]],
        );
        check(
            &[file("1_a/up.sql", b"\xff\xfeS\0E\0")],
            expect![[r#"
                error: "1_a/up.sql" has a NUL byte at offset 3, which no SQL can have
                hint: Files saved as UTF-16 have NUL bytes; save the file as UTF-8.
            "#]],
        );
        check(
            &[file("meta/_journal.json", b"\xff")],
            expect![[r#"
                error: "meta/_journal.json" is not UTF-8: its first bad byte is at offset 0
                hint: Save the file as UTF-8.
            "#]],
        );
    }

    #[test]
    fn byte_order_marks_are_no_sql_but_count_for_the_checksum() {
        let bytes = b"\xef\xbb\xbfSELECT 1;\r\n";
        let journal = read(&[file("1_a.sql", bytes)]).unwrap();
        assert_eq!(journal.migrations[0].up_sql, "SELECT 1;\r\n");
        assert_eq!(journal.migrations[0].checksum, crate::checksum::sha256_hex(bytes));
        check(
            &[file("1_a.sql", b"\xef\xbb\xbf-- UP\r\nSELECT 1;\r\n-- DOWN\r\n")],
            expect![[r#"
                sections
                1 "a" 1_a.sql up 2:"SELECT 1;\r\n" down 1_a.sql:4:""
            "#]],
        );
        let journal = b"\xef\xbb\xbf{\"dialect\": \"postgresql\", \"entries\": [{\"tag\": \"0000_a\"}]}";
        check(
            &[file("meta/_journal.json", journal), file("0000_a.sql", "SELECT 1;")],
            expect![[r#"
                drizzle
                0000 "a" 0000_a.sql breakpoints
            "#]],
        );
    }

    #[test]
    fn layouts_have_names() {
        let layouts =
            [Layout::Drizzle, Layout::DrizzleFolders, Layout::Pairs, Layout::Sections, Layout::Folders];
        expect!["drizzle drizzle-v1 pairs sections folders"]
            .assert_eq(&layouts.map(Layout::as_str).join(" "));
    }
}

mod without_a_transaction {
    use super::*;

    const OWN: &str = "-- nself:no-transaction\nSELECT 1;";
    const SQLX: &str = "-- no-transaction\nSELECT 1;";

    #[test]
    fn each_file_speaks_for_its_part() {
        check(
            &folder(&[
                ("1_a.up.sql", OWN),
                ("1_a.down.sql", "SELECT 2;"),
                ("2_b.up.sql", "SELECT 1;"),
                ("2_b.down.sql", SQLX),
                ("3_c.sql", SQLX),
            ]),
            expect![[r#"
                pairs
                1 "a" 1_a.up.sql up 1:"-- nself:no-transaction\nSELECT 1;" down 1_a.down.sql:1:"SELECT 2;" no-transaction
                2 "b" 2_b.up.sql down 2_b.down.sql:1:"-- no-transaction\nSELECT 1;" down-no-transaction
                3 "c" 3_c.sql up 1:"-- no-transaction\nSELECT 1;" no-transaction
            "#]],
        );
        check(
            &folder(&[("1_a/up.sql", OWN), ("1_a/down.sql", OWN)]),
            expect![[r#"
                folders
                1 "a" 1_a/up.sql up 1:"-- nself:no-transaction\nSELECT 1;" down 1_a/down.sql:1:"-- nself:no-transaction\nSELECT 1;" no-transaction down-no-transaction
            "#]],
        );
        let mut files = drizzle(&["0000_a"], &[]);
        files[1].content = Content::Bytes(OWN.into());
        check(
            &files,
            expect![[r#"
                drizzle
                0000 "a" 0000_a.sql up 1:"-- nself:no-transaction\nSELECT 1;" breakpoints no-transaction
            "#]],
        );
    }

    #[test]
    fn so_do_the_sections_of_a_file() {
        check(
            &folder(&[
                ("1_a.sql", "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;"),
                ("2_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;"),
            ]),
            expect![[r#"
                sections
                1 "a" 1_a.sql up 2:"SELECT 1;\n" down 1_a.sql:4:"SELECT 2;" no-transaction
                2 "b" 2_b.sql up 3:"SELECT 1;" no-transaction
            "#]],
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_character() {
        check(
            &[file("1_a.sql", "\u{feff}-- no-transaction\nSELECT 1;")],
            expect![[r#"
                pairs
                1 "a" 1_a.sql up 1:"-- no-transaction\nSELECT 1;" no-transaction
            "#]],
        );
    }

    #[test]
    fn marks_that_would_be_passed_over_are_refused() {
        check(
            &folder(&[("1_a.sql", "SELECT 1;\n-- nself:no-transaction\n")]),
            expect![[r#"
                error: line 2 of "1_a.sql" says that the migration runs without a transaction, but statements come before it
                hint: Put the line -- nself:no-transaction before the first statement of the file or of its part.
            "#]],
        );
        check(
            &folder(&[("1_a.sql", "-- nself:no_transaction\nSELECT 1;")]),
            expect![[r#"
                error: line 1 of "1_a.sql" is no mark that is known: "-- nself:no_transaction"
                hint: The mark is written -- nself:no-transaction.
            "#]],
        );
    }
}

#[test]
fn a_file_that_includes_another_one_is_refused() {
    let file = |sql: &str| file("000001.sql", sql);
    let error =
        read(&[file("--! Previous: -\n--! Hash: sha1:aa\n\nSELECT 1;\n--! include functions/x.sql\n")]);
    assert_eq!(
        error.map(drop).map_err(|error| error.to_string()),
        Err("line 5 of \"000001.sql\" includes another file: \"--! include functions/x.sql\"".to_owned())
    );
    // What was included once is a part of the file.
    let included = "--! Included functions/x.sql\nSELECT 1;\n--! EndIncluded functions/x.sql\nSELECT '\n--!include x.sql\n';\n";
    assert!(read(&[file(included)]).is_ok());
}

#[test]
fn of_a_snapshot_the_hash_is_enough_and_of_nothing_else() {
    let sent = folder(&[
        ("m/meta/_journal.json", r#"{"dialect": "postgresql", "entries": [{"idx": 0, "tag": "0000_a"}]}"#),
        ("m/meta/0000_snapshot.json", "{}"),
        ("m/0000_a.sql", "SELECT 1;"),
    ]);
    let by_hash = |which: usize| {
        let mut files = sent.clone();
        files[which].content = Content::Sha256(files[which].sha256());
        read(&files)
    };
    let (whole, by_hash_alone) = (read(&sent).unwrap(), by_hash(1).unwrap());
    assert_eq!(by_hash_alone.migrations[0].snapshot, None);
    assert_eq!(by_hash_alone.migrations[0].snapshot_sha256, whole.migrations[0].snapshot_sha256);
    assert_eq!(whole.migrations[0].snapshot_sha256, Some(crate::checksum::sha256_hex(b"{}")));
    for needed in [0, 2] {
        let error = by_hash(needed).unwrap_err().to_string();
        assert_eq!(error, format!("of the file {:?} only the hash was sent", sent[needed].path));
    }
    let are_snapshots =
        ["meta/0000_snapshot.json", "a/meta/x_snapshot.json", "1_a/snapshot.json", "snapshot.json"];
    assert!(are_snapshots.into_iter().all(is_snapshot));
    let are_none =
        ["meta/_journal.json", "0000_snapshot.json", "meta/0000_snapshot.sql", "snapshot.json/a.sql"];
    assert!(!are_none.into_iter().any(is_snapshot));
}
