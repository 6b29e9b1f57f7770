//! Which privileges heal gives. It gives a role what a migration granted to that very role. It never gives back what
//! somebody took from PUBLIC, from an owner, or from what an object of the kind gives by itself: no migration granted
//! that, and whoever revoked it meant it. A person decides then.

use std::collections::BTreeMap;

use crate::ddl::{Action, Granting};
use crate::diff::{Object, Privileges};
use crate::model::{Acl, Address, DefinitionKind, Extension, Grant};
use crate::plan::context::Context;
use crate::plan::manual::{in_name_of_grantors, revoke};
use crate::plan::step::{Verdict, Work};
use crate::quote::ident;

/// What ALL stands for on a table, on servers that know MAINTAIN: PostgreSQL 17 and later.
const ALL_OF_TABLE: [&str; 8] =
    ["DELETE", "INSERT", "MAINTAIN", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"];

/// Missing privileges that heal does not give: why, and what a person could run either way.
pub(super) fn not_given(lacking: Privileges, context: &Context) -> Option<(Verdict, String)> {
    let Privileges { acl, grantee, .. } = lacking;
    // A column may be new on a table that is not.
    let is_new = |of: Address| !context.only_missing([of]).is_empty();
    let on_live = lacking.on_live && !is_new(Address::new(&acl.object_type, &acl.identity));
    let grants: Vec<&Grant> = lacking.grants().collect();
    let give = remedy(lacking, context);
    let by_default = |grant: &&Grant| acl.default.iter().any(|other| same(other, grant));
    let whom = if grantee == "owner" { "the owner" } else { grantee };
    let reason = if grantee == "owner" && !on_live {
        "heal gives an owner no more than a new object does: grant it by hand, or take it out of the migration"
            .to_string()
    } else if on_live && (matches!(grantee, "PUBLIC" | "owner") || grants.iter().any(by_default)) {
        format!(
            "somebody took it from {whom}, and heal never gives that back: grant it by hand, or write a migration \
             that revokes it, too"
        )
    } else if on_live && lacks_maintain(&lacking) {
        format!(
            "GRANT ALL gives MAINTAIN since PostgreSQL 17, and {whom} lacks it: the migration may have been written \
             for less, or somebody took it away: grant it by hand, or write a migration that revokes it"
        )
    } else if granted_by_several(&grants) {
        "several roles granted it, each in its own name: let each grant its part again".to_string()
    } else {
        let changed = differing_definition(acl, context)?;
        let reason =
            format!("waits for {changed}, which is not as expected: it may give {whom} more than was meant");
        return Some((Verdict::Blocked { reason }, give));
    };
    let either_way = format!("{give};\n-- or, to leave it revoked, in a migration:\n{}", revoke(lacking));
    Some((Verdict::Manual { reason }, either_way))
}

/// The statements that give missing privileges, as who granted them.
pub(super) fn remedy(lacking: Privileges, context: &Context) -> String {
    let Privileges { acl, grantee, .. } = lacking;
    let grants: Vec<&Grant> = lacking.grants().collect();
    let owner = owner_of_acl(acl, context);
    in_name_of_grantors(acl, (grantee, &owner), &grants, |granting| Action::Grant(granting).sql())
}

/// Whether ALL was granted, and of that MAINTAIN is gone, but not everything.
fn lacks_maintain(lacking: &Privileges) -> bool {
    let is_all = ALL_OF_TABLE.iter().all(|name| lacking.all().any(|grant| grant.privilege == *name));
    is_all && lacking.other_has_some() && lacking.grants().any(|grant| grant.privilege == "MAINTAIN")
}

fn granted_by_several(grants: &[&Grant]) -> bool {
    grants.iter().any(|grant| grant.grantor() != grants[0].grantor())
}

/// The function, view or extension that the privileges are for, if somebody has changed it.
fn differing_definition(acl: &Acl, context: &Context) -> Option<Address> {
    let own = Address::new(&acl.object_type, &acl.identity);
    let candidates = acl.of.iter().cloned().chain([own]);
    let is_text = |address: &Address| {
        matches!(
            address.object_type.as_str(),
            "function" | "procedure" | "aggregate" | "view" | "materialized view" | "extension"
        )
    };
    candidates.into_iter().filter(is_text).find(|address| context.is_changed(address))
}

/// One statement for the privileges alone, one for those that may be handed on. What another role than the owner granted,
/// that role grants again, so that it ends with that role's own right.
pub(super) fn grant(privileges: Privileges, context: &Context) -> Work {
    let acl = privileges.acl;
    let owner = owner_of_acl(acl, context);
    let grants: Vec<&Grant> = privileges.grants().collect();
    let actions = Granting::of(acl, privileges.grantee, &owner, &grants);
    let mut needs = attached_to(acl, context);
    let grantor = grants.first().and_then(|grant| grant.grantor()).map(str::to_owned);
    if let Some(grantor) = &grantor {
        let grant =
            |role: &str| Address::new("grant", &format!("{role} on {} {}", acl.object_type, acl.identity));
        needs.extend(context.only_missing([grant(grantor), grant(&ident(grantor))]));
    }
    Work::new(actions.into_iter().map(Action::Grant).collect(), grantor.unwrap_or(owner), needs)
}

/// Brings the privileges of a new object to what they are to be: what everybody may with such an object by default, or the
/// live default privileges of its creator, may give more. What live default privileges keep back stays kept back.
pub(super) fn of_new(object: Object, creator: &str, context: &Context) -> Vec<Action> {
    let Some(new) = New::of(object) else { return Vec::new() };
    let address = object.address();
    let acl = context
        .expected
        .acls
        .iter()
        .find(|acl| acl.object_type == address.object_type && acl.identity == address.identity);
    let live = context.live.acls.iter().filter(|acl| new.is_given(acl, creator));
    let mut given: Vec<Grant> = acl.map(|acl| acl.default.clone()).unwrap_or_default();
    for defaults in live {
        let added = beyond(&defaults.grants, &defaults.default);
        given.extend(added.into_iter().filter(|grant| grant.grantee != "owner"));
    }
    // Without an acl, what everybody may by default is all.
    let wanted = acl.map(|acl| acl.grants.as_slice()).unwrap_or_default();
    withhold(&given, wanted, &new.on, None, creator)
}

/// What the migrations changed of the privileges on the members of a new extension: what its script gives and they took
/// away, then what they granted.
pub(super) fn of_members(extension: &Extension, context: &Context) -> Vec<Action> {
    let of = Address::new("extension", &extension.identity);
    let acls = || context.expected.acls.iter().filter(|acl| acl.of.as_ref() == Some(&of));
    let taken = acls()
        .flat_map(|acl| withhold(&acl.default, &acl.grants, &acl.on, acl.column.clone(), &extension.owner));
    let granted = acls().flat_map(|acl| {
        let mut by_grantee: BTreeMap<&str, Vec<&Grant>> = BTreeMap::new();
        let has_it = |grant: &&Grant| {
            acl.default.iter().any(|other| same(other, grant) && (other.grantable || !grant.grantable))
        };
        for grant in acl.grants.iter().filter(|grant| !has_it(grant)) {
            by_grantee.entry(&grant.grantee).or_default().push(grant);
        }
        by_grantee
            .into_iter()
            .flat_map(|(grantee, grants)| Granting::of(acl, grantee, &extension.owner, &grants))
    });
    taken.chain(granted.map(Action::Grant)).collect()
}

/// Takes from a new object what it was given and nobody is to have, and the right to hand on where that alone is too much.
fn withhold(
    given: &[Grant],
    wanted: &[Grant],
    on: &str,
    column: Option<String>,
    creator: &str,
) -> Vec<Action> {
    let mut by_grantee: BTreeMap<(&str, bool), Vec<String>> = BTreeMap::new();
    for grant in given {
        let only_the_option = match wanted.iter().find(|other| same(other, grant)) {
            Some(wanted) if wanted.grantable || !grant.grantable => continue,
            Some(_) => true,
            None => false,
        };
        let taken = by_grantee.entry((&grant.grantee, only_the_option)).or_default();
        if !taken.contains(&grant.privilege) {
            taken.push(grant.privilege.clone());
        }
    }
    by_grantee
        .into_iter()
        .map(|((grantee, grantable), privileges)| {
            Action::Withhold(Granting {
                privileges,
                column: column.clone(),
                on: on.to_string(),
                grantee: if grantee == "owner" { ident(creator) } else { grantee.to_string() },
                grantable,
                defaults_for: None,
            })
        })
        .collect()
}

/// Of these privileges those that the others do not have.
fn beyond(of: &[Grant], others: &[Grant]) -> Vec<Grant> {
    of.iter().filter(|grant| !others.iter().any(|other| same(other, grant))).cloned().collect()
}

fn same(one: &Grant, other: &Grant) -> bool {
    one.grantee == other.grantee && one.privilege == other.privilege
}

/// An object that comes with privileges.
struct New<'a> {
    /// What stands behind ON in a GRANT.
    on: String,
    /// What stands behind ON in a GRANT of default privileges.
    kind: &'static str,
    schema: Option<&'a str>,
}

impl<'a> New<'a> {
    fn of(object: Object<'a>) -> Option<Self> {
        let new = |on: &str, identity: &str, kind, schema| {
            Some(New { on: format!("{on} {identity}"), kind, schema: Some(schema) })
        };
        match object {
            Object::Schema(schema) => {
                Some(New { on: format!("SCHEMA {}", schema.identity), kind: "SCHEMAS", schema: None })
            }
            Object::Enum(of) => new("TYPE", &of.identity, "TYPES", &of.name.schema),
            Object::Domain(of) => new("DOMAIN", &of.identity, "TYPES", &of.name.schema),
            Object::Composite(of) => new("TYPE", &of.identity, "TYPES", &of.name.schema),
            Object::Sequence(of) => new("SEQUENCE", &of.identity, "SEQUENCES", &of.name.schema),
            Object::Table(of) => new("TABLE", &of.identity, "TABLES", &of.name.schema),
            Object::Definition(of) => {
                let (on, kind) = match of.kind {
                    DefinitionKind::View | DefinitionKind::MaterializedView => ("TABLE", "TABLES"),
                    DefinitionKind::Function | DefinitionKind::Aggregate => ("FUNCTION", "FUNCTIONS"),
                    DefinitionKind::Procedure => ("PROCEDURE", "FUNCTIONS"),
                    DefinitionKind::Type => ("TYPE", "TYPES"),
                    DefinitionKind::Language => ("LANGUAGE", "no default privileges"),
                    _ => return None,
                };
                let schema = of.name.as_ref().map(|name| name.schema.as_str());
                Some(New { on: format!("{on} {}", of.identity), kind, schema })
            }
            Object::Extension(_)
            | Object::EnumValue(..)
            | Object::DomainConstraint(..)
            | Object::Column(..)
            | Object::Default(..)
            | Object::NotNull(..)
            | Object::Constraint(_)
            | Object::Index(_)
            | Object::RowSecurity(_)
            | Object::ForcedRowSecurity(_)
            | Object::Grant(_)
            | Object::Comment(_)
            | Object::Owner(_) => None,
        }
    }

    /// Whether these default privileges hold for the object, if that role creates it.
    fn is_given(&self, defaults: &Acl, creator: &str) -> bool {
        let Some(of) = &defaults.defaults_for else { return false };
        let in_schema = of.split_once(" IN SCHEMA ").map(|(_, schema)| schema);
        let same_schema = |schema: &str| self.schema.is_some_and(|own| schema == own || schema == ident(own));
        defaults.owner == creator && defaults.on == self.kind && in_schema.is_none_or(same_schema)
    }
}

/// Why nobody need have granted it: the live default privileges of the owner give an object of that kind all of it.
pub(super) fn from_defaults(extra: Privileges, context: &Context) -> Option<String> {
    let acl = extra.acl;
    let kind = match acl.object_type.as_str() {
        "table" | "view" | "materialized view" | "foreign table" => "TABLES",
        "sequence" => "SEQUENCES",
        "function" | "procedure" | "aggregate" => "FUNCTIONS",
        "type" | "domain" => "TYPES",
        "schema" => "SCHEMAS",
        _ => return None,
    };
    let owner = owner_of_acl(acl, context);
    let is_for = |defaults: &&Acl| {
        let Some(of) = &defaults.defaults_for else { return false };
        let in_schema = of.split_once(" IN SCHEMA ").map(|(_, schema)| format!("{schema}."));
        defaults.owner == owner
            && defaults.on == kind
            && in_schema.is_none_or(|schema| acl.identity.starts_with(&schema))
    };
    let gives = |defaults: &Acl, grant: &Grant| {
        let is_same = |other: &Grant| other.grantee == grant.grantee && other.privilege == grant.privilege;
        defaults.grants.iter().any(is_same)
    };
    let of_kind: Vec<&Acl> = context.live.acls.iter().filter(is_for).collect();
    let mut grants = extra.grants();
    grants.all(|grant| of_kind.iter().any(|defaults| gives(defaults, grant))).then(|| {
        format!(
            "it comes from the default privileges of {owner}, see there: no migration grants it, so write one that does, or \
             revoke it by hand"
        )
    })
}

fn attached_to(acl: &Acl, context: &Context) -> Vec<Address> {
    // Default privileges may be those of one schema.
    let schema = acl.defaults_for.iter().filter_map(|of| of.split_once(" IN SCHEMA "));
    let schema = schema.map(|(_, schema)| Address::new("schema", schema));
    let own = Address::new(&acl.object_type, &acl.identity);
    context.only_missing(acl.of.iter().cloned().chain([own]).chain(schema))
}

/// The owner of what the privileges are on: the live one, if there is one.
pub(super) fn owner_of_acl(acl: &Acl, context: &Context) -> String {
    let of = acl.of.iter().map(|of| (of.object_type.as_str(), of.identity.as_str()));
    of.chain([(acl.object_type.as_str(), acl.identity.as_str())])
        .find_map(|(object_type, identity)| context.live_owner(object_type, identity))
        .unwrap_or_else(|| acl.owner.clone())
}
