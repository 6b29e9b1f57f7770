//! Whether all that the metadata of a source speaks of is in its database, and fits there.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::lint::PERMISSIONS;
use super::schema::{ForeignKey, Index, Relation, Schema, qualified};
use super::value::Value;

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub struct Checked {
    pub findings: Vec<Finding>,
    pub tables: usize,
    pub functions: usize,
}

/// Looks at a source whose database has this schema.
pub fn validate(source: &Value, schema: &Schema) -> Checked {
    let name = source.text("name").unwrap_or("?");
    let (tables, functions) = (source.list("tables"), source.list("functions"));
    let tracked = tables.iter().filter_map(|table| Some((qualified(table.get("table")?), table))).collect();
    let mut check = Check { index: Index::of(schema), tracked, found: Vec::new() };
    for table in tables {
        if let Some(name_of) = table.get("table").map(qualified) {
            check.table(&name_of, table, &format!("source {name}, table {name_of}"));
        }
    }
    for function in functions {
        if let Some(name_of) = function.get("function").map(qualified) {
            check.function(&name_of, function, &format!("source {name}, function {name_of}"));
        }
    }
    Checked { findings: check.found, tables: tables.len(), functions: functions.len() }
}

/// Whether a source is of PostgreSQL, as far as its kind says.
pub fn is_postgres(source: &Value) -> bool {
    matches!(source.text("kind"), None | Some("postgres" | "pg" | "citus" | "cockroach" | "alloy"))
}

pub struct Check<'a> {
    pub index: Index<'a>,
    /// The tables of the source.
    tracked: BTreeMap<String, &'a Value>,
    pub found: Vec<Finding>,
}

impl Check<'_> {
    fn error(&mut self, rule: &'static str, place: &str, message: String) {
        self.found.push(Finding::error(rule, place, message));
    }

    fn table(&mut self, name: &str, table: &Value, place: &str) {
        let Some(relation) = self.index.relation(name) else {
            return self.error("missing-table", place, "it is not in the database".to_owned());
        };
        if table.get("is_enum") == Some(&Value::Bool(true)) {
            self.enumeration(relation, place);
        }
        if let Some(configuration) = table.get("configuration") {
            for key in ["column_config", "custom_column_names"] {
                let columns =
                    configuration.get(key).and_then(Value::map).into_iter().flat_map(|map| map.keys());
                self.columns(relation, columns.map(String::as_str), "its configuration", place);
            }
        }
        for key in ["object_relationships", "array_relationships"] {
            for relationship in table.list(key) {
                let of = relationship.text("name").unwrap_or("?");
                self.relationship(name, relation, relationship, &format!("{place}, relationship {of}"));
            }
        }
        for field in table.list("computed_fields") {
            let of = field.text("name").unwrap_or("?");
            self.computed_field(name, field, &format!("{place}, computed field {of}"));
        }
        self.remote_relationships(relation, table, place);
        for (key, verb) in PERMISSIONS {
            for permission in table.list(key) {
                let role = permission.text("role").unwrap_or("?");
                let place = format!("{place}, {verb} permission of {role}");
                if let Some(rules) = permission.get("permission") {
                    self.permission(name, relation, rules, &place);
                }
            }
        }
        for trigger in table.list("event_triggers") {
            let place = format!("{place}, event trigger {}", trigger.text("name").unwrap_or("?"));
            for operation in ["insert", "update", "delete"] {
                let definition = trigger.get("definition").and_then(|definition| definition.get(operation));
                for key in ["columns", "payload"] {
                    let columns = definition.map_or(&[][..], |definition| definition.list(key));
                    let columns = columns.iter().filter_map(Value::str);
                    self.columns(relation, columns, &format!("its {operation}"), &place);
                }
            }
        }
    }

    fn columns<'n>(
        &mut self,
        relation: &Relation,
        names: impl Iterator<Item = &'n str>,
        what: &str,
        place: &str,
    ) {
        for name in names.filter(|name| relation.column(name).is_none()) {
            self.error(
                "missing-column",
                place,
                format!("{what} names the column {name}, which is not there"),
            );
        }
    }

    /// The rules of Hasura for a table whose rows are the values of an enum.
    fn enumeration(&mut self, relation: &Relation, place: &str) {
        let is_text = |name: &String| relation.column(name).is_some_and(|column| column.category == "S");
        if relation.primary_key.len() != 1 || !relation.primary_key.iter().all(is_text) {
            let message = "it is an enum table, and its primary key is not one column of text".to_owned();
            self.error("enum", place, message);
        } else if relation.columns.len() > 2 || relation.columns.iter().any(|column| column.category != "S") {
            let message = "it is an enum table, and has more than a key and a comment of text".to_owned();
            self.error("enum", place, message);
        }
    }

    fn permission(&mut self, table: &str, relation: &Relation, rules: &Value, place: &str) {
        let columns = rules.list("columns").iter().filter_map(Value::str);
        self.columns(relation, columns, "it", place);
        for field in rules.list("computed_fields").iter().filter_map(Value::str) {
            if self.computed(table, field).is_none() {
                let message = format!("it names the computed field {field}, which is not defined");
                self.error("missing-column", place, message);
            }
        }
        for (name, value) in rules.get("set").and_then(Value::map).into_iter().flatten() {
            match relation.column(name) {
                Some(column) => self.fits(column, value, "its set", place),
                None => {
                    let message = format!("its set names the column {name}, which is not there");
                    self.error("missing-column", place, message);
                }
            }
        }
        for key in ["filter", "check"] {
            if let Some(condition) = rules.get(key) {
                self.expression(table, condition, &format!("its {key}"), place);
            }
        }
    }

    fn relationship(&mut self, table: &str, relation: &Relation, relationship: &Value, place: &str) {
        match self.leads_to(table, relationship) {
            Ok(remote) if self.index.relation(&remote).is_none() => {
                self.error(
                    "missing-table",
                    place,
                    format!("it leads to {remote}, which is not in the database"),
                );
            }
            Ok(remote) => {
                if !self.tracked.contains_key(&remote) {
                    let message = format!("it leads to {remote}, which is not tracked");
                    self.error("untracked", place, message);
                }
                self.mapping(relation, &remote, relationship, place);
            }
            Err(message) => self.error("relationship", place, message),
        }
    }

    /// The columns of a relationship that no foreign key gives.
    fn mapping(&mut self, relation: &Relation, remote: &str, relationship: &Value, place: &str) {
        let manual = relationship.get("using").and_then(|using| using.get("manual_configuration"));
        let mapping = manual.and_then(|manual| manual.get("column_mapping")).and_then(Value::map);
        let Some(other) = self.index.relation(remote) else { return };
        for (from, to) in mapping.into_iter().flatten() {
            let to = to.str().unwrap_or("?");
            self.columns(relation, std::iter::once(from.as_str()), "it", place);
            if other.column(to).is_none() {
                let message = format!("it leads to the column {to} of {remote}, which is not there");
                self.error("missing-column", place, message);
            }
            if let (Some(one), Some(two)) = (relation.column(from), other.column(to)) {
                let is_same = one.base == two.base || (one.category == two.category && one.category != "U");
                if !is_same {
                    let (one, two) = (&one.type_name, &two.type_name);
                    let message = format!("{from} is of type {one}, and {to} of {remote} is of type {two}");
                    self.error("wrong-type", place, message);
                }
            }
        }
    }

    /// The table to which a relationship of a table leads, or why there is none.
    fn leads_to(&self, table: &str, relationship: &Value) -> Result<String, String> {
        let using = relationship.get("using").ok_or("it says nothing of what it uses")?;
        let Some(on) = using.get("foreign_key_constraint_on") else {
            let remote = using.get("manual_configuration").and_then(|manual| manual.get("remote_table"));
            return remote.map(qualified).ok_or_else(|| "it names no table".to_owned());
        };
        let names = |value: &Value| -> Vec<String> {
            let one = value.str().map(str::to_owned);
            one.into_iter().chain(value.items().iter().filter_map(Value::str).map(str::to_owned)).collect()
        };
        match on.get("table").map(qualified) {
            None => {
                let columns = names(on);
                let key = self.only_key(table, &columns, None)?;
                Ok(key.to())
            }
            Some(remote) => {
                if self.index.relation(&remote).is_none() {
                    return Ok(remote);
                }
                let columns = on.get("columns").or(on.get("column")).map(names).unwrap_or_default();
                self.only_key(&remote, &columns, Some(table))?;
                Ok(remote)
            }
        }
    }

    /// The foreign key of a table on these columns.
    fn only_key(&self, table: &str, columns: &[String], to: Option<&str>) -> Result<&ForeignKey, String> {
        let listed = columns.join(", ");
        let relation = self.index.relation(table);
        if let Some(name) = columns.iter().find(|name| relation.is_none_or(|of| of.column(name).is_none())) {
            return Err(format!("it uses the column {name} of {table}, which is not there"));
        }
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let keys = self.index.keys_on(table, &columns).into_iter();
        let keys: Vec<&ForeignKey> = keys.filter(|key| to.is_none_or(|to| key.to() == to)).collect();
        match keys.as_slice() {
            [] => Err(match to {
                None => format!("it uses a foreign key on {listed} of {table}, and there is none"),
                Some(to) => {
                    format!("it uses a foreign key on {listed} of {table} to {to}, and there is none")
                }
            }),
            [key] => Ok(key),
            [key, rest @ ..] if rest.iter().all(|other| other.to() == key.to()) => Ok(key),
            _ => Err(format!(
                "there are several foreign keys on {listed} of {table}: which one it uses is open"
            )),
        }
    }

    /// The table to which the relationship of this name leads: nothing if there is no such relationship, and nothing within
    /// if it leads nowhere.
    pub fn remote_of(&self, table: &str, name: &str) -> Option<Option<String>> {
        let of = self.tracked.get(table)?;
        let all = of.list("object_relationships").iter().chain(of.list("array_relationships"));
        let found = all.into_iter().find(|relationship| relationship.text("name") == Some(name))?;
        Some(self.leads_to(table, found).ok())
    }

    /// The function of a computed field.
    pub fn computed(&self, table: &str, name: &str) -> Option<String> {
        let fields = self.tracked.get(table)?.list("computed_fields");
        let field = fields.iter().find(|field| field.text("name") == Some(name))?;
        field.get("definition").and_then(|definition| definition.get("function")).map(qualified)
    }

    fn computed_field(&mut self, table: &str, field: &Value, place: &str) {
        let definition = field.get("definition");
        let Some(name) = definition.and_then(|definition| definition.get("function")).map(qualified) else {
            return self.error("function", place, "it names no function".to_owned());
        };
        let functions = self.index.functions(&name);
        if functions.is_empty() {
            let message = format!("its function {name} is not in the database");
            return self.error("missing-function", place, message);
        }
        let takes_row =
            |of: &&super::schema::Function| of.arguments.iter().any(|argument| argument.is_row_of(table));
        if !functions.iter().copied().any(|function| takes_row(&function)) {
            self.error("function", place, format!("its function {name} takes no row of {table}"));
        }
    }

    /// Fields that join another source or a remote schema: of this side only.
    fn remote_relationships(&mut self, relation: &Relation, table: &Value, place: &str) {
        for relationship in table.list("remote_relationships") {
            let place = format!("{place}, remote relationship {}", relationship.text("name").unwrap_or("?"));
            let Some(definition) = relationship.get("definition") else { continue };
            let to_source = definition.get("to_source").and_then(|to| to.get("field_mapping"));
            let mapped =
                to_source.and_then(Value::map).into_iter().flat_map(|map| map.keys()).map(String::as_str);
            let to_schema = definition.get("to_remote_schema").map_or(&[][..], |to| to.list("lhs_fields"));
            let names: Vec<&str> = mapped
                .chain(to_schema.iter().chain(definition.list("hasura_fields")).filter_map(Value::str))
                .collect();
            let fields = table.list("computed_fields");
            let is_computed = |name: &str| fields.iter().any(|field| field.text("name") == Some(name));
            self.columns(relation, names.into_iter().filter(|name| !is_computed(name)), "it", &place);
        }
    }

    fn function(&mut self, name: &str, function: &Value, place: &str) {
        let found = match self.index.functions(name) {
            [] => return self.error("missing-function", place, "it is not in the database".to_owned()),
            [found] => *found,
            all => {
                let message =
                    format!("there are {} functions of that name, and Hasura takes one only", all.len());
                return self.error("function", place, message);
            }
        };
        if found.variadic {
            self.error("function", place, "it is VARIADIC, which Hasura does not take".to_owned());
        }
        match found.relation() {
            None => {
                let message = format!(
                    "it returns {}, and Hasura takes what returns rows of a table or view",
                    found.returns
                );
                self.error("function", place, message);
            }
            Some(rows) if !self.tracked.contains_key(&rows) => {
                self.error("untracked", place, format!("it returns rows of {rows}, which is not tracked"));
            }
            Some(_) => {}
        }
        let session = function.get("configuration").and_then(|of| of.text("session_argument"));
        if let Some(session) = session {
            match found.arguments.iter().find(|argument| argument.name == session) {
                None => self.error("function", place, format!("it has no argument {session}")),
                Some(argument) if argument.type_name != "json" => {
                    let message =
                        format!("{session} is of type {}, and has to be of type json", argument.type_name);
                    self.error("wrong-type", place, message);
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
