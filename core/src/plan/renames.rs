//! A missing object and an extra one that may be the same under two names.

use std::collections::BTreeSet;

use crate::ddl::alter;
use crate::diff::{Change, Object, same_constraint, same_index};
use crate::model::{
    Address, Catalog, Column, Constraint, ConstraintKind, Definition, DefinitionKind, Domain, Enum, Index,
    Name, Schema, Table,
};
use crate::plan::context::Context;
use crate::plan::indexes::begun_key;
use crate::plan::step::Obstacle;
use crate::quote::{bare_literal, ident};

/// A live object that does already what a missing one is to do.
pub(super) struct Twin {
    address: Address,
    /// Nothing if the step itself makes the missing object of it.
    pub(super) obstacle: Option<Obstacle>,
}

/// What is the same under another name is not built twice.
pub(super) fn twin(missing: Object, context: &Context) -> Option<Twin> {
    context.extras().find_map(|extra| {
        let obstacle = match (missing, extra) {
            (Object::Constraint(missing), Object::Constraint(extra))
                if extra.table == missing.table && same_constraint(extra, missing) =>
            {
                let rename = format!("RENAME CONSTRAINT {} TO {}", ident(&extra.name), ident(&missing.name));
                same_as(&extra.identity, alter(&missing.table, &rename))
            }
            (Object::Constraint(missing), Object::Index(extra)) if extra.name.name == missing.name => {
                begun_key(missing, context).filter(|index| index.identity == extra.identity)?;
                return Some(Twin { address: Object::Index(extra).address(), obstacle: None });
            }
            (Object::Constraint(missing), Object::Index(extra)) => becomes(extra, missing)?,
            (Object::Index(missing), Object::Index(extra))
                if extra.table == missing.table && extra.valid && same_index(extra, missing) =>
            {
                let rename =
                    format!("ALTER INDEX {} RENAME TO {}", extra.name.sql(), ident(&missing.name.name));
                same_as(&extra.identity, rename)
            }
            (Object::Index(missing), Object::Constraint(extra))
                if extra.table == missing.table && enforces(extra, missing) =>
            {
                Obstacle {
                    reason: format!("the {} {} does the same", extra.kind.as_str(), extra.identity),
                    remedy: Some(
                        "-- write a migration that has the constraint in place of the index".to_string(),
                    ),
                }
            }
            (Object::Sequence(missing), Object::Sequence(extra))
                if missing.owned_by.is_some() && extra.owned_by == missing.owned_by =>
            {
                let rename =
                    format!("ALTER SEQUENCE {} RENAME TO {}", extra.name.sql(), ident(&missing.name.name));
                same_as(&extra.identity, rename)
            }
            (Object::Definition(missing), Object::Definition(extra))
                if missing.of.is_some() && same_definition(missing, extra) =>
            {
                same_as(&extra.identity, rename_definition(extra, missing))
            }
            _ => return None,
        };
        Some(Twin { address: extra.address(), obstacle: Some(obstacle) })
    })
}

fn same_as(identity: &str, rename: String) -> Obstacle {
    Obstacle { reason: format!("{identity} is the same under another name"), remedy: Some(rename) }
}

/// A unique index that no constraint owns, but that this one could take over.
fn becomes(index: &Index, constraint: &Constraint) -> Option<Obstacle> {
    let key = constraint.key.as_ref()?;
    let kind = match constraint.kind {
        ConstraintKind::Primary => "PRIMARY KEY",
        ConstraintKind::Unique => "UNIQUE",
        ConstraintKind::Check | ConstraintKind::Exclusion | ConstraintKind::Foreign => return None,
    };
    let is_it = index.table == constraint.table
        && index.unique
        && index.valid
        && index.predicate.is_none()
        && index.nulls_not_distinct == key.nulls_not_distinct
        && index.parts == key.parts;
    let add =
        format!("ADD CONSTRAINT {} {kind} USING INDEX {}", ident(&constraint.name), ident(&index.name.name));
    is_it.then(|| Obstacle {
        reason: format!("the unique index {} does the same", index.identity),
        remedy: Some(alter(&constraint.table, &add)),
    })
}

/// Whether a constraint's own index does what this one would.
fn enforces(constraint: &Constraint, index: &Index) -> bool {
    matches!(constraint.kind, ConstraintKind::Primary | ConstraintKind::Unique)
        && index.unique
        && index.predicate.is_none()
        && constraint
            .key
            .as_ref()
            .is_some_and(|key| key.parts == index.parts && key.nulls_not_distinct == index.nulls_not_distinct)
}

/// Whether two definitions are the same but for their name.
fn same_definition(one: &Definition, other: &Definition) -> bool {
    let schema = |definition: &Definition| definition.name.as_ref().map(|name| name.schema.clone());
    let of = |definition: &Definition| definition.of.as_ref().map(|of| of.identity.clone());
    one.kind == other.kind
        && one.identity != other.identity
        && schema(one) == schema(other)
        && of(one) == of(other)
        && can_be_renamed(one.kind)
        && body(one) == body(other)
        && one.parameters == other.parameters
}

/// The definition without the object's name.
fn body(definition: &Definition) -> String {
    definition.def.replacen(own_name(definition), "", 1)
}

/// The name as it stands in the definition.
fn own_name(definition: &Definition) -> &str {
    let identity = definition.identity.as_str();
    let of = definition.of.as_ref().map(|of| format!(" on {}", of.identity));
    if let Some(name) = of.and_then(|of| identity.strip_suffix(&of)) {
        return name;
    }
    match definition.kind {
        DefinitionKind::Function | DefinitionKind::Procedure | DefinitionKind::Aggregate => {
            identity.split_once('(').map_or(identity, |(name, _)| name)
        }
        _ => identity,
    }
}

fn rename_definition(extra: &Definition, missing: &Definition) -> String {
    let new = match &missing.name {
        Some(name) => ident(&name.name),
        None => own_name(missing).to_string(),
    };
    format!("ALTER {} RENAME TO {new}", extra.sql_name)
}

fn can_be_renamed(kind: DefinitionKind) -> bool {
    match kind {
        DefinitionKind::View
        | DefinitionKind::MaterializedView
        | DefinitionKind::Rule
        | DefinitionKind::Function
        | DefinitionKind::Procedure
        | DefinitionKind::Aggregate
        | DefinitionKind::Trigger
        | DefinitionKind::EventTrigger
        | DefinitionKind::Policy
        | DefinitionKind::Collation
        | DefinitionKind::Conversion
        | DefinitionKind::OperatorFamily
        | DefinitionKind::OperatorClass
        | DefinitionKind::TextSearchParser
        | DefinitionKind::TextSearchTemplate
        | DefinitionKind::TextSearchDictionary
        | DefinitionKind::TextSearchConfiguration
        | DefinitionKind::Statistics
        | DefinitionKind::Publication
        | DefinitionKind::ForeignDataWrapper
        | DefinitionKind::Server
        | DefinitionKind::Language
        | DefinitionKind::Type => true,
        DefinitionKind::Cast
        | DefinitionKind::Operator
        | DefinitionKind::AccessMethod
        | DefinitionKind::Transform
        | DefinitionKind::PublicationRelation
        | DefinitionKind::PublicationNamespace
        | DefinitionKind::UserMapping => false,
    }
}

/// An extra object that may be a missing one under a new name, and the statement that gives it the old one.
struct Candidate {
    identity: String,
    rename: String,
}

/// A missing column beside an extra one of its type may be that one's old name. Adding it would leave the values where
/// they are and have the application write to two places. The same goes for a table with the same columns, under another
/// name or in another schema.
fn candidates(missing: Object, context: &Context) -> Vec<Candidate> {
    if context.options.not_renamed.contains(&missing.identity()) {
        return Vec::new();
    }
    let told = &context.facts.told;
    context
        .extras()
        .filter(|extra| !told.is_another(&missing.address(), &extra.address()))
        .filter_map(|extra| candidate(missing, extra, context))
        .collect()
}

/// The live labels that may be a missing one.
pub(super) fn labels_for<'a>(missing: Object, context: &Context<'a>) -> Vec<&'a str> {
    let identities: Vec<String> =
        candidates(missing, context).into_iter().map(|candidate| candidate.identity).collect();
    context
        .extras()
        .filter(|extra| identities.contains(&extra.identity()))
        .filter_map(|extra| match extra {
            Object::EnumValue(_, label) => Some(label),
            _ => None,
        })
        .collect()
}

/// The missing objects and the extra ones of which some may be the same.
pub(super) fn in_question(changes: &[Change]) -> (BTreeSet<Address>, BTreeSet<Address>) {
    let (mut missing, mut extra) = (BTreeSet::new(), BTreeSet::new());
    let mut kinds = (BTreeSet::new(), BTreeSet::new());
    for change in changes {
        let object = change.object();
        if !may_be_renamed(object) {
            continue;
        }
        let kind = object.object_type();
        match change {
            Change::Missing(_) => drop((kinds.0.insert(kind), missing.insert(object.address()))),
            Change::Extra(_) => drop((kinds.1.insert(kind), extra.insert(object.address()))),
            Change::Changed { .. } => {}
        }
    }
    let on_both = |address: &Address| {
        let kind = address.object_type.as_str();
        kinds.0.contains(kind) && kinds.1.contains(kind)
    };
    missing.retain(on_both);
    extra.retain(on_both);
    (missing, extra)
}

/// Whether `candidate` compares such objects, and commands on them are noted under their own name.
fn may_be_renamed(object: Object) -> bool {
    match object {
        Object::Column(..)
        | Object::Table(_)
        | Object::Enum(_)
        | Object::Composite(_)
        | Object::Domain(_)
        | Object::Sequence(_)
        | Object::Schema(_) => true,
        Object::Definition(definition) => definition.of.is_none(),
        Object::Extension(_)
        | Object::EnumValue(..)
        | Object::DomainConstraint(..)
        | Object::Default(..)
        | Object::NotNull(..)
        | Object::Constraint(_)
        | Object::Index(_)
        | Object::RowSecurity(_)
        | Object::ForcedRowSecurity(_)
        | Object::Grant(_)
        | Object::Comment(_)
        | Object::Owner(_) => false,
    }
}

fn candidate(missing: Object, extra: Object, context: &Context) -> Option<Candidate> {
    match (missing, extra) {
        (Object::Column(table, column), Object::Column(other, extra)) if other.name == table.name => {
            renamed_column(table, column, extra)
        }
        (Object::Table(table), Object::Table(extra)) => renamed_table(table, extra),
        (Object::EnumValue(of, label), Object::EnumValue(live, extra)) if live.identity == of.identity => {
            renamed_label(of, label, live, extra)
        }
        (Object::Enum(of), Object::Enum(extra)) if extra.labels == of.labels => {
            renamed_type("TYPE", &extra.name, &of.name, &extra.identity)
        }
        (Object::Composite(of), Object::Composite(extra)) if extra.attributes == of.attributes => {
            renamed_type("TYPE", &extra.name, &of.name, &extra.identity)
        }
        (Object::Domain(of), Object::Domain(extra))
            if extra.base_type == of.base_type
                && extra.default == of.default
                && checks(extra) == checks(of) =>
        {
            renamed_type("DOMAIN", &extra.name, &of.name, &extra.identity)
        }
        (Object::Sequence(of), Object::Sequence(extra))
            if of.owned_by.is_none() && extra.owned_by.is_none() && extra.numbers == of.numbers =>
        {
            renamed_type("SEQUENCE", &extra.name, &of.name, &extra.identity)
        }
        (Object::Schema(schema), Object::Schema(extra)) => renamed_schema(schema, extra, context),
        (Object::Definition(definition), Object::Definition(extra))
            if definition.of.is_none() && same_definition(definition, extra) =>
        {
            Some(Candidate { identity: extra.identity.clone(), rename: rename_definition(extra, definition) })
        }
        _ => None,
    }
}

fn renamed_column(table: &Table, missing: &Column, extra: &Column) -> Option<Candidate> {
    (extra.type_name == missing.type_name).then(|| {
        let rename = format!("RENAME COLUMN {} TO {}", ident(&extra.name), ident(&missing.name));
        Candidate { identity: extra.identity.clone(), rename: alter(&table.name, &rename) }
    })
}

fn renamed_table(missing: &Table, extra: &Table) -> Option<Candidate> {
    let same_schema = extra.name.schema == missing.name.schema;
    if !(same_schema || extra.name.name == missing.name.name) || !same_columns(extra, missing) {
        return None;
    }
    let rename = match same_schema {
        true => format!("RENAME TO {}", ident(&missing.name.name)),
        false => format!("SET SCHEMA {}", ident(&missing.name.schema)),
    };
    Some(Candidate { identity: extra.identity.clone(), rename: alter(&extra.name, &rename) })
}

fn renamed_label(of: &Enum, missing: &str, live: &Enum, extra: &str) -> Option<Candidate> {
    (neighbours(of, missing, live) == neighbours(live, extra, of)).then(|| {
        let rename = format!("{} TO {}", bare_literal(extra), bare_literal(missing));
        Candidate {
            identity: Object::EnumValue(live, extra).identity(),
            rename: format!("ALTER TYPE {} RENAME VALUE {rename}", of.name.sql()),
        }
    })
}

fn renamed_schema(missing: &Schema, extra: &Schema, context: &Context) -> Option<Candidate> {
    hold_the_same(context.expected, &missing.name, context.live, &extra.name).then(|| Candidate {
        identity: extra.identity.clone(),
        rename: format!("ALTER SCHEMA {} RENAME TO {}", ident(&extra.name), ident(&missing.name)),
    })
}

/// A type or sequence of another name in the same schema.
fn renamed_type(keyword: &str, extra: &Name, missing: &Name, identity: &str) -> Option<Candidate> {
    (extra.schema == missing.schema).then(|| Candidate {
        identity: identity.to_string(),
        rename: format!("ALTER {keyword} {} RENAME TO {}", extra.sql(), ident(&missing.name)),
    })
}

/// The labels before and behind a label that the other side has as well.
fn neighbours<'e>(of: &'e Enum, label: &str, other: &Enum) -> (Option<&'e String>, Option<&'e String>) {
    let place = of.labels.iter().position(|own| own == label).unwrap_or(0);
    let (before, behind) = of.labels.split_at(place);
    let common = |label: &&String| other.labels.contains(label);
    (before.iter().rev().find(common), behind.iter().find(common))
}

fn checks(domain: &Domain) -> Vec<&str> {
    domain.checks.iter().map(|check| check.def.as_str()).collect()
}

/// Whether something of one name is in both schemas.
fn hold_the_same(expected: &Catalog, missing: &str, live: &Catalog, extra: &str) -> bool {
    fn names<'c>(catalog: &'c Catalog, schema: &str) -> BTreeSet<&'c str> {
        let tables = catalog.tables.iter().map(|table| &table.name);
        let enums = catalog.enums.iter().map(|of| &of.name);
        let definitions = catalog.definitions.iter().filter_map(|definition| definition.name.as_ref());
        let names = tables.chain(enums).chain(definitions);
        names.filter(|name| name.schema == schema).map(|name| name.name.as_str()).collect()
    }
    !names(expected, missing).is_disjoint(&names(live, extra))
}

pub(super) fn renamed(missing: Object, context: &Context) -> Option<Obstacle> {
    let (identities, renames): (Vec<String>, Vec<String>) = candidates(missing, context)
        .into_iter()
        .map(|candidate| (candidate.identity, candidate.rename))
        .unzip();
    (!identities.is_empty()).then(|| Obstacle {
        reason: format!(
            "is this the old name of {}? If not: nself_heal(true, not_renamed => ARRAY[{}])",
            identities.join(" or "),
            bare_literal(&missing.identity())
        ),
        remedy: Some(renames.join(";\n-- or\n")),
    })
}

/// The same seen from the extra object: to remove it might be to lose what was only renamed.
pub(super) fn renamed_from(extra: Object, context: &Context) -> Option<Obstacle> {
    let identity = extra.identity();
    context.missing_objects().find_map(|missing| {
        if let Some(Twin { address, obstacle }) = twin(missing, context)
            && address == extra.address()
        {
            let reason = format!("does what {} is to do: see there", missing.identity());
            return Some(Obstacle { reason, remedy: obstacle.and_then(|obstacle| obstacle.remedy) });
        }
        let candidate =
            candidates(missing, context).into_iter().find(|candidate| candidate.identity == identity)?;
        Some(Obstacle {
            reason: format!("may be what {} was renamed to: see there", missing.identity()),
            remedy: Some(candidate.rename),
        })
    })
}

/// Partitions of one table all have the same columns, which says nothing.
fn same_columns(one: &Table, other: &Table) -> bool {
    let columns = |table: &Table| {
        let mut columns: Vec<_> =
            table.columns.iter().map(|column| (column.name.clone(), column.type_name.clone())).collect();
        columns.sort();
        columns
    };
    one.partition_of.is_none()
        && other.partition_of.is_none()
        && !one.columns.is_empty()
        && columns(one) == columns(other)
}
