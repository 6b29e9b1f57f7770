//! What is said on stderr: errors, the server's notices, and notes of this program.

use postgres::error::{DbError, Severity};

use super::hints::in_commands;
use super::style::{ERROR, FAINT, WARNING, paint};
use crate::error::Error;

/// Prints why a command failed, with all that the server told about it.
pub fn error(error: &Error) {
    let mut text = format!("{} {error}", paint(ERROR, "error:"));
    add(&mut text, "detail", error.detail().as_deref());
    add(&mut text, "hint", error.hint().as_deref().map(in_commands).as_deref());
    if let Some(answer) = error.answer() {
        add(&mut text, "context", answer.where_());
    }
    add(&mut text, "sqlstate", error.sqlstate());
    anstream::eprintln!("{text}");
}

/// Prints a notice or warning of the server. What was not compared is part of the report, so it is not said twice.
pub fn notice(notice: &DbError) {
    if notice.message().starts_with("not compared: ") {
        return;
    }
    let warns = matches!(notice.parsed_severity(), Some(Severity::Warning));
    let label = format!("{}:", notice.severity().to_lowercase());
    let mut text = format!("{} {}", paint(if warns { WARNING } else { FAINT }, label), notice.message());
    add(&mut text, "detail", notice.detail());
    add(&mut text, "hint", notice.hint().map(in_commands).as_deref());
    anstream::eprintln!("{text}");
}

/// Prints a remark about this run.
pub fn note(text: &str) {
    anstream::eprintln!("{} {text}", paint(FAINT, "note:"));
}

fn add(text: &mut String, label: &str, value: Option<&str>) {
    if let Some(value) = value {
        // Further lines of a value stand under its first.
        let indent = format!("\n{}", " ".repeat(label.len() + 4));
        text.push_str(&format!("\n  {label}: {}", value.trim_end().replace('\n', &indent)));
    }
}
