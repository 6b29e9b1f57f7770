//! Parts of indexes and keys that have another name than they are to have.

use std::collections::BTreeMap;

use crate::diff::change::{Change, Object};
use crate::model::{Constraint, Index};

/// The live parts that are to have another name.
#[derive(Default)]
pub(super) struct Renamed<'a> {
    /// The expected identities by the live ones.
    identities: BTreeMap<&'a str, &'a str>,
    /// The expected names by table and live name.
    names: BTreeMap<(&'a str, &'a str), &'a str>,
}

impl<'a> Renamed<'a> {
    pub(super) fn among(changes: &[Change<'a>]) -> Self {
        let mut all = Renamed::default();
        for change in changes {
            let Change::Changed { expected, live, .. } = change else { continue };
            let (table, from, to) = match (*expected, *live) {
                (Object::Index(expected), Object::Index(live)) => {
                    let name = |index: &'a Index| (index.identity.as_str(), index.name.name.as_str());
                    (live.table_identity.as_str(), name(live), name(expected))
                }
                (Object::Constraint(expected), Object::Constraint(live)) => {
                    let name = |of: &'a Constraint| (of.identity.as_str(), of.name.as_str());
                    (live.table_identity.as_str(), name(live), name(expected))
                }
                _ => continue,
            };
            if from != to {
                all.identities.insert(from.0, to.0);
                all.names.insert((table, from.1), to.1);
            }
        }
        all
    }

    /// The identity that a live object is to have.
    pub(super) fn identity(&self, live: &'a str) -> &'a str {
        self.identities.get(live).copied().unwrap_or(live)
    }

    /// The name that a live index is to have.
    pub(super) fn index(&self, table: &str, live: &Option<String>) -> Option<String> {
        let live = live.as_ref()?;
        let expected = self.names.get(&(table, live.as_str())).map(ToString::to_string);
        Some(expected.unwrap_or_else(|| live.clone()))
    }

    /// Whether a table has the index of this name under another one.
    pub(super) fn has_index(&self, table: &str, expected: &str) -> bool {
        self.names.iter().any(|((of, _), name)| *of == table && *name == expected)
    }
}
