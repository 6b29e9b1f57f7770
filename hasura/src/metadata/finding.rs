//! What is said of metadata: one finding is about one object.

use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Hasura cannot serve the object.
    Error,
    /// It works, and is worth a look.
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub level: Level,
    pub rule: &'static str,
    /// `source default, table public.users, select permission of user`
    pub object: String,
    pub message: String,
}

impl Finding {
    pub fn error(rule: &'static str, object: &str, message: impl Into<String>) -> Self {
        Self { level: Level::Error, rule, object: object.to_owned(), message: message.into() }
    }

    pub fn warning(rule: &'static str, object: &str, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(rule, object, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.message)
    }
}
