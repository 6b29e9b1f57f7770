//! Expressions that the server may print in two forms.
//!
//! Printing an expression and reading it again does not always give the same text: `IN ('a', 'b')` on a varchar column
//! needs two rounds before it stays the same. So a restored database differs from its migrations in texts alone. Only
//! the server can say that two texts mean the same; here they are found, and taken over when it did.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::relation_type;
use crate::model::{
    Address, Catalog, Column, Constraint, ConstraintKind, Definition, DefinitionKind, Dependencies, Domain,
    Index, Name, Table,
};

/// Two texts of one expression, as printed on the two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPair {
    /// The table whose columns the expression speaks of, the domain whose value, or the view that is a query.
    pub table: Name,
    pub place: Place,
    pub expected: String,
    pub live: String,
    /// The identity of the expected object that the text is of, or of the domain that its check is of.
    whole: String,
    locator: Locator,
}

impl TextPair {
    /// The object as the expected dependencies name it: what its text refers to is what it needs.
    fn of_expected(&self) -> (&'static str, &str) {
        let Self { whole, locator, .. } = self;
        match locator {
            Locator::Constraint { .. } => ("table constraint", whole),
            Locator::DomainCheck { .. } => ("type", whole),
            Locator::IndexPart { .. } | Locator::IndexPredicate { .. } => ("index", whole),
            Locator::Default { .. } | Locator::Generated { .. } => ("table column", whole),
            Locator::PartitionKey { .. } => ("table", whole),
            Locator::Definition { kind, .. } => (kind.as_str(), whole),
        }
    }

    /// The object that the text is of, as the live catalog has it: its type and its identity.
    pub fn object<'a>(&'a self, live: &'a Catalog) -> Option<(&'static str, &'a str)> {
        if let Locator::Definition { kind, identity, .. } = &self.locator {
            return Some((kind.as_str(), identity));
        }
        let tables = live.tables.iter().map(|of| (&of.name, relation_type(of), &of.identity));
        let domains = live.domains.iter().map(|of| (&of.name, "type", &of.identity));
        let views = live.definitions.iter().filter(|of| of.is_view());
        let views = views.filter_map(|of| Some((of.name.as_ref()?, of.kind.as_str(), &of.identity)));
        let mut all = tables.chain(domains).chain(views);
        let (_, object_type, identity) = all.find(|(name, ..)| **name == self.table)?;
        Some((object_type, identity))
    }
}

/// Where an expression stands, which decides what it may hold and what type it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Check,
    DomainCheck,
    /// Of an index, or of an exclusion constraint.
    IndexPredicate,
    IndexPart,
    Default {
        column: String,
    },
    Generated {
        column: String,
    },
    /// A whole SELECT.
    Query,
    /// The statement that creates a rule.
    Rule,
    /// A SELECT of the defaults of a function's arguments, and the statement that creates the function, whose body the
    /// server may keep as what it means; between them `ROUTINE_PARTS`.
    Routine {
        function: String,
    },
}

/// What no SQL text can hold.
pub const ROUTINE_PARTS: char = '\u{1}';

/// The one text in the live catalog that a pair speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Locator {
    Constraint { constraint: String, def: String },
    DomainCheck { check: String, def: String },
    IndexPart { index: String, part: usize },
    IndexPredicate { index: String },
    Default { column: String },
    Generated { column: String },
    PartitionKey { table: String, key: String },
    Definition { kind: DefinitionKind, identity: String, def: String, query: Option<String> },
}

/// The pairs of texts that decide whether objects differ which are otherwise the same.
pub fn texts_to_settle(expected: &Catalog, live: &Catalog) -> Vec<TextPair> {
    let mut pairs = Vec::new();
    for (one, other) in matched(&expected.tables, &live.tables, |table| &table.identity) {
        pairs.extend(partition_key_texts(one, other));
        for (one_column, other_column) in matched(&one.columns, &other.columns, |column| &column.identity) {
            pairs.extend(column_texts(other, one_column, other_column));
        }
    }
    for (one, other) in matched(&expected.domains, &live.domains, |domain| &domain.identity) {
        pairs.extend(domain_texts(one, other));
    }
    for (one, other) in matched(&expected.constraints, &live.constraints, |constraint| &constraint.identity) {
        pairs.extend(constraint_text(one, other));
    }
    for (one, other) in matched(&expected.indexes, &live.indexes, |index| &index.identity) {
        pairs.extend(index_texts(one, other));
    }
    pairs.extend(twins(expected, live));
    let key = |definition: &Definition| (definition.kind, definition.identity.clone());
    for (one, other) in matched(&expected.definitions, &live.definitions, key) {
        pairs.extend(definition_text(one, other));
    }
    leave_out_unresolved(&mut pairs, expected, live);
    pairs
}

/// A text that refers to code which is not live means something else here, or nothing: the live parser finds other code of the
/// same name for it.
fn leave_out_unresolved(pairs: &mut Vec<TextPair>, expected: &Catalog, live: &Catalog) {
    if pairs.is_empty() {
        return;
    }
    let there: BTreeSet<Address> = code(live).collect();
    let missing: BTreeSet<Address> = code(expected).filter(|code| !there.contains(code)).collect();
    let refers_to_missing = |of: &&Dependencies| of.needs.iter().any(|need| missing.contains(need));
    let unresolved: BTreeSet<(&str, &str)> = (expected.dependencies.iter())
        .filter(refers_to_missing)
        .map(|of| (of.object_type.as_str(), of.identity.as_str()))
        .collect();
    pairs.retain(|pair| !unresolved.contains(&pair.of_expected()));
}

/// What an expression can refer to by a name that other code can have, too.
fn code(catalog: &Catalog) -> impl Iterator<Item = Address> {
    let is_code = |of: &&Definition| {
        matches!(
            of.kind,
            DefinitionKind::Function
                | DefinitionKind::Procedure
                | DefinitionKind::Aggregate
                | DefinitionKind::Operator
                | DefinitionKind::Collation
                | DefinitionKind::Cast
                | DefinitionKind::Type
        )
    };
    let definitions = catalog.definitions.iter().filter(is_code);
    let definitions = definitions.map(|of| Address::new(of.kind.as_str(), &of.identity));
    let types = (catalog.enums.iter().map(|of| &of.identity))
        .chain(catalog.domains.iter().map(|of| &of.identity))
        .chain(catalog.composites.iter().map(|of| &of.identity));
    definitions.chain(types.map(|identity| Address::new("type", identity)))
}

/// Takes the expected text over into the live catalog, because the pair means the same.
pub fn adopt(live: &mut Catalog, pair: &TextPair) {
    let text = pair.expected.clone();
    match &pair.locator {
        Locator::Constraint { constraint, def } => {
            for constraint in live.constraints.iter_mut().filter(|other| other.identity == *constraint) {
                constraint.expression = Some(text.clone());
                constraint.def = def.clone();
            }
        }
        Locator::DomainCheck { check, def } => {
            let checks = live.domains.iter_mut().flat_map(|domain| &mut domain.checks);
            for check in checks.filter(|other| other.identity == *check) {
                check.def = def.clone();
            }
        }
        Locator::IndexPart { index, part } => {
            for index in live.indexes.iter_mut().filter(|other| other.identity == *index) {
                index.def = index.def.replacen(&index.parts[*part], &text, 1);
                index.parts[*part] = text.clone();
            }
        }
        Locator::IndexPredicate { index } => {
            for index in live.indexes.iter_mut().filter(|other| other.identity == *index) {
                if let Some(old) = index.predicate.replace(text.clone())
                    && let Some(head) = index.def.strip_suffix(&old)
                {
                    index.def = format!("{head}{text}");
                }
            }
        }
        Locator::Default { column } => {
            for column in columns_mut(live, &pair.table).filter(|other| other.identity == *column) {
                column.default = Some(text.clone());
            }
        }
        Locator::Generated { column } => {
            for generated in columns_mut(live, &pair.table)
                .filter(|other| other.identity == *column)
                .filter_map(|column| column.generated.as_mut())
            {
                generated.expression = text.clone();
            }
        }
        Locator::PartitionKey { table, key } => {
            for table in live.tables.iter_mut().filter(|other| other.identity == *table) {
                table.partition_key = Some(key.clone());
            }
        }
        Locator::Definition { kind, identity, def, query } => {
            let definitions = live.definitions.iter_mut();
            for definition in definitions.filter(|other| other.kind == *kind && other.identity == *identity) {
                definition.def = def.clone();
                definition.query = query.clone();
            }
        }
    }
}

fn columns_mut<'a>(catalog: &'a mut Catalog, table: &'a Name) -> impl Iterator<Item = &'a mut Column> {
    catalog.tables.iter_mut().filter(|other| other.name == *table).flat_map(|table| &mut table.columns)
}

/// The objects that both lists have, by key.
fn matched<'a, T, K: Ord>(expected: &'a [T], live: &'a [T], key: impl Fn(&'a T) -> K) -> Vec<(&'a T, &'a T)> {
    let live: BTreeMap<K, &T> = live.iter().map(|object| (key(object), object)).collect();
    expected.iter().filter_map(|object| Some((object, *live.get(&key(object))?))).collect()
}

/// A missing constraint or index beside an extra one that may be the same under another name.
fn twins(expected: &Catalog, live: &Catalog) -> Vec<TextPair> {
    fn lone<'a, T>(of: &'a [T], other: &[T], key: impl Fn(&T) -> &String) -> Vec<&'a T> {
        let there: BTreeSet<&String> = other.iter().map(&key).collect();
        of.iter().filter(|object| !there.contains(key(object))).collect()
    }
    let (one, other) = (&expected.constraints, &live.constraints);
    let extra = lone(other, one, |constraint| &constraint.identity);
    let mut pairs = Vec::new();
    for missing in lone(one, other, |constraint| &constraint.identity) {
        let on_its_table =
            extra.iter().filter(|extra| extra.table == missing.table && extra.kind == missing.kind);
        pairs.extend(on_its_table.filter_map(|extra| constraint_text(missing, extra)));
    }
    let (one, other) = (&expected.indexes, &live.indexes);
    let extra = lone(other, one, |index| &index.identity);
    for missing in lone(one, other, |index| &index.identity) {
        pairs.extend(extra.iter().flat_map(|extra| index_texts(missing, extra)));
    }
    pairs
}

/// A column of another type differs anyway, and its expressions mean something else.
fn column_texts(table: &Table, expected: &Column, live: &Column) -> Vec<TextPair> {
    if expected.type_name != live.type_name {
        return Vec::new();
    }
    let mut pairs = Vec::new();
    let column = || expected.name.clone();
    if let (Some(one), Some(other)) = (&expected.default, &live.default) {
        let locator = Locator::Default { column: live.identity.clone() };
        pairs.extend(pair(
            (&table.name, &expected.identity),
            Place::Default { column: column() },
            one,
            other,
            locator,
        ));
    }
    if let (Some(one), Some(other)) = (&expected.generated, &live.generated)
        && one.stored == other.stored
    {
        let locator = Locator::Generated { column: live.identity.clone() };
        let place = Place::Generated { column: column() };
        pairs.extend(pair(
            (&table.name, &expected.identity),
            place,
            &one.expression,
            &other.expression,
            locator,
        ));
    }
    pairs
}

/// `LIST ((…))` as a SELECT of what it lists. An operator class in it is no part of a SELECT, and leaves texts as they are.
fn partition_key_texts(expected: &Table, live: &Table) -> Option<TextPair> {
    let query = |key: &str| {
        let (strategy, list) = key.split_once(' ')?;
        Some((strategy.to_string(), format!("SELECT {list} FROM ONLY {}", live.name.sql())))
    };
    let key = expected.partition_key.as_ref()?;
    let ((one_strategy, one), (other_strategy, other)) = (query(key)?, query(live.partition_key.as_ref()?)?);
    if one_strategy != other_strategy {
        return None;
    }
    let locator = Locator::PartitionKey { table: live.identity.clone(), key: key.clone() };
    pair((&live.name, &expected.identity), Place::Query, &one, &other, locator)
}

/// The value of a domain of another type is another thing.
fn domain_texts(expected: &Domain, live: &Domain) -> Vec<TextPair> {
    if expected.base_type != live.base_type {
        return Vec::new();
    }
    let checks = matched(&expected.checks, &live.checks, |check| &check.identity).into_iter();
    checks
        .filter_map(|(one, other)| {
            let expression = |def: &'_ str| Some(def.strip_prefix("CHECK (")?.strip_suffix(')')?.to_string());
            let locator = Locator::DomainCheck { check: other.identity.clone(), def: one.def.clone() };
            pair(
                (&live.name, &expected.identity),
                Place::DomainCheck,
                &expression(&one.def)?,
                &expression(&other.def)?,
                locator,
            )
        })
        .collect()
}

fn constraint_text(expected: &Constraint, live: &Constraint) -> Option<TextPair> {
    let (one, other) = (expected.expression.as_ref()?, live.expression.as_ref()?);
    let place = match live.kind {
        ConstraintKind::Exclusion => Place::IndexPredicate,
        ConstraintKind::Check
        | ConstraintKind::Primary
        | ConstraintKind::Unique
        | ConstraintKind::Foreign => Place::Check,
    };
    // What the definition says beside the expression, like NO INHERIT.
    let rest = |def: &str, expression: &str| def.replacen(expression, "", 1);
    if rest(&expected.def, one) != rest(&live.def, other) {
        return None;
    }
    let locator = Locator::Constraint { constraint: live.identity.clone(), def: expected.def.clone() };
    pair((&live.table, &expected.identity), place, one, other, locator)
}

fn index_texts(expected: &Index, live: &Index) -> Vec<TextPair> {
    let same_but_for_texts = expected.table == live.table
        && expected.shape() == live.shape()
        && expected.unique == live.unique
        && expected.nulls_not_distinct == live.nulls_not_distinct
        && expected.parts.len() == live.parts.len()
        && expected.predicate.is_some() == live.predicate.is_some();
    if !same_but_for_texts {
        return Vec::new();
    }
    let parts = expected.parts.iter().zip(&live.parts).enumerate().filter_map(|(part, (one, other))| {
        let locator = Locator::IndexPart { index: live.identity.clone(), part };
        pair((&live.table, &expected.identity), Place::IndexPart, one, other, locator)
    });
    let predicate = expected.predicate.iter().zip(&live.predicate).filter_map(|(one, other)| {
        let locator = Locator::IndexPredicate { index: live.identity.clone() };
        pair((&live.table, &expected.identity), Place::IndexPredicate, one, other, locator)
    });
    parts.chain(predicate).collect()
}

/// A definition that says the same but for its query, or for the statements in it.
fn definition_text(expected: &Definition, live: &Definition) -> Option<TextPair> {
    let table = match &live.of {
        Some(of) => of.name.as_ref()?,
        None => live.name.as_ref()?,
    };
    if expected.shape != live.shape || expected.more != live.more {
        return None;
    }
    let (place, one, other) = match (live.kind, &expected.query, &live.query) {
        (DefinitionKind::Function | DefinitionKind::Procedure, ..) if live.shape.is_some() => {
            (Place::Routine { function: live.identity.clone() }, routine_text(expected), routine_text(live))
        }
        (DefinitionKind::Rule, ..) => (Place::Rule, expected.def.clone(), live.def.clone()),
        (_, Some(one), Some(other)) => (Place::Query, one.clone(), other.clone()),
        _ => return None,
    };
    let locator = Locator::Definition {
        kind: live.kind,
        identity: live.identity.clone(),
        def: expected.def.clone(),
        query: expected.query.clone(),
    };
    pair((table, &expected.identity), place, &one, &other, locator)
}

/// The defaults of a function's arguments as a SELECT, if it has some, then the whole statement.
fn routine_text(function: &Definition) -> String {
    format!("{}{ROUTINE_PARTS}{}", function.query.as_deref().unwrap_or_default(), function.def)
}

/// A pair, where the texts differ.
fn pair(of: (&Name, &str), place: Place, expected: &str, live: &str, locator: Locator) -> Option<TextPair> {
    let (table, whole) = of;
    (expected != live).then(|| TextPair {
        table: table.clone(),
        place,
        expected: expected.to_string(),
        live: live.to_string(),
        whole: whole.to_string(),
        locator,
    })
}
