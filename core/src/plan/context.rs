//! What every decision about a step may look up.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Change, Object};
use crate::model::{Catalog, Column, Domain, Enum, Name, OwnedBy, Parent, Sequence, Table};
use crate::plan::order::positions;
use crate::plan::{Facts, Options};

/// Both schemas, what differs, and what is known of the data.
pub(super) struct Context<'a> {
    pub(super) expected: &'a Catalog,
    pub(super) live: &'a Catalog,
    pub(super) facts: &'a Facts,
    pub(super) options: &'a Options,
    changes: &'a [Change<'a>],
    expected_tables: BTreeMap<&'a Name, &'a Table>,
    live_tables: BTreeMap<&'a Name, &'a Table>,
    /// Identities of missing objects, but for NOT NULL, which shares its column's.
    missing: BTreeSet<String>,
    /// Where types and tables stand among those that they are made from.
    positions: BTreeMap<&'a str, usize>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        expected: &'a Catalog,
        live: &'a Catalog,
        changes: &'a [Change<'a>],
        facts: &'a Facts,
        options: &'a Options,
    ) -> Self {
        let by_name =
            |catalog: &'a Catalog| catalog.tables.iter().map(|table| (&table.name, table)).collect();
        let missing = changes
            .iter()
            .filter(
                |change| matches!(change, Change::Missing(object) if !matches!(object, Object::NotNull(..))),
            )
            .map(|change| change.object().identity())
            .collect();
        Context {
            expected,
            live,
            facts,
            options,
            changes,
            expected_tables: by_name(expected),
            live_tables: by_name(live),
            missing,
            positions: positions(expected),
        }
    }

    pub(super) fn expected_table(&self, name: &Name) -> Option<&'a Table> {
        self.expected_tables.get(name).copied()
    }

    pub(super) fn live_table(&self, name: &Name) -> Option<&'a Table> {
        self.live_tables.get(name).copied()
    }

    pub(super) fn is_missing(&self, identity: &str) -> bool {
        self.missing.contains(identity)
    }

    pub(super) fn position(&self, identity: &str) -> usize {
        self.positions.get(identity).copied().unwrap_or(0)
    }

    /// The objects that are live but not expected.
    pub(super) fn extras(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        self.changes.iter().filter_map(|change| match change {
            Change::Extra(object) => Some(*object),
            Change::Missing(_) | Change::Changed { .. } => None,
        })
    }

    /// The objects that are expected but not live.
    pub(super) fn missing_objects(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        self.changes.iter().filter_map(|change| match change {
            Change::Missing(object) => Some(*object),
            Change::Extra(_) | Change::Changed { .. } => None,
        })
    }

    /// The enum labels that this plan adds.
    pub(super) fn new_labels(&self) -> impl Iterator<Item = (&'a Enum, &'a str)> + use<'a> {
        self.missing_objects().filter_map(|object| match object {
            Object::EnumValue(of, label) => Some((of, label)),
            _ => None,
        })
    }

    /// Whether a live table holds rows. One that nobody looked into might.
    pub(super) fn has_rows(&self, table: &str) -> bool {
        self.facts.tables.get(table).is_none_or(|facts| facts.has_rows)
    }

    /// The size of a live table, if somebody looked.
    pub(super) fn bytes(&self, table: &str) -> Option<u64> {
        self.facts.tables.get(table).map(|facts| facts.bytes)
    }

    /// Whether plain inheritance gives the live table children, whose rows are then not its own.
    pub(super) fn has_children(&self, table: &Name) -> bool {
        self.live.tables.iter().any(|child| child.inherits.iter().any(|parent| parent.name == *table))
    }

    /// Missing sequences that live and go with a column of this table; with one that is named, or any.
    pub(super) fn sequences_of(
        &self,
        table: &Name,
        column: Option<&str>,
    ) -> impl Iterator<Item = &'a Sequence> {
        self.expected.sequences.iter().filter(move |sequence| {
            self.is_missing(&sequence.identity)
                && sequence.owned_by.as_ref().is_some_and(|owner| {
                    owner.table == *table && column.is_none_or(|column| owner.column == column)
                })
        })
    }

    /// The missing table or column that a missing sequence is created with, because it will own it.
    pub(super) fn created_with(&self, sequence: &Sequence) -> Option<String> {
        let OwnedBy { table, column: _, identity } = sequence.owned_by.as_ref()?;
        match self.live_table(table) {
            None => self.expected_table(table).map(|table| table.identity.clone()),
            Some(_) => self.is_missing(identity).then(|| identity.clone()),
        }
    }

    /// The identity of the step that creates a sequence, if one does.
    pub(super) fn creator_of_sequence(&self, identity: &str) -> Option<String> {
        let sequence = self.expected.sequences.iter().find(|sequence| sequence.identity == identity)?;
        self.is_missing(identity).then(|| self.created_with(sequence).unwrap_or_else(|| identity.to_string()))
    }

    /// The domain of this name, and the domains that it is made from.
    pub(super) fn domains(&self, type_name: &str) -> Vec<&'a Domain> {
        let mut found = Vec::new();
        let mut name = type_name;
        while let Some(domain) = self.expected.domains.iter().find(|domain| domain.identity == name)
            && found.len() < self.expected.domains.len()
        {
            found.push(domain);
            name = &domain.base_type;
        }
        found
    }

    /// Whether a column gets a value of its own accord in rows that do not name it.
    pub(super) fn fills_itself(&self, column: &Column) -> bool {
        column.default.is_some()
            || column.identity_column.is_some()
            || column.generated.is_some()
            || self.has_domain_default(column)
    }

    pub(super) fn has_domain_default(&self, column: &Column) -> bool {
        self.domains(&column.type_name).iter().any(|domain| domain.default.is_some())
    }

    /// Whether a column refuses NULL, itself or by its type.
    pub(super) fn refuses_null(&self, column: &Column) -> bool {
        column.not_null || self.domains(&column.type_name).iter().any(|domain| domain.not_null)
    }

    /// The identity of the missing or extra table (or missing column) that a change goes with.
    pub(super) fn part_of(&self, change: &Change) -> Option<String> {
        let (object, same_kind): (_, fn(&Change) -> bool) = match change {
            Change::Missing(Object::Sequence(sequence)) => return self.created_with(sequence),
            Change::Missing(object) => (object, |other| matches!(other, Change::Missing(_))),
            Change::Extra(object) => (object, |other| matches!(other, Change::Extra(_))),
            Change::Changed { .. } => return None,
        };
        let owner = match object {
            Object::Constraint(constraint) => &constraint.table,
            Object::Index(index) => &index.table,
            Object::Sequence(sequence) => &sequence.owned_by.as_ref()?.table,
            Object::Schema(_)
            | Object::Extension(_)
            | Object::Enum(_)
            | Object::EnumValue(..)
            | Object::Domain(_)
            | Object::DomainConstraint(..)
            | Object::Composite(_)
            | Object::Table(_)
            | Object::Column(..)
            | Object::Default(..)
            | Object::NotNull(..) => return None,
        };
        self.changes.iter().filter(|other| same_kind(other)).find_map(|other| match other.object() {
            Object::Table(table) if table.name == *owner => Some(table.identity.clone()),
            _ => None,
        })
    }
}

/// The tables that a table has columns from, by inheritance or as their partition.
pub(super) fn parents(table: &Table) -> impl Iterator<Item = &Parent> {
    table.inherits.iter().chain(table.partition_of.iter().map(|of| &of.parent))
}

/// The type that a printed type name speaks of: an array's is that of its elements.
pub(super) fn element_type(type_name: &str) -> &str {
    type_name.trim_end_matches("[]")
}

/// The schema of an identity, quoted where it must be.
pub(super) fn schema_of<'i>(identity: &'i str, name: &Name) -> &'i str {
    let quoted = format!(".{}", crate::quote::ident(&name.name));
    let plain = format!(".{}", name.name);
    identity.strip_suffix(&quoted).or_else(|| identity.strip_suffix(&plain)).unwrap_or(identity)
}
