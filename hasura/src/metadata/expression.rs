//! The conditions of permissions: what they name has to be there, and what they compare has to fit its type.

use super::finding::Finding;
use super::schema::{Column, Relation, qualified};
use super::validate::Check;
use super::value::{Map, Value};

/// A condition is not deeper than this.
const DEEPEST: usize = 60;
const OF_TEXT: [&str; 10] =
    ["like", "nlike", "ilike", "nilike", "similar", "nsimilar", "regex", "iregex", "nregex", "niregex"];
const OF_JSON: [&str; 3] = ["has_key", "has_keys_any", "has_keys_all"];
const OF_COLUMNS: [&str; 6] = ["ceq", "cne", "cgt", "clt", "cgte", "clte"];
const OF_VALUES: [&str; 8] = ["eq", "ne", "neq", "gt", "lt", "gte", "lte", "in"];

impl Check<'_> {
    /// Looks at a condition on rows of a table. `what` it is: its filter, or its check.
    pub fn expression(&mut self, table: &str, value: &Value, what: &str, place: &str) {
        self.condition(table, value, what, place, 0);
    }

    fn condition(&mut self, table: &str, value: &Value, what: &str, place: &str, depth: usize) {
        let Value::Map(map) = value else { return };
        if depth > DEEPEST {
            return self.found.push(Finding::error(
                "too-deep",
                place,
                format!("{what} is too deep to be looked at"),
            ));
        }
        let Some(relation) = self.index.relation(table) else { return };
        for (key, value) in map {
            match key.trim_start_matches(['_', '$']) {
                "and" | "or" if key.starts_with(['_', '$']) => match value {
                    Value::List(all) => {
                        all.iter().for_each(|of| self.condition(table, of, what, place, depth + 1));
                    }
                    one => self.condition(table, one, what, place, depth + 1),
                },
                "not" if key.starts_with(['_', '$']) => self.condition(table, value, what, place, depth + 1),
                "exists" if key.starts_with(['_', '$']) => self.exists(value, what, place, depth),
                _ => self.field(table, relation, key, value, what, place, depth),
            }
        }
    }

    fn exists(&mut self, value: &Value, what: &str, place: &str, depth: usize) {
        let Some(other) = value.get("_table").or(value.get("$table")).map(qualified) else { return };
        if self.index.relation(&other).is_none() {
            let message = format!("{what} looks into {other}, which is not in the database");
            return self.found.push(Finding::error("missing-table", place, message));
        }
        if let Some(condition) = value.get("_where").or(value.get("$where")) {
            self.condition(&other, condition, what, place, depth + 1);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "they are the place in the condition")]
    fn field(
        &mut self,
        table: &str,
        relation: &Relation,
        key: &str,
        value: &Value,
        what: &str,
        place: &str,
        depth: usize,
    ) {
        if let Some(column) = relation.column(key) {
            return self.operators(relation, column, value, what, place);
        }
        if let Some(remote) = self.remote_of(table, key) {
            // Where it leads to nothing, its own finding says so.
            return remote
                .into_iter()
                .for_each(|remote| self.condition(&remote, value, what, place, depth + 1));
        }
        if let Some(function) = self.computed(table, key) {
            let functions = self.index.functions(&function);
            let rows = functions.iter().find_map(|function| function.relation());
            return rows.into_iter().for_each(|rows| self.condition(&rows, value, what, place, depth + 1));
        }
        let message =
            format!("{what} speaks of {key}, which is no column, relationship or computed field of {table}");
        self.found.push(Finding::error("missing-column", place, message));
    }

    fn operators(&mut self, relation: &Relation, column: &Column, value: &Value, what: &str, place: &str) {
        let empty = Map::new();
        let map = match value {
            Value::Map(map) => map,
            // Short for _eq.
            value => {
                self.fits(column, value, what, place);
                &empty
            }
        };
        for (operator, value) in map {
            let name = operator.trim_start_matches(['_', '$']);
            let is_json = column.base == "jsonb";
            let wrong = |needs: &str| {
                let Column { name, type_name, .. } = column;
                format!(
                    "{what} compares {name} by {operator}, which needs {needs}, and {name} is of type {type_name}"
                )
            };
            let message = match name {
                _ if OF_TEXT.contains(&name) => (column.category != "S").then(|| wrong("text")),
                _ if OF_JSON.contains(&name) => (!is_json).then(|| wrong("jsonb")),
                "contains" | "contained_in" => {
                    (!is_json && column.category != "A").then(|| wrong("jsonb or an array"))
                }
                _ if OF_COLUMNS.contains(&name) => {
                    other_column(value).filter(|other| relation.column(other).is_none()).map(|other| {
                        format!("{what} compares {} with {other}, which is no column there", column.name)
                    })
                }
                _ => None,
            };
            if let Some(message) = message {
                self.found.push(Finding::error("wrong-type", place, message));
            } else if OF_VALUES.contains(&name) || name == "nin" {
                match value {
                    Value::List(all) if matches!(name, "in" | "nin") => {
                        all.iter().for_each(|value| self.fits(column, value, what, place));
                    }
                    value => self.fits(column, value, what, place),
                }
            }
        }
    }

    /// Finds a literal that no value of the column can be.
    pub fn fits(&mut self, column: &Column, value: &Value, what: &str, place: &str) {
        if does_fit(column, value) {
            return;
        }
        let Column { name, type_name, .. } = column;
        let message = format!("{what} has {} for {name}, which is of type {type_name}", value.json());
        self.found.push(Finding::error("wrong-type", place, message));
    }
}

/// The column with which one is compared, if it is of the same table: `name`, or a list of its one step.
fn other_column(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::List(path) => match path.as_slice() {
            [one] => one.str(),
            _ => None,
        },
        _ => None,
    }
}

fn does_fit(column: &Column, value: &Value) -> bool {
    let is_json = matches!(column.base.as_str(), "json" | "jsonb");
    match (column.category.as_str(), value) {
        _ if is_json => true,
        (_, Value::Null) => true,
        (_, Value::String(text)) if text.to_lowercase().starts_with("x-hasura-") => true,
        ("N", Value::Bool(_)) | ("B", Value::Number(_)) => false,
        ("S" | "D" | "E", Value::Number(_) | Value::Bool(_)) => false,
        ("N", Value::String(text)) if column.base != "money" => text.trim().parse::<f64>().is_ok(),
        ("B", Value::String(text)) => {
            let text = text.trim().to_lowercase();
            ["t", "f", "true", "false", "yes", "no", "y", "n", "on", "off", "1", "0"].contains(&text.as_str())
        }
        _ if column.base == "uuid" => value.str().is_some_and(is_uuid),
        _ => true,
    }
}

fn is_uuid(text: &str) -> bool {
    text.trim_matches(['{', '}']).replace('-', "").len() == 32
        && text.chars().all(|c| c.is_ascii_hexdigit() || "-{}".contains(c))
}
