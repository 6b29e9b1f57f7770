//! Finds what may be a password in a migration, to warn of it: journal and ledger keep the SQL as it is. This looks for
//! the places where a secret is written down, and not, as `hide` does, for statements that speak of one: a column that is
//! called password is none.

use crate::lexer::{Kind, Lexer, Piece, line_of};

/// Something in a text that may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// In the text, from 1.
    pub line: usize,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Of a role.
    Password,
    /// Of a server, a user mapping or the like.
    Option,
    /// `postgres://user:password@host`, `host=… password=…`
    Connection,
}

impl What {
    pub fn describe(self) -> &'static str {
        match self {
            What::Password => "a role's password",
            What::Option => "a secret option",
            What::Connection => "a connection string with a password",
        }
    }
}

/// How deep SQL may be in strings of SQL.
const DEPTH: usize = 4;

/// What may be a password in `sql`, in order, each line and kind once. Bodies and strings are looked into as well: DO and
/// EXECUTE run them.
pub fn find(sql: &str) -> Vec<Found> {
    let mut found = Vec::new();
    look_into(sql, 1, DEPTH, &mut found);
    found.sort();
    found.dedup();
    found
}

fn look_into(sql: &str, first_line: usize, depth: usize, found: &mut Vec<Found>) {
    if !may_hold_any(sql) {
        return;
    }
    // Each piece with its line: to count lines from the beginning each time takes long in a long text.
    let mut line = first_line;
    let pieces: Vec<(usize, Piece<'_>)> = Lexer::new(sql)
        .map(|piece| {
            let begins = line;
            line += piece.text.matches('\n').count();
            (begins, piece)
        })
        .collect();
    for (line, piece) in &pieces {
        match piece.kind {
            Kind::LineComment | Kind::BlockComment => connection(piece.text, *line, found),
            Kind::String | Kind::Dollar => {
                let text = content(piece);
                connection(&text, *line, found);
                if depth > 0 {
                    look_into(&text, *line, depth - 1, found);
                }
            }
            Kind::Space | Kind::QuotedIdent | Kind::Word | Kind::Other => {}
        }
    }
    let is_blank = |kind| matches!(kind, Kind::Space | Kind::LineComment | Kind::BlockComment);
    let tokens: Vec<&(usize, Piece<'_>)> = pieces.iter().filter(|(_, piece)| !is_blank(piece.kind)).collect();
    let statements = tokens.split(|(_, piece)| piece.kind == Kind::Other && piece.text == ";");
    found.extend(statements.filter_map(in_statement));
}

/// Whether a text holds a word without which nothing is found in it. Most texts hold none, and are not read any further.
fn may_hold_any(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["://", "key"].iter().chain(&SECRET_NAMES).any(|word| lower.contains(word))
}

/// The first secret of a statement that makes or alters what can have one.
fn in_statement(tokens: &[&(usize, Piece<'_>)]) -> Option<Found> {
    let word = |place: usize| match tokens.get(place) {
        Some((_, piece)) if matches!(piece.kind, Kind::Word | Kind::QuotedIdent) => {
            piece.text.trim_matches('"').to_ascii_lowercase()
        }
        _ => String::new(),
    };
    let is_value = |place: usize| {
        tokens.get(place).is_some_and(|(_, piece)| {
            matches!(piece.kind, Kind::String | Kind::Dollar) && !is_placeholder(content(piece).trim())
        })
    };
    // In a body, BEGIN, THEN and the like come before the statement.
    let begin = (0..tokens.len()).find(|&place| {
        matches!(word(place).as_str(), "create" | "alter")
            && matches!(
                word(place + 1).as_str(),
                "role" | "user" | "group" | "server" | "foreign" | "subscription"
            )
    })?;
    let makes_role =
        matches!(word(begin + 1).as_str(), "role" | "user" | "group") && word(begin + 2) != "mapping";
    (begin + 2..tokens.len()).find_map(|place| {
        let name = word(place);
        let what = match makes_role {
            true => (name == "password").then_some(What::Password),
            false => is_secret_name(&name).then_some(What::Option),
        };
        what.filter(|_| is_value(place + 1)).map(|what| Found { line: tokens[place].0, what })
    })
}

/// What the name of a secret has in it.
const SECRET_NAMES: [&str; 6] = ["pass", "pwd", "secret", "token", "credential", "private"];

/// Whether an option of this name is a secret.
fn is_secret_name(name: &str) -> bool {
    SECRET_NAMES.iter().any(|part| name.contains(part)) || name.ends_with("key")
}

/// Whether a value only stands for one that comes from elsewhere, or for none: `%L`, `$1`, `{password}`, `<secret>`,
/// `:'password'`, `***`.
fn is_placeholder(value: &str) -> bool {
    value.is_empty()
        || value.starts_with(['%', '$', '{', '<', ':', '['])
        || value.chars().all(|c| matches!(c, '*' | '.' | '…' | '?'))
}

/// What is between the quotes, with doubled quotes as one.
fn content(piece: &Piece<'_>) -> String {
    let text = piece.text;
    if piece.kind == Kind::Dollar {
        let tag = text[1..].find('$').map_or(0, |end| end + 2);
        let body = text.get(tag..text.len().saturating_sub(tag)).unwrap_or_default();
        return body.to_owned();
    }
    let open = text.find('\'').map_or(0, |quote| quote + 1);
    let inside = &text[open..];
    inside.strip_suffix('\'').unwrap_or(inside).replace("''", "'")
}

/// Looks for connection strings in a text.
fn connection(text: &str, first_line: usize, found: &mut Vec<Found>) {
    if !may_hold_any(text) {
        return;
    }
    let lower = text.to_ascii_lowercase();
    let urls = lower.match_indices("://").filter(|(at, _)| has_password(&lower[at + 3..])).map(|(at, _)| at);
    let words = lower
        .match_indices("password")
        .filter(|(at, word)| is_set(&lower, at + word.len()))
        .map(|(at, _)| at);
    found.extend(
        urls.chain(words)
            .map(|at| Found { line: first_line + line_of(text, at) - 1, what: What::Connection }),
    );
}

/// Whether what follows `://` is `user:password@`.
fn has_password(rest: &str) -> bool {
    let authority =
        rest.split(|c: char| c.is_whitespace() || "/?#'\"".contains(c)).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !is_placeholder(password))
}

/// Whether a `password` that ends here is followed by `=` and a value, as in a connection string and nowhere in SQL: what
/// SQL compares it with is in quotes, or is a name behind a space.
fn is_set(text: &str, end: usize) -> bool {
    let Some(value) = text[end..].strip_prefix('=') else { return false };
    let value = value.trim_start_matches('\'');
    let end = value.find(|c: char| c.is_whitespace() || c == '\'').unwrap_or(value.len());
    !is_placeholder(&value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, expected: &[(usize, What)]) {
        let found: Vec<_> = find(sql).into_iter().map(|found| (found.line, found.what)).collect();
        assert_eq!(found, expected, "{sql}");
    }

    #[test]
    fn passwords_of_roles_are_found() {
        check("CREATE ROLE r LOGIN PASSWORD 'x'", &[(1, What::Password)]);
        check("SELECT 1;\nalter user r with\n encrypted password E'\\'x'", &[(3, What::Password)]);
        check("CREATE GROUP g PASSWORD $$x$$;", &[(1, What::Password)]);
        check("ALTER ROLE r\n-- for now\nPASSWORD 'a' VALID UNTIL 'infinity'", &[(3, What::Password)]);
        check(
            "ALTER ROLE a PASSWORD 'x';\nALTER ROLE b PASSWORD 'y'",
            &[(1, What::Password), (2, What::Password)],
        );
        check("CREATE ROLE r PASSWORD 'never closed", &[(1, What::Password)]);
    }

    #[test]
    fn secret_options_are_found() {
        check("CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password 'x')", &[(1, What::Option)]);
        check("ALTER SERVER s OPTIONS (SET api_key 'x')", &[(1, What::Option)]);
        check("CREATE FOREIGN TABLE t (a int) SERVER s OPTIONS (\"Secret\" 'x')", &[(1, What::Option)]);
    }

    #[test]
    fn connection_strings_are_found() {
        check("SELECT dblink_connect('host=h user=u password=x')", &[(1, What::Connection)]);
        check("SELECT f('postgres://u:x@h/db')", &[(1, What::Connection)]);
        check(
            "CREATE SUBSCRIPTION s\nCONNECTION 'postgresql://u:x%40@h' PUBLICATION p",
            &[(2, What::Connection)],
        );
        check("-- was: amqp://u:x@h\nSELECT 1", &[(1, What::Connection)]);
        check("SELECT f('host=h password=''a b''')", &[(1, What::Connection)]);
    }

    #[test]
    fn long_texts_are_read_once() {
        // Megabytes: where each string counts its line from the beginning, this does not end.
        let rows =
            format!("insert into t values ({},\n 'it''s a password');\n", "'x', ".repeat(50)).repeat(3_000);
        check(&format!("{rows}ALTER ROLE r PASSWORD 'x'"), &[(6_001, What::Password)]);
    }

    #[test]
    fn bodies_and_strings_of_sql_are_looked_into() {
        check("DO $$\nBEGIN\n  ALTER ROLE r PASSWORD 'x';\nEND $$", &[(3, What::Password)]);
        check(
            "DO $$ BEGIN IF true THEN\nEXECUTE 'ALTER ROLE r PASSWORD ''x''';\nEND IF; END $$",
            &[(2, What::Password)],
        );
        check(
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS '\nALTER ROLE r PASSWORD ''x'''",
            &[(2, What::Password)],
        );
        check(
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $f$\nSELECT g('postgres://u:x@h') $f$",
            &[(2, What::Connection)],
        );
    }

    #[test]
    fn what_only_speaks_of_passwords_is_not_found() {
        for sql in [
            "CREATE TABLE users (id int, password text NOT NULL DEFAULT 'x', password_hash text)",
            "INSERT INTO texts VALUES ('password', 'Your password: change it')",
            "UPDATE users SET password = crypt('x', gen_salt('bf')) WHERE password=''",
            "SELECT * FROM users WHERE password=$1",
            "ALTER ROLE r PASSWORD NULL",
            "ALTER ROLE r SET search_path = 'password'",
            "ALTER ROLE r PASSWORD ''",
            "CREATE ROLE password NOLOGIN",
            "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u')",
            "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', port '1')",
            "DO $$ BEGIN EXECUTE format('ALTER ROLE r PASSWORD %L', current_setting('app.pw')); END $$",
            "SELECT dblink_connect(format('host=h password=%s', pw)), 'password=' || pw, 'postgres://u@h/db'",
            "SELECT 'postgres://u:***@h', 'postgres://u:$PASSWORD@h', 'https://example.org:80/a@b'",
            "COMMENT ON COLUMN t.a IS 'see https://example.org/password'",
            "SELECT 'ALTER ROLE r PASSWORD ''{}'''",
        ] {
            check(sql, &[]);
        }
    }
}
