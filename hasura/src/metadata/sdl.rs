//! Actions and custom types stand in two files: `actions.yaml` has what Hasura does with them, `actions.graphql` their
//! types. Here the two become the keys `actions` and `custom_types` of the metadata, and come apart again.

use graphql_parser::schema::{
    Definition, Directive, EnumType, Field, InputObjectType, InputValue, ObjectType, ScalarType, Type,
    TypeDefinition, TypeExtension, parse_schema,
};

use super::error::Error;
use super::same::{named, same};
use super::value::{Map, Value, map};

/// The kinds of custom types, in the order in which they are written, with the word of the language.
const KINDS: [(&str, &str); 4] =
    [("input_objects", "input"), ("objects", "type"), ("scalars", "scalar"), ("enums", "enum")];
/// What of an action's definition stands in actions.graphql.
const OF_SDL: [&str; 3] = ["arguments", "output_type", "type"];

/// What actions.graphql declares: `actions`, and custom types by kind.
pub fn read(text: &str) -> Result<Value, Error> {
    let says_nothing = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let definitions = match says_nothing {
        // The parser wants one definition at least.
        true => Vec::new(),
        false => {
            parse_schema::<String>(text)
                .map_err(|error| Error::Sdl { message: error.to_string().trim_end().replace('\n', ", ") })?
                .definitions
        }
    };
    let mut lists: Map = ["actions"].into_iter().chain(KINDS.map(|(kind, _)| kind)).map(empty_list).collect();
    let mut add = |kind: &str, item: Value| {
        if let Some(Value::List(items)) = lists.get_mut(kind) {
            items.push(item);
        }
    };
    for definition in &definitions {
        match definition {
            Definition::TypeDefinition(TypeDefinition::Object(of)) => match action_type(&of.name) {
                Some(is) => of.fields.iter().for_each(|field| add("actions", action(field, is))),
                None => add("objects", object(of)),
            },
            Definition::TypeExtension(TypeExtension::Object(of)) if action_type(&of.name).is_some() => {
                let is = action_type(&of.name).unwrap_or_default();
                of.fields.iter().for_each(|field| add("actions", action(field, is)));
            }
            Definition::TypeDefinition(TypeDefinition::InputObject(of)) => add("input_objects", input(of)),
            Definition::TypeDefinition(TypeDefinition::Scalar(of)) => add("scalars", scalar(of)),
            Definition::TypeDefinition(TypeDefinition::Enum(of)) => add("enums", enumeration(of)),
            other => {
                let message = format!("Hasura takes no such definition: {}", first_line(&other.to_string()));
                return Err(Error::Sdl { message });
            }
        }
    }
    Ok(Value::Map(lists))
}

fn empty_list(key: &str) -> (String, Value) {
    (key.to_owned(), Value::List(Vec::new()))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn action_type(name: &str) -> Option<&'static str> {
    match name {
        "Mutation" => Some("mutation"),
        "Query" => Some("query"),
        _ => None,
    }
}

fn action(field: &Field<'_, String>, is: &str) -> Value {
    let mut action = described(&field.name, field.description.as_deref());
    action.insert("type".into(), is.into());
    action.insert("arguments".into(), Value::List(field.arguments.iter().map(argument).collect()));
    action.insert("output_type".into(), type_text(&field.field_type));
    Value::Map(action)
}

fn described(name: &str, description: Option<&str>) -> Map {
    let mut map = Map::new();
    map.insert("name".into(), name.into());
    if let Some(description) = description {
        map.insert("description".into(), description.trim().into());
    }
    map
}

fn argument(of: &InputValue<'_, String>) -> Value {
    let mut argument = described(&of.name, of.description.as_deref());
    argument.insert("type".into(), type_text(&of.value_type));
    Value::Map(argument)
}

fn type_text(of: &Type<'_, String>) -> Value {
    of.to_string().as_str().into()
}

fn with_fields(name: &str, description: Option<&str>, fields: Vec<Value>) -> Value {
    let mut map = described(name, description);
    map.insert("fields".into(), Value::List(fields));
    Value::Map(map)
}

fn object(of: &ObjectType<'_, String>) -> Value {
    let fields = of.fields.iter().map(|field| {
        let mut map = described(&field.name, field.description.as_deref());
        map.insert("type".into(), type_text(&field.field_type));
        Value::Map(map)
    });
    with_fields(&of.name, of.description.as_deref(), fields.collect())
}

fn input(of: &InputObjectType<'_, String>) -> Value {
    with_fields(&of.name, of.description.as_deref(), of.fields.iter().map(argument).collect())
}

fn scalar(of: &ScalarType<'_, String>) -> Value {
    Value::Map(described(&of.name, of.description.as_deref()))
}

fn enumeration(of: &EnumType<'_, String>) -> Value {
    let is_deprecated = |directives: &[Directive<'_, String>]| {
        directives.iter().any(|directive| directive.name == "deprecated")
    };
    let values = of.values.iter().map(|value| {
        let mut map = described(&value.name, value.description.as_deref());
        map.shift_remove("name");
        map.insert("value".into(), value.name.as_str().into());
        if is_deprecated(&value.directives) {
            map.insert("is_deprecated".into(), Value::Bool(true));
        }
        Value::Map(map)
    });
    let mut map = described(&of.name, of.description.as_deref());
    map.insert("values".into(), Value::List(values.collect()));
    Value::Map(map)
}

/// The keys `actions` and `custom_types` of the metadata, from the two files.
pub fn join(yaml: &Value, sdl: &Value) -> Result<(Value, Value), Error> {
    let declared = named(sdl.list("actions")).ok_or_else(|| twice("an action"))?;
    let mut actions = Vec::new();
    for action in yaml.list("actions") {
        let name = action.text("name").unwrap_or_default();
        let of = declared.get(name).ok_or_else(|| Error::ActionWithoutType(name.to_owned()))?;
        actions.push(joined(action, of));
    }
    let known = named(&actions).ok_or_else(|| twice("an action"))?;
    if let Some(name) = declared.keys().find(|name| !known.contains_key(*name)) {
        return Err(Error::TypeWithoutAction(name.clone()));
    }
    let types = KINDS.iter().map(|(kind, _)| {
        let of_yaml = yaml.get("custom_types").map_or(&[][..], |types| types.list(kind));
        let items = sdl.list(kind).iter().map(|item| {
            let Value::Map(mut merged) = item.clone() else { return item.clone() };
            let same_name = |of: &&Value| of.text("name") == item.text("name");
            // Relationships of objects stand in the YAML.
            for (key, value) in of_yaml.iter().find(same_name).and_then(Value::map).into_iter().flatten() {
                merged.entry(key.clone()).or_insert_with(|| value.clone());
            }
            Value::Map(merged)
        });
        ((*kind).to_owned(), Value::List(items.collect()))
    });
    let types = types.filter(|(_, items)| !items.is_empty());
    Ok((Value::List(actions), Value::Map(types.collect())))
}

fn twice(what: &str) -> Error {
    Error::Sdl { message: format!("{what} is declared twice") }
}

fn joined(action: &Value, sdl: &Value) -> Value {
    let Value::Map(mut action) = action.clone() else { return action.clone() };
    let mut definition = action.get("definition").and_then(Value::map).cloned().unwrap_or_default();
    for key in OF_SDL {
        definition.insert(key.to_owned(), sdl.get(key).cloned().unwrap_or(Value::Null));
    }
    // Only a mutation has a kind.
    if sdl.text("type") == Some("query") {
        definition.shift_remove("kind");
    }
    action.insert("definition".into(), Value::Map(definition));
    if let (None, Some(description)) = (action.get("comment"), sdl.get("description")) {
        action.insert("comment".into(), description.clone());
    }
    Value::Map(action)
}

/// What the two files say, `actions.yaml` first. `old` is the one that is there.
pub fn split(actions: &Value, types: &Value, old: &Value) -> (Value, Value) {
    let old_of = |name: Option<&str>| old.list("actions").iter().find(|action| action.text("name") == name);
    let (mut of_yaml, mut of_sdl) = (Vec::new(), Vec::new());
    for action in actions.items() {
        let empty = Map::new();
        let definition = action.get("definition").and_then(Value::map).unwrap_or(&empty);
        let mut declared = described(action.text("name").unwrap_or_default(), None);
        let mut kept = Map::new();
        let is_query = definition.get("type").and_then(Value::str) == Some("query");
        if is_query && !definition.contains_key("kind") {
            let kind = old_of(action.text("name")).and_then(|old| old.get("definition")?.get("kind"));
            kept.insert("kind".into(), kind.cloned().unwrap_or("".into()));
        }
        for (key, value) in definition {
            match OF_SDL.contains(&key.as_str()) {
                true => declared.insert(key.clone(), value.clone()),
                false => kept.insert(key.clone(), value.clone()),
            };
        }
        declared.entry("type".into()).or_insert_with(|| "mutation".into());
        of_sdl.push(Value::Map(declared));
        let mut map = action.map().cloned().unwrap_or_default();
        map.insert("definition".into(), Value::Map(kept));
        of_yaml.push(Value::Map(map));
    }
    let mut sdl = Map::from_iter([("actions".to_owned(), Value::List(of_sdl))]);
    let mut kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    let mut names = Map::new();
    for kind in kinds {
        let items = types.list(kind);
        let kept = items.iter().map(|item| {
            let of =
                |key: &str| Some((key.to_owned(), item.get(key).filter(|value| !value.is_empty())?.clone()));
            Value::Map(["name", "relationships"].into_iter().filter_map(of).collect())
        });
        names.insert(kind.to_owned(), Value::List(kept.collect()));
        let declared = items.iter().map(|item| {
            let mut map = item.map().cloned().unwrap_or_default();
            map.shift_remove("relationships");
            Value::Map(map)
        });
        sdl.insert(kind.to_owned(), Value::List(declared.collect()));
    }
    let yaml = map([("actions", Value::List(of_yaml)), ("custom_types", Value::Map(names))]);
    (yaml, Value::Map(sdl))
}

/// Whether two declarations say the same. A description of an action is its comment, and false is what is not said.
pub fn is_same(one: &Value, other: &Value) -> bool {
    same(&plain(one), &plain(other))
}

fn plain(sdl: &Value) -> Value {
    fn without(value: &Value, is_action: bool) -> Value {
        match value {
            Value::Map(of) => Value::Map(
                of.iter()
                    .filter(|(key, value)| {
                        let is_described = *key == "description";
                        let is_comment = is_described && (is_action || value.str() == Some(""));
                        !is_comment && **value != Value::Bool(false)
                    })
                    .map(|(key, value)| (key.clone(), without(value, false)))
                    .collect(),
            ),
            Value::List(items) => Value::List(items.iter().map(|item| without(item, is_action)).collect()),
            other => other.clone(),
        }
    }
    let of = |(key, value): (&String, &Value)| (key.clone(), without(value, key == "actions"));
    Value::Map(sdl.map().into_iter().flatten().map(of).collect())
}

/// The text of actions.graphql.
pub fn emit(sdl: &Value) -> String {
    let mut out = String::new();
    for action in sdl.list("actions") {
        let word = if action.text("type") == Some("query") { "Query" } else { "Mutation" };
        let arguments = match fields(action.list("arguments"), 4) {
            lines if lines.is_empty() => String::new(),
            lines => format!("(\n{lines}  )"),
        };
        let (name, output) = (action.text("name"), action.text("output_type"));
        let (name, output) = (name.unwrap_or_default(), output.unwrap_or_default());
        out.push_str(&format!("type {word} {{\n  {name}{arguments}: {output}\n}}\n\n"));
    }
    for (kind, word) in KINDS {
        for item in sdl.list(kind) {
            out.push_str(&description(item, 0));
            out.push_str(&format!("{word} {}", item.text("name").unwrap_or_default()));
            let body = match kind {
                "scalars" => String::new(),
                "enums" => item.list("values").iter().map(value).collect(),
                _ => fields(item.list("fields"), 2),
            };
            match kind {
                "scalars" => out.push_str("\n\n"),
                _ => out.push_str(&format!(" {{\n{body}}}\n\n")),
            }
        }
    }
    out
}

fn fields(items: &[Value], indent: usize) -> String {
    let line = |item: &Value| {
        let (name, of) = (item.text("name").unwrap_or_default(), item.text("type").unwrap_or_default());
        format!("{}{:indent$}{name}: {of}\n", description(item, indent), "")
    };
    items.iter().map(line).collect()
}

fn value(item: &Value) -> String {
    let deprecated = if item.get("is_deprecated") == Some(&Value::Bool(true)) { " @deprecated" } else { "" };
    format!("{}  {}{deprecated}\n", description(item, 2), item.text("value").unwrap_or_default())
}

fn description(item: &Value, indent: usize) -> String {
    match item.text("description").map(str::trim) {
        None | Some("") => String::new(),
        Some(text) => {
            let text = text.replace("\"\"\"", "\\\"\"\"");
            let lines = text.lines().map(|line| format!("{:indent$}{line}\n", ""));
            format!("{:indent$}\"\"\"\n{}{:indent$}\"\"\"\n", "", lines.collect::<String>(), "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
type Mutation {
  heal(
    confirm: Boolean
    names: [String!]!
  ): Healed!
}

type Query {
  state: [State!]
}

input Wish {
  for: uuid!
}

type Healed {
  job: bigint
}

\"\"\"
How it is
\"\"\"
type State {
  \"\"\"
  \"one\" word
  \"\"\"
  word: Word
}

scalar uuid

enum Word {
  good
  bad @deprecated
}

";

    fn yaml() -> Value {
        crate::metadata::read::read(
            "actions.yaml",
            "actions:\n  - name: heal\n    definition:\n      kind: synchronous\n      handler: '{{HOOK}}'\n  - name: state\n    \
             definition:\n      kind: \"\"\n      handler: http://x\ncustom_types:\n  enums:\n    - name: Word\n  input_objects:\n    \
             - name: Wish\n  objects:\n    - name: Healed\n      relationships:\n        - name: it\n    - name: State\n  scalars:\n    \
             - name: uuid\n",
        )
        .unwrap()
    }

    #[test]
    fn what_is_declared_is_written_again_as_it_was() {
        assert_eq!(emit(&read(TEXT).unwrap()), TEXT);
        assert_eq!(emit(&read("").unwrap()), "");
    }

    #[test]
    fn two_files_become_one_document_and_come_apart_again() {
        let (actions, types) = join(&yaml(), &read(TEXT).unwrap()).unwrap();
        let heal = &actions.items()[0];
        let definition = heal.get("definition").unwrap().json();
        assert_eq!(
            definition,
            r#"{"kind":"synchronous","handler":"{{HOOK}}","arguments":[{"name":"confirm","type":"Boolean"},{"name":"names","type":"[String!]!"}],"output_type":"Healed!","type":"mutation"}"#
        );
        assert!(actions.items()[1].get("definition").unwrap().get("kind").is_none());
        assert_eq!(types.list("objects")[0].list("relationships").len(), 1);
        let (again, sdl) = split(&actions, &types, &yaml());
        assert_eq!(crate::metadata::emit::emit(&again), crate::metadata::emit::emit(&yaml()));
        assert!(is_same(&sdl, &read(TEXT).unwrap()));
    }

    #[test]
    fn what_is_in_one_file_alone_is_named() {
        let error = join(&yaml(), &read("").unwrap()).unwrap_err();
        assert!(matches!(&error, Error::ActionWithoutType(name) if name == "heal"), "{error}");
        let more = format!("{TEXT}extend type Query {{ other: Int }}");
        let error = join(&yaml(), &read(&more).unwrap()).unwrap_err();
        assert!(matches!(&error, Error::TypeWithoutAction(name) if name == "other"), "{error}");
        assert!(matches!(read("type {"), Err(Error::Sdl { .. })));
        assert!(matches!(read("union A = B"), Err(Error::Sdl { .. })));
    }
}
