//! How people read what is compared.

use crate::model::{
    Attribute, Column, Definition, Domain, Firing, Foreign, Generated, IdentityColumn, NotNull, Parent,
    PartitionOf, ReplicaIdentity, SequenceNumbers, Switched,
};
use crate::quote::bare_literal;

/// `one, two`.
pub(crate) fn join(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().collect::<Vec<_>>().join(", ")
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

pub(super) fn labels(labels: &[String]) -> String {
    join(labels.iter().map(|label| bare_literal(label)))
}

pub(super) fn or_none(what: &str) -> impl Fn(&Option<String>) -> String {
    move |text| text.clone().unwrap_or_else(|| format!("no {what}"))
}

pub(super) fn or_default_collation(collation: &Option<String>) -> String {
    collation.clone().unwrap_or_else(|| "the default collation".to_string())
}

pub(super) fn nullability(not_null: &bool) -> String {
    if *not_null { "NOT NULL" } else { "nullable" }.to_string()
}

pub(super) fn persistence(unlogged: &bool) -> String {
    if *unlogged { "unlogged" } else { "logged" }.to_string()
}

pub(super) fn with_validity(def: &str, validated: bool) -> String {
    if validated { def.to_string() } else { format!("{def} NOT VALID") }
}

pub(super) fn attributes_text(attributes: &[Attribute]) -> String {
    let text = |Attribute { name, type_name, collation }: &Attribute| match collation {
        Some(collation) => format!("{name} {type_name} COLLATE {collation}"),
        None => format!("{name} {type_name}"),
    };
    format!("({})", join(attributes.iter().map(text)))
}

pub(super) fn numbers_text(numbers: &SequenceNumbers) -> String {
    let SequenceNumbers { data_type, start, increment, min, max, cache, cycle } = numbers;
    let cycle = if *cycle { ", cycles" } else { "" };
    format!("{data_type}, start {start}, increment {increment}, from {min} to {max}, cache {cache}{cycle}")
}

pub(super) fn identity_text(column: &Option<IdentityColumn>) -> String {
    match column {
        Some(IdentityColumn { always, sequence, numbers }) => format!(
            "identity, generated {}, of {}.{} ({})",
            if *always { "always" } else { "by default" },
            sequence.schema,
            sequence.name,
            numbers_text(numbers)
        ),
        None => "no identity".to_string(),
    }
}

pub(super) fn generated_text(generated: &Option<Generated>) -> String {
    match generated {
        Some(Generated { expression, stored }) => {
            format!("generated as ({expression}) {}", if *stored { "stored" } else { "virtual" })
        }
        None => "not generated".to_string(),
    }
}

pub(super) fn domain_text(domain: &Domain) -> String {
    let not_null = if domain.not_null { " NOT NULL" } else { "" };
    format!("{}{not_null}", domain.base_type)
}

pub(super) fn column_text(column: &Column) -> String {
    let mut text = column.type_name.clone();
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    if column.not_null.is_some() {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if column.identity_column.is_some() {
        text.push_str(", identity");
    }
    if column.generated.is_some() {
        text.push_str(&format!(", {}", generated_text(&column.generated)));
    }
    text
}

pub(super) fn foreign_text(foreign: &Option<Foreign>) -> String {
    match foreign {
        Some(Foreign { server, options }) => {
            format!("on server {server} with {}", list_or("no options")(options))
        }
        None => "not foreign".to_string(),
    }
}

pub(super) fn replica_text((identity, index): &(ReplicaIdentity, Option<String>)) -> String {
    match (identity, index) {
        (ReplicaIdentity::Default, _) => "default".to_string(),
        (ReplicaIdentity::Nothing, _) => "nothing".to_string(),
        (ReplicaIdentity::Full, _) => "full".to_string(),
        (ReplicaIdentity::Index, Some(index)) => format!("index {index}"),
        (ReplicaIdentity::Index, None) => "an index that is gone".to_string(),
    }
}

pub(super) fn partition_key_text(key: &Option<String>) -> String {
    match key {
        Some(key) => format!("partitioned by {key}"),
        None => "not partitioned".to_string(),
    }
}

pub(super) fn partition_text(of: &Option<PartitionOf>) -> String {
    match of {
        Some(PartitionOf { parent, bound }) => format!("partition of {} {bound}", parent.identity),
        None => "no partition".to_string(),
    }
}

pub(super) fn parents_text(parents: &[Parent]) -> String {
    match parents {
        [] => "no parents".to_string(),
        parents => format!("inherits {}", join(parents.iter().map(|parent| parent.identity.clone()))),
    }
}

pub(super) fn row_type_text(of_type: &Option<String>) -> String {
    match of_type {
        Some(name) => format!("of type {name}"),
        None => "of no type".to_string(),
    }
}

/// A definition with what completes it.
pub(super) fn definition_text(definition: &Definition) -> String {
    let statements: Vec<String> =
        [definition.sql()].into_iter().chain(definition.more.iter().cloned()).collect();
    statements.join(";\n")
}

pub(super) fn firing_text(state: &Option<Firing>) -> String {
    match state {
        Some(Firing::Enabled) => "enabled",
        Some(Firing::Disabled) => "disabled",
        Some(Firing::Replica) => "enabled on replicas only",
        Some(Firing::Always) => "enabled always",
        None => "without a state",
    }
    .to_string()
}

/// Whether a constraint is checked, by the state of the triggers that carry it out.
pub(super) fn enforcement_text(switched: &[Switched]) -> String {
    if switched.is_empty() {
        return "checked".to_string();
    }
    let text = |Switched { table_identity, table: _, events, state }: &Switched| match state {
        Firing::Disabled => format!("not checked at {events} of {table_identity}"),
        Firing::Replica => format!("checked on replicas only at {events} of {table_identity}"),
        Firing::Always => format!("checked on replicas, too, at {events} of {table_identity}"),
        Firing::Enabled => format!("checked at {events} of {table_identity}"),
    };
    join(switched.iter().map(text))
}

pub(super) fn not_null_name(not_null: &NotNull) -> String {
    match &not_null.name {
        Some(name) => format!("NOT NULL named {name}"),
        None => "NOT NULL without a name".to_string(),
    }
}

pub(super) fn list_or<'a>(none: &'static str) -> impl Fn(&Vec<String>) -> String + 'a {
    move |list| if list.is_empty() { none.to_string() } else { list.join(", ") }
}
