//! From a dump to what it says. Each kind of statement has a file of its own below.

mod alter_table;
mod comments;
mod ending;
mod objects;
mod on_tables;
mod privileges;
mod tables;
mod types;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fact::{Address, Fact, Facts, State};
use super::lex::{self, Cursor, parts};
use super::names;
use super::order::Orders;
use super::split::{self, Section};

/// A dump that was read.
#[derive(Debug, Default)]
pub struct Dump {
    pub facts: Facts,
    /// Statements that nobody here knows how to read: whatever hangs on them is not judged.
    pub unread: Vec<String>,
    /// Empty until the catalogs are asked.
    pub orders: Orders,
}

/// Reads a dump.
pub fn read(text: &str) -> Dump {
    let sections = split::sections(text);
    let mut reader = Reader::default();
    for section in &sections {
        reader.kinds(section);
    }
    for section in &sections {
        reader.section(section);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader<'a> {
    dump: Dump,
    /// What each relation is, by its name as written.
    relations: HashMap<&'a str, &'static str>,
    /// A function's address by its name with all that its arguments are declared as.
    routines: HashMap<&'a str, Address>,
    /// The tables that a partition or an inheriting table comes from.
    parents: BTreeMap<String, Vec<String>>,
    /// The columns of composite types, which tables can be made of.
    composites: HashMap<&'a str, Vec<(String, BTreeSet<String>)>>,
    /// Columns that have no default, although their parents do.
    without_default: BTreeSet<Address>,
    /// Of those, tables that inherit, of which the dump tells only what is their own.
    inheriting: Vec<(String, String)>,
    /// Indexes' and constraints' parents, by name.
    attached: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    /// The first pass: what relations there are, and how functions are written.
    fn kinds(&mut self, section: &Section<'a>) {
        for statement in &section.statements {
            let mut cursor = Cursor::new(statement);
            if cursor.take("CREATE") {
                cursor.take("UNLOGGED");
                let kind = [
                    ("TABLE", "table"),
                    ("FOREIGN TABLE", "foreign table"),
                    ("VIEW", "view"),
                    ("MATERIALIZED VIEW", "materialized view"),
                    ("SEQUENCE", "sequence"),
                    ("TYPE", "composite type"),
                ]
                .into_iter()
                .find(|(words, _)| cursor.take(words));
                if let (Some((_, kind)), Some(name)) = (kind, cursor.name()) {
                    self.relations.entry(name).or_insert(kind);
                }
            } else if let Some((_, list)) = statement.split_once(" AS IDENTITY (\n")
                && let Some(name) = list.trim_start().strip_prefix("SEQUENCE NAME ")
                && let Some(name) = Cursor::new(name).name()
            {
                self.relations.insert(name, "sequence");
            } else if matches!(section.sort, "FUNCTION" | "PROCEDURE" | "AGGREGATE")
                && let Some((signature, _)) =
                    statement.strip_prefix("ALTER ").and_then(|rest| rest.rsplit_once(" OWNER TO "))
                && let Some((_, signature)) = signature.split_once(' ')
                && let Some(name) = Cursor::new(signature).name()
            {
                let address = Address::new(section.sort.to_lowercase(), names::routine(name, section.name));
                self.routines.insert(signature, address);
            }
        }
    }

    fn section(&mut self, section: &Section<'a>) {
        if section.sort == "ACL" {
            return self.privileges(section);
        }
        let mut first = None;
        for statement in &section.statements {
            if let Some((_, owner)) = owner_of(statement) {
                self.owner(first.as_ref(), owner);
                continue;
            }
            let address = self.statement(section, statement, first.as_ref());
            match address {
                Some(address) => first = first.or(Some(address)),
                None => self.dump.unread.push((*statement).to_owned()),
            }
        }
    }

    /// Whom an object belongs to. What is a part of a table has no owner of its own.
    fn owner(&mut self, of: Option<&Address>, owner: &str) {
        let Some(of) = of.filter(|of| !of.object_type.ends_with(" column")) else { return };
        let fact = Fact::new(State::text(owner), vec![of.clone()]);
        self.dump.facts.insert(owner_address(of), fact);
    }

    /// Reads one statement and says what it is about; nothing where it cannot be read.
    fn statement(
        &mut self,
        section: &Section<'a>,
        statement: &'a str,
        first: Option<&Address>,
    ) -> Option<Address> {
        if statement.starts_with("ALTER TABLE") || statement.starts_with("ALTER FOREIGN TABLE") {
            return self.alter_table(statement);
        }
        let mut cursor = Cursor::new(statement);
        if cursor.take("COMMENT ON") {
            return self.comment(&mut cursor);
        }
        match section.sort {
            "TABLE" | "FOREIGN TABLE" => self.table(section, statement),
            "VIEW" | "MATERIALIZED VIEW" => self.view(section, statement),
            // A view that needs a constraint is written twice; the second one counts.
            "RULE" if statement.starts_with("CREATE OR REPLACE VIEW") => self.view(section, statement),
            "SEQUENCE OWNED BY" => self.sequence_owned_by(statement),
            "TYPE" if statement.contains(" AS ENUM (") => self.enum_type(statement),
            "TYPE" if statement.contains(" AS (") => self.composite_type(statement),
            "DOMAIN" => self.domain(statement),
            "FUNCTION" | "PROCEDURE" | "AGGREGATE" => self.routine(section, statement),
            "INDEX" => self.index(section, statement),
            "INDEX ATTACH" => self.index_attach(statement),
            "RULE" | "TRIGGER" | "POLICY" => self.part_of_table(section.sort, statement),
            "STATISTICS" => self.statistics(statement),
            "EXTENSION" => self.extension(statement),
            "PUBLICATION TABLE" => self.publication_table(statement),
            "PUBLICATION TABLES IN SCHEMA" => self.publication_schema(statement),
            "USER MAPPING" => self.user_mapping(statement),
            "CAST" => self.cast(statement),
            "TRANSFORM" => self.transform(statement),
            "OPERATOR" => self.operator(statement),
            "OPERATOR FAMILY"
            | "OPERATOR CLASS"
            | "SEQUENCE"
            | "EVENT TRIGGER"
            | "TEXT SEARCH CONFIGURATION"
                if statement.starts_with("ALTER ") =>
            {
                self.add_line(first?, statement)
            }
            "OPERATOR FAMILY" | "OPERATOR CLASS" => self.operators(section.sort, statement),
            "PROCEDURAL LANGUAGE" | "LANGUAGE" => self.language(statement),
            "DEFAULT ACL" => self.default_privileges(section, statement),
            sort => self.simple(sort, statement),
        }
    }

    /// An object whose statement says all; several statements of one object add up.
    fn put(&mut self, address: Address, text: &str, inside: Vec<Address>) -> Option<Address> {
        let fact = Fact::new(State::text(lex::with_sorted_options(text)), inside);
        self.dump.facts.insert(address.clone(), fact);
        Some(address)
    }

    fn add_line(&mut self, address: &Address, line: &str) -> Option<Address> {
        let fact = self
            .dump
            .facts
            .entry(address.clone())
            .or_insert_with(|| Fact::new(State::Text(BTreeSet::new()), vec![]));
        let State::Text(lines) = &mut fact.state else { return None };
        lines.insert(lex::with_sorted_options(line));
        Some(address.clone())
    }

    fn relation(&self, name: &str) -> Address {
        Address::new(self.relations.get(name).copied().unwrap_or("table"), name)
    }

    /// A column of whatever `name` is, with what it is in.
    fn column_address(&self, relation: &str, column: &str) -> Address {
        Address::new(
            format!("{} column", self.relation(relation).object_type),
            format!("{relation}.{column}"),
        )
    }
}

/// A list in an order of its own.
fn sorted_list(list: &str) -> String {
    let mut parts: Vec<_> = lex::list(list).into_iter().map(|part| part.trim().to_owned()).collect();
    parts.sort();
    parts.join(", ")
}

/// An object, and its relation where it is a column: of views the dump has no columns.
fn with_relation(of: Address) -> Vec<Address> {
    let relation = of.object_type.strip_suffix(" column").and_then(|object_type| {
        let (name, _) = parts(&of.identity);
        let object_type = if object_type == "composite type" { "type" } else { object_type };
        Some(Address::new(object_type, name?))
    });
    std::iter::once(of).chain(relation).collect()
}

/// The object and its owner, where a statement says no more than that.
fn owner_of(statement: &str) -> Option<(&str, &str)> {
    let is_one = statement.starts_with("ALTER ")
        && lex::words(statement).windows(2).any(|pair| pair[0].is("OWNER") && pair[1].is("TO"));
    let (of, owner) = statement.rsplit_once(" OWNER TO ").filter(|_| is_one)?;
    Some((of, owner.trim_end_matches(';')))
}

/// As drift names the owner of an object.
fn owner_address(of: &Address) -> Address {
    Address::new("owner", of.to_string())
}
