//! Comments.

use super::{Reader, with_relation};
use crate::judge::fact::{Address, State};
use crate::judge::lex::{Cursor, parts};
use crate::judge::names;

/// Objects whose name is all of their address.
const PLAIN: &[(&str, &str)] = &[
    ("TABLE", "table"),
    ("FOREIGN TABLE", "foreign table"),
    ("VIEW", "view"),
    ("MATERIALIZED VIEW", "materialized view"),
    ("SEQUENCE", "sequence"),
    ("INDEX", "index"),
    ("TYPE", "type"),
    ("DOMAIN", "type"),
    ("SCHEMA", "schema"),
    ("EXTENSION", "extension"),
    ("COLLATION", "collation"),
    ("CONVERSION", "conversion"),
    ("STATISTICS", "statistics object"),
    ("TEXT SEARCH CONFIGURATION", "text search configuration"),
    ("TEXT SEARCH DICTIONARY", "text search dictionary"),
    ("TEXT SEARCH PARSER", "text search parser"),
    ("TEXT SEARCH TEMPLATE", "text search template"),
    ("FOREIGN DATA WRAPPER", "foreign-data wrapper"),
    ("SERVER", "server"),
    ("PUBLICATION", "publication"),
    ("EVENT TRIGGER", "event trigger"),
    ("ACCESS METHOD", "access method"),
    ("LANGUAGE", "language"),
    ("PROCEDURAL LANGUAGE", "language"),
];

/// Objects that have a name of their own on each table.
const ON_TABLE: &[(&str, &str)] = &[("TRIGGER", "trigger"), ("RULE", "rule"), ("POLICY", "policy")];

/// Objects that have a name of their own for each access method.
const OF_METHOD: &[(&str, &str)] =
    &[("OPERATOR FAMILY", "operator family"), ("OPERATOR CLASS", "operator class")];

impl<'a> Reader<'a> {
    pub(super) fn comment(&mut self, cursor: &mut Cursor<'a>) -> Option<Address> {
        let of = self.commented(cursor)?;
        cursor.until(&["IS"]);
        let text = cursor.rest();
        let address = Address::new("comment", of.to_string());
        let inside = with_relation(of);
        self.put(address, text, inside)
    }

    /// What a comment is on.
    fn commented(&self, cursor: &mut Cursor<'a>) -> Option<Address> {
        if let Some((_, object_type)) = PLAIN.iter().find(|(words, _)| cursor.take(words)) {
            return Some(Address::new(*object_type, cursor.name()?));
        }
        if cursor.take("COLUMN") {
            let (relation, column) = parts(cursor.name()?);
            return Some(self.column_address(relation?, column));
        }
        if cursor.take("CONSTRAINT") {
            let name = cursor.name()?;
            cursor.take("ON");
            let object_type = if cursor.take("DOMAIN") { "domain constraint" } else { "table constraint" };
            return Some(Address::new(object_type, format!("{name} on {}", cursor.name()?)));
        }
        if let Some((_, object_type)) = ON_TABLE.iter().find(|(words, _)| cursor.take(words)) {
            let name = cursor.name()?;
            cursor.take("ON");
            return Some(Address::new(*object_type, format!("{name} on {}", cursor.name()?)));
        }
        if ["FUNCTION", "PROCEDURE", "AGGREGATE"].iter().any(|words| cursor.take(words)) {
            let signature = cursor.until(&["IS"]);
            return self.routines.get(signature).cloned();
        }
        if let Some((_, object_type)) = OF_METHOD.iter().find(|(words, _)| cursor.take(words)) {
            let name = cursor.name()?;
            cursor.take("USING");
            return Some(Address::new(*object_type, format!("{name} USING {}", cursor.name()?)));
        }
        if cursor.take("OPERATOR") {
            let text = cursor.until(&["IS"]);
            let (name, list) = text.split_once(" (")?;
            let identity = format!("{name}({})", names::arguments(list.trim_end_matches(')')));
            return Some(Address::new("operator", identity));
        }
        if cursor.take("CAST") {
            return Some(Address::new("cast", names::cast(cursor.brackets()?)));
        }
        if cursor.take("TRANSFORM FOR") {
            let of = names::type_name(cursor.until(&["LANGUAGE"]));
            cursor.take("LANGUAGE");
            return Some(Address::new("transform", format!("for {of} language {}", cursor.name()?)));
        }
        None
    }

    /// From PostgreSQL 18 on a NOT NULL is a constraint that can have a comment, which goes with it.
    pub(super) fn comments_on_not_null(&mut self) {
        let mut found = Vec::new();
        for (address, fact) in self.dump.facts.iter().filter(|(address, _)| address.object_type == "comment")
        {
            let Some(of) = fact.inside.first() else { continue };
            if of.object_type != "table constraint" || self.dump.facts.contains_key(of) {
                continue;
            }
            let Some((name, table)) = names::named_on(&of.identity) else { continue };
            let not_null = self.dump.facts.iter().find(|(address, fact)| {
                address.object_type == "not null"
                    && parts(&address.identity).0 == Some(table)
                    && matches!(&fact.state, State::Constraint { text, .. } if text.split(' ').next() == Some(name))
            });
            let container = not_null.map_or_else(|| self.relation(table), |(not_null, _)| not_null.clone());
            found.push((address.clone(), container));
        }
        for (address, container) in found {
            if let Some(fact) = self.dump.facts.get_mut(&address) {
                fact.inside.push(container);
            }
        }
    }

    /// The index of a constraint and the sequence of an identity column are no objects of the dump, but can have comments,
    /// which go with what they belong to.
    pub(super) fn comments_on_parts(&mut self) {
        let mut found = Vec::new();
        for (address, fact) in self.dump.facts.iter().filter(|(address, _)| address.object_type == "comment")
        {
            let Some(of) = fact.inside.first().filter(|of| !self.dump.facts.contains_key(of)) else {
                continue;
            };
            let (Some(schema), name) = parts(&of.identity) else { continue };
            let sequence = format!("SEQUENCE NAME {}", of.identity);
            let whole = self.dump.facts.iter().find(|(address, fact)| match of.object_type.as_str() {
                "index" => {
                    address.object_type == "table constraint"
                        && address.identity.starts_with(&format!("{name} on {schema}."))
                }
                "sequence" => {
                    address.object_type == "table column"
                        && matches!(&fact.state, State::Text(lines)
                                    if lines.iter().any(|line| line.contains(&sequence)))
                }
                _ => false,
            });
            found.extend(whole.map(|(whole, _)| (address.clone(), whole.clone())));
        }
        for (address, whole) in found {
            if let Some(fact) = self.dump.facts.get_mut(&address) {
                fact.inside.push(whole);
            }
        }
    }
}
