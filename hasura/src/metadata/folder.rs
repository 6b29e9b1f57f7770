//! The metadata folder: its files as they were read, and the metadata that they are together.

use std::collections::BTreeMap;

use super::error::Error;
use super::parts::{self, ACTIONS, DATABASES, SDL, VERSION};
use super::read::read;
use super::sdl;
use super::value::{Map, Value, map};

/// How many files may include one another in a row.
const DEEPEST: usize = 16;
/// How many includes the whole may have, those within included files counted as often as these are included.
const MOST: usize = 100_000;

/// Where the files of a metadata folder are. Paths are relative to it, with `/`, and lead nowhere else.
pub trait Files {
    /// The text of a file, if there is one.
    fn text(&self, path: &str) -> Result<Option<String>, Error>;
}

impl Files for BTreeMap<String, String> {
    fn text(&self, path: &str) -> Result<Option<String>, Error> {
        Ok(self.get(path).cloned())
    }
}

pub struct File {
    pub text: String,
    /// With its includes in place.
    pub value: Value,
}

/// A folder that was read.
#[derive(Default)]
pub struct Folder {
    pub files: BTreeMap<String, File>,
    /// The text of actions.graphql, and what it declares.
    pub sdl: Option<(String, Value)>,
}

impl Folder {
    /// Reads all that the metadata consists of.
    pub fn read(files: &dyn Files) -> Result<Self, Error> {
        let mut folder = Self::default();
        folder.load(files, VERSION, &mut Vec::new())?;
        let version = folder.files.get(VERSION).ok_or(Error::NoVersion)?;
        match version.value.get("version") {
            Some(Value::Number(number)) if number.as_u64() == Some(3) => {}
            other => return Err(Error::Version(other.map_or("nothing".to_owned(), Value::json))),
        }
        for part in parts::all() {
            folder.load(files, part.file, &mut Vec::new())?;
        }
        folder.load(files, ACTIONS, &mut Vec::new())?;
        if let Some(text) = files.text(SDL)? {
            let declared = sdl::read(&text)?;
            folder.sdl = Some((text, declared));
        }
        Ok(folder)
    }

    /// Reads a file and those that it includes, if it is there.
    fn load(&mut self, files: &dyn Files, path: &str, above: &mut Vec<String>) -> Result<bool, Error> {
        if above.iter().any(|of| of == path) {
            let chain = format!("{} -> {path}", above.join(" -> "));
            return Err(Error::Circle { path: path.to_owned(), chain });
        }
        if above.len() >= DEEPEST {
            return Err(Error::TooDeep { path: path.to_owned(), limit: DEEPEST });
        }
        if self.files.contains_key(path) {
            return Ok(true);
        }
        let Some(text) = files.text(path)? else { return Ok(false) };
        let value = read(path, &text)?;
        above.push(path.to_owned());
        for include in includes(&value) {
            let target = target(path, include)?;
            if !self.load(files, &target, above)? {
                return Err(Error::Missing { path: path.to_owned(), include: include.to_owned() });
            }
        }
        above.pop();
        self.files.insert(path.to_owned(), File { text, value });
        Ok(true)
    }

    /// The value of a file with its includes resolved.
    pub fn resolved(&self, path: &str) -> Result<Option<Value>, Error> {
        let mut left = MOST;
        match self.files.get(path) {
            None => Ok(None),
            Some(file) => self.resolve(path, &file.value, &mut left).map(Some),
        }
    }

    fn resolve(&self, path: &str, value: &Value, left: &mut usize) -> Result<Value, Error> {
        Ok(match value {
            Value::Include(include) => {
                *left = left
                    .checked_sub(1)
                    .ok_or_else(|| Error::TooDeep { path: path.to_owned(), limit: MOST })?;
                let target = target(path, &include.path)?;
                let missing = || Error::Missing { path: path.to_owned(), include: include.path.clone() };
                let file = self.files.get(&target).ok_or_else(missing)?;
                self.resolve(&target, &file.value, left)?
            }
            Value::List(items) => Value::List(
                items.iter().map(|item| self.resolve(path, item, left)).collect::<Result<_, _>>()?,
            ),
            Value::Map(map) => Value::Map(
                map.iter()
                    .map(|(key, value)| Ok((key.clone(), self.resolve(path, value, left)?)))
                    .collect::<Result<_, Error>>()?,
            ),
            other => other.clone(),
        })
    }

    /// The metadata, as Hasura's API takes it. What is empty is left out.
    pub fn metadata(&self) -> Result<Value, Error> {
        let mut all = Map::from_iter([("version".to_owned(), Value::Number(3.into()))]);
        for part in parts::all() {
            let Some(value) = self.resolved(part.file)? else { continue };
            let expected = if matches!(part.empty(), Value::List(_)) { "a list" } else { "a mapping" };
            if !value.is_empty() && std::mem::discriminant(&value) != std::mem::discriminant(&part.empty()) {
                return Err(Error::Shape { path: part.file.to_owned(), expected });
            }
            if part.file == DATABASES || !part.is_empty(&value) {
                all.insert(part.key.to_owned(), if value.is_empty() { part.empty() } else { value });
            }
        }
        let (actions, types) = self.actions()?;
        for (key, value) in [("actions", actions), ("custom_types", types)] {
            if !value.is_empty() {
                all.insert(key.to_owned(), value);
            }
        }
        all.entry("sources".to_owned()).or_insert_with(|| Value::List(Vec::new()));
        Ok(Value::Map(all))
    }

    /// The keys `actions` and `custom_types`.
    pub fn actions(&self) -> Result<(Value, Value), Error> {
        let nothing = || map([]);
        let yaml = self.resolved(ACTIONS)?.filter(|value| !value.is_empty()).unwrap_or_else(nothing);
        let declared = self.sdl.as_ref().map_or_else(nothing, |(_, declared)| declared.clone());
        sdl::join(&yaml, &declared)
    }
}

/// The paths that a file's value includes.
fn includes(value: &Value) -> Vec<&str> {
    match value {
        Value::Include(include) => vec![&include.path],
        Value::List(items) => items.iter().flat_map(includes).collect(),
        Value::Map(map) => map.values().flat_map(includes).collect(),
        _ => Vec::new(),
    }
}

/// The path of an included file: relative to the one that includes it, and inside the folder.
pub fn target(from: &str, include: &str) -> Result<String, Error> {
    let outside = || Error::Outside { path: from.to_owned(), include: include.to_owned() };
    if include.starts_with('/') || include.contains(['\\', '\0', ':']) {
        return Err(outside());
    }
    let mut path: Vec<&str> = from.split('/').collect();
    path.pop();
    for part in include.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop().ok_or_else(outside)?;
            }
            part => path.push(part),
        }
    }
    if path.is_empty() { Err(outside()) } else { Ok(path.join("/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn files<const N: usize>(files: [(&str, &str); N]) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> =
            files.map(|(path, text)| (path.to_owned(), text.to_owned())).into_iter().collect();
        all.entry("version.yaml".to_owned()).or_insert_with(|| "version: 3\n".to_owned());
        all
    }

    fn error<const N: usize>(of: [(&str, &str); N]) -> String {
        match Folder::read(&files(of)) {
            Ok(_) => panic!("it was read"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn includes_are_relative_to_the_file_that_has_them() {
        let folder = Folder::read(&files([
            (
                DATABASES,
                "- name: default\n  kind: postgres\n  tables: \"!include default/tables/tables.yaml\"\n",
            ),
            (
                "databases/default/tables/tables.yaml",
                "- \"!include public_a.yaml\"\n- !include ../more.yaml\n",
            ),
            ("databases/default/tables/public_a.yaml", "table:\n  name: a\n  schema: public\n"),
            ("databases/default/more.yaml", "table:\n  name: b\n  schema: public\n"),
            ("allow_list.yaml", "[]\n"),
        ]))
        .unwrap();
        let expected = r#"{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"name":"a","schema":"public"}},{"table":{"name":"b","schema":"public"}}]}]}"#;
        assert_eq!(folder.metadata().unwrap().json(), expected);
    }

    #[test]
    fn an_include_cannot_leave_the_folder() {
        for path in ["/etc/passwd", "../../x.yaml", "default/../../../x", "a\\b", "c:/x", ".."] {
            let text = format!("- '!include {path}'\n");
            assert!(error([(DATABASES, &text)]).contains("outside the metadata folder"), "{path}");
        }
        assert_eq!(
            error([(DATABASES, "- \"!include x.yaml\"\n")]),
            "databases/databases.yaml includes x.yaml, which is not there"
        );
    }

    #[test]
    fn an_include_cannot_go_round_or_without_end() {
        let chain = error([
            (DATABASES, "\"!include a.yaml\"\n"),
            ("databases/a.yaml", "\"!include databases.yaml\"\n"),
        ]);
        assert!(
            chain.ends_with("databases/databases.yaml -> databases/a.yaml -> databases/databases.yaml"),
            "{chain}"
        );
        let mut deep = files([(DATABASES, "\"!include 0.yaml\"\n")]);
        for level in 0..20 {
            deep.insert(format!("databases/{level}.yaml"), format!("- \"!include {}.yaml\"\n", level + 1));
        }
        assert!(matches!(Folder::read(&deep), Err(Error::TooDeep { .. })));
        let mut wide = files([(DATABASES, "\"!include 0.yaml\"\n")]);
        for level in 0..8 {
            wide.insert(
                format!("databases/{level}.yaml"),
                format!("- \"!include {}.yaml\"\n", level + 1).repeat(10),
            );
        }
        wide.insert("databases/8.yaml".to_owned(), "x\n".to_owned());
        assert!(matches!(Folder::read(&wide).unwrap().metadata(), Err(Error::TooDeep { .. })));
    }

    #[test]
    fn only_version_3_is_read() {
        assert_eq!(
            error([(VERSION, "version: 2\n")]),
            "version.yaml says 2, and only version 3 of the metadata folder can be read"
        );
        assert!(matches!(Folder::read(&BTreeMap::new()), Err(Error::NoVersion)));
        assert!(matches!(
            Folder::read(&files([("allow_list.yaml", "{a: 1}\n")])).unwrap().metadata(),
            Err(Error::Shape { .. })
        ));
    }
}
