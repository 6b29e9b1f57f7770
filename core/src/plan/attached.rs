//! How heal creates what a statement defines, and what it attaches to objects: privileges, comments, row security.

use std::collections::BTreeMap;

use crate::ddl::{Action, Granting, set_firing};
use crate::diff::{Aspect, Difference, Object, Privileges};
use crate::model::{Acl, Address, Column, Comment, Definition, DefinitionKind, Firing, Grant, Table};
use crate::plan::Work;
use crate::plan::additive::plain;
use crate::plan::context::Context;
use crate::quote::ident;

/// Who acts where an object has no owner.
const NOBODY: &str = "pg_database_owner";

/// The statement, what completes it, when it fires, and what the public may not do with it: all in one step, so that no
/// half of it is ever there.
pub(super) fn create_definition(definition: &Definition, context: &Context) -> Work {
    let mut sql = definition.def.clone();
    if definition.filled == Some(false) {
        sql.push_str(" WITH NO DATA");
    }
    let mut actions = vec![Action::Define { sql }];
    actions.extend(definition.more.iter().map(|sql| Action::Complete { sql: sql.clone() }));
    let firing = definition.state.filter(|state| *state != Firing::Enabled);
    let firing = firing.and_then(|firing| set_firing(definition, firing));
    actions.extend(firing.map(|statement| Action::SetFiring { statement }));
    let mut needs: Vec<Address> =
        definition.name.iter().flat_map(|name| context.needed_schema(&name.schema)).collect();
    needs.extend(
        context.only_missing(definition.of.iter().map(|of| Address::new(&of.object_type, &of.identity))),
    );
    let detail = (definition.filled == Some(true)).then(|| "filled by running its query".to_string());
    Work { detail, ..plain(actions, owner(definition, context), needs) }
}

/// Something that somebody has switched off fires again, if nothing else differs.
pub(super) fn let_fire(
    definition: &Definition,
    differences: &[Difference],
    context: &Context,
) -> Option<Work> {
    let live = context
        .live
        .definitions
        .iter()
        .find(|live| live.kind == definition.kind && live.identity == definition.identity)?;
    let only_state = differences.iter().all(|difference| difference.what == Aspect::State);
    if !only_state || live.state != Some(Firing::Disabled) {
        return None;
    }
    let statement = set_firing(definition, definition.state?)?;
    let actions = vec![Action::SetFiring { statement }];
    let detail = Some(format!("somebody had disabled this {}", definition.kind.as_str()));
    Some(Work { detail, ..plain(actions, owner(live, context), Vec::new()) })
}

pub(super) fn enable_row_security(table: &Table, force: bool, context: &Context) -> Work {
    let actions = vec![Action::EnableRowSecurity { table: table.name.clone(), force }];
    let detail = if force { "its policies hold for its owner again" } else { "its policies hold again" };
    Work { detail: Some(detail.to_string()), ..plain(actions, context.owner_of(&table.name), Vec::new()) }
}

/// One statement for the privileges alone, one for those that may be handed on.
pub(super) fn grant(privileges: Privileges, context: &Context) -> Work {
    let acl = privileges.acl;
    let owner = owner_of_acl(acl, context);
    let actions = grantings(acl, privileges.grantee, &owner, &privileges.grants().collect::<Vec<_>>());
    plain(actions.into_iter().map(Action::Grant).collect(), owner, attached_to(acl, context))
}

pub(super) fn comment(comment: &Comment, context: &Context) -> Work {
    let Comment { object_type, identity, on, text, of } = comment;
    let owner = of
        .iter()
        .map(|of| (of.object_type.as_str(), of.identity.as_str()))
        .chain([(object_type.as_str(), identity.as_str())])
        .find_map(|(object_type, identity)| context.owner_of_object(object_type, identity));
    let own = Address::new(object_type, identity);
    let not_null = not_null_of(comment, context);
    let differing = not_null.iter().filter(|address| context.is_changed(address)).cloned().collect();
    let needs = context.only_missing(of.iter().cloned().chain([own]).chain(not_null));
    let actions = vec![Action::Comment { on: on.clone(), text: text.clone() }];
    Work { differing, ..plain(actions, owner.unwrap_or_else(|| NOBODY.to_string()), needs) }
}

/// The NOT NULL that a comment is on, which is a constraint of its own since PostgreSQL 18, and its column.
fn not_null_of(comment: &Comment, context: &Context) -> Vec<Address> {
    let table = comment
        .of
        .as_ref()
        .and_then(|of| context.expected.tables.iter().find(|table| table.identity == of.identity));
    let Some(table) = table.filter(|_| comment.object_type == "table constraint") else { return Vec::new() };
    let name = comment.identity.strip_suffix(&format!(" on {}", table.identity)).unwrap_or_default();
    let is_named = |column: &&Column| {
        let own = column.not_null.as_ref().and_then(|not_null| not_null.name.as_ref());
        own.is_some_and(|own| own == name || ident(own) == name)
    };
    let column = table.columns.iter().find(is_named);
    let addresses = column.map(|column| [Object::NotNull(table, column), Object::Column(table, column)]);
    addresses.into_iter().flatten().map(|object| object.address()).collect()
}

/// Brings the privileges of a new object to what they are to be, where what everybody may with such an object by default,
/// or the live default privileges of its creator, say something else.
pub(super) fn settle_privileges(object: Object, creator: &str, context: &Context) -> Vec<Action> {
    let Some(new) = New::of(object) else { return Vec::new() };
    let address = object.address();
    let acl = context
        .expected
        .acls
        .iter()
        .find(|acl| acl.object_type == address.object_type && acl.identity == address.identity);
    let defaults: Vec<&Acl> = context.live.acls.iter().filter(|acl| new.is_given(acl, creator)).collect();
    let beyond = |of: &'_ [Grant], other: &[Grant]| -> Vec<Grant> {
        of.iter().filter(|grant| !other.iter().any(|other| same(other, grant))).cloned().collect()
    };
    let wanted = |grant: &Grant| match acl {
        Some(acl) => acl.grants.iter().any(|other| same(other, grant)),
        // Then what everybody may by default is all.
        None => false,
    };
    let mut given: Vec<Grant> = acl.map(|acl| acl.default.clone()).unwrap_or_default();
    let mut kept_back = Vec::new();
    for defaults in defaults {
        let added = beyond(&defaults.grants, &defaults.default);
        given.extend(added.into_iter().filter(|grant| grant.grantee != "owner"));
        kept_back.extend(beyond(&defaults.default, &defaults.grants));
    }
    kept_back.retain(|grant| acl.is_none() || wanted(grant));
    given.retain(|grant| !wanted(grant) && !kept_back.iter().any(|other| same(other, grant)));
    let statements = |grants: Vec<Grant>, action: fn(Granting) -> Action| {
        let mut by_grantee: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for grant in grants {
            by_grantee.entry(grant.grantee).or_default().push(grant.privilege);
        }
        by_grantee.into_iter().map(move |(grantee, privileges)| (grantee, privileges, action))
    };
    statements(given, Action::Withhold)
        .chain(statements(kept_back, Action::Grant))
        .map(|(grantee, privileges, action)| {
            action(Granting {
                privileges,
                column: None,
                on: new.on.clone(),
                grantee: if grantee == "owner" { ident(creator) } else { grantee },
                grantable: false,
                defaults_for: None,
            })
        })
        .collect()
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

/// The privileges of one grantee as statements say them.
pub(super) fn grantings(acl: &Acl, grantee: &str, owner: &str, grants: &[&Grant]) -> Vec<Granting> {
    let grantee = if grantee == "owner" { ident(owner) } else { grantee.to_string() };
    [false, true]
        .into_iter()
        .map(|grantable| Granting {
            privileges: grants
                .iter()
                .filter(|grant| grant.grantable == grantable)
                .map(|grant| grant.privilege.clone())
                .collect(),
            column: acl.column.clone(),
            on: acl.on.clone(),
            grantee: grantee.clone(),
            grantable,
            defaults_for: acl.defaults_for.clone(),
        })
        .filter(|granting| !granting.privileges.is_empty())
        .collect()
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

fn owner(definition: &Definition, context: &Context) -> String {
    let of = definition.of.as_ref();
    definition
        .owner
        .clone()
        .or_else(|| of.and_then(|of| context.owner_of_object(&of.object_type, &of.identity)))
        .unwrap_or_else(|| NOBODY.to_string())
}
