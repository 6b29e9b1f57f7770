//! Statements about types.

use crate::diff::join;
use crate::model::{Attribute, Composite, Domain, DomainCheck, Name};
use crate::quote::{bare_literal, ident};

/// Where a new enum label goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    After(String),
    Before(String),
    /// There is no other label.
    Only,
}

impl Position {
    fn sql(&self) -> String {
        match self {
            Position::After(label) => format!(" AFTER {}", bare_literal(label)),
            Position::Before(label) => format!(" BEFORE {}", bare_literal(label)),
            Position::Only => String::new(),
        }
    }
}

pub(super) fn create_enum(name: &Name, labels: &[String]) -> String {
    let labels = labels.iter().map(|label| bare_literal(label));
    format!("CREATE TYPE {} AS ENUM ({})", name.sql(), join(labels))
}

pub(super) fn add_label(name: &Name, label: &str, position: &Position) -> String {
    format!("ALTER TYPE {} ADD VALUE {}{}", name.sql(), bare_literal(label), position.sql())
}

pub(super) fn create_domain(domain: &Domain) -> String {
    let Domain {
        identity: _,
        name,
        owner: _,
        base_type,
        collation,
        default,
        not_null,
        not_null_name,
        checks,
    } = domain;
    let mut sql = format!("CREATE DOMAIN {} AS {base_type}", name.sql());
    if let Some(collation) = collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    match default {
        Some(default) => sql.push_str(&format!(" DEFAULT {default}")),
        // A domain of another one takes that one's default.
        None if base_type.contains('.') => sql.push_str(" DEFAULT NULL"),
        None => {}
    }
    if *not_null {
        let named = not_null_name.iter().map(|name| format!(" CONSTRAINT {}", ident(name)));
        sql.push_str(&format!("{} NOT NULL", named.collect::<String>()));
    }
    // One that is not valid has to be added, see `plan::additive`.
    for DomainCheck { identity: _, name, def, validated: _ } in checks.iter().filter(|check| check.validated)
    {
        sql.push_str(&format!(" CONSTRAINT {} {def}", ident(name)));
    }
    sql
}

pub(super) fn add_domain_check(domain: &Name, name: &str, def: &str) -> String {
    format!("ALTER DOMAIN {} ADD CONSTRAINT {} {def} NOT VALID", domain.sql(), ident(name))
}

pub(super) fn validate_domain_check(domain: &Name, name: &str) -> String {
    format!("ALTER DOMAIN {} VALIDATE CONSTRAINT {}", domain.sql(), ident(name))
}

pub(super) fn create_composite(composite: &Composite) -> String {
    let attributes = composite.attributes.iter().map(attribute_sql);
    format!("CREATE TYPE {} AS ({})", composite.name.sql(), join(attributes))
}

/// What an attribute of a composite type is.
pub(crate) fn attribute_sql(attribute: &Attribute) -> String {
    let Attribute { name, type_name, collation } = attribute;
    match collation {
        Some(collation) => format!("{} {type_name} COLLATE {collation}", ident(name)),
        None => format!("{} {type_name}", ident(name)),
    }
}
