//! Privileges, and default privileges.

use super::{Reader, with_relation};
use crate::judge::fact::{Address, Fact};
use crate::judge::grants;
use crate::judge::lex::{self, Cursor};
use crate::judge::names;
use crate::judge::split::Section;

impl<'a> Reader<'a> {
    pub(super) fn privileges(&mut self, section: &Section<'a>) {
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

    pub(super) fn default_privileges(
        &mut self,
        section: &Section<'a>,
        statement: &'a str,
    ) -> Option<Address> {
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
}
