//! What an event trigger of the server calls the objects of a change: who looks for the culprit of a change looks for
//! these in what was noted.

use crate::diff::{Object, relation_type};
use crate::model::{Address, Name, Table};

/// A name under which a command that changed an object may have been noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
    /// Of the object, or of what it is a part of.
    pub address: Address,
    /// What the command has to speak of, because much else can happen to what the address names.
    pub speaks_of: Option<String>,
}

/// The object itself first, then what it is a part of: of some changes the server tells no more.
pub(crate) fn noted_as(object: Object) -> Vec<EventName> {
    let own = EventName { address: object.address(), speaks_of: None };
    let part = |address: Address, speaks_of: &str| {
        let part = EventName { address, speaks_of: Some(speaks_of.to_owned()) };
        vec![own.clone(), part]
    };
    match object {
        Object::Column(table, it) => part(address(table), &it.name),
        Object::Default(table, it) => part(Object::Column(table, it).address(), "default"),
        // The server tells of the column.
        Object::NotNull(table, it) => part(Object::Column(table, it).address(), "null"),
        Object::RowSecurity(table) | Object::ForcedRowSecurity(table) => {
            part(address(table), "row level security")
        }
        Object::EnumValue(of, label) => part(Address::new("type", &of.identity), label),
        Object::DomainConstraint(domain, it) => part(Address::new("type", &domain.identity), &it.name),
        Object::Constraint(it) => part(Address::new(it.table_type.as_str(), &it.table_identity), &it.name),
        Object::Index(it) => part(Address::new(it.table_type.as_str(), &it.table_identity), &it.name.name),
        Object::Definition(it) => match (&it.of, &it.name) {
            (Some(of), Some(Name { name, .. })) => part(Address::new(&of.object_type, &of.identity), name),
            // A trigger or a rule is named within its table: "name on table".
            (Some(of), None) => {
                let name = it.identity.split(" on ").next().unwrap_or(&it.identity);
                part(Address::new(&of.object_type, &of.identity), name)
            }
            (None, _) => vec![own],
        },
        Object::Grant(it) => {
            let on = format!("{} {}", it.acl.object_type, it.acl.identity);
            let speaks_of = if it.grantee == "owner" { &it.acl.owner } else { it.grantee }.to_owned();
            vec![EventName { address: Address::new("grant", &on), speaks_of: Some(speaks_of) }]
        }
        Object::Owner(it) => {
            let address = Address::new(it.object_type, it.identity);
            vec![EventName { address, speaks_of: Some("owner".to_owned()) }]
        }
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::Domain(_)
        | Object::Composite(_)
        | Object::Sequence(_)
        | Object::Table(_)
        | Object::Comment(_) => vec![own],
    }
}

fn address(table: &Table) -> Address {
    Address::new(relation_type(table), &table.identity)
}
