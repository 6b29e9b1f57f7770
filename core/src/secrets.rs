//! Passwords in SQL text: what is kept of a statement is kept without them, and a migration that holds one is warned of.

mod find;

use std::borrow::Cow;

pub use find::{Found, What, find};

use crate::lexer::{Kind, Lexer, Piece};

/// What stands for a literal that is not kept.
const HIDDEN: &str = "'…'";

/// What a statement may give a password to, in the words of CREATE and ALTER.
const HAVE_PASSWORDS: [&str; 7] = ["role", "user", "group", "mapping", "server", "wrapper", "subscription"];

/// `sql` without the literals of statements that may hold a password: those that make or alter a role, a user mapping or
/// the like, those that speak of a password at all, also inside a body in dollar quotes, and those in which `find` finds
/// one; and without comments that hold a connection string.
pub fn hide(sql: &str) -> Cow<'_, str> {
    let pieces: Vec<Piece<'_>> = Lexer::new(sql).collect();
    let statements: Vec<&[Piece<'_>]> = pieces.split_inclusive(is_end).collect();
    let hides: Vec<bool> = statements.iter().map(|statement| may_hold_password(sql, statement)).collect();
    if !hides.contains(&true) {
        return Cow::Borrowed(sql);
    }
    let kept = statements.into_iter().zip(hides).flat_map(|(statement, hides)| {
        statement.iter().map(move |piece| match piece.kind {
            Kind::String | Kind::Dollar if hides => HIDDEN,
            Kind::LineComment if hides && !find(piece.text).is_empty() => "-- …",
            Kind::BlockComment if hides && !find(piece.text).is_empty() => "/* … */",
            _ => piece.text,
        })
    });
    Cow::Owned(kept.collect())
}

fn is_end(piece: &Piece<'_>) -> bool {
    piece.kind == Kind::Other && piece.text == ";"
}

fn may_hold_password(sql: &str, statement: &[Piece<'_>]) -> bool {
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
    let text = || match statement {
        [first, .., last] => &sql[first.start..last.start + last.text.len()],
        [only] => only.text,
        [] => "",
    };
    statement.iter().any(speaks_of_one)
        || makes && words.iter().any(|word| HAVE_PASSWORDS.contains(&word.as_str()))
        || !find(text()).is_empty()
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
            ("SELECT f('postgres://u:x@h')", "SELECT f('…')"),
            ("DO $$ BEGIN CREATE SERVER s OPTIONS (token 'x'); END $$", "DO '…'"),
            ("-- redis://u:x@h\nSELECT 'a' /* redis://u:x@h */", "-- …\nSELECT '…' /* … */"),
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
