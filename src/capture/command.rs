//! The text of the command that is noted: of a text with several statements the one that ran, where that is certain.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::CStr;
use std::ops::Range;
use std::rc::Rc;

use nself_heal_core::secrets;
use pgrx::pg_sys;

use super::this_statement;
use crate::server::parser::{self, statements};
use crate::server::transaction::try_read;

/// How much of a command is kept, in bytes.
const KEPT: usize = 10_000;

/// What the client sent last.
#[derive(Default)]
struct Sent {
    /// When that began.
    at: i64,
    whole: Option<Rc<str>>,
    /// Its statements, if there are several and none of them can run others.
    parts: Vec<(String, Rc<str>)>,
    /// The node of the statement that was noted last, and how many of the parts it and those before it are.
    last: (usize, usize),
}

thread_local! {
    static SENT: RefCell<Sent> = RefCell::default();
}

/// The text of a statement with this tag, without secrets, and not all of it if it is long. Nothing but its own address tells one
/// statement from the next.
pub fn of(statement: *const pg_sys::Node, tag: &str) -> Option<Rc<str>> {
    let now = this_statement();
    if SENT.with_borrow(|sent| sent.at != now) {
        let sent = read(now);
        SENT.set(sent);
    }
    SENT.with_borrow_mut(|sent| {
        if sent.last.0 != statement as usize {
            let following = sent.parts.iter().skip(sent.last.1).position(|(of, _)| of == tag);
            match following {
                Some(place) => sent.last = (statement as usize, sent.last.1 + place + 1),
                None => sent.parts.clear(),
            }
        }
        let part = sent.last.1.checked_sub(1).and_then(|place| sent.parts.get(place));
        part.map(|(_, text)| text.clone()).or_else(|| sent.whole.clone())
    })
}

fn read(at: i64) -> Sent {
    // SAFETY: the text lives as long as the command that the client sent.
    let text = unsafe {
        let text = pg_sys::debug_query_string;
        if text.is_null() {
            return Sent { at, ..Sent::default() };
        }
        CStr::from_ptr(text).to_string_lossy()
    };
    let parts = match text.trim_end().trim_end_matches(';').contains(';') {
        // It has been parsed already, so it can be.
        true => try_read(|| Ok(parts(&text))).unwrap_or_default(),
        false => Vec::new(),
    };
    Sent { at, whole: Some(kept(&text)), parts, last: (0, 0) }
}

/// The tags and texts of the statements; nothing if one of them can run others, or if there is only one.
fn parts(text: &str) -> Vec<(String, Rc<str>)> {
    let part = |statement: *mut pg_sys::RawStmt| {
        // SAFETY: the parser made it, and tells which part of the text it is; a length of 0 means: to the end.
        unsafe {
            let tag = parser::tag((*statement).stmt);
            let start = usize::try_from((*statement).stmt_location).ok()?;
            let length = usize::try_from((*statement).stmt_len).ok()?;
            let end = if length == 0 { text.len() } else { start + length };
            Some((tag, Range { start, end }))
        }
    };
    let all: Option<Vec<_>> = statements(text).into_iter().map(part).collect();
    let all = all.filter(|all| all.len() > 1 && all.iter().all(|(tag, _)| is_alone(tag))).unwrap_or_default();
    all.into_iter().filter_map(|(tag, place)| Some((tag, kept(text.get(place)?.trim())))).collect()
}

/// Whether a statement with this tag runs no other statement that would be noted.
fn is_alone(tag: &str) -> bool {
    const PLAIN: [&str; 12] = [
        "ALTER ",
        "CREATE ",
        "DROP ",
        "COMMENT",
        "GRANT",
        "REVOKE",
        "BEGIN",
        "START TRANSACTION",
        "COMMIT",
        "SET",
        "RESET",
        "SECURITY LABEL",
    ];
    const RUN_OTHERS: [&str; 6] = [
        "ALTER EXTENSION",
        "CREATE EXTENSION",
        "CREATE MATERIALIZED VIEW",
        "CREATE SCHEMA",
        "CREATE TABLE AS",
        "ALTER DATABASE",
    ];
    PLAIN.iter().any(|word| tag.starts_with(word)) && !RUN_OTHERS.contains(&tag)
}

fn kept(text: &str) -> Rc<str> {
    let end = text.floor_char_boundary(KEPT);
    let mut kept = secrets::hide(&text[..end]).into_owned();
    if end < text.len() {
        kept.push('…');
    }
    kept.into()
}
