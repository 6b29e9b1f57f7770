//! Errors of the server itself, and where they stand.

use nself_heal_core::platforms::{self, Lacking};
use pgrx::PgSqlErrorCode;
use pgrx::PgSqlErrorCode::*;
use serde::{Deserialize, Serialize};

/// An error of the server itself, caught on its way and carried on.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ServerError {
    pub code: i32,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub position: Option<Position>,
}

/// Where an error stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Position {
    /// The query that the server tells to be wrong: the statement itself, or one inside it, as in the body of a DO.
    /// None where it is the text that was given to the parser.
    pub query: Option<String>,
    /// In that query, in characters, from 1.
    pub at: usize,
}

impl Position {
    /// The offset in `sql`, if `sql` holds the query, and in one place only.
    pub fn offset_in(&self, sql: &str) -> Option<usize> {
        let begin = match &self.query {
            None => 0,
            Some(query) => {
                match sql.match_indices(query.as_str()).map(|(at, _)| at).collect::<Vec<_>>()[..] {
                    [only] => only,
                    _ => return None,
                }
            }
        };
        let within = sql[begin..].char_indices().nth(self.at.saturating_sub(1));
        Some(within.map_or(sql.len(), |(offset, _)| begin + offset))
    }
}

impl ServerError {
    pub fn code(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::from(self.code)
    }

    /// The first two characters of the SQLSTATE.
    pub fn is_class(&self, class: &str) -> bool {
        self.sqlstate().starts_with(class)
    }

    /// The SQLSTATE in its usual five characters.
    pub fn sqlstate(&self) -> String {
        (0..5).map(|i| (b'0' + ((self.code >> (6 * i)) & 0x3F) as u8) as char).collect()
    }

    /// The server's detail, with a sentence of this program's own below.
    pub fn detail_and(&self, own: &str) -> String {
        self.detail.as_ref().map_or_else(|| own.to_owned(), |detail| format!("{detail}\n{own}"))
    }

    /// A wish of the user or the server to stop, which nobody may swallow.
    pub fn is_cancel(&self) -> bool {
        matches!(
            self.code(),
            ERRCODE_QUERY_CANCELED | ERRCODE_ADMIN_SHUTDOWN | ERRCODE_CRASH_SHUTDOWN | ERRCODE_OUT_OF_MEMORY
        )
    }

    /// What helps where a statement failed because all migrations of a call run in one transaction, or because of what is here.
    pub fn in_a_transaction(&self) -> Option<&'static str> {
        Some(match self.code() {
            ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE => {
                "A new enum value must be committed before it is used: call nself_migrate_up_start(), which commits each migration before the next, or apply up to the one that adds the value with target =>, then the rest. If one migration does both, put the line -- nself:no-transaction before its first statement and call nself_migrate_up_start()."
            }
            ERRCODE_INVALID_TRANSACTION_TERMINATION => {
                "What commits by itself needs a migration without a transaction: put the line -- nself:no-transaction before its first statement and call nself_migrate_up_start()."
            }
            ERRCODE_OUT_OF_MEMORY if self.message.contains("shared memory") => {
                "One transaction has touched more objects than the server has room to lock. Apply them one by one: nself_migrate_up_start(), or fewer at a time with max_count => 25; or raise max_locks_per_transaction."
            }
            ERRCODE_DUPLICATE_TABLE
            | ERRCODE_DUPLICATE_OBJECT
            | ERRCODE_DUPLICATE_FUNCTION
            | ERRCODE_DUPLICATE_SCHEMA
            | ERRCODE_DUPLICATE_COLUMN => {
                "If no migration made what is there, nself_drift() shows it as extra. If it is what this migration gives, nself_baseline() takes it for that."
            }
            _ => return None,
        })
    }
}

/// What helps where a statement failed because a platform is not here that brings what it speaks of.
pub fn of_platform(error: &ServerError) -> Option<String> {
    let lacking = match error.code() {
        ERRCODE_INVALID_SCHEMA_NAME => Lacking::Schema,
        ERRCODE_UNDEFINED_OBJECT => Lacking::Object,
        ERRCODE_UNDEFINED_TABLE | ERRCODE_UNDEFINED_FUNCTION => Lacking::InSchema,
        _ => return None,
    };
    let names = platforms::bringing(lacking, &error.message);
    let calls: Vec<String> = names.iter().map(|name| format!("nself_ground_platform('{name}')")).collect();
    let what = if lacking == Lacking::InSchema { "such a schema" } else { "it" };
    (!calls.is_empty()).then(|| {
        format!(
            "A platform brings {what}: {}. Where its folder is applied without it, in CI or on a laptop, {} shows what is lacking, and with confirm => true makes that, before the first migration.",
            names.join(" or "),
            calls.join(" or ")
        )
    })
}

/// A line of a file.
#[derive(Debug, Clone)]
pub struct Place {
    pub path: String,
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} of {}", self.line, self.path)
    }
}
