//! Names as `pg_identify_object` writes them, from names as pg_dump writes them.

use super::lex::{self, Cursor, words};

/// Types that have a name in the grammar: those are never qualified.
const GRAMMAR_TYPES: &[&str] = &[
    "bit",
    "bit varying",
    "boolean",
    "character",
    "character varying",
    "double precision",
    "real",
    "integer",
    "bigint",
    "smallint",
    "numeric",
    "interval",
    "time without time zone",
    "time with time zone",
    "timestamp without time zone",
    "timestamp with time zone",
];

/// A type: pg_dump leaves out pg_catalog.
pub fn type_name(name: &str) -> String {
    let name = name.trim();
    let base = name.trim_end_matches("[]");
    let known = GRAMMAR_TYPES.contains(&base) || words(base).iter().any(|word| word.is("."));
    if known || matches!(base, "NONE" | "*") { name.to_owned() } else { format!("pg_catalog.{name}") }
}

/// The arguments of a function or operator, `*` being no argument. What a function gives back is none by which it is called.
pub fn arguments(list: &str) -> String {
    let is_one = |name: &&str| *name != "*" && !name.starts_with("OUT ");
    let types: Vec<String> = lex::list(list).into_iter().filter(is_one).map(argument).collect();
    types.join(",")
}

/// pg_dump sets ordered-set aggregates' direct and aggregated arguments apart by ORDER BY.
fn argument(text: &str) -> String {
    let text = text.strip_prefix("ORDER BY ").unwrap_or(text);
    let text = text.strip_prefix("VARIADIC ").unwrap_or(text);
    type_name(text)
}

/// A function from its qualified name, and the frame's name, which has the types that it is called with.
pub fn routine(qualified: &str, frame: &str) -> String {
    let raw = lex::unquoted(lex::parts(qualified).1);
    let list = frame.strip_prefix(&raw).unwrap_or(frame).trim();
    let list = list.strip_prefix('(').and_then(|list| list.strip_suffix(')')).unwrap_or(list);
    format!("{qualified}({})", arguments(list))
}

/// `(a AS b)` of a cast.
pub fn cast(text: &str) -> String {
    let mut cursor = Cursor::new(text);
    let source = cursor.until(&["AS"]);
    cursor.take("AS");
    format!("({} AS {})", type_name(source), type_name(cursor.rest()))
}

/// `name` and `table` of `name on table`.
pub fn named_on(identity: &str) -> Option<(&str, &str)> {
    let mut cursor = Cursor::new(identity);
    let name = cursor.name()?;
    cursor.next()?;
    Some((name, cursor.rest()))
}

/// `s.t` and `c` of `s.t.c`.
pub fn column_of(identity: &str) -> Option<(&str, &str)> {
    let (table, column) = lex::parts(identity);
    Some((table?, column))
}
