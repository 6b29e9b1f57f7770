//! What heal runs to create what is missing, or to finish what is there by half.

use crate::ddl::{Action, Position};
use crate::diff::{Aspect, Difference, Object};
use crate::model::{Address, Composite, Domain, DomainCheck, Enum, Extension};
use crate::plan::context::Context;
use crate::plan::step::Work;
use crate::plan::{attached, checks, indexes, parts, privileges, sequences, tables};

/// The work that creates a missing object.
pub(super) fn create(object: Object, context: &Context) -> Work {
    let mut work = create_alone(object, context);
    work.actions.extend(privileges::of_new(object, &work.run_as, context));
    let (missing, differing) = context.dependencies(object);
    work.needs.extend(missing);
    work.needs = dedup(work.needs);
    work.differing.extend(differing);
    work.differing = dedup(work.differing);
    work
}

fn create_alone(object: Object, context: &Context) -> Work {
    match object {
        Object::Schema(schema) => Work::new(
            vec![Action::CreateSchema { name: schema.name.clone() }],
            schema.owner.clone(),
            Vec::new(),
        ),
        Object::Extension(extension) => create_extension(extension, context),
        Object::Enum(of) => Work::new(
            vec![Action::CreateEnum { name: of.name.clone(), labels: of.labels.clone() }],
            of.owner.clone(),
            context.needed_schema(&of.name.schema),
        ),
        Object::EnumValue(of, label) => add_label(of, label, context),
        Object::Domain(domain) => create_domain(domain, context),
        Object::DomainConstraint(domain, check) => add_domain_check(domain, check, context),
        Object::Composite(composite) => create_composite(composite, context),
        Object::Sequence(sequence) => sequences::create_sequence(sequence, context),
        Object::Table(table) => tables::create_table(table, context),
        Object::Column(table, column) => tables::add_column(table, column, context),
        Object::Default(table, column) => tables::set_default(table, column, context),
        Object::NotNull(table, column) => tables::refuse_null(table, column, context),
        Object::Constraint(constraint) => indexes::add_constraint(constraint, context),
        Object::Index(index) => indexes::create_index(index, context),
        Object::Definition(definition) => attached::create_definition(definition, context),
        Object::RowSecurity(table) => attached::enable_row_security(table, false, context),
        Object::ForcedRowSecurity(table) => attached::enable_row_security(table, true, context),
        Object::Grant(privileges) => privileges::grant(privileges, context),
        Object::Comment(comment) => attached::comment(comment, context),
        // Owners are there or differ, they are never missing.
        Object::Owner(_) => Work::new(Vec::new(), String::new(), Vec::new()),
    }
}

/// With what the migrations changed of its members' privileges, and with its comment: nobody may ever call what they locked
/// up. What else they altered of its members is compared when it is there.
fn create_extension(extension: &Extension, context: &Context) -> Work {
    let create = Action::CreateExtension {
        name: extension.name.clone(),
        schema: extension.schema.clone(),
        version: extension.named_version.clone(),
        members: extension.members.clone(),
    };
    let mut actions = vec![create];
    actions.extend(privileges::of_members(extension, context));
    let comments = context.expected.comments.iter();
    let own = comments.filter(|of| of.object_type == "extension" && of.identity == extension.identity);
    actions.extend(own.map(|of| Action::Comment { on: of.on.clone(), text: of.text.clone() }));
    Work::new(actions, extension.owner.clone(), context.needed_schema(&extension.schema))
}

/// The work that brings an object to the expected state, where nothing that is there has to be replaced for it.
pub(super) fn repair(object: Object, differences: &[Difference], context: &Context) -> Option<Work> {
    if let Object::Definition(definition) = object {
        return attached::let_fire(definition, differences, context);
    }
    if let Object::Column(table, column) = object {
        return sequences::give_identity(table, column, differences, context);
    }
    if let Object::Index(index) = object
        && let Some(whole) = &index.parent
        && differences.iter().all(|difference| difference.what == Aspect::Attachment)
    {
        let owner = context.owner_of(&index.table);
        return Some(Work::new(vec![parts::attach(index, whole)], owner, Vec::new()));
    }
    if !differences.iter().all(|difference| difference.what == Aspect::Validity) {
        return None;
    }
    match object {
        Object::Constraint(constraint) => Some(Work {
            checks: checks::of_constraint(constraint, context),
            ..Work::new(
                vec![Action::ValidateConstraint {
                    table: constraint.table.clone(),
                    name: constraint.name.clone(),
                }],
                context.owner_of(&constraint.table),
                Vec::new(),
            )
        }),
        Object::DomainConstraint(domain, check) => Some(Work::new(
            vec![Action::ValidateDomainConstraint { domain: domain.name.clone(), name: check.name.clone() }],
            context.owner_of_domain(domain),
            Vec::new(),
        )),
        Object::NotNull(table, column) => {
            let name = column.not_null.as_ref()?.name.clone()?;
            Some(Work {
                checks: vec![checks::nulls(table, column)],
                ..Work::new(
                    vec![Action::ValidateConstraint { table: table.name.clone(), name }],
                    context.owner_of(&table.name),
                    Vec::new(),
                )
            })
        }
        // A partitioned index is invalid until each partition has its part: there is nothing in it to rebuild.
        Object::Index(index) if context.is_partitioned(&index.table) => None,
        Object::Index(index) => Some(Work {
            checks: checks::of_index(index, context),
            detail: Some("rebuilds an index that a failed CREATE INDEX CONCURRENTLY left behind".to_string()),
            ..Work::new(
                vec![Action::RebuildIndex { name: index.name.clone() }],
                context.owner_of(&index.table),
                Vec::new(),
            )
        }),
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::EnumValue(..)
        | Object::Domain(_)
        | Object::Composite(_)
        | Object::Sequence(_)
        | Object::Table(_)
        | Object::Column(..)
        | Object::Default(..)
        | Object::Definition(_)
        | Object::RowSecurity(_)
        | Object::ForcedRowSecurity(_)
        | Object::Grant(_)
        | Object::Comment(_)
        | Object::Owner(_) => None,
    }
}

/// Behind the label that it follows, or before the first one that is there.
fn add_label(of: &Enum, label: &str, context: &Context) -> Work {
    let live = context.live.enums.iter().find(|live| live.identity == of.identity);
    let place = of.labels.iter().position(|other| other == label).unwrap_or(0);
    let (before, after) = of.labels.split_at(place);
    let position = match before.last() {
        Some(previous) => Position::After(previous.clone()),
        None => {
            let there = |label: &&String| live.is_some_and(|live| live.labels.contains(label));
            after.iter().find(there).map_or(Position::Only, |next| Position::Before(next.clone()))
        }
    };
    let needs = match &position {
        Position::After(previous) => context.only_missing([Object::EnumValue(of, previous).address()]),
        Position::Before(_) | Position::Only => Vec::new(),
    };
    let action = Action::AddEnumValue { name: of.name.clone(), label: label.to_string(), position };
    let owner = live.map_or(&of.owner, |live| &live.owner);
    Work {
        detail: Some("can be used once this transaction has committed".to_string()),
        ..Work::new(vec![action], owner.clone(), needs)
    }
}

fn create_domain(domain: &Domain, context: &Context) -> Work {
    let mut needs = context.needed_schema(&domain.name.schema);
    needs.extend(context.needed_types([&domain.base_type]));
    let mut actions = vec![Action::CreateDomain(Box::new(domain.clone()))];
    let not_valid = domain.checks.iter().filter(|check| !check.validated);
    actions.extend(not_valid.map(|check| add_check(domain, check)));
    Work::new(actions, domain.owner.clone(), needs)
}

fn add_check(domain: &Domain, check: &DomainCheck) -> Action {
    Action::AddDomainConstraint {
        domain: domain.name.clone(),
        name: check.name.clone(),
        def: check.def.clone(),
    }
}

fn add_domain_check(domain: &Domain, check: &DomainCheck, context: &Context) -> Work {
    let mut actions = vec![add_check(domain, check)];
    if check.validated {
        let (domain, name) = (domain.name.clone(), check.name.clone());
        actions.push(Action::ValidateDomainConstraint { domain, name });
    }
    Work::new(actions, context.owner_of_domain(domain), Vec::new())
}

fn create_composite(composite: &Composite, context: &Context) -> Work {
    let mut needs = context.needed_schema(&composite.name.schema);
    needs.extend(context.needed_types(composite.attributes.iter().map(|attribute| &attribute.type_name)));
    Work::new(vec![Action::CreateComposite(composite.clone())], composite.owner.clone(), needs)
}

fn dedup(mut needs: Vec<Address>) -> Vec<Address> {
    needs.sort();
    needs.dedup();
    needs
}
