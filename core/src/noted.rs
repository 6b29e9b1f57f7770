//! What an event trigger of the server calls the objects of a change: who looks for the culprit of a change looks for
//! these in what was noted.

use crate::diff::{Aspect, Change, Difference, Object, relation_type};
use crate::model::{Address, Name, Table};
use crate::quote;

/// A name under which a command that changed an object may have been noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
    /// Of the object, or of what it is a part of.
    pub address: Address,
    /// What the command has to speak of, because much else can happen to what the address names.
    pub speaks_of: Option<String>,
    /// If it is known what a command did to what the address names, the words for what can have made the difference.
    pub did: Vec<&'static str>,
}

impl EventName {
    /// The name of the object itself, where any command on it can have made the difference.
    pub fn own(address: Address) -> Self {
        Self { address, speaks_of: None, did: Vec::new() }
    }
}

/// The object itself first, then what it is a part of: of some changes the server tells no more.
pub(crate) fn noted_as(change: &Change) -> Vec<EventName> {
    let object = change.object();
    let did = can_have_made(change);
    let own = EventName { did: did.clone(), ..EventName::own(object.address()) };
    let part = |address: Address, speaks_of: &str| {
        let part = EventName { speaks_of: Some(speaks_of.to_owned()), ..EventName::own(address) };
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
        Object::Constraint(it) => {
            let mut names = part(Address::new(it.table_type.as_str(), &it.table_identity), &it.name);
            // Of a key that is made with its column the server tells the index.
            if let Some(schema) = it.table_identity.strip_suffix(&format!(".{}", shown(&it.table.name))) {
                let index = Address::new("index", &format!("{schema}.{}", shown(&it.name)));
                names.insert(1, EventName { did: did.clone(), ..EventName::own(index) });
            }
            let is_enforcement = |of: &Difference| of.what == Aspect::Enforcement;
            if matches!(change, Change::Changed { differences, .. } if differences.iter().any(is_enforcement))
            {
                let tables = [&it.table].into_iter().chain(it.references.iter().map(|to| &to.table));
                let by = |table: &Name| {
                    let shown = format!("{}.{}", shown(&table.schema), shown(&table.name));
                    EventName { did: ENFORCED_BY.to_vec(), ..EventName::own(Address::new("table", &shown)) }
                };
                names.extend(tables.map(by));
            }
            names
        }
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
            vec![EventName { speaks_of: Some(speaks_of), ..EventName::own(Address::new("grant", &on)) }]
        }
        Object::Owner(it) => {
            let address = Address::new(it.object_type, it.identity);
            vec![EventName { speaks_of: Some("owner".to_owned()), ..EventName::own(address) }]
        }
        // ALTER TYPE calls it otherwise than CREATE TYPE does.
        Object::Composite(it) => {
            let address = Address::new("composite type", &it.identity);
            vec![own, EventName { did, ..EventName::own(address) }]
        }
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::Domain(_)
        | Object::Sequence(_)
        | Object::Table(_)
        | Object::Comment(_) => vec![own],
    }
}

/// The words of the log (src/capture/actions.rs) for what can have made a difference. A command without a word, such as CREATE
/// OR REPLACE, can have made any.
fn can_have_made(change: &Change) -> Vec<&'static str> {
    match change {
        Change::Missing(_) => Vec::new(),
        Change::Extra(_) => vec!["add column", "add constraint", "rename", "set schema", "partition"],
        Change::Changed { differences, .. } => {
            differences.iter().flat_map(|of| can_have_altered(of.what)).copied().collect()
        }
    }
}

/// What enforces a constraint are triggers of the tables that it is on.
const ENFORCED_BY: &[&str] = &["state"];

fn can_have_altered(what: Aspect) -> &'static [&'static str] {
    match what {
        Aspect::Schema => &["set schema", "alter"],
        Aspect::Name => &["rename"],
        Aspect::Owner => &["owner"],
        Aspect::Persistence => &["persistence"],
        Aspect::Numbers => &["numbers"],
        Aspect::OwnedBy => &["owned by"],
        Aspect::Partition | Aspect::PartitionKey | Aspect::Attachment => &["partition"],
        Aspect::Parents => &["inherit"],
        Aspect::RowType => &["of"],
        Aspect::Identity => &["identity"],
        Aspect::Type | Aspect::Collation => &["type", "alter"],
        Aspect::Default | Aspect::Generated => &["default", "alter"],
        Aspect::NotNull => &["not null", "alter"],
        Aspect::Parameters | Aspect::Options => &["parameters", "column options", "alter"],
        Aspect::FdwOptions => &["fdw options", "alter"],
        Aspect::ReplicaIdentity => &["replica identity"],
        Aspect::ClusterMark => &["cluster"],
        Aspect::AccessMethod => &["access method"],
        Aspect::Tablespace => &["tablespace"],
        Aspect::Storage | Aspect::Compression => &["column options"],
        Aspect::Statistics => &["column options", "alter"],
        Aspect::Validity | Aspect::NoInherit => &["constraint", "add constraint"],
        Aspect::State => &["state", "alter"],
        // Noted with the tables: see `ENFORCED_BY`.
        Aspect::Enforcement => ENFORCED_BY,
        Aspect::Members => &["alter"],
        // Privileges are told by the words of the command.
        Aspect::Grantor => &[],
        Aspect::Attributes => &["part", "alter"],
        // Of what is not taken apart the definition holds all that.
        Aspect::LabelOrder | Aspect::Table | Aspect::Definition | Aspect::Foreign | Aspect::Text => {
            &["add constraint", "alter", "parameters", "tablespace", "access method", "partition"]
        }
    }
}

/// A name as the server shows it in an identity: quoted if it must be.
fn shown(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain { name.to_owned() } else { quote::ident(name) }
}

fn address(table: &Table) -> Address {
    Address::new(relation_type(table), &table.identity)
}
