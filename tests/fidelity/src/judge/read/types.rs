//! Types: enums, composite types and domains.

use super::Reader;
use crate::judge::fact::{Address, Fact, State};
use crate::judge::lex::{self, Cursor};
use crate::judge::table::{self, Element};

impl<'a> Reader<'a> {
    pub(super) fn enum_type(&mut self, statement: &str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE TYPE");
        let name = cursor.name()?;
        cursor.take("AS ENUM");
        let labels: Vec<String> = lex::list(cursor.brackets()?).into_iter().map(str::to_owned).collect();
        let address = Address::new("type", name);
        for label in &labels {
            let value = Address::new("enum value", format!("{name} {label}"));
            self.put(value, "", vec![address.clone()]);
        }
        self.dump.facts.insert(address.clone(), Fact::new(State::Labels(labels), vec![]));
        Some(address)
    }

    pub(super) fn composite_type(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE TYPE");
        let name = cursor.name()?;
        cursor.take("AS");
        let attributes =
            table::elements(cursor.brackets()?).into_iter().filter_map(|element| match element {
                Element::Column(column) => Some((column.name.to_owned(), column.kept.into_iter().collect())),
                Element::Constraint { .. } | Element::Other(_) => None,
            });
        self.composites.insert(name, attributes.collect());
        self.put(Address::new("type", name), statement, vec![])
    }

    pub(super) fn domain(&mut self, statement: &str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        if cursor.take("ALTER DOMAIN") {
            // A constraint that is not valid for all values.
            let domain = cursor.name()?;
            cursor.take("ADD CONSTRAINT");
            let name = cursor.name()?;
            return Some(self.domain_constraint(domain, name, cursor.rest()));
        }
        cursor.take("CREATE DOMAIN");
        let name = cursor.name()?;
        let address = self.put(Address::new("type", name), cursor.until(&["CONSTRAINT"]), vec![])?;
        while cursor.take("CONSTRAINT") {
            let constraint = cursor.name()?;
            let definition = cursor.until(&["CONSTRAINT"]);
            if definition == "NOT NULL" {
                self.add_line(&address, &format!("{constraint} NOT NULL"));
            } else {
                self.domain_constraint(name, constraint, definition);
            }
        }
        Some(address)
    }

    fn domain_constraint(&mut self, domain: &str, name: &str, definition: &str) -> Address {
        let address = Address::new("domain constraint", format!("{name} on {domain}"));
        let valid = !definition.ends_with(" NOT VALID");
        let text = definition.trim_end_matches(" NOT VALID").to_owned();
        let fact = Fact::new(State::Constraint { text, valid }, vec![Address::new("type", domain)]);
        self.dump.facts.insert(address.clone(), fact);
        address
    }
}
