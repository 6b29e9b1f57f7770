//! What an event trigger of the server calls the objects of a change: who looks for the culprit of a change looks for
//! these in what was noted.

use crate::diff::{Aspect, Change, Object, relation_type};
use crate::model::{Address, Constraint, Name, Table};
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

/// What event triggers called an object before it, or its part, was renamed; nothing of what was not renamed. Names are quoted as
/// the server does it.
pub fn before_rename(name: &str, old: &str, new: &str, is_part: bool) -> Option<String> {
    let of = |types: &[&str]| {
        types.iter().any(|of| name.strip_prefix(of).is_some_and(|rest| rest.starts_with(' ')))
    };
    let (before, behind) = if of(&["table constraint", "domain constraint", "trigger", "rule", "policy"]) {
        name.split_once(&format!(" {new} on "))
            .map(|(before, behind)| (format!("{before} "), format!(" on {behind}")))?
    } else if of(&["function", "procedure", "aggregate"]) {
        name.split_once(&format!(".{new}("))
            .map(|(before, behind)| (format!("{before}."), format!("({behind}")))?
    } else if is_part && !name.split(' ').take(4).any(|word| word == "column") {
        return None;
    } else {
        let before = name.strip_suffix(new).filter(|before| before.ends_with(['.', ' ']))?;
        (before.to_owned(), String::new())
    };
    Some(format!("{before}{old}{behind}"))
}

/// What event triggers called an object before it was moved to another schema, or nothing if it was not.
pub fn before_move(name: &str, old: &str, new: &str) -> Option<String> {
    let (before, behind) = name.split_once(&format!(" {new}."))?;
    Some(format!("{before} {old}.{behind}"))
}

/// The object itself first, then what it is a part of: of some changes the server tells no more.
pub(crate) fn noted_as(change: &Change) -> Vec<EventName> {
    let object = change.object();
    // No command makes the index of a key invalid: somebody wrote into the catalog.
    if matches!(change, Change::Changed { differences, .. } if differences.iter().all(|of| of.what == Aspect::Index))
    {
        return Vec::new();
    }
    let did = can_have_made(change);
    let own = EventName { did: did.clone(), ..EventName::own(object.address()) };
    let part = |address: Address, speaks_of: &str| {
        let part = EventName { speaks_of: Some(speaks_of.to_owned()), ..EventName::own(address) };
        vec![own.clone(), part]
    };
    let mut names = match object {
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
            names.splice(
                1..1,
                index_of(it).map(|index| EventName { did: did.clone(), ..EventName::own(index) }),
            );
            if differs_in(change, Aspect::Enforcement) {
                let referenced = it.references.iter().map(|to| &to.table_identity);
                let tables = [&it.table_identity].into_iter().chain(referenced);
                names.extend(tables.map(|table| EventName {
                    did: ENFORCED_BY.to_vec(),
                    ..EventName::own(Address::new("table", table))
                }));
            }
            names
        }
        Object::Index(it) => part(Address::new(it.table_type.as_str(), &it.table_identity), &it.name.name),
        Object::Definition(it) => match (&it.of, &it.name) {
            (Some(of), Some(Name { name, .. })) => part(Address::new(&of.object_type, &of.identity), name),
            // A trigger or a rule is named within its table: "name on table".
            (Some(of), None) => {
                let name = it.identity.split(" on ").next().unwrap_or(&it.identity);
                let mut names = part(Address::new(&of.object_type, &of.identity), name);
                // They can be switched together.
                if differs_in(change, Aspect::State) {
                    names.extend(["trigger all", "trigger user"].map(|words| EventName {
                        speaks_of: Some(words.to_owned()),
                        ..EventName::own(Address::new(&of.object_type, &of.identity))
                    }));
                }
                names
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
    };
    names.extend(by_its_schema(change));
    names
}

fn differs_in(change: &Change, aspect: Aspect) -> bool {
    matches!(change, Change::Changed { differences, .. } if differences.iter().any(|of| of.what == aspect))
}

/// The word for a command that gave another name to what is missing.
const RENAMED: &str = "renamed";

/// With its schema all that is in it has another name.
fn by_its_schema(change: &Change) -> Option<EventName> {
    let (identity, name) = match change.object() {
        Object::Enum(it) => (&it.identity, &it.name),
        Object::Domain(it) => (&it.identity, &it.name),
        Object::Composite(it) => (&it.identity, &it.name),
        Object::Sequence(it) => (&it.identity, &it.name),
        Object::Table(it) => (&it.identity, &it.name),
        Object::Definition(it) => (&it.identity, it.name.as_ref().filter(|_| it.of.is_none())?),
        _ => return None,
    };
    if matches!(change, Change::Changed { .. }) {
        return None;
    }
    // As the server shows it.
    let shown = [quote::ident(&name.schema), name.schema.clone()];
    let schema = shown.iter().find(|schema| identity.starts_with(&format!("{schema}.")))?;
    let address = Address::new("schema", schema);
    Some(EventName { speaks_of: Some("rename".to_owned()), ..EventName::own(address) })
}

/// The words of the log (src/capture/actions.rs) for what can have made a difference. A command without a word, such as CREATE
/// OR REPLACE, can have made any.
fn can_have_made(change: &Change) -> Vec<&'static str> {
    match change {
        Change::Missing(_) => vec![RENAMED],
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
        Aspect::FdwOptions | Aspect::Foreign => &["fdw options", "alter"],
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
        // By no command.
        Aspect::Index => &[],
        Aspect::Attributes => &["part", "alter"],
        // Of what is not taken apart the definition holds all that.
        Aspect::LabelOrder | Aspect::Table | Aspect::Definition | Aspect::References | Aspect::Text => {
            &["add constraint", "alter", "parameters", "tablespace", "access method", "partition"]
        }
    }
}

/// The index of a key, as an identity. The server quotes what it must, reserved words among it, and has done so in the
/// identities of the key and of its table.
fn index_of(key: &Constraint) -> Option<Address> {
    let table = [quote::ident(&key.table.name), key.table.name.clone()];
    let schema =
        table.iter().find_map(|table| key.table_identity.strip_suffix(table.as_str())?.strip_suffix('.'))?;
    let name = key.identity.strip_suffix(&format!(" on {}", key.table_identity))?;
    Some(Address::new("index", &format!("{schema}.{name}")))
}

fn address(table: &Table) -> Address {
    Address::new(relation_type(table), &table.identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Object;
    use crate::model::ConstraintKind;
    use crate::plan::tests::constraint;

    #[test]
    fn what_was_renamed_is_known_by_the_name_that_it_had() {
        let of = |name: &str, old: &str, new: &str, is_part| before_rename(name, old, new, is_part);
        let whole = |name: &str| of(name, "old", "new", false);
        let part = |name: &str| of(name, "old", "new", true);
        let is = |name: &str| Some(name.to_owned());
        assert_eq!(whole("table public.new"), is("table public.old"));
        assert_eq!(whole("materialized view a.new"), is("materialized view a.old"));
        assert_eq!(whole("schema new"), is("schema old"));
        assert_eq!(of("type public.\"New x\"", "old", "\"New x\"", false), is("type public.old"));
        assert_eq!(whole("function public.new(a.new, integer)"), is("function public.old(a.new, integer)"));
        assert_eq!(part("table constraint new on public.new"), is("table constraint old on public.new"));
        assert_eq!(part("trigger new on public.t"), is("trigger old on public.t"));
        assert_eq!(part("table column public.new.new"), is("table column public.new.old"));
        // The table of the column, which is called as the column is now.
        assert_eq!(part("table public.new"), None);
        assert_eq!(whole("table public.renewed"), None);
        assert_eq!(whole("table public.brand_new"), None);
        assert_eq!(before_move("table new.t", "old", "new"), is("table old.t"));
        assert_eq!(before_move("function new.f(new.t)", "old", "new"), is("function old.f(new.t)"));
    }

    #[test]
    fn a_key_is_found_by_its_index_whatever_it_is_called() {
        let index = |name: &str, table: &str, shown: [&str; 2]| {
            let mut key = constraint(name, table, ConstraintKind::Unique, &["a"], "UNIQUE (a)");
            key.table_identity = format!("public.{}", shown[1]);
            key.identity = format!("{} on {}", shown[0], key.table_identity);
            let names = noted_as(&Change::Missing(Object::Constraint(&key)));
            names[1].address.identity.clone()
        };
        assert_eq!(index("t_a", "t", ["t_a", "t"]), "public.t_a");
        assert_eq!(index("user", "order", ["\"user\"", "\"order\""]), "public.\"user\"");
        assert_eq!(index("a on b", "x.y", ["\"a on b\"", "\"x.y\""]), "public.\"a on b\"");
    }
}
