//! What every decision about a step may look up.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Change, Object, owned, relation_type};
use crate::model::{
    Address, Catalog, Column, Constraint, ConstraintKind, Domain, Enum, Index, Name, OwnedBy, Parent,
    Sequence, Table,
};
use crate::plan::step::{Facts, Options};

/// Both schemas, what differs, and what is known of the data.
pub(super) struct Context<'a> {
    pub(super) expected: &'a Catalog,
    pub(super) live: &'a Catalog,
    pub(super) facts: &'a Facts,
    pub(super) options: &'a Options,
    changes: &'a [Change<'a>],
    expected_tables: BTreeMap<&'a Name, &'a Table>,
    live_tables: BTreeMap<&'a Name, &'a Table>,
    missing: BTreeSet<Address>,
    extra: BTreeSet<Address>,
    changed: BTreeSet<Address>,
    /// Columns that are missing because a parent's is, with that one.
    handed_down: BTreeMap<Address, Address>,
    /// What the expected objects need.
    dependencies: BTreeMap<Address, &'a [Address]>,
    /// Expected relations and routines by identity, if something is on one.
    names: BTreeMap<&'a str, &'a Name>,
    /// Whom the live objects belong to.
    owners: BTreeMap<(&'a str, &'a str), &'a str>,
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
        let addresses = |wanted: fn(&Change) -> bool| {
            changes.iter().filter(|change| wanted(change)).map(|change| change.object().address()).collect()
        };
        let dependencies = expected.dependencies.iter();
        let mut context = Context {
            expected,
            live,
            facts,
            options,
            changes,
            expected_tables: by_name(expected),
            live_tables: by_name(live),
            missing: addresses(|change| matches!(change, Change::Missing(_))),
            extra: addresses(|change| matches!(change, Change::Extra(_))),
            handed_down: BTreeMap::new(),
            changed: addresses(|change| matches!(change, Change::Changed { .. })),
            dependencies: dependencies
                .map(|of| (Address::new(&of.object_type, &of.identity), of.needs.as_slice()))
                .collect(),
            names: if changes.iter().any(is_on_something) { names(expected) } else { BTreeMap::new() },
            owners: owned(live).map(|of| ((of.object_type, of.identity), of.owner)).collect(),
        };
        context.handed_down = context.missing_above();
        context
    }

    /// The name of an expected relation or routine.
    pub(super) fn name_of(&self, identity: &str) -> Option<&'a Name> {
        self.names.get(identity).copied()
    }

    pub(super) fn expected_table(&self, name: &Name) -> Option<&'a Table> {
        self.expected_tables.get(name).copied()
    }

    pub(super) fn live_table(&self, name: &Name) -> Option<&'a Table> {
        self.live_tables.get(name).copied()
    }

    pub(super) fn is_missing(&self, address: &Address) -> bool {
        self.missing.contains(address)
    }

    pub(super) fn is_changed(&self, address: &Address) -> bool {
        self.changed.contains(address)
    }

    /// Of these objects those that this plan creates. A column that comes from a parent is created there.
    pub(super) fn only_missing(&self, addresses: impl IntoIterator<Item = Address>) -> Vec<Address> {
        let created = |address: Address| match self.is_missing(&address) {
            true => Some(address),
            false => self.handed_down.get(&address).cloned(),
        };
        addresses.into_iter().filter_map(created).collect()
    }

    /// The missing columns that children have from their parents, each with the parent's.
    fn missing_above(&self) -> BTreeMap<Address, Address> {
        let mut found = BTreeMap::new();
        if !self.missing_objects().any(|object| matches!(object, Object::Column(..))) {
            return found;
        }
        for table in &self.expected.tables {
            for column in table.columns.iter().filter(|column| column.inherited) {
                let mut above = vec![table];
                while let Some(next) = above.pop() {
                    for parent in parents(next).filter_map(|parent| self.expected_table(&parent.name)) {
                        let own = parent.columns.iter().find(|own| own.name == column.name);
                        let address = own.map(|own| Object::Column(parent, own).address());
                        match address.filter(|address| self.is_missing(address)) {
                            Some(address) => {
                                found.insert(Object::Column(table, column).address(), address);
                            }
                            None => above.push(parent),
                        }
                    }
                }
            }
        }
        found
    }

    /// What the server said that an object needs, as far as this plan creates it, and as far as it is there but differs.
    pub(super) fn dependencies(&self, object: Object) -> (Vec<Address>, Vec<Address>) {
        let own = object.address();
        let needs = self.needs(object);
        let (mut missing, mut differing) = (Vec::new(), Vec::new());
        for need in needs.filter(|need| **need != own) {
            if need.object_type == "sequence" {
                missing.extend(self.creator_of_sequence(&need.identity).filter(|creator| *creator != own));
            } else if self.is_missing(need) {
                missing.push(need.clone());
            } else if let Some(above) = self.handed_down.get(need) {
                missing.push(above.clone());
            } else if self.changed.contains(need) {
                differing.push(need.clone());
            }
        }
        (missing, differing)
    }

    /// What the server said that an object needs.
    pub(super) fn needs_of(&self, address: &Address) -> impl Iterator<Item = &'a Address> + use<'a> {
        self.dependencies.get(address).copied().unwrap_or_default().iter()
    }

    pub(super) fn changes(&self) -> &'a [Change<'a>] {
        self.changes
    }

    /// What the server said that an object needs. A table comes with its columns.
    fn needs(&self, object: Object) -> impl Iterator<Item = &'a Address> + use<'a> {
        let own = object.address();
        let parts: Vec<Address> = match object {
            // Its column needs it, and it ends with its column: the server's word is no order.
            Object::Sequence(_) => Vec::new(),
            Object::Table(table) => {
                let columns = table.columns.iter().map(|column| Object::Column(table, column).address());
                columns.chain([own]).collect()
            }
            _ => vec![own],
        };
        let needs = parts.iter().filter_map(|part| self.dependencies.get(part).copied());
        needs.flatten().collect::<Vec<_>>().into_iter()
    }

    /// What an object needs that this plan does not create.
    pub(super) fn live_needs(&self, object: Object) -> impl Iterator<Item = &'a Address> {
        self.needs(object).filter(|need| !self.is_missing(need))
    }

    /// The owner of a live object.
    pub(super) fn live_owner(&self, object_type: &str, identity: &str) -> Option<String> {
        self.owners.get(&(object_type, identity)).map(ToString::to_string)
    }

    /// The owner of an object: the live one, or who is to create it.
    pub(super) fn owner_of_object(&self, object_type: &str, identity: &str) -> Option<String> {
        self.live_owner(object_type, identity).or_else(|| {
            let expected =
                owned(self.expected).find(|of| of.object_type == object_type && of.identity == identity);
            expected.map(|of| of.owner.to_string())
        })
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
        !self.is_foreign(table) && self.facts.tables.get(table).is_none_or(|facts| facts.has_rows)
    }

    /// Whether a live table's rows are another server's business: nobody looks at them.
    pub(super) fn is_foreign(&self, table: &str) -> bool {
        self.live.tables.iter().any(|live| live.identity == table && live.foreign.is_some())
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
            self.is_missing(&Object::Sequence(sequence).address())
                && sequence.owned_by.as_ref().is_some_and(|owner| {
                    owner.table == *table && column.is_none_or(|column| owner.column == column)
                })
        })
    }

    /// The missing table or column that a missing sequence is created with, because it will own it.
    pub(super) fn created_with(&self, sequence: &Sequence) -> Option<Address> {
        let OwnedBy { table, column: _, identity } = sequence.owned_by.as_ref()?;
        let expected = self.expected_table(table)?;
        if self.live_table(table).is_none() {
            return Some(Object::Table(expected).address());
        }
        let column = expected.columns.iter().find(|column| column.identity == *identity)?;
        let address = Object::Column(expected, column).address();
        self.is_missing(&address).then_some(address)
    }

    /// The step that creates a sequence, if one does.
    pub(super) fn creator_of_sequence(&self, identity: &str) -> Option<Address> {
        let sequence = self.expected.sequences.iter().find(|sequence| sequence.identity == identity)?;
        let address = Object::Sequence(sequence).address();
        self.is_missing(&address).then(|| self.created_with(sequence).unwrap_or(address))
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
        column.not_null.is_some() || self.domains(&column.type_name).iter().any(|domain| domain.not_null)
    }

    /// The missing or extra object that a change goes with.
    pub(super) fn part_of(&self, change: &Change) -> Option<Address> {
        let (object, lacking) = match change {
            Change::Missing(Object::Sequence(sequence)) => return self.created_with(sequence),
            Change::Missing(object) => (object, &self.missing),
            Change::Extra(object) => (object, &self.extra),
            Change::Changed { .. } => return None,
        };
        let of = |of: &Option<Address>, object_type: &str, identity: &str| {
            [Some(Address::new(object_type, identity)), of.clone()].into_iter().flatten().collect()
        };
        let wholes: Vec<Address> = match object {
            Object::Constraint(constraint) => {
                vec![Address::new(constraint.table_type.as_str(), &constraint.table_identity)]
            }
            Object::Index(index) => vec![Address::new(index.table_type.as_str(), &index.table_identity)],
            Object::Sequence(sequence) => {
                let table = sequence.owned_by.as_ref().and_then(|owner| {
                    self.expected_table(&owner.table).or_else(|| self.live_table(&owner.table))
                });
                table.map(|table| Address::new(relation_type(table), &table.identity)).into_iter().collect()
            }
            Object::Definition(definition) => {
                let of = definition.of.iter();
                of.map(|of| Address::new(&of.object_type, &of.identity)).collect()
            }
            Object::Grant(privileges) => {
                of(&privileges.acl.of, &privileges.acl.object_type, &privileges.acl.identity)
            }
            Object::Comment(comment) => of(&comment.of, &comment.object_type, &comment.identity),
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
            | Object::NotNull(..)
            | Object::RowSecurity(_)
            | Object::ForcedRowSecurity(_)
            | Object::Owner(_) => return None,
        };
        wholes.into_iter().find(|whole| lacking.contains(whole))
    }

    pub(super) fn needed_schema(&self, name: &str) -> Vec<Address> {
        let schema = self.expected.schemas.iter().find(|schema| schema.name == name);
        self.only_missing(schema.map(|schema| Object::Schema(schema).address()))
    }

    pub(super) fn needed_types<'t>(&self, type_names: impl IntoIterator<Item = &'t String>) -> Vec<Address> {
        self.only_missing(type_names.into_iter().map(|name| Address::new("type", element_type(name))))
    }

    /// A table, and those of its columns that are named by identity.
    pub(super) fn needed_columns(&self, table: &Name, columns: &[String]) -> Vec<Address> {
        let Some(table) = self.expected_table(table) else { return Vec::new() };
        let columns = table.columns.iter().filter(|column| columns.contains(&column.identity));
        let columns = columns.map(|column| Object::Column(table, column).address());
        self.only_missing(columns.chain([Address::new(relation_type(table), &table.identity)]))
    }

    pub(super) fn needed_by_column(&self, table: &Table, column: &Column) -> Vec<Address> {
        let mut needs = self.needed_types([&column.type_name]);
        needs.extend(column.sequences.iter().filter_map(|sequence| self.creator_of_sequence(sequence)));
        if let Some(generated) = &column.generated {
            // A name that occurs in the text is taken for the column, because waiting in vain does no harm.
            let others = table.columns.iter().filter(|other| generated.expression.contains(&other.name));
            needs.extend(self.only_missing(others.map(|other| Object::Column(table, other).address())));
        }
        needs
    }

    /// The key that a foreign key rests on, where only this plan creates one.
    pub(super) fn needed_key(&self, table: &Name, columns: &[String]) -> Vec<Address> {
        let same =
            |of: &[String]| of.len() == columns.len() && columns.iter().all(|column| of.contains(column));
        let is_key = |constraint: &&Constraint| {
            constraint.table == *table
                && matches!(constraint.kind, ConstraintKind::Primary | ConstraintKind::Unique)
                && same(&constraint.columns)
        };
        let is_unique_index = |index: &&Index| {
            index.table == *table && index.unique && index.predicate.is_none() && same(&index.columns)
        };
        let live = &self.live;
        if live.constraints.iter().any(|constraint| is_key(&constraint))
            || live.indexes.iter().any(|index| index.valid && is_unique_index(&index))
        {
            return Vec::new();
        }
        let constraint = self.expected.constraints.iter().find(is_key);
        let constraint = constraint.map(|constraint| Object::Constraint(constraint).address());
        let index =
            || self.expected.indexes.iter().find(is_unique_index).map(|of| Object::Index(of).address());
        self.only_missing(constraint.or_else(index))
    }

    pub(super) fn is_partitioned(&self, table: &Name) -> bool {
        let table = self.live_table(table).or_else(|| self.expected_table(table));
        table.is_some_and(|table| table.partition_key.is_some())
    }

    /// The role that may alter a table: its owner, or the one who will be.
    pub(super) fn owner_of(&self, table: &Name) -> String {
        match (self.live_table(table), self.expected_table(table)) {
            (Some(live), _) => live.owner.clone(),
            (None, Some(expected)) => self.creator_of(expected),
            (None, None) => String::new(),
        }
    }

    /// Only the owner of a parent can give it a child.
    pub(super) fn creator_of(&self, table: &Table) -> String {
        match parents(table).find(|parent| self.live_table(&parent.name).is_some()) {
            Some(parent) => self.owner_of(&parent.name),
            None => table.owner.clone(),
        }
    }

    pub(super) fn owner_of_domain(&self, domain: &Domain) -> String {
        let live = self.live.domains.iter().find(|live| live.identity == domain.identity);
        live.unwrap_or(domain).owner.clone()
    }
}

fn is_on_something(change: &Change) -> bool {
    !matches!(change, Change::Extra(_))
        && match change.object() {
            Object::Grant(_) | Object::Comment(_) => true,
            Object::Definition(definition) => definition.of.is_some(),
            _ => false,
        }
}

fn names(catalog: &Catalog) -> BTreeMap<&str, &Name> {
    let tables = catalog.tables.iter().map(|of| (of.identity.as_str(), &of.name));
    let sequences = catalog.sequences.iter().map(|of| (of.identity.as_str(), &of.name));
    let definitions = catalog.definitions.iter();
    let definitions = definitions.filter_map(|of| Some((of.identity.as_str(), of.name.as_ref()?)));
    tables.chain(sequences).chain(definitions).collect()
}

/// The tables that a table has columns from, by inheritance or as their partition.
pub(super) fn parents(table: &Table) -> impl Iterator<Item = &Parent> {
    table.inherits.iter().chain(table.partition_of.iter().map(|of| &of.parent))
}

/// The type that a printed type name speaks of: an array's is that of its elements.
fn element_type(type_name: &str) -> &str {
    type_name.trim_end_matches("[]")
}

/// A size as people read it, cut as `pg_size_pretty` cuts it.
pub(super) fn size(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return "of unknown size".to_string() };
    let mut amount = bytes;
    let mut units = ["bytes", "kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if amount < 10 * 1024 {
            break;
        }
        amount /= 1024;
        unit = next;
    }
    format!("{amount} {unit}")
}
