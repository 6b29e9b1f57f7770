//! The difference that a statement made in a schema, in words.

use crate::diff::{Aspect, Change, Difference, Object};
use crate::hazard::Gone;
use crate::model::DefinitionKind;

/// One line for each change. The expected side is the schema before, the live one the schema after. A table or a column of
/// before that is not among the `dropped` has another name now.
pub fn changes(all: &[Change<'_>], dropped: &[&String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for change in all {
        let Change::Missing(before) = change else { continue };
        let is_dropped = dropped.iter().any(|identity| **identity == before.identity());
        let after = all.iter().find_map(|other| match other {
            Change::Extra(after) if !is_dropped && is_renamed(before, after) => Some(after.identity()),
            _ => None,
        });
        if let Some(after) = after.filter(|after| !named.contains(after)) {
            lines.push(format!("renames {} {} to {after}", before.object_type(), before.identity()));
            named.extend([before.identity(), after]);
        }
    }
    let is_named = |change: &&Change<'_>| {
        let object = change.object();
        matches!(object, Object::Table(_) | Object::Column(..)) && named.contains(&object.identity())
    };
    let others: Vec<Change<'_>> = all.iter().filter(|change| !is_named(change)).cloned().collect();
    lines.extend(self::lines(&others, "creates", "drops", "changes"));
    lines
}

/// Whether the one may be the other under another name.
fn is_renamed(before: &Object<'_>, after: &Object<'_>) -> bool {
    match (before, after) {
        (Object::Column(table, before), Object::Column(of, after)) => {
            table.identity == of.identity && before.type_name == after.type_name
        }
        (Object::Table(before), Object::Table(after)) => {
            let names = |of: &crate::model::Table| -> Vec<String> {
                of.columns.iter().map(|column| column.name.clone()).collect()
            };
            names(before) == names(after)
        }
        _ => false,
    }
}

/// One line for each respect in which a schema is not as it was before. The expected side is the schema before.
pub fn departures(all: &[Change<'_>]) -> Vec<String> {
    lines(all, "leaves", "takes away", "leaves changed")
}

fn lines(all: &[Change<'_>], extra: &str, missing: &str, changed: &str) -> Vec<String> {
    all.iter()
        .map(|change| {
            let object = change.object();
            let called = format!("{} {}", object.object_type(), object.identity());
            match change {
                Change::Missing(_) => format!("{missing} {called}"),
                Change::Extra(object) => match object.summary() {
                    Some(summary) => format!("{extra} {called}: {summary}"),
                    None => format!("{extra} {called}"),
                },
                Change::Changed { differences, .. } => {
                    let each = differences.iter().map(|Difference { what, expected, actual }| {
                        format!("{} from {expected} to {actual}", what.as_str())
                    });
                    format!("{changed} {called}: {}", each.collect::<Vec<_>>().join(", "))
                }
            }
        })
        .collect()
}

/// What of these changes a program may notice that was written for the schema before.
pub fn gone(all: &[Change<'_>]) -> Vec<Gone> {
    all.iter().filter_map(noticed).collect()
}

fn noticed(change: &Change<'_>) -> Option<Gone> {
    let object = change.object();
    let became = match change {
        Change::Missing(Object::NotNull(..)) => Some("may be NULL after it".to_owned()),
        Change::Missing(object) => {
            is_named(object).then(|| "is gone after it, or has another name".to_owned())
        }
        Change::Extra(Object::NotNull(..)) => Some("refuses NULL after it".to_owned()),
        Change::Extra(Object::Column(_, column)) => {
            let is_filled =
                column.default.is_some() || column.identity_column.is_some() || column.generated.is_some();
            (column.not_null.is_some() && !is_filled)
                .then(|| "has to be given by every INSERT after it".to_owned())
        }
        Change::Changed { expected: Object::Column(..), differences, .. } => differences
            .iter()
            .find(|difference| difference.what == Aspect::Type)
            .map(|difference| format!("is {} after it, and was {}", difference.actual, difference.expected)),
        Change::Extra(_) | Change::Changed { .. } => None,
    };
    let called = format!("{} {}", object.object_type(), object.identity());
    let identity = object.identity();
    let of = identity.strip_prefix("for ").unwrap_or(&identity).to_owned();
    became.map(|became| Gone { object: called, of, became })
}

/// Whether programs speak of such an object.
fn is_named(object: &Object<'_>) -> bool {
    match object {
        Object::Schema(_)
        | Object::Table(_)
        | Object::Column(..)
        | Object::Enum(_)
        | Object::EnumValue(..)
        | Object::Domain(_)
        | Object::Composite(_)
        | Object::Sequence(_)
        | Object::Default(..) => true,
        Object::Definition(definition) => matches!(
            definition.kind,
            DefinitionKind::View
                | DefinitionKind::MaterializedView
                | DefinitionKind::Function
                | DefinitionKind::Procedure
                | DefinitionKind::Aggregate
        ),
        Object::Extension(_)
        | Object::DomainConstraint(..)
        | Object::NotNull(..)
        | Object::Constraint(_)
        | Object::Index(_)
        | Object::RowSecurity(_)
        | Object::ForcedRowSecurity(_)
        | Object::Grant(_)
        | Object::Comment(_)
        | Object::Owner(_) => false,
    }
}
