//! What a file says of its own hazards: `-- nself:allow deletes-data because the table is a copy`.

use crate::hazard::Name;
use crate::lexer::{Kind, Lexer, line_of};

const MARK: &str = "nself:allow";

/// A hazard that a migration accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// With the reason.
    Yes(Name, String),
    /// A mark that cannot be understood, and the line of the script on which it stands.
    Unclear { line: usize, mark: String },
}

/// The marks of a script, in order. Each counts for all of its migration.
pub fn allowed(sql: &str) -> Vec<Allowed> {
    let comments = Lexer::new(sql).filter(|piece| piece.kind == Kind::LineComment);
    let marks = comments.filter_map(|comment| {
        let rest = comment.text.trim_start_matches('-').trim_start().strip_prefix(MARK)?;
        let unclear = || Allowed::Unclear {
            line: line_of(sql, comment.start),
            mark: comment.text.trim_end().to_owned(),
        };
        let Some((word, why)) = rest.trim().split_once(char::is_whitespace) else { return Some(unclear()) };
        let why = why.trim().strip_prefix("because").map(str::trim).unwrap_or_default();
        Some(match Name::parse(word) {
            Some(name) if rest.starts_with(char::is_whitespace) && !why.is_empty() => {
                Allowed::Yes(name, why.to_owned())
            }
            _ => unclear(),
        })
    });
    marks.collect()
}
