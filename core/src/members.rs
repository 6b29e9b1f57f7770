//! Extensions and their members. A member is no object of its own: what somebody adds to an extension, takes out of it or moves
//! with it is told of the extension, and not of the member nor of what uses it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::ground::retain;
use crate::model::{Address, Catalog, Extension, Member, NotCompared};
use crate::noted::EventName;
use crate::plan::{Kind, Step, Verdict};
use crate::quote::{bare_literal, ident};

/// What is counted that the migrations made by itself, and that is a member now.
pub const MADE_BY_ITSELF: &str = "object that somebody made a member of an extension";

/// The members of an extension, as a query of its own tells them: not everybody who reads extensions needs them.
#[derive(Debug, Deserialize)]
pub struct Contents {
    pub identity: String,
    pub contents: Vec<Address>,
}

/// Puts the members to their extensions.
pub fn fill(extensions: &mut [Extension], contents: Vec<Contents>) {
    let mut contents: BTreeMap<String, Vec<Address>> =
        contents.into_iter().map(|of| (of.identity, of.contents)).collect();
    for extension in extensions {
        extension.contents = contents.remove(&extension.identity).unwrap_or_default();
    }
}

/// Leaves out of both sides what is a member on one alone: that is told of the extension. Returns what the migrations made by
/// itself, which is not compared as long as it is a member.
pub fn leave_out(expected: &mut Catalog, live: &mut Catalog) -> Option<NotCompared> {
    let (mut added, mut taken_out) = (BTreeSet::new(), BTreeSet::new());
    for (one, other) in pairs(expected, live) {
        added.extend(other.beyond(one).into_iter().cloned());
        taken_out.extend(one.beyond(other).into_iter().cloned());
    }
    take_out(live, &taken_out);
    let names = take_out(expected, &added);
    (!names.is_empty()).then_some(NotCompared { count: names.len() as u64, names })
}

/// Takes objects and what is on them out of a schema. Returns those that were there.
fn take_out(side: &mut Catalog, gone: &BTreeSet<Address>) -> Vec<String> {
    let mut there = Vec::new();
    if gone.is_empty() {
        return there;
    }
    let identities: BTreeSet<&str> = gone.iter().map(|of| of.identity.as_str()).collect();
    retain(side, |part| {
        let own = Address::new(part.object_type, part.identity);
        let is_it = gone.contains(&own);
        if is_it && part.list == "objects" {
            there.push(own.to_string());
        }
        !is_it && !part.on.is_some_and(|on| identities.contains(on))
    });
    there
}

fn pairs<'a>(
    expected: &'a Catalog,
    live: &'a Catalog,
) -> impl Iterator<Item = (&'a Extension, &'a Extension)> {
    expected.extensions.iter().filter_map(|one| {
        let other = live.extensions.iter().find(|other| other.identity == one.identity)?;
        Some((one, other))
    })
}

/// Lets the live side speak of the members of an extension that was moved to another schema as the expected side does: that
/// it was moved is told once, and not of all that uses it.
pub fn move_back(expected: &Catalog, live: &mut Catalog) -> serde_json::Result<()> {
    let moved: BTreeMap<String, String> = pairs(expected, live)
        .filter(|(one, other)| one.schema != other.schema)
        .flat_map(|(one, other)| other.contents.iter().filter_map(|member| moved_name(member, one, other)))
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    let extensions = std::mem::take(&mut live.extensions);
    let mut value = serde_json::to_value(&*live)?;
    rename(&mut value, &moved);
    *live = Catalog { extensions, ..serde_json::from_value(value)? };
    Ok(())
}

/// What the texts call a member, and what they would call it in the schema where it is expected.
fn moved_name(member: &Address, expected: &Extension, live: &Extension) -> Option<(String, String)> {
    let quoted =
        |schema: &str| match schema.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
        {
            true => schema.to_owned(),
            false => crate::quote::ident(schema),
        };
    let (from, to) = (quoted(&live.schema), quoted(&expected.schema));
    let name = member.identity.strip_prefix(&from)?.strip_prefix('.')?;
    let name = name.split(['(', ' ']).next()?;
    Some((format!("{from}.{name}"), format!("{to}.{name}")))
}

/// Renames in all texts but those that people wrote.
fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => *text = renamed(text, names),
        Value::Array(all) => all.iter_mut().for_each(|one| rename(one, names)),
        Value::Object(fields) => {
            let is_said = |key: &str| matches!(key, "text" | "labels" | "name" | "schema");
            fields.iter_mut().filter(|(key, _)| !is_said(key)).for_each(|(_, one)| rename(one, names));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text in which each of these names is replaced where it stands by itself.
fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.');
    let mut all = text.to_owned();
    for (from, to) in names {
        let (mut done, mut rest) = (String::new(), all.as_str());
        while let Some(place) = rest.find(from.as_str()) {
            let (before, behind) = (&rest[..place], &rest[place + from.len()..]);
            let is_whole = !before.chars().next_back().is_some_and(is_of_name)
                && !behind.chars().next().is_some_and(is_of_name);
            done.push_str(before);
            done.push_str(if is_whole { to } else { from });
            rest = behind;
        }
        done.push_str(rest);
        all = done;
    }
    all
}

/// Why a new extension must not stay: a sentence on the first member that is not as the migrations left it.
pub fn not_as_left(expected: &[Member], created: &[Member]) -> Option<String> {
    let by_object = |members: &[Member]| -> BTreeMap<String, String> {
        members.iter().map(|member| (member.object.clone(), member.said.clone())).collect()
    };
    let (expected, created) = (by_object(expected), by_object(created));
    let object =
        expected.keys().chain(created.keys()).find(|object| expected.get(*object) != created.get(*object))?;
    let said =
        |members: &BTreeMap<String, String>| members.get(object).map_or("nothing", String::as_str).to_owned();
    Some(format!(
        "the migrations altered its member {object}, which a heal does not: the member is new with {}, and they left \
         it with {}. Create the extension by hand, and alter the member",
        said(&created),
        said(&expected)
    ))
}

/// What a person is told of an extension whose version a migration names, and that has another one.
pub fn other_version(name: &str, identity: &str, wanted: &str, live: &str) -> Step {
    Step {
        kind: Kind::Changed,
        object_type: "extension",
        identity: identity.to_owned(),
        expected: Some(format!("version {wanted}")),
        actual: Some(format!("version {live}")),
        remedy: format!("ALTER EXTENSION {} UPDATE TO {}", ident(name), bare_literal(wanted)),
        verdict: Verdict::Manual {
            reason:
                "a migration names another version: heal adds what is missing, it never alters what is there"
                    .to_owned(),
        },
        part_of: None,
        noted_as: vec![EventName::own(Address::new("extension", identity))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(of: &[(&str, &str)]) -> Vec<Member> {
        of.iter()
            .map(|(object, said)| Member { object: object.to_string(), said: said.to_string() })
            .collect()
    }

    #[test]
    fn a_new_extension_stays_if_its_members_are_as_the_migrations_left_them() {
        let as_left = members(&[("function f()", "SECURITY DEFINER")]);
        assert_eq!(not_as_left(&as_left, &as_left), None);
        assert_eq!(not_as_left(&[], &[]), None);
        let says = |expected: &[(&str, &str)], created: &[(&str, &str)]| {
            not_as_left(&members(expected), &members(created)).unwrap_or_default()
        };
        let altered = says(&[("function f()", "SET a=b")], &[]);
        assert!(
            altered.contains("member function f(),")
                && altered.contains("new with nothing, and they left it with SET a=b.")
        );
        let reset = says(&[], &[("function f()", "SET a=b")]);
        assert!(reset.contains("new with SET a=b, and they left it with nothing."));
        let other =
            says(&[("function f()", "LEAKPROOF"), ("type t", "COMMENT 'x'")], &[("type t", "COMMENT 'x'")]);
        assert!(other.contains("member function f(),"));
    }
}
