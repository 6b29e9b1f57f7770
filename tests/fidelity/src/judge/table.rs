//! The column list of a table, as pg_dump writes it: columns and constraints, and of a column its parts.

use super::lex::{self, Cursor, Sort};

/// What stands between the brackets of CREATE TABLE.
#[derive(Debug, PartialEq, Eq)]
pub enum Element<'a> {
    Column(Column<'a>),
    Constraint {
        name: &'a str,
        definition: &'a str,
    },
    /// Anything else, such as NOT NULL for an inherited column.
    Other(&'a str),
}

/// A column without the order it is in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Column<'a> {
    pub name: &'a str,
    /// Type, collation, generation expression and the like.
    pub kept: Vec<String>,
    pub default: Option<&'a str>,
    /// The constraint as it is said, from PostgreSQL 18 on perhaps with a name.
    pub not_null: Option<String>,
}

/// The words that begin a part of a column.
const PARTS: &[&str] = &["DEFAULT", "GENERATED", "NOT", "COLLATE", "CONSTRAINT", "OPTIONS", "WITH"];

/// What is between the brackets of CREATE TABLE.
pub fn elements(list: &str) -> Vec<Element<'_>> {
    lex::list(list).into_iter().map(element).collect()
}

fn element(text: &str) -> Element<'_> {
    let mut cursor = Cursor::new(text);
    if cursor.take("CONSTRAINT") {
        // A NOT NULL of a column that comes from a parent: `CONSTRAINT name NOT NULL column`.
        return match cursor.name() {
            Some(_) if cursor.take("NOT NULL") => Element::Other(text),
            Some(name) => Element::Constraint { name, definition: cursor.rest() },
            None => Element::Other(text),
        };
    }
    if cursor
        .peek()
        .is_some_and(|word| word.sort == Sort::Word && matches!(word.text, "NOT" | "CHECK" | "LIKE"))
    {
        return Element::Other(text);
    }
    match column(text) {
        Some(column) => Element::Column(column),
        None => Element::Other(text),
    }
}

/// A column: its parts come in an order that differs between versions.
pub fn column(text: &str) -> Option<Column<'_>> {
    let mut cursor = Cursor::new(text);
    let mut column = Column { name: cursor.name()?, ..Column::default() };
    let type_name = cursor.until(PARTS);
    // A column of a typed table is given `WITH OPTIONS`.
    if !type_name.is_empty() {
        column.kept.push(type_name.to_owned());
    }
    while cursor.peek().is_some() {
        if cursor.take("DEFAULT") {
            column.default = Some(cursor.until(&["NOT", "COLLATE", "CONSTRAINT", "OPTIONS"]));
        } else if cursor.take("CONSTRAINT") {
            let name = cursor.name()?;
            if !cursor.take("NOT NULL") {
                return None;
            }
            column.not_null = Some(format!("{name}{}", no_inherit(&mut cursor)));
        } else if cursor.take("NOT NULL") {
            column.not_null = Some(no_inherit(&mut cursor).trim().to_owned());
        } else if cursor.take("WITH OPTIONS") {
            continue;
        } else {
            let word = cursor.next()?;
            let rest = cursor.until(PARTS);
            column.kept.push(format!("{} {rest}", word.text));
        }
    }
    Some(column)
}

fn no_inherit(cursor: &mut Cursor) -> &'static str {
    if cursor.take("NO INHERIT") { " NO INHERIT" } else { "" }
}
