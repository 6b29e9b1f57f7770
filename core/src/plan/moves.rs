//! Tables that were moved to another schema. It is told once, of the missing table, and not of what speaks of it.

use std::collections::BTreeMap;

use crate::diff::{Change, Object};
use crate::members::renamed;
use crate::model::{Address, DefinitionKind, Table};
use crate::plan::context::Context;
use crate::plan::renames::moved_to;

/// The live identities, with the expected ones.
pub(super) struct Moves(BTreeMap<String, String>);

impl Moves {
    pub(super) fn of(context: &Context) -> Self {
        let missing = context.missing_objects().filter_map(|object| match object {
            Object::Table(table) => Some(table),
            _ => None,
        });
        let mut found: BTreeMap<&str, Vec<&Table>> = BTreeMap::new();
        for table in missing {
            if let Some(live) = moved_to(table, context) {
                found.entry(&live.identity).or_default().push(table);
            }
        }
        // One that several may have become is a question, not a move.
        let only = found.into_iter().filter_map(|(live, expected)| match expected.as_slice() {
            [table] => Some((live.to_owned(), table.identity.clone())),
            _ => None,
        });
        Moves(only.collect())
    }

    /// The missing table that a change goes with because that table was moved.
    pub(super) fn part_of(&self, change: &Change, context: &Context) -> Option<Address> {
        let expected = match change {
            Change::Extra(Object::Table(table)) => self.0.get(&table.identity)?,
            Change::Missing(Object::Definition(of)) | Change::Extra(Object::Definition(of))
                if of.kind == DefinitionKind::PublicationRelation =>
            {
                let (table, _) = of.identity.split_once(" in publication ")?;
                self.0.iter().find(|(live, expected)| *live == table || *expected == table)?.1
            }
            // What speaks of it speaks of it by another name, and differs in nothing else.
            Change::Changed { differences, .. } => {
                let is_all = differences.iter().all(|of| renamed(&of.actual, &self.0) == of.expected);
                let is_of_this = |(live, expected): &(&String, &String)| {
                    let names = BTreeMap::from([((*live).clone(), (*expected).clone())]);
                    differences.iter().any(|of| renamed(&of.actual, &names) != of.actual)
                };
                self.0.iter().filter(|_| is_all).find(is_of_this)?.1
            }
            Change::Missing(_) | Change::Extra(_) => return None,
        };
        let mut tables = context.expected.tables.iter();
        tables.find(|table| table.identity == *expected).map(|table| Object::Table(table).address())
    }
}
