//! The log: one line of JSON on stderr for each request, and for what happens to the server itself. It never holds a
//! header, a body, an argument or SQL.

use std::io::Write;
use std::time::SystemTime;

use serde::Serialize;

/// What others send can be as long as they like.
const LONGEST_WORD: usize = 100;

/// A request and its answer.
#[derive(Serialize)]
pub struct Request<'a> {
    pub from: String,
    pub method: &'a str,
    pub path: &'a str,
    pub status: u16,
    pub ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<T> {
    at: String,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct Event<'a> {
    event: &'a str,
    message: &'a str,
}

pub fn request(request: Request<'_>) {
    write(request);
}

/// Something that happened to the server itself.
pub fn event(event: &str, message: &str) {
    write(Event { event, message });
}

fn write(what: impl Serialize) {
    let at = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let mut line = serde_json::to_vec(&Line { at, what }).expect("plain text is always JSON");
    line.push(b'\n');
    // In one piece, so that lines stay whole. Nobody can be told that the log is gone.
    let _ = std::io::stderr().lock().write_all(&line);
}

/// The beginning of a word that somebody sent.
pub fn word(text: &str) -> &str {
    match text.char_indices().nth(LONGEST_WORD) {
        None => text,
        Some((end, _)) => &text[..end],
    }
}
