//! Expressions that the server may print in two forms.
//!
//! Printing an expression and reading it again does not always give the same text: `IN ('a', 'b')` on a varchar column
//! needs two rounds before it stays the same. So a restored database differs from its migrations in texts alone. Only
//! the server can say that two texts mean the same; here they are found, and taken over when it did.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::relation_type;
use crate::model::{
    Catalog, Column, Constraint, ConstraintKind, Definition, DefinitionKind, Domain, Index, Name, Table,
};

/// Two texts of one expression, as printed on the two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPair {
    /// The table whose columns the expression speaks of, the domain whose value, or the view that is a query.
    pub table: Name,
    pub place: Place,
    pub expected: String,
    pub live: String,
    locator: Locator,
}

impl TextPair {
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
    pairs
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
        pairs.extend(pair(&table.name, Place::Default { column: column() }, one, other, locator));
    }
    if let (Some(one), Some(other)) = (&expected.generated, &live.generated)
        && one.stored == other.stored
    {
        let locator = Locator::Generated { column: live.identity.clone() };
        let place = Place::Generated { column: column() };
        pairs.extend(pair(&table.name, place, &one.expression, &other.expression, locator));
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
    pair(&live.name, Place::Query, &one, &other, locator)
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
            pair(&live.name, Place::DomainCheck, &expression(&one.def)?, &expression(&other.def)?, locator)
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
    pair(&live.table, place, one, other, locator)
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
        pair(&live.table, Place::IndexPart, one, other, locator)
    });
    let predicate = expected.predicate.iter().zip(&live.predicate).filter_map(|(one, other)| {
        let locator = Locator::IndexPredicate { index: live.identity.clone() };
        pair(&live.table, Place::IndexPredicate, one, other, locator)
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
    pair(table, place, &one, &other, locator)
}

/// The defaults of a function's arguments as a SELECT, if it has some, then the whole statement.
fn routine_text(function: &Definition) -> String {
    format!("{}{ROUTINE_PARTS}{}", function.query.as_deref().unwrap_or_default(), function.def)
}

/// A pair, where the texts differ.
fn pair(table: &Name, place: Place, expected: &str, live: &str, locator: Locator) -> Option<TextPair> {
    (expected != live).then(|| TextPair {
        table: table.clone(),
        place,
        expected: expected.to_string(),
        live: live.to_string(),
        locator,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::model::{DomainCheck, Generated, RelationType, ReplicaIdentity};

    fn name() -> Name {
        Name { schema: "public".to_string(), name: "t".to_string() }
    }

    fn column(name: &str, default: Option<&str>, generated: Option<&str>) -> Column {
        let generated = generated.map(|text| Generated { expression: text.to_string(), stored: true });
        Column {
            identity: format!("public.t.{name}"),
            name: name.to_string(),
            type_name: "text".to_string(),
            collation: None,
            default: default.map(ToString::to_string),
            not_null: None,
            identity_column: None,
            generated,
            inherited: false,
            constrained_domain: false,
            frozen: false,
            sequences: Vec::new(),
            storage: None,
            compression: None,
            statistics: None,
            options: Vec::new(),
            fdw_options: Vec::new(),
        }
    }

    /// A schema in which every kind of expression is printed as `text`.
    fn catalog(text: &str) -> Catalog {
        let table = Table {
            identity: "public.t".to_string(),
            name: name(),
            owner: "planner".to_string(),
            unlogged: false,
            foreign: None,
            access_method: None,
            tablespace: None,
            parameters: Vec::new(),
            replica_identity: ReplicaIdentity::Default,
            replica_index: None,
            clustered_on: None,
            row_security: false,
            force_row_security: false,
            partition_key: Some(format!("LIST ({text})")),
            partition_of: None,
            inherits: Vec::new(),
            of_type: None,
            columns: vec![column("a", Some(text), None), column("b", None, Some(text))],
        };
        let check = Constraint {
            identity: "c on public.t".to_string(),
            name: "c".to_string(),
            table: name(),
            table_identity: "public.t".to_string(),
            table_type: RelationType::Table,
            kind: ConstraintKind::Check,
            def: format!("CHECK ({text}) NO INHERIT"),
            parameters: Vec::new(),
            tablespace: None,
            validated: true,
            inherited: false,
            columns: Vec::new(),
            expression: Some(text.to_string()),
            key: None,
            references: None,
            switched: Vec::new(),
        };
        let index = Index {
            identity: "public.ix".to_string(),
            name: Name { name: "ix".to_string(), ..name() },
            owner: "planner".to_string(),
            table: name(),
            table_identity: "public.t".to_string(),
            table_type: RelationType::Table,
            def: format!("CREATE INDEX ix ON public.t USING btree (a, {text}) WHERE {text}"),
            parameters: Vec::new(),
            tablespace: None,
            more: Vec::new(),
            unique: false,
            nulls_not_distinct: false,
            parts: vec!["a".to_string(), text.to_string()],
            predicate: Some(text.to_string()),
            valid: true,
            parent: None,
            columns: Vec::new(),
        };
        let exclusion = Constraint {
            identity: "x on public.t".to_string(),
            name: "x".to_string(),
            kind: ConstraintKind::Exclusion,
            def: format!("EXCLUDE USING gist (a WITH &&) WHERE ({text})"),
            ..check.clone()
        };
        let domain = Domain {
            identity: "public.d".to_string(),
            name: Name { name: "d".to_string(), ..name() },
            owner: "planner".to_string(),
            base_type: "text".to_string(),
            collation: None,
            default: None,
            not_null: false,
            not_null_name: None,
            checks: vec![DomainCheck {
                identity: "k on public.d".to_string(),
                name: "k".to_string(),
                def: format!("CHECK ({text})"),
                validated: true,
            }],
        };
        let definition = |kind, identity: &str, def: String| Definition {
            kind,
            identity: identity.to_string(),
            sql_name: String::new(),
            name: Some(name()),
            owner: None,
            of: None,
            def,
            more: Vec::new(),
            shape: None,
            parameters: Vec::new(),
            query: None,
            state: None,
            inherited: false,
            filled: None,
        };
        let view = Definition {
            shape: Some("CREATE VIEW public.v AS ".to_string()),
            query: Some(format!("SELECT {text}")),
            ..definition(DefinitionKind::View, "public.v", format!("CREATE VIEW public.v AS SELECT {text}"))
        };
        let rule = definition(DefinitionKind::Rule, "r on public.t", format!("CREATE RULE r {text}"));
        let function = format!("CREATE FUNCTION f()\nRETURN {text}");
        let function = Definition {
            shape: Some("CREATE FUNCTION f()".to_string()),
            query: Some(format!("SELECT {text}")),
            ..definition(DefinitionKind::Function, "public.f()", function)
        };
        Catalog {
            definitions: vec![view, rule, function],
            domains: vec![domain],
            tables: vec![table],
            constraints: vec![check, exclusion],
            indexes: vec![index],
            ..Catalog::default()
        }
    }

    #[test]
    fn e01_two_forms_of_one_expression_are_settled() {
        let (expected, mut live) = (catalog("(one form)"), catalog("(another form)"));
        let pairs = texts_to_settle(&expected, &live);
        let places: Vec<&Place> = pairs.iter().map(|pair| &pair.place).collect();
        let (a, b) = ("a".to_string(), "b".to_string());
        assert_eq!(
            places,
            [
                &Place::Query,
                &Place::Default { column: a },
                &Place::Generated { column: b },
                &Place::DomainCheck,
                &Place::Check,
                &Place::IndexPredicate,
                &Place::IndexPart,
                &Place::IndexPredicate,
                &Place::Query,
                &Place::Rule,
                &Place::Routine { function: "public.f()".to_string() },
            ]
        );
        assert_eq!(diff(&expected, &live).len(), 10);
        for pair in &pairs {
            assert!(pair.expected.contains("(one form)") && pair.live.contains("(another form)"));
            adopt(&mut live, pair);
        }
        assert_eq!(diff(&expected, &live), []);
        assert_eq!(texts_to_settle(&expected, &live), []);
    }

    #[test]
    fn what_differs_in_more_than_texts_is_not_settled() {
        let (expected, mut live) = (catalog("(one form)"), catalog("(another form)"));
        live.tables[0].partition_key = Some("RANGE ((another form))".to_string());
        live.definitions[0].shape = Some("CREATE RECURSIVE VIEW public.v AS ".to_string());
        live.definitions[1].more = vec!["ALTER …".to_string()];
        live.definitions[2].shape = Some("CREATE FUNCTION f() STABLE".to_string());
        live.tables[0].columns[0].type_name = "integer".to_string();
        live.tables[0].columns[1].generated.as_mut().unwrap().stored = false;
        live.constraints[0].def = "CHECK ((another form))".to_string();
        live.constraints[1].def = "EXCLUDE USING btree (a WITH =) WHERE ((another form))".to_string();
        live.domains[0].base_type = "integer".to_string();
        live.indexes[0].def = live.indexes[0].def.replace("btree", "hash");
        assert_eq!(texts_to_settle(&expected, &live), []);
    }

    #[test]
    fn equal_texts_need_no_settling() {
        assert_eq!(texts_to_settle(&catalog("(x)"), &catalog("(x)")), []);
        assert_eq!(texts_to_settle(&catalog("(x)"), &Catalog::default()), []);
    }
}
