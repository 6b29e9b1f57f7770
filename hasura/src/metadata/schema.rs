//! What `nself_servable()` tells of a schema, by name.

use std::collections::HashMap;

use serde::Deserialize;

use super::same::object_name;
use super::value::Value;

#[derive(Deserialize)]
pub struct Schema {
    relations: Vec<Relation>,
    foreign_keys: Vec<ForeignKey>,
    functions: Vec<Function>,
}

#[derive(Deserialize)]
pub struct Relation {
    #[serde(flatten)]
    pub name: Name,
    pub columns: Vec<Column>,
    pub primary_key: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Name {
    pub schema: String,
    pub name: String,
}

impl Name {
    fn joined(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

#[derive(Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: String,
    /// Of a domain the type that it is of.
    pub base: String,
    /// As in pg_type.
    pub category: String,
}

#[derive(Deserialize)]
pub struct ForeignKey {
    pub schema: String,
    pub table: String,
    pub columns: Vec<String>,
    pub to_schema: String,
    pub to_table: String,
}

impl ForeignKey {
    pub fn to(&self) -> String {
        format!("{}.{}", self.to_schema, self.to_table)
    }
}

#[derive(Deserialize)]
pub struct Function {
    #[serde(flatten)]
    pub name: Name,
    pub variadic: bool,
    pub returns: String,
    pub returns_relation: Option<Name>,
    pub arguments: Vec<Argument>,
}

impl Function {
    /// The relation of which it returns rows.
    pub fn relation(&self) -> Option<String> {
        self.returns_relation.as_ref().map(Name::joined)
    }
}

#[derive(Deserialize)]
pub struct Argument {
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub relation: Option<Name>,
}

impl Argument {
    pub fn is_row_of(&self, relation: &str) -> bool {
        self.relation.as_ref().is_some_and(|of| of.joined() == relation)
    }
}

impl Relation {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A schema in which things are found by name.
pub struct Index<'a> {
    relations: HashMap<String, &'a Relation>,
    foreign_keys: HashMap<String, Vec<&'a ForeignKey>>,
    functions: HashMap<String, Vec<&'a Function>>,
}

impl<'a> Index<'a> {
    pub fn of(schema: &'a Schema) -> Self {
        let Schema { relations, foreign_keys, functions } = schema;
        let mut index = Self {
            relations: relations.iter().map(|relation| (relation.name.joined(), relation)).collect(),
            foreign_keys: HashMap::new(),
            functions: HashMap::new(),
        };
        for key in foreign_keys {
            index.foreign_keys.entry(format!("{}.{}", key.schema, key.table)).or_default().push(key);
        }
        for function in functions {
            index.functions.entry(function.name.joined()).or_default().push(function);
        }
        index
    }

    pub fn relation(&self, name: &str) -> Option<&'a Relation> {
        self.relations.get(name).copied()
    }

    /// The foreign keys of a table on these columns, in whatever order.
    pub fn keys_on(&self, table: &str, columns: &[&str]) -> Vec<&'a ForeignKey> {
        let is_on = |key: &&&ForeignKey| {
            key.columns.len() == columns.len() && key.columns.iter().all(|of| columns.contains(&of.as_str()))
        };
        self.foreign_keys.get(table).into_iter().flatten().filter(is_on).copied().collect()
    }

    pub fn functions(&self, name: &str) -> &[&'a Function] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }
}

/// `schema.name` of what metadata speaks of; without a schema it is in public.
pub fn qualified(value: &Value) -> String {
    match value {
        Value::Map(map) if map.contains_key("schema") => object_name(value),
        other => format!("public.{}", object_name(other)),
    }
}
