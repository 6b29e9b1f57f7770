//! What is printed. Results go to stdout, as text or as one JSON document; everything that is said on the way goes to
//! stderr. The modules below make text and do not print it, so that it can be tested.

pub mod adopt;
pub mod conflicts;
pub mod drift;
pub mod fleet;
pub mod ground;
pub mod hasura;
pub mod heal;
pub mod migrate;
pub mod rehearsal;
pub mod repair;
mod table;
pub mod tenants;
mod wrap;

use std::io::{ErrorKind, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::terminal::messages;

/// Prints a result for a person; the colours in it only on a terminal that wants them.
pub fn text(text: &str) {
    write(anstream::stdout(), text);
}

/// Prints a text for a program.
pub fn plain(text: &str) {
    write(std::io::stdout(), text);
}

/// Prints rows as they came from the server: one JSON array, one row a line.
pub fn json_rows(rows: &[Box<RawValue>]) {
    let rows: Vec<_> = rows.iter().map(|row| row.get()).collect();
    let separator = if rows.is_empty() { "" } else { "\n" };
    write(std::io::stdout(), &format!("[{separator}{}{separator}]\n", rows.join(",\n")));
}

/// Prints one JSON value.
pub fn json(value: &impl Serialize) {
    let text = serde_json::to_string_pretty(value).expect("rows and plain values are always JSON");
    write(std::io::stdout(), &format!("{text}\n"));
}

fn write(mut out: impl Write, text: &str) {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        // The reader has seen enough, as in `nself … | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => messages::note(&format!("the result could not be printed: {error}")),
    }
}
