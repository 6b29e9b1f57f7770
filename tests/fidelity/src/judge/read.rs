//! From a dump to what it says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fact::{Address, Fact, Facts, State};
use super::grants;
use super::lex::{self, Cursor, parts};
use super::names;
use super::split::{self, Section};
use super::table::{self, Element};

/// A dump that was read.
#[derive(Debug, Default)]
pub struct Dump {
    pub facts: Facts,
    /// Statements that nobody here knows how to read: whatever hangs on them is not judged.
    pub unread: Vec<String>,
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
            if is_owner(statement) {
                continue;
            }
            let address = self.statement(section, statement, first.as_ref());
            match address {
                Some(address) => first = first.or(Some(address)),
                None => self.dump.unread.push((*statement).to_owned()),
            }
        }
    }

    /// Reads one statement and says what it is about; nothing where it cannot be read.
    fn statement(
        &mut self,
        section: &Section<'a>,
        statement: &'a str,
        first: Option<&Address>,
    ) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        if statement.starts_with("ALTER TABLE") || statement.starts_with("ALTER FOREIGN TABLE") {
            return self.alter_table(statement);
        }
        if cursor.take("COMMENT ON") {
            return self.comment(&mut cursor);
        }
        match section.sort {
            "TABLE" | "FOREIGN TABLE" => self.table(section, statement),
            "VIEW" | "MATERIALIZED VIEW" => self.view(section, statement),
            // A view that needs a constraint is written twice; the second one counts.
            "RULE" if statement.starts_with("CREATE OR REPLACE VIEW") => self.view(section, statement),
            "SEQUENCE OWNED BY" => {
                cursor.take("ALTER SEQUENCE");
                let address = Address::new("sequence", cursor.name()?);
                self.add_line(&address, cursor.rest())?;
                cursor.take("OWNED BY");
                let (table, column) = parts(cursor.name()?);
                let inside = vec![self.column_address(table?, column), self.relation(table?)];
                self.dump.facts.get_mut(&address)?.inside = inside;
                Some(address)
            }
            "TYPE" if statement.contains(" AS ENUM (") => self.enum_type(statement),
            "TYPE" if statement.contains(" AS (") => {
                cursor.take("CREATE TYPE");
                let name = cursor.name()?;
                cursor.take("AS");
                let attributes =
                    table::elements(cursor.brackets()?).into_iter().filter_map(|element| match element {
                        Element::Column(column) => {
                            Some((column.name.to_owned(), column.kept.into_iter().collect()))
                        }
                        Element::Constraint { .. } | Element::Other(_) => None,
                    });
                self.composites.insert(name, attributes.collect());
                self.put(Address::new("type", name), statement, vec![])
            }
            "DOMAIN" => self.domain(statement),
            "FUNCTION" | "PROCEDURE" | "AGGREGATE" => {
                let (_, rest) = statement.split_once(' ')?;
                let (_, rest) = rest.split_once(' ')?;
                let name = Cursor::new(rest).name()?;
                let address = Address::new(section.sort.to_lowercase(), names::routine(name, section.name));
                self.put(address, statement, vec![])
            }
            "INDEX" => self.index(section, statement),
            "INDEX ATTACH" => {
                cursor.take("ALTER INDEX");
                let parent = cursor.name()?.to_owned();
                cursor.take("ATTACH PARTITION");
                let child = cursor.name()?;
                self.attached.push((child.to_owned(), parent));
                Some(Address::new("index", child))
            }
            "RULE" | "TRIGGER" | "POLICY" => self.part_of_table(section.sort, statement),
            "STATISTICS" => {
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
            "EXTENSION" => {
                cursor.take("CREATE EXTENSION");
                cursor.take("IF NOT EXISTS");
                let address = Address::new("extension", cursor.name()?);
                self.put(address, statement, vec![])
            }
            "PUBLICATION TABLE" => self.publication_table(statement),
            "PUBLICATION TABLES IN SCHEMA" => {
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
            "USER MAPPING" => {
                cursor.take("CREATE USER MAPPING FOR");
                let user = lex::unquoted(cursor.name()?);
                cursor.take("SERVER");
                let server = cursor.name()?;
                let address =
                    Address::new("user mapping", format!("{user} on server {}", lex::unquoted(server)));
                self.put(address, statement, vec![Address::new("server", server)])
            }
            "CAST" => {
                cursor.take("CREATE CAST");
                let address = Address::new("cast", names::cast(cursor.brackets()?));
                self.put(address, statement, vec![])
            }
            "TRANSFORM" => {
                cursor.take("CREATE TRANSFORM FOR");
                let of = names::type_name(cursor.until(&["LANGUAGE"]));
                cursor.take("LANGUAGE");
                let identity = format!("for {of} language {}", cursor.name()?);
                self.put(Address::new("transform", identity), statement, vec![])
            }
            "OPERATOR" => self.operator(statement),
            "OPERATOR FAMILY" | "OPERATOR CLASS" => {
                if statement.starts_with("ALTER ") {
                    return self.add_line(first?, statement);
                }
                cursor.take("CREATE");
                cursor.take(section.sort);
                let name = cursor.name()?;
                cursor.until(&["USING"]);
                cursor.take("USING");
                let identity = format!("{name} USING {}", cursor.name()?);
                self.put(Address::new(section.sort.to_lowercase(), identity), statement, vec![])
            }
            "PROCEDURAL LANGUAGE" | "LANGUAGE" => {
                cursor.until(&["LANGUAGE"]);
                cursor.take("LANGUAGE");
                let address = Address::new("language", cursor.name()?);
                self.put(address, statement, vec![])
            }
            "DEFAULT ACL" => self.default_privileges(section, statement),
            "SEQUENCE" | "EVENT TRIGGER" | "TEXT SEARCH CONFIGURATION" if statement.starts_with("ALTER ") => {
                self.add_line(first?, statement)
            }
            sort => {
                let (_, create, object_type) =
                    SIMPLE.iter().find(|(of, create, _)| *of == sort && statement.starts_with(create))?;
                cursor.take(create);
                let address = Address::new(*object_type, cursor.name()?);
                self.put(address, statement, vec![])
            }
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

    fn table(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
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

    fn default_value(&mut self, table: &str, column: &str, text: &str) {
        let address = Address::new("default value", format!("for {table}.{column}"));
        // Said of a table that inherits; nowhere else is it kept.
        if text == "NULL" {
            self.without_default.insert(address);
            return;
        }
        let inside = vec![self.column_address(table, column), self.relation(table)];
        let fact = Fact::new(State::text(text), inside);
        self.dump.facts.insert(address, fact);
    }

    /// `text` has the constraint's name and NO INHERIT, where they are said.
    fn not_null(&mut self, table: &str, column: &str, text: &str) {
        let valid = !text.ends_with("NOT VALID");
        let text = text.trim_end_matches("NOT VALID").trim().to_owned();
        let inside = vec![self.column_address(table, column), self.relation(table)];
        let fact = Fact::new(State::Constraint { text, valid }, inside);
        self.dump.facts.insert(Address::new("not null", format!("{table}.{column}")), fact);
    }

    fn constraint(&mut self, table: &str, name: &str, definition: &str) -> Address {
        let address = Address::new("table constraint", format!("{name} on {table}"));
        let valid = !definition.ends_with(" NOT VALID");
        let text = definition.trim_end_matches(" NOT VALID").to_owned();
        let fact = Fact::new(State::Constraint { text, valid }, vec![self.relation(table)]);
        self.dump.facts.insert(address.clone(), fact);
        address
    }

    fn alter_table(&mut self, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("ALTER");
        cursor.take("FOREIGN");
        cursor.take("TABLE");
        cursor.take("ONLY");
        let table = cursor.name()?;
        let address = self.relation(table);
        let rest = cursor.rest();
        if cursor.take("ADD CONSTRAINT") {
            let name = cursor.name()?;
            if cursor.take("NOT NULL") {
                let column = cursor.name()?;
                let text = format!("{name} {}", cursor.rest());
                self.not_null(table, column, text.trim());
                return Some(Address::new("not null", format!("{table}.{column}")));
            }
            let definition = cursor.rest();
            return Some(self.constraint(table, name, definition));
        }
        if cursor.take("ATTACH PARTITION") {
            let partition = cursor.name()?;
            self.parents.entry(partition.to_owned()).or_default().push(table.to_owned());
            let line = format!("PARTITION OF {table} {}", cursor.rest());
            let partition = self.relation(partition);
            self.add_line(&partition, &line);
            if let Some(fact) = self.dump.facts.get_mut(&partition) {
                fact.partition_of = Some(address);
            }
            return Some(partition);
        }
        if cursor.take("ALTER COLUMN") {
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
            if let Some(fact) = self.dump.facts.get_mut(&of).filter(|fact| fact.inside.is_empty()) {
                fact.inside.push(address);
            }
            return Some(of);
        }
        if rest == "ENABLE ROW LEVEL SECURITY" || rest == "FORCE ROW LEVEL SECURITY" {
            let object_type = if rest.starts_with("FORCE") { "forced row security" } else { "row security" };
            return self.put(Address::new(object_type, table), "", vec![address]);
        }
        let state = ["ENABLE REPLICA", "ENABLE ALWAYS", "ENABLE", "DISABLE"]
            .into_iter()
            .find(|word| cursor.take(word));
        if let Some(state) = state {
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
                let mut fact = Fact::new(State::text(state), vec![address]);
                fact.absent = Some(State::text("ENABLE"));
                self.dump.facts.insert(of.clone(), fact);
                return Some(of);
            }
            return self.add_line(&of, state);
        }
        // Of the table itself: REPLICA IDENTITY, CLUSTER ON, SET ACCESS METHOD.
        self.add_line(&address, rest)
    }

    fn view(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
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

    fn enum_type(&mut self, statement: &str) -> Option<Address> {
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

    fn domain(&mut self, statement: &str) -> Option<Address> {
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

    fn index(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
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

    /// A rule, a trigger or a policy: its table is behind the first ON, TO of its kind.
    fn part_of_table(&mut self, sort: &str, statement: &'a str) -> Option<Address> {
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

    fn publication_table(&mut self, statement: &str) -> Option<Address> {
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

    fn operator(&mut self, statement: &str) -> Option<Address> {
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

    fn comment(&mut self, cursor: &mut Cursor<'a>) -> Option<Address> {
        let of = self.commented(cursor)?;
        cursor.until(&["IS"]);
        let text = cursor.rest();
        let address = Address::new("comment", of.to_string());
        let inside = with_relation(of);
        self.put(address, text, inside)
    }

    /// What a comment is on.
    fn commented(&mut self, cursor: &mut Cursor<'a>) -> Option<Address> {
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
        for (words, object_type) in [("TRIGGER", "trigger"), ("RULE", "rule"), ("POLICY", "policy")] {
            if cursor.take(words) {
                let name = cursor.name()?;
                cursor.take("ON");
                return Some(Address::new(object_type, format!("{name} on {}", cursor.name()?)));
            }
        }
        for words in ["FUNCTION", "PROCEDURE", "AGGREGATE"] {
            if cursor.take(words) {
                let signature = cursor.until(&["IS"]);
                return self.routines.get(signature).cloned();
            }
        }
        for (words, object_type) in
            [("OPERATOR FAMILY", "operator family"), ("OPERATOR CLASS", "operator class")]
        {
            if cursor.take(words) {
                let name = cursor.name()?;
                cursor.take("USING");
                return Some(Address::new(object_type, format!("{name} USING {}", cursor.name()?)));
            }
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

    fn privileges(&mut self, section: &Section<'a>) {
        let mut statements = Vec::new();
        for text in &section.statements {
            match grants::statement(text) {
                Some(statement) => statements.push(statement),
                None => self.dump.unread.push((*text).to_owned()),
            }
        }
        let Some(first) = statements.first() else { return };
        let of = match (first.on, first.column) {
            ("TABLE" | "SEQUENCE", None) => self.relation(first.object),
            ("TABLE" | "SEQUENCE", Some(column)) => self.column_address(first.object, column),
            ("FUNCTION" | "PROCEDURE" | "ROUTINE", _) => match self.routines.get(first.object) {
                Some(address) => address.clone(),
                None => {
                    let Some((sort, frame)) = section.name.split_once(' ') else { return };
                    let Some(name) = Cursor::new(first.object).name() else { return };
                    let identity = names::routine(name, frame);
                    // An aggregate whose arguments have an order, which its privileges do not say; else a member of an
                    // extension, or one of the server's own.
                    let known = self.routines.values().find(|address| address.identity == identity);
                    known.cloned().unwrap_or_else(|| Address::new(sort.to_lowercase(), identity))
                }
            },
            ("TYPE" | "DOMAIN", _) => Address::new("type", first.object),
            ("FOREIGN DATA WRAPPER", _) => Address::new("foreign-data wrapper", first.object),
            ("FOREIGN SERVER", _) => Address::new("server", first.object),
            (other, _) => Address::new(other.to_lowercase(), first.object),
        };
        self.grants(&of, &statements, section.owner, true, with_relation(of.clone()));
    }

    fn grants(
        &mut self,
        of: &Address,
        statements: &[grants::Statement<'a>],
        owner: &str,
        defaults: bool,
        inside: Vec<Address>,
    ) {
        for (grantee, (now, default)) in grants::apply(statements, owner, defaults) {
            if now == default {
                continue;
            }
            let name = if lex::unquoted(grantee) == owner { "owner" } else { grantee };
            let mut fact = Fact::new(grants::state(now), inside.clone());
            fact.absent = Some(grants::state(default));
            self.dump.facts.insert(Address::new("grant", format!("{name} on {of}")), fact);
        }
    }

    fn default_privileges(&mut self, section: &Section<'a>, statement: &'a str) -> Option<Address> {
        let mut cursor = Cursor::new(statement);
        cursor.take("ALTER DEFAULT PRIVILEGES FOR ROLE");
        let role = cursor.name()?;
        let schema = if cursor.take("IN SCHEMA") { cursor.name() } else { None };
        let said = grants::statement(cursor.rest())?;
        let within = schema.map(|schema| format!(" in schema {schema}")).unwrap_or_default();
        let identity = format!("for role {role}{within} on {}", said.on.to_lowercase());
        let of = Address::new("default acl", identity);
        // A section has all statements of one default acl, and each is read with those before it.
        let all: Vec<_> = section
            .statements
            .iter()
            .filter_map(|text| text.find("GRANT ").or(text.find("REVOKE ")).map(|at| &text[at..]))
            .filter_map(grants::statement)
            .collect();
        let inside = schema.map(|schema| Address::new("schema", schema)).filter(|of| of.identity != "public");
        // Those of a schema are added to the ones for all schemas, which start with what objects are made with.
        self.grants(&of, &all, section.owner, schema.is_none(), inside.into_iter().collect());
        Some(of)
    }

    /// A table that inherits has its parents' columns and checks, which the dump does not repeat.
    fn inherit(&mut self) {
        loop {
            let mut found: Facts = BTreeMap::new();
            for (child, parent) in &self.inheriting {
                for (address, fact) in &self.dump.facts {
                    let Some((before, of, behind)) = inheritable(address) else { continue };
                    let own = Address::new(address.object_type.as_str(), format!("{before}{child}{behind}"));
                    let is_its_own =
                        self.dump.facts.contains_key(&own) || self.without_default.contains(&own);
                    if of == parent && is_inherited(address, fact) && !is_its_own {
                        let rename = |container: &Address| match inheritable(container) {
                            Some((before, _, behind)) => Address::new(
                                container.object_type.as_str(),
                                format!("{before}{child}{behind}"),
                            ),
                            None => self.relation(child),
                        };
                        let inside = fact.inside.iter().map(rename).collect();
                        let mut state = fact.state.clone();
                        if let State::Text(lines) = &mut state {
                            // Numbers come from the parent's own sequence.
                            lines.retain(|line| !line.contains(" AS IDENTITY"));
                        }
                        found.insert(own, Fact::new(state, inside));
                    }
                }
            }
            if found.is_empty() {
                return;
            }
            self.dump.facts.extend(found);
        }
    }

    /// From PostgreSQL 18 on a NOT NULL is a constraint that can have a comment, which goes with it.
    fn comments_on_not_null(&mut self) {
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
    fn comments_on_parts(&mut self) {
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

    /// What is known only at the end of the dump: from where the parts of partitions come.
    fn finish(mut self) -> Dump {
        self.inherit();
        self.comments_on_not_null();
        self.comments_on_parts();
        let facts = &mut self.dump.facts;
        let known: BTreeSet<Address> = facts.keys().cloned().collect();
        for (address, fact) in facts.iter_mut() {
            let Some((before, table, behind)) = inheritable(address) else { continue };
            for parent in self.parents.get(table).into_iter().flatten() {
                let above = Address::new(address.object_type.as_str(), format!("{before}{parent}{behind}"));
                if known.contains(&above) {
                    fact.above.push(above);
                }
            }
        }
        let above: BTreeMap<Address, Address> = (self.attached.iter())
            .filter_map(|(child, parent)| Some((key(&known, child)?, key(&known, parent)?)))
            .collect();
        for (child, parent) in &self.attached {
            let (child, parent) = (key(&known, child), key(&known, parent));
            if let (Some(child), Some(parent)) = (child, parent)
                && let Some(fact) = facts.get_mut(&child)
            {
                fact.above.push(parent.clone());
                fact.named_by_chance = true;
                let Some(table) = fact.inside.first().cloned() else { continue };
                // By the index that somebody made: those between have their names by chance, too.
                let top = top_of(&parent, &above).clone();
                let attached = Address::new("index attachment", format!("{top} of {table}"));
                facts.insert(attached, Fact::new(State::text(""), vec![table, top]));
            }
        }
        self.dump
    }
}

/// A list in an order of its own.
fn sorted_list(list: &str) -> String {
    let mut parts: Vec<_> = lex::list(list).into_iter().map(|part| part.trim().to_owned()).collect();
    parts.sort();
    parts.join(", ")
}

/// The index that is attached to no other.
fn top_of<'a>(index: &'a Address, above: &'a BTreeMap<Address, Address>) -> &'a Address {
    let mut top = index;
    while let Some(parent) = above.get(top) {
        top = parent;
    }
    top
}

/// The table of something that a table can have from its parent, with what stands before and behind the table in the
/// identity.
fn inheritable(address: &Address) -> Option<(&str, &str, &str)> {
    let identity = address.identity.as_str();
    let split = |table: &'_ str, start: usize| (start, start + table.len());
    let (start, end) = match address.object_type.as_str() {
        "table column" | "not null" => split(parts(identity).0?, 0),
        "default value" => split(parts(identity.strip_prefix("for ")?).0?, "for ".len()),
        "table constraint" | "trigger" => {
            let (_, table) = names::named_on(identity)?;
            split(table, identity.len() - table.len())
        }
        _ => return None,
    };
    Some((&identity[..start], &identity[start..end], &identity[end..]))
}

/// Whether tables that inherit get it, too: columns with what belongs to them, and checks.
fn is_inherited(address: &Address, fact: &Fact) -> bool {
    match (address.object_type.as_str(), &fact.state) {
        ("table column" | "default value", _) => true,
        ("not null", State::Constraint { text, .. }) => !text.ends_with("NO INHERIT"),
        ("table constraint", State::Constraint { text, .. }) => {
            text.starts_with("CHECK ") && !text.ends_with(" NO INHERIT")
        }
        _ => false,
    }
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

/// An index by its name: it may be a constraint's, whose address has the table in it.
fn key(known: &BTreeSet<Address>, index: &str) -> Option<Address> {
    let plain = Address::new("index", index);
    if known.contains(&plain) {
        return Some(plain);
    }
    let (schema, name) = parts(index);
    let start = format!("{name} on {}.", schema?);
    known.iter().find(|of| of.object_type == "table constraint" && of.identity.starts_with(&start)).cloned()
}

fn is_owner(statement: &str) -> bool {
    statement.starts_with("ALTER ")
        && lex::words(statement).windows(2).any(|pair| pair[0].is("OWNER") && pair[1].is("TO"))
}
