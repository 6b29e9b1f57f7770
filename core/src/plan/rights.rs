//! The rights without which the server refuses a statement, although its role owns what the statement is about: to create
//! in a schema or in the database, to refer to another role's table, to use another role's schema, type, language or
//! server. The server is asked for them before a step is called additive.

use std::collections::BTreeSet;

use crate::ddl::{Action, script};
use crate::diff::Object;
use crate::model::{Address, Constraint, ConstraintKind, Definition, DefinitionKind};
use crate::plan::context::Context;
use crate::plan::step::{Obstacle, On, Right, Work};
use crate::quote::{ident, ident_list};

/// Notes in `work` which rights it needs, and which steps give them first. An obstacle if nothing gives one that is lacking.
pub(super) fn note(object: Object, work: &mut Work, context: &Context) -> Option<Obstacle> {
    let mut rights = Vec::new();
    for right in needed(object, work, context) {
        let is_new =
            matches!(&right.on, On::Schema(name) if is_created(name, &right.role, context).is_some());
        if !is_new && !context.facts.lacking.contains(&right) {
            rights.push(right);
            continue;
        }
        // Only a look at the rows asks for it. The server looks at them in another role's name, and refuses the same rows.
        if right.privilege == "SELECT" {
            work.checks.clear();
            continue;
        }
        // Whoever creates a schema owns it.
        let On::Schema(name) = &right.on else { return Some(lacking(&right, work, context)) };
        if is_created(name, &right.role, context) == Some(Created::ByItself) {
            continue;
        }
        match given_by(&right, name, context) {
            Some(grant) => work.needs.push(grant),
            // The role may have it from another one.
            None if is_new => {}
            None => return Some(lacking(&right, work, context)),
        }
    }
    work.rights = rights;
    None
}

/// Who creates a schema that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Created {
    ByItself,
    ByAnother,
}

fn is_created(schema: &str, role: &str, context: &Context) -> Option<Created> {
    let schema = context.expected.schemas.iter().find(|of| of.name == schema)?;
    context.is_missing(&Object::Schema(schema).address()).then(|| match schema.owner == role {
        true => Created::ByItself,
        false => Created::ByAnother,
    })
}

/// The step of this plan that gives the right on a schema.
fn given_by(right: &Right, schema: &str, context: &Context) -> Option<Address> {
    let schema = context.expected.schemas.iter().find(|of| of.name == schema)?;
    let on = |grantee: &str| Address::new("grant", &format!("{grantee} on schema {}", schema.identity));
    let steps = [on(&right.role), on(&ident(&right.role)), on("PUBLIC")];
    steps.into_iter().filter(|step| context.is_missing(step)).find(|step| {
        context.missing_objects().any(|object| match object {
            Object::Grant(grant) => {
                object.address() == *step && grant.grants().any(|grant| grant.privilege == right.privilege)
            }
            _ => false,
        })
    })
}

fn lacking(right: &Right, work: &Work, context: &Context) -> Obstacle {
    let Right { role, privilege, on } = right;
    let (cannot, on) = match on {
        On::Database => {
            let name = &context.facts.database;
            (format!("may not create anything in database {name}"), format!("DATABASE {}", ident(name)))
        }
        On::Schema(name) if *privilege == "CREATE" => {
            (format!("may not create anything in schema {name}"), format!("SCHEMA {}", ident(name)))
        }
        On::Schema(name) => (format!("may not use schema {name}"), format!("SCHEMA {}", ident(name))),
        On::Table(name, _) => {
            (format!("may not refer to table {}.{}", name.schema, name.name), format!("TABLE {}", name.sql()))
        }
        On::Type(identity) => (format!("may not use type {identity}"), format!("TYPE {identity}")),
        On::Language(name) => {
            (format!("may not write functions in language {name}"), format!("LANGUAGE {}", ident(name)))
        }
        On::Server(name) => (format!("may not use server {name}"), format!("FOREIGN SERVER {name}")),
        On::Extension(name) => {
            let reason = format!(
                "role {role} may not create extension {name}: a superuser may, and if it is a trusted one, whoever may \
                 create in the database"
            );
            return Obstacle { reason, remedy: None };
        }
    };
    let columns = match &right.on {
        On::Table(_, columns) => format!(" ({})", ident_list(columns)),
        _ => String::new(),
    };
    let grant = format!("GRANT {privilege}{columns} ON {on} TO {}", ident(role));
    let ddl = script([grant.clone()].into_iter().chain(work.actions.iter().map(Action::sql)));
    Obstacle { reason: format!("role {role} {cannot}: {grant}"), remedy: Some(ddl) }
}

/// What the server asks for, beside that the role owns what the statements are about.
fn needed(object: Object, work: &Work, context: &Context) -> BTreeSet<Right> {
    let own = schema_of(object, context);
    let mut needed: Vec<(&'static str, On)> = own.map(|own| ("USAGE", in_schema(own))).into_iter().collect();
    for action in &work.actions {
        needed.extend(needed_by(action, own));
        match (action, object) {
            (Action::AddConstraint { .. }, Object::Constraint(constraint)) => {
                needed.extend(of_constraint(constraint, work, context));
            }
            (Action::Define { .. }, Object::Definition(definition)) => {
                needed.extend(of_definition(definition));
            }
            _ => {}
        }
    }
    if work.actions.iter().any(uses_types) {
        let types = context.live_needs(object).filter(|need| need.object_type == "type");
        needed.extend(types.map(|of| ("USAGE", On::Type(of.identity.clone()))));
    }
    let right = |(privilege, on)| Right { role: work.run_as.clone(), privilege, on };
    needed.into_iter().map(right).collect()
}

fn in_schema(name: &str) -> On {
    On::Schema(name.to_string())
}

/// What a statement needs whatever object it is for. `own` is the schema that `schema_of` says.
fn needed_by(action: &Action, own: Option<&str>) -> Vec<(&'static str, On)> {
    let create_in = |schema: &str| ("CREATE", in_schema(schema));
    match action {
        Action::CreateSchema { .. } => vec![("CREATE", On::Database)],
        Action::CreateExtension { name, .. } => vec![("CREATE", On::Extension(name.clone()))],
        Action::CreateEnum { name, .. } | Action::CreateSequence { name, .. } => {
            vec![create_in(&name.schema)]
        }
        Action::CreateDomain(domain) => vec![create_in(&domain.name.schema)],
        Action::CreateComposite(composite) => vec![create_in(&composite.name.schema)],
        Action::CreateTable(table) => {
            let server = table.foreign.iter().map(|foreign| ("USAGE", On::Server(foreign.server.clone())));
            [create_in(&table.name.schema)].into_iter().chain(server).collect()
        }
        // With its sequence.
        Action::AddColumn { table, column } if column.identity_column.is_some() => {
            vec![create_in(&table.schema)]
        }
        Action::AddIdentity { table, .. } => vec![create_in(&table.schema)],
        // The server looks whether the table could still be made where it is.
        Action::CreateIndex { .. } => own.map(create_in).into_iter().collect(),
        Action::AddColumn { .. }
        | Action::AddEnumValue { .. }
        | Action::AddDomainConstraint { .. }
        | Action::ValidateDomainConstraint { .. }
        | Action::OwnSequence { .. }
        | Action::AdvanceSequence { .. }
        | Action::SetDefault { .. }
        | Action::SetNotNull { .. }
        | Action::AddConstraint { .. }
        | Action::ValidateConstraint { .. }
        | Action::AddKey { .. }
        | Action::RebuildIndex { .. }
        | Action::AttachIndex { .. }
        | Action::AttachPartition { .. }
        | Action::SetColumn { .. }
        | Action::Define { .. }
        | Action::Complete { .. }
        | Action::SetFiring { .. }
        | Action::EnableRowSecurity { .. }
        | Action::SetReplicaIdentity { .. }
        | Action::ClusterOn { .. }
        | Action::Grant(_)
        | Action::Withhold(_)
        | Action::Comment { .. } => Vec::new(),
    }
}

/// Whether the server asks who may use the types that the statement names.
fn uses_types(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateTable(_)
            | Action::AddColumn { .. }
            | Action::CreateDomain(_)
            | Action::CreateComposite(_)
            | Action::Define { .. }
    )
}

fn of_constraint(constraint: &Constraint, work: &Work, context: &Context) -> Vec<(&'static str, On)> {
    if constraint.kind.is_key() {
        return vec![("CREATE", in_schema(&constraint.table.schema))];
    }
    let mut needed = Vec::new();
    if constraint.kind == ConstraintKind::Foreign {
        let to = constraint.references.iter();
        // That of a new table belongs to whoever creates it.
        for to in to.filter(|to| context.live_table(&to.table).is_some()) {
            needed.push(("REFERENCES", On::Table(to.table.clone(), to.to.clone())));
            if !work.checks.is_empty() {
                needed.push(("SELECT", On::Table(to.table.clone(), to.to.clone())));
            }
            needed.push(("USAGE", in_schema(&to.table.schema)));
        }
    }
    needed
}

fn of_definition(definition: &Definition) -> Vec<(&'static str, On)> {
    let schema = definition.name.as_ref().map(|name| ("CREATE", On::Schema(name.schema.clone())));
    let of_kind = match definition.kind {
        DefinitionKind::Publication => Some(("CREATE", On::Database)),
        DefinitionKind::Function | DefinitionKind::Procedure => {
            let mut lines = definition.def.lines().map(str::trim_start);
            let language = lines.find_map(|line| line.strip_prefix("LANGUAGE "));
            let language = language.and_then(|rest| rest.split_whitespace().next());
            language.map(|name| ("USAGE", On::Language(name.trim_matches('"').to_string())))
        }
        _ => None,
    };
    schema.into_iter().chain(of_kind).collect()
}

/// The schema in which the server looks for what the statements name.
fn schema_of<'a>(object: Object<'a>, context: &Context<'a>) -> Option<&'a str> {
    let name = match object {
        Object::Enum(of) | Object::EnumValue(of, _) => Some(&of.name),
        Object::Domain(of) | Object::DomainConstraint(of, _) => Some(&of.name),
        Object::Composite(of) => Some(&of.name),
        Object::Sequence(of) => Some(&of.name),
        Object::Table(of)
        | Object::Column(of, _)
        | Object::Default(of, _)
        | Object::NotNull(of, _)
        | Object::RowSecurity(of)
        | Object::ForcedRowSecurity(of) => Some(&of.name),
        Object::Constraint(of) => Some(&of.table),
        Object::Index(of) => Some(&of.table),
        Object::Definition(of) => of.name.as_ref().or_else(|| context.name_of(&of.of.as_ref()?.identity)),
        Object::Grant(of) => {
            let relation = of.acl.of.as_ref().filter(|_| of.acl.column.is_some());
            context.name_of(relation.map_or(&of.acl.identity, |of| &of.identity))
        }
        Object::Comment(of) => context.name_of(of.of.as_ref().map_or(&of.identity, |of| &of.identity)),
        Object::Schema(_) | Object::Extension(_) | Object::Owner(_) => None,
    };
    name.map(|name| name.schema.as_str())
}
