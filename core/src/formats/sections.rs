//! Files that hold both parts of a migration, told apart by the lines `-- UP` and `-- DOWN`, or by those of goose
//! (`-- +goose Up`) and dbmate (`-- migrate:up`).

use super::error::Error;
use super::marks;
use crate::lexer::{self, Kind, Lexer};

#[derive(Debug)]
pub(super) struct Sections<'a> {
    pub(super) up: Section<'a>,
    pub(super) down: Option<Section<'a>>,
}

#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) sql: &'a str,
    /// The line on which `sql` starts.
    pub(super) line: usize,
    pub(super) in_transaction: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mark {
    Up,
    Down,
    /// Where other tools have a down part begin. Read as plain SQL, such a file would undo itself.
    Foreign,
}

struct MarkLine<'a> {
    mark: Mark,
    /// What dbmate's option says.
    in_transaction: bool,
    comment: &'a str,
    /// Where the line begins.
    start: usize,
    /// Where the next line begins.
    end: usize,
}

impl MarkLine<'_> {
    /// node-pg-migrate takes its parts in either order.
    fn is_of_node_pg_migrate(&self) -> bool {
        self.comment.to_lowercase().contains("migration")
    }
}

/// The parts of a file, or `None` if nothing in it marks any.
pub(super) fn read<'a>(path: &str, sql: &'a str) -> Result<Option<Sections<'a>>, Error> {
    let bad = |mark: &MarkLine<'_>, reason| {
        Err(Error::BadSections { path: path.to_owned(), line: lexer::line_of(sql, mark.start), reason })
    };
    let marks: Vec<_> = mark_lines(sql).collect();
    if let Some(foreign) = marks.iter().find(|line| line.mark == Mark::Foreign) {
        let line = lexer::line_of(sql, foreign.start);
        return Err(Error::ForeignSections { path: path.to_owned(), line, mark: foreign.comment.to_owned() });
    }
    let [first, after_first @ ..] = marks.as_slice() else { return Ok(None) };
    let down_comes_first = matches!(after_first, [up] if (first.mark, up.mark) == (Mark::Down, Mark::Up)
                                                       && first.is_of_node_pg_migrate() && up.is_of_node_pg_migrate());
    if first.mark != Mark::Up && !down_comes_first {
        return bad(first, "a down part begins before the up part");
    }
    if !lexer::has_only_blank(&sql[..first.start]) {
        return bad(first, "there are statements before the up part");
    }
    // What is said before the parts holds for both.
    let in_transaction = !marks::of_file(sql) && !marks::of_part(path, &sql[..first.start], 1)?;
    let section = |mark: &MarkLine<'_>, end: usize| {
        let (sql, line) = (&sql[mark.end..end], lexer::line_of(sql, mark.end));
        let says_no = marks::of_part(path, sql, line)?;
        Ok(Section { sql, line, in_transaction: in_transaction && mark.in_transaction && !says_no })
    };
    match after_first {
        [] => Ok(Some(Sections { up: section(first, sql.len())?, down: None })),
        [up] if down_comes_first => {
            let (down, up) = (section(first, up.start)?, section(up, sql.len())?);
            Ok(Some(Sections { up, down: Some(down) }))
        }
        [down, after_down @ ..] if down.mark == Mark::Down => match after_down {
            [] => {
                let (up, down) = (section(first, down.start)?, section(down, sql.len())?);
                Ok(Some(Sections { up, down: Some(down) }))
            }
            [more, ..] if more.mark == Mark::Up => bad(more, "a second up part begins"),
            [more, ..] => bad(more, "a second down part begins"),
        },
        [more, ..] => bad(more, "a second up part begins"),
    }
}

/// The line comments that are marks and have their line to themselves.
fn mark_lines(sql: &str) -> impl Iterator<Item = MarkLine<'_>> {
    Lexer::new(sql).filter(|piece| piece.kind == Kind::LineComment).filter_map(|piece| {
        let start = sql[..piece.start].rfind('\n').map_or(0, |newline| newline + 1);
        let (mark, in_transaction) =
            mark(piece.text).filter(|_| sql[start..piece.start].trim().is_empty())?;
        let after = piece.start + piece.text.len();
        let end = sql[after..].find('\n').map_or(sql.len(), |newline| after + newline + 1);
        Some(MarkLine { mark, in_transaction, comment: piece.text, start, end })
    })
}

/// What a line comment marks, and whether what it begins runs in a transaction. Decoration is let pass, as in `--UP`,
/// `-- +Up`, `-- UP:` and `-- ==== DOWN ====`; words are not, as in `-- up to here`.
fn mark(comment: &str) -> Option<(Mark, bool)> {
    let decoration = |c: char| c.is_whitespace() || matches!(c, '-' | '+' | '=');
    let word = comment
        .trim_start_matches(decoration)
        .trim_end_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    if word.eq_ignore_ascii_case("up") {
        return Some((Mark::Up, true));
    }
    if word.eq_ignore_ascii_case("down") {
        return Some((Mark::Down, true));
    }
    let lower = comment.trim_start_matches(|c: char| c.is_whitespace() || c == '-').to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let in_transaction = |options: &[&str]| !options.contains(&"transaction:false");
    match words.as_slice() {
        ["+goose", "up"] => Some((Mark::Up, true)),
        ["+goose", "down"] => Some((Mark::Down, true)),
        ["migrate:up", options @ ..] => Some((Mark::Up, in_transaction(options))),
        // node-pg-migrate's, whatever follows.
        ["up", word, ..] if word.starts_with("migration") => Some((Mark::Up, true)),
        ["down", word, ..] if word.starts_with("migration") => Some((Mark::Down, true)),
        ["migrate:down", options @ ..] => Some((Mark::Down, in_transaction(options))),
        words => is_foreign(&words.join(" ")).then_some((Mark::Foreign, true)),
    }
}

/// Where sql-migrate, rambler, Play, MyBatis and tern begin a down part.
const FOREIGN: [&str; 5] =
    ["+migrate down", "rambler down", "!downs", "//@undo", "create above / drop below"];

fn is_foreign(words: &str) -> bool {
    FOREIGN.iter().any(|mark| words.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(sql: &str, expect: Expect) {
        let actual = match read("0001_a.sql", sql) {
            Ok(None) => "no sections".to_owned(),
            Ok(Some(Sections { up, down })) => {
                let show = |part: &str, Section { sql, line, in_transaction }: Section<'_>| {
                    let mark = if in_transaction { "" } else { ", without a transaction" };
                    format!("{part} from {line}{mark}: {sql:?}")
                };
                let parts = [Some(show("up", up)), down.map(|down| show("down", down))];
                parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
            }
            Err(error) => format!("error: {error}"),
        };
        expect.assert_eq(&actual);
    }

    #[test]
    fn parts_are_what_lies_between_the_marks() {
        check(
            "-- UP\nCREATE TABLE a ();\n-- DOWN\nDROP TABLE a;\n",
            expect![[r#"
                up from 2: "CREATE TABLE a ();\n"
                down from 4: "DROP TABLE a;\n""#]],
        );
        check("-- a comment\n\n-- UP\nSELECT 1;", expect![[r#"up from 4: "SELECT 1;""#]]);
        check(
            "-- UP\r\nSELECT 1;\r\n-- DOWN\r\nSELECT 2;\r\n",
            expect![[r#"
                up from 2: "SELECT 1;\r\n"
                down from 4: "SELECT 2;\r\n""#]],
        );
        check(
            "-- UP\n-- DOWN",
            expect![[r#"
                up from 2: ""
                down from 2: """#]],
        );
        check("-- UP", expect![[r#"up from 1: """#]]);
        check("SELECT 1;", expect!["no sections"]);
        check("", expect!["no sections"]);
    }

    #[test]
    fn marks_may_be_decorated() {
        for (up, down) in [
            ("--UP", "--DOWN"),
            ("-- up", "-- down"),
            ("-- UP:", "-- DOWN:"),
            ("-- +Up", "-- +Down"),
            ("  --   UP   ", "\t-- DOWN\t"),
            ("---- UP ----", "---- DOWN ----"),
            ("-- ==== UP ====", "-- ==== DOWN ===="),
            ("-- Up Migration", "-- Down Migration"),
            ("--- up  migration of people", "-- - Down Migration: people"),
        ] {
            let sql = format!("{up}\nSELECT 1;\n{down}\nSELECT 2;\n");
            let sections = read("0001_a.sql", &sql).unwrap().unwrap_or_else(|| panic!("{up}: no sections"));
            assert_eq!(sections.up.sql, "SELECT 1;\n", "{up}");
            assert_eq!(sections.down.unwrap().sql, "SELECT 2;\n", "{down}");
        }
    }

    #[test]
    fn other_comments_are_no_marks() {
        for comment in [
            "-- up to here",
            "-- UPDATE",
            "-- clean up",
            "-- the up migration",
            "-- downstream",
            "/* UP */",
            "-- a\n/*\n-- UP\n*/",
        ] {
            check(&format!("{comment}\nSELECT 1;"), expect!["no sections"]);
        }
        check("SELECT 1; -- UP", expect!["no sections"]);
    }

    #[test]
    fn quoted_text_has_no_marks() {
        check(
            "-- UP\nSELECT '\n-- DOWN\n', $$\n-- DOWN\n$$, \"\n-- DOWN\n\";\n",
            expect![[r#"up from 2: "SELECT '\n-- DOWN\n', $$\n-- DOWN\n$$, \"\n-- DOWN\n\";\n""#]],
        );
    }

    #[test]
    fn malformed_marks_are_refused() {
        check(
            "-- DOWN\nDROP TABLE a;\n-- UP\nCREATE TABLE a ();",
            expect![[r#"error: line 1 of "0001_a.sql": a down part begins before the up part"#]],
        );
        check(
            "SELECT 1;\n-- DOWN\nDROP TABLE a;",
            expect![[r#"error: line 2 of "0001_a.sql": a down part begins before the up part"#]],
        );
        check(
            "-- UP\nSELECT 1;\n-- UP\nSELECT 2;",
            expect![[r#"error: line 3 of "0001_a.sql": a second up part begins"#]],
        );
        check(
            "-- UP\n-- DOWN\nSELECT 1;\n-- UP\n",
            expect![[r#"error: line 4 of "0001_a.sql": a second up part begins"#]],
        );
        check(
            "-- UP\n-- DOWN\nSELECT 1;\n-- DOWN\n",
            expect![[r#"error: line 4 of "0001_a.sql": a second down part begins"#]],
        );
        check(
            "SELECT 1;\n-- UP\nSELECT 2;",
            expect![[r#"error: line 2 of "0001_a.sql": there are statements before the up part"#]],
        );
    }

    #[test]
    fn node_pg_migrate_takes_its_parts_in_either_order() {
        check(
            "-- made by hand\n-- Down Migration\nDROP TABLE a;\n-- Up Migration\nCREATE TABLE a ();\n",
            expect![[r#"
                up from 5: "CREATE TABLE a ();\n"
                down from 3: "DROP TABLE a;\n""#]],
        );
        check(
            "-- Down Migration\nDROP TABLE a;\n-- UP\nCREATE TABLE a ();\n",
            expect![[r#"error: line 1 of "0001_a.sql": a down part begins before the up part"#]],
        );
        check(
            "-- Down Migration\n-- Up Migration\n-- Down Migration\n",
            expect![[r#"error: line 1 of "0001_a.sql": a down part begins before the up part"#]],
        );
    }

    #[test]
    fn goose_and_dbmate_have_words_of_their_own() {
        check(
            "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a ();\n-- +goose StatementEnd\n\n-- +goose Down\nDROP TABLE a;\n",
            expect![[r#"
                up from 2: "-- +goose StatementBegin\nCREATE TABLE a ();\n-- +goose StatementEnd\n\n"
                down from 7: "DROP TABLE a;\n""#]],
        );
        check(
            "-- migrate:up\nSELECT 1;\n--migrate:down\nSELECT 2;",
            expect![[r#"
                up from 2: "SELECT 1;\n"
                down from 4: "SELECT 2;""#]],
        );
    }

    #[test]
    fn a_part_may_run_without_a_transaction() {
        check(
            "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;",
            expect![[r#"
                up from 3, without a transaction: "SELECT 1;\n"
                down from 5, without a transaction: "SELECT 2;""#]],
        );
        check(
            "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;",
            expect![[r#"
                up from 2, without a transaction: "SELECT 1;\n"
                down from 4: "SELECT 2;""#]],
        );
        check(
            "-- migrate:up transaction:true\nSELECT 1;\n-- migrate:down force:yes transaction:false\nSELECT 2;",
            expect![[r#"
                up from 2: "SELECT 1;\n"
                down from 4, without a transaction: "SELECT 2;""#]],
        );
        check(
            "-- nself:no-transaction\n-- UP\nSELECT 1;\n-- DOWN\nSELECT 2;",
            expect![[r#"
                up from 3, without a transaction: "SELECT 1;\n"
                down from 5, without a transaction: "SELECT 2;""#]],
        );
        check(
            "-- UP\nSELECT 1;\n-- DOWN\n-- nself:no-transaction\nSELECT 2;",
            expect![[r#"
                up from 2: "SELECT 1;\n"
                down from 4, without a transaction: "-- nself:no-transaction\nSELECT 2;""#]],
        );
        check(
            "-- UP\nSELECT 1;\n-- DOWN\nSELECT 2;\n-- nself:no-transaction\n",
            expect![[
                r#"error: line 5 of "0001_a.sql" says that the migration runs without a transaction, but statements come before it"#
            ]],
        );
    }

    #[test]
    fn files_of_other_tools_do_not_undo_themselves() {
        check(
            "-- +migrate Up\nCREATE TABLE a ();\n-- +migrate Down\nDROP TABLE a;",
            expect![[
                r#"error: line 3 of "0001_a.sql" begins a down part with another tool's mark "-- +migrate Down""#
            ]],
        );
        for mark in [
            "-- +migrate Down notransaction",
            "-- rambler down",
            "---- create above / drop below ----",
            "-- !Downs",
            "-- //@UNDO",
        ] {
            let refused = matches!(read("0001_a.sql", mark), Err(Error::ForeignSections { .. }));
            assert!(refused, "{mark}");
        }
    }
}
