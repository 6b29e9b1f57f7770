//! Pieces, breakpoints, normal forms and psql commands, by PostgreSQL's own rules.

use expect_test::{Expect, expect};

use super::*;

fn check_pieces(sql: &str, expect: Expect) {
    let mut whole = String::new();
    let mut lines = String::new();
    for piece in Lexer::new(sql) {
        assert_eq!(piece.start, whole.len(), "pieces are side by side");
        whole += piece.text;
        if piece.kind != Kind::Space {
            lines += &format!("{:?} {:?}\n", piece.kind, piece.text);
        }
    }
    assert_eq!(whole, sql, "pieces are the whole text");
    expect.assert_eq(&lines);
}

fn check_chunks(sql: &str, expect: Expect) {
    let chunks = split_at_breakpoints(sql);
    for chunk in &chunks {
        assert!(sql[chunk.offset..].starts_with(chunk.text));
    }
    let lines: String = chunks.iter().map(|chunk| format!("{} {:?}\n", chunk.offset, chunk.text)).collect();
    expect.assert_eq(&lines);
}

fn check_normal_form(sql: &str, expect: Expect) {
    let normal = normal_form(sql);
    assert_eq!(normal_form(&normal), normal, "a normal form is its own");
    expect.assert_eq(&normal);
}

#[test]
fn strings_end_at_a_single_quote() {
    check_pieces(
        "'a''b' 'c'",
        expect![[r#"
            String "'a''b'"
            String "'c'"
        "#]],
    );
    check_pieces(
        r"'a\' 'b'",
        expect![[r#"
            String "'a\\'"
            String "'b'"
        "#]],
    );
    check_pieces(
        "'; DROP TABLE x; --'",
        expect![[r#"
            String "'; DROP TABLE x; --'"
        "#]],
    );
    check_pieces(
        "''''",
        expect![[r#"
            String "''''"
        "#]],
    );
    check_pieces(
        "''",
        expect![[r#"
            String "''"
        "#]],
    );
}

#[test]
fn backslashes_escape_in_e_strings_only() {
    check_pieces(
        r"E'\'' e'\\' x",
        expect![[r#"
            String "E'\\''"
            String "e'\\\\'"
            Word "x"
        "#]],
    );
    check_pieces(
        r"E'it''s \' one' x",
        expect![[r#"
            String "E'it''s \\' one'"
            Word "x"
        "#]],
    );
    check_pieces(
        r"type'a\' x",
        expect![[r#"
            Word "type"
            String "'a\\'"
            Word "x"
        "#]],
    );
    check_pieces(
        r"U&'a\' B'1\' X'f\' n'a\' x",
        expect![[r#"
            Word "U"
            Other "&"
            String "'a\\'"
            Word "B"
            String "'1\\'"
            Word "X"
            String "'f\\'"
            Word "n"
            String "'a\\'"
            Word "x"
        "#]],
    );
    check_pieces(
        r"E 'a\' x",
        expect![[r#"
            Word "E"
            String "'a\\'"
            Word "x"
        "#]],
    );
    check_pieces(
        "E'\\é' x",
        expect![[r#"
            String "E'\\é'"
            Word "x"
        "#]],
    );
}

#[test]
fn e_strings_go_on_in_quotes_on_a_later_line() {
    check_pieces(
        "E'a' -- why\n '\\'b' x",
        expect![[r#"
            String "E'a'"
            LineComment "-- why"
            String "'\\'b'"
            Word "x"
        "#]],
    );
    check_pieces(
        "E'a'\n'b'\n'\\'c' x",
        expect![[r#"
            String "E'a'"
            String "'b'"
            String "'\\'c'"
            Word "x"
        "#]],
    );
    check_pieces(
        "E'a' '\\' x",
        expect![[r#"
            String "E'a'"
            String "'\\'"
            Word "x"
        "#]],
    );
    check_pieces(
        "E'a',\n'\\' x",
        expect![[r#"
            String "E'a'"
            Other ","
            String "'\\'"
            Word "x"
        "#]],
    );
    check_pieces(
        "'a'\n'\\' x",
        expect![[r#"
            String "'a'"
            String "'\\'"
            Word "x"
        "#]],
    );
}

#[test]
fn quoted_identifiers_have_no_escapes_but_their_quote() {
    check_pieces(
        r#""a""b" "c\" "it's" U&"d\0061""#,
        expect![[r#"
            QuotedIdent "\"a\"\"b\""
            QuotedIdent "\"c\\\""
            QuotedIdent "\"it's\""
            Word "U"
            Other "&"
            QuotedIdent "\"d\\0061\""
        "#]],
    );
    check_pieces(
        r#""--" "/*" "$$""#,
        expect![[r#"
            QuotedIdent "\"--\""
            QuotedIdent "\"/*\""
            QuotedIdent "\"$$\""
        "#]],
    );
}

#[test]
fn dollar_quotes_end_at_their_own_tag() {
    check_pieces(
        "$$a'b$$ x",
        expect![[r#"
            Dollar "$$a'b$$"
            Word "x"
        "#]],
    );
    check_pieces(
        "$a$ $$ $b$ $A$ $a $a$ x",
        expect![[r#"
            Dollar "$a$ $$ $b$ $A$ $a $a$"
            Word "x"
        "#]],
    );
    check_pieces(
        "$été$ $$ $été$ x",
        expect![[r#"
            Dollar "$été$ $$ $été$"
            Word "x"
        "#]],
    );
    check_pieces(
        "$a$$$a$x",
        expect![[r#"
            Dollar "$a$$$a$"
            Word "x"
        "#]],
    );
}

#[test]
fn dollars_elsewhere_begin_no_quote() {
    check_pieces(
        "a$b$c $1 $2$$x$$ foo$$bar",
        expect![[r#"
            Word "a$b$c"
            Word "$1"
            Word "$2"
            Dollar "$$x$$"
            Word "foo$$bar"
        "#]],
    );
    check_pieces(
        "1$$x$$ $a-$b $ $",
        expect![[r#"
            Word "1"
            Dollar "$$x$$"
            Other "$"
            Word "a"
            Other "-"
            Other "$"
            Word "b"
            Other "$"
            Other "$"
        "#]],
    );
}

#[test]
fn comments_nest_only_in_blocks() {
    check_pieces(
        "/* a /* ' */ b */ c",
        expect![[r#"
            BlockComment "/* a /* ' */ b */"
            Word "c"
        "#]],
    );
    check_pieces(
        "-- a /* ' \nb /*-- */ c",
        expect![[r#"
            LineComment "-- a /* ' "
            Word "b"
            BlockComment "/*-- */"
            Word "c"
        "#]],
    );
    check_pieces(
        "a--b\r\nc /**/ d/*/ */e",
        expect![[r#"
            Word "a"
            LineComment "--b"
            Word "c"
            BlockComment "/**/"
            Word "d"
            BlockComment "/*/ */"
            Word "e"
        "#]],
    );
}

#[test]
fn what_is_left_open_runs_to_the_end() {
    for sql in
        ["'a\nb", r"E'a\", "E'a\\'", "\"a\nb", "$$a\nb$", "$a$a $$ $b$", "/* a /* b */\n", "-- a", "$a", "$"]
    {
        let last = Lexer::new(sql).last().unwrap();
        assert_eq!(last.start + last.text.len(), sql.len(), "{sql}");
    }
    check_pieces(
        "'a",
        expect![[r#"
            String "'a"
        "#]],
    );
    check_pieces(
        r"E'a\",
        expect![[r#"
            String "E'a\\"
        "#]],
    );
    check_pieces(
        "$a$ $b$",
        expect![[r#"
            Dollar "$a$ $b$"
        "#]],
    );
    check_pieces(
        "/* /* */ a",
        expect![[r#"
            BlockComment "/* /* */ a"
        "#]],
    );
}

#[test]
fn any_part_of_a_text_can_be_cut() {
    let sql = "E'\\é'\n'\\''$é$'$é$\"é\"\"/*/*é*/*/--é--> statement-breakpointé\r\n$1é$$é$$\\;U&'é'";
    let boundaries: Vec<usize> = (0..=sql.len()).filter(|&at| sql.is_char_boundary(at)).collect();
    for (at, &begin) in boundaries.iter().enumerate() {
        for &end in &boundaries[at..] {
            let part = &sql[begin..end];
            let pieces: String = Lexer::new(part).map(|piece| piece.text).collect();
            assert_eq!(pieces, part);
            let normal = normal_form(part);
            assert_eq!(normal_form(&normal), normal, "{part}");
            let chunks = split_at_breakpoints(part);
            assert!(chunks.iter().all(|chunk| part[chunk.offset..].starts_with(chunk.text)));
        }
    }
}

#[test]
fn breakpoints_separate_chunks() {
    check_chunks(
        "CREATE TABLE a ();--> statement-breakpoint\nCREATE TABLE b ();\n--> statement-breakpoint\nSELECT 1;\n",
        expect![[r#"
            0 "CREATE TABLE a ();"
            43 "CREATE TABLE b ();\n"
            87 "SELECT 1;\n"
        "#]],
    );
    check_chunks(
        "SELECT 1;--> statement-breakpoint\r\nSELECT 2;\r\n",
        expect![[r#"
            0 "SELECT 1;"
            35 "SELECT 2;\r\n"
        "#]],
    );
    check_chunks(
        "SELECT 1;",
        expect![[r#"
            0 "SELECT 1;"
        "#]],
    );
}

#[test]
fn what_follows_a_breakpoint_on_its_line_is_the_next_chunk() {
    check_chunks(
        "SELECT 1;--> statement-breakpoint SELECT 2;\nSELECT 3;",
        expect![[r#"
            0 "SELECT 1;"
            33 " SELECT 2;\nSELECT 3;"
        "#]],
    );
    check_chunks(
        "SELECT 1;--> statement-breakpoint;SELECT 2;--> statement-breakpoint\nSELECT 3;",
        expect![[r#"
            0 "SELECT 1;"
            33 ";SELECT 2;"
            68 "SELECT 3;"
        "#]],
    );
    check_chunks(
        "SELECT 1;--> statement-breakpoint 'it\n--> statement-breakpoint'",
        expect![[r#"
            0 "SELECT 1;"
            33 " 'it\n--> statement-breakpoint'"
        "#]],
    );
}

#[test]
fn breakpoints_count_at_the_end_of_line_comments() {
    check_chunks(
        "SELECT 1;\n-- DROP TABLE x;--> statement-breakpoint\nSELECT 2; -- two --> statement-breakpoint\nSELECT 3;",
        expect![[r#"
            0 "SELECT 1;\n-- DROP TABLE x;"
            51 "SELECT 2; -- two "
            93 "SELECT 3;"
        "#]],
    );
}

#[test]
fn quoted_breakpoints_are_text() {
    check_chunks(
        "SELECT '--> statement-breakpoint';",
        expect![[r#"
            0 "SELECT '--> statement-breakpoint';"
        "#]],
    );
    check_chunks(
        "SELECT E'\\'--> statement-breakpoint';",
        expect![[r#"
            0 "SELECT E'\\'--> statement-breakpoint';"
        "#]],
    );
    check_chunks(
        "DO $$ BEGIN\n--> statement-breakpoint\nEND $$;--> statement-breakpoint\nSELECT 1;",
        expect![[r#"
            0 "DO $$ BEGIN\n--> statement-breakpoint\nEND $$;"
            69 "SELECT 1;"
        "#]],
    );
    check_chunks(
        "SELECT \"--> statement-breakpoint\" /* --> statement-breakpoint */;",
        expect![[r#"
            0 "SELECT \"--> statement-breakpoint\" /* --> statement-breakpoint */;"
        "#]],
    );
}

#[test]
fn near_breakpoints_are_comments() {
    check_chunks(
        "SELECT 1;-->statement-breakpoint\nSELECT 2;--> STATEMENT-BREAKPOINT\nSELECT 3;",
        expect![[r#"
            0 "SELECT 1;-->statement-breakpoint\nSELECT 2;--> STATEMENT-BREAKPOINT\nSELECT 3;"
        "#]],
    );
}

#[test]
fn chunks_without_sql_are_dropped() {
    check_chunks("", expect![""]);
    check_chunks("-- nothing\n--> statement-breakpoint\n/* to do */--> statement-breakpoint", expect![""]);
    check_chunks(
        "--> statement-breakpoint\nSELECT 1;--> statement-breakpoint\n\n",
        expect![[r#"
            25 "SELECT 1;"
        "#]],
    );
}

#[test]
fn psql_commands_are_backslashes_outside_quotes() {
    let check = |sql: &str, expected: Option<usize>| assert_eq!(psql_command(sql), expected, "{sql}");
    check("SELECT 1;\n\\connect b", Some(10));
    check("SELECT 'é' \\gset", Some(12));
    check("COPY a FROM stdin;\n1\t\\N\n\\.", Some(21));
    check(r"SELECT 'a\b', E'\n', $$\x$$, ", None);
    check("-- \\a\n/* \\b */ SELECT \"\\c\"", None);
    check("--> statement-breakpoint \\a", Some(25));
    check("", None);
}

#[test]
fn normal_forms_have_no_comments_and_single_spaces() {
    check_normal_form("  SELECT\r\n\t1  -- one\n  ,\t2 ;\n", expect!["SELECT 1,2;"]);
    check_normal_form("SELECT/* a */1/* b /* c */ */", expect!["SELECT 1"]);
    check_normal_form(
        "CREATE TABLE a ( b int , c numeric ( 10 , 2 ) ) ;",
        expect!["CREATE TABLE a(b int,c numeric(10,2));"],
    );
    check_normal_form(
        "CREATE TABLE a(b int,c numeric(10,2));",
        expect!["CREATE TABLE a(b int,c numeric(10,2));"],
    );
    check_normal_form("SELECT 1;--> statement-breakpoint\nSELECT 2;", expect!["SELECT 1;SELECT 2;"]);
    check_normal_form("-- nothing", expect![""]);
    check_normal_form("a - -1", expect!["a - -1"]);
}

#[test]
fn normal_forms_keep_quoted_text_but_for_line_ends() {
    check_normal_form("SELECT ' a  -- b ( ' , \" c  ; \"", expect![[r#"SELECT ' a  -- b ( '," c  ; ""#]]);
    check_normal_form(
        "DO $$\r\n  BEGIN  -- why\r\n  END ;\r\n$$",
        expect![[r#"
            DO $$
              BEGIN  -- why
              END ;
            $$"#]],
    );
    check_normal_form(
        "SELECT 'a\r\nb', E'c\r\nd', \"e\r\nf\"",
        expect![[r#"
            SELECT 'a
            b',E'c
            d',"e
            f""#]],
    );
    assert_eq!(normal_form("SELECT 'a\rb'"), "SELECT 'a\rb'");
}

#[test]
fn normal_forms_differ_where_the_meaning_may() {
    let check = |a: &str, b: &str| assert_ne!(normal_form(a), normal_form(b));
    check("SELECT 1", "select 1");
    check("SELECT 'a b'", "SELECT 'a  b'");
    check("SELECT 'a'\n'b'", "SELECT 'a' 'b'");
    check("SELECT a b", "SELECT ab");
    check("SELECT 1;", "SELECT 1");
    check("SELECT 1 - -1", "SELECT 1 --1");
    check("SELECT E'a'", "SELECT E 'a'");
    check("$$ a $$", "$$ a  $$");
    check("SELECT 1; -- SELECT 2;", "SELECT 1;\nSELECT 2;");
    check("SELECT 1;--> statement-breakpoint SELECT 2;", "SELECT 1;--> statement-breakpoint SELECT 3;");
}

#[test]
fn lines_count_from_one() {
    let check = |offset, expected| assert_eq!(line_of("a\r\nb\n\nc", offset), expected, "{offset}");
    check(0, 1);
    check(2, 1);
    check(3, 2);
    check(5, 3);
    check(6, 4);
    check(99, 4);
    assert_eq!(line_of("", 0), 1);
    assert_eq!(line_of("é\n", 1), 1);
}

#[test]
fn blank_is_white_space_and_comments() {
    for sql in ["", " \t\r\n\u{b}\u{c}", "-- a\n/* b\n/* c */ */", "--> statement-breakpoint"] {
        assert!(has_only_blank(sql), "{sql:?}");
    }
    for sql in [";", "a", "-- a\nb", "/* a */ */", "''", "\u{a0}"] {
        assert!(!has_only_blank(sql), "{sql:?}");
    }
}

#[test]
fn what_pg_dump_writes_for_psql_alone_is_blank() {
    let dump = "--\n\\restrict Ab1\nSELECT 1;\n\\unrestrict Ab1\r\n";
    assert_eq!(psql_command(dump), None);
    assert_eq!(normal_form(dump), normal_form("SELECT 1;"));
    assert_eq!(without_psql_guards(dump), "--\n             \nSELECT 1;\n               \r\n");
    assert!(matches!(without_psql_guards("SELECT 1"), Cow::Borrowed(_)));
    // Anything else is a command that nobody obeys here.
    for other in ["\\restrict a; DROP TABLE t", "SELECT 1 \\restrict a", "\\connect x", "\\restricted a"] {
        assert!(psql_command(other).is_some(), "{other}");
    }
    assert_eq!(without_psql_guards("SELECT '\n\\restrict a\n'"), "SELECT '\n\\restrict a\n'");
}

#[test]
fn a_string_that_ends_elsewhere_by_the_texts_own_setting_is_found() {
    let at = |sql: &str| string_of_other_rules(sql, true);
    for (off, string) in [
        ("SET standard_conforming_strings = off;", r"'a\'b'"),
        ("set Standard_Conforming_Strings to 'off' ;", r"'a\''"),
        ("SET LOCAL standard_conforming_strings /* x */ TO false;", r"'\\\'"),
        ("SELECT set_config('standard_conforming_strings', 'off', true);", r"'a\'b'"),
    ] {
        assert_eq!(at(&format!("{string};{off}")), None, "{off}");
        assert_eq!(at(&format!("{off}SELECT {string}")), Some(off.len() + 7), "{off}");
        // Every other string ends where it seems to.
        assert_eq!(at(&format!(r"{off}SELECT 'a\n', 'a\\', E'a\'b', $$'a\'b'$$")), None, "{off}");
        let back = format!("{off}SET standard_conforming_strings = on; SELECT {string}");
        assert_eq!(at(&back), None, "{off}");
    }
    assert_eq!(at(r"SET standard_conforming_strings = on; SELECT 'a\'"), None);
    assert_eq!(string_of_other_rules(r"SET standard_conforming_strings = off; SELECT 'a\'b'", false), None);
}
