//! Passwords in SQL text: what is kept of a statement is kept without them.

use std::borrow::Cow;

use crate::scan::{Kind, Lexer, Piece};

/// What stands for a literal that is not kept.
const HIDDEN: &str = "'…'";

/// What a statement may give a password to, in the words of CREATE and ALTER.
const HAVE_PASSWORDS: [&str; 7] = ["role", "user", "group", "mapping", "server", "wrapper", "subscription"];

/// `sql` without the literals of statements that may hold a password: those that make or alter a role, a user mapping or
/// the like, and those that speak of a password at all, also inside a body in dollar quotes.
pub fn hide(sql: &str) -> Cow<'_, str> {
    let pieces: Vec<Piece<'_>> = Lexer::new(sql).collect();
    let statements: Vec<&[Piece<'_>]> = pieces.split_inclusive(is_end).collect();
    if !statements.iter().any(|statement| may_hold_password(statement)) {
        return Cow::Borrowed(sql);
    }
    let kept = statements.into_iter().flat_map(|statement| {
        let hides = may_hold_password(statement);
        statement.iter().map(move |piece| if hides && is_literal(piece) { HIDDEN } else { piece.text })
    });
    Cow::Owned(kept.collect())
}

fn is_end(piece: &Piece<'_>) -> bool {
    piece.kind == Kind::Other && piece.text == ";"
}

fn is_literal(piece: &Piece<'_>) -> bool {
    matches!(piece.kind, Kind::String | Kind::Dollar)
}

fn may_hold_password(statement: &[Piece<'_>]) -> bool {
    let speaks_of_one = |piece: &Piece<'_>| {
        matches!(piece.kind, Kind::Word | Kind::QuotedIdent | Kind::String | Kind::Dollar)
            && piece.text.to_ascii_lowercase().contains("password")
    };
    let words: Vec<String> = statement
        .iter()
        .filter(|piece| piece.kind == Kind::Word)
        .take(5)
        .map(|piece| piece.text.to_ascii_lowercase())
        .collect();
    let makes = words.first().is_some_and(|first| first == "create" || first == "alter");
    statement.iter().any(speaks_of_one)
        || makes && words.iter().any(|word| HAVE_PASSWORDS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_roles_and_user_mappings_are_hidden() {
        let hidden = [
            ("CREATE ROLE r LOGIN PASSWORD 'x''y'", "CREATE ROLE r LOGIN PASSWORD '…'"),
            ("alter user r with encrypted password E'\\'x'", "alter user r with encrypted password '…'"),
            (
                "CREATE USER MAPPING FOR u SERVER s OPTIONS (pw 'x')",
                "CREATE USER MAPPING FOR u SERVER s OPTIONS (pw '…')",
            ),
            ("ALTER SERVER s OPTIONS (SET key 'x')", "ALTER SERVER s OPTIONS (SET key '…')"),
            ("SELECT set_password('r', $$x$$)", "SELECT set_password('…', '…')"),
            ("DO $$ ALTER ROLE r PASSWORD 'x' $$", "DO '…'"),
            ("CREATE ROLE r PASSWORD 'never closed", "CREATE ROLE r PASSWORD '…'"),
        ];
        for (sql, kept) in hidden {
            assert_eq!(hide(sql), kept);
        }
    }

    #[test]
    fn other_statements_are_kept_as_they_are() {
        let sql = "CREATE TABLE t (a text DEFAULT 'user'); COMMENT ON TABLE t IS 'of each user'";
        assert!(matches!(hide(sql), Cow::Borrowed(kept) if kept == sql));
        assert_eq!(
            hide("CREATE TABLE t (a text DEFAULT 'x'); ALTER ROLE r PASSWORD 'x'; SELECT 'x'"),
            "CREATE TABLE t (a text DEFAULT 'x'); ALTER ROLE r PASSWORD '…'; SELECT 'x'"
        );
    }
}
