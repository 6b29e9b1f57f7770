//! Objects that stand by themselves, whose statement says all there is to say.

use super::{Reader, sorted_list};
use crate::judge::fact::Address;
use crate::judge::lex::{self, Cursor};
use crate::judge::names;
use crate::judge::split::Section;

/// Types whose one statement creates an object of one name, which says all there is to say.
const SIMPLE: &[(&str, &str, &str)] = &[
    ("SCHEMA", "CREATE SCHEMA", "schema"),
    ("TYPE", "CREATE TYPE", "type"),
    ("SHELL TYPE", "CREATE TYPE", "type"),
    ("COLLATION", "CREATE COLLATION", "collation"),
    ("ACCESS METHOD", "CREATE ACCESS METHOD", "access method"),
    ("TEXT SEARCH PARSER", "CREATE TEXT SEARCH PARSER", "text search parser"),
    ("TEXT SEARCH TEMPLATE", "CREATE TEXT SEARCH TEMPLATE", "text search template"),
    ("TEXT SEARCH DICTIONARY", "CREATE TEXT SEARCH DICTIONARY", "text search dictionary"),
    ("TEXT SEARCH CONFIGURATION", "CREATE TEXT SEARCH CONFIGURATION", "text search configuration"),
    ("FOREIGN DATA WRAPPER", "CREATE FOREIGN DATA WRAPPER", "foreign-data wrapper"),
    ("SERVER", "CREATE SERVER", "server"),
    ("PUBLICATION", "CREATE PUBLICATION", "publication"),
    ("SUBSCRIPTION", "CREATE SUBSCRIPTION", "subscription"),
    ("SEQUENCE", "CREATE SEQUENCE", "sequence"),
    ("SEQUENCE", "CREATE UNLOGGED SEQUENCE", "sequence"),
    ("EVENT TRIGGER", "CREATE EVENT TRIGGER", "event trigger"),
    ("CONVERSION", "CREATE CONVERSION", "conversion"),
    ("CONVERSION", "CREATE DEFAULT CONVERSION", "conversion"),
];

impl<'a> Reader<'a> {
    pub(super) fn simple(&mut self, sort: &str, statement: &'a str) -> Option<Address> {
        let (_, create, object_type) =
            SIMPLE.iter().find(|(of, create, _)| *of == sort && statement.starts_with(create))?;
        let mut cursor = Cursor::new(statement);
        cursor.take(create);
        let address = Address::new(*object_type, cursor.name()?);
        self.put(address, statement, vec![])
    }

    pub(super) fn routine(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
        let (_, rest) = statement.split_once(' ')?;
        let (_, rest) = rest.split_once(' ')?;
        let name = Cursor::new(rest).name()?;
        let address = Address::new(section.sort.to_lowercase(), names::routine(name, section.name));
        self.put(address, statement, vec![])
    }

    pub(super) fn extension(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE EXTENSION");
        cursor.take("IF NOT EXISTS");
        let address = Address::new("extension", cursor.name()?);
        self.put(address, statement, vec![])
    }

    pub(super) fn publication_table(&mut self, statement: &str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("ALTER PUBLICATION");
        let publication = cursor.name()?;
        cursor.take("ADD TABLE");
        cursor.take("ONLY");
        let table = cursor.name()?;
        let address = Address::new("publication relation", format!("{table} in publication {publication}"));
        let columns = cursor.brackets();
        let sorted = columns.map(|columns| statement.replacen(columns, &sorted_list(columns), 1));
        let statement = sorted.as_deref().unwrap_or(statement);
        self.put(address, statement, vec![Address::new("publication", publication), self.relation(table)])
    }

    pub(super) fn publication_schema(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("ALTER PUBLICATION");
        let publication = cursor.name()?;
        cursor.take("ADD TABLES IN SCHEMA");
        let identity = format!("{} in publication {publication}", cursor.name()?);
        self.put(
            Address::new("publication namespace", identity),
            statement,
            vec![Address::new("publication", publication)],
        )
    }

    pub(super) fn user_mapping(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE USER MAPPING FOR");
        let user = lex::unquoted(cursor.name()?);
        cursor.take("SERVER");
        let server = cursor.name()?;
        let address = Address::new("user mapping", format!("{user} on server {}", lex::unquoted(server)));
        self.put(address, statement, vec![Address::new("server", server)])
    }

    pub(super) fn cast(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE CAST");
        let address = Address::new("cast", names::cast(cursor.brackets()?));
        self.put(address, statement, vec![])
    }

    pub(super) fn transform(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE TRANSFORM FOR");
        let of = names::type_name(cursor.until(&["LANGUAGE"]));
        cursor.take("LANGUAGE");
        let identity = format!("for {of} language {}", cursor.name()?);
        self.put(Address::new("transform", identity), statement, vec![])
    }

    pub(super) fn operator(&mut self, statement: &str) -> Option<Address> {
        let rest = statement.strip_prefix("CREATE OPERATOR ")?;
        let (name, _) = rest.split_once(" (")?;
        let mut cursor = Cursor::new(&rest[name.len()..]);
        let (mut left, mut right) = ("NONE", "NONE");
        for part in lex::list(cursor.brackets()?) {
            match part.split_once(" = ") {
                Some(("LEFTARG", of)) => left = of,
                Some(("RIGHTARG", of)) => right = of,
                _ => {}
            }
        }
        let identity = format!("{name}({},{})", names::type_name(left), names::type_name(right));
        self.put(Address::new("operator", identity), statement, vec![])
    }

    /// An operator family or an operator class, by the section's `sort`.
    pub(super) fn operators(&mut self, sort: &str, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("CREATE");
        cursor.take(sort);
        let name = cursor.name()?;
        cursor.until(&["USING"]);
        cursor.take("USING");
        let identity = format!("{name} USING {}", cursor.name()?);
        self.put(Address::new(sort.to_lowercase(), identity), statement, vec![])
    }

    pub(super) fn language(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.until(&["LANGUAGE"]);
        cursor.take("LANGUAGE");
        let address = Address::new("language", cursor.name()?);
        self.put(address, statement, vec![])
    }
}
