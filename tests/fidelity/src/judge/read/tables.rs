//! Tables, with their columns and constraints.

use std::collections::BTreeSet;

use super::Reader;
use crate::judge::fact::{Address, Fact, State};
use crate::judge::lex::{self, Cursor};
use crate::judge::split::Section;
use crate::judge::table::{self, Element};

impl<'a> Reader<'a> {
    pub(super) fn table(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE");
        let unlogged = cursor.take("UNLOGGED");
        cursor.take("FOREIGN");
        cursor.take("TABLE");
        let name = cursor.name()?;
        let address = self.relation(name);
        let mut lines = BTreeSet::new();
        if unlogged {
            lines.insert("UNLOGGED".to_owned());
        }
        if cursor.take("OF") {
            let of = cursor.name()?;
            lines.insert(format!("OF {of}"));
            // The dump names only the columns that have something more.
            for (column, text) in self.composites.get(of).cloned().unwrap_or_default() {
                let fact = Fact::new(State::Text(text), vec![address.clone()]);
                self.dump.facts.insert(self.column_address(name, &column), fact);
            }
        }
        let list = cursor.brackets().unwrap_or_default();
        let rest = cursor.rest();
        if cursor.take("INHERITS") {
            for parent in lex::list(cursor.brackets()?) {
                self.parents.entry(name.to_owned()).or_default().push(parent.to_owned());
                self.inheriting.push((name.to_owned(), parent.to_owned()));
            }
        }
        if !rest.is_empty() {
            lines.insert(lex::with_sorted_options(rest));
        }
        lines.extend(section.access_method.map(|method| format!("USING {method}")));
        lines.extend(section.tablespace.map(|tablespace| format!("TABLESPACE {tablespace}")));
        self.dump.facts.insert(address.clone(), Fact::new(State::Text(lines), vec![]));
        for element in table::elements(list) {
            match element {
                Element::Column(column) => self.column(name, column),
                Element::Constraint { name: constraint, definition } => {
                    self.constraint(name, constraint, definition);
                }
                Element::Other(text) => {
                    // `CONSTRAINT name NOT NULL column`, of a column that comes from a parent.
                    let mut cursor = Cursor::new(text);
                    let named = if cursor.take("CONSTRAINT") { cursor.name() } else { None };
                    if !cursor.take("NOT NULL") {
                        return None;
                    }
                    let column = cursor.name()?;
                    let text = format!("{} {}", named.unwrap_or_default(), cursor.rest());
                    self.not_null(name, column, text.trim());
                }
            }
        }
        Some(address)
    }

    fn column(&mut self, table: &str, column: table::Column) {
        let address = self.column_address(table, column.name);
        let fact = Fact::new(State::Text(column.kept.into_iter().collect()), vec![self.relation(table)]);
        self.dump.facts.entry(address).or_insert(fact);
        if let Some(default) = column.default {
            self.default_value(table, column.name, default);
        }
        if let Some(text) = column.not_null {
            self.not_null(table, column.name, &text);
        }
    }

    pub(super) fn default_value(&mut self, table: &str, column: &str, text: &str) {
        let address = Address::new("default value", format!("for {table}.{column}"));
        // Said of a table that inherits; nowhere else is it kept. With a length the server keeps it, and it says the same.
        if text == "NULL" || text.starts_with("NULL::") {
            self.without_default.insert(address);
            return;
        }
        let inside = vec![self.column_address(table, column), self.relation(table)];
        let fact = Fact::new(State::text(text), inside);
        self.dump.facts.insert(address, fact);
    }

    /// `text` has the constraint's name and NO INHERIT, where they are said.
    pub(super) fn not_null(&mut self, table: &str, column: &str, text: &str) {
        let valid = !text.ends_with("NOT VALID");
        let text = text.trim_end_matches("NOT VALID").trim().to_owned();
        let inside = vec![self.column_address(table, column), self.relation(table)];
        let fact = Fact::new(State::Constraint { text, valid }, inside);
        self.dump.facts.insert(Address::new("not null", format!("{table}.{column}")), fact);
    }

    pub(super) fn constraint(&mut self, table: &str, name: &str, definition: &str) -> Address {
        let address = Address::new("table constraint", format!("{name} on {table}"));
        let valid = !definition.ends_with(" NOT VALID");
        let text = definition.trim_end_matches(" NOT VALID").to_owned();
        let fact = Fact::new(State::Constraint { text, valid }, vec![self.relation(table)]);
        self.dump.facts.insert(address.clone(), fact);
        address
    }
}
