//! What stands on tables: views, indexes, statistics, rules, triggers, policies, and the sequences of columns.

use std::collections::BTreeSet;

use super::{Reader, owner_address, sorted_list};
use crate::judge::fact::{Address, Fact, State};
use crate::judge::lex::{self, Cursor, parts};
use crate::judge::split::Section;

impl<'a> Reader<'a> {
    pub(super) fn view(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE");
        cursor.take("OR REPLACE");
        cursor.take("MATERIALIZED");
        cursor.take("VIEW");
        let address = self.relation(cursor.name()?);
        let mut lines = BTreeSet::from([lex::with_sorted_options(cursor.rest())]);
        lines.extend(section.access_method.map(|method| format!("USING {method}")));
        if address.object_type != "materialized view" {
            lines.retain(|line| !line.starts_with("USING "));
        }
        self.dump.facts.insert(address.clone(), Fact::new(State::Text(lines), vec![]));
        Some(address)
    }

    pub(super) fn index(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        if cursor.take("ALTER INDEX") {
            return self.add_line(&Address::new("index", cursor.name()?), cursor.rest());
        }
        cursor.take("CREATE");
        cursor.take("UNIQUE");
        cursor.take("INDEX");
        let name = cursor.name()?;
        cursor.take("ON");
        cursor.take("ONLY");
        let table = cursor.name()?;
        let qualified = match parts(table).0 {
            Some(schema) => format!("{schema}.{name}"),
            None => name.to_owned(),
        };
        // Whether ONLY is said depends on what is attached, which is compared by itself.
        let text = statement.replacen(" ON ONLY ", " ON ", 1);
        let address = Address::new("index", qualified);
        self.put(address.clone(), &text, vec![self.relation(table)])?;
        if let Some(tablespace) = section.tablespace {
            self.add_line(&address, &format!("TABLESPACE {tablespace}"));
        }
        Some(address)
    }

    pub(super) fn index_attach(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("ALTER INDEX");
        let parent = cursor.name()?.to_owned();
        cursor.take("ATTACH PARTITION");
        let child = cursor.name()?;
        self.attached.push((child.to_owned(), parent));
        Some(Address::new("index", child))
    }

    pub(super) fn statistics(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        let added = cursor.take("CREATE STATISTICS");
        let altered = !added && cursor.take("ALTER STATISTICS");
        let address = Address::new("statistics object", cursor.name()?);
        if altered {
            return self.add_line(&address, cursor.rest());
        }
        cursor.until(&["FROM"]);
        cursor.take("FROM");
        let table = self.relation(cursor.name()?);
        // In the order of the table's columns, which means nothing.
        let sorted = statement.split_once(" ON ").and_then(|(head, rest)| {
            let (columns, table) = rest.rsplit_once(" FROM ")?;
            Some(format!("{head} ON {} FROM {table}", sorted_list(columns)))
        });
        self.put(address, sorted.as_deref().unwrap_or(statement), vec![table])
    }

    pub(super) fn sequence_owned_by(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("ALTER SEQUENCE");
        let address = Address::new("sequence", cursor.name()?);
        self.add_line(&address, cursor.rest())?;
        cursor.take("OWNED BY");
        let (table, column) = parts(cursor.name()?);
        let inside = vec![self.column_address(table?, column), self.relation(table?)];
        let of_table = owner_address(&self.relation(table?));
        self.dump.facts.get_mut(&address)?.inside = inside;
        // It goes with its table from one owner to the next.
        if let Some(owner) = self.dump.facts.get_mut(&owner_address(&address)) {
            owner.above = vec![of_table];
        }
        Some(address)
    }

    /// A rule, a trigger or a policy: its table is behind the first ON, TO of its kind.
    pub(super) fn part_of_table(&mut self, sort: &str, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE");
        cursor.take("CONSTRAINT");
        cursor.take(sort);
        let name = cursor.name()?;
        if sort == "RULE" {
            // `ON event TO table`
            cursor.until(&["TO"]);
            cursor.take("TO");
        } else {
            cursor.until(&["ON"]);
            cursor.take("ON");
        }
        let table = cursor.name()?;
        let address = Address::new(sort.to_lowercase(), format!("{name} on {table}"));
        self.put(address, statement, vec![self.relation(table)])
    }
}
