//! What is known only at the end of the dump: what tables have from their parents.

use std::collections::{BTreeMap, BTreeSet};

use super::{Dump, Reader};
use crate::judge::fact::{Address, Fact, Facts, State};
use crate::judge::lex::parts;
use crate::judge::names;

impl<'a> Reader<'a> {
    /// A table that inherits has its parents' columns and checks, which the dump does not repeat.
    fn inherit(&mut self) {
        loop {
            let mut found: Facts = BTreeMap::new();
            for (child, parent) in &self.inheriting {
                for (address, fact) in &self.dump.facts {
                    let Some((before, of, behind)) = inheritable(address) else { continue };
                    let own = Address::new(address.object_type.as_str(), format!("{before}{child}{behind}"));
                    let is_its_own =
                        self.dump.facts.contains_key(&own) || self.without_default.contains(&own);
                    if of == parent && is_inherited(address, fact) && !is_its_own {
                        let rename = |container: &Address| match inheritable(container) {
                            Some((before, _, behind)) => Address::new(
                                container.object_type.as_str(),
                                format!("{before}{child}{behind}"),
                            ),
                            None => self.relation(child),
                        };
                        let inside = fact.inside.iter().map(rename).collect();
                        let mut state = fact.state.clone();
                        if let State::Text(lines) = &mut state {
                            // Numbers come from the parent's own sequence.
                            lines.retain(|line| !line.contains(" AS IDENTITY"));
                        }
                        found.insert(own, Fact::new(state, inside));
                    }
                }
            }
            if found.is_empty() {
                return;
            }
            self.dump.facts.extend(found);
        }
    }

    /// What is known only at the end of the dump: from where the parts of partitions come.
    pub(super) fn finish(mut self) -> Dump {
        self.inherit();
        self.comments_on_not_null();
        self.comments_on_parts();
        let facts = &mut self.dump.facts;
        let known: BTreeSet<Address> = facts.keys().cloned().collect();
        for (address, fact) in facts.iter_mut() {
            let Some((before, table, behind)) = inheritable(address) else { continue };
            for parent in self.parents.get(table).into_iter().flatten() {
                let above = Address::new(address.object_type.as_str(), format!("{before}{parent}{behind}"));
                if known.contains(&above) {
                    fact.above.push(above);
                }
            }
        }
        let above: BTreeMap<Address, Address> = (self.attached.iter())
            .filter_map(|(child, parent)| Some((key(&known, child)?, key(&known, parent)?)))
            .collect();
        for (child, parent) in &self.attached {
            let (child, parent) = (key(&known, child), key(&known, parent));
            if let (Some(child), Some(parent)) = (child, parent)
                && let Some(fact) = facts.get_mut(&child)
            {
                fact.above.push(parent.clone());
                fact.named_by_chance = true;
                let Some(table) = fact.inside.first().cloned() else { continue };
                // By the index that somebody made: those between have their names by chance, too.
                let top = top_of(&parent, &above).clone();
                let attached = Address::new("index attachment", format!("{top} of {table}"));
                facts.insert(attached, Fact::new(State::text(""), vec![table, top]));
            }
        }
        self.dump
    }
}

/// The index that is attached to no other.
fn top_of<'a>(index: &'a Address, above: &'a BTreeMap<Address, Address>) -> &'a Address {
    let mut top = index;
    while let Some(parent) = above.get(top) {
        top = parent;
    }
    top
}

/// The table of something that a table can have from its parent, with what stands before and behind the table in the
/// identity.
fn inheritable(address: &Address) -> Option<(&str, &str, &str)> {
    let identity = address.identity.as_str();
    let split = |table: &'_ str, start: usize| (start, start + table.len());
    let (start, end) = match address.object_type.as_str() {
        "table column" | "not null" => split(parts(identity).0?, 0),
        "default value" => split(parts(identity.strip_prefix("for ")?).0?, "for ".len()),
        "table constraint" | "trigger" => {
            let (_, table) = names::named_on(identity)?;
            split(table, identity.len() - table.len())
        }
        _ => return None,
    };
    Some((&identity[..start], &identity[start..end], &identity[end..]))
}

/// Whether tables that inherit get it, too: columns with what belongs to them, and checks.
fn is_inherited(address: &Address, fact: &Fact) -> bool {
    match (address.object_type.as_str(), &fact.state) {
        ("table column" | "default value", _) => true,
        ("not null", State::Constraint { text, .. }) => !text.ends_with("NO INHERIT"),
        ("table constraint", State::Constraint { text, .. }) => {
            text.starts_with("CHECK ") && !text.ends_with(" NO INHERIT")
        }
        _ => false,
    }
}

/// An index by its name: it may be a constraint's, whose address has the table in it.
fn key(known: &BTreeSet<Address>, index: &str) -> Option<Address> {
    let plain = Address::new("index", index);
    if known.contains(&plain) {
        return Some(plain);
    }
    let (schema, name) = parts(index);
    let start = format!("{name} on {}.", schema?);
    known.iter().find(|of| of.object_type == "table constraint" && of.identity.starts_with(&start)).cloned()
}
