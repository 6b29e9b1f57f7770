//! Which files of the folder change so that it says what a server says. A file changes only where its value does, keeps the
//! order that it has, and what is new comes where the engine has it.

use std::collections::{BTreeMap, BTreeSet};

use super::emit::emit;
use super::error::Error;
use super::folder::{Folder, target};
use super::parts::{self, ACTIONS, DATABASES, SDL, VERSION};
use super::same::{named, object_name, same_under, says_nothing, says_the_same};
use super::sdl;
use super::value::{Include, Map, Value, map};

/// What is to be done to a folder. Paths are relative to it.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    pub write: BTreeMap<String, String>,
    pub remove: BTreeSet<String>,
    /// Files among those to be written that a person has formatted: comments and formatting of theirs are lost.
    pub reformatted: BTreeSet<String>,
}

/// What a value is, as far as files of its own hang on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Sources,
    Source,
    /// The tables or the functions of a source.
    Objects,
    Object,
    Other,
}

impl Place {
    fn under(self, key: &str) -> Self {
        match (self, key) {
            (Place::Source, "tables" | "functions") => Place::Objects,
            _ => Place::Other,
        }
    }

    fn item(self) -> Self {
        match self {
            Place::Sources => Place::Source,
            Place::Objects => Place::Object,
            _ => Place::Other,
        }
    }
}

/// What changes so that the folder says `metadata`.
pub fn changes(folder: &Folder, metadata: &Value) -> Result<Changes, Error> {
    let is_new = folder.files.is_empty();
    let mut fit = Fit { folder, values: BTreeMap::new() };
    if is_new {
        fit.values.insert(VERSION.to_owned(), map([("version", Value::Number(3.into()))]));
    }
    for part in parts::all() {
        let value = metadata.get(part.key).filter(|value| !value.is_empty()).cloned();
        let is_there = folder.files.contains_key(part.file);
        if value.is_none() && !is_there && !is_new {
            continue;
        }
        let old = folder.files.get(part.file).map(|file| &file.value);
        let keeps_empty = value.is_none() && old.is_some_and(|old| part.is_empty(old));
        let value = match old {
            Some(old) if keeps_empty => old.clone(),
            _ => value.unwrap_or_else(|| part.empty()),
        };
        fit.file(part.file, value, if part.file == DATABASES { Place::Sources } else { Place::Other })?;
    }
    let mut changes = Changes::default();
    actions(&mut fit, metadata, is_new, &mut changes)?;
    fit.finish(&mut changes);
    Ok(changes)
}

fn actions(fit: &mut Fit<'_>, metadata: &Value, is_new: bool, changes: &mut Changes) -> Result<(), Error> {
    let of = |key: &str| metadata.get(key).cloned().unwrap_or_else(|| map([]));
    let (actions, types) = (of("actions"), of("custom_types"));
    let (old_actions, old_types) = fit.folder.actions()?;
    if !is_new && says_the_same(&old_actions, &actions) && says_the_same(&old_types, &types) {
        // What the two files say together is right, whichever of them says it.
        return Ok(());
    }
    let old = fit.folder.resolved(ACTIONS)?.unwrap_or(Value::Null);
    let (yaml, declared) = sdl::split(&actions, &types, &old);
    fit.file(ACTIONS, yaml, Place::Other)?;
    let text = match &fit.folder.sdl {
        Some((_, old)) if sdl::is_same(old, &declared) => return Ok(()),
        Some((text, old)) => {
            if sdl::emit(old) != *text {
                changes.reformatted.insert(SDL.to_owned());
            }
            sdl::emit(&fit.value(Some(old), declared, SDL, Place::Other)?)
        }
        None => sdl::emit(&declared),
    };
    changes.write.insert(SDL.to_owned(), text);
    Ok(())
}

struct Fit<'a> {
    folder: &'a Folder,
    /// What the files are to say, with includes in place.
    values: BTreeMap<String, Value>,
}

impl Fit<'_> {
    fn file(&mut self, path: &str, new: Value, place: Place) -> Result<(), Error> {
        let old = self.folder.files.get(path).map(|file| &file.value);
        let value = self.value(old, new, path, place)?;
        self.values.insert(path.to_owned(), value);
        Ok(())
    }

    /// The new value in the form of the old one; `path` is the file in which it stands.
    fn value(&mut self, old: Option<&Value>, new: Value, path: &str, place: Place) -> Result<Value, Error> {
        match (old, new) {
            (Some(Value::Include(include)), new) => {
                let target = target(path, &include.path)?;
                // A file that is included twice says one thing; what is not like it stands in the file itself.
                if self.values.contains_key(&target) {
                    let once = self.folder.resolved(&target)?;
                    return Ok(if once.as_ref() == Some(&new) {
                        Value::Include(include.clone())
                    } else {
                        new
                    });
                }
                self.file(&target, new, place)?;
                Ok(Value::Include(include.clone()))
            }
            (Some(Value::Map(old)), Value::Map(new)) => self.map(old, new, path, place),
            (Some(Value::List(old)), Value::List(new)) => self.list(old, new, path, place),
            (Some(old), new) if same_under("", old, &new) => Ok(old.clone()),
            (_, new) => self.fresh(new, path, place),
        }
    }

    fn map(&mut self, old: &Map, new: Map, path: &str, place: Place) -> Result<Value, Error> {
        let mut keys = Vec::new();
        for (key, value) in old {
            if new.contains_key(key) || says_nothing(key, &self.resolved_item(value, path)?) {
                keys.push(key.as_str());
            }
        }
        let of_new = new.iter().filter(|(key, value)| old.contains_key(*key) || !says_nothing(key, value));
        put_in_order(&mut keys, of_new.map(|(key, _)| key.as_str()));
        let name = new.get("name").map(object_name).unwrap_or_default();
        let mut fitted = Map::new();
        for key in keys {
            let value = match (old.get(key), new.get(key)) {
                (Some(old), Some(new)) if !has_include(old) && same_under(key, old, new) => old.clone(),
                (Some(old), None) => {
                    let nothing = self.resolved_item(old, path)?;
                    self.value(Some(old), nothing, path, place.under(key))?
                }
                (old, new) => {
                    let new = new.cloned().unwrap_or(Value::Null);
                    let place = place.under(key);
                    match (old, place) {
                        (None, Place::Objects) => self.fresh_objects(key, &name, new, path)?,
                        _ => self.value(old, new, path, place)?,
                    }
                }
            };
            fitted.insert(key.to_owned(), value);
        }
        Ok(Value::Map(fitted))
    }

    fn list(&mut self, old: &[Value], new: Vec<Value>, path: &str, place: Place) -> Result<Value, Error> {
        let resolved: Vec<Value> =
            old.iter().map(|item| self.resolved_item(item, path)).collect::<Result<_, _>>()?;
        let is_included = old.is_empty() || old.iter().any(|item| matches!(item, Value::Include(_)));
        let (Some(old_names), Some(new_names)) = (named(&resolved), named(&new)) else {
            let items = new
                .into_iter()
                .enumerate()
                .map(|(at, item)| self.value(old.get(at), item, path, place.item()));
            return Ok(Value::List(items.collect::<Result<_, _>>()?));
        };
        let mut names: Vec<&str> =
            old_names.keys().map(String::as_str).filter(|name| new_names.contains_key(*name)).collect();
        put_in_order(&mut names, new_names.keys().map(String::as_str));
        let mut items = Vec::new();
        for name in names {
            let item = new_names[name].clone();
            items.push(match old_names.get_index_of(name) {
                Some(at) => self.value(Some(&old[at]), item, path, place.item())?,
                None if place == Place::Objects && is_included => self.fresh_object(item, path)?,
                None => self.fresh(item, path, place.item())?,
            });
        }
        Ok(Value::List(items))
    }

    fn resolved_item(&self, item: &Value, path: &str) -> Result<Value, Error> {
        match item {
            Value::Include(include) => {
                Ok(self.folder.resolved(&target(path, &include.path)?)?.unwrap_or(Value::Null))
            }
            item => Ok(item.clone()),
        }
    }

    /// What was not there.
    fn fresh(&mut self, new: Value, path: &str, place: Place) -> Result<Value, Error> {
        match (place, new) {
            (Place::Sources, Value::List(sources)) => {
                let sources = sources.into_iter().map(|source| self.fresh(source, path, Place::Source));
                Ok(Value::List(sources.collect::<Result<_, _>>()?))
            }
            (Place::Source, Value::Map(source)) => {
                let name = source.get("name").map(object_name).unwrap_or_default();
                let mut fitted = Map::new();
                for (key, value) in source {
                    let value = match place.under(&key) {
                        Place::Objects => self.fresh_objects(&key, &name, value, path)?,
                        _ => value,
                    };
                    fitted.insert(key, value);
                }
                Ok(Value::Map(fitted))
            }
            (_, new) => Ok(new),
        }
    }

    /// The tables or the functions of a source, in a folder of their own with a file each.
    fn fresh_objects(&mut self, key: &str, source: &str, new: Value, path: &str) -> Result<Value, Error> {
        let include = format!("{}/{key}/{key}.yaml", file_name(source));
        let target = target(path, &include)?;
        let items = new.items().iter().cloned().map(|item| self.fresh_object(item, &target));
        let items = Value::List(items.collect::<Result<_, _>>()?);
        self.values.insert(target, items);
        Ok(Value::Include(Include { path: include, is_tag: false }))
    }

    /// A table or a function in a file of its own beside `path`.
    fn fresh_object(&mut self, new: Value, path: &str) -> Result<Value, Error> {
        let stem = match new.get("table").or(new.get("function")) {
            Some(name @ Value::Map(_)) => file_name(&object_name(name).replacen('.', "_", 1)),
            Some(name) => file_name(&object_name(name)),
            None => "object".to_owned(),
        };
        let mut number = 1_u32;
        loop {
            let include = if number == 1 { format!("{stem}.yaml") } else { format!("{stem}_{number}.yaml") };
            let target = target(path, &include)?;
            // Two names that differ in case alone are one file on some systems.
            let is_taken = |other: &String| other.eq_ignore_ascii_case(&target);
            if !self.values.keys().chain(self.folder.files.keys()).any(is_taken) {
                self.values.insert(target, new);
                return Ok(Value::Include(Include { path: include, is_tag: false }));
            }
            number += 1;
        }
    }

    fn finish(self, changes: &mut Changes) {
        for (path, value) in &self.values {
            let old = self.folder.files.get(path);
            if old.is_some_and(|old| old.value == *value) {
                continue;
            }
            if old.is_some_and(|old| emit(&old.value) != old.text) {
                changes.reformatted.insert(path.clone());
            }
            changes.write.insert(path.clone(), emit(value));
        }
        let is_part =
            |path: &str| path == VERSION || path == ACTIONS || parts::all().any(|part| part.file == path);
        let gone = self.folder.files.keys().filter(|path| !self.values.contains_key(*path) && !is_part(path));
        changes.remove.extend(gone.cloned());
    }
}

fn has_include(value: &Value) -> bool {
    match value {
        Value::Include(_) => true,
        Value::List(items) => items.iter().any(has_include),
        Value::Map(map) => map.values().any(has_include),
        _ => false,
    }
}

/// Adds the names that are not there yet, each behind the one that it follows among all.
fn put_in_order<'a>(names: &mut Vec<&'a str>, all: impl Iterator<Item = &'a str>) {
    let mut before: Option<&str> = None;
    for name in all {
        if !names.contains(&name) {
            let at =
                before.and_then(|before| names.iter().position(|of| *of == before)).map_or(0, |at| at + 1);
            names.insert(at, name);
        }
        before = Some(name);
    }
}

/// A name as a part of a path.
fn file_name(name: &str) -> String {
    let is_odd = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let name: String = name.chars().map(|c| if is_odd(c) || c.is_whitespace() { '_' } else { c }).collect();
    if name.is_empty() || name.starts_with('.') { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::folder::Files;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// The folder after it was made to say this.
    fn exported(before: &BTreeMap<String, String>, metadata: &Value) -> (BTreeMap<String, String>, Changes) {
        let folder = if before.is_empty() { Folder::default() } else { Folder::read(before).unwrap() };
        let changes = changes(&folder, metadata).unwrap();
        let mut after = before.clone();
        after.extend(changes.write.clone());
        after.retain(|path, _| !changes.remove.contains(path));
        let says = Folder::read(&after).unwrap().metadata().unwrap();
        assert!(crate::metadata::same::same(&says, metadata), "{}\n{}", says.json(), metadata.json());
        (after, changes)
    }

    const METADATA: &str = r#"{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[
        {"table":{"name":"a","schema":"public"},"select_permissions":[{"role":"user","permission":{"columns":["id"],"filter":{}}}]},
        {"table":{"name":"b","schema":"public"}}],
        "functions":[{"function":{"name":"f","schema":"public"}}],
        "configuration":{"connection_info":{"database_url":{"from_env":"URL"}}}}],
        "actions":[{"name":"heal","definition":{"kind":"synchronous","handler":"{{H}}","arguments":[{"name":"a","type":"Int"}],"output_type":"T","type":"mutation"}}],
        "custom_types":{"objects":[{"name":"T","fields":[{"name":"x","type":"Int"}]}]}}"#;

    #[test]
    fn a_new_folder_has_a_file_for_everything_and_an_unchanged_server_changes_nothing() {
        let (folder, changes) = exported(&BTreeMap::new(), &json(METADATA));
        assert_eq!(folder.len(), 15 + 6, "{:?}", folder.keys());
        assert_eq!(
            folder.text("databases/default/tables/tables.yaml").unwrap().unwrap(),
            "- \"!include public_a.yaml\"\n- \"!include public_b.yaml\"\n"
        );
        assert_eq!(
            folder["databases/default/functions/public_f.yaml"],
            "function:\n  name: f\n  schema: public\n"
        );
        assert_eq!(
            folder["actions.graphql"],
            "type Mutation {\n  heal(\n    a: Int\n  ): T\n}\n\ntype T {\n  x: Int\n}\n\n"
        );
        assert!(changes.reformatted.is_empty());
        assert_eq!(exported(&folder, &json(METADATA)).1, Changes::default());
    }

    #[test]
    fn a_file_changes_only_where_its_value_does() {
        let (mut folder, _) = exported(&BTreeMap::new(), &json(METADATA));
        folder.insert("allow_list.yaml".into(), "[ ] # nobody\n".into());
        let text = "# by hand\nselect_permissions: [{role: user, permission: {columns: [id], filter: {}}}]\ntable: {schema: public, name: a}\n";
        folder.insert("databases/default/tables/public_a.yaml".into(), text.into());
        assert_eq!(exported(&folder, &json(METADATA)).1, Changes::default());

        let wider = METADATA.replace(r#""columns":["id"]"#, r#""columns":["id","name"]"#);
        let (after, changes) = exported(&folder, &json(&wider));
        assert_eq!(changes.write.len(), 1);
        assert_eq!(changes.reformatted.len(), 1);
        let expected = "select_permissions:\n  - role: user\n    permission:\n      columns:\n        - id\n        - name\n      filter: {}\ntable:\n  schema: public\n  name: a\n";
        assert_eq!(after["databases/default/tables/public_a.yaml"], expected);
    }

    #[test]
    fn tables_that_come_and_go_have_their_files() {
        let (folder, _) = exported(&BTreeMap::new(), &json(METADATA));
        let other = METADATA.replace(
            r#"{"table":{"name":"b","schema":"public"}}"#,
            r#"{"table":{"name":"A","schema":"public"}},{"table":{"name":"../x","schema":"."}}"#,
        );
        let (after, changes) = exported(&folder, &json(&other));
        assert_eq!(changes.remove, BTreeSet::from(["databases/default/tables/public_b.yaml".to_owned()]));
        let list =
            "- \"!include public_a.yaml\"\n- \"!include public_A_2.yaml\"\n- \"!include _..._x.yaml\"\n";
        assert_eq!(after["databases/default/tables/tables.yaml"], list);
    }

    #[test]
    fn what_says_nothing_stays_as_it_is_and_does_not_come() {
        let (mut folder, _) = exported(&BTreeMap::new(), &json(METADATA));
        folder.insert("databases/default/functions/functions.yaml".into(), "[]\n".into());
        folder.remove("databases/default/functions/public_f.yaml");
        let functions = r#""functions":[{"function":{"name":"f","schema":"public"}}],"#;
        assert_eq!(exported(&folder, &json(&METADATA.replace(functions, ""))).1, Changes::default());
        assert_eq!(
            exported(&folder, &json(&METADATA.replace(functions, r#""functions":[],"native_queries":[],"#)))
                .1,
            Changes::default()
        );
    }

    #[test]
    fn what_is_new_comes_where_the_engine_has_it_and_the_rest_stays() {
        let mut names = vec!["z", "b", "a"];
        put_in_order(&mut names, ["new", "a", "b", "more", "z"].into_iter());
        assert_eq!(names, ["new", "z", "b", "more", "a"]);
    }

    #[test]
    fn a_list_that_is_written_in_one_file_stays_there() {
        let tables = "- name: default\n  kind: postgres\n  tables:\n    - table:\n        name: a\n        schema: public\n";
        let before = BTreeMap::from([
            ("version.yaml".to_owned(), "version: 3\n".to_owned()),
            (DATABASES.to_owned(), tables.to_owned()),
        ]);
        let more = json(
            r#"{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"name":"a","schema":"public"}},{"table":{"name":"b","schema":"public"}}]}]}"#,
        );
        let (after, changes) = exported(&before, &more);
        assert_eq!(changes.write.len(), 1);
        assert!(after[DATABASES].ends_with("    - table:\n        name: b\n        schema: public\n"));
    }
}
