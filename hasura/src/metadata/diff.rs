//! What differs between two metadata documents, by the objects that Hasura knows. Values are told only where no secret can
//! stand: of tables and functions, and not of their event triggers.

use std::fmt;

use serde::Serialize;

use super::same::{named, said, same_under};
use super::value::{Map, Value};

/// A value that is longer is not told.
const LONGEST: usize = 120;
/// Under these keys nothing secret stands.
const PLAIN: [&str; 2] = ["tables", "functions"];
/// Under these keys of them something may.
const SECRET: [&str; 2] = ["event_triggers", "remote_relationships"];

/// One thing that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub kind: Kind,
    /// `sources[default].tables[public.users].select_permissions[user].permission.columns`
    pub object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Added,
    Removed,
    Changed,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, object, from, to } = self;
        let sign = match kind {
            Kind::Added => '+',
            Kind::Removed => '-',
            Kind::Changed => '~',
        };
        write!(f, "{sign} {object}")?;
        match (from, to) {
            (Some(from), Some(to)) => write!(f, ": {from} -> {to}"),
            (None, Some(value)) | (Some(value), None) => write!(f, ": {value}"),
            (None, None) => Ok(()),
        }
    }
}

/// What is to be done to the one so that it says what the other says.
pub fn diff(from: &Value, to: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut place = Place { path: Vec::new(), is_plain: false };
    let empty = Map::new();
    let (from, to) = (from.map().unwrap_or(&empty), to.map().unwrap_or(&empty));
    for key in keys(from, to).filter(|key| *key != "version") {
        let said = |map: &Map| map.get(key).filter(|value| !value.is_empty()).cloned();
        match (said(from), said(to)) {
            (None, None) => {}
            // An object of these keys is known by itself, also where the key is not there yet.
            (from, to) => {
                let like = from.as_ref().or(to.as_ref()).map(empty_like).unwrap_or(Value::Null);
                let (from, to) = (from.unwrap_or_else(|| like.clone()), to.unwrap_or(like));
                place.under(Step::Key(key), |place| place.compare(key, &from, &to, &mut found));
            }
        }
    }
    found
}

fn empty_like(value: &Value) -> Value {
    match value {
        Value::List(_) => Value::List(Vec::new()),
        Value::Map(_) => Value::Map(Map::new()),
        _ => Value::Null,
    }
}

fn keys<'a>(one: &'a Map, other: &'a Map) -> impl Iterator<Item = &'a str> {
    let more = other.keys().filter(|key| !one.contains_key(*key));
    one.keys().chain(more).map(String::as_str)
}

enum Step<'a> {
    Key(&'a str),
    Item(&'a str),
}

struct Place {
    path: Vec<String>,
    is_plain: bool,
}

impl Place {
    fn under<T>(&mut self, step: Step<'_>, work: impl FnOnce(&mut Self) -> T) -> T {
        let was_plain = self.is_plain;
        self.path.push(match step {
            Step::Key(key) => {
                self.is_plain = (self.is_plain || PLAIN.contains(&key)) && !SECRET.contains(&key);
                match self.path.is_empty() {
                    true => key.to_owned(),
                    false => format!(".{key}"),
                }
            }
            Step::Item(name) => format!("[{name}]"),
        });
        let result = work(self);
        self.path.pop();
        self.is_plain = was_plain;
        result
    }

    fn compare(&mut self, key: &str, from: &Value, to: &Value, found: &mut Vec<Difference>) {
        if same_under(key, from, to) {
            return;
        }
        match (from, to) {
            (Value::Map(one), Value::Map(other)) => {
                for key in keys(one, other) {
                    self.under(Step::Key(key), |place| {
                        place.entry(key, said(one, key), said(other, key), found)
                    });
                }
            }
            (Value::List(one), Value::List(other)) => match (named(one), named(other)) {
                (Some(one), Some(other)) if !(one.is_empty() && other.is_empty()) => {
                    let more = other.keys().filter(|name| !one.contains_key(*name));
                    for name in one.keys().chain(more) {
                        let (from, to) = (one.get(name).copied(), other.get(name).copied());
                        self.under(Step::Item(name), |place| place.entry("", from, to, found));
                    }
                }
                _ => found.push(self.difference(Kind::Changed, Some(from), Some(to))),
            },
            _ => found.push(self.difference(Kind::Changed, Some(from), Some(to))),
        }
    }

    fn entry(&mut self, key: &str, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<Difference>) {
        match (from, to) {
            (None, None) => {}
            (Some(from), Some(to)) => self.compare(key, from, to, found),
            // A list of objects that is not there is an empty one.
            (None, Some(to)) if is_of_objects(to) => self.compare(key, &empty_like(to), to, found),
            (Some(from), None) if is_of_objects(from) => self.compare(key, from, &empty_like(from), found),
            (None, Some(to)) => found.push(self.difference(Kind::Added, None, Some(to))),
            (Some(from), None) => found.push(self.difference(Kind::Removed, Some(from), None)),
        }
    }

    fn difference(&self, kind: Kind, from: Option<&Value>, to: Option<&Value>) -> Difference {
        // Whole objects are told by name.
        let is_object = kind != Kind::Changed && self.path.last().is_some_and(|last| last.starts_with('['));
        let told = |value: Option<&Value>| {
            value.map(Value::json).filter(|json| self.is_plain && !is_object && json.len() <= LONGEST)
        };
        Difference { kind, object: self.path.concat(), from: told(from), to: told(to) }
    }
}

fn is_of_objects(value: &Value) -> bool {
    !value.items().is_empty() && named(value.items()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: &str, to: &str) -> Vec<String> {
        let read = |text: &str| serde_json::from_str(text).unwrap();
        diff(&read(from), &read(to)).iter().map(Difference::to_string).collect()
    }

    fn source(tables: &str) -> String {
        format!(r#"{{"version":3,"sources":[{{"name":"default","tables":[{tables}]}}]}}"#)
    }

    #[test]
    fn objects_are_told_by_the_names_that_hasura_knows() {
        let a = r#"{"table":{"name":"a","schema":"public"}}"#;
        let b = r#"{"table":{"name":"b","schema":"public"},"comment":"x"}"#;
        let may = r#"{"table":{"name":"a","schema":"public"},"select_permissions":[{"role":"user","permission":{"columns":["id"],"filter":{}}}]}"#;
        let less = may.replace(r#"["id"]"#, r#"["id","name"]"#);
        let at = "sources[default].tables[public.a].select_permissions[user]";
        assert_eq!(
            told(&source(a), &source(b)),
            ["- sources[default].tables[public.a]", "+ sources[default].tables[public.b]"]
        );
        assert_eq!(told(&source(a), &source(may)), [format!("+ {at}")]);
        assert_eq!(told(&source(may), &source(a)), [format!("- {at}")]);
        assert_eq!(
            told(&source(may), &source(&less)),
            [format!(r#"~ {at}.permission.columns: ["id"] -> ["id","name"]"#)]
        );
        assert_eq!(told("{}", &source("")), ["+ sources[default]"]);
        assert_eq!(told(&source(a), &source(a)), Vec::<String>::new());
        assert_eq!(told(r#"{"actions":[],"network":null}"#, "{}"), Vec::<String>::new());
    }

    #[test]
    fn no_value_that_may_be_a_secret_is_told() {
        let with = |word: &str| {
            format!(
                r#"{{"sources":[{{"name":"default","configuration":{{"connection_info":{{"database_url":"postgres://me:{word}@x"}}}},"tables":[
                   {{"table":"t","event_triggers":[{{"name":"e","headers":[{{"name":"h","value":"{word}"}}]}}],"comment":"{word}"}}]}}],
                   "actions":[{{"name":"a","definition":{{"handler":"http://{word}"}}}}],
                   "cron_triggers":[{{"name":"c","webhook":"{word}"}}],"opentelemetry":{{"x":"{word}"}}}}"#
            )
        };
        let told = told(&with("word1"), &with("word2"));
        assert_eq!(told.len(), 6, "{told:#?}");
        let open: Vec<&String> = told.iter().filter(|line| line.contains("word")).collect();
        assert_eq!(open, [r#"~ sources[default].tables[t].comment: "word1" -> "word2""#]);
        assert!(told.contains(&"~ sources[default].configuration.connection_info.database_url".to_owned()));
    }
}
