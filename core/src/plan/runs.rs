//! What a step evaluates with the rights of the role that it runs as: expressions that the migrations wrote, and the code
//! that these refer to. Whether that role trusts everybody who can change it is for the server to say.

use std::collections::BTreeSet;

use crate::diff::{Change, Object, owned, relation_type};
use crate::model::{Address, Column, ConstraintKind, DefinitionKind};
use crate::plan::context::Context;

/// What a step evaluates. A step that only writes something down, like a view or a trigger, evaluates nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The code that its expressions refer to, by the server's word, all the way. What this plan is to create is among
    /// it.
    pub refers_to: Vec<Address>,
    /// Who may have written an expression or code that is still to be created, and what that is.
    pub written_by: Vec<Written>,
    /// Code among it that somebody has changed. It is not run, whoever that was.
    pub changed: Option<Address>,
}

/// Something that the migrations give to a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    pub role: String,
    pub what: Address,
}

/// Types of objects that are code, or that have code: a type has functions that read its values, a domain has checks.
const CODE: [&str; 14] = [
    "function",
    "procedure",
    "aggregate",
    "operator",
    "operator class",
    "operator family",
    "cast",
    "type",
    "view",
    "materialized view",
    "collation",
    "conversion",
    "text search configuration",
    "text search dictionary",
];

/// What the step evaluates that creates or finishes an object.
pub(super) fn of(object: Object, context: &Context) -> Option<Runs> {
    let expression_of = match object {
        Object::Column(_, column) if !evaluates(column, context) => return None,
        Object::Column(table, _) => Some(Address::new(relation_type(table), &table.identity)),
        Object::Constraint(constraint) => match constraint.kind {
            ConstraintKind::Check => {
                Some(Address::new(constraint.table_type.as_str(), &constraint.table_identity))
            }
            // What an index is made of is immutable: without code of a user it does no harm.
            ConstraintKind::Exclusion
            | ConstraintKind::Primary
            | ConstraintKind::Unique
            | ConstraintKind::Foreign => None,
        },
        Object::Index(_) => None,
        Object::DomainConstraint(..) => Some(object.address()),
        Object::Definition(definition)
            if definition.kind == DefinitionKind::MaterializedView && definition.filled == Some(true) =>
        {
            Some(object.address())
        }
        // The bounds of a partition are values.
        Object::Table(table) if table.partition_of.is_some() => None,
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::EnumValue(..)
        | Object::Domain(_)
        | Object::Composite(_)
        | Object::Sequence(_)
        | Object::Table(_)
        | Object::Default(..)
        | Object::NotNull(..)
        | Object::Definition(_)
        | Object::RowSecurity(_)
        | Object::ForcedRowSecurity(_)
        | Object::Grant(_)
        | Object::Comment(_)
        | Object::Owner(_) => return None,
    };
    let refers_to = context.code_behind(object);
    let expected_owner = |what: &Address| {
        let owner = owned(context.expected)
            .find(|of| of.object_type == what.object_type && of.identity == what.identity)?;
        Some(Written { role: owner.owner.to_string(), what: what.clone() })
    };
    let mut written_by: Vec<Written> = expression_of.iter().filter_map(expected_owner).collect();
    written_by.extend(refers_to.iter().filter(|need| context.is_missing(need)).filter_map(expected_owner));
    let changed = changed(&refers_to, context);
    Some(Runs { refers_to, written_by, changed })
}

/// Whether rows get values of the column that are worked out.
fn evaluates(column: &Column, context: &Context) -> bool {
    column.default.is_some() || column.generated.is_some() || !context.domains(&column.type_name).is_empty()
}

/// Of types, the checks of domains are code.
fn changed(code: &[Address], context: &Context) -> Option<Address> {
    let is_code = |need: &&Address| !matches!(need.object_type.as_str(), "type" | "collation");
    let changed = code.iter().filter(is_code).find(|need| context.is_changed(need)).cloned();
    let check = || context.checks_not_as_expected().find(|(domain, _)| code.contains(domain));
    changed.or_else(|| check().map(|(_, check)| check))
}

impl<'a> Context<'a> {
    /// The code that an expected object refers to, all the way. Tables are not gone into.
    fn code_behind(&self, object: Object) -> Vec<Address> {
        let own = object.address();
        let mut found: BTreeSet<Address> = BTreeSet::new();
        let mut left = vec![own.clone()];
        while let Some(next) = left.pop() {
            for need in self.needs_of(&next).filter(|need| CODE.contains(&need.object_type.as_str())) {
                if *need != own && found.insert(need.clone()) {
                    left.push(need.clone());
                }
            }
        }
        found.into_iter().collect()
    }

    /// The checks of live domains that no migration gives, or that say something else, each behind its domain.
    fn checks_not_as_expected(&self) -> impl Iterator<Item = (Address, Address)> + use<'a, '_> {
        self.changes().iter().filter_map(|change| match change {
            Change::Extra(object) | Change::Changed { live: object, .. } => match object {
                Object::DomainConstraint(domain, _) => {
                    Some((Object::Domain(domain).address(), object.address()))
                }
                _ => None,
            },
            Change::Missing(_) => None,
        })
    }
}
