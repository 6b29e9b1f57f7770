//! The comments by which a file says that its migration runs without a transaction, statement by statement: the
//! product's own mark and those of other tools. dbmate's is an option of its section line, see `sections`.

use super::error::Error;
use crate::lexer::{self, Kind, Lexer, Piece};

/// Ours. It counts for the part of a migration before whose first statement it stands.
const OWN: &str = "nself:";
const NO_TRANSACTION: &str = "no-transaction";

/// sqlx looks at the first characters of a file.
const SQLX: &str = "-- no-transaction";

/// goose takes its annotations from the beginning of any line.
const GOOSE: [&str; 3] = ["+goose", "no", "transaction"];

/// Whether a file says it for all that is in it, in the words of sqlx or goose.
pub(super) fn of_file(sql: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let sqlx = sql.strip_prefix(SQLX).is_some_and(|rest| !rest.starts_with(is_word));
    sqlx || comments(sql).any(|comment| {
        let begins_line = comment.start == 0 || sql[..comment.start].ends_with(['\n', '\r']);
        begins_line && words(comment.text).eq(GOOSE)
    })
}

/// Whether a part of a file says it for itself, before its first statement. `line` is the one on which the part begins.
/// A mark that stands elsewhere or is not spelled right is refused: passed over, it would do harm in silence.
pub(super) fn of_part(path: &str, sql: &str, line: usize) -> Result<bool, Error> {
    let first = lexer::first_token(sql);
    let mut says_so = false;
    for comment in comments(sql) {
        let Some(word) = own_mark(comment.text) else { continue };
        let line = line + lexer::line_of(sql, comment.start) - 1;
        if word != NO_TRANSACTION {
            return Err(Error::UnknownMark { path: path.to_owned(), line, mark: comment.text.to_owned() });
        }
        if comment.start > first {
            return Err(Error::MisplacedMark { path: path.to_owned(), line });
        }
        says_so = true;
    }
    Ok(says_so)
}

fn comments(sql: &str) -> impl Iterator<Item = Piece<'_>> {
    Lexer::new(sql).filter(|piece| piece.kind == Kind::LineComment)
}

fn words(comment: &str) -> impl Iterator<Item = String> + '_ {
    comment.trim_start_matches('-').split_whitespace().map(str::to_lowercase)
}

/// The word behind `nself:`, if it is about transactions: the rest of the comment may say why.
fn own_mark(comment: &str) -> Option<String> {
    let text = comment.trim_start_matches('-').trim_start().to_lowercase();
    let word = text.strip_prefix(OWN)?.split_whitespace().next()?.trim_end_matches([',', ':', ';', '.']);
    word.contains("transaction").then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlx_looks_at_the_first_characters() {
        for sql in ["-- no-transaction", "-- no-transaction\nSELECT 1;", "-- no-transaction: why\nSELECT 1;"]
        {
            assert!(of_file(sql), "{sql}");
        }
        for sql in [
            "\n-- no-transaction",
            " -- no-transaction",
            "--no-transaction",
            "-- no-transactions",
            "-- no-transaction-please",
            "SELECT 1; -- no-transaction",
        ] {
            assert!(!of_file(sql), "{sql}");
        }
    }

    #[test]
    fn goose_looks_at_the_beginning_of_each_line() {
        for sql in [
            "-- +goose NO TRANSACTION",
            "-- why\n-- +goose no transaction\n-- +goose Up\nSELECT 1;",
            "-- +goose Up\n--  +goose NO  TRANSACTION\r\nSELECT 1;",
            "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose NO TRANSACTION\n",
        ] {
            assert!(of_file(sql), "{sql}");
        }
        for sql in [
            " -- +goose NO TRANSACTION",
            "-- +goose NO TRANSACTION please",
            "-- goose NO TRANSACTION",
            "SELECT $$\n-- +goose NO TRANSACTION\n$$;",
            "/*\n-- +goose NO TRANSACTION\n*/",
        ] {
            assert!(!of_file(sql), "{sql}");
        }
    }

    #[test]
    fn our_own_stands_before_the_first_statement() {
        for sql in [
            "-- nself:no-transaction",
            "--nself:no-transaction\nSELECT 1;",
            "-- made by hand\n\n  -- NSELF:NO-TRANSACTION, because the index is large\nSELECT 1;",
            "/* why */ -- nself: no-transaction\nSELECT 1;",
        ] {
            assert_eq!(of_part("1_a.sql", sql, 1), Ok(true), "{sql}");
        }
        for sql in [
            "",
            "SELECT 1;",
            "-- no-transaction",
            "-- nself: the product",
            "SELECT '\n-- nself:no-transaction\n'",
        ] {
            assert_eq!(of_part("1_a.sql", sql, 1), Ok(false), "{sql}");
        }
    }

    #[test]
    fn what_would_be_passed_over_is_refused() {
        let path = || "1_a.sql".to_owned();
        assert_eq!(
            of_part("1_a.sql", "SELECT 1;\n\n-- nself:no-transaction\nSELECT 2;", 10),
            Err(Error::MisplacedMark { path: path(), line: 12 })
        );
        assert_eq!(
            of_part("1_a.sql", "-- nself:no_transaction\nSELECT 2;", 1),
            Err(Error::UnknownMark { path: path(), line: 1, mark: "-- nself:no_transaction".to_owned() })
        );
    }
}
