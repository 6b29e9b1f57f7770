//! Privileges: a dump tells how they differ from those that an object is made with, and here they are told in full.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::State;
use super::lex::{self, Cursor};

/// What a role may do: privileges, and whether it may pass them on.
pub type Privileges = BTreeSet<(String, bool)>;

/// One GRANT or REVOKE.
#[derive(Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    grants: bool,
    only_the_option: bool,
    with_option: bool,
    privileges: Vec<&'a str>,
    /// Whether the privileges are a column's: they then carry its name.
    pub column: Option<&'a str>,
    /// `TABLE`, `FUNCTION` and so on; for default privileges `TABLES` and so on.
    pub on: &'a str,
    /// The object as written, nothing for default privileges.
    pub object: &'a str,
    pub grantee: &'a str,
}

/// The words that can stand behind ON.
const KINDS: &[&str] = &[
    "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER",
    "LARGE OBJECT",
    "TABLE",
    "SEQUENCE",
    "FUNCTION",
    "PROCEDURE",
    "ROUTINE",
    "TYPE",
    "DOMAIN",
    "SCHEMA",
    "LANGUAGE",
    "DATABASE",
    "PARAMETER",
    "TABLES",
    "SEQUENCES",
    "FUNCTIONS",
    "ROUTINES",
    "TYPES",
    "SCHEMAS",
];

/// Reads one; nothing where it is something else.
pub fn statement(text: &str) -> Option<Statement<'_>> {
    let mut cursor = Cursor::new(text);
    let grants = cursor.take("GRANT");
    if !grants && !cursor.take("REVOKE") {
        return None;
    }
    let only_the_option = cursor.take("GRANT OPTION FOR");
    let (mut privileges, mut column) = (Vec::new(), None);
    for part in lex::list(cursor.until(&["ON"])) {
        let mut part = Cursor::new(part);
        let privilege = part.until(&[]);
        match privilege.find('(') {
            Some(bracket) => {
                privileges.push(privilege[..bracket].trim());
                column = Some(privilege[bracket + 1..privilege.len() - 1].trim());
            }
            None => privileges.push(privilege),
        }
    }
    cursor.take("ON");
    let on = *KINDS.iter().find(|kind| cursor.take(kind))?;
    let object = cursor.until(&["TO", "FROM"]);
    cursor.next()?;
    let grantee = cursor.name()?;
    let with_option = cursor.take("WITH GRANT OPTION");
    Some(Statement { grants, only_the_option, with_option, privileges, column, on, object, grantee })
}

impl Statement<'_> {
    fn names<'a>(&self, all: &'a [&'a str]) -> Vec<&'a str> {
        all.iter()
            .filter(|name| self.privileges.contains(&"ALL") || self.privileges.contains(name))
            .copied()
            .collect()
    }

    fn apply(&self, privileges: &mut Privileges) {
        for name in self.names(all(self.on, self.column.is_some())) {
            if self.grants {
                privileges.remove(&(name.to_owned(), !self.with_option));
                privileges.insert((name.to_owned(), self.with_option));
            } else {
                let had = privileges.remove(&(name.to_owned(), true))
                    | privileges.remove(&(name.to_owned(), false));
                if self.only_the_option && had {
                    privileges.insert((name.to_owned(), false));
                }
            }
        }
    }
}

/// What each role may do after these statements, which are all about one object, with what it may by default.
pub fn apply<'a>(
    statements: &[Statement<'a>],
    owner: &str,
    defaults: bool,
) -> BTreeMap<&'a str, (Privileges, Privileges)> {
    let mut found: BTreeMap<&str, (Privileges, Privileges)> = BTreeMap::new();
    for statement in statements {
        let (now, _) = found.entry(statement.grantee).or_insert_with(|| {
            let default = if defaults {
                by_default(statement.on, statement.column.is_some(), statement.grantee, owner)
            } else {
                Privileges::new()
            };
            (default.clone(), default)
        });
        statement.apply(now);
    }
    found
}

/// What PUBLIC and the owner may do with an object that nobody granted anything on.
fn by_default(on: &str, of_column: bool, grantee: &str, owner: &str) -> Privileges {
    let names: &[&str] = match (grantee, on) {
        _ if of_column => &[],
        ("PUBLIC", "FUNCTION" | "PROCEDURE" | "ROUTINE" | "FUNCTIONS" | "ROUTINES") => &["EXECUTE"],
        ("PUBLIC", "TYPE" | "DOMAIN" | "LANGUAGE" | "TYPES") => &["USAGE"],
        (grantee, _) if lex::unquoted(grantee) == owner => all(on, false),
        _ => &[],
    };
    names.iter().map(|name| ((*name).to_owned(), false)).collect()
}

/// What ALL stands for. MAINTAIN is there from PostgreSQL 17 on, and never told apart from ALL before.
fn all(on: &str, of_column: bool) -> &'static [&'static str] {
    match on {
        _ if of_column => &["SELECT", "INSERT", "UPDATE", "REFERENCES"],
        "TABLE" | "TABLES" => {
            &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"]
        }
        "SEQUENCE" | "SEQUENCES" => &["SELECT", "UPDATE", "USAGE"],
        "FUNCTION" | "PROCEDURE" | "ROUTINE" | "FUNCTIONS" | "ROUTINES" => &["EXECUTE"],
        "SCHEMA" | "SCHEMAS" => &["USAGE", "CREATE"],
        "DATABASE" => &["CREATE", "TEMPORARY", "CONNECT"],
        "LARGE OBJECT" => &["SELECT", "UPDATE"],
        "PARAMETER" => &["SET", "ALTER SYSTEM"],
        _ => &["USAGE"],
    }
}

/// As the state of a fact.
pub fn state(privileges: Privileges) -> State {
    State::Privileges(privileges)
}
