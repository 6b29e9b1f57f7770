use expect_test::{Expect, expect};

use crate::formats::{Content, File, read};

/// The versions in their order, or the error.
fn check(files: &[(&str, &str)], expect: Expect) {
    let files: Vec<File> = files
        .iter()
        .map(|(path, text)| File {
            path: (*path).to_owned(),
            content: Content::Bytes(text.as_bytes().to_vec()),
        })
        .collect();
    let said = read(&files).map(|journal| {
        journal.migrations.iter().map(|migration| migration.version.clone()).collect::<Vec<_>>().join(" ")
    });
    expect.assert_eq(&said.unwrap_or_else(|error| error.to_string()));
}

#[test]
fn of_one_number_the_lines_give_the_order_and_names_keep_the_versions() {
    check(
        &[
            ("1_a.sql", "-- depends_on: 1_c\nSELECT 1;"),
            ("1_b.sql", "SELECT 1;"),
            ("1_c.sql", "-- why\n--  depends_on: \"1_b.sql\"\nSELECT 1;"),
            ("2_d.sql", "-- depends_on: 1_a, 1_b\nSELECT 1;"),
        ],
        expect!["1_b 1_c 1 2"],
    );
    check(
        &[
            ("1_a.sql", "SELECT 1;"),
            ("R__a.sql", "-- depends_on: R__b, 1\nSELECT 1;"),
            ("R__b.sql", "SELECT 1;"),
        ],
        expect!["1 R__b R__a"],
    );
}

#[test]
fn what_is_missing_later_or_in_a_circle_is_refused() {
    check(
        &[("1_a.sql", ""), ("2_b.sql", "-- b\n-- depends_on: 1_a, 0007_x\nSELECT 1;")],
        expect![[r#"line 2 of "2_b.sql" depends on "0007_x", which is not there"#]],
    );
    check(
        &[("1_a.sql", "-- depends_on: 02\nSELECT 1;"), ("2_b.sql", "")],
        expect![[r#"line 1 of "1_a.sql" depends on "2_b.sql", which comes later"#]],
    );
    check(
        &[
            ("1_a.sql", "-- depends_on: b\n"),
            ("1_b.sql", "-- depends_on: c\n"),
            ("1_c.sql", "-- depends_on: a\n"),
        ],
        expect![[
            r#"line 1 of "1_a.sql" depends on "1_b.sql", and that on "1_c.sql", and that on "1_a.sql""#
        ]],
    );
    check(&[("1_a.sql", "-- depends_on: 1_a")], expect![[r#"line 1 of "1_a.sql" depends on "1_a.sql""#]]);
    check(
        &[("1_a.sql", ""), ("1_b.sql", ""), ("2_c.sql", "-- depends_on: 1")],
        expect![[r#"line 1 of "2_c.sql" depends on "1", which may be several"#]],
    );
}

#[test]
fn words_of_other_tools_count_where_they_name_a_migration() {
    check(
        &[("1_a.sql", "-- depends: 1_b\nSELECT 1;"), ("1_b.sql", "-- requires: pgcrypto\nSELECT 1;")],
        expect!["1_b 1"],
    );
    check(&[("1_a.sql", "-- requires: b\nSELECT 1;"), ("1_b.sql", "")], expect!["1_b 1"]);
    check(
        &[("1_a.sql", "-- depends: 0_gone\nSELECT 1;")],
        expect![[r#"line 1 of "1_a.sql" depends on "0_gone", which is not there"#]],
    );
}

#[test]
fn a_line_counts_before_the_first_statement_and_in_every_layout() {
    check(
        &[("1_a.sql", "SELECT 1;\n-- depends_on: 9_x"), ("2_b.sql", "SELECT '\n-- depends_on: 9_x\n';")],
        expect!["1 2"],
    );
    check(
        &[("1_a.sql", "-- depends_on: 2_b\n-- UP\nSELECT 1;\n-- DOWN\n"), ("2_b.sql", "-- UP\nSELECT 1;\n")],
        expect![[r#"line 1 of "1_a.sql" depends on "2_b.sql", which comes later"#]],
    );
    check(
        &[("1_a/up.sql", "-- depends_on: 2_b\nSELECT 1;"), ("2_b/up.sql", "")],
        expect![[r#"line 1 of "1_a/up.sql" depends on "2_b/up.sql", which comes later"#]],
    );
    let journal =
        r#"{"dialect": "postgresql", "entries": [{"idx": 0, "tag": "0000_a"}, {"idx": 1, "tag": "0001_b"}]}"#;
    check(
        &[("meta/_journal.json", journal), ("0000_a.sql", "-- depends_on: 0001_b\n"), ("0001_b.sql", "")],
        expect![[r#"line 1 of "0000_a.sql" depends on "0001_b.sql", which comes later"#]],
    );
}
