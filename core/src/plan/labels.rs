//! What reads otherwise only because a label of an enum has another name: defaults, checks, indexes, views. It goes with the
//! label, and what would put it right by itself fails.

use std::collections::BTreeMap;

use crate::diff::{Aspect, Change, Difference, Object};
use crate::lexer::{Kind, Lexer, Piece};
use crate::model::Address;
use crate::plan::context::Context;
use crate::plan::renames;
use crate::plan::step::{Kind as StepKind, Step, Verdict};
use crate::quote::bare_literal;

/// A missing label, and an extra one of the same enum that may be it.
pub(super) struct Renamed<'a> {
    /// The missing label.
    pub(super) address: Address,
    of: &'a str,
    expected: &'a str,
    live: &'a str,
}

/// All labels that may have another name.
pub(super) fn renamed<'a>(context: &Context<'a>) -> Vec<Renamed<'a>> {
    context
        .new_labels()
        .flat_map(|(of, expected)| {
            let missing = Object::EnumValue(of, expected);
            renames::labels_for(missing, context).into_iter().map(move |live| Renamed {
                address: missing.address(),
                of: &of.identity,
                expected,
                live,
            })
        })
        .collect()
}

/// The label that a change follows from, if nothing else differs.
pub(super) fn followed<'r>(
    change: &Change,
    renamed: &'r [Renamed],
    context: &Context,
) -> Option<&'r Renamed<'r>> {
    let Change::Changed { expected, differences, .. } = change else { return None };
    let mut first = None;
    for Difference { what, expected: one, actual } in differences {
        // The values of a partition are printed without their type.
        let of_key = |of: &str| *what == Aspect::Partition && has_key_of(*expected, of, context);
        let found = follows(one, actual, renamed, &of_key)?;
        first = first.or(Some(found));
    }
    first
}

/// Says of each label what follows from it.
pub(super) fn tell(steps: &mut [Step]) {
    let mut followers: BTreeMap<Address, Vec<String>> = BTreeMap::new();
    for step in steps.iter().filter(|step| step.kind == StepKind::Changed) {
        if let Some(label) = &step.part_of {
            followers.entry(label.clone()).or_default().push(step.address().to_string());
        }
    }
    for step in steps {
        if let Verdict::Blocked { reason } = &mut step.verdict
            && let Some(followers) = followers.get(&Address::new(step.object_type, &step.identity))
        {
            reason.push_str(&format!(". With it goes what reads otherwise: {}", followers.join(", ")));
        }
    }
}

/// Whether an object is a partition of a table with a column of this type.
fn has_key_of(object: Object, of: &str, context: &Context) -> bool {
    let Object::Table(table) = object else { return false };
    let parent = table.partition_of.as_ref().and_then(|of| context.expected_table(&of.parent.name));
    parent.is_some_and(|parent| parent.columns.iter().any(|column| column.type_name == of))
}

/// The first label by whose name the two texts differ, if they differ by such names alone.
fn follows<'r>(
    expected: &str,
    live: &str,
    renamed: &'r [Renamed],
    is_untyped: &dyn Fn(&str) -> bool,
) -> Option<&'r Renamed<'r>> {
    let (one, other) = (pieces(expected), pieces(live));
    if one.len() != other.len() {
        return None;
    }
    let mut first = None;
    for (one, other) in one.iter().zip(&other).filter(|(one, other)| one.text != other.text) {
        let behind = &expected[one.start + one.text.len()..];
        let label = renamed.iter().find(|label| {
            one.kind == Kind::String && is_named(one.text, other.text, behind, renamed, label, is_untyped)
        })?;
        first = first.or(Some(label));
    }
    first
}

fn pieces(sql: &str) -> Vec<Piece<'_>> {
    Lexer::new(sql).filter(|piece| piece.kind != Kind::Space).collect()
}

/// Whether two literals are a label under its two names, or arrays that differ by labels of its enum alone.
fn is_named(
    one: &str,
    other: &str,
    behind: &str,
    all: &[Renamed],
    label: &Renamed,
    is_untyped: &dyn Fn(&str) -> bool,
) -> bool {
    let typed = behind.strip_prefix("::").and_then(|behind| behind.strip_prefix(label.of));
    let is_name = |rest: &str| rest.starts_with(|next: char| next == '_' || next.is_alphanumeric());
    match typed {
        Some(rest) if rest.starts_with("[]") => same_arrays(one, other, all, label),
        Some(rest) if is_name(rest) => false,
        Some(_) => is_label(one, other, label),
        None => is_untyped(label.of) && is_label(one, other, label),
    }
}

fn is_label(one: &str, other: &str, label: &Renamed) -> bool {
    one == bare_literal(label.expected) && other == bare_literal(label.live)
}

fn same_arrays(one: &str, other: &str, all: &[Renamed], label: &Renamed) -> bool {
    let elements = |text: &'_ str| -> Option<Vec<String>> {
        let inner = text.strip_prefix("'{")?.strip_suffix("}'")?;
        Some(inner.split(',').map(|element| element.trim_matches('"').to_owned()).collect())
    };
    let (Some(one), Some(other)) = (elements(one), elements(other)) else { return false };
    let is_same = |(one, other): (&String, &String)| {
        one == other || all.iter().any(|of| of.of == label.of && of.expected == one && of.live == other)
    };
    one.len() == other.len() && one.iter().zip(&other).all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label<'a>(expected: &'a str, live: &'a str) -> Renamed<'a> {
        Renamed {
            address: Address::new("enum value", "public.mood 'calm'"),
            of: "public.mood",
            expected,
            live,
        }
    }

    #[test]
    fn only_what_differs_by_the_label_follows_it() {
        let renamed = [label("calm", "quiet"), label("it's", "its")];
        let follows = |expected, live| super::follows(expected, live, &renamed, &|_| false).is_some();
        assert!(follows("'calm'::public.mood", "'quiet'::public.mood"));
        assert!(follows("CHECK ((m <> 'it''s'::public.mood))", "CHECK ((m <> 'its'::public.mood))"));
        assert!(follows(
            "ANY ('{calm,\"so so\",calm}'::public.mood[])",
            "ANY ('{quiet,\"so so\",quiet}'::public.mood[])"
        ));
        for (expected, live) in [
            ("'calm'::text", "'quiet'::text"),
            ("'calm'::public.moods", "'quiet'::public.moods"),
            ("'calm'::public.mood", "'loud'::public.mood"),
            ("'calm'::public.mood", "'quiet'::public.mood NOT NULL"),
            ("x = 'calm'::public.mood", "y = 'quiet'::public.mood"),
            ("'quiet'::public.mood", "'calm'::public.mood"),
            ("'{calm}'::public.mood[]", "'{quiet,quiet}'::public.mood[]"),
            ("'calm'::public.mood", "'calm'::public.mood"),
        ] {
            assert!(!follows(expected, live), "{expected} and {live}");
        }
    }

    #[test]
    fn a_value_without_a_type_is_a_label_only_where_the_key_is() {
        let renamed = [label("calm", "quiet")];
        let follows = |is_key| {
            super::follows("FOR VALUES IN ('calm')", "FOR VALUES IN ('quiet')", &renamed, &|_| is_key)
                .is_some()
        };
        assert!(follows(true));
        assert!(!follows(false));
    }
}
