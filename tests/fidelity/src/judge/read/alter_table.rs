//! ALTER TABLE: what the dump says of a table, its columns and its constraints behind the CREATE TABLE.

use super::Reader;
use crate::judge::fact::{Address, Fact, State};
use crate::judge::lex::Cursor;

impl<'a> Reader<'a> {
    pub(super) fn alter_table(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("ALTER");
        cursor.take("FOREIGN");
        cursor.take("TABLE");
        cursor.take("ONLY");
        let table = cursor.name()?;
        let rest = cursor.rest();
        if cursor.take("ADD CONSTRAINT") {
            return self.add_constraint(table, &mut cursor);
        }
        if cursor.take("ATTACH PARTITION") {
            return self.attach_partition(table, &mut cursor);
        }
        if cursor.take("ALTER COLUMN") {
            return self.alter_column(table, &mut cursor);
        }
        let address = self.relation(table);
        if rest == "ENABLE ROW LEVEL SECURITY" || rest == "FORCE ROW LEVEL SECURITY" {
            let object_type = if rest.starts_with("FORCE") { "forced row security" } else { "row security" };
            return self.put(Address::new(object_type, table), "", vec![address]);
        }
        let state = ["ENABLE REPLICA", "ENABLE ALWAYS", "ENABLE", "DISABLE"]
            .into_iter()
            .find(|word| cursor.take(word));
        if let Some(state) = state {
            return self.enable(table, state, &mut cursor);
        }
        // Of the table itself: REPLICA IDENTITY, CLUSTER ON, SET ACCESS METHOD.
        self.add_line(&address, rest)
    }

    fn add_constraint(&mut self, table: &str, cursor: &mut Cursor<'a>) -> Option<Address> {
        let name = cursor.name()?;
        if cursor.take("NOT NULL") {
            let column = cursor.name()?;
            let text = format!("{name} {}", cursor.rest());
            self.not_null(table, column, text.trim());
            return Some(Address::new("not null", format!("{table}.{column}")));
        }
        let definition = cursor.rest();
        Some(self.constraint(table, name, definition))
    }

    fn attach_partition(&mut self, table: &str, cursor: &mut Cursor<'a>) -> Option<Address> {
        let partition = cursor.name()?;
        self.parents.entry(partition.to_owned()).or_default().push(table.to_owned());
        let line = format!("PARTITION OF {table} {}", cursor.rest());
        let partition = self.relation(partition);
        self.add_line(&partition, &line);
        let of = self.relation(table);
        if let Some(fact) = self.dump.facts.get_mut(&partition) {
            fact.partition_of = Some(of);
        }
        Some(partition)
    }

    fn alter_column(&mut self, table: &str, cursor: &mut Cursor<'a>) -> Option<Address> {
        let column = cursor.name()?;
        if cursor.take("SET DEFAULT") {
            let text = cursor.rest();
            self.default_value(table, column, text);
            return Some(Address::new("default value", format!("for {table}.{column}")));
        }
        // Attributes of a column, its identity among them.
        let of = self.column_address(table, column);
        self.add_line(&of, cursor.rest());
        // One that comes from a parent stands in no CREATE TABLE.
        let table = self.relation(table);
        if let Some(fact) = self.dump.facts.get_mut(&of).filter(|fact| fact.inside.is_empty()) {
            fact.inside.push(table);
        }
        Some(of)
    }

    /// Whether a trigger or a rule fires.
    fn enable(&mut self, table: &str, state: &'static str, cursor: &mut Cursor<'a>) -> Option<Address> {
        let object_type = if cursor.take("TRIGGER") {
            "trigger"
        } else if cursor.take("RULE") {
            "rule"
        } else {
            return None;
        };
        let of = Address::new(object_type, format!("{} on {table}", cursor.name()?));
        if !self.dump.facts.contains_key(&of) {
            // A partition's copy of its parent's trigger, which the dump leaves out while it is enabled.
            let mut fact = Fact::new(State::text(state), vec![self.relation(table)]);
            fact.absent = Some(State::text("ENABLE"));
            self.dump.facts.insert(of.clone(), fact);
            return Some(of);
        }
        self.add_line(&of, state)
    }
}
