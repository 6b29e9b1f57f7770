//! What is said on stderr: errors, the server's notices, and notes of this program. With `--format json` each of them is one
//! line of JSON, under the same word as in the text.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::Style;
use postgres::error::{DbError, Severity};
use serde::Serialize;

use super::hints::in_commands;
use super::style::{ERROR, FAINT, WARNING, paint};
use crate::error::Error;

static IS_JSON: AtomicBool = AtomicBool::new(false);
static IS_QUIET: AtomicBool = AtomicBool::new(false);
static IS_VERBOSE: AtomicBool = AtomicBool::new(false);

/// From now on only errors and warnings are said, or also what is asked of the server.
pub fn speak(quiet: bool, verbose: bool) {
    IS_QUIET.store(quiet, Ordering::Relaxed);
    IS_VERBOSE.store(verbose, Ordering::Relaxed);
}

pub fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// From now on all is said in JSON.
pub fn speak_json() {
    IS_JSON.store(true, Ordering::Relaxed);
}

/// One thing that is said.
#[derive(Default, Serialize)]
struct Said {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<String>,
}

impl Said {
    fn only(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    fn text(&self, label: &str, style: Style) -> String {
        let mut text = format!("{} {}", paint(style, format!("{label}:")), self.message);
        let parts = [
            ("detail", &self.detail),
            ("hint", &self.hint),
            ("context", &self.context),
            ("sqlstate", &self.sqlstate),
        ];
        for (label, value) in parts {
            if let Some(value) = value {
                // Further lines of a value stand under its first.
                let indent = format!("\n{}", " ".repeat(label.len() + 4));
                text.push_str(&format!("\n  {label}: {}", value.trim_end().replace('\n', &indent)));
            }
        }
        text
    }

    fn json(&self, label: &str) -> String {
        serde_json::to_string(&BTreeMap::from([(label, self)])).expect("plain text is always JSON")
    }

    fn print(&self, label: &str, style: Style) {
        match IS_JSON.load(Ordering::Relaxed) {
            true => eprintln!("{}", self.json(label)),
            false => anstream::eprintln!("{}", self.text(label, style)),
        }
    }
}

/// Prints why a command failed, with all that the server told about it.
pub fn error(error: &Error) {
    let said = Said {
        message: in_commands(&error.to_string()),
        detail: error.detail().as_deref().map(in_commands),
        hint: error.hint().as_deref().map(in_commands),
        context: error.answer().and_then(|answer| answer.where_()).map(str::to_owned),
        sqlstate: error.sqlstate().map(str::to_owned),
    };
    said.print("error", ERROR);
}

/// Prints that the command was called wrongly, where that is to be said in JSON.
pub fn usage(error: &clap::Error) {
    let text = error.to_string();
    let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    Said::only(message).print("error", ERROR);
}

/// Prints a notice or warning of the server. What was not compared is part of the report, so it is not said twice.
pub fn notice(notice: &DbError) {
    if notice.message().starts_with("not compared: ") {
        return;
    }
    let warns = matches!(notice.parsed_severity(), Some(Severity::Warning));
    if is_quiet() && !warns {
        return;
    }
    let said = Said {
        detail: notice.detail().map(in_commands),
        hint: notice.hint().map(in_commands),
        ..Said::only(in_commands(notice.message()))
    };
    said.print(&notice.severity().to_lowercase(), if warns { WARNING } else { FAINT });
}

/// Prints a remark about this run.
pub fn note(text: &str) {
    if !is_quiet() {
        Said::only(text).print("note", FAINT);
    }
}

/// Prints what went wrong beside what was asked for, which is done.
pub fn warning(message: &str, detail: Option<String>, hint: Option<&str>) {
    let said = Said { detail, hint: hint.map(str::to_owned), ..Said::only(message) };
    said.print("warning", WARNING);
}

/// Prints what is done, for those who want to watch.
pub fn verbose(text: &str) {
    if IS_VERBOSE.load(Ordering::Relaxed) {
        Said::only(text).print("verbose", FAINT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::plain;

    #[test]
    fn what_is_said_reads_the_same_in_text_and_in_json() {
        let said = Said {
            detail: Some("one\ntwo".into()),
            sqlstate: Some("22012".into()),
            ..Said::only("division by zero")
        };
        assert_eq!(
            plain(&said.text("error", ERROR)),
            "error: division by zero\n  detail: one\n          two\n  sqlstate: 22012"
        );
        assert_eq!(
            said.json("error"),
            r#"{"error":{"message":"division by zero","detail":"one\ntwo","sqlstate":"22012"}}"#
        );
    }
}
