//! The order of steps: a constant rank for each kind of object, and among types and tables those first that the others
//! are made from.

use std::collections::BTreeMap;

use crate::diff::{Change, Object};
use crate::model::{Catalog, ConstraintKind};
use crate::plan::context::{Context, element_type, parents};

/// When a step's turn comes: by sort, then by place among its like.
pub(super) type Rank = (Sort, usize);

/// Sorts of steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Schema,
    Extension,
    Enum,
    EnumValue,
    /// Domains and composite types, which can be made from each other.
    Type,
    DomainConstraint,
    Sequence,
    Table,
    Column,
    /// One whose values are computed from other columns.
    GeneratedColumn,
    /// One that was created together with its column, which now exists and can own it.
    SequenceOfColumn,
    Default,
    Key,
    Index,
    Check,
    Exclusion,
    NotNull,
    ForeignKey,
}

impl Context<'_> {
    pub(super) fn rank(&self, change: &Change) -> Rank {
        match change.object() {
            Object::Schema(_) => (Sort::Schema, 0),
            Object::Extension(_) => (Sort::Extension, 0),
            Object::Enum(_) => (Sort::Enum, 0),
            Object::EnumValue(..) => (Sort::EnumValue, 0),
            Object::Domain(domain) => (Sort::Type, self.position(&domain.identity)),
            Object::Composite(composite) => (Sort::Type, self.position(&composite.identity)),
            Object::DomainConstraint(..) => (Sort::DomainConstraint, 0),
            Object::Sequence(sequence) => match change {
                Change::Missing(_) if self.created_with(sequence).is_some() => (Sort::SequenceOfColumn, 0),
                Change::Missing(_) | Change::Extra(_) | Change::Changed { .. } => (Sort::Sequence, 0),
            },
            Object::Table(table) => (Sort::Table, self.position(&table.identity)),
            Object::Column(_, column) if column.generated.is_some() => (Sort::GeneratedColumn, 0),
            // A column that owns a sequence creates it, and others may draw from it.
            Object::Column(table, column) => {
                let owns = self.sequences_of(&table.name, Some(&column.name)).next().is_some();
                (Sort::Column, usize::from(!owns))
            }
            Object::Default(..) => (Sort::Default, 0),
            Object::Constraint(constraint) => (constraint_sort(constraint.kind), 0),
            Object::Index(_) => (Sort::Index, 0),
            Object::NotNull(..) => (Sort::NotNull, 0),
        }
    }
}

fn constraint_sort(kind: ConstraintKind) -> Sort {
    match kind {
        ConstraintKind::Primary | ConstraintKind::Unique => Sort::Key,
        ConstraintKind::Check => Sort::Check,
        ConstraintKind::Exclusion => Sort::Exclusion,
        ConstraintKind::Foreign => Sort::ForeignKey,
    }
}

/// Numbers types and tables so that each comes behind what it is made from; otherwise by name.
pub(super) fn positions(catalog: &Catalog) -> BTreeMap<&str, usize> {
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for domain in &catalog.domains {
        needs.insert(&domain.identity, vec![element_type(&domain.base_type)]);
    }
    for composite in &catalog.composites {
        let types = composite.attributes.iter().map(|attribute| element_type(&attribute.type_name));
        needs.insert(&composite.identity, types.collect());
    }
    for table in &catalog.tables {
        let types = table.columns.iter().map(|column| element_type(&column.type_name));
        needs.insert(
            &table.identity,
            parents(table).map(|parent| parent.identity.as_str()).chain(types).collect(),
        );
    }
    let mut positions = BTreeMap::new();
    let mut underway = Vec::new();
    for identity in needs.keys() {
        visit(identity, &needs, &mut underway, &mut positions);
    }
    positions
}

/// A name that is underway is met again only in a circle, which the server does not let anybody build.
fn visit<'a>(
    identity: &'a str,
    needs: &BTreeMap<&'a str, Vec<&'a str>>,
    underway: &mut Vec<&'a str>,
    positions: &mut BTreeMap<&'a str, usize>,
) {
    let Some(of) = needs.get(identity) else { return };
    if positions.contains_key(identity) || underway.contains(&identity) {
        return;
    }
    underway.push(identity);
    for need in of {
        visit(need, needs, underway, positions);
    }
    underway.pop();
    positions.insert(identity, positions.len());
}
